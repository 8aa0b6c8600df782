"""hooks/pre-push itself: under the shells that may be a system's `sh`, and where git may run it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from kit.act import Spy, quoted, script
from kit.hook_clients import BIN, HOOK, PAGES, REVOKED, Ended, Home, Machine, run
from kit.policies import GOOD

pytestmark = pytest.mark.slow
DASH = shutil.which("dash", path=os.defpath)
SHELLS = {"sh": ["/bin/sh"], "bash": ["bash", "--posix"], **({"dash": [DASH]} if DASH else {})}


class StandIn:
    """A glcheck that records how it is started, and what it could read from standard input."""

    def __init__(self, directory: Path, shell: list[str]) -> None:
        self.shell = shell
        self.directory = directory
        self.glcheck = directory / "stand in" / "glcheck"
        self.env = {"PATH": f"{self.glcheck.parent}{os.pathsep}{os.defpath}"}
        self.read = directory / "read"
        self._spy = Spy(directory / "spy")
        self.ends_with(0)

    def ends_with(self, code: int) -> None:
        """Let it end with this exit code from now on."""
        recording = self._spy.recording("glcheck")
        script(self.glcheck, recording, f"cat > {quoted(self.read)}", f"exit {code}")

    def __call__(self, *words: str | Path, stdin: bytes = b"") -> Ended:
        """Start the shell with the stand-in on its search path."""
        return run([*self.shell, *words], self.directory, self.env, stdin)

    @property
    def arguments(self) -> list[tuple[str, ...]]:
        """With what the stand-in was started."""
        return [record.argv for record in self._spy.records]


@pytest.fixture(params=SHELLS)
def sh(tmp_path: Path, request: pytest.FixtureRequest) -> StandIn:
    """A shell, and a stand-in for glcheck."""
    return StandIn(tmp_path, SHELLS[request.param])


def test_arguments_arrive_as_they_are(sh: StandIn) -> None:
    hard = "/a path/with 'quotes' \"and\" $HOME `id` \\ * ; .git"
    arguments = ("a remote", hard, "", "-x", "ü\n")
    assert sh(HOOK, *arguments) == (0, "")
    assert sh.arguments == [("hook", *arguments)]


@pytest.mark.parametrize("code", [0, 2, 10, 21, 30, 70, 130])
def test_the_exit_code_is_glchecks(sh: StandIn, code: int) -> None:
    sh.ends_with(code)
    ended = sh(HOOK, "origin", "url")
    assert ended.code == code
    assert ("git push --no-verify" in ended.out) == (code != 0)


def test_standard_output_is_left_to_git(sh: StandIn) -> None:
    script(sh.glcheck, "echo said")
    command = [*sh.shell, str(HOOK), "origin", "url"]
    done = subprocess.run(command, env=sh.env, capture_output=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (b"", b"said\n")


def test_standard_input_is_left_to_others(sh: StandIn) -> None:
    listed = "refs/heads/main 1 refs/heads/main 0\n"
    command = f"{' '.join(sh.shell)} {quoted(HOOK)} && cat"
    assert sh("-c", command, stdin=listed.encode()) == (0, listed)
    assert sh.read.read_text() == ""


def test_without_glcheck_it_stops_and_says_what_to_do(sh: StandIn) -> None:
    sh.env = {"PATH": os.defpath}
    ended = sh(HOOK, "origin", "url")
    assert ended.code not in {0, 127}
    assert "pipx install glcheck" in ended.out
    assert "git push --no-verify" in ended.out
    assert "not found" not in ended.out


def test_it_runs_with_unset_variables_forbidden(sh: StandIn) -> None:
    assert sh("-eu", HOOK) == (0, "")
    assert sh.arguments == [("hook",)]


# Under git


@pytest.mark.parametrize("home", ["hooks path", "copy"], indirect=True)
@pytest.mark.parametrize("place", ["a subdirectory", "a worktree"])
def test_a_push_from_elsewhere_finds_the_policy(home: Home, place: str) -> None:
    policy = {".glcheck.yml": "scopes: [sudo]\n"}  # which no token here satisfies
    subdirectory = place == "a subdirectory"
    clone = home.clone(files={"a b/c": "", **(policy if subdirectory else {})})
    cwd = clone.path / "a b" if subdirectory else home.directory / place
    if not subdirectory:
        clone.git("worktree", "add", "-q", "-b", "other", str(cwd))
        (cwd / ".glcheck.yml").write_text(policy[".glcheck.yml"])
    assert clone.push(GOOD, cwd=cwd).fails_for("scope-missing")
    assert clone.push(GOOD).passed == (not subdirectory)


def test_without_glcheck_git_does_not_push_and_shows_why(home: Home) -> None:
    clone = home.clone()
    nowhere = {"PATH": os.defpath}
    pushed = clone.push(GOOD, env=nowhere)
    assert not pushed.passed
    assert "pipx install glcheck" in pushed.out
    assert clone.push(GOOD, "--no-verify", env=nowhere).passed


def test_git_tells_the_hook_where_it_pushes_to(home: Home, tmp_path: Path) -> None:
    clone, stand_in = home.clone(), StandIn(tmp_path, [])
    assert clone.push(env=stand_in.env).passed
    assert stand_in.arguments == [("hook", "origin", str(clone.bare))]


def test_a_hook_that_calls_it_first_still_gets_the_list_of_what_is_pushed(home: Home) -> None:
    pattern = r"^```sh\n#!/bin/sh\n(.*?)^```"
    (text,) = re.findall(pattern, PAGES["docs/hooks.md"], re.MULTILINE | re.DOTALL)
    assert "…/glcheck/hooks/pre-push" in text
    clone, listed = home.clone(), home.directory / "listed"
    lines = text.replace("…/glcheck/hooks/pre-push", quoted(HOOK)).splitlines()
    script(clone.path / ".git" / "hooks" / "pre-push", *lines, f"cat > {quoted(listed)}")
    assert not clone.push(REVOKED).passed
    assert not listed.exists()
    assert clone.push(GOOD).passed
    head = clone.git("rev-parse", "HEAD")
    assert listed.read_text() == f"HEAD {head} refs/heads/main {'0' * 40}\n"


def test_shellcheck_has_nothing_against_it(tmp_path: Path) -> None:
    bad = script(tmp_path / "bad", "exec glcheck hook $@")
    assert run([BIN / "shellcheck", "--norc", HOOK], tmp_path, {}) == (0, "")
    assert "SC2068" in run([BIN / "shellcheck", "--norc", bad], tmp_path, {}).out


def test_it_is_executable_here_and_in_git(machine: Machine) -> None:
    assert stat.S_IMODE(HOOK.stat().st_mode) & 0o111 == 0o111
    listed = run(["git", "ls-files", "-s", "hooks"], machine.source, machine.git_env)
    assert re.fullmatch(r"100755 [0-9a-f]+ 0\thooks/pre-push\n", listed.out)
