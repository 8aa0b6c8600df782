"""What an answer that is no success means: a provider's rows, and those that hold for all of them.

A provider says which answers it is known to give, and what each means. What no row knows is
`unexpected-answer`, and never a verdict on the token.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from glcheck import address, durations
from glcheck.masking import Clean
from glcheck.problem import Category, Problem
from glcheck.transport.answer import Answer

Json = Mapping[str, Any]


class Refused(NamedTuple):
    """An answer that is no success, with what the one who asked knows about it."""

    answer: Answer
    body: Json
    clean: Clean
    lacking: str = ""  # the scope that would have let the token ask
    forbidden: Problem | None = None  # what a plain 403 means there


class Refusal(NamedTuple):
    """A row: with these statuses, a body that is known so means this problem.

    `means` can look at the answer to tell; where it finds nothing to tell, a later row may.
    """

    statuses: Collection[int]
    known: Callable[[Json], bool]
    means: Problem | Callable[[Refused], Problem | None]


def meaning(rows: Sequence[Refusal], refused: Refused) -> Problem:
    """What the first row says that knows this answer; `unexpected-answer` if none does."""
    for row in (*rows, *_OF_ALL):
        if refused.answer.status in row.statuses and row.known(refused.body):
            found = row.means if isinstance(row.means, Problem) else row.means(refused)
            if found:
                return found
    return unexpected_answer(refused.answer, refused.clean)


def whole(body: Json) -> Callable[[Json], bool]:
    """Known by its whole body: much that stands in front of a provider says nearly the same."""
    return lambda said: said == body


def error(code: str) -> Callable[[Json], bool]:
    """Known by the code under `error`."""
    return lambda said: said.get("error") == code


def _any(_body: Json) -> bool:
    return True


def _rate_limited(refused: Refused) -> Problem:
    wait = refused.answer.retry_after
    said = f"asks to wait {durations.say_seconds(wait)}" if wait else "does not say for how long"
    return Problem(
        Category.RATE_LIMITED,
        f"{{host}} turns requests away because there were too many, and {said}.",
        "Try again later; if that is short, raise `max-wait` above it.",
        details={"retry_after": wait},
    )


def _server_error(refused: Refused) -> Problem:
    return Problem(
        Category.SERVER_ERROR,
        f"{{host}} answered with a fault of its own (HTTP {refused.answer.status}).",
        "Try again later; if it stays, look at the status page of that {provider}.",
        details={"status": refused.answer.status},
    )


_OF_A_PROXY = Problem(
    Category.NETWORK_ERROR,
    "The proxy wants other credentials (HTTP 407).",
    "Check the user name and password in HTTPS_PROXY, or name the host in NO_PROXY.",
    details={"status": 407},
)
_OF_ALL = (
    Refusal((429,), _any, _rate_limited),
    Refusal(range(500, 600), _any, _server_error),
    Refusal((407,), _any, _OF_A_PROXY),
)


def unexpected_answer(answer: Answer, clean: Clean) -> Problem:
    """An answer that the provider is not known to give: a redirect, a page, other JSON."""
    if 300 <= answer.status < 400 and answer.location:
        target = clean(address.scheme_and_host(answer.location), answer.location)
        return Problem(
            Category.UNEXPECTED_ANSWER,
            f"{{host}} redirects {answer.path} to {target} (HTTP {answer.status}). The token was "
            "not sent there.",
            "If that is where {provider} is, set `url` to it; else look at what stands in front "
            "of {provider}, such as a login portal.",
            details={"status": answer.status, "location": target},
        )
    return Problem(
        Category.UNEXPECTED_ANSWER,
        f"{{host}} answered {answer.path} with HTTP {answer.status} and {_kind_of(answer.body)}: "
        "no answer that {provider} is known to give, and no verdict on the token.",
        "Check the address (`url`), and what stands between this machine and {provider}: a login "
        "portal, a proxy, a firewall.",
        details={"status": answer.status},
    )


def _kind_of(body: bytes | None) -> str:
    if body is None:
        return "a body larger than 1 MiB"
    start = body.lstrip()
    if not start:
        return "nothing in it"
    if start.startswith(b"<"):
        return "an HTML page"
    return "other JSON" if start.startswith((b"{", b"[")) else "text that is no JSON"
