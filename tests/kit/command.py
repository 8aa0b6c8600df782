"""The installed command as its users run it.

As a process, in an environment that holds only what is given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit.cost import Cost, launched, noted

# `make lowest` tests that of another environment.
COMMAND = os.environ.get("TESTED_COMMAND") or str(Path(sys.executable).with_name("glcheck"))

# Without SYSTEMROOT, Windows opens no socket; the others make the clock of these tests that of the
# command (tools/midnight.py).
INHERITED = {
    name: os.environ[name]
    for name in ("SYSTEMROOT", "LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")
    if name in os.environ
}


class Result(NamedTuple):
    """What a run of the command came to."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on standard output."""
        report = json.loads(self.out)
        assert isinstance(report, dict)
        return report

    @property
    def token(self) -> dict[str, Any]:
        """The report on the only token."""
        (token,) = self.report["tokens"]
        assert isinstance(token, dict)
        return token

    @property
    def problem(self) -> dict[str, Any]:
        """The only problem in the report."""
        report = self.report
        problems = [
            *report["problems"],
            *(p for token in report["tokens"] for p in token["problems"]),
        ]
        (problem,) = problems
        assert isinstance(problem, dict)
        return problem


class Run:
    """Runs the command in a directory of its own, in an environment with only what is given."""

    def __init__(self, home: Path, directory: Path, url: str | None) -> None:
        self.directory = directory
        self._environ = {"PATH": os.defpath, "HOME": str(home)}
        self._environ |= INHERITED
        if url:
            self._environ["GITLAB_URL"] = url

    def __call__(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        token: str | None = None,
        stdin: bytes = b"",
        command: tuple[str, ...] = (COMMAND,),
    ) -> Result:
        """`token` goes into GITLAB_TOKEN.

        `env` is added to the environment, an empty text unsets nothing.
        """
        environ = {
            **self._environ,
            **({"GITLAB_TOKEN": token} if token is not None else {}),
            **(env or {}),
        }
        done = subprocess.run(
            [*command, *args],
            env=environ,
            cwd=self.directory,
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def costing(self, *args: str, **options: Any) -> tuple[Result, Cost]:
        """The same, and what the process cost."""
        note = self.directory.with_name(f"cost-{uuid.uuid4().hex}")
        result = self(*args, command=tuple(launched([COMMAND], note)), **options)
        return result, noted(note)

    def json(self, *args: str, **options: Any) -> Result:
        """The same, with the report as JSON."""
        return self(*args, "--format", "json", **options)
