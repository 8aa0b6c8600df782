"""Whole-process time and memory of glcheck, each against something that anyone knows, in one run.

`make bench`, or `python tools/bench.py ROUNDS`. Commands that are compared run in turn, A B A B …,
and the ratio is taken pair by pair, so that it holds when the machine's speed drifts. GitLab is the
tests' own, on loopback with TLS.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the GitLab of the tests
from kit.cost import Cost, launched, noted
from kit.gitlab_server import GitLab, Token, certificates

TOKEN = "glpat-aaaaaaaaaaaaaaaaaaaa"
BIN = Path(sys.executable).parent
PYTHON = str(BIN / "python")
GLCHECK = str(BIN / "glcheck")


class Pair(NamedTuple):
    """Two commands to compare, and the ratio that is promised."""

    what: str
    command: list[str]
    against: str
    other: list[str]
    promised: float


def cost(command: list[str], environ: dict[str, str]) -> Cost:
    """Run the command once. A command that fails has no cost worth comparing."""
    with tempfile.TemporaryDirectory() as directory:
        note = Path(directory, "cost")
        done = subprocess.run(
            launched(command, note), env=environ, capture_output=True, check=False
        )
        if done.returncode not in (0, 10):  # 10: token-missing, which is measured too
            raise SystemExit(f"{command} ended with {done.returncode}")
        return noted(note)


def main(rounds: int) -> None:
    """Measure every pair and print a line for each."""
    with tempfile.TemporaryDirectory() as directory:
        tls = certificates(Path(directory))
        with GitLab(tls=tls.good) as gitlab:
            gitlab.add(Token(TOKEN))
            ca = str(tls.ca_file)
            environ = {"PATH": os.defpath, "HOME": directory, "REQUESTS_CA_BUNDLE": ca}
            asking = {**environ, "GITLAB_URL": gitlab.url, "GITLAB_TOKEN": TOKEN}
            route = f"{gitlab.url}/api/v4/personal_access_tokens/self"
            get = (
                f"import requests; requests.get({route!r}, headers={{'PRIVATE-TOKEN': {TOKEN!r}}})"
            )
            bare = [PYTHON, "-I", "-c", "pass"]
            python_gitlab = [
                str(BIN / "gitlab"),
                "--server-url",
                gitlab.url,
                "--private-token",
                TOKEN,
            ]
            python_gitlab += ["personal-access-token", "get", "--id", "self"]
            pairs = [
                Pair(
                    "one check", [GLCHECK, "check"], "requests, one GET", [PYTHON, "-c", get], 0.95
                ),
                Pair(
                    "one check", [GLCHECK, "check"], "python-gitlab's command", python_gitlab, 0.45
                ),
                Pair("--version", [GLCHECK, "--version"], "bare python -I", bare, 1.6),
                # The run that warms up is the one that asks.
                Pair("remembered hook", [GLCHECK, "hook"], "bare python -I", bare, 3.8),
            ]
            print(
                f"{'':22}{'against':26}{'ratio':>7}{'promised':>10}{'median':>10}"
                f"{'memory ratio':>14}"
            )
            for pair in pairs:
                report(pair, asking, rounds)
            missing = Pair("token-missing", [GLCHECK, "check"], "bare python -I", bare, 3.5)
            report(missing, environ, rounds)


def report(pair: Pair, environ: dict[str, str], rounds: int) -> None:
    """Run both in turn and print the medians."""
    for command in (pair.command, pair.other):
        cost(command, environ)  # warms the file cache, and is not counted
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(cost(pair.command, environ))
        theirs.append(cost(pair.other, environ))
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True))
    memory = statistics.median(a.megabytes / b.megabytes for a, b in zip(ours, theirs, strict=True))
    median = statistics.median(a.seconds for a in ours) * 1000
    print(
        f"{pair.what:22}{pair.against:26}{ratio:7.2f}{pair.promised:10.2f}{median:7.0f} ms"
        f"{memory:14.2f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
