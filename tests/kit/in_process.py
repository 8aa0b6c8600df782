"""glcheck in this process: for rows that need no socket, and for the Python interface."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from glcheck.commands import main
from kit.command import Result


def leave_alone(
    monkeypatch: pytest.MonkeyPatch, directory: Path, environ: Mapping[str, str] | None = None
) -> None:
    """Give this process that directory, and nothing that glcheck reads but that environment."""
    monkeypatch.chdir(directory)
    for name in list(os.environ):
        if name.startswith(("GLCHECK_", "GITLAB_", "GL_", "CI_", "GITHUB_", "PRE_COMMIT_")):
            monkeypatch.delenv(name)
    for name, value in (environ or {}).items():
        monkeypatch.setenv(name, value)


class Command:
    """The command without a process: what it does with words, and what it prints."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        directory: Path,
    ) -> None:
        home = {"HOME": str(directory), "LOCALAPPDATA": str(directory), "XDG_CACHE_HOME": ""}
        leave_alone(monkeypatch, directory, home)
        self.directory, self.capsys = directory, capsys

    def __call__(self, *args: str) -> Result:
        """Run it to its end."""
        self.capsys.readouterr()
        code = main.execute(list(args), str(self.directory))
        return Result(code, *self.capsys.readouterr())
