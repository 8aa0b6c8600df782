"""What each command does. Its report goes to standard output, and messages to standard error."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from glcheck.commands import command_line
from glcheck.problem import Failure
from glcheck.settings.table import SETTINGS


def execute(argv: list[str], directory: str) -> int:
    """Do what the command line says, and return the exit code.

    `directory` is where policy files are looked for.
    """
    try:
        command, given = command_line.parse(argv)
        if given.verbose:
            _show_requests()
        return _execute(command, given, Path(directory))
    except Failure as failure:
        from glcheck.reports.write import say

        say(failure.problem)
        return failure.problem.category.exit_code


def _execute(command: str, given: Namespace, directory: Path) -> int:
    if command == "explain":
        from glcheck.commands import explain

        return explain.execute(given.category)
    values = vars(given)
    flags = {name: values[name] for name in SETTINGS if values.get(name) is not None}
    from glcheck.commands import check

    if command == "config" and given.files:
        named = [{**flags, "config": [file]} for file in given.files]
        return max(check.execute(command, given, one, directory, os.environ) for one in named)
    return check.execute(command, given, flags, directory, os.environ)


def _show_requests() -> None:
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("glcheck: %(message)s"))
    log = logging.getLogger("glcheck")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
