"""What a job of GitLab tells glcheck: whether its log shows variables, its server, its token."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from kit.command import Run
from kit.gitlab_reports import LAB, reported
from kit.gitlab_server import Certificates, GitLab, Token
from kit.policies import GOOD
from kit.reports import value_for

JOB = "glcbt-64_3fZ1p5y4XWcCvMGVlfak"


def at(gitlab: GitLab, **more: str) -> dict[str, str]:
    """What a job of this GitLab knows."""
    return {**LAB, "CI_API_V4_URL": f"{gitlab.url}/api/v4", **more}


def write(run: Run, *entries: Mapping[str, object]) -> None:
    """Write policy.yml."""
    policy = json.dumps({"version": 1, "tokens": entries})
    (run.directory / "policy.yml").write_text(policy)


# A log that shows variables


def shows_variables(token: Mapping[str, Any]) -> list[str]:
    """The notes on a token that tell of a log with all variables in it."""
    return [note for note in token["notes"] if "CI_DEBUG_TRACE" in note]


TRACES = {
    "true": ("true", GOOD, 1), "1": ("1", GOOD, 1), "unknown": ("true", value_for("unknown"), 1),
    "quoted": ("1", f'"{GOOD}"', 1),
    "false": ("false", GOOD, 0), "0": ("0", GOOD, 0), "empty": ("", GOOD, 0),
}  # fmt: skip


@pytest.mark.parametrize(("value", "token", "noted"), TRACES.values(), ids=TRACES)
def test_a_log_that_shows_variables_is_a_note_and_changes_no_verdict(
    gitlab: GitLab, run: Run, value: str, token: str, noted: int
) -> None:
    gitlab.add(Token(GOOD))
    plain, traced = (
        run.json("--report", "text=report.txt", token=token, env={**LAB, "CI_DEBUG_TRACE": trace})
        for trace in ("", value)
    )
    notes = shows_variables(traced.token)
    text = (run.directory / "report.txt").read_text("utf-8")
    assert len(notes) == text.count("CI_DEBUG_TRACE") == noted
    for note in notes:
        assert note in text
        assert re.search(r"\blog\b.*\b(off|remove|unset|delete|false)\b", note, re.IGNORECASE)
    assert [note for note in traced.token["notes"] if note not in notes] == plain.token["notes"]
    same = ("ok", "category", "problems", "requests")
    assert [traced.token[key] for key in same] == [plain.token[key] for key in same]
    assert traced.code == plain.code


def test_only_a_token_from_a_variable_is_shown_by_the_log(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    (run.directory / "secret").write_text(GOOD)
    one, nothing = {"token-env": "ONE"}, {"token-env": "NOT_SET"}
    sources = {"variable": one, "same": one, "file": {"token-file": "secret"}, "absent": nothing}
    sources |= {"empty": {"token-env": "EMPTY"}, "no file": {"token-file": "absent"}}
    write(run, *({"name": name, **source} for name, source in sources.items()))
    env = {**LAB, "CI_DEBUG_TRACE": "true", "ONE": GOOD, "EMPTY": "", "CI_PROJECT_URL": ""}
    tokens = run.json("--config", "policy.yml", env=env).report["tokens"]
    assert [t["name"] for t in tokens if shows_variables(t)] == ["variable", "same"]
    stdin = run.json("--token-file", "-", stdin=GOOD.encode(), env=env)
    assert (stdin.code, shows_variables(stdin.token)) == (0, [])
    none = run.json(env=env)
    assert (none.code, shows_variables(none.token)) == (10, [])


# The server of the job


def test_the_authority_of_the_job_is_trusted_for_the_host_of_its_api_only(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good) as own, GitLab(tls=tls.good) as other:
        own.add(Token(GOOD))
        elsewhere = other.url.replace("localhost", "127.0.0.1")
        one = {"name": "own", "token-env": "GITLAB_TOKEN"}
        write(run_alone, one, {**one, "name": "other", "url": elsewhere})
        env = at(own, CI_SERVER_TLS_CA_FILE=str(tls.ca_file), GITLAB_TOKEN=GOOD)
        found = reported(run_alone, "--config", "policy.yml", env=env)
        assert [token["category"] for token in found.result.report["tokens"]] == ["ok", "tls-error"]
        assert found.urls == [elsewhere]
        assert (len(own.requests), len(other.requests)) == (1, 0)


# The token of the job


def test_nobody_is_told_to_store_a_token_in_the_variable_of_the_job_token(
    gitlab: GitLab, run_alone: Run
) -> None:
    env = at(gitlab, CI_JOB_TOKEN=JOB)
    dead = reported(run_alone, "--token-env", "CI_JOB_TOKEN", env=env)
    assert (dead.result.code, dead.urls) == (12, [gitlab.url])
    assert "run the job again" in dead.result.problem["fix"]
    gitlab.add(Token(JOB, kind="job"))
    asked = reported(run_alone, "--token-env", "CI_JOB_TOKEN", "--scopes", "api", env=env)
    assert "/personal_access_tokens" in asked.result.problem["fix"]
    assert "store it" not in asked.result.problem["fix"]


def test_the_token_of_the_job_is_not_taken_unless_it_is_named(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(JOB, kind="job"))
    found = reported(run, env={**LAB, "CI_JOB_TOKEN": JOB})
    assert (found.result.code, gitlab.requests) == (10, [])
    assert "CI_JOB_TOKEN" not in found.result.problem["details"]["variables"]


def test_a_file_variable_that_is_not_there_is_told_and_no_other_token_checked(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    result = run.json(token=GOOD, env={**LAB, "GLCHECK_TOKEN_FILE": ""})
    assert (result.code, gitlab.requests) == (2, [])
    assert "GLCHECK_TOKEN_FILE" in result.problem["message"]
    assert run(token=GOOD, env={"GLCHECK_TOKEN_FILE": ""}).code == 0
