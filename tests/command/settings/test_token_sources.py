"""Where the secret comes from: one run of each sort; the rules are in `unit/test_secret.py`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest
from kit.command import COMMAND, Run
from kit.gitlab_server import GitLab, Token
from kit.leaks import leaks
from kit.policies import GOOD, check, verdicts, words
from kit.scripted import presented
from kit.shapes import MALFORMED, TAIL, UNCHECKABLE, WHOLE
from kit.shown import ask_all, calm


def test_whole_tokens_of_every_shape_are_asked_about(gitlab: GitLab, run: Run) -> None:
    for name, value in WHOLE.items():
        gitlab.add(Token(value, "oauth" if name == "oauth" else "personal"))
    tokens = {name: {"secret": value} for name, value in WHOLE.items()}
    assert verdicts(run, tokens) == dict.fromkeys(WHOLE, "ok")
    assert len(gitlab.requests) == len(WHOLE)


def test_what_is_refused_offline_is_not_shown_and_nothing_is_sent(gitlab: GitLab, run: Run) -> None:
    wanted = {value: "token-malformed" for value, _ in MALFORMED}
    wanted |= dict.fromkeys(UNCHECKABLE, "wrong-token-kind")
    shown = ask_all(gitlab, run, {value: value for value in wanted})
    assert shown.verdicts == wanted
    assert {token["requests"] for token in shown.reports.values()} == {0}
    assert not gitlab.requests
    assert not leaks(shown.text, [TAIL, TAIL[::-1], TAIL.upper()[:16], GOOD])


def test_a_token_file_that_holds_no_token_stays_as_it_is(gitlab: GitLab, run: Run) -> None:
    (run.directory / "binary").write_bytes(b"\x00\x01" * 4_000_000)
    files = {"binary": 11, "/dev/zero": 11, "absent": 10, ".": 10, "-": 10, "- <&-": 10}
    for name, code in files.items():
        script = f'"$0" --token-file {name}'
        result = run(script, COMMAND, command=("/bin/sh", "-c"), token=GOOD)
        assert (name, result.code, calm(result)) == (name, code, True)
        assert len(result.out) < 2000
    assert [path.name for path in run.directory.iterdir()] == ["binary"]
    assert not gitlab.requests


FLAGS = {"token.txt": ("--token-file", "token.txt"), "-": ("--token-file", "-"), "GL_TOKEN": ()}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["clean", "line feed", "dos"])
@pytest.mark.parametrize("source", [*FLAGS, "MINE"])
def test_a_line_end_after_the_secret_is_stripped_with_a_warning(
    gitlab: GitLab, run: Run, source: str, end: str
) -> None:
    given = gitlab.add(Token(GOOD)) + end
    (run.directory / "token.txt").write_text(given, newline="")
    env = {"GLCHECK_TOKEN": "", "GL_TOKEN": given, "GITLAB_ACCESS_TOKEN": "other", "MINE": given}
    args = FLAGS.get(source, ("--token-env", source))
    result = run.json(*args, stdin=given.encode(), env=env)
    assert (result.code, result.token["source"]) == (0, source)
    told = [(problem["category"], problem["severity"]) for problem in result.token["problems"]]
    assert told == ([("token-malformed", "warning")] if end else [])
    assert [presented(request) for request in gitlab.requests] == [GOOD]


HUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "event"}
LAB = {"GITLAB_CI": "true", "CI_COMMIT_REF_PROTECTED": "false"}


@pytest.mark.parametrize(("env", "told"), [(HUB, "fork"), (LAB, "protected")])
def test_a_missing_token_is_told_with_the_surroundings(
    gitlab: GitLab, run: Run, env: Mapping[str, str], told: str
) -> None:
    (run.directory / "event").write_text('{"pull_request": {"head": {"repo": null}}}')
    alone = run.json(env=env)
    named = check(run, {"release": {"token-env": "RELEASE_TOKEN"}}, env=env)
    for result, name in ((alone, "GITLAB_TOKEN"), (named, "RELEASE_TOKEN")):
        assert (result.code, result.token["category"]) == (10, "token-missing")
        assert (result.token["token"], gitlab.requests) == (None, [])
        assert told in words(result.token)
        assert name in words(result.token)


def test_a_silent_pipe_holds_a_run_no_longer_than_max_wait(run_alone: Run) -> None:
    os.mkfifo(run_alone.directory / "pipe")
    assert run_alone("--token-file", "pipe", "--max-wait", "1").code == 10
