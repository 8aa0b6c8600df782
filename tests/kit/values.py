"""Values of glcheck made by hand: what a report is made of, without a server or a clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from glcheck.description import Token
from glcheck.policy import Requirements
from glcheck.problem import Category, Problem
from glcheck.report import Report, TokenReport

asks = Requirements  # what is asked of a token
NOW = datetime(2031, 3, 1, 12, tzinfo=timezone.utc)
TOKEN = Token(
    kind="access-token", id=42, name="ci", user_id=7, scopes=("api",), fine_grained=False,
    now=NOW, clock_off=0.0,
)  # fmt: skip
ENTRY = TokenReport(
    name="x", source="T_X", provider="gitlab", url="https://gitlab.example.com", token=None,
    problems=(), notes=(),
    requests=2, elapsed_ms=30, requirements=asks(),
)  # fmt: skip


def token(days: float | None = 100, **more: Any) -> Token:
    """What GitLab said of a token that lives so many days more; None: it never dies."""
    dies_at = None if days is None else NOW + timedelta(days=days)
    return TOKEN._replace(**{"dies_at": dies_at, **more})


def problem(label: str, severity: str = "error", **more: Any) -> Problem:
    """A problem of that category, with a message and a fix that no other category has."""
    (category,) = (category for category in Category if category.label == label)
    said = {"message": f"This is {label}.", "fix": f"Mend what is {label} soon.", **more}
    return Problem(category=category, severity=severity, **said)


warning = partial(problem, severity="warning")


def entry(name: str, *problems: Problem, **more: Any) -> TokenReport:
    """The report on a token, which GitLab did not describe unless `token` is given."""
    return ENTRY._replace(name=name, problems=problems, **more)


def good(name: str, *problems: Problem, days: float | None = 100, **more: Any) -> TokenReport:
    """The report on a token that GitLab described."""
    return entry(name, *problems, **{"token": token(days), **more})


def report(*tokens: TokenReport, problems: tuple[Problem, ...] = ()) -> Report:
    """The report of a run."""
    return Report(checked_at=NOW, tokens=tokens, problems=problems)


def refused(label: str = "usage-error", **more: Any) -> Report:
    """The report of a run that could not begin."""
    return report(problems=(problem(label, **more),))
