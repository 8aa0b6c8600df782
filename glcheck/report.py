"""The report of a run: what was found out about each token, as plain values for any format."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from glcheck.description import Token
from glcheck.policy import Requirements, TokenPolicy
from glcheck.problem import INTERRUPTED, Category, Problem
from glcheck.version import __version__

VERSION = 1


class TokenReport(NamedTuple):
    """The verdict on one token. `token` is None when its provider did not describe it."""

    name: str
    source: str | None
    provider: str
    url: str
    token: Token | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    requests: int
    elapsed_ms: int
    requirements: Requirements

    @property
    def category(self) -> Category:
        """The category of the error that decided; ok when there is none."""
        return decisive(self.problems)

    @property
    def ok(self) -> bool:
        """Whether every requirement is met; there may be warnings."""
        return self.category is Category.OK

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the token dies; None if it never does, or is not described."""
        if self.token is None or self.token.dies_at is None:
            return None
        return (self.token.dies_at - self.token.now).total_seconds()

    @property
    def days_left(self) -> int | None:
        """Whole days until the token dies, rounded down; None as for seconds_left."""
        return None if self.seconds_left is None else int(self.seconds_left // 86400)

    def to_dict(self) -> dict[str, Any]:
        """The part of the JSON report for this token."""
        return {
            "name": self.name,
            "source": self.source,
            "provider": self.provider,
            "url": self.url,
            "ok": self.ok,
            "category": self.category.label,
            "token": None if self.token is None else self._token(self.token),
            "problems": [problem_to_dict(problem) for problem in self.problems],
            "notes": list(self.notes),
            "requests": self.requests,
            "elapsed_ms": self.elapsed_ms,
        }

    def _token(self, token: Token) -> dict[str, Any]:
        return {
            "kind": token.kind,
            "id": token.id,
            "name": token.name,
            "user_id": token.user_id,
            "scopes": list(token.scopes),
            "expires_at": None if token.dies_at is None else token.dies_at.date().isoformat(),
            "expires_at_utc": None if token.dies_at is None else utc(token.dies_at),
            "seconds_left": None if self.seconds_left is None else int(self.seconds_left // 1),
            "days_left": self.days_left,
        }


def not_asked(policy: TokenPolicy, why: str) -> TokenReport:
    """The report on a token that nobody had to be asked about."""
    return TokenReport(
        name=policy.name,
        source=policy.source.label,
        provider=policy.provider,
        url=policy.url,
        token=None,
        problems=(),
        notes=(*policy.notes, why),
        requests=0,
        elapsed_ms=0,
        requirements=policy.requirements,
    )


class Report(NamedTuple):
    """The result of a run. `problems` are those that belong to no token; `tokens` is then empty.

    In one that was interrupted, each token that had no answer has an error.
    """

    checked_at: datetime
    tokens: tuple[TokenReport, ...]
    problems: tuple[Problem, ...] = ()
    interrupted: bool = False

    @property
    def category(self) -> Category:
        """The category of the error that decided the run; ok when there is none."""
        return decisive(
            self.problems + tuple(problem for token in self.tokens for problem in token.problems)
        )

    @property
    def exit_code(self) -> int:
        """The exit code of the command for this report."""
        return INTERRUPTED if self.interrupted else self.category.exit_code

    @property
    def ok(self) -> bool:
        """Whether every requirement of every token is met; there may be warnings."""
        return self.category is Category.OK

    @property
    def decided_by(self) -> TokenReport | None:
        """The first token with the deciding category; if all are in order, what dies first."""
        decided = [token for token in self.tokens if token.category is self.category]
        if self.ok:
            decided.sort(
                key=lambda token: float("inf") if token.seconds_left is None else token.seconds_left
            )
        return decided[0] if decided else None

    @property
    def verdict(self) -> dict[str, str]:
        """The verdict for other programs; the days left are of the token that decided, or empty."""
        days_left = self.decided_by.days_left if self.decided_by else None
        return {
            "ok": str(self.ok).lower(),
            "category": self.category.label,
            "exit-code": str(self.exit_code),
            "days-left": "" if days_left is None else str(days_left),
        }

    def to_dict(self) -> dict[str, Any]:
        """The report as `--format json` prints it (docs/schema/report-v1.json)."""
        return {
            "version": VERSION,
            "glcheck": __version__,
            "checked_at": utc(self.checked_at),
            "ok": self.ok,
            "category": self.category.label,
            "exit_code": self.exit_code,
            "problems": [problem_to_dict(problem) for problem in self.problems],
            "tokens": [token.to_dict() for token in self.tokens],
        }


def decisive(problems: tuple[Problem, ...]) -> Category:
    """The category of the error with the lowest exit code: a verdict outranks "could not ask"."""
    errors = [problem.category for problem in problems if problem.severity == "error"]
    return min(errors, key=lambda category: category.exit_code, default=Category.OK)


def problem_to_dict(problem: Problem) -> dict[str, Any]:
    """A problem as the JSON report has it."""
    return {
        "category": problem.category.label,
        "severity": problem.severity,
        "message": problem.message,
        "fix": problem.fix,
        "docs": problem.docs,
        "details": dict(problem.details),
    }


def utc(moment: datetime) -> str:
    """A moment in UTC as ISO 8601, to the second."""
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
