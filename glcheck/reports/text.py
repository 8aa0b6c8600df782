"""The report for people: a line for each token that is in order, a block for each problem."""

from __future__ import annotations

from typing import NamedTuple

from glcheck import durations, providers
from glcheck.problem import Problem
from glcheck.report import Report, TokenReport

_COLORS = {"ok": "32", "error": "31", "warning": "33", "fix": "36"}


class Style(NamedTuple):
    """How much of a text report is shown, and whether in colour."""

    color: bool = False
    quiet: bool = False  # only problems
    verbose: bool = False  # also notes on what is in order
    brief: bool = False  # one line on a token that could not be checked and stops nothing


def text(report: Report, style: Style) -> str:
    """A line for each token that is in order, a short block for each problem."""
    left = [token for token in report.tokens if report.interrupted and _was_left(token)]
    lines = [line for problem in report.problems for line in _problem_lines("", problem, style)]
    for token in report.tokens:
        if token in left:
            continue
        if token.token is None and not token.problems:
            lines += [] if style.quiet else [f"not asked {token.name}: {' '.join(token.notes)}"]
            continue
        unchecked = token.ok and token.token is None
        for problem in token.problems:
            block = _problem_lines(f"{token.name}: ", problem, style)
            lines += block[:1] if unchecked and style.brief else block
        if token.ok and not style.quiet and not (unchecked and style.brief):
            lines.append(f"{_paint('ok', 'ok', style)} {token.name}: {summary(token)}")
        if (token.notes and not style.quiet) or style.verbose:
            lines += [f"  note: {note}" for note in token.notes]
    if left:
        names = ", ".join(token.name for token in left)
        lines.append(f"not checked, because the run was interrupted: {names}")
    return "".join(line + "\n" for line in lines)


def _was_left(token: TokenReport) -> bool:
    """Whether an interrupted run had not come to it: said of many tokens, that takes one line."""
    reasons = {problem.details.get("reason") for problem in token.problems}
    return token.token is None and "interrupted" in reasons


def summary(token: TokenReport) -> str:
    """A token that is in order, in one line."""
    described = token.token
    if described is None:
        return "not checked, because the problem above is allowed"
    words = providers.face(token.provider).KINDS[described.kind].words
    kind = words.partition(" ")[2].partition(" (")[0]
    parts = [f'{kind} "{described.name}"' if described.name else kind]
    if described.scopes:
        parts.append(f"scopes {', '.join(described.scopes)}")
    parts.append(lifetime(token))
    asked = token.requirements
    unmet = {problem.requirement for problem in token.problems}
    if asked.namespace and not {"project", "group", "role"} & unmet:
        role = f" as {asked.role} or more" if asked.role else ""
        parts.append(f"reaches {asked.namespace[1]}{role}")
    return ", ".join(parts)


def lifetime(token: TokenReport) -> str:
    """How long the token still lives, in words."""
    if token.token is None:
        return "unknown"
    if token.token.ends_with:
        return f"lives as long as {token.token.ends_with}"
    dies_at = token.token.dies_at
    if dies_at is None or token.seconds_left is None:
        return "never expires"
    return f"{durations.say_seconds(token.seconds_left)} left (until {dies_at:%Y-%m-%d %H:%M} UTC)"


def _problem_lines(where: str, problem: Problem, style: Style) -> list[str]:
    head = _paint(problem.severity, f"{problem.severity}[{problem.category.label}]", style)
    return [
        f"{head} {where}{problem.message}",
        f"  {_paint('fix', 'fix', style)}: {problem.fix}",
        f"  docs: {problem.docs}",
    ]


def _paint(what: str, words: str, style: Style) -> str:
    return f"\x1b[{_COLORS[what]}m{words}\x1b[0m" if style.color else words
