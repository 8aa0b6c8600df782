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

import glcheck

GOOD = "glpat-sEcReT0123456789abcd"
OTHER = "glpat-bbbbbbbbbbbbbbbbbbbb"


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
    return found


def test_a_good_token(gitlab: GitLab, capfd: pytest.CaptureFixture[str]) -> None:
    gitlab.add(Token(GOOD, name="release"))
    report = glcheck.check(url=gitlab.url, scopes=["read_api"], environ={"GITLAB_TOKEN": GOOD})
    assert (report.ok, report.category.label, report.exit_code) == (True, "ok", 0)
    (token,) = plain(report)["tokens"]
    assert (token["name"], token["token"]["name"], token["requests"]) == (
        "GITLAB_TOKEN",
        "release",
        1,
    )
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize(
    ("settings", "category", "code"),
    [
        ({"scopes": "sudo"}, "scope-missing", 21),
        ({"scopes": ["read_user", "sudo"]}, "scope-missing", 21),
        ({"scopes": ("sudo",), "allow": ["scope-missing"]}, "ok", 0),
        ({"forbid_scopes": "api"}, "scope-forbidden", 22),
        ({"min_validity": "200d"}, "expires-soon", 20),
        ({"min_validity": 200}, "expires-soon", 20),
        ({"min_validity": 0}, "ok", 0),
        ({"warn_validity": 200}, "ok", 0),
        ({"max_validity": "2w"}, "lives-too-long", 25),
        ({"project": "team/app", "role": "owner"}, "role-too-low", 23),
        ({"project": 4711, "role": "developer"}, "ok", 0),
        ({"group": "team"}, "not-found", 24),
        ({"kind": "group"}, "wrong-token-kind", 16),
        ({"token_env": "ABSENT"}, "token-missing", 10),
        ({"token_env": "OTHER"}, "token-invalid", 12),
        ({"timeout": 5, "max_wait": "30s"}, "ok", 0),
        # Settings that cannot be used: told in the report, not raised.
        ({"role": "owner"}, "error", 2),
        ({"role": "root", "project": "team/app"}, "error", 2),
        ({"min_validity": "soon"}, "error", 2),
        ({"min_validity": -1}, "error", 2),
        ({"url": "http://gitlab.example.com"}, "error", 2),
        ({"url": "nonsense"}, "error", 2),
        ({"ca_file": "absent.pem"}, "error", 2),
        ({"allow": ["everything"]}, "error", 2),
        ({"config": "absent.yml"}, "error", 2),
        ({"only": ["release"]}, "error", 2),
        ({"token_env": GOOD}, "error", 2),
        ({"token_env": "A", "token_file": "b"}, "error", 2),
        ({"project": "a/b", "group": "a"}, "error", 2),
        ({"timeout": "x"}, "error", 2),
        ({"scopes": 7}, "error", 2),
        ({"scopes": ["api", None]}, "error", 2),
        ({"role": 40, "project": "team/app"}, "error", 2),
    ],
    ids=str,
)
def test_settings_are_those_of_the_command(
    gitlab: GitLab,
    capfd: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    category: str,
    code: int,
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("team/app", id=4711, members={7: 30}))
    environ = {"GITLAB_TOKEN": GOOD, "OTHER": OTHER, "GITLAB_URL": gitlab.url}
    report = glcheck.check(environ=environ, **settings)
    assert (report.exit_code, report.ok) == (code, code == 0)
    found = plain(report)
    assert (found["exit_code"], found["ok"], found["category"]) == (
        code,
        code == 0,
        report.category.label,
    )
    if code == 2:
        assert report.category.label in {"usage-error", "config-error"}
        assert (found["tokens"], len(found["problems"])) == ([], 1)
        assert not gitlab.requests
    else:
        assert report.category.label == category
    assert tuple(capfd.readouterr()) == ("", "")
    assert GOOD not in json.dumps(found) + repr(report) + str(report)


def test_the_report_is_that_of_the_command(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    ours = plain(
        glcheck.check(scopes="sudo", environ={"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url})
    )
    theirs = run.json("--scopes", "sudo", token=GOOD).report
    for report in (ours, theirs):
        report["checked_at"] = ""
        for token in report["tokens"]:
            token["elapsed_ms"] = token["token"]["seconds_left"] = 0
    assert ours == theirs


def test_variables_stand_behind_arguments(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    environ = {"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url, "GLCHECK_SCOPES": "sudo"}
    assert glcheck.check(environ=environ).exit_code == 21
    assert glcheck.check(environ=environ, scopes="api").exit_code == 0
    assert glcheck.check(environ=environ, scopes="").exit_code == 21


def test_the_environment_of_the_process_is_used_unless_another_is_given(
    gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.add(Token(GOOD))
    monkeypatch.setenv("GITLAB_TOKEN", GOOD)
    monkeypatch.setenv("GITLAB_URL", gitlab.url)
    assert glcheck.check().exit_code == 0
    assert glcheck.check(environ={"GITLAB_URL": gitlab.url}).exit_code == 10
    assert glcheck.check(environ={}).exit_code == 10
    assert os.environ["GITLAB_TOKEN"] == GOOD


def test_a_policy_with_tokens(gitlab: GitLab, tmp_path: Path) -> None:
    gitlab.add(Token(GOOD))
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "tokens:\n- {name: a, token-env: A}\n- {name: b, token-env: B}\n- {name: c}\n", "utf-8"
    )
    environ = {"A": GOOD, "B": OTHER, "GITLAB_URL": gitlab.url}
    report = glcheck.check(config=policy, environ=environ)
    assert [token.name for token in report.tokens] == ["a", "b", "c"]
    assert [token["category"] for token in plain(report)["tokens"]] == [
        "ok",
        "token-invalid",
        "token-missing",
    ]
    assert report.exit_code == 10
    picked = glcheck.check(config=str(policy), only=["a"], environ=environ)
    assert [token["name"] for token in plain(picked)["tokens"]] == ["a"]
    assert picked.ok


def test_a_faulty_policy_is_in_the_report(gitlab: GitLab, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("version: 1\nscops: [api]\n", "utf-8")
    report = glcheck.check(config=policy, environ={"GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url})
    (problem,) = report.problems
    assert (problem.category.label, report.exit_code) == ("config-error", 2)
    assert "policy.yml:2" in problem.message
    assert not gitlab.requests


def test_a_network_that_fails_is_in_the_report() -> None:
    report = glcheck.check(url="http://127.0.0.1:9", max_wait="1s", environ={"GITLAB_TOKEN": GOOD})
    assert (report.category.label, report.exit_code) == ("network-error", 30)


def test_the_report_cannot_be_changed(gitlab: GitLab) -> None:
    report = glcheck.check(environ={"GITLAB_URL": gitlab.url})
    with pytest.raises(AttributeError):
        report.tokens = ()  # type: ignore[misc]


def test_settings_are_named(gitlab: GitLab) -> None:
    with pytest.raises(TypeError):
        glcheck.check(gitlab.url)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        glcheck.check(token=GOOD)  # type: ignore[call-arg]


def test_no_handler_or_level_is_left_behind(gitlab: GitLab) -> None:
    script = """
import logging, signal, sys, gc, glcheck
before = (logging.root.handlers[:], logging.root.level, signal.getsignal(signal.SIGINT), gc.isenabled(), sys.path[:])
report = glcheck.check(scopes="api")
after = (logging.root.handlers[:], logging.root.level, signal.getsignal(signal.SIGINT), gc.isenabled(), sys.path[:])
print(before == after, report.exit_code)
"""
    gitlab.add(Token(GOOD))
    assert _python(script, gitlab).split() == ["True", "0"]


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


@pytest.mark.parametrize("kind", ["PRIVATE-TOKEN", "Bearer", "JOB-TOKEN"])
def test_debugging_the_http_library_does_not_show_the_token(gitlab: GitLab, kind: str) -> None:
    secret = {
        "PRIVATE-TOKEN": GOOD,
        "Bearer": "0123456789abcdef" * 4,
        "JOB-TOKEN": "glcbt-64_sEcReT0123456789ab",
    }[kind]
    gitlab.add(
        Token(
            secret,
            kind="oauth" if kind == "Bearer" else "job" if kind == "JOB-TOKEN" else "personal",
        )
    )
    gitlab.add_project(Project("team/app", members={7: 30}))
    said = _python(DEBUG, gitlab, secret)
    assert len(gitlab.requests) >= 3
    assert secret not in said
    assert secret[-16:] not in said


def test_debugging_does_not_show_a_token_that_the_server_repeats(gitlab: GitLab) -> None:
    headers = (("X-Echo", GOOD), ("Location", f"https://example.com/?private_token={GOOD}"))
    gitlab.always(
        Answer(302, {"message": f"private_token={GOOD}"}, headers, reason=f"Found {GOOD}")
    )
    said = _python(DEBUG, gitlab)
    assert gitlab.requests
    assert GOOD not in said


def test_an_exception_of_ours_does_not_hold_the_token(gitlab: GitLab) -> None:
    # What a debugger or an error collector would see.
    gitlab.always(Answer(raw=b"\x00" + GOOD.encode() + b"\r\n\r\n"))
    report = glcheck.check(url=gitlab.url, max_wait="3s", environ={"GITLAB_TOKEN": GOOD})
    assert report.exit_code in {30, 34}
    assert GOOD not in repr(report) + json.dumps(report.to_dict())


def test_arguments_that_hold_a_token_are_not_repeated(gitlab: GitLab) -> None:
    environ = {"GITLAB_TOKEN": OTHER, "GITLAB_URL": gitlab.url}
    for name in (
        "url",
        "token_env",
        "scopes",
        "min_validity",
        "role",
        "kind",
        "allow",
        "timeout",
        "ca_file",
        "config",
    ):
        settings: dict[str, Any] = {name: GOOD}
        report = glcheck.check(environ=environ, **settings)
        assert report.exit_code in {2, 12}
        assert GOOD not in repr(report) + json.dumps(report.to_dict())


def test_importing_loads_neither_requests_nor_yaml() -> None:
    script = "import sys, glcheck; glcheck.check; print([m for m in ('requests', 'urllib3', 'yaml') if m in sys.modules])"
    assert _python(script, None).strip() == "[]"


TYPED = """
from __future__ import annotations

from typing import Any

import glcheck

report: glcheck.Report = glcheck.check(
    url="https://gitlab.example.com", token_env="TOKEN", scopes=["api"], forbid_scopes="sudo", min_validity="14d",
    max_validity=365, project=42, role="maintainer", allow=("network-error",), only=["release"],
    allow_http=False, environ={"TOKEN": ""},
)
ok: bool = report.ok
code: int = report.exit_code
document: dict[str, Any] = report.to_dict()
names: list[str] = [token.name for token in report.tokens]
texts: list[str] = [problem.message for problem in report.problems]
reveal_type(glcheck.check)
version: str = glcheck.__version__
"""


def test_the_interface_is_typed(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(TYPED, "utf-8")
    (tmp_path / "bad.py").write_text(
        "import glcheck\n\nglcheck.check(scopes=3)\nglcheck.chek()\nx: str = glcheck.check().ok\n",
        "utf-8",
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-incremental",
            "--cache-dir",
            os.devnull,
            "good.py",
            "bad.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert not [line for line in errors if line.startswith("good.py")], done.stdout
    assert [line.split(":")[1] for line in errors] == ["3", "4", "5"], done.stdout
    assert 'Revealed type is "Any"' not in done.stdout
    assert "glcheck.report.Report" in done.stdout or "-> glcheck" in done.stdout


def _python(script: str, gitlab: GitLab | None, token: str = GOOD) -> str:
    environ = {
        "PATH": os.defpath,
        "GITLAB_TOKEN": token,
        **({"GITLAB_URL": gitlab.url} if gitlab else {}),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
