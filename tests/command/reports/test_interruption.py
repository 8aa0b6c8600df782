"""Somebody stops a run: what was answered before is reported, and it is never green."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.command import COMMAND, Run
from kit.gitlab_server import GitLab
from kit.many import interrupt, interrupted, policy, start
from kit.policies import secret
from kit.reports import VALIDATOR

ARGS = ("--config", "policy.yml")
JSON = (*ARGS, "--format", "json")


@pytest.fixture
def halting(gitlab: GitLab) -> GitLab:
    """A GitLab that describes the first twenty tokens and keeps silent about forty others."""
    gitlab.silent |= {secret(number) for number in range(20, 60)}
    return gitlab


def test_what_was_answered_before_an_interruption_is_reported(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60, scopes=["sudo"])
    reports = ("junit=junit.xml", "markdown=report.md", "dotenv=glcheck.env")
    files = [text for report in reports for text in ("--report", report)]
    stopped = interrupted(run, halting, *JSON, *files, env=variables, after=20)
    assert (stopped.code, stopped.err) == (130, "glcheck: interrupted\n")
    report = stopped.report
    VALIDATOR.validate(report)
    assert (report["ok"], report["exit_code"], report["category"]) == (False, 130, "scope-missing")
    found = {token["name"]: token["category"] for token in report["tokens"]}
    assert found == {f"t{n}": "scope-missing" if n < 20 else "network-error" for n in range(60)}
    unasked = [token["problems"][0]["details"].get("reason") for token in report["tokens"][20:]]
    assert set(unasked) == {"interrupted"}
    assert "GLCHECK_EXIT_CODE=130\n" in (run.directory / "glcheck.env").read_text()
    errors = (run.directory / "junit.xml").read_text().count("<error")
    assert errors == 40 * 2  # the token itself, and its scopes
    assert "t19" in (run.directory / "report.md").read_text()


def test_an_interruption_is_never_green_whatever_is_allowed(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60, allow=["network-error"])
    stopped = interrupted(run, halting, *JSON, env=variables, after=20)
    report = stopped.report
    assert (stopped.code, report["exit_code"], report["ok"]) == (130, 130, False)
    assert report["category"] == "network-error"
    assert [token["ok"] for token in report["tokens"]] == [True] * 20 + [False] * 40


def test_for_people_an_interruption_takes_one_line(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60)
    stopped = interrupted(run, halting, *ARGS, env=variables, after=20)
    *checked, last = stopped.out.splitlines()
    assert stopped.code == 130
    assert [line.partition(":")[0] for line in checked] == [f"ok t{n}" for n in range(20)]
    names = ", ".join(f"t{n}" for n in range(20, 60))
    assert last == f"not checked, because the run was interrupted: {names}"


def test_a_push_that_is_interrupted_stops(halting: GitLab, run: Run) -> None:
    variables = policy(halting, run.directory, 60)
    args = ("hook", *ARGS, "--max-wait", "30s")
    assert interrupted(run, halting, *args, env=variables, after=20).code == 130


def test_a_python_program_gets_an_interruption_as_from_any_function(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.silent.add(secret(1))
    program = (
        "import glcheck\ntry:\n    glcheck.check()\nexcept KeyboardInterrupt as stopped:\n"
        "    print(stopped.report.exit_code, stopped.report.ok)\n"
    )
    python, env = str(Path(COMMAND).with_name("python")), {"GITLAB_TOKEN": secret(1)}
    process = start(run, gitlab, python, "-c", program, env=env)
    assert interrupt(process, gitlab, 1).out == "130 False\n"
