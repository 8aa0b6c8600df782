"""`glcheck check`, `hook` and `config`: a plan, a run, and its report."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from glcheck import run
from glcheck.ci import github_actions
from glcheck.policy import Output
from glcheck.problem import Failure
from glcheck.report import Report
from glcheck.reports.text import Style
from glcheck.reports.write import write
from glcheck.settings import plan


def execute(
    command: str,
    given: Namespace,
    flags: Mapping[str, Sequence[str]],
    directory: Path,
    environ: Mapping[str, str],
) -> int:
    """Check what flags, environment and policy file name, and return the exit code."""
    style = partial(_style, given, environ, command == "hook")
    try:
        if command == "hook":
            from glcheck.hook import manners

            planned = plan.resolve(flags, environ, directory, given.only, manners.MAX_WAIT)
            remote = given.remote[-1] if given.remote else environ.get("PRE_COMMIT_REMOTE_URL", "")
            report = _watched(partial(manners.check, planned, remote, environ), given, environ)
        else:
            planned = plan.resolve(flags, environ, directory, given.only)
            if command == "config" and not planned.problems:
                from glcheck.commands.config import say_it_is_sound

                return say_it_is_sound(planned, style(planned.output.path), environ)
            report = _watched(partial(run.run, planned, environ), given, environ)
        return write(report, planned.output, style(planned.output.path), environ)
    except Failure:
        raise
    except Exception as error:
        usual = "github" if github_actions.is_here(environ) else "text"
        plain = Output("json" if given.format == ["json"] else usual, None, ())
        return write(run.failed(error), plain, style(None), environ)


def _watched(check: Callable[..., Report], given: Namespace, environ: Mapping[str, str]) -> Report:
    """The report of that check, or the part of it that was done when somebody stopped it."""
    from glcheck.commands.progress import Progress, somebody_looks

    plain = not given.quiet and not given.verbose  # the one wants less, and the other says more
    progress = Progress(sys.stderr, plain and somebody_looks(sys.stderr, environ))
    try:
        report = check(on_progress=progress)
    except run.Interrupted as stopped:
        report = stopped.report
    finally:
        progress.close()
    if report.interrupted:
        print("glcheck: interrupted", file=sys.stderr)
    return report


def _style(given: Namespace, environ: Mapping[str, str], brief: bool, path: str | None) -> Style:
    """How a text report is shown that goes to that path, or to standard output."""
    color = given.color == "always"
    if given.color == "auto" and path is None and not environ.get("NO_COLOR"):
        forced = environ.get("FORCE_COLOR", "") not in ("", "0")
        color = forced or (sys.stdout.isatty() and environ.get("TERM") != "dumb")
    return Style(color, given.quiet, given.verbose, brief)
