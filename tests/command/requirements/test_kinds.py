"""Kinds of tokens: what they are told by, and how each is asked about."""

from __future__ import annotations

from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Token
from kit.judged import NOON
from kit.policies import GOOD, SELF, answered, check_each, describe
from kit.told import JOB, NO_OAUTH, OAUTH, Rows, expect  # fmt: skip

USERS: dict[str, tuple[dict[str, object], str]] = {
    "person": ({"username": "project_5_bot_x", "bot": False}, "personal"),
    "bot": ({"username": "project_5_bot_0123456789abcdef", "bot": True}, "project"),
    "bot of long ago": ({"username": "project_5_bot", "bot": True}, "project"),
    "bot of a group": ({"username": "group_5_bot_0123456789abcdef", "bot": True}, "group"),
    "service account": ({"username": "service_account_group_5_x", "bot": True}, "service-account"),
    "bot of another name": ({"username": "deployer", "bot": True}, "service-account"),
    "bot by its name": ({"username": "group_5_bot_0123456789abcdef"}, "group"),
    "service account by its name": ({"username": "service_account_x"}, "service-account"),
    "person by the name": ({"username": "me"}, "personal"),
    "person of another type": ({"username": "me", "bot": 1}, "personal"),
}


def test_a_person_may_be_called_like_a_bot(gitlab: GitLab, run: Run) -> None:
    tokens = answered(gitlab, {name: Answer(200, describe()) for name in USERS})
    rows: Rows = {}
    for name, (user, kind) in USERS.items():
        path = f"/at-{name.replace(' ', '-')}/api/v4/user"
        gitlab.always(Answer(200, {"id": 7, **user}), path=path)
        rows[name] = {**tokens[name], "kind": kind}, "ok"
    expect(run, rows)


def test_a_job_token_is_asked_about_as_one(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(JOB, "job"))
    assert run("--kind", "job", "--max-validity", "1d", "--min-validity", "0", token=JOB).code == 0
    (request,) = gitlab.requests
    assert (request.path, request.headers["job-token"]) == ("/api/v4/job", JOB)
    assert run(token="glcbt-64_9kQ2w8e7RTyUiOpAsDfg").code == 12


def test_an_oauth_token_is_asked_about_as_one(run_alone: Run) -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(OAUTH, "oauth", scopes=("read_api", "openid")))
        asked = ("--url", server.url, "--kind", "oauth", "--scopes", "read_user,openid")
        result = run_alone.json(*asked, token=OAUTH)
    token = result.token["token"]
    assert (result.code, token["kind"], token["scopes"]) == (0, "oauth", ["read_api", "openid"])
    (request,) = server.requests
    assert request.path == "/gitlab/oauth/token/info"
    assert request.headers["authorization"] == f"Bearer {OAUTH}"


def test_an_oauth_token_may_have_another_shape(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, "oauth", scopes=("read_api",)))
    gitlab.always(Answer(400, {"message": NO_OAUTH}), path=SELF)
    assert run("--kind", "oauth", token=GOOD).code == 0
    sent = [request.headers.get("authorization") for request in gitlab.requests]
    assert sent == [None, f"Bearer {GOOD}"]


def test_an_oauth_token_dies_when_its_seconds_are_over(gitlab: GitLab, run: Run) -> None:
    def lived(seconds: int) -> Answer:
        about = {"scope": ["api"], "expires_in": 3600, "resource_owner_id": 7}
        return Answer(200, {**about, "created_at": int(NOON.timestamp()) - seconds})

    gitlab.date = NOON
    # A warning from the last quarter on: that of the first began a quarter of a second ago.
    tokens = answered(gitlab, {"warns": lived(3 * 3600 + 1), "does not": lived(3 * 3600)})
    reports = check_each(run, {name: {**at, "secret": OAUTH} for name, at in tokens.items()})
    details = {"required_seconds": 3600, "seconds_left": 3600}
    found = [[problem["details"] for problem in token["problems"]] for token in reports.values()]
    assert found == [[details], []]
    token = reports["warns"]["token"]
    assert (token["user_id"], token["expires_at_utc"]) == (7, "2027-03-01T13:00:00Z")
