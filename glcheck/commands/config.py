"""`glcheck config`: whether the settings and the policy file can be used. Asks nobody."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from glcheck import run
from glcheck.commands.check import give_up, style_of, watched
from glcheck.commands.command_line import usage
from glcheck.policy import Plan
from glcheck.problem import Failure
from glcheck.reports.text import Style
from glcheck.reports.write import write
from glcheck.settings import plan


def execute(
    given: Namespace,
    flags: Mapping[str, Sequence[str]],
    directory: Path,
    environ: Mapping[str, str],
) -> int:
    """Validate each file that is named, else the one in use; the exit code is that of the worst."""
    each = [{**flags, "config": [file]} for file in given.files] or [{**flags}]
    return max(_validate(given, one, directory, environ) for one in each)


def _validate(
    given: Namespace,
    flags: Mapping[str, Sequence[str]],
    directory: Path,
    environ: Mapping[str, str],
) -> int:
    try:
        planned = plan.resolve(flags, environ, directory, given.only)
        style = style_of(given, environ, planned.output.path)
        if not planned.problems:
            return _is_sound(planned, style, environ)
        report = watched(partial(run.run, planned, environ), given, environ)
        return write(report, planned.output, style, environ)
    except Failure:
        raise
    except Exception as error:
        return give_up(error, given, environ)


def _is_sound(planned: Plan, style: Style, environ: Mapping[str, str]) -> int:
    if planned.policy is None:
        raise usage(
            "There is no policy file here.", "Write .glcheck.yml, or name one with --config."
        )
    if planned.output.format not in ("text", "github"):
        return write(run.nothing_wrong(), planned.output, style, environ)
    if not style.quiet:
        count, names = len(planned.tokens), ", ".join(policy.name for policy in planned.tokens)
        print(f"ok {planned.policy}: {count} token{'s' if count != 1 else ''} ({names})")
    return 0
