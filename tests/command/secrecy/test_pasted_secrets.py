"""A token pasted into a command line, a variable or a policy file is refused and not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab, Token
from kit.leaks import SECRET, leaks
from kit.policies import GOOD
from kit.shapes import OAUTH
from kit.shown import calm, refused, said

from glcheck.settings.table import SETTINGS

MIXED = "aB3dEfGh1jKlMn0pQrSt"
# fmt: off
WORDS = (
    "{}", "--{}", "-{}", "--{}=1", "--token={}", "--token {}", "check {}", "explain {}",
    "config {}", "-q{}", "-v{}",
)
VALUES = (
    "--url https://oauth2:{}@gitlab.example.com", "--url https://user:{}@127.0.0.1:1/",
    "--url http://{}.example.com", "--url ftp://{}/", "--url http://gitlab.example.com?token={}",
    "--report json={}/x", "--report {}=x", "--report json=nowhere/{}", "--output nowhere/{}",
    "--scopes api,{}", "--allow tls-error,{}", "--min-validity {}d", "--project a/b?token={}",
    "--project a --group {}", "--role {} --group a", "--allow-http={}", "--quiet={}", "--only {}",
    "--color {}", *(f"{setting.flag} {{}}" for setting in SETTINGS.values()),
)
LINES = (
    "{}", "{}: 1", "token: {}", "token-env: {}", "token-file: {}", "min-validity: {}", "role: {}",
    "allow: [{}]", "url: https://user:{}@gitlab.com", "url: {}", "tokens: {}", "tokens: [{}]",
    "tokens: [{{name: '{}!'}}]", "tokens: [{{name: a, {}: b}}]", "tokens: [{{name: a, token: {}}}]",
    "version: {}", "scopes: {{a: {}}}", "scopes: !!python/{} x", "scopes: *{}", "scopes: [{}",
    'scopes: "{}\n',
)
VARIABLES = (
    *((setting.variable, "{}") for setting in SETTINGS.values()),
    *((name, value) for name in ("GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")
      for value in ("{} ", "https://x:{}@gitlab.example.com:x", "http://{}")),
)
# fmt: on


@pytest.mark.parametrize("secret", [SECRET, OAUTH])
@pytest.mark.parametrize("line", WORDS)
def test_a_token_on_the_command_line_is_not_repeated(
    tmp_path: Path, line: str, secret: str
) -> None:
    result = said(tmp_path, *line.format(secret).split(), env={"GITLAB_TOKEN": GOOD})
    assert refused(result, tmp_path)
    assert not leaks(result.out + result.err, [secret])


@pytest.mark.parametrize("secret", [SECRET, OAUTH, MIXED])
@pytest.mark.parametrize("line", VALUES)
def test_a_token_inside_a_value_is_not_repeated(tmp_path: Path, line: str, secret: str) -> None:
    for more in ((), ("--format=json",)):
        result = said(tmp_path, *line.format(secret).split(), *more, env={"GITLAB_TOKEN": "***"})
        assert (result.code, calm(result)) == (2, True)
        assert not leaks(result.out + result.err, [secret])


@pytest.mark.parametrize(("name", "value"), VARIABLES)
def test_a_token_in_a_variable_for_a_setting_is_not_repeated(
    tmp_path: Path, name: str, value: str
) -> None:
    result = said(tmp_path, env={name: value.format(SECRET), "GITLAB_CI": "true"})
    assert result.code == 2 or (name == "GITLAB_HOST" and result.code == 10)
    assert calm(result)
    assert not leaks(result.out + result.err, [SECRET])


@pytest.mark.parametrize("line", LINES)
def test_a_secret_in_the_policy_file_is_refused_and_not_repeated(tmp_path: Path, line: str) -> None:
    head = "" if line.startswith("version") else "version: 1\n"
    (tmp_path / ".glcheck.yml").write_text(f"{head}{line.format(SECRET)}\n", "utf-8")
    for command in (("check", "--format", "json"), ("config",)):
        result = said(tmp_path, *command, env={"GITLAB_TOKEN": GOOD})
        assert (result.code, calm(result)) == (2, True)
        assert not leaks(result.out + result.err, [SECRET])


@pytest.mark.parametrize("sort", ["--{}", "{}", "--token-env {}", "--allow-http={}", "env", "file"])
def test_a_pasted_token_is_not_sent_either(gitlab: GitLab, run: Run, sort: str) -> None:
    gitlab.add(Token(SECRET))
    env = {"GLCHECK_REPORT": SECRET} if sort == "env" else {}
    policy = f"token: {SECRET}" if sort == "file" else ""
    (run.directory / ".glcheck.yml").write_text(policy, "utf-8")
    args = sort.format(SECRET).split() if "{}" in sort else ()
    result = run("-v", *args, token=SECRET, env=env)
    assert (result.code, calm(result)) == (2, True)
    assert not leaks(result.out + result.err, [SECRET])
    assert not gitlab.requests
