"""Writes a report everywhere it is wanted: to standard output, to files, and where runners look."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from glcheck import verdict
from glcheck.ci import github_actions
from glcheck.policy import Output
from glcheck.problem import Category, Problem
from glcheck.report import Report
from glcheck.reports import render
from glcheck.reports.text import Style


def write(report: Report, output: Output, style: Style, environ: Mapping[str, str]) -> int:
    """Write the report; the exit code is its own, or 2 if a file cannot be written."""
    in_action = github_actions.in_action(environ)
    wanted = list(output.reports)
    json_report = next((path for kind, path in wanted if kind == "json"), "")
    if in_action and not json_report:
        json_report = _own_json_report(environ)
        wanted += [("json", json_report)] if json_report else []
    text = render(output.format, report, style)
    plain = Style(quiet=style.quiet)
    early = [(path, render(kind, report, plain)) for kind, path in wanted if kind != "dotenv"]
    if output.path is not None:
        early.append((output.path, text))
    faults = [_write_file(path, content, "w") for path, content in early]
    if output.path is None:
        faults.append(_print(_for_the_log(output.format, text, environ)))
    elif in_action:  # with the report elsewhere, the reason still has to be seen
        from glcheck.reports.github_actions import all_annotations

        faults.append(_print(all_annotations(report)))
    report = _with(report, faults, environ)
    # What tells other programs the exit code comes last: a report that could not be written has
    # changed it.
    late = [(path, render(kind, report, style), "w") for kind, path in wanted if kind == "dotenv"]
    if output.format == "github" or in_action:
        late += _for_the_runner(report, json_report, environ)
    return _with(report, [_write_file(*target) for target in late], environ).exit_code


def _with(report: Report, faults: list[Problem | None], environ: Mapping[str, str]) -> Report:
    guide = github_actions.guide(environ)
    more = (verdict.worded_alone(fault, guide) for fault in faults if fault)
    return report._replace(problems=(*report.problems, *more))


def _for_the_log(kind: str, text: str, environ: Mapping[str, str]) -> str:
    """The report on standard output: in GitHub Actions, with nothing that reads as a command."""
    if not github_actions.is_here(environ):
        return text
    from glcheck.reports.github_actions import for_the_log

    return for_the_log(kind, text)


def _own_json_report(environ: Mapping[str, str]) -> str:
    """Where the action puts the JSON report: a name of its own, since a job can check twice."""
    directory = environ.get("RUNNER_TEMP")
    return str(Path(directory, f"glcheck-report-{time.time_ns()}.json")) if directory else ""


def _for_the_runner(
    report: Report, json_report: str, environ: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """The step's outputs and summary, for the files that the runner names: path, content, mode."""
    from glcheck.reports.github_actions import outputs, summary

    contents = {
        "GITHUB_OUTPUT": outputs(report, json_report),
        "GITHUB_STEP_SUMMARY": summary(report),
    }
    return [(environ[name], text, "a") for name, text in contents.items() if environ.get(name)]


def _print(text: str) -> Problem | None:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # whoever read the report has seen enough of it
        return None
    except OSError as error:
        sentence = f"The report could not be printed: {_why(error)}."
        return _told(sentence, "Look at where standard output goes.")
    return None


def _write_file(path: str, content: str, mode: str) -> Problem | None:
    # open() and not pathlib: a path is taken as it was named
    try:
        with open(  # noqa: PTH123
            path, mode, encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as file:
            file.write(content)
    except OSError as error:
        sentence = f"A report could not be written: {_why(error)}."
        return _told(sentence, "Check the paths of `output` and `report`.")
    return None


def _why(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def _told(sentence: str, fix: str) -> Problem:
    """The problem that the report did not get to its place, after saying so."""
    problem = Problem(Category.USAGE_ERROR, sentence, fix)
    say(problem)
    return problem


def say(problem: Problem) -> None:
    """A problem that cannot stand in a report, on standard error."""
    print(f"error[{problem.category.label}] {problem.message}", file=sys.stderr)
    print(f"  fix: {problem.fix}", file=sys.stderr)
