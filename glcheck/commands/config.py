"""`glcheck config`: whether the settings and the policy file can be used. Asks nobody."""

from __future__ import annotations

from collections.abc import Mapping

from glcheck import run
from glcheck.commands.command_line import usage
from glcheck.policy import Plan
from glcheck.reports.text import Style
from glcheck.reports.write import write


def say_it_is_sound(planned: Plan, style: Style, environ: Mapping[str, str]) -> int:
    """Report on a plan without problems. Raises Failure where there is no policy file."""
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
