"""Command lines, policies and paths of reports that mean nothing: one sentence, nothing asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.gitlab_server import GitLab, Token
from kit.policies import GOOD
from kit.shown import calm, refused, said

# fmt: off
LINES = (
    "--unknown", "check --unknown=1", "-x", "chekc", "check check", "check extra", "config extra",
    "explain --unknown", "explain ok ok", "--scopes", "--url", "--config", "--report",
    "--scopes --kind job", "--quiet=yes", "-- api", "", "--role root --project a/b",
    "--project a/b --group a", "--kind robot", "--token-env MY\u00a0TOKEN", "--token-env 1TOKEN",
    "--token-env $TOKEN", "--only release", "--report json", "--url gitlab", "--color sometimes",
)
ENTRIES = (
    "scops: [api]", "role: owner", "url: http://gitlab.example.com", "kind: robot", "config: x",
    "url: https://evil.example.com", "ca-file: absent.pem", "min-validity: soon", "name: good 1",
    "token-env: glpat-aaaaaaaaaaaaaaaaaaaa", "allow: [everything]", "project: 1\n  group: 2",
    "token-file: a\n  token-env: B", "role: root\n  project: a/b",
)
REPORTS = (
    "--output absent/report.txt", "--output .", "--output /dev/null/x", "--report json=.",
    "--report json=absent/report.json", "--report json=good.json --report junit=absent/b.xml",
    f"--report json={'x' * 5000}", "--report yaml=a.yaml",
)
# fmt: on


@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_a_command_line_that_means_nothing_is_refused(tmp_path: Path, line: str) -> None:
    assert refused(said(tmp_path, *(line.split(" ")), env={"GITLAB_TOKEN": GOOD}), tmp_path)


def test_a_misspelt_flag_is_set_right_on_standard_error(tmp_path: Path) -> None:
    result = said(tmp_path, "--format", "json", "--min-validty", "1d", env={"GITLAB_TOKEN": GOOD})
    assert (refused(result, tmp_path), result.out) == (True, "")
    assert "--min-validity" in result.err


@pytest.mark.parametrize("entry", ENTRIES)
def test_one_bad_entry_among_good_ones_asks_nothing(
    gitlab: GitLab, tmp_path: Path, entry: str
) -> None:
    name = "" if entry.startswith("name") else "name: bad\n  "
    policy = f"tokens:\n- name: good 1\n- {name}{entry}\n- name: good 2\n"
    (tmp_path / ".glcheck.yml").write_text(policy, "utf-8")
    env = {"GITLAB_URL": gitlab.url, "GITLAB_TOKEN": gitlab.add(Token(GOOD))}
    result = said(tmp_path, "--format", "json", env=env)
    assert (result.code, result.report["tokens"], calm(result)) == (2, [], True)
    assert any(f".glcheck.yml:{line}" in result.out for line in (3, 4))
    assert not gitlab.requests


@pytest.mark.parametrize("line", REPORTS, ids=range(len(REPORTS)))
def test_a_report_that_cannot_be_written_is_a_usage_error_before_anything_is_asked(
    gitlab: GitLab, tmp_path: Path, line: str
) -> None:
    env = {"GITLAB_URL": gitlab.url, "GITLAB_TOKEN": gitlab.add(Token(GOOD))}
    result = said(tmp_path, *line.split(), env=env)
    assert (result.code, calm(result), bool(result.out + result.err)) == (2, True, True)
    assert not gitlab.requests
