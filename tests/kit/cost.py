"""What a process costs, by the operating system's own account of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

# Starts the command from a process of its own, as small as can be: on Linux, a child's peak memory
# is never below that of the process that started it.
_LAUNCHER = """
import os, sys, time
started = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    print(time.perf_counter() - started, usage.ru_maxrss, file=file)
os._exit(os.waitstatus_to_exitcode(status) % 256)
"""
_PER_MEGABYTE = 1024**2 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB


class Cost(NamedTuple):
    """What one process took: seconds of wall clock, and its peak memory in MiB."""

    seconds: float
    megabytes: float


def launched(command: list[str], note: Path) -> list[str]:
    """Return a command that runs this one, ends as it does, and notes the cost in that file."""
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(note), *command]


def noted(note: Path) -> Cost:
    """Return the cost that was noted there."""
    seconds, peak = note.read_text().split()
    return Cost(float(seconds), int(peak) / _PER_MEGABYTE)
