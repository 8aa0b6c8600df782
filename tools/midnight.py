"""Runs the tests of rules and of the command from ten seconds before midnight UTC on.

`make midnight`. A test that computes a day when it is imported, or twice, fails here. The clock is
moved for the tests, their servers and the command alike, by libfaketime; it goes on as usual.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, time, timedelta, timezone
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
# libfaketime opens a file of its own where that test has closed standard input.
CLOSED = (
    "tests/command/settings/test_token_sources.py"
    "::test_a_token_file_that_holds_no_token_stays_as_it_is"
)
TO_GET_READY = 8  # seconds until the first test runs


def main() -> int:
    """Run them, and return pytest's exit code."""
    spec = find_spec("libfaketime")
    if spec is None or spec.origin is None:
        sys.exit("libfaketime is needed, which is there for Linux on x86-64.")
    library = Path(spec.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"
    now = datetime.now(timezone.utc)
    midnight = datetime.combine(now + timedelta(days=1), time(), timezone.utc)
    ahead = (midnight - now).total_seconds() - 10 - TO_GET_READY
    # Deadlines go by the other clock, which nobody moves.
    clock = {"FAKETIME": f"+{ahead:.0f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    tests = ["tests/unit", "tests/command", "-m", "not slow", "--deselect", CLOSED]
    command = [sys.executable, "-m", "pytest", "-n", "4", "-p", "no:cacheprovider", *tests]
    environ = {**os.environ, **clock, "LD_PRELOAD": str(library)}
    return subprocess.run(command, env=environ, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
