"""The tests' GitLab, asked by clients that others wrote against the real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from gitlab import Gitlab, GitlabError
from kit.gitlab_server import GitLab, Group, Project, Token
from kit.policies import GOOD, SELF

OAUTH = "0123456789abcdef" * 4
DIRECT = {"project_access": {"access_level": 40, "notification_level": 3}, "group_access": None}
KINGFISHER = ("--allow-internal-ips", "--no-update-check")
# The built-in rule does not follow --endpoint: this one asks the same question of the server here.
RULE = r"""
rules:
  - name: GitLab token
    id: here.gitlab.1
    pattern: '\b(glpat-[0-9A-Za-z_-]{20})\b'
    examples: [glpat-3fZ1p5y4XWcCvMGVlfak]
    validation: {type: Http, content: {request: {
      method: GET, url: '{{ GITLAB }}/api/v4/personal_access_tokens/self',
      headers: {PRIVATE-TOKEN: '{{ TOKEN }}'}, response_matcher: [
        {report_response: true}, {type: StatusMatch, status: [200]}, {type: JsonValid}]}}}
"""


def run(home: Path, program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python's environment, cut off from the caller's settings."""
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), **env}
    how: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60}
    return subprocess.run(command, env=environ, cwd=home, check=False, **how)


def client(server: GitLab, **credentials: Any) -> Gitlab:
    session = requests.Session()
    session.trust_env = False  # no proxy, no netrc
    return Gitlab(server.url, session=session, **credentials)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("current-user get", {"username": "user7", "bot": False}),
        ("personal-access-token get --id self", {"scopes": ["api"], "active": True}),
        ("project get --id group/app", {"permissions": DIRECT}),
        ("project-member-all get --project-id group/app --id 7", {"access_level": 40}),
    ],
)
def test_command_of_python_gitlab_reads(
    tmp_path: Path, command: str, answer: dict[str, object]
) -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(GOOD))
        server.add_project(Project("group/app", members={7: 40}))
        where = ("--server-url", server.url, "--private-token", GOOD, "-o", "json")
        done = run(tmp_path, "gitlab", *where, *command.split())
        assert (done.returncode, done.stderr) == (0, "")
        assert answer.items() <= json.loads(done.stdout).items()
        assert server.requests[0].path == "/gitlab/api/v4/user"
        assert all(request.headers["private-token"] == GOOD for request in server.requests)


def test_library_walks_pages(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    group = gitlab.add_group(Group("group", members={7: 40}))
    paths = [f"group/p{number:02}" for number in range(45)]
    for path in paths:
        gitlab.add_project(Project(path, group_members={7: 40}))
    library = client(gitlab, private_token=GOOD)
    found = library.groups.get("group").projects.list(get_all=True)
    assert library.version() == ("18.5.0", "0123456789a")
    assert [project.path_with_namespace for project in found] == paths
    assert sum(f"/groups/{group.id}/projects" in request.path for request in gitlab.requests) == 3


@pytest.mark.parametrize(
    ("credentials", "token", "status", "text"),
    [
        ({"private_token": GOOD}, Token("another"), 401, "401 Unauthorized"),
        ({"private_token": GOOD}, Token(GOOD, expires_at=0), 401, "invalid_token"),
        ({"private_token": GOOD}, Token(GOOD, scopes=("sudo",)), 403, "insufficient_scope"),
        ({"oauth_token": OAUTH}, Token(OAUTH, "oauth"), 404, "404 Project Not Found"),
        ({"job_token": "glcbt-1"}, Token("glcbt-1", "job"), 401, "401 Unauthorized"),
    ],
    ids=["unknown", "expired", "scope", "OAuth", "job"],
)
def test_library_understands_refusals(
    gitlab: GitLab, credentials: dict[str, str], token: Token, status: int, text: str
) -> None:
    gitlab.add(token)
    with pytest.raises(GitlabError) as refused:
        client(gitlab, **credentials).projects.get("group/hidden")
    assert (refused.value.response_code, refused.value.error_message) == (status, text)


def test_library_waits_as_long_as_the_throttle_says(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    gitlab.throttle = 2
    library, started = client(gitlab, private_token=GOOD), time.monotonic()
    for _ in range(3):
        library.auth()
    assert time.monotonic() - started >= 1
    assert len(gitlab.requests) == 4


@pytest.mark.parametrize(
    ("token", "outcome", "status"),
    [
        (Token(GOOD, scopes=("read_repository",)), "verified_active", 200),
        (Token(GOOD, revoked=True), "verified_inactive", 401),
        (Token(GOOD, state="blocked"), "unavailable", 403),
    ],
    ids=["active", "revoked", "blocked"],
)
def test_kingfisher_validates(
    gitlab: GitLab, tmp_path: Path, token: Token, outcome: str, status: int
) -> None:
    gitlab.add(token)
    (tmp_path / "rule.yml").write_text(RULE)
    rule = ("--rules-path", "rule.yml", "--no-builtins", "--rule", "here.gitlab.1")
    asking = ("--format", "json", "--var", f"GITLAB={gitlab.url}", "--retries", "0", *KINGFISHER)
    said = json.loads(run(tmp_path, "kingfisher", "validate", *rule, *asking, GOOD).stdout)
    assert (said["validation_outcome"], said["status_code"]) == (outcome, status)
    assert [(r.path, r.headers["private-token"]) for r in gitlab.requests] == [(SELF, GOOD)]


def test_kingfisher_enumerates_a_group(gitlab: GitLab, tmp_path: Path) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_group(Group("group", members={7: 20}))
    gitlab.add_project(Project("group/app", group_members={7: 20}))
    gitlab.add_project(Project("group/hidden"))
    asking = ("scan", "gitlab", "--list-only", "--group", "group", *KINGFISHER)
    where = ("--api-url", f"{gitlab.url}/")
    done = run(tmp_path, "kingfisher", *asking, *where, KF_GITLAB_TOKEN=GOOD)
    assert (done.returncode, done.stdout.split()) == (0, [f"{gitlab.url}/group/app.git"])
