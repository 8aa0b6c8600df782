"""What the job and the event tell the action beside its inputs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kit.act import ROOT
from kit.act_jobs import NARROW, Runner, sh
from kit.command import Run
from kit.policies import GOOD
from kit.reports import CODES

pytestmark = pytest.mark.slow


def test_the_input_token_is_never_passed_over_in_silence(runner: Runner) -> None:
    tokens = "version: 1\ntokens: [{name: a, token-env: OTHER, min-validity: 1d}]\n"
    runner.write({"default.yml": "version: 1\ntoken-env: OTHER\n", "tokens.yml": tokens})
    bad = "glpat-Zz9Yy8Xx7Ww6Vv5Uu4Tt"
    job = runner(
        runner.step("default", token=bad, config="default.yml"),
        runner.step("tokens", token=bad, config="tokens.yml"),
        runner.step("file", token=bad, token_file="secret"),
        runner.step("empty", token=""),
        runner.step("note", token="", config="tokens.yml", min_validity="200d"),
        job_env={"OTHER": GOOD, "GITLAB_TOKEN": GOOD},
    )
    job["default"].ends("token-invalid")
    assert "no token of the policy uses it" in job["tokens"].ends("usage-error").error.data
    error = job["file"].ends("usage-error").error
    assert "token-file cannot be given together with token" in error.data
    said = "the input token is empty; GITLAB_TOKEN of the job was checked"
    assert said in job["empty"].ends("ok").log
    assert "input min-validity has no effect here" in job["note"].log


def test_variables_of_the_job_that_are_settings_do_not_disturb(runner: Runner) -> None:
    disturbing = {
        "GLCHECK_FORMAT": "markdown",
        "GLCHECK_OUTPUT": "taken.txt",
        "GLCHECK_REPORT": "text=more.txt",
        "GLCHECK_TOKEN": NARROW,
        "GITLAB_TOKEN": NARROW,
        "GLCHECK_TOKEN_ENV": "GITLAB_TOKEN",
        "GLCHECK_TOKEN_FILE": "/nowhere",
        "GLCHECK_CONFIG": "nowhere.yml",
        "GLCHECK_ACTION": "",
        "GLCHECK_SCOPES": "sudo",
        "GLCHECK_URL": "http://127.0.0.1:1",
    }
    job = runner(runner.step("used", scopes="api"), sh("ls", id="files"), job_env=disturbing)
    used = job["used"].ends("ok")
    assert used.outputs["scopes"] == "api"
    assert used.report
    assert "token: " in used.log
    assert "taken.txt" not in job.output("files")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is to be had on Linux only")
def test_outputs_do_not_say_ok_of_a_step_that_could_not_write_its_report(runner: Runner) -> None:
    runner.use(report="junit=/dev/full").ends("usage-error")


# The address of the documentation


def test_from_its_own_repository_the_action_points_to_its_documentation(runner: Runner) -> None:
    elsewhere = runner.directory / "elsewhere"
    (runner.workspace / "glcheck-action").rename(elsewhere)
    step = runner.step("used", scopes="sudo")._replace(uses="acme/glcheck@v1")
    used = runner(step, args=["--local-repository", f"acme/glcheck@v1={elsewhere}"])["used"]
    (problem,) = used.ends("scope-missing").report["tokens"][0]["problems"]
    section = "https://github.com/acme/glcheck/blob/v1/docs/categories.md#scope-missing"
    assert problem["docs"] == section
    assert section in used.error.data


@pytest.mark.parametrize(
    ("action", "server", "start"),
    [
        ("acme/glcheck@v1", "github.com", "acme/glcheck/blob/v1"),
        ("acme/glcheck@releases/v1", "github.acme.com", "acme/glcheck/blob/releases/v1"),
        *((part, "github.com", "") for part in ("", "@v1", "acme/glcheck", "a/b@", "@")),
    ],
)
def test_docs_is_the_section_of_the_actions_own_ref_or_the_command_that_explains(
    run_alone: Run, action: str, server: str, start: str
) -> None:
    env = {"GITHUB_ACTIONS": "true", "GLCHECK_ACTION": action}
    result = run_alone.json(env={**env, "GITHUB_SERVER_URL": f"https://{server}"})
    address = f"https://{server}/{start}/docs/categories.md#token-missing"
    assert result.problem["docs"] == (address if start else "glcheck explain token-missing")


def test_the_documentation_has_a_section_for_each_category() -> None:
    text = (ROOT / "docs" / "categories.md").read_text(encoding="utf-8")
    assert set(CODES) - {*re.findall(r"^#+ +`?([a-z-]+)`?", text, re.MULTILINE)} <= {"ok"}


# A token that is not there


INHERIT = "secrets: inherit"
OWN = "acme/app"
# fmt: off
MISSING = {
    "push": ("", ("`token`", "secret", INHERIT, "environment"), ("fork", "Dependabot")),
    "own pull request": (OWN, (INHERIT,), ("from a fork",)),
    "fork": ("stranger/app", ("from a fork",), (INHERIT,)),
    "deleted fork": ("gone", ("from a fork",), (INHERIT,)),
    "Dependabot": (OWN, ("Dependabot",), ("from a fork",)),
}
# fmt: on


@pytest.mark.parametrize("case", MISSING)
def test_a_missing_token_is_told_with_what_may_have_kept_it_away(runner: Runner, case: str) -> None:
    head, told, untold = MISSING[case]
    source = None if head == "gone" else {"full_name": head, "fork": head != OWN}
    request = {"number": 1, "head": {"ref": "topic", "repo": source}, "base": {"ref": "main"}}
    payload = {"pull_request": request, "repository": {"full_name": OWN}}
    event = {"event": "pull_request", "payload": payload} if head else {}
    who = ("--actor", "dependabot[bot]") if case == "Dependabot" else ()
    error = runner.use(*who, token="", **event).ends("token-missing").error
    assert error.properties["title"] == "token-missing"
    assert [cause for cause in told if cause not in error.data] == []
    assert [cause for cause in untold if cause in error.data] == []
    assert runner.gitlab.requests == []
