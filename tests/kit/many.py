"""A policy of many tokens, and runs of the command that somebody stops or looks at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from kit.command import COMMAND, INHERITED, Result, Run
from kit.gitlab_server import GitLab, Token
from kit.policies import secret

PATIENCE = 40  # seconds
# Where these tests run in the background, they ignore SIGINT, and what they start would, too.
_HEED_SIGINT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def policy(gitlab: GitLab, directory: Path, number: int, **settings: object) -> dict[str, str]:
    """Write policy.yml for so many tokens of that GitLab; return the variables that hold them."""
    entries = [{"name": f"t{n}", "token-env": f"TOKEN_{n}", **settings} for n in range(number)]
    (directory / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
    return {f"TOKEN_{n}": gitlab.add(Token(secret(n), user_id=n)) for n in range(number)}


def start(run: Run, gitlab: GitLab, *command: str, **options: Any) -> subprocess.Popen[str]:
    """Start a program in the directory of `run`; `env` is added to its environment."""
    environ = {"PATH": os.defpath, "HOME": str(run.directory), "GITLAB_URL": gitlab.url}
    environ |= INHERITED | options.pop("env", {})
    into = {"stdout": subprocess.PIPE, "text": True, "cwd": run.directory, **options}
    heeding = (sys.executable, "-I", "-S", "-c", _HEED_SIGINT, *command)
    return subprocess.Popen(heeding, env=environ, **into)


def interrupt(process: subprocess.Popen[str], gitlab: GitLab, requests: int) -> Result:
    """Send SIGINT once that GitLab got so many requests; return what the run came to."""
    with process:
        for _ in range(PATIENCE * 100):
            if len(gitlab.requests) >= requests or process.poll() is not None:
                break
            gitlab.wait(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    return Result(process.returncode, out, err or "")


def interrupted(run: Run, gitlab: GitLab, *args: str, env: dict[str, str], after: int) -> Result:
    """Interrupt the command once so many tokens are done, and all 16 connections wait."""
    process = start(run, gitlab, COMMAND, *args, env=env, stderr=subprocess.PIPE)
    return interrupt(process, gitlab, after + 16)
