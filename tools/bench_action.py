"""Time of the action against the usual recipe, a virtual environment and pip, and against the bare
command.

`make bench`, or `python tools/bench_action.py ROUNDS`. act runs all of them as steps of jobs; every
round has empty caches, as a fresh runner has, and the least of all rounds counts. Packages come
from the index that this machine is set up with, GitLab is the tests' own on loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the GitLab of the tests
from kit.gitlab_server import GitLab, Token

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PYTHON = Path(sys.executable).resolve()
TOKEN = "glpat-aaaaaaaaaaaaaaaaaaaa"
WITH = "with: {url: '${{ env.GITLAB_URL }}', token: '${{ env.GITLAB_TOKEN }}', scopes: api}"
JOB = f"""\
on: push
jobs:
  bench:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {{id: cold, uses: ./glcheck-action, {WITH}}}
      - {{id: second, uses: ./glcheck-action, {WITH}}}
      - {{id: bare, shell: bash, run: '"$BARE" --scopes api'}}
      - id: recipe
        if: env.RECIPE
        shell: bash
        run: |
          python3 -m venv "$RUNNER_TEMP/venv"
          "$RUNNER_TEMP/venv/bin/pip" install --quiet --disable-pip-version-check "$WHEEL"
          "$RUNNER_TEMP/venv/bin/glcheck" --scopes api
"""


def main(rounds: int) -> None:
    """Measure with pip and with uv, and print a line for each promise."""
    with tempfile.TemporaryDirectory() as name, GitLab() as gitlab:
        directory = Path(name)
        gitlab.add(Token(TOKEN))
        pip = [
            str(BIN / "python"),
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            name,
            str(ROOT),
        ]
        subprocess.run(pip, check=True)
        (wheel,) = directory.glob("glcheck-*.whl")
        repository = make_repository(directory / "repository")
        environ = {**os.environ, "GITLAB_URL": gitlab.url, "GITLAB_TOKEN": TOKEN}
        environ |= {"WHEEL": str(wheel), "BARE": str(BIN / "glcheck")}
        best: dict[str, float] = {}
        for number in range(rounds):
            for kind, programs in (("pip", []), ("uv", [BIN / "uv"])):
                runner = directory / f"{kind}-{number}"
                for step, seconds in times(
                    runner, [PYTHON, *programs], repository, environ
                ).items():
                    key = step if step in ("recipe", "bare") else f"{step} {kind}"
                    best[key] = min(seconds, best.get(key, seconds))
    print(f"{'':26}{'against':20}{'ratio':>7}{'promised':>10}{'least':>9}")
    for what, other, promised in (
        ("cold pip", "recipe", 0.35),
        ("cold uv", "recipe", 0.15),
        ("second pip", "bare", 1.3),
    ):
        against = {"recipe": "venv, then pip", "bare": "the bare command"}[other]
        ratio = best[what] / best[other]
        print(f"{'action, ' + what:26}{against:20}{ratio:7.2f}{promised:10.2f}{best[what]:7.2f} s")


def make_repository(directory: Path) -> Path:
    """Make a repository with the action and a workflow that uses it."""
    for folder in ("action", "glcheck"):
        ours = directory / "glcheck-action" / folder
        shutil.copytree(ROOT / folder, ours, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "action.yml", directory / "glcheck-action")
    (directory / ".github" / "workflows").mkdir(parents=True)
    (directory / ".github" / "workflows" / "bench.yml").write_text(JOB, encoding="utf-8")
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "bench")):
        subprocess.run(["git", *command], cwd=directory, check=True)
    return directory


def times(
    runner: Path, programs: list[Path], repository: Path, environ: dict[str, str]
) -> dict[str, float]:
    """Run the job on a fresh runner that has these programs.

    Return the seconds that each step took.
    """
    (runner / "bin").mkdir(parents=True)
    for program in programs:
        name = "python3" if program == PYTHON else program.name
        (runner / "bin" / name).symlink_to(program)
    environ = {**environ, "HOME": str(runner), "XDG_CACHE_HOME": str(runner / "cache")}
    environ["PATH"] = f"{runner / 'bin'}{os.pathsep}{os.defpath}"
    environ["RECIPE"] = "" if programs[1:] else "yes"
    act = [str(BIN / "act"), "push", "-P", "ubuntu-latest=-self-hosted", "--pull=false", "--json"]
    done = subprocess.run(
        act, cwd=repository, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    ended = [
        entry for entry in entries if "executionTime" in entry and len(entry.get("stepID", ())) == 1
    ]
    return {
        entry["stepID"][0]: entry["executionTime"] / 1e9
        for entry in ended
        if entry["stage"] == "Main"
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
