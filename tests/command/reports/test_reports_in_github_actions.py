"""What GitHub Actions gets: outputs, summary, annotations, and no command of anybody else's."""

from __future__ import annotations

import json

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab, Token, in_days
from kit.policies import GOOD
from kit.reports import (
    CODES,
    HOSTILE,
    MARKUP,
    OUTPUTS,
    VALIDATOR,
    commands,
    foreign_markup,
    hostile_policy,
    outputs,
    table,
)


def files(run: Run) -> dict[str, str]:
    """Make the files of a step, with something in them."""
    names = {"GITHUB_OUTPUT": "before=1\n", "GITHUB_STEP_SUMMARY": "# before\n"}
    for name, before in names.items():
        (run.directory / name).write_text(before)
    return {name: str(run.directory / name) for name in names}


def told(run: Run) -> tuple[dict[str, str], str]:
    """Return the outputs and the summary, each without what was there before."""
    found = outputs((run.directory / "GITHUB_OUTPUT").read_text())
    summary = (run.directory / "GITHUB_STEP_SUMMARY").read_text()
    assert (found.pop("before"), summary[:9]) == ("1", "# before\n")
    return found, summary[9:]


def test_github_outputs_and_summary_are_appended(gitlab: GitLab, run: Run) -> None:
    expiry = in_days(40)
    gitlab.add(Token(GOOD, scopes=("read_user", "read_repository"), expires_at=expiry))
    wants = ("--scopes=api,sudo,read_user", "--report=json=out.json", "--report=markdown=out.md")
    result = run("--format", "github", *wants, token=GOOD, env=files(run))
    found, summary = told(run)
    held = json.loads((run.directory / "out.json").read_text())["tokens"][0]["token"]
    assert result.code == 21
    assert found == {
        "ok": "false", "category": "scope-missing", "exit-code": "21", "report": "out.json",
        "days-left": str(held["days_left"]), "expires-at": expiry,
        "scopes": "read_user read_repository", "missing-scopes": "api sudo",
    }  # fmt: skip
    assert summary == (run.directory / "out.md").read_text()


def test_outputs_of_an_error_that_belongs_to_no_token(run: Run) -> None:
    result = run("--format", "github", "--role", "owner", token=GOOD, env=files(run))
    found, summary = told(run)
    verdict = {"ok": "false", "category": "usage-error", "exit-code": "2"}
    assert (result.code, found) == (2, dict.fromkeys(OUTPUTS, "") | verdict)
    assert "usage-error" in summary


@pytest.mark.parametrize(("where", "annotated"), [("true", 1), ("false", 0)])
def test_auto_is_github_in_github_actions_only(run: Run, where: str, annotated: int) -> None:
    result = run("--scopes", "api", token=GOOD, env={"GITHUB_ACTIONS": where})
    assert len([*commands(result.out)]) == annotated


def test_nothing_that_a_server_says_forms_a_workflow_command(gitlab: GitLab, run: Run) -> None:
    env = hostile_policy(gitlab, run, HOSTILE) | files(run) | {"GITHUB_ACTIONS": "true"}
    result = run("-v", "--report", "json=out.json", env=env)
    report = json.loads((run.directory / "out.json").read_text())
    VALIDATOR.validate(report)
    tokens = report["tokens"]
    assert len(tokens) == len(env) - 3
    assert "internal-error" not in {token["category"] for token in tokens}
    expected = {(p["severity"], token["name"]) for token in tokens for p in token["problems"]}
    found = [*commands(result.out), *commands(result.err)]
    names = [(command.name, command.data.partition(":")[0]) for command in found]
    assert sorted(names) == sorted(expected)
    assert {command.properties["title"] for command in found} <= set(CODES)
    assert set(told(run)[0]) == OUTPUTS


@pytest.mark.parametrize("text", ["##[error]pwn", "\n::error::pwn"])
def test_nothing_that_a_policy_says_forms_a_workflow_command(run: Run, text: str) -> None:
    settings = ("scopes", "project", "group", "role", "url", "min-validity")
    for names, category in ((settings, "usage-error"), (("token-file",), "token-missing")):
        given = [part for name in names for part in (f"--{name}", text)]
        result = run("--format", "github", *given, env={"GITLAB_TOKEN": ""})
        (found,) = [*commands(result.out), *commands(result.err)]
        assert (found.name, found.properties) == ("error", {"title": category})
        assert all(f"--{name}" in found.data for name in names if name != "token-file")


def test_nothing_that_a_server_says_forms_markup(gitlab: GitLab, run: Run) -> None:
    env = hostile_policy(gitlab, run, MARKUP)
    text = run("--format", "markdown", env=env).out
    assert "pwn" in text
    assert (len(table(text)), foreign_markup(text)) == (len(env), [])
