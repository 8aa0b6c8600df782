"""The categories of a verdict with their exit codes, and the one shape that every problem has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple


class Category(Enum):
    """What a check can end with. Labels and exit codes are public and never change their meaning."""

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
        """Whether GitLab gave no verdict (3x)."""
        return 30 <= self.exit_code < 40


INTERRUPTED = 130  # the exit code of a run that somebody stopped, as shells have it for SIGINT
# `allow` turns these into warnings. A wrong command line, a wrong policy file and a fault of
# glcheck itself are not on the list: nothing would have been checked at all.
ALLOWABLE = tuple(category for category in Category if 10 <= category.exit_code < 40)


class Problem(NamedTuple):
    """One thing that is wrong, with what to do about it.

    `message` and `fix` may hold blanks such as `{token}` and `{replace}`, for what the place that finds a
    problem does not know: which token it is, and how to replace it. `run` fills them in.
    `requirement` is the setting that is not met, or "token" for the token itself. `guide` is what to read about
    its category, without the category at the end.
    """

    category: Category
    message: str
    fix: str
    severity: str = "error"
    details: Mapping[str, Any] = {}
    requirement: str = "token"
    guide: str = "glcheck explain "

    @property
    def docs(self) -> str:
        """Where to read on: a command, or in the action an address."""
        return self.guide + self.category.label


class Failure(Exception):  # noqa: N818 - it carries a problem and is not itself an error of the program
    """A problem that ends what was going on; it carries the problem and nothing else."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.category.label)
        self.problem = problem
