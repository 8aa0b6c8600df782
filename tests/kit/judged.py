"""The pure rules of a verdict, each called in one place: only this follows what they take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from glcheck import providers
from glcheck.description import Access, Description, Owner, Token
from glcheck.judgement import Judgement, judge
from glcheck.masking import Masking
from glcheck.policy import Requirements
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import answers, refusals
from glcheck.providers.gitlab.kinds import OF_ACCOUNTS
from glcheck.transport.answer import Answer

DAY = 86400
NOON = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
NOTHING: Mapping[str, Any] = MappingProxyType({})
ROLES = {
    "guest": 10, "planner": 15, "reporter": 20, "security-manager": 25, "developer": 30,
    "maintainer": 40, "owner": 50,
}  # fmt: skip
SILENCE = Problem(Category.SERVER_ERROR, "Nobody could be asked.", "Try again later.")


def ending(seconds: float | None) -> datetime | None:
    """The moment so many seconds after noon; None never comes."""
    return None if seconds is None else NOON + timedelta(seconds=seconds)


def judged(
    asked: Mapping[str, Any] = NOTHING,
    said: Mapping[str, Any] = NOTHING,
    owner: Owner | Problem | None = None,
    access: Access | Problem | None = None,
) -> Judgement:
    """The verdict at noon on a sound token of which GitLab says this besides."""
    sound = {"kind": "access-token", "id": 1, "name": "ci", "user_id": 7, "scopes": ("api",)}
    sound |= {"fine_grained": False, "now": NOON, "clock_off": 0.0}
    token, wanted = Token(**{**sound, **said}), Requirements(**asked)
    if wanted.kind in OF_ACCOUNTS:  # then the owner was asked for the sake of the kind
        if isinstance(owner, Owner):
            token = token._replace(kind=owner.kind)
        elif owner:
            owner = owner._replace(requirement="kind")
    return judge(providers.face("gitlab"), wanted, Description(token, owner, access), NOON)


def categories(judgement: Judgement) -> list[str]:
    """What is wrong, with `?` behind what is a warning only."""
    mark = {"error": "", "warning": "?"}
    return [problem.category.label + mark[problem.severity] for problem in judgement.problems]


def refused(
    status: int,
    body: object = b"",
    *,
    lacking: str = "",
    forbidden: Problem | None = None,
    **more: Any,
) -> Problem:
    """What that answer means; a body is sent as JSON if it is no bytes, None is one too large."""
    raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer("/asked", status, raw, now=None, location=None, retry_after=None)
    clean, said = Masking(()).clean, answers.json_object(raw)
    return refusals.problem(answer._replace(**more), said, clean, lacking, forbidden)
