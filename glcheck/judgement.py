"""Judges a described token against what is asked of it. Pure: no clock, no network, no environment."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from glcheck import durations
from glcheck.description import Access, Owner, Token
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import refusals, roles, scopes
from glcheck.providers.gitlab.pages import members
from glcheck.settings.plan import Requirements
from glcheck.settings.table import WARN_AUTO

_TWO_WEEKS = 14 * 86400
_CLOCK_MAY_BE_OFF = 300


class Judgement(NamedTuple):
    """What is wrong with a token, and what is worth knowing about it."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def needs_owner(asked: Requirements, token: Token) -> bool:
    """Whether the verdict depends on whose token it is, which takes one more request."""
    if token.kind != "access-token":
        return False
    return asked.kind not in (None, "job", "oauth") or (
        not token.fine_grained and scopes.depends_on_kind(asked.scopes, token.scopes)
    )


def judge(
    asked: Requirements,
    token: Token,
    owner: Owner | Problem | None,
    access: Access | Problem | None,
    now: datetime,
) -> Judgement:
    """The verdict on a token that GitLab described.

    `owner` and `access` are what GitLab said of them, the problem that kept it from saying so, or None
    where nobody asked. `now` is aware, in UTC.
    """
    notes = [_about_clock(token)] if abs(token.clock_off) > _CLOCK_MAY_BE_OFF else []
    left = None if token.dies_at is None else (token.dies_at - now).total_seconds()
    dead = _dead(token, left)
    if dead:
        return Judgement((dead,), tuple(notes))
    if token.kind == "job":
        return Judgement(
            tuple(_kind(asked, token, None) + _beyond_a_job_token(asked)), tuple(notes)
        )
    problems = _kind(asked, token, owner)
    if isinstance(owner, Problem) and not problems:
        problems = [owner]
    problems += _scopes(asked, token, owner, notes)
    problems += _validity(asked, token, left)
    problems += _access(asked, access)
    return Judgement(tuple(problems), tuple(notes))


def _about_clock(token: Token) -> str:
    ahead = "ahead of" if token.clock_off > 0 else "behind"
    off = durations.say_seconds(abs(token.clock_off))
    return f"This machine's clock is {off} {ahead} GitLab's; GitLab's was used."


def _dead(token: Token, left: float | None) -> Problem | None:
    if token.revoked:
        return refusals.REVOKED
    if not token.active or (left is not None and left <= 0):
        when = (
            f" It expired on {token.dies_at:%Y-%m-%d at %H:%M} UTC."
            if left is not None and left <= 0
            else ""
        )
        return Problem(
            Category.TOKEN_EXPIRED, f"{{token}} is no longer active.{when}", "{Replace}."
        )
    return None


def _kind(asked: Requirements, token: Token, owner: Owner | Problem | None) -> list[Problem]:
    if asked.kind is None:
        return []
    if token.kind != "access-token" or asked.kind in ("job", "oauth"):
        actual = token.kind
    elif isinstance(owner, Owner):
        actual = owner.kind
    else:
        return [owner._replace(requirement="kind")] if owner else []
    if actual == asked.kind:
        return []
    return [
        Problem(
            Category.WRONG_TOKEN_KIND,
            f"{{token}} is {_KINDS[actual]}, but {_KINDS[asked.kind]} is asked for.",
            f"Use {_KINDS[asked.kind]} here: {{replace}}."
            if asked.kind != "job"
            else "Pass CI_JOB_TOKEN here.",
            details={"required": asked.kind, "actual": actual},
            requirement="kind",
        )
    ]


_KINDS = {
    "personal": "a personal access token",
    "project": "a project access token",
    "group": "a group access token",
    "service-account": "a service account's token",
    "job": "a job token",
    "oauth": "an OAuth access token",
    "access-token": "an access token (personal, project, group or service account)",
}


def _beyond_a_job_token(asked: Requirements) -> list[Problem]:
    """A job token has no scopes, no role and no date, so that nothing of that can be asked of it."""
    return [
        Problem(
            Category.WRONG_TOKEN_KIND,
            f"{{token}} is a job token, which has no scopes, no role and no expiry date: {name} cannot be met.",
            f"Remove {name}, or use an access token here: {{replace}}.",
            details={"requirement": name},
            requirement=name,
        )
        for name in asked.asked
        if name not in ("kind", "max-validity")  # it lives no longer than its job
    ]


def _scopes(
    asked: Requirements, token: Token, owner: Owner | Problem | None, notes: list[str]
) -> list[Problem]:
    wanted = [
        name
        for name, value in (("scopes", asked.scopes), ("forbid-scopes", asked.forbid_scopes))
        if value
    ]
    if token.fine_grained:
        return [
            Problem(
                Category.SCOPE_UNKNOWN,
                f"{{token}} is fine-grained: it has permissions instead of scopes, and {name} cannot be judged.",
                f"Remove {name} and ask for the project and role instead, or use a token with scopes: {{replace}}.",
                details={"required": list(asked.scopes), "held": list(token.scopes)},
                requirement=name,
            )
            for name in wanted
        ]
    personal = isinstance(owner, Owner) and owner.kind == "personal"
    through = {scope: scopes.satisfied_by(scope, token.scopes, personal) for scope in asked.scopes}
    missing = [scope for scope, by in through.items() if by is None]
    if isinstance(owner, Problem) and scopes.depends_on_kind(asked.scopes, token.scopes):
        missing.remove(
            "read_registry"
        )  # nobody knows; that the owner could not be asked is a problem of its own
    for scope, by in through.items():
        if by not in (None, scope):
            caveat = scopes.caveat(scope, str(by))
            notes.append(f"{scope}, through {by}{f' ({caveat})' if caveat else ''}")
    problems = [_scope_missing(asked, token, missing)] if missing else []
    forbidden = [scope for scope in asked.forbid_scopes if scope in token.scopes]
    if forbidden:
        problems.append(
            Problem(
                Category.SCOPE_FORBIDDEN,
                f"{{token}} may do more than it should: it holds {_list(forbidden)}.",
                "Scopes cannot be taken from a token. {Replace}.",
                details={"forbidden": forbidden, "held": list(token.scopes)},
                requirement="forbid-scopes",
            )
        )
    return problems


def _scope_missing(asked: Requirements, token: Token, missing: list[str]) -> Problem:
    held = _list(token.scopes) if token.scopes else "none"
    hints = [f" There is a scope {near}." for near in map(scopes.nearest, missing) if near]
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the scope{'s' if len(missing) > 1 else ''} {_list(missing)}; it holds {held}."
        + "".join(dict.fromkeys(hints)),
        f"{'Correct `scopes` if that one is meant. ' if hints else ''}Scopes cannot be added to a token. {{Replace}}.",
        details={"required": list(asked.scopes), "missing": missing, "held": list(token.scopes)},
        requirement="scopes",
    )


def _validity(asked: Requirements, token: Token, left: float | None) -> list[Problem]:
    problems = []
    if left is not None and left < asked.min_validity:
        problems.append(_expires_soon(token, left, asked.min_validity, "min-validity", "error"))
    elif left is not None and left < (wanted := warn_below(asked.warn_validity, token)):
        setting = "warn-validity, auto" if asked.warn_validity == WARN_AUTO else "warn-validity"
        problems.append(_expires_soon(token, left, wanted, setting, "warning"))
    if asked.max_validity is not None and (left is None or left > asked.max_validity):
        lives = (
            "never expires" if left is None else f"lives for another {durations.say_seconds(left)}"
        )
        problems.append(
            Problem(
                Category.LIVES_TOO_LONG,
                f"{{token}} {lives}; it should be no more than {durations.say_seconds(asked.max_validity)}.",
                "Replace it by one with a nearer expiry date: {replace}.",
                details={
                    "required_seconds": asked.max_validity,
                    "seconds_left": None if left is None else int(left),
                },
                requirement="max-validity",
            )
        )
    return problems


def warn_below(warn_validity: float, token: Token) -> float:
    """Seconds; `auto` is two weeks, but at most a quarter of the token's whole lifetime."""
    if warn_validity != WARN_AUTO:
        return warn_validity
    if token.created_at is None or token.dies_at is None:
        return _TWO_WEEKS
    return min(_TWO_WEEKS, (token.dies_at - token.created_at).total_seconds() / 4)


def _expires_soon(token: Token, left: float, wanted: float, setting: str, severity: str) -> Problem:
    return Problem(
        Category.EXPIRES_SOON,
        f"{{token}} expires in {durations.say_seconds(left)}, on {token.dies_at:%Y-%m-%d at %H:%M} UTC; "
        f"{durations.say_seconds(wanted)} should be left ({setting}).",
        "Replace it before then: {replace}.",
        severity,
        {"required_seconds": int(wanted), "seconds_left": int(left)},
        requirement="min-validity",
    )


def _access(asked: Requirements, access: Access | Problem | None) -> list[Problem]:
    if asked.namespace is None or access is None:
        return []
    what, which = asked.namespace
    if isinstance(access, Problem):
        return [access if access.requirement != "token" else access._replace(requirement=what)]
    if asked.role is None or (
        access.level is not None and access.level >= roles.LEVELS[asked.role]
    ):
        return []
    actual = None if access.level is None or not access.exact else roles.name_of(access.level)
    has = (
        f"is {actual} there"
        if actual
        else "has a lower role there"
        if access.level
        else "is no member there"
    )
    return [
        Problem(
            Category.ROLE_TOO_LOW,
            f"{{token}} reaches the {what} {which}, but its account {has}; {asked.role} is asked for.",
            f"Give the token's account the role {asked.role} {members(what, which)}. A project or group token keeps "
            "the role that was chosen when it was made, and has to be replaced.",
            details={"required": asked.role, "actual": actual, what: which},
            requirement="role",
        )
    ]


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)
