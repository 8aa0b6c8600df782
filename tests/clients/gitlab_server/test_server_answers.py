"""What the tests' GitLab answers, where clients that others wrote do not reach."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pytest
from kit.ask import ask, connect
from kit.gitlab_server import GitLab, Group, Project, Token, in_days
from kit.policies import GOOD, SELF

OTHER = "glpat-9kQ2w8e7RTyUiOpAsDfg"
API, ASSOCIATIONS, INFO = "/api/v4", f"{SELF}/associations", "/oauth/token/info"
USER, JOB, PROJECT = f"{API}/user", f"{API}/job", f"{API}/projects/group%2Fapp"
AS_JOB, BEARER = "JOB-TOKEN", "Authorization"
UNKNOWN = {"message": "401 Unauthorized"}


def guarded(text: str, error: str = "invalid_token", **more: str) -> dict[str, str]:
    return {"error": error, "error_description": text, **more}


EXPIRED = guarded("Token is expired. You can either do re-authorization or token refresh.")
REVOKED = guarded("Token was revoked. You have to re-authorize from the user.")
NO_DPOP = guarded("DPoP validation error: DPoP header is missing", "dpop_error")
DISABLED = guarded("Token is an impersonation token but impersonation was disabled.")
BLOCKED = {"message": "403 Forbidden - Your account has been blocked."}
NO_PERSONAL = "400 Bad request - This endpoint requires token type to be a personal access token"
BOT, NO_GRANT = (
    '"bot":true',
    ("insufficient_granular_scope", ':"Access denied: ', '[Project: Read]."'),
)


def needs(scopes: str) -> dict[str, str]:
    text = "The request requires higher privileges than provided by the access token."
    return guarded(text, "insufficient_scope", scope=scopes)


def of(kind: Any = "personal", **what: Any) -> Token:
    return Token(GOOD, kind=kind, **what)


class Case(NamedTuple):
    """A token that is known, and what an answer is, or what stands in it; GOOD asks."""

    token: Token
    status: int
    said: object
    path: str = SELF
    header: str = "PRIVATE-TOKEN"


LITTLE = of(scopes=("read_repository",))
STATES: dict[Any, str] = {
    "deactivated": "Your account has been deactivated by your administrator.",
    "pending": "Your account is pending approval",
    "terms": "You (@user7) must accept the Terms of Service",
    "unconfirmed": "Your primary email address is not confirmed.",
    "password-expired": "Your password expired.",
    "internal": "This action cannot be performed by internal users",
}
# fmt: off
CASES = {
    "a token that nobody knows": Case(Token(OTHER), 401, UNKNOWN),
    **{f"a {kind} token": Case(of(kind), 401, UNKNOWN) for kind in ("deploy", "runner", "job")},
    "expired": Case(of(expires_at=0), 401, EXPIRED),
    "revoked": Case(of(revoked=True), 401, REVOKED),
    "expired before revoked": Case(of(revoked=True, expires_at=-1), 401, EXPIRED),
    "account first": Case(of(state="blocked", dpop=True, expires_at=-1), 403, BLOCKED),
    "DPoP before revoked": Case(of(dpop=True, revoked=True), 401, NO_DPOP),
    "impersonation": Case(of("impersonation", impersonation_disabled=True), 401, DISABLED),
    **{name: Case(of(state=name), 403, f':"403 Forbidden - {why}') for name, why in STATES.items()},
    "scope for a user": Case(LITTLE, 403, needs("read_user api read_api"), USER),
    "scope for a version": Case(LITTLE, 403, needs("read_user api read_api"), f"{API}/version"),
    "scope for a project": Case(LITTLE, 403, needs("api read_api"), f"{API}/projects/1"),
    "scope for a member": Case(LITTLE, 403, needs("api read_api"), f"{API}/groups/1/members/all/7"),
    "no scope for associations": Case(LITTLE, 200, '"groups":[]', ASSOCIATIONS),
    "personal as bearer": Case(of(), 200, '"id":', header=BEARER),
    "personal as a job's": Case(of(), 401, UNKNOWN, header=AS_JOB),
    "no token": Case(of(), 401, UNKNOWN, header="X-Nothing"),
    "OAuth as private": Case(of("oauth"), 401, UNKNOWN),
    "OAuth of itself": Case(of("oauth"), 400, {"message": NO_PERSONAL}, header=BEARER),
    "OAuth of its user": Case(of("oauth"), 200, '"id":7,', USER, BEARER),
    "OAuth that is over": Case(of("oauth", expires_in=0), 401, EXPIRED, USER, BEARER),
    "OAuth info": Case(of("oauth", scopes=("openid",), expires_in=60), 200, (
        '"scope":["openid"]', '"expires_in":60,', '"resource_owner_id":7,'), INFO, BEARER),
    "OAuth info as private": Case(of("oauth"), 401, "invalid_request", INFO),
    "OAuth info, over": Case(of("oauth", expires_in=0), 401, "invalid_request", INFO, BEARER),
    "job": Case(of("job", name="build"), 200, '"name":"build"', JOB, AS_JOB),
    "job as bearer": Case(of("job"), 200, '"name":"ci"', JOB, BEARER),
    "job as private": Case(of("job"), 401, UNKNOWN, JOB),
    "job that is over": Case(of("job", revoked=True), 401, UNKNOWN, JOB, AS_JOB),
    "no job": Case(of(), 404, {"message": "404 Job Not Found"}, JOB),
    "fine-grained": Case(of("fine-grained"), 200, ('"scopes":["granular"]', '"granular":true')),
    "not of itself": Case(of("fine-grained", granular_self=False), 403, NO_GRANT[0]),
    "without a grant": Case(of("fine-grained", grants=()), 403, NO_GRANT, PROJECT),
    "with a grant": Case(of("fine-grained", granular_self=False), 200, '"id":', PROJECT),
    "classic where only fine-grained": Case(of(), 403, NO_GRANT, PROJECT),
    "a person": Case(of(), 200, (':"user7"', '"bot":false', '"id":7,'), USER),
    "a project's bot": Case(of("project", resource_id=12), 200, (':"project_12_bot_', BOT), USER),
    "a group's bot": Case(of("group", resource_id=3), 200, (':"group_3_bot_', BOT), USER),
    "a service": Case(of("service-account"), 200, (':"service_account_', BOT), USER),
    "nothing there": Case(of(), 404, {"error": "404 Not Found"}, f"{API}/nothing"),
}
# fmt: on


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_answers(case: Case) -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(case.token)
        server.add_project(Project("group/app", members={7: 30}, granular_only=True))
        reply = ask(server, case.path, header=case.header)
    assert reply.status == case.status, reply.body
    if isinstance(case.said, dict):
        assert reply.json == case.said
    else:
        parts = case.said if isinstance(case.said, tuple) else (case.said,)
        assert [part for part in parts if part not in reply.body.decode()] == []
    assert "WWW-Authenticate" not in reply.headers


def test_describes_a_token(gitlab: GitLab) -> None:
    ips, scopes, before = ("127.0.0.1",), ("api", "read_user"), in_days(-30)
    gitlab.add(of(id=42, scopes=scopes, expires_at=None, last_used_ips=ips))
    reply = ask(gitlab, SELF)
    told = {"id": 42, "name": "ci", "scopes": [*scopes], "user_id": 7, "last_used_ips": [*ips]}
    told |= {"revoked": False, "active": True, "created_at": reply.json["created_at"]}
    assert reply.json == {**told, **dict.fromkeys(("description", "last_used_at", "expires_at"))}
    assert told["created_at"] in {f"{day}T09:30:00.000Z" for day in (before, in_days(-30))}
    assert reply.headers["Date"]
    assert reply.headers["X-Request-Id"]
    assert reply.headers["Set-Cookie"].startswith("_gitlab_session=")


def test_never_replaces_a_token(gitlab: GitLab) -> None:
    gitlab.add(of())
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
        reply = ask(gitlab, f"{API}/projects/{name}")
        member = ask(gitlab, f"{API}/projects/{name}/members/all/7")
        if permissions is None:
            assert reply.json == member.json == {"message": "404 Project Not Found"}
            assert reply.status == 404
            continue
        found = [reply.json["permissions"][key] for key in ("project_access", "group_access")]
        assert tuple(one and one["access_level"] for one in found) == permissions
        assert (member.status, member.json.get("access_level")) == (200 if access else 404, access)
    assert ask(gitlab, f"{API}/projects/g/p").json == {"error": "404 Not Found"}


def test_groups(gitlab: GitLab) -> None:
    gitlab.add(of())
    group = gitlab.add_group(Group("top/sub", members={7: 40}, shared={7: 50}))
    gitlab.add_group(Group("hidden"))
    assert ask(gitlab, f"{API}/groups/top%2Fsub").json["full_path"] == "top/sub"
    assert ask(gitlab, f"{API}/groups/{group.id}/members/all/7").json["access_level"] == 50
    assert ask(gitlab, f"{API}/groups/hidden").json == {"message": "404 Group Not Found"}


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
        assert ask(server, f"{API}/metadata").json["version"] == version


def test_pages_that_are_not_the_api() -> None:
    with GitLab(prefix="/gitlab") as server:
        reply = ask(server, "/group/app")
        assert (reply.status, reply.headers["Location"]) == (302, f"{server.url}/users/sign_in")
        assert ask(server, "/users/sign_in").headers["Content-Type"].startswith("text/html")
        assert ask(server, SELF, method="POST").status == 405
        with contextlib.closing(connect(server)) as outside:
            outside.request("GET", SELF)
            page = outside.getresponse()
            assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_throttle(gitlab: GitLab) -> None:
    gitlab.add(of())
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
