"""Somebody waits for a run: a terminal shows how far it is, and nothing of it is left there."""

from __future__ import annotations

import json
import os
import pty
import re

import pytest
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import Answer, GitLab
from kit.many import PATIENCE, policy, start
from kit.policies import secret

ARGS = ("--config", "policy.yml")


def seen(gitlab: GitLab, run: Run, *args: str, env: dict[str, str]) -> Result:
    """Run the command with its messages on a terminal; `err` is what the terminal got."""
    ours, theirs = pty.openpty()
    shown = b""
    with start(run, gitlab, COMMAND, *args, env={"TERM": "xterm", **env}, stderr=theirs) as process:
        os.close(theirs)
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says so at the end
            pass
        os.close(ours)
        out, _ = process.communicate(timeout=PATIENCE)
    return Result(process.returncode, out, shown.decode())


def slowly(gitlab: GitLab) -> str:
    """Make the server take its time for what is asked at this address: longer than nobody minds."""
    gitlab.always(Answer(200, {"scopes": ["api"], "expires_at": None}, delay=2.5), path="/slow")
    return f"{gitlab.url}/slow"


@pytest.mark.slow
def test_whoever_waits_sees_how_far_it_is_and_nothing_of_it_afterwards(
    gitlab: GitLab, run: Run
) -> None:
    variables, file = policy(gitlab, run.directory, 5), run.directory / "policy.yml"
    entries = json.loads(file.read_text())
    entries["tokens"][4]["url"] = slowly(gitlab)
    file.write_text(json.dumps(entries))
    done = seen(gitlab, run, *ARGS, env=variables)
    assert (done.code, len(done.out.splitlines())) == (0, 5)
    lines = {line for line in re.split(r"\r|\x1b\[K", done.err) if line}
    assert "glcheck: 4 of 5 tokens checked" in lines
    assert lines <= {f"glcheck: {number} of 5 tokens checked" for number in range(6)}
    assert done.err.endswith("\r\x1b[K")  # the line is gone


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "env"),
    [
        ((), {"CI": "true"}),
        ((), {"GITHUB_ACTIONS": "true"}),
        ((), {"GITLAB_CI": "true"}),
        ((), {"TERM": "dumb"}),
        (("-q",), {}),
    ],
    ids=["CI", "GitHub Actions", "GitLab CI", "no capable terminal", "quiet"],
)
def test_nobody_is_shown_it_who_does_not_look(
    gitlab: GitLab, run: Run, args: tuple[str, ...], env: dict[str, str]
) -> None:
    there = {"GITLAB_TOKEN": secret(1), "GLCHECK_URL": slowly(gitlab)}
    done = seen(gitlab, run, *args, env={**there, **env})
    assert (done.code, done.err) == (0, "")


def test_a_short_run_shows_no_progress(gitlab: GitLab, run: Run) -> None:
    done = seen(gitlab, run, *ARGS, env=policy(gitlab, run.directory, 1))
    assert (done.code, done.err) == (0, "")
