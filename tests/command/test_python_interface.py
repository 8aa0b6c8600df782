"""`import glcheck`: the settings of the command as arguments, its report as the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Project, Token
from kit.policies import GOOD, secret

import glcheck

OTHER = secret(9)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this process's environment and directory out of it."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("GLCHECK_", "GITLAB_", "GL_", "CI_", "GITHUB_")):
            monkeypatch.delenv(name)


def plain(report: glcheck.Report) -> dict[str, Any]:
    """Return what a reader of the JSON report would see."""
    found = json.loads(json.dumps(report.to_dict()))
    assert isinstance(found, dict)
    assert GOOD not in json.dumps(found) + repr(report) + str(report)
    return found


def python(script: str, gitlab: GitLab | None, token: str = GOOD) -> str:
    """Run a script in an interpreter of its own; all that it prints."""
    env = {"PATH": os.defpath, "GITLAB_TOKEN": token, "GITLAB_URL": gitlab.url if gitlab else ""}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(("settings", "category"), [
    ({}, "ok"),
    ({"scopes": ["read_api"]}, "ok"),
    ({"scopes": "sudo"}, "scope-missing"),
    ({"scopes": ["read_user", "sudo"]}, "scope-missing"),
    ({"scopes": ("sudo",), "allow": ["scope-missing"]}, "ok"),
    ({"forbid_scopes": "api"}, "scope-forbidden"),
    ({"min_validity": "200d"}, "expires-soon"),
    ({"min_validity": 200}, "expires-soon"),
    ({"min_validity": 0}, "ok"),
    ({"warn_validity": 200}, "ok"),
    ({"max_validity": "2w"}, "lives-too-long"),
    ({"project": "team/app", "role": "owner"}, "role-too-low"),
    ({"project": 4711, "role": "developer"}, "ok"),
    ({"group": "team"}, "not-found"),
    ({"kind": "group"}, "wrong-token-kind"),
    ({"token_env": "ABSENT"}, "token-missing"),
    ({"token_env": "OTHER"}, "token-invalid"),
    ({"timeout": 5, "max_wait": "30s"}, "ok"),
    ({"url": "http://127.0.0.1:1", "max_wait": "1s"}, "network-error"),
], ids=str)  # fmt: skip
def test_settings_are_those_of_the_command(
    gitlab: GitLab, capfd: pytest.CaptureFixture[str], settings: dict[str, Any], category: str
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("team/app", id=4711, members={7: 30}))
    environ = {"GITLAB_TOKEN": GOOD, "OTHER": OTHER, "GITLAB_URL": gitlab.url}
    report = glcheck.check(environ=environ, **settings)
    found = plain(report)
    assert report.category.label == found["category"] == category
    assert report.exit_code == found["exit_code"] == report.category.exit_code
    assert report.ok == found["ok"] == (category == "ok")
    assert tuple(capfd.readouterr()) == ("", "")


ARGUMENTS = (
    "url", "token_env", "token_file", "scopes", "forbid_scopes", "min_validity", "project", "group",
    "role", "kind", "allow", "config", "timeout", "max_wait", "ca_file", "only",
)  # fmt: skip


@pytest.mark.parametrize("settings", [
    {"role": "owner"}, {"role": "root", "project": "team/app"}, {"role": 40, "project": "team/app"},
    {"min_validity": "soon"}, {"min_validity": -1}, {"timeout": "x"}, {"url": "nonsense"},
    {"url": "http://gitlab.example.com"}, {"ca_file": "absent.pem"}, {"config": "absent.yml"},
    {"allow": ["everything"]}, {"only": ["release"]}, {"token_env": "A", "token_file": "b"},
    {"project": "a/b", "group": "a"}, {"scopes": 7}, {"scopes": ["api", None]},
    *({name: GOOD} for name in ARGUMENTS),  # which must not be repeated
], ids=str)  # fmt: skip
def test_what_cannot_be_used_is_told_in_the_report_and_not_raised(
    gitlab: GitLab, capfd: pytest.CaptureFixture[str], settings: dict[str, Any]
) -> None:
    report = glcheck.check(environ={"GITLAB_TOKEN": OTHER, "GITLAB_URL": gitlab.url}, **settings)
    assert (report.exit_code, report.ok) == (2, False)
    assert report.category.label in {"usage-error", "config-error"}
    found = plain(report)
    assert (found["category"], found["exit_code"]) == (report.category.label, 2)
    assert (found["tokens"], len(found["problems"])) == ([], 1)
    assert not gitlab.requests
    assert tuple(capfd.readouterr()) == ("", "")


def test_the_report_is_that_of_the_command(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    environ = {"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url}
    ours = plain(glcheck.check(scopes="sudo", environ=environ))
    theirs = run.json("--scopes", "sudo", token=GOOD).report
    for report in (ours, theirs):  # which are not of the same moment, nor always of the same day
        report["checked_at"] = ""
        for token in report["tokens"]:
            assert {"seconds_left", "days_left"} <= set(token["token"])
            token["elapsed_ms"] = token["token"]["seconds_left"] = token["token"]["days_left"] = 0
    assert ours == theirs


def test_arguments_stand_before_variables_of_the_process_or_of_what_is_given(
    gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.add(Token(GOOD))
    environ = {"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url, "GLCHECK_SCOPES": "sudo"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for given in (None, environ):
        assert glcheck.check(environ=given).exit_code == 21
        assert glcheck.check(environ=given, scopes="").exit_code == 21
        assert glcheck.check(environ=given, scopes="api").exit_code == 0
    assert glcheck.check(environ={"GITLAB_URL": gitlab.url}).exit_code == 10
    assert glcheck.check(environ={}).exit_code == 10
    assert os.environ["GITLAB_TOKEN"] == GOOD


def test_a_policy_with_tokens(gitlab: GitLab, tmp_path: Path) -> None:
    gitlab.add(Token(GOOD))
    policy = tmp_path / "policy.yml"
    entries = ("name: a, token-env: A", "name: b, token-env: B", "name: c")
    policy.write_text("tokens:\n" + "".join(f"- {{{entry}}}\n" for entry in entries), "utf-8")
    environ = {"A": GOOD, "B": OTHER, "GITLAB_URL": gitlab.url}
    report = glcheck.check(config=policy, environ=environ)
    found = [(token.name, token.category.label) for token in report.tokens]
    assert found == [("a", "ok"), ("b", "token-invalid"), ("c", "token-missing")]
    assert [(one["name"], one["category"]) for one in plain(report)["tokens"]] == found
    assert report.exit_code == 10
    picked = glcheck.check(config=str(policy), only=["a"], environ=environ)
    assert ([token.name for token in picked.tokens], picked.ok) == (["a"], True)


def test_a_faulty_policy_is_in_the_report(gitlab: GitLab, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("version: 1\nscops: [api]\n", "utf-8")
    report = glcheck.check(config=policy, environ={"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url})
    (problem,) = report.problems
    assert (problem.category.label, report.exit_code) == ("config-error", 2)
    assert "policy.yml:2" in problem.message
    assert not gitlab.requests


def test_the_report_cannot_be_changed_and_settings_are_named() -> None:
    report = glcheck.check(environ={})
    with pytest.raises(AttributeError):
        report.tokens = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        glcheck.check("https://gitlab.example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        glcheck.check(token=GOOD)  # type: ignore[call-arg]


UNTOUCHED = """
import logging, signal, sys, gc, glcheck
def state():
    log = logging.root
    return log.handlers[:], log.level, signal.getsignal(signal.SIGINT), gc.isenabled(), sys.path[:]
before = state()
report = glcheck.check(scopes="api")
print(before == state(), report.exit_code)
"""


def test_no_handler_or_level_is_left_behind(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    assert python(UNTOUCHED, gitlab).split() == ["True", "0"]


DEBUG = """
import http.client, io, json, logging, sys
stream = io.StringIO()
logging.basicConfig(level=logging.DEBUG, stream=stream)
http.client.HTTPConnection.debuglevel = 1
logging.getLogger("urllib3").setLevel(logging.DEBUG)
import glcheck
for settings in ({}, {"scopes": "sudo"}, {"project": "team/app"}, {"kind": "project"}):
    report = glcheck.check(**settings)
    print(report, json.dumps(report.to_dict()))
print(stream.getvalue())
"""


@pytest.mark.parametrize("token", [
    pytest.param(Token(GOOD), id="PRIVATE-TOKEN"),
    pytest.param(Token("0123456789abcdef" * 4, "oauth"), id="Bearer"),
    pytest.param(Token("glcbt-64_sEcReT0123456789ab", "job"), id="JOB-TOKEN"),
])  # fmt: skip
def test_debugging_the_http_library_does_not_show_the_token(gitlab: GitLab, token: Token) -> None:
    gitlab.add(token)
    gitlab.add_project(Project("team/app", members={7: 30}))
    said = python(DEBUG, gitlab, token.value)
    assert len(gitlab.requests) >= 3
    assert token.value[-16:] not in said


def test_debugging_does_not_show_a_token_that_the_server_repeats(gitlab: GitLab) -> None:
    headers = (("X-Echo", GOOD), ("Location", f"https://example.com/?private_token={GOOD}"))
    body = {"message": f"private_token={GOOD}"}
    gitlab.always(Answer(302, body, headers, reason=f"Found {GOOD}"))
    said = python(DEBUG, gitlab)
    assert gitlab.requests
    assert GOOD not in said


def test_an_exception_of_ours_does_not_hold_the_token(gitlab: GitLab) -> None:
    # What a debugger or an error collector would see.
    gitlab.always(Answer(raw=b"\x00" + GOOD.encode() + b"\r\n\r\n"))
    report = glcheck.check(url=gitlab.url, max_wait="3s", environ={"GITLAB_TOKEN": GOOD})
    assert plain(report)["exit_code"] in {30, 34}


def test_importing_loads_neither_requests_nor_yaml() -> None:
    script = "import sys, glcheck; glcheck.check; print(*sys.modules)"
    loaded = set(python(script, None).split())
    assert "glcheck.api" in loaded
    assert not loaded & {"requests", "urllib3", "yaml"}


GOOD_CODE = """
from __future__ import annotations

from typing import Any

import glcheck

report: glcheck.Report = glcheck.check(
    url="https://gitlab.example.com", token_env="TOKEN", scopes=["api"], forbid_scopes="sudo",
    min_validity="14d", max_validity=365, project=42, role="maintainer", allow=("network-error",),
    only=["release"], allow_http=False, environ={"TOKEN": ""},
)
ok: bool = report.ok
code: int = report.exit_code
document: dict[str, Any] = report.to_dict()
names: list[str] = [token.name for token in report.tokens]
texts: list[str] = [problem.message for problem in report.problems]
reveal_type(glcheck.check)
version: str = glcheck.__version__
"""
BAD_CODE = """import glcheck
glcheck.check(scopes=3)
glcheck.chek()
x: str = glcheck.check().ok
"""


@pytest.mark.slow
def test_the_interface_is_typed(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD_CODE, "utf-8")
    (tmp_path / "bad.py").write_text(BAD_CODE, "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", os.devnull]
    done = subprocess.run([*mypy, "good.py", "bad.py"], capture_output=True, text=True, check=False)
    errors = [line.split(":")[:2] for line in done.stdout.splitlines() if ": error: " in line]
    assert errors == [["bad.py", "2"], ["bad.py", "3"], ["bad.py", "4"]], done.stdout
    assert 'Revealed type is "Any"' not in done.stdout
    assert "glcheck.report.Report" in done.stdout or "-> glcheck" in done.stdout
