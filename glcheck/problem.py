"""The categories of a verdict with their exit codes, and the one shape that every problem has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Category(Enum):
    """What a check can end with. Labels and exit codes are public and never change meaning."""

    OK = "ok", 0
    USAGE_ERROR = "usage-error", 2
    CONFIG_ERROR = "config-error", 2
    TOKEN_MISSING = "token-missing", 10
    TOKEN_MALFORMED = "token-malformed", 11
    TOKEN_INVALID = "token-invalid", 12
    TOKEN_EXPIRED = "token-expired", 13
    TOKEN_REVOKED = "token-revoked", 14
    ACCOUNT_RESTRICTED = "account-restricted", 15
    WRONG_TOKEN_KIND = "wrong-token-kind", 16
    EXPIRES_SOON = "expires-soon", 20
    SCOPE_MISSING = "scope-missing", 21
    SCOPE_FORBIDDEN = "scope-forbidden", 22
    ROLE_TOO_LOW = "role-too-low", 23
    NOT_FOUND = "not-found", 24
    LIVES_TOO_LONG = "lives-too-long", 25
    SCOPE_UNKNOWN = "scope-unknown", 26
    NETWORK_ERROR = "network-error", 30
    TLS_ERROR = "tls-error", 31
    RATE_LIMITED = "rate-limited", 32
    SERVER_ERROR = "server-error", 33
    UNEXPECTED_ANSWER = "unexpected-answer", 34
    UNSUPPORTED_SERVER = "unsupported-server", 35
    INTERNAL_ERROR = "internal-error", 70

    def __init__(self, label: str, exit_code: int) -> None:
        self.label = label
        self.exit_code = exit_code

    @property
    def could_not_ask(self) -> bool:
        """Whether the provider gave no verdict (3x)."""
        return 30 <= self.exit_code < 40


GUIDE = "glcheck explain "  # what to read about a category, whose name follows
INTERRUPTED = 130  # the exit code of a run that somebody stopped, as shells have it for SIGINT
# `allow` turns these into warnings. A wrong command line, a wrong policy file and a fault of
# glcheck itself are not on the list: nothing would have been checked at all.
ALLOWABLE = tuple(category for category in Category if 10 <= category.exit_code < 40)


class Problem(NamedTuple):
    """One thing that is wrong, with what to do about it.

    Where it is found, `message` and `fix` may hold blanks for what is not known there: {token},
    {url}, {host}, {provider}, {replace} and {Replace}. `verdict` fills them in, once, and sets
    `guide`: what to read about the category, without the category at the end.
    `requirement` is the setting that is not met, or "token" for the token itself.
    """

    category: Category
    message: str
    fix: str
    severity: str = "error"
    details: Mapping[str, Any] = {}
    requirement: str = "token"
    guide: str = GUIDE

    @property
    def docs(self) -> str:
        """Where to read on: a command, or in the action an address."""
        return self.guide + self.category.label


class Failure(Exception):  # noqa: N818 - it carries a problem and is no error of the program
    """A problem that ends what was going on; it carries the problem and nothing else."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.category.label)
        self.problem = problem


def attempt(step: Callable[[], T]) -> T | Problem:
    """What the step returns, or the problem that stopped it: the one place that catches either.

    A fault of ours is a problem as well, so that it does not cost other tokens their verdict.
    """
    try:
        return step()
    except Failure as failure:
        return failure.problem
    except Exception as error:
        return internal_error(error)


def internal_error(error: Exception) -> Problem:
    """A fault of glcheck itself. Only the exception's kind is told; its text may hold a secret."""
    import logging  # only on the way to an error
    import traceback

    frames = traceback.format_tb(error.__traceback__)
    logging.getLogger("glcheck").debug("%s", "".join(frames))
    return Problem(
        Category.INTERNAL_ERROR,
        f"glcheck itself failed ({type(error).__name__}); this says nothing about {{token}}.",
        "Please report it with what `glcheck -v check` prints, which holds no secret: see "
        "SECURITY.md and the issue tracker of the project.",
    )
