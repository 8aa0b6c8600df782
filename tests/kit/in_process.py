"""glcheck in this process: for rows that need no socket, and for the Python interface."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glcheck.commands import main
from kit.command import Result


def leave_alone(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Give this process an empty directory, and nothing that glcheck reads in its environment."""
    monkeypatch.chdir(directory)
    for name in list(os.environ):
        if name.startswith(("GLCHECK_", "GITLAB_", "GL_", "CI_", "GITHUB_", "PRE_COMMIT_")):
            monkeypatch.delenv(name)
    for name in ("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(directory))


def execute(capsys: pytest.CaptureFixture[str], *args: str) -> Result:
    """Run the command without a process of its own."""
    code = main.execute(list(args), str(Path.cwd()))
    return Result(code, *capsys.readouterr())
