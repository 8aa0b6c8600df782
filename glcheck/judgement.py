"""Judges what was said of a token by what is asked of it. Pure: no clock, no network."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from glcheck import durations
from glcheck.description import Access, Description, Owner, Token
from glcheck.policy import WARN_AUTO, Requirements
from glcheck.problem import Category, Problem

if TYPE_CHECKING:
    from glcheck.providers import Provider

_TWO_WEEKS = 14 * 86400
_CLOCK_MAY_BE_OFF = 300


class Judgement(NamedTuple):
    """What is wrong with a token, and what is worth knowing about it."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def judge(provider: Provider, asked: Requirements, said: Description, now: datetime) -> Judgement:
    """The verdict on a token that its provider described. `now` is aware, in UTC."""
    token, notes = said.token, []
    if abs(token.clock_off) > _CLOCK_MAY_BE_OFF:
        notes.append(_about_clock(provider, token))
    left = None if token.dies_at is None else (token.dies_at - now).total_seconds()
    dead = _dead(token, left)
    if dead:
        return Judgement((dead,), tuple(notes))
    kind = _kind(provider, asked, said)
    if provider.KINDS[token.kind].meets is not None:
        return Judgement((*kind, *_beyond_its_kind(provider, asked, token)), tuple(notes))
    if isinstance(said.owner, Problem) and not kind:
        kind = [said.owner]
    scopes, through = _scopes(provider, asked, said)
    problems = [*kind, *scopes, *_validity(asked, token, left), *_access(provider, asked, said)]
    return Judgement(tuple(problems), (*notes, *through))


def _about_clock(provider: Provider, token: Token) -> str:
    ahead = "ahead of" if token.clock_off > 0 else "behind"
    off = durations.say_seconds(abs(token.clock_off))
    whose = f"{provider.NAME}'s"
    return f"This machine's clock is {off} {ahead} {whose}; {whose} was used."


def _dead(token: Token, left: float | None) -> Problem | None:
    if token.revoked:
        message = "{token} was revoked, or replaced when it was rotated."
        return Problem(Category.TOKEN_REVOKED, message, "{Replace}.")
    expired = left is not None and left <= 0
    if token.active and not expired:
        return None
    when = f" It expired on {token.dies_at:%Y-%m-%d at %H:%M} UTC." if expired else ""
    message = f"{{token}} is no longer active.{when}"
    return Problem(Category.TOKEN_EXPIRED, message, "{Replace}.")


def _kind(provider: Provider, asked: Requirements, said: Description) -> list[Problem]:
    if asked.kind is None or asked.kind == said.token.kind:
        return []
    if asked.kind in provider.KINDS[said.token.kind].one_of:  # nobody knows which it is
        return [said.owner] if isinstance(said.owner, Problem) else []
    actual = provider.KINDS[said.token.kind].words
    wanted = provider.KINDS[asked.kind].words
    fix = provider.KINDS[asked.kind].use or f"Use {wanted} here: {{replace}}."
    return [
        Problem(
            Category.WRONG_TOKEN_KIND,
            f"{{token}} is {actual}, but {wanted} is asked for.",
            fix,
            details={"required": asked.kind, "actual": said.token.kind},
            requirement="kind",
        )
    ]


def _beyond_its_kind(provider: Provider, asked: Requirements, token: Token) -> list[Problem]:
    """A kind that has no scopes, no role and no date cannot be asked for any of that."""
    kind = provider.KINDS[token.kind]
    return [
        Problem(
            Category.WRONG_TOKEN_KIND,
            f"{{token}} is {kind.words}, which has {kind.lacks}: {name} cannot be met.",
            f"Remove {name}, or use an access token here: {{replace}}.",
            details={"requirement": name},
            requirement=name,
        )
        for name in asked.asked
        if name not in (kind.meets or ())
    ]


# --- scopes ---


def _scopes(
    provider: Provider, asked: Requirements, said: Description
) -> tuple[list[Problem], list[str]]:
    """What is wrong with the scopes, and through which others one is held."""
    token = said.token
    if token.fine_grained:
        return _no_scopes(asked, token), []
    owner = said.owner if isinstance(said.owner, Owner) else None
    through = {scope: provider.satisfied_by(scope, token.scopes, owner) for scope in asked.scopes}
    missing = [scope for scope, by in through.items() if by is None]
    if isinstance(said.owner, Problem):  # which is a problem of its own; here, nobody knows
        unknown = provider.depends_on_owner(asked.scopes, token.scopes)
        missing = [scope for scope in missing if scope not in unknown]
    notes = []
    for scope, by in through.items():
        if by not in (None, scope):
            caveat = provider.caveat(scope, str(by))
            notes.append(f"{scope}, through {by}{f' ({caveat})' if caveat else ''}")
    problems = [_scope_missing(provider, asked, token, missing)] if missing else []
    forbidden = [scope for scope in asked.forbid_scopes if scope in token.scopes]
    if forbidden:
        problems.append(
            Problem(
                Category.SCOPE_FORBIDDEN,
                f"{{token}} may do more than it should: it holds {', '.join(forbidden)}.",
                provider.SCOPES_CANNOT_BE_TAKEN,
                details={"forbidden": forbidden, "held": list(token.scopes)},
                requirement="forbid-scopes",
            )
        )
    return problems, notes


def _no_scopes(asked: Requirements, token: Token) -> list[Problem]:
    """A fine-grained token has rights that no name of a scope tells."""
    wanted = {"scopes": asked.scopes, "forbid-scopes": asked.forbid_scopes}
    return [
        Problem(
            Category.SCOPE_UNKNOWN,
            "{token} is fine-grained: it has permissions instead of scopes, and "
            f"{name} cannot be judged.",
            f"Remove {name} and ask for the project and role instead, or use a token with scopes: "
            "{replace}.",
            details={"required": list(asked.scopes), "held": list(token.scopes)},
            requirement=name,
        )
        for name, scopes in wanted.items()
        if scopes
    ]


def _scope_missing(
    provider: Provider, asked: Requirements, token: Token, missing: list[str]
) -> Problem:
    held = ", ".join(token.scopes) if token.scopes else "none"
    nearest = dict.fromkeys(filter(None, map(provider.nearest_scope, missing)))
    hints = "".join(f" There is a scope {near}." for near in nearest)
    correct = "Correct `scopes` if that one is meant. " if hints else ""
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the scope{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
        f"it holds {held}.{hints}",
        f"{correct}{provider.SCOPES_CANNOT_BE_ADDED}",
        details={"required": list(asked.scopes), "missing": missing, "held": list(token.scopes)},
        requirement="scopes",
    )


# --- validity ---


def _validity(asked: Requirements, token: Token, left: float | None) -> list[Problem]:
    problems = []
    if left is not None and left < asked.min_validity:
        problems.append(_expires_soon(token, left, asked.min_validity, "min-validity", "error"))
    elif left is not None and left < (wanted := warn_below(asked.warn_validity, token)):
        setting = "warn-validity, auto" if asked.warn_validity == WARN_AUTO else "warn-validity"
        problems.append(_expires_soon(token, left, wanted, setting, "warning"))
    if asked.max_validity is not None and (left is None or left > asked.max_validity):
        lives = "never expires"
        if left is not None:
            lives = f"lives for another {durations.say_seconds(left)}"
        problems.append(
            Problem(
                Category.LIVES_TOO_LONG,
                f"{{token}} {lives}; it should be no more than "
                f"{durations.say_seconds(asked.max_validity)}.",
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
        f"{{token}} expires in {durations.say_seconds(left)}, on "
        f"{token.dies_at:%Y-%m-%d at %H:%M} UTC; "
        f"{durations.say_seconds(wanted)} should be left ({setting}).",
        "Replace it before then: {replace}.",
        severity,
        {"required_seconds": int(wanted), "seconds_left": int(left)},
        requirement="min-validity",
    )


# --- project, group and role ---


def _access(provider: Provider, asked: Requirements, said: Description) -> list[Problem]:
    if asked.namespace is None or said.access is None:
        return []
    what, which = asked.namespace
    if isinstance(said.access, Problem):
        return [said.access]
    level = said.access.level
    if asked.role is None or (level is not None and level >= provider.ROLES[asked.role]):
        return []
    actual = None
    if level is not None and said.access.exact:
        actual = provider.role_at(level)
    return [
        Problem(
            Category.ROLE_TOO_LOW,
            f"{{token}} reaches the {what} {which}, but its account {_has(said.access, actual)}; "
            f"{asked.role} is asked for.",
            provider.raise_role(what, which, asked.role),
            details={"required": asked.role, "actual": actual, what: which},
            requirement="role",
        )
    ]


def _has(access: Access, actual: str | None) -> str:
    if actual:
        return f"is {actual} there"
    return "has a lower role there" if access.level else "is no member there"
