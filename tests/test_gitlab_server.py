"""The tests' GitLab, asked by clients written against the real one, and directly where those do not reach."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gitlab
import pytest
import requests
from kit.gitlab_server import (
    Answer,
    Certificates,
    GitLab,
    Group,
    Project,
    Request,
    Token,
    certificates,
    in_days,
)

VALUE = "glpat-3fZ1p5y4XWcCvMGVlfak"
OTHER = "glpat-9kQ2w8e7RTyUiOpAsDfg"
OAUTH = "0123456789abcdef" * 4
SELF = "/api/v4/personal_access_tokens/self"
ASSOCIATIONS = SELF + "/associations"
UNKNOWN = {"message": "401 Unauthorized"}
EXPIRED = {
    "error": "invalid_token",
    "error_description": "Token is expired. You can either do re-authorization or token refresh.",
}
REVOKED = {
    "error": "invalid_token",
    "error_description": "Token was revoked. You have to re-authorize from the user.",
}
BLOCKED = {"message": "403 Forbidden - Your account has been blocked."}
DIRECT = {"access_level": 40, "notification_level": 3}
RULE = """\
rules:
  - name: GitLab token
    id: here.gitlab.1
    pattern: '\\b(glpat-[0-9A-Za-z_-]{20})\\b'
    examples: [glpat-3fZ1p5y4XWcCvMGVlfak]
    validation:
      type: Http
      content:
        request:
          method: GET
          url: '{{ GITLAB }}/api/v4/personal_access_tokens/self'
          headers: {PRIVATE-TOKEN: '{{ TOKEN }}'}
          response_matcher:
            - report_response: true
            - {type: StatusMatch, status: [200]}
            - {type: JsonValid}
"""


@pytest.fixture
def server() -> Iterator[GitLab]:
    with GitLab() as running:
        yield running


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


def connect(server: GitLab) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)


def ask(
    server: GitLab,
    path: str,
    value: str = VALUE,
    header: str = "PRIVATE-TOKEN",
    method: str = "GET",
) -> Reply:
    connection = connect(server)
    presented = f"Bearer {value}" if header == "Authorization" else value
    try:
        connection.request(
            method, server.prefix + path, headers={header: presented} if value else {}
        )
        response = connection.getresponse()
        return Reply(response.status, response.read(), response.headers)
    finally:
        connection.close()


def run(home: Path, program: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python's environment, cut off from the caller's settings."""
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **env},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


# python-gitlab


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["current-user", "get"], {"username": "user7", "bot": False}),
        (["personal-access-token", "get", "--id", "self"], {"scopes": ["api"], "active": True}),
        (
            ["project", "get", "--id", "group/app"],
            {"permissions": {"project_access": DIRECT, "group_access": None}},
        ),
        (["project-member-all", "get", "--project-id", "group/app", "--id", "7"], {"access_level": 40}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
def test_command_of_python_gitlab_reads(
    tmp_path: Path, command: list[str], answer: dict[str, object]
) -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(VALUE))
        server.add_project(Project("group/app", members={7: 40}))
        done = run(
            tmp_path,
            "gitlab",
            "--server-url",
            server.url,
            "--private-token",
            VALUE,
            "-o",
            "json",
            *command,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert answer.items() <= json.loads(done.stdout).items()
        assert server.requests[0].path == "/gitlab/api/v4/user"
        assert all(request.headers["private-token"] == VALUE for request in server.requests)


def test_command_of_python_gitlab_reports_an_expired_token(server: GitLab, tmp_path: Path) -> None:
    server.add(Token(VALUE, expires_at=in_days(0)))
    done = run(
        tmp_path,
        "gitlab",
        "--server-url",
        server.url,
        "--private-token",
        VALUE,
        "current-user",
        "get",
    )
    assert done.returncode == 1
    assert "401: invalid_token" in done.stderr


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as own:
        own.trust_env = False  # no proxy, no netrc
        yield own


def test_library_walks_pages(server: GitLab, session: requests.Session) -> None:
    server.add(Token(VALUE, scopes=("read_api",)))
    group = server.add_group(Group("group", members={7: 40}))
    paths = [f"group/p{number:02}" for number in range(45)]
    for path in paths:
        server.add_project(Project(path, group_members={7: 40}))
    client = gitlab.Gitlab(server.url, private_token=VALUE, session=session)
    found = client.groups.get("group").projects.list(get_all=True)
    assert client.version() == ("18.5.0", "0123456789a")
    assert [project.path_with_namespace for project in found] == paths
    assert sum(f"/groups/{group.id}/projects" in request.path for request in server.requests) == 3


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ({"private_token": OTHER}, 401, "401 Unauthorized"),
        ({"private_token": VALUE}, 403, "insufficient_scope"),
        ({"oauth_token": OAUTH}, 404, "404 Project Not Found"),
        ({"job_token": "glcbt-running"}, 401, "401 Unauthorized"),
    ],
)
def test_library_understands_refusals(
    server: GitLab, session: requests.Session, arguments: dict[str, Any], status: int, text: str
) -> None:
    server.add(Token(VALUE, scopes=("read_repository",)))
    server.add(Token(OAUTH, kind="oauth"))
    server.add(Token("glcbt-running", kind="job"))
    client = gitlab.Gitlab(server.url, session=session, **arguments)
    with pytest.raises(gitlab.GitlabError) as refused:
        client.projects.get("group/hidden")
    assert (refused.value.response_code, refused.value.error_message) == (status, text)


def test_library_waits_as_long_as_the_throttle_says(
    server: GitLab, session: requests.Session
) -> None:
    server.add(Token(VALUE))
    server.throttle = 2
    client = gitlab.Gitlab(server.url, private_token=VALUE, session=session)
    started = time.monotonic()
    for _ in range(3):
        client.auth()
    assert time.monotonic() - started >= 1
    assert len(server.requests) == 4


# kingfisher

KINGFISHER = ("--allow-internal-ips", "--no-update-check")


@pytest.mark.parametrize(
    ("token", "outcome", "status"),
    [
        (Token(VALUE, scopes=("read_repository",)), "verified_active", 200),
        (Token(VALUE, revoked=True), "verified_inactive", 401),
        (Token(VALUE, state="blocked"), "unavailable", 403),
    ],
)
def test_kingfisher_validates(
    server: GitLab, tmp_path: Path, token: Token, outcome: str, status: int
) -> None:
    # The built-in rule does not follow --endpoint: this one asks the same question of the server here.
    server.add(token)
    (tmp_path / "rule.yml").write_text(RULE)
    rule = (
        "--rules-path",
        "rule.yml",
        "--no-builtins",
        "--rule",
        "here.gitlab.1",
        "--format",
        "json",
    )
    asking = ("--var", f"GITLAB={server.url}", "--retries", "0", *KINGFISHER)
    done = run(tmp_path, "kingfisher", "validate", *rule, *asking, VALUE)
    said = json.loads(done.stdout)
    assert (said["validation_outcome"], said["status_code"]) == (outcome, status)
    assert [(r.path, r.headers["private-token"]) for r in server.requests] == [(SELF, VALUE)]


def test_kingfisher_enumerates_a_group(server: GitLab, tmp_path: Path) -> None:
    server.add(Token(VALUE))
    server.add_group(Group("group", members={7: 20}))
    server.add_project(Project("group/app", group_members={7: 20}))
    server.add_project(Project("group/hidden"))
    where = ("--group", "group", "--api-url", f"{server.url}/", *KINGFISHER)
    done = run(
        tmp_path, "kingfisher", "scan", "gitlab", "--list-only", *where, KF_GITLAB_TOKEN=VALUE
    )
    assert done.returncode == 0
    assert done.stdout.split() == [f"{server.url}/group/app.git"]


# Tokens


def test_describes_a_token(server: GitLab) -> None:
    server.add(
        Token(
            VALUE, id=42, scopes=("api", "read_user"), expires_at=None, last_used_ips=("127.0.0.1",)
        )
    )
    reply = ask(server, SELF)
    assert reply.status == 200
    assert reply.json == {
        "id": 42,
        "name": "ci",
        "revoked": False,
        "created_at": in_days(-30) + "T09:30:00.000Z",
        "description": None,
        "scopes": ["api", "read_user"],
        "user_id": 7,
        "last_used_at": None,
        "active": True,
        "expires_at": None,
        "last_used_ips": ["127.0.0.1"],
    }
    assert reply.headers["Date"]
    assert reply.headers["X-Request-Id"]
    assert reply.headers["Set-Cookie"].startswith("_gitlab_session=")


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (Token(OTHER), 401, UNKNOWN),
        (Token(VALUE, kind="deploy"), 401, UNKNOWN),
        (Token(VALUE, kind="runner"), 401, UNKNOWN),
        (Token(VALUE, kind="job"), 401, UNKNOWN),
        (Token(VALUE, expires_at=in_days(0)), 401, EXPIRED),
        (Token(VALUE, revoked=True), 401, REVOKED),
        (Token(VALUE, revoked=True, expires_at=in_days(-1)), 401, EXPIRED),
        (Token(VALUE, state="blocked", dpop=True, expires_at=in_days(-1)), 403, BLOCKED),
        (
            Token(VALUE, dpop=True, revoked=True),
            401,
            {
                "error": "dpop_error",
                "error_description": "DPoP validation error: DPoP header is missing",
            },
        ),
        (
            Token(VALUE, kind="impersonation", impersonation_disabled=True),
            401,
            {
                "error": "invalid_token",
                "error_description": "Token is an impersonation token but impersonation was disabled.",
            },
        ),
    ],
)
def test_order_and_text_of_refusals(
    server: GitLab, token: Token, status: int, body: dict[str, str]
) -> None:
    server.add(token)
    reply = ask(server, SELF)
    assert (reply.status, reply.json) == (status, body)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("deactivated", "Your account has been deactivated by your administrator."),
        ("pending", "Your account is pending approval"),
        ("terms", "You (@user7) must accept the Terms of Service"),
        ("unconfirmed", "Your primary email address is not confirmed."),
        ("password-expired", "Your password expired."),
        ("internal", "This action cannot be performed by internal users"),
    ],
)
def test_account_states(server: GitLab, state: Any, text: str) -> None:
    server.add(Token(VALUE, state=state))
    reply = ask(server, SELF)
    assert reply.status == 403
    assert reply.json["message"].startswith(f"403 Forbidden - {text}")


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("/api/v4/user", "read_user api read_api"),
        ("/api/v4/version", "read_user api read_api"),
        ("/api/v4/projects/1", "api read_api"),
        ("/api/v4/groups/1/members/all/7", "api read_api"),
    ],
)
def test_scope_too_small(server: GitLab, path: str, scopes: str) -> None:
    server.add(Token(VALUE, scopes=("read_repository",)))
    reply = ask(server, path)
    text = "The request requires higher privileges than provided by the access token."
    assert reply.status == 403
    assert reply.json == {"error": "insufficient_scope", "error_description": text, "scope": scopes}
    assert "WWW-Authenticate" not in reply.headers
    assert ask(server, ASSOCIATIONS).status == 200


def test_each_kind_has_its_header(server: GitLab) -> None:
    server.add(Token(VALUE))
    server.add(Token(OAUTH, kind="oauth"))
    server.add(Token("glcbt-running", kind="job", name="build"))
    assert ask(server, SELF, VALUE, "Authorization").status == 200
    assert ask(server, SELF, VALUE, "JOB-TOKEN").json == UNKNOWN
    assert ask(server, SELF, "").json == UNKNOWN
    assert ask(server, SELF, OAUTH).json == UNKNOWN
    refusal = "400 Bad request - This endpoint requires token type to be a personal access token"
    assert ask(server, SELF, OAUTH, "Authorization").json == {"message": refusal}
    assert ask(server, "/api/v4/user", OAUTH, "Authorization").status == 200
    assert ask(server, "/api/v4/job", "glcbt-running", "JOB-TOKEN").json["name"] == "build"
    assert ask(server, "/api/v4/job", "glcbt-running", "Authorization").status == 200
    assert ask(server, "/api/v4/job", "glcbt-running").json == UNKNOWN
    assert ask(server, "/api/v4/job").json == {"message": "404 Job Not Found"}
    server.add(Token("glcbt-running", kind="job", revoked=True))
    assert ask(server, "/api/v4/job", "glcbt-running", "JOB-TOKEN").json == UNKNOWN


def test_oauth_token_info() -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(OAUTH, kind="oauth", scopes=("read_api", "openid"), expires_in=60))
        info = ask(server, "/oauth/token/info", OAUTH, "Authorization").json
        assert (info["scope"], info["expires_in"], info["resource_owner_id"]) == (
            ["read_api", "openid"],
            60,
            7,
        )
        assert ask(server, "/oauth/token/info", OAUTH).status == 401
        server.add(Token(OAUTH, kind="oauth", expires_in=0))
        dead = ask(server, "/oauth/token/info", OAUTH, "Authorization")
        assert (dead.status, dead.json["error"]) == (401, "invalid_request")
        assert ask(server, "/api/v4/user", OAUTH, "Authorization").json == EXPIRED


def test_fine_grained_tokens(server: GitLab) -> None:
    server.add(Token(VALUE, kind="fine-grained", grants=()))
    server.add(Token(OTHER))
    server.add_project(Project("group/app", members={7: 30}, granular_only=True))
    described = ask(server, SELF).json
    assert (described["scopes"], described["granular"]) == (["granular"], True)
    for value in (VALUE, OTHER):
        refused = ask(server, "/api/v4/projects/group%2Fapp", value)
        assert (refused.status, refused.json["error"]) == (403, "insufficient_granular_scope")
        assert refused.json["error_description"].startswith("Access denied: ")
        assert refused.json["error_description"].endswith("[Project: Read].")
    server.add(Token(VALUE, kind="fine-grained", granular_self=False))
    assert ask(server, SELF).json["error"] == "insufficient_granular_scope"
    assert ask(server, "/api/v4/projects/group%2Fapp").status == 200


@pytest.mark.parametrize(
    ("token", "username", "bot"),
    [
        (Token(VALUE), "user7", False),
        (Token(VALUE, kind="project", resource_id=12), "project_12_bot_", True),
        (Token(VALUE, kind="group", resource_id=3), "group_3_bot_", True),
        (Token(VALUE, kind="service-account"), "service_account_", True),
    ],
)
def test_user_names_tell_the_kind(server: GitLab, token: Token, username: str, bot: bool) -> None:
    server.add(token)
    user = ask(server, "/api/v4/user").json
    assert user["username"].startswith(username)
    assert (user["bot"], user["id"]) == (bot, 7)


def test_never_replaces_a_token(server: GitLab) -> None:
    server.add(Token(VALUE))
    reply = ask(server, SELF + "/rotate", method="POST")
    assert (reply.status, reply.json) == (500, {"message": "500 Internal Server Error"})
    assert server.rotations == server.requests
    assert server.rotations[0].method == "POST"


# Projects and groups


@pytest.mark.parametrize(
    ("project", "permissions", "access"),
    [
        (Project("g/p", members={7: 30}, group_members={7: 20}), (30, 20), 30),
        (Project("g/p", group_members={7: 50}), (None, 50), 50),
        (Project("g/p", shared={7: 15}), (None, None), 15),
        (Project("g/p", public=True), (None, None), None),
        (Project("g/p", members={8: 50}), None, None),
    ],
)
def test_roles_in_a_project(
    server: GitLab,
    project: Project,
    permissions: tuple[int | None, int | None] | None,
    access: int | None,
) -> None:
    server.add(Token(VALUE, scopes=("read_api",)))
    project = server.add_project(project)
    for name in ("g%2Fp", "G%2fP", str(project.id)):
        reply = ask(server, f"/api/v4/projects/{name}")
        member = ask(server, f"/api/v4/projects/{name}/members/all/7")
        if permissions is None:
            assert (reply.status, reply.json) == (404, {"message": "404 Project Not Found"})
            assert member.json == {"message": "404 Project Not Found"}
            continue
        found = reply.json["permissions"]
        levels = [
            found[key] and found[key]["access_level"] for key in ("project_access", "group_access")
        ]
        assert tuple(levels) == permissions
        assert (member.status, member.json.get("access_level")) == (200 if access else 404, access)
    assert ask(server, "/api/v4/projects/g/p").json == {"error": "404 Not Found"}


def test_groups(server: GitLab) -> None:
    server.add(Token(VALUE))
    group = server.add_group(Group("top/sub", members={7: 40}, shared={7: 50}))
    server.add_group(Group("hidden"))
    assert ask(server, "/api/v4/groups/top%2Fsub").json["full_path"] == "top/sub"
    assert ask(server, f"/api/v4/groups/{group.id}/members/all/7").json["access_level"] == 50
    assert ask(server, "/api/v4/groups/hidden").json == {"message": "404 Group Not Found"}


def test_associations(server: GitLab) -> None:
    server.add(Token(VALUE, scopes=("read_repository",)))
    for number in range(3):
        server.add_group(Group(f"g{number}", members={7: 20}))
    server.add_project(Project("g0/p", members={7: 40}))
    server.add_project(Project("g0/shared", shared={7: 30}))
    server.add_project(Project("g0/public", public=True))
    reply = ask(server, ASSOCIATIONS + "?per_page=2&page=1")
    assert [group["name"] for group in reply.json["groups"]] == ["g0", "g1"]
    assert [group["access_levels"] for group in reply.json["groups"]] == [20, 20]
    assert [(p["path_with_namespace"], p["access_levels"]) for p in reply.json["projects"]] == [
        ("g0/p", {"project_access_level": 40, "group_access_level": None}),
        ("g0/shared", {"project_access_level": None, "group_access_level": None}),
    ]
    # The headers count projects: a third group is on a page that they do not announce.
    assert (reply.headers["X-Total"], reply.headers["X-Next-Page"], reply.headers["X-Page"]) == (
        "2",
        "",
        "1",
    )
    second = ask(server, ASSOCIATIONS + "?per_page=2&page=2").json
    assert ([group["name"] for group in second["groups"]], second["projects"]) == (["g2"], [])
    high = ask(server, ASSOCIATIONS + "?min_access_level=30").json
    assert (high["groups"], len(high["projects"])) == ([], 2)
    assert ask(server, ASSOCIATIONS + "?min_access_level=7").status == 400
    assert ask(server, ASSOCIATIONS + "?per_page=500").headers["X-Per-Page"] == "100"


# The instance


@pytest.mark.parametrize(
    ("version", "itself", "associations"),
    [("15.4.6", 404, 404), ("15.5.0", 200, 404), ("17.3.7-ee", 200, 404), ("17.4.0", 200, 200)],
)
def test_versions(version: str, itself: int, associations: int) -> None:
    with GitLab(version=version) as server:
        server.add(Token(VALUE))
        reply = ask(server, SELF)
        assert (reply.status, ask(server, ASSOCIATIONS).status) == (itself, associations)
        assert itself == 200 or reply.json == {"message": "404 Personal Access Token Not Found"}
        assert ask(server, "/api/v4/metadata").json["version"] == version


def test_pages_that_are_not_the_api(session: requests.Session) -> None:
    with GitLab(prefix="/gitlab") as server:
        reply = ask(server, "/group/app")
        assert (reply.status, reply.headers["Location"]) == (302, f"{server.url}/users/sign_in")
        assert ask(server, "/users/sign_in").headers["Content-Type"].startswith("text/html")
        assert ask(server, "/api/v4/nothing").json == {"error": "404 Not Found"}
        assert ask(server, SELF, method="POST").status == 405
        outside = session.get(server.url.removesuffix("/gitlab") + SELF, timeout=5)
        assert (outside.status_code, outside.headers["Content-Type"]) == (
            404,
            "text/html; charset=utf-8",
        )


def test_throttle(server: GitLab) -> None:
    server.add(Token(VALUE))
    server.throttle = 1
    served, refused = ask(server, SELF), ask(server, SELF)
    assert (served.status, refused.status, refused.body) == (200, 429, b"Retry later\n")
    assert refused.headers["Content-Type"] == "text/plain"
    assert refused.headers["Retry-After"] == "1"
    assert {
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "RateLimit-ResetTime",
    } <= set(refused.headers)


def test_clock(server: GitLab) -> None:
    server.add(Token(VALUE, expires_at="2030-01-02"))
    server.date = datetime(2030, 1, 1, 23, 59, 59, tzinfo=timezone.utc)
    alive = ask(server, SELF)
    assert (alive.status, alive.headers["Date"]) == (200, "Tue, 01 Jan 2030 23:59:59 GMT")
    server.date = datetime(2030, 1, 2, tzinfo=timezone.utc)
    assert ask(server, SELF).json == EXPIRED
    server.no_date = True
    assert "Date" not in ask(server, SELF).headers


# What is told to happen


def test_scripted_answers_come_first_and_once(server: GitLab) -> None:
    server.add(Token(VALUE))
    server.always(Answer(503, "<html>"), path="/user")
    server.script(Answer(502, "<html>", reason="Bad"), Answer(body={"a": 1}), path="tokens/self")
    server.script(Answer(418, b"", (("Content-Type", "text/x"),)))
    replies = [
        ask(server, path)
        for path in ("/api/v4/user", "/api/v4/user", SELF, SELF, SELF, "/api/v4/user")
    ]
    assert [reply.status for reply in replies] == [418, 503, 502, 200, 200, 503]
    assert replies[0].headers["Content-Type"] == "text/x"
    assert replies[3].json == {"a": 1}
    assert "X-Request-Id" not in replies[3].headers


def test_broken_answers(server: GitLab) -> None:
    server.script(
        Answer(raw=b"SSH-2.0-x\r\n"),
        Answer(close_after=0),
        Answer(body="x" * 50, close_after=150),
        Answer(body=b"slow", delay=0.05, drip=0.01),
    )
    with pytest.raises(http.client.BadStatusLine):
        ask(server, SELF)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, SELF)
    with pytest.raises(http.client.IncompleteRead):
        ask(server, SELF)
    started = time.monotonic()
    assert ask(server, SELF).body == b"slow"
    assert time.monotonic() - started >= 0.09


def test_keeps_connections_alive(server: GitLab) -> None:
    server.add(Token(VALUE))
    connection = connect(server)
    started = time.monotonic()
    for _ in range(50):
        connection.request("GET", SELF, headers={"Private-Token": VALUE})
        assert connection.getresponse().read()
    assert time.monotonic() - started < 1  # 40 ms each where small writes wait for acknowledgements
    assert len({request.client for request in server.requests}) == 1
    assert server.requests[0] == Request(
        "GET", SELF, server.requests[0].headers, server.requests[0].client
    )
    second = connect(server)
    second.connect()
    second.request("GET", SELF)
    assert second.getresponse().status == 401
    assert server.most_open == 2
    connection.close()
    second.close()


# TLS and the end


@pytest.mark.parametrize("flaw", ["expired", "not_yet_valid", "wrong_host", "other_ca"])
def test_flawed_certificates(certs: Certificates, session: requests.Session, flaw: str) -> None:
    with GitLab(tls=getattr(certs, flaw)) as server, pytest.raises(requests.exceptions.SSLError):
        session.get(server.url + SELF, verify=str(certs.ca_file), timeout=5)
    assert server.requests == []


def test_tls_does_not_wait_for_a_silent_client(
    certs: Certificates, session: requests.Session
) -> None:
    with GitLab(tls=certs.good, prefix="/gitlab") as server:
        assert server.url.startswith("https://localhost:")
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)):
            reply = session.get(server.url + "/users/sign_in", verify=str(certs.ca_file), timeout=5)
            assert reply.status_code == 200


def test_stops_under_clients_that_hang(certs: Certificates) -> None:
    before = set(threading.enumerate())
    for tls in (None, certs.good):
        server = GitLab(tls=tls)
        server.always(Answer(delay=60))
        trusting = ssl.create_default_context(cafile=str(certs.ca_file))
        with server:
            address = ("127.0.0.1", urlsplit(server.url).port or 0)
            sockets = [socket.create_connection(address, timeout=5) for _ in range(3)]
            if tls:  # the first never shakes hands
                sockets[1:] = [
                    trusting.wrap_socket(s, server_hostname="localhost") for s in sockets[1:]
                ]
            sockets[1].sendall(b"GET / HTTP/1.1\r\nHost:")
            sockets[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while not server.requests:
                time.sleep(0.01)
            started = time.monotonic()
        assert time.monotonic() - started < 1
        assert set(threading.enumerate()) <= before
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address, timeout=5)
        for each in sockets:
            each.close()
