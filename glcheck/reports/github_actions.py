"""The report for GitHub Actions: the text report with annotations, and the step's outputs."""

from __future__ import annotations

from collections.abc import Sequence

from glcheck.ci.github_actions import annotation, defused
from glcheck.problem import Problem
from glcheck.report import Report
from glcheck.reports.text import Style, text


def commands(report: Report, style: Style) -> str:
    """The text report, and after it one annotation at most for each token and severity."""
    return defused(text(report, style)) + all_annotations(report)


def all_annotations(report: Report) -> str:
    """The annotations alone."""
    lines = []
    for whose, problems in [
        ("", report.problems),
        *((f"{t.name}: ", t.problems) for t in report.tokens),
    ]:
        for severity in ("error", "warning"):
            group = [problem for problem in problems if problem.severity == severity]
            if group:
                lines.append(_annotation(severity, whose, group))
    return "".join(line + "\n" for line in lines)


def for_the_log(kind: str, report: str) -> str:
    """A report of another format, so that the runner finds no command in it either."""
    if kind in ("json", "junit", "annotations"):  # the same document, with other spelling
        return report.replace("##[", "##&#91;" if kind == "junit" else "##\\u005b")
    return report if kind == "github" else defused(report)


def _annotation(severity: str, whose: str, problems: Sequence[Problem]) -> str:
    first = min(problems, key=lambda problem: problem.category.exit_code)
    lines = (
        f"{whose}{problem.message}\nfix: {problem.fix}\ndocs: {problem.docs}"
        for problem in problems
    )
    return annotation(severity, first.category.label, "\n".join(lines))


def summary(report: Report) -> str:
    """The markdown report for GITHUB_STEP_SUMMARY, of which GitHub takes 1 MiB a step."""
    from glcheck.reports.markdown import markdown

    return markdown(report, room=1_000_000)


def outputs(report: Report, json_report: str) -> str:
    """The step's outputs as lines for GITHUB_OUTPUT; what is not known is empty.

    They describe the token that decided; `json_report` is the path of the JSON report, if any.
    """
    decided = report.decided_by
    token = decided.token if decided else None
    missing = [
        scope
        for problem in (decided.problems if decided else ())
        if problem.category.label == "scope-missing"
        for scope in problem.details.get("missing", [])
    ]
    values = {
        **report.verdict,
        "expires-at": token.dies_at.date().isoformat() if token and token.dies_at else "",
        "scopes": " ".join(token.scopes) if token else "",
        "missing-scopes": " ".join(missing),
        "report": json_report,
    }
    return "".join(f"{name}={' '.join(value.splitlines())}\n" for name, value in values.items())
