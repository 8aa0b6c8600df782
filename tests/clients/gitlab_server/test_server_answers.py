"""What the tests' GitLab answers, where clients that others wrote do not reach."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import Any

import pytest
from kit.ask import ask, connect
from kit.gitlab_server import GitLab, Group, Project, Token, in_days
from kit.policies import GOOD, SELF

OTHER, OAUTH, JOB = "glpat-9kQ2w8e7RTyUiOpAsDfg", "0123456789abcdef" * 4, "glcbt-running"
ASSOCIATIONS, USER, INFO = f"{SELF}/associations", "/api/v4/user", "/oauth/token/info"
UNKNOWN = {"message": "401 Unauthorized"}
TOO_LITTLE = "The request requires higher privileges than provided by the access token."


def guarded(text: str, error: str = "invalid_token") -> dict[str, str]:
    return {"error": error, "error_description": text}


EXPIRED = guarded("Token is expired. You can either do re-authorization or token refresh.")
REVOKED = guarded("Token was revoked. You have to re-authorize from the user.")
NO_DPOP = guarded("DPoP validation error: DPoP header is missing", "dpop_error")
DISABLED = guarded("Token is an impersonation token but impersonation was disabled.")
BLOCKED = {"message": "403 Forbidden - Your account has been blocked."}


def test_describes_a_token(gitlab: GitLab) -> None:
    ips, scopes = ("127.0.0.1",), ("api", "read_user")
    gitlab.add(Token(GOOD, id=42, scopes=scopes, expires_at=None, last_used_ips=ips))
    reply = ask(gitlab, SELF)
    assert reply.status == 200
    assert reply.json == {
        "id": 42,
        "name": "ci",
        "revoked": False,
        "created_at": f"{in_days(-30)}T09:30:00.000Z",
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


# fmt: off
@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (Token(OTHER), 401, UNKNOWN),
        (Token(GOOD, kind="deploy"), 401, UNKNOWN),
        (Token(GOOD, kind="runner"), 401, UNKNOWN),
        (Token(GOOD, kind="job"), 401, UNKNOWN),
        (Token(GOOD, expires_at=0), 401, EXPIRED),
        (Token(GOOD, revoked=True), 401, REVOKED),
        (Token(GOOD, revoked=True, expires_at=-1), 401, EXPIRED),
        (Token(GOOD, state="blocked", dpop=True, expires_at=-1), 403, BLOCKED),
        (Token(GOOD, dpop=True, revoked=True), 401, NO_DPOP),
        (Token(GOOD, kind="impersonation", impersonation_disabled=True), 401, DISABLED),
    ],
    ids=[
        "unknown", "deploy", "runner", "job", "expired", "revoked", "expired first", "account first",
        "DPoP first", "impersonation",
    ],
)
# fmt: on
def test_order_and_text_of_refusals(
    gitlab: GitLab, token: Token, status: int, body: dict[str, str]
) -> None:
    gitlab.add(token)
    reply = ask(gitlab, SELF)
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
def test_account_states(gitlab: GitLab, state: Any, text: str) -> None:
    gitlab.add(Token(GOOD, state=state))
    reply = ask(gitlab, SELF)
    assert reply.status == 403
    assert reply.json["message"].startswith(f"403 Forbidden - {text}")


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("user", "read_user api read_api"),
        ("version", "read_user api read_api"),
        ("projects/1", "api read_api"),
        ("groups/1/members/all/7", "api read_api"),
    ],
)
def test_scope_too_small(gitlab: GitLab, path: str, scopes: str) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    reply = ask(gitlab, f"/api/v4/{path}")
    expected = {**guarded(TOO_LITTLE, "insufficient_scope"), "scope": scopes}
    assert (reply.status, reply.json) == (403, expected)
    assert "WWW-Authenticate" not in reply.headers
    assert ask(gitlab, ASSOCIATIONS).status == 200


def test_each_kind_has_its_header(gitlab: GitLab) -> None:
    for token in (Token(GOOD), Token(OAUTH, kind="oauth"), Token(JOB, kind="job", name="build")):
        gitlab.add(token)
    no_personal = "This endpoint requires token type to be a personal access token"
    job, bearer = "/api/v4/job", "Authorization"
    assert ask(gitlab, SELF, GOOD, bearer).status == 200
    assert ask(gitlab, SELF, GOOD, "JOB-TOKEN").json == UNKNOWN
    assert ask(gitlab, SELF, "").json == UNKNOWN
    assert ask(gitlab, SELF, OAUTH).json == UNKNOWN
    refused = {"message": f"400 Bad request - {no_personal}"}
    assert ask(gitlab, SELF, OAUTH, bearer).json == refused
    assert ask(gitlab, USER, OAUTH, bearer).status == 200
    assert ask(gitlab, job, JOB, "JOB-TOKEN").json["name"] == "build"
    assert ask(gitlab, job, JOB, bearer).status == 200
    assert ask(gitlab, job, JOB).json == UNKNOWN
    assert ask(gitlab, job).json == {"message": "404 Job Not Found"}
    gitlab.add(Token(JOB, kind="job", revoked=True))
    assert ask(gitlab, job, JOB, "JOB-TOKEN").json == UNKNOWN


def test_oauth_token_info() -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(OAUTH, kind="oauth", scopes=("read_api", "openid"), expires_in=60))
        info = ask(server, INFO, OAUTH, "Authorization").json
        told = {"scope": ["read_api", "openid"], "expires_in": 60, "resource_owner_id": 7}
        assert info.items() >= told.items()
        assert ask(server, INFO, OAUTH).status == 401
        server.add(Token(OAUTH, kind="oauth", expires_in=0))
        dead = ask(server, INFO, OAUTH, "Authorization")
        assert (dead.status, dead.json["error"]) == (401, "invalid_request")
        assert ask(server, USER, OAUTH, "Authorization").json == EXPIRED


def test_fine_grained_tokens(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD, kind="fine-grained", grants=()))
    gitlab.add(Token(OTHER))
    gitlab.add_project(Project("group/app", members={7: 30}, granular_only=True))
    described, project = ask(gitlab, SELF).json, "/api/v4/projects/group%2Fapp"
    assert (described["scopes"], described["granular"]) == (["granular"], True)
    for value in (GOOD, OTHER):
        refused = ask(gitlab, project, value)
        assert (refused.status, refused.json["error"]) == (403, "insufficient_granular_scope")
        assert refused.json["error_description"].startswith("Access denied: ")
        assert refused.json["error_description"].endswith("[Project: Read].")
    gitlab.add(Token(GOOD, kind="fine-grained", granular_self=False))
    assert ask(gitlab, SELF).json["error"] == "insufficient_granular_scope"
    assert ask(gitlab, project).status == 200


@pytest.mark.parametrize(
    ("token", "username", "bot"),
    [
        (Token(GOOD), "user7", False),
        (Token(GOOD, kind="project", resource_id=12), "project_12_bot_", True),
        (Token(GOOD, kind="group", resource_id=3), "group_3_bot_", True),
        (Token(GOOD, kind="service-account"), "service_account_", True),
    ],
    ids=["person", "project", "group", "service account"],
)
def test_user_names_tell_the_kind(gitlab: GitLab, token: Token, username: str, bot: bool) -> None:
    gitlab.add(token)
    user = ask(gitlab, USER).json
    assert user["username"].startswith(username)
    assert (user["bot"], user["id"]) == (bot, 7)


def test_never_replaces_a_token(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    reply = ask(gitlab, f"{SELF}/rotate", method="POST")
    assert (reply.status, reply.json) == (500, {"message": "500 Internal Server Error"})
    assert [request.method for request in gitlab.rotations] == ["POST"]
    assert gitlab.rotations == gitlab.requests


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
    ids=["direct", "inherited", "shared", "public", "hidden"],
)
def test_roles_in_a_project(
    gitlab: GitLab, project: Project, permissions: tuple[Any, Any] | None, access: int | None
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    project = gitlab.add_project(project)
    for name in ("g%2Fp", "G%2fP", str(project.id)):
        reply = ask(gitlab, f"/api/v4/projects/{name}")
        member = ask(gitlab, f"/api/v4/projects/{name}/members/all/7")
        if permissions is None:
            assert reply.json == member.json == {"message": "404 Project Not Found"}
            assert reply.status == 404
            continue
        found = [reply.json["permissions"][key] for key in ("project_access", "group_access")]
        assert tuple(one and one["access_level"] for one in found) == permissions
        assert (member.status, member.json.get("access_level")) == (200 if access else 404, access)
    assert ask(gitlab, "/api/v4/projects/g/p").json == {"error": "404 Not Found"}


def test_groups(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    group = gitlab.add_group(Group("top/sub", members={7: 40}, shared={7: 50}))
    gitlab.add_group(Group("hidden"))
    assert ask(gitlab, "/api/v4/groups/top%2Fsub").json["full_path"] == "top/sub"
    assert ask(gitlab, f"/api/v4/groups/{group.id}/members/all/7").json["access_level"] == 50
    assert ask(gitlab, "/api/v4/groups/hidden").json == {"message": "404 Group Not Found"}


def test_associations(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    for number in range(3):
        gitlab.add_group(Group(f"g{number}", members={7: 20}))
    gitlab.add_project(Project("g0/p", members={7: 40}))
    gitlab.add_project(Project("g0/shared", shared={7: 30}))
    gitlab.add_project(Project("g0/public", public=True))
    first = ask(gitlab, f"{ASSOCIATIONS}?per_page=2&page=1")
    groups = [(group["name"], group["access_levels"]) for group in first.json["groups"]]
    projects = [(p["path_with_namespace"], p["access_levels"]) for p in first.json["projects"]]
    assert groups == [("g0", 20), ("g1", 20)]
    assert projects == [
        ("g0/p", {"project_access_level": 40, "group_access_level": None}),
        ("g0/shared", {"project_access_level": None, "group_access_level": None}),
    ]
    # The headers count projects: a third group is on a page that they do not announce.
    told = [first.headers[f"X-{name}"] for name in ("Total", "Next-Page", "Page")]
    assert told == ["2", "", "1"]
    second = ask(gitlab, f"{ASSOCIATIONS}?per_page=2&page=2").json
    assert ([group["name"] for group in second["groups"]], second["projects"]) == (["g2"], [])
    high = ask(gitlab, f"{ASSOCIATIONS}?min_access_level=30").json
    assert (high["groups"], len(high["projects"])) == ([], 2)
    assert ask(gitlab, f"{ASSOCIATIONS}?min_access_level=7").status == 400
    assert ask(gitlab, f"{ASSOCIATIONS}?per_page=500").headers["X-Per-Page"] == "100"


# The instance


@pytest.mark.parametrize(
    ("version", "itself", "associations"),
    [("15.4.6", 404, 404), ("15.5.0", 200, 404), ("17.3.7-ee", 200, 404), ("17.4.0", 200, 200)],
)
def test_versions(version: str, itself: int, associations: int) -> None:
    with GitLab(version=version) as server:
        server.add(Token(GOOD))
        reply = ask(server, SELF)
        assert (reply.status, ask(server, ASSOCIATIONS).status) == (itself, associations)
        assert itself == 200 or reply.json == {"message": "404 Personal Access Token Not Found"}
        assert ask(server, "/api/v4/metadata").json["version"] == version


def test_pages_that_are_not_the_api() -> None:
    with GitLab(prefix="/gitlab") as server:
        reply = ask(server, "/group/app")
        assert (reply.status, reply.headers["Location"]) == (302, f"{server.url}/users/sign_in")
        assert ask(server, "/users/sign_in").headers["Content-Type"].startswith("text/html")
        assert ask(server, "/api/v4/nothing").json == {"error": "404 Not Found"}
        assert ask(server, SELF, method="POST").status == 405
        with contextlib.closing(connect(server)) as outside:
            outside.request("GET", SELF)
            page = outside.getresponse()
            assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_throttle(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    gitlab.throttle = 1
    served, refused = ask(gitlab, SELF), ask(gitlab, SELF)
    assert (served.status, refused.status, refused.body) == (200, 429, b"Retry later\n")
    assert (refused.headers["Content-Type"], refused.headers["Retry-After"]) == ("text/plain", "1")
    limits = {f"RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "ResetTime")}
    assert limits <= set(refused.headers)


def test_clock(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD, expires_at="2030-01-02"))
    gitlab.date = datetime(2030, 1, 1, 23, 59, 59, tzinfo=timezone.utc)
    alive = ask(gitlab, SELF)
    assert (alive.status, alive.headers["Date"]) == (200, "Tue, 01 Jan 2030 23:59:59 GMT")
    gitlab.date = datetime(2030, 1, 2, tzinfo=timezone.utc)
    assert ask(gitlab, SELF).json == EXPIRED
    gitlab.no_date = True
    assert "Date" not in ask(gitlab, SELF).headers
