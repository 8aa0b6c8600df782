"""What the hook loads, reads, leaves alone and shows, whatever runs it."""

from __future__ import annotations

import re
import sys

from kit.command import COMMAND, Result, Run
from kit.hook import ELSEWHERE, Hook
from kit.policies import GOOD

# Runs a program, then tells its exit code and what is left on the standard input that both share.
REST = "import subprocess, sys; print(subprocess.call(sys.argv[1:]), sys.stdin.read())"


def imported(result: Result) -> set[str]:
    """The names of the modules that a run imported."""
    return set(re.findall(r"^import time:.*\|\s+([\w.]+)$", result.err, re.MULTILINE))


def test_a_push_that_asks_nothing_loads_nothing_that_asks(hook: Hook) -> None:
    env = {"PYTHONPROFILEIMPORTTIME": "1"}
    heavy = {"requests", "urllib3", "yaml", "ssl", "http.client"}
    assert {"requests", "urllib3"} <= imported(hook(env=env))
    loaded = [imported(hook(*args, env=env)) for args in ((), ("origin", ELSEWHERE))]
    assert [hook.requests, *(names & heavy for names in loaded)] == [0, set(), set()]
    assert all("glcheck" in names for names in loaded)
    (hook.run.directory / ".glcheck.yml").write_text("version: 1\n", "utf-8")
    assert imported(hook(env=env)) & heavy == {"yaml"}


def test_standard_input_is_left_to_other_hooks(hook: Hook) -> None:
    line = "refs/heads/main 1 refs/heads/main 2"
    for requests in (1, 0):  # asked, then remembered
        command = (sys.executable, "-c", REST, COMMAND)
        result = hook("-q", command=command, stdin=line.encode())
        assert (result.out.strip(), hook.requests) == (f"0 {line}", requests)


def test_the_environment_that_git_gives_its_hooks_changes_nothing(hook: Hook) -> None:
    other = hook.home / "other"
    for place, scope in ((other, "sudo"), (hook.run.directory, "read_api")):
        (place / ".git").mkdir(parents=True)
        (place / ".glcheck.yml").write_text(f"version: 1\nscopes: [{scope}]\n", "utf-8")
    env = {"GIT_DIR": str(other / ".git"), "GIT_INDEX_FILE": str(other / ".git" / "index")}
    env |= {"GIT_WORK_TREE": str(other), "GIT_PREFIX": "../other/"}
    env |= {"GIT_CONFIG_PARAMETERS": "'core.worktree=/x'"}
    assert [hook.asks(env=env), hook.asks(env=env), hook.asks()] == [True, False, False]


def test_the_secret_is_nowhere_at_any_verbosity(hook: Hook) -> None:
    hook.could_not()
    down = ("--url", f"{hook.gitlab.url}/at-33")
    runs = [hook("-v", *args) for args in ((), (), ("--scopes", "sudo"), ("o", ELSEWHERE), down)]
    shown = [*(run.out + run.err for run in runs), *map(str, hook.home.rglob("*"))]
    bare = GOOD.removeprefix("glpat-")
    assert [text for text in shown if bare[:8] in text or bare[-8:] in text] == []


def test_the_hook_has_a_help(run_alone: Run) -> None:
    result = run_alone("hook", "--help")
    assert (result.code, result.err) == (0, "")
    words = ("hook-max-age", "hook-strict", "push", "REMOTE")
    assert [word for word in words if word not in result.out] == []
