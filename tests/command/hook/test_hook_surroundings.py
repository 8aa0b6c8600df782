"""What the hook loads, reads, leaves alone and shows, whatever runs it."""

from __future__ import annotations

import os
import re
import subprocess

from kit.command import COMMAND, Result, Run
from kit.hook import ELSEWHERE, Hook
from kit.policies import GOOD


def imported(result: Result) -> set[str]:
    """The names of the modules that a run imported."""
    return set(re.findall(r"^import time:.*\|\s+([\w.]+)$", result.err, re.MULTILINE))


def test_neither_a_remembered_success_nor_another_remote_loads_what_it_does_not_need(
    hook: Hook,
) -> None:
    env = {"PYTHONPROFILEIMPORTTIME": "1"}
    heavy = {"requests", "urllib3", "yaml", "ssl", "http.client"}
    assert {"requests", "urllib3"} <= imported(hook(env=env))
    loaded = [imported(hook(*args, env=env)) for args in ((), ("origin", ELSEWHERE))]
    assert [hook.requests, *(names & heavy for names in loaded)] == [0, set(), set()]
    assert all("glcheck" in names for names in loaded)
    (hook.run.directory / ".glcheck.yml").write_text("version: 1\n", "utf-8")
    assert imported(hook(env=env)) & heavy == {"yaml"}


def test_standard_input_is_left_to_other_hooks(hook: Hook) -> None:
    line = b"refs/heads/main 1 refs/heads/main 2\n"
    read, write = os.pipe()
    command, env = [COMMAND, "hook"], hook.environ_alone
    try:
        os.write(write, line)
        for _ in range(2):  # asked, then remembered; the pipe stays open
            done = subprocess.run(
                command, env=env, cwd=hook.home, stdin=read, capture_output=True, timeout=60
            )
            assert done.returncode == 0
        assert os.read(read, 1000) == line
    finally:
        os.close(read)
        os.close(write)


def test_the_environment_that_git_gives_its_hooks_changes_nothing(hook: Hook) -> None:
    other = hook.home / "other"
    for place, scope in ((other, "sudo"), (hook.run.directory, "read_api")):
        (place / ".git").mkdir(parents=True)
        (place / ".glcheck.yml").write_text(f"version: 1\nscopes: [{scope}]\n", "utf-8")
    env = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_PREFIX": "../other/",
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_CONFIG_PARAMETERS": "'core.worktree=/x'",
    }
    assert hook.asks(env=env)
    assert not hook.asks(env=env)
    assert not hook.asks()


def test_the_secret_is_nowhere_at_any_verbosity(hook: Hook) -> None:
    hook.could_not()
    down = ("--url", f"{hook.gitlab.url}/at-33")
    shown = []
    for args in ((), (), ("--scopes", "sudo"), ("origin", ELSEWHERE), down):
        result = hook("-v", *args)
        shown.append(result.out + result.err)
    bare = GOOD.removeprefix("glpat-")
    assert [text for text in shown if bare[:8] in text or bare[-8:] in text] == []
    assert [path for path in hook.home.rglob("*") if bare[:8] in str(path)] == []


def test_the_hook_has_a_help(run_alone: Run) -> None:
    result = run_alone("hook", "--help")
    assert (result.code, result.err) == (0, "")
    words = ("hook-max-age", "hook-strict", "push", "REMOTE")
    assert [word for word in words if word not in result.out] == []
