"""A thousand tokens in one policy: all answered, little asked, little memory; and what somebody who waits sees."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.command import COMMAND, Run
from kit.gitlab_server import Answer, GitLab, Token
from kit.policies import secret

SCHEMA = json.loads((Path(__file__).parents[1] / "docs/schema/report-v1.json").read_text())


def policy(gitlab: GitLab, directory: Path, number: int, **settings: object) -> dict[str, str]:
    """Write a policy of that many tokens, known to that GitLab; return the variables that hold them."""
    entries = [{"name": f"t{n}", "token-env": f"TOKEN_{n}", **settings} for n in range(number)]
    (directory / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
    return {f"TOKEN_{n}": gitlab.add(Token(secret(n), user_id=n)) for n in range(number)}


@pytest.mark.slow
def test_a_thousand_tokens_on_a_throttled_server_are_all_answered(gitlab: GitLab, run: Run) -> None:
    gitlab.delay, gitlab.throttle = 0.05, 100
    variables = policy(gitlab, run.directory, 1000, scopes=["api"])
    result, cost = run.costing("--config", "policy.yml", "--format", "json", env=variables)
    assert (result.code, result.err) == (0, "")
    assert Counter(token["category"] for token in result.report["tokens"]) == {"ok": 1000}
    assert cost.megabytes < 150
    assert gitlab.most_open <= 16
    answered = Counter(request.headers["private-token"] for request in gitlab.answered)
    assert answered == dict.fromkeys(variables.values(), 1)
    # Whoever is refused is asked for again after the pause that was named, and nobody else is: at most all
    # connections are refused in one second.
    refused = len(gitlab.requests) - len(gitlab.answered)
    assert refused <= 16 * cost.seconds
    assert (
        max(Counter(request.headers["private-token"] for request in gitlab.requests).values()) == 2
    )


@pytest.mark.slow
def test_a_thousand_tokens_that_are_all_refused_wait_no_longer_than_max_wait(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.always(
        Answer(429, "Retry later\n", (("Content-Type", "text/plain"), ("Retry-After", "1")))
    )
    variables = policy(gitlab, run.directory, 1000)
    result, cost = run.costing(
        "--config", "policy.yml", "--format", "json", "--max-wait", "3s", env=variables
    )
    assert {token["category"] for token in result.report["tokens"]} == {
        "rate-limited",
        "network-error",
    }
    assert (len(result.report["tokens"]), result.code) == (1000, 30)
    assert cost.seconds < 5
    assert cost.megabytes < 150


# Somebody stops it


class Stopped(NamedTuple):
    """What a run that was interrupted came to."""

    code: int
    out: str
    err: str


def interrupted(
    gitlab: GitLab, run: Run, *args: str, env: Mapping[str, str], after: int
) -> Stopped:
    """Run the command and send it SIGINT once that many tokens are done, and all connections wait for others."""
    environ = {"PATH": os.defpath, "HOME": str(run.directory), "GITLAB_URL": gitlab.url, **env}
    with subprocess.Popen(
        [COMMAND, *args],
        env=environ,
        cwd=run.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 20
        while len(gitlab.requests) < after + 16 and time.monotonic() < until:
            gitlab.wait(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    return Stopped(process.returncode, out, err)


@pytest.fixture
def halting(gitlab: GitLab) -> GitLab:
    """A GitLab that describes the first twenty tokens and keeps silent about all others."""
    for number in range(20, 60):
        gitlab.silent.add(secret(number))
    return gitlab


def test_what_was_answered_before_an_interruption_is_reported(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60, scopes=["sudo"])
    files = (
        "--report",
        "junit=junit.xml",
        "--report",
        "markdown=report.md",
        "--report",
        "dotenv=glcheck.env",
    )
    args = ("--config", "policy.yml", "--format", "json", *files)
    stopped = interrupted(halting, run, *args, env=variables, after=20)
    assert (stopped.code, stopped.err) == (130, "glcheck: interrupted\n")
    report = json.loads(stopped.out)
    jsonschema.validate(report, SCHEMA)
    assert (report["ok"], report["exit_code"], report["category"]) == (False, 130, "scope-missing")
    found = {token["name"]: token["category"] for token in report["tokens"]}
    assert found == {f"t{n}": "scope-missing" if n < 20 else "network-error" for n in range(60)}
    assert {token["problems"][0]["details"].get("reason") for token in report["tokens"][20:]} == {
        "interrupted"
    }
    assert "GLCHECK_EXIT_CODE=130\n" in (run.directory / "glcheck.env").read_text()
    assert (run.directory / "junit.xml").read_text().count(
        "<error"
    ) == 40 * 2  # the token itself, and its scopes
    assert "t19" in (run.directory / "report.md").read_text()


def test_an_interruption_is_never_green_whatever_is_allowed(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60, allow=["network-error"])
    stopped = interrupted(
        halting, run, "--config", "policy.yml", "--format", "json", env=variables, after=20
    )
    report = json.loads(stopped.out)
    assert (stopped.code, report["ok"], report["category"], report["exit_code"]) == (
        130,
        False,
        "network-error",
        130,
    )
    assert [token["ok"] for token in report["tokens"]] == [True] * 20 + [False] * 40


def test_for_people_an_interruption_takes_one_line(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60)
    stopped = interrupted(halting, run, "--config", "policy.yml", env=variables, after=20)
    lines = stopped.out.splitlines()
    assert (stopped.code, len(lines)) == (130, 21)
    assert [line.partition(":")[0] for line in lines[:20]] == [f"ok t{n}" for n in range(20)]
    assert lines[20] == "not checked, because the run was interrupted: " + ", ".join(
        f"t{n}" for n in range(20, 60)
    )


def test_a_push_that_is_interrupted_stops(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60)
    stopped = interrupted(
        halting, run, "hook", "--config", "policy.yml", "--max-wait", "30s", env=variables, after=20
    )
    assert stopped.code == 130


def test_a_python_program_gets_an_interruption_as_from_any_function(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.silent.add(secret(1))
    program = (
        "import glcheck\ntry:\n    glcheck.check()\nexcept KeyboardInterrupt as stopped:\n"
        "    print(stopped.report.exit_code, stopped.report.ok)\n"
    )
    (run.directory / "program.py").write_text(program)
    environ = {
        "PATH": os.defpath,
        "HOME": str(run.directory),
        "GITLAB_URL": gitlab.url,
        "GITLAB_TOKEN": secret(1),
    }
    python = str(Path(COMMAND).with_name("python"))
    with subprocess.Popen(
        [python, "program.py"], env=environ, cwd=run.directory, stdout=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 20
        while not gitlab.requests and time.monotonic() < until:
            gitlab.wait(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert out == "130 False\n"


# Somebody waits


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def seen(gitlab: GitLab, run: Run, *args: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the command with its messages on a terminal; return exit code, report, and what the terminal got."""
    environ = {
        "PATH": os.defpath,
        "HOME": str(run.directory),
        "GITLAB_URL": gitlab.url,
        "TERM": "xterm",
        **env,
    }
    shown = b""
    with (
        terminal() as (ours, theirs),
        subprocess.Popen(
            [COMMAND, *args],
            env=environ,
            cwd=run.directory,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process,
    ):
        os.close(theirs)
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says so at the end
            pass
        out, _ = process.communicate(timeout=20)
    return process.returncode, out, shown.decode()


def slowly(gitlab: GitLab) -> None:
    """Make the server take two and a half seconds for the last token."""
    gitlab.always(Answer(200, {"scopes": ["api"], "expires_at": None}, delay=2.5), path="/slow")


@pytest.mark.slow
def test_whoever_waits_sees_how_far_it_is_and_nothing_of_it_afterwards(
    gitlab: GitLab, run: Run
) -> None:
    slowly(gitlab)
    variables = policy(gitlab, run.directory, 5)
    entries = json.loads((run.directory / "policy.yml").read_text())
    entries["tokens"][4]["url"] = f"{gitlab.url}/slow"
    (run.directory / "policy.yml").write_text(json.dumps(entries))
    code, out, shown = seen(gitlab, run, "--config", "policy.yml", env=variables)
    assert (code, len(out.splitlines())) == (0, 5)
    lines = re.split(r"\r|\x1b\[K", shown)
    assert "glcheck: 4 of 5 tokens checked" in lines
    assert {line for line in lines if line} <= {
        f"glcheck: {n} of 5 tokens checked" for n in range(6)
    }
    assert shown.endswith("\r\x1b[K")  # the line is gone


@pytest.mark.slow
def test_nobody_is_shown_it_who_does_not_look(gitlab: GitLab, run: Run) -> None:
    slowly(gitlab)
    ways: list[tuple[tuple[str, ...], dict[str, str]]] = [
        ((), {"CI": "true"}),
        ((), {"GITHUB_ACTIONS": "true"}),
        ((), {"GITLAB_CI": "true"}),
        ((), {"TERM": "dumb"}),
        (("-q",), {}),
    ]

    def shown(way: tuple[tuple[str, ...], dict[str, str]]) -> tuple[int, str]:
        args, env = way
        there = {"GITLAB_TOKEN": secret(1), "GLCHECK_URL": f"{gitlab.url}/slow"}
        code, _, err = seen(gitlab, run, *args, env={**there, **env})
        return code, err

    with ThreadPoolExecutor() as threads:
        assert list(threads.map(shown, ways)) == [(0, "")] * len(ways)


def test_a_short_run_shows_no_progress(gitlab: GitLab, run: Run) -> None:
    code, _, shown = seen(gitlab, run, env={"GITLAB_TOKEN": gitlab.add(Token(secret(1)))})
    assert (code, shown) == (0, "")
