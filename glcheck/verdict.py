"""Gives a problem its words, once: which token it is about, where to repair it, how grave it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from glcheck import address, providers
from glcheck.description import Token
from glcheck.policy import TokenPolicy
from glcheck.problem import Problem

_NO_PUSH_STOPS = " This does not stop the push."


def worded(
    problems: Iterable[Problem], policy: TokenPolicy, token: Token | None, guide: str
) -> tuple[Problem, ...]:
    """The problems of a token in full words, as warnings where the policy allows their category.

    Errors come first, and the one that decides before all others. `guide` is what to read about a
    category, without the category at the end.
    """
    problems = tuple(problems)
    if not problems:
        return ()
    provider = providers.face(policy.provider)
    lacking = [scope for problem in problems for scope in problem.details.get("missing", ())]
    replace = provider.replacement(policy, token, lacking)
    words = {
        "token": policy.source.token,
        "url": policy.url,
        "host": address.host(policy.url),
        "provider": provider.NAME,
        "replace": replace,
        "Replace": replace[0].upper() + replace[1:],
    }
    return tuple(sorted((_word(one, policy, words, guide) for one in problems), key=_gravity))


def _word(problem: Problem, policy: TokenPolicy, words: Mapping[str, str], guide: str) -> Problem:
    message, fix = _filled(problem.message, words), _filled(problem.fix, words)
    if not problem.message.startswith(("{host}", "glcheck")):  # which are written as they are
        message = message[0].upper() + message[1:]
    severity = problem.severity
    if problem.category in policy.allow:
        severity = "warning"
    elif severity == "error" and problem.category in policy.tolerated:
        severity, message = "warning", message + _NO_PUSH_STOPS
    return problem._replace(message=message, fix=fix, severity=severity, guide=guide)


def _gravity(problem: Problem) -> tuple[bool, int]:
    return problem.severity != "error", problem.category.exit_code


def worded_alone(problem: Problem, guide: str) -> Problem:
    """A problem that belongs to no token, in full words."""
    message = _filled(problem.message, {"token": "any token"})
    return problem._replace(message=message, guide=guide)


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its blanks filled in, and with braces that are no blanks left alone."""
    return re.sub(r"\{(\w+)\}", lambda blank: words.get(blank[1], blank[0]), text)
