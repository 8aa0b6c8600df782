"""Where reports go, in which voice and colour, and what each command says of itself."""

from __future__ import annotations

import json
import os
import sys
import xml.etree.ElementTree as ET

import pytest
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import GitLab, Token
from kit.policies import GOOD, SELF

from glcheck.settings.table import SETTINGS

MODULE = (sys.executable, "-m", "glcheck")


@pytest.fixture(autouse=True)
def reader(gitlab: GitLab) -> None:
    """A token that may only read the API."""
    gitlab.add(Token(GOOD, scopes=("read_api",)))


def test_format_auto_is_github_where_github_runs_it_and_text_elsewhere(run: Run) -> None:
    text = run("--scopes", "api", token=GOOD)
    github = run("--scopes", "api", token=GOOD, env={"GITHUB_ACTIONS": "true"})
    assert text.out.startswith("error[scope-missing] GITLAB_TOKEN: ")
    assert any(line.startswith("::error") for line in github.out.splitlines())
    assert github.out == run("--scopes", "api", "--format", "github", token=GOOD).out


def test_several_reports_come_from_one_run_and_replace_what_was_there(
    gitlab: GitLab, run: Run
) -> None:
    here = run.directory
    (here / "a.json").write_text("x" * 100_000, "utf-8")
    reports = ("json=a.json", "junit=b.xml", "text=my report.txt", "json=d=e.json")
    more = [f"--report={one}" for one in reports]
    result = run("--scopes=api", "--format=markdown", "--output=o.md", *more, token=GOOD)
    assert (result.code, result.out, len(gitlab.requests)) == (21, "", 1)
    found = {path.name: path.read_text("utf-8") for path in here.iterdir()}
    assert set(found) == {"a.json", "b.xml", "my report.txt", "d=e.json", "o.md"}
    assert json.loads(found["a.json"])["exit_code"] == 21
    assert found["d=e.json"] == found["a.json"]
    assert list(ET.fromstring(found["b.xml"]).iter("testcase"))
    assert found["my report.txt"].startswith("error[scope-missing]")
    assert "scope-missing" in found["o.md"]


def test_a_report_may_stand_beside_the_one_on_standard_output(run: Run) -> None:
    assert run("--report", "json=a.json", token=GOOD).out.startswith("ok GITLAB_TOKEN")
    assert json.loads((run.directory / "a.json").read_text("utf-8"))["ok"] is True


def test_a_mistake_is_in_the_reports_that_were_asked_for(run: Run) -> None:
    result = run.json("--report", "junit=b.xml", "--role", "owner", token=GOOD)
    assert (result.code, result.report["exit_code"], result.report["tokens"]) == (2, 2, [])
    assert result.problem["category"] == "usage-error"
    assert ET.parse(run.directory / "b.xml").getroot().tag == "testsuites"


def test_quiet_says_nothing_about_success_and_verbose_more_on_standard_error(run: Run) -> None:
    assert run("-q", token=GOOD) == Result(0, "", "")
    failure = run("-q", "--scopes", "api", token=GOOD)
    assert (failure.code, failure.err, "scope-missing" in failure.out) == (21, "", True)
    plain, verbose = run(token=GOOD), run("-v", token=GOOD)
    assert (verbose.code, verbose.out, plain.err) == (0, plain.out, "")
    assert SELF in verbose.err
    assert GOOD not in verbose.err
    assert run.json("-v", token=GOOD).report["ok"] is True


@pytest.mark.parametrize("line, env, coloured", [
    ("", {}, False), ("--color auto", {}, False), ("--color always", {}, True),
    ("--color=never", {"FORCE_COLOR": "1"}, False), ("--color always", {"NO_COLOR": "1"}, True),
    ("", {"FORCE_COLOR": "1"}, True), ("", {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ("", {"NO_COLOR": "1"}, False), ("--format junit", {"FORCE_COLOR": "1"}, False),
    ("--color always --format json", {}, False), ("", {"FORCE_COLOR": ""}, False),
])  # fmt: skip
def test_colour(run: Run, line: str, env: dict[str, str], coloured: bool) -> None:
    result = run("--scopes", "api", *line.split(), token=GOOD, env=env)
    assert (result.code, "\x1b[" in result.out) == (21, coloured)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals here")
@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal(run: Run, env: dict[str, str], coloured: bool) -> None:
    script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = (sys.executable, "-c", script, COMMAND)
    result = run("--scopes=api", command=command, token=GOOD, env={"TERM": "xterm", **env})
    assert (result.code, "\x1b[" in result.out) == (21, coloured)


@pytest.mark.parametrize("command", [(COMMAND,), MODULE, (*MODULE[:1], "-I", *MODULE[1:])])
def test_a_bare_command_is_a_check(gitlab: GitLab, run: Run, command: tuple[str, ...]) -> None:
    result = run("--scopes", "api", command=command, token=GOOD)
    assert result == run("check", "--scopes", "api", token=GOOD)
    assert result.out.startswith("error[scope-missing] GITLAB_TOKEN: ")
    assert len(gitlab.requests) == 2


def test_version_and_help(run_alone: Run) -> None:
    version = run_alone("--version")
    assert (version.code, version.err) == (0, "")
    assert version.out.split()[:2] == ["glcheck", run_alone.json().report["glcheck"]]
    commands = ("check", "explain", "config", "hook")
    helps = {name: run_alone(*name.split(), "--help") for name in ("", *commands)}
    assert {(one.code, one.err, "usage" in one.out) for one in helps.values()} == {(0, "", True)}
    said = {name: one.out for name, one in helps.items()}
    assert set(commands) <= set(said[""].split())
    named = {f"--{name}" for name in (*SETTINGS, "only", "color")}
    assert not named - set(said["check"].replace(",", " ").split())
    assert not {"--token", "--password", "--insecure"} & set(said["check"].split())
