"""What is asked of GitLab for a description, and what is taken for one: by answers made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from kit.judged import NOON

from glcheck.description import Access, Description, Owner, Shape
from glcheck.policy import Requirements
from glcheck.problem import Category, Failure, Problem
from glcheck.providers.gitlab.ask import describe
from glcheck.transport.answer import Answer
from glcheck.transport.asked_once import Asker

SELF = "/api/v4/personal_access_tokens/self"
APP = "/api/v4/projects/group%2Fapp"
TEAM = "/api/v4/groups/team"
USER = "/api/v4/user"
SOUND = {"id": 1, "name": "ci", "revoked": False, "active": True, "scopes": ["api"], "user_id": 7}
SOUND |= {"expires_at": None}
PERSON = {"id": 7, "username": "someone", "bot": False}
DEVELOPER = {"id": 70, "permissions": {"project_access": {"access_level": 30}}}
Answers = Mapping[str, Answer]


def answer(body: object, status: int = 200, **more: Any) -> Answer:
    known = {"now": NOON, "location": None, "retry_after": None, **more}
    return Answer(path="/", status=status, body=json.dumps(body).encode(), **known)


class Told(Asker):
    """Gives each path its answer; what is asked without one is a fault of the test."""

    def __init__(self, answers: Answers | Callable[[str], Answer]) -> None:
        self.asked: list[str] = []
        self._answer = answers if callable(answers) else answers.__getitem__

    def get(self, path: str, header: str) -> Answer:
        if f"{path} {header}" not in self.asked:  # what is told once is not asked again
            self.asked.append(f"{path} {header}")
        return self._answer(path)


def described(told: Told, shape: str = "access-token", **asked: Any) -> list[Description]:
    """All that is known, one after the other."""
    return [*describe(Requirements(**asked), Shape(shape), told, str)]


def token(**changes: object) -> Answer:
    return answer({**SOUND, **changes})


# What GitLab says, what is asked, what more has to be known, and how often something is told.
STEPS: dict[str, tuple[dict[str, object], dict[str, Any], dict[str, str], int]] = {
    "nothing asked": ({}, {}, {}, 1),
    "a project": ({}, {"project": "group/app"}, {"access": "project"}, 2),
    "a group": ({}, {"group": "team"}, {"access": "group"}, 2),
    "a kind": ({}, {"kind": "personal"}, {"owner": "kind"}, 2),
    "a kind that the owner does not tell": ({}, {"kind": "job"}, {}, 1),
    "both": (
        {}, {"kind": "project", "project": "group/app"},
        {"owner": "kind", "access": "project"}, 3,
    ),
    "a scope that persons have": (
        {"scopes": ["read_api"]}, {"scopes": ("read_registry",)}, {"owner": "token"}, 2,
    ),
    "fine-grained": (
        {"scopes": ["read_api"], "granular": True}, {"scopes": ("read_registry",)}, {}, 1,
    ),
    "revoked": ({"revoked": True}, {"kind": "personal", "project": "group/app"}, {}, 1),
    "inactive": ({"active": False}, {"kind": "personal", "project": "group/app"}, {}, 1),
}  # fmt: skip


@pytest.mark.parametrize(("said", "asked", "still_open", "steps"), STEPS.values(), ids=STEPS)
def test_what_else_has_to_be_known_is_told_with_the_token(
    said: dict[str, object], asked: dict[str, Any], still_open: dict[str, str], steps: int
) -> None:
    paths = {SELF: token(**said), USER: answer(PERSON), APP: answer(DEVELOPER)}
    told = Told({**paths, TEAM: answer({"id": 71})})
    found = described(told, **asked)
    assert (found[0].still_open, len(found), len(told.asked)) == (still_open, steps, steps)
    assert found[-1].still_open == {}
    assert found[0].owner is found[0].access is None


def test_a_job_is_asked_about_itself_and_nothing_more() -> None:
    told = Told({"/api/v4/job": answer({"id": 3, "name": "build", "user": {"id": 7}})})
    (found,) = described(told, "job", project="group/app", kind="personal")
    assert (found.token.kind, found.token.user_id, found.token.ends_with) == ("job", 7, "its job")
    assert told.asked == ["/api/v4/job JOB-TOKEN"]


def test_an_oauth_token_is_asked_about_in_its_own_way_also_where_only_gitlab_tells() -> None:
    info = answer({"scope": ["api"], "expires_in": 60, "created_at": 0, "resource_owner_id": 7})
    words = {"message": "token type to be a personal access token"}
    told = Told({SELF: answer(words, 400), "/oauth/token/info": info})
    for shape in ("oauth", "access-token"):
        (found,) = described(told, shape)
        assert (found.token.kind, found.token.user_id) == ("oauth", 7)
        assert found.token.dies_at is not None
        assert (found.token.dies_at - NOON).total_seconds() == 60
    assert told.asked == ["/oauth/token/info Authorization", f"{SELF} PRIVATE-TOKEN"]


def test_the_clock_is_gitlabs_and_without_one_nobody_is_off() -> None:
    (found,) = described(Told({SELF: token()}))
    assert found.token.now == NOON
    (found,) = described(Told({SELF: token()._replace(now=None)}))
    assert (found.token.clock_off, found.token.now > NOON.replace(year=2020)) == (0.0, True)


# What the account is called and whether it is a bot, and whose token that makes it.
OWNERS = {
    "a person": ({"username": "someone", "bot": False}, "personal"),
    "a person, untold": ({"username": "someone"}, "personal"),
    "a bot": ({"username": "someone", "bot": True}, "service-account"),
    "of a project": ({"username": "project_4_bot_ab", "bot": True}, "project"),
    "of a project, untold": ({"username": "project_4_bot"}, "project"),
    "of a group": ({"username": "group_4_bot", "bot": True}, "group"),
    "of a service": ({"username": "service_account_ab", "bot": True}, "service-account"),
    "a person of that name": ({"username": "project_4_bot", "bot": False}, "personal"),
    "a number for no": ({"username": "project_4_bot", "bot": 0}, "project"),
}


@pytest.mark.parametrize(("user", "kind"), OWNERS.values(), ids=OWNERS)
def test_the_owner_tells_the_kind(user: dict[str, object], kind: str) -> None:
    told = Told({SELF: token(), USER: answer({"id": 7, **user})})
    found = described(told, kind="project")[-1]
    assert (found.owner, found.token.kind) == (Owner(kind, 7), kind)


def test_a_way_that_fails_is_a_problem_of_the_requirement_that_it_was_for() -> None:
    fault = answer({}, 500)
    told = Told({SELF: token(), USER: fault, APP: fault, f"{TEAM}/members/all/7": fault})
    for asked, field, requirement in (
        ({"project": "group/app"}, "access", "project"),
        ({"group": "team", "role": "owner"}, "access", "group"),
        ({"kind": "group"}, "owner", "kind"),
    ):
        found = getattr(described(told, **asked)[-1], field)
        assert isinstance(found, Problem)
        assert (found.category, found.requirement) == (Category.SERVER_ERROR, requirement)


@pytest.mark.parametrize("status", [199, 201, 203, 204, 206, 299])
def test_only_200_is_a_success(status: int) -> None:
    with pytest.raises(Failure) as raised:
        described(Told({SELF: answer(SOUND, status)}))
    assert raised.value.problem.category is Category.UNEXPECTED_ANSWER


# --- what a token reaches that may not read the API ---


def listed(*levels: int, size: int = 0) -> Answer:
    """A page of projects with these levels, the first of them the one that is asked about."""
    projects: list[dict[str, object]] = [
        {"id": 70 + n, "access_levels": {"project_access_level": level}}
        for n, level in enumerate(levels)
    ]
    others = [{"id": 1000 + n} for n in range(size)]
    return answer({"projects": projects + others, "groups": []})


@pytest.mark.parametrize(("level", "access"), [
    (20, Access(30, exact=False)),  # shares give more than the entry tells
    (30, Access(30)),
    (40, Access(40)),
])  # fmt: skip
def test_who_is_listed_has_the_least_role_that_was_asked_for(level: int, access: Access) -> None:
    told = Told(lambda path: token(scopes=["read_user"]) if path == SELF else listed(level))
    assert described(told, project="70", role="developer")[-1].access == access


@pytest.mark.parametrize(("size", "pages"), [(99, 1), (100, 50), (101, 50)])
def test_the_list_is_read_to_its_end_or_for_fifty_pages(size: int, pages: int) -> None:
    told = Told(lambda path: token(scopes=["read_user"]) if path == SELF else listed(size=size))
    found = described(told, project="70")[-1].access
    assert isinstance(found, Problem)
    full = Category.SCOPE_MISSING  # whether it is further on, nobody knows
    assert found.category is (Category.NOT_FOUND if pages == 1 else full)
    wanted = [f"{SELF}/associations?min_access_level=10&page={n + 1}" for n in range(pages)]
    assert [path.partition("&per_page")[0] for path in told.asked[1:]] == wanted
