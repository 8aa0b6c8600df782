"""What each command does, and where its output goes.

The report goes to standard output and nothing else does; messages go to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glcheck import run
from glcheck.ci import surroundings
from glcheck.commands import command_line
from glcheck.commands.command_line import usage
from glcheck.problem import Category, Failure, Problem
from glcheck.settings import plan
from glcheck.settings.table import SETTINGS

if TYPE_CHECKING:
    from glcheck.report import Report
    from glcheck.reports.text import Style
    from glcheck.settings.plan import Output, Plan


def execute(argv: list[str], directory: str) -> int:
    """Do what the command line says, and return the exit code. `directory` is where policy files are looked for."""
    try:
        command, given = command_line.parse(argv)
        if given.verbose:
            _show_requests()
        if command == "explain":
            return _explain(given.category)
        flags = {
            name: values
            for name, values in vars(given).items()
            if name in SETTINGS and values is not None
        }
        if command == "config" and given.files:
            named = [{**flags, "config": [file]} for file in given.files]
            return max(_check(command, given, one, Path(directory), os.environ) for one in named)
        return _check(command, given, flags, Path(directory), os.environ)
    except Failure as failure:
        _say(failure.problem)
        return failure.problem.category.exit_code


def _explain(label: str | None) -> int:
    from glcheck.commands import explain
    from glcheck.settings.table import did_you_mean

    if label is None:
        print(explain.listing(), end="")
        return 0
    category = next((category for category in Category if category.label == label), None)
    if category is None:
        meant = did_you_mean(label, [category.label for category in Category])
        raise usage(f"There is no such category{meant or '.'}", "`glcheck explain` lists them all.")
    print(explain.page(category), end="")
    return 0


def _check(
    command: str,
    given: argparse.Namespace,
    flags: dict[str, list[str]],
    directory: Path,
    environ: Mapping[str, str],
) -> int:
    try:
        if command == "hook":
            from glcheck.hook import manners as hook

            planned = plan.resolve(flags, environ, directory, given.only, hook.MAX_WAIT)
            remote = given.remote[-1] if given.remote else environ.get("PRE_COMMIT_REMOTE_URL", "")
            report = _watched(partial(hook.check, planned, remote, environ), given, environ)
        else:
            planned = plan.resolve(flags, environ, directory, given.only)
            if command == "config" and not planned.problems:
                return _config_is_sound(
                    planned, _style(command, given, environ, planned.output.path), environ
                )
            report = _watched(partial(run.run, planned, environ), given, environ)
        return _write(
            report, planned.output, _style(command, given, environ, planned.output.path), environ
        )
    except Failure:
        raise
    except Exception as error:
        usual = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
        plain = plan.Output("json" if given.format == ["json"] else usual, None, ())
        return _write(run.failed(error), plain, _style(command, given, environ, None), environ)


def _watched(
    check: Callable[..., Report], given: argparse.Namespace, environ: Mapping[str, str]
) -> Report:
    """The report of that check, or the part of it that was done when somebody stopped it."""
    from glcheck.commands.progress import Progress, somebody_looks

    plain = not given.quiet and not given.verbose  # the one wants less, and the other says more
    progress = Progress(sys.stderr, plain and somebody_looks(sys.stderr, environ))
    try:
        report = check(watch=progress)
    except run.Interrupted as stopped:
        report = stopped.report
    finally:
        progress.close()
    if report.interrupted:
        print("glcheck: interrupted", file=sys.stderr)
    return report


def _config_is_sound(planned: Plan, style: Style, environ: Mapping[str, str]) -> int:
    if planned.policy is None:
        raise usage(
            "There is no policy file here.", "Write .glcheck.yml, or name one with --config."
        )
    if planned.output.format not in ("text", "github"):
        return _write(run.nothing_wrong(), planned.output, style, environ)
    names = ", ".join(policy.name for policy in planned.tokens)
    if not style.quiet:
        print(
            f"ok {planned.policy}: {len(planned.tokens)} token{'s' if len(planned.tokens) != 1 else ''} ({names})"
        )
    return 0


# --- output ---


def _style(
    command: str, given: argparse.Namespace, environ: Mapping[str, str], path: str | None
) -> Style:
    from glcheck.reports.text import Style

    color = given.color == "always"
    if given.color == "auto" and path is None and not environ.get("NO_COLOR"):
        forced = environ.get("FORCE_COLOR", "") not in ("", "0")
        color = forced or (sys.stdout.isatty() and environ.get("TERM") != "dumb")
    return Style(color, given.quiet, given.verbose, brief=command == "hook")


def _write(report: Report, output: Output, style: Style, environ: Mapping[str, str]) -> int:
    """Write the report everywhere it is wanted; the exit code is its own, or 2 if a file cannot be written."""
    from glcheck.reports.text import Style, render

    in_action = surroundings.in_action(environ)
    report = report.guided(surroundings.guide(environ))
    wanted = list(output.reports)
    json_report = next((path for kind, path in wanted if kind == "json"), "")
    if in_action and not json_report:
        json_report = _own_json_report(environ)
        wanted += [("json", json_report)] if json_report else []
    text = render(output.format, report, style)
    files = [
        (path, render(kind, report, Style(quiet=style.quiet)))
        for kind, path in wanted
        if kind != "dotenv"
    ]
    if output.path is not None:
        files.append((output.path, text))
    faults = [_write_file(path, content, "w") for path, content in files]
    if output.path is None:
        faults.append(_print(_for_the_log(output.format, text, environ)))
    elif in_action:  # with the report elsewhere, the reason still has to be seen
        from glcheck.reports.github_actions import all_annotations

        faults.append(_print(all_annotations(report)))
    report = report._replace(problems=report.problems + tuple(fault for fault in faults if fault))
    # What tells other programs the exit code comes last: a report that could not be written has changed it.
    late = [
        _write_file(path, render(kind, report, style), "w")
        for kind, path in wanted
        if kind == "dotenv"
    ]
    if output.format == "github" or in_action:
        from glcheck.reports.github_actions import outputs, summary

        late.append(_append(environ.get("GITHUB_OUTPUT"), outputs(report, json_report)))
        late.append(_append(environ.get("GITHUB_STEP_SUMMARY"), summary(report)))
    return report._replace(
        problems=report.problems + tuple(fault for fault in late if fault)
    ).exit_code


def _for_the_log(kind: str, text: str, environ: Mapping[str, str]) -> str:
    """What the report looks like on standard output: in GitHub Actions, without anything that reads as a command."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return text
    from glcheck.reports.github_actions import for_the_log

    return for_the_log(kind, text)


def _own_json_report(environ: Mapping[str, str]) -> str:
    """Where the action puts the JSON report: a name of its own, since a job can check more than once."""
    directory = environ.get("RUNNER_TEMP")
    return str(Path(directory, f"glcheck-report-{time.time_ns()}.json")) if directory else ""


def _print(text: str) -> Problem | None:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # whoever read the report has seen enough of it
        return None
    except OSError as error:
        return _told(
            f"The report could not be printed: {_why(error)}.",
            "Look at where standard output goes.",
        )
    return None


def _why(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()


def _append(path: str | None, content: str) -> Problem | None:
    return _write_file(path, content, "a") if path else None


def _write_file(path: str, content: str, mode: str) -> Problem | None:
    try:
        with open(path, mode, encoding="utf-8", errors="backslashreplace", newline="\n") as file:  # noqa: PTH123 - as it was named
            file.write(content)
    except OSError as error:
        return _told(
            f"A report could not be written: {_why(error)}.",
            "Check the paths of `output` and `report`.",
        )
    return None


def _told(sentence: str, fix: str) -> Problem:
    """The problem that the report did not get to its place, after saying so."""
    problem = usage(sentence, fix).problem
    _say(problem)
    return problem


def _say(problem: Problem) -> None:
    """A problem that cannot stand in a report, on standard error."""
    print(
        f"error[{problem.category.label}] {problem.message}\n  fix: {problem.fix}", file=sys.stderr
    )


def _show_requests() -> None:
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("glcheck: %(message)s"))
    log = logging.getLogger("glcheck")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
