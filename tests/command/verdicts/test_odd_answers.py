"""told.Answers that are nearly GitLab's: about a token, its owner, and what it reaches."""

from __future__ import annotations

import sys

import pytest
from kit import told
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Token, in_days
from kit.policies import GOOD, answered, check_each, describe, verdicts
from kit.told import HTML, JOB, OAUTH, Rows, expect, invalid_token

UNEXPECTED = "unexpected-answer"


def test_only_scopes_and_expiry_are_needed_and_more_is_no_harm(gitlab: GitLab, run: Run) -> None:
    day = in_days(100)
    bodies: dict[str, tuple[dict[str, object], str]] = {
        "little": ({"scopes": ["api"], "expires_at": None}, "ok"),
        "much": (describe(last_used_ips=["10.0.0.1"], novelty={"a": [1]}), "ok"),
        "granular number": (describe(granular=1), "ok"),
        "a moment": (describe(expires_at=f"{day}T00:00:00.000Z"), "ok"),
        "many scopes": (describe(scopes=["api", *(f"new_{n}" for n in range(200))]), "ok"),
        "nearly 1 MiB": (describe(description="x" * 1_000_000), "ok"),
        "revoked": (describe(revoked=True, active=False), "token-revoked"),
        "revoked but active": (describe(revoked=True), "token-revoked"),
        "inactive": (describe(active=False), "token-expired"),
        "past its day": (describe(expires_at=in_days(0)), "token-expired"),
    }
    tokens = answered(gitlab, {name: Answer(200, row[0]) for name, row in bodies.items()})
    reports = check_each(run, tokens, top={"scopes": ["api"]})
    found = {name: token["category"] for name, token in reports.items()}
    assert found == {name: row[1] for name, row in bodies.items()}
    assert reports["a moment"]["token"]["expires_at"] == day
    for field in ("expires_at", "expires_at_utc", "seconds_left", "days_left"):
        assert reports["little"]["token"][field] is None


ODD_DETAILS: dict[str, dict[str, object]] = {
    "half a character": {"name": "\ud800"}, "name empty": {"name": ""},
    "name long": {"name": "x" * 100_000}, "id of another type": {"id": "42"},
    "id huge": {"id": 10**300}, "user of another type": {"user_id": "7/../../8"},
    "user absent": {"user_id": None}, "birth number": {"created_at": 1},
    "birth words": {"created_at": "long ago"}, "far": {"expires_at": "9999-12-31"},
    "birth late": {"created_at": "9999-12-31T00:00:00Z"}, "scopes none": {"scopes": []},
    "scope odd": {"scopes": ["\ud800", "", "a b", "api"]}, "granular text": {"granular": "yes"},
}  # fmt: skip


def test_odd_details_of_a_description_are_no_trouble(gitlab: GitLab, run: Run) -> None:
    answers = {name: Answer(200, describe(**change)) for name, change in ODD_DETAILS.items()}
    tokens = answered(gitlab, answers)
    placed = {f"{n} placed": {**t, "project": "a/b", "role": "guest"} for n, t in tokens.items()}
    for path in ("/projects/a/b", "/members/all/"):
        gitlab.always(Answer(404, told.NO_PROJECT), path=path)
    found = verdicts(run, {**tokens, **placed})
    assert {name for name in tokens if found[name] not in {"ok", UNEXPECTED}} == set()
    assert {name for name in placed if found[name] not in {"not-found", UNEXPECTED}} == set()
    assert [request.path for request in gitlab.requests if ".." in request.path] == []


# An OAuth token, or one of a job, and what is said of it.
OTHERS: dict[str, tuple[str, Answer, str]] = {
    "scope absent": (OAUTH, Answer(200, {"expires_in": 7200}), UNEXPECTED),
    "scope number": (OAUTH, Answer(200, {"scope": 7, "expires_in": 7200}), UNEXPECTED),
    "expiry absent": (OAUTH, Answer(200, {"scope": ["api"]}), UNEXPECTED),
    "expiry words": (OAUTH, Answer(200, {"scope": ["api"], "expires_in": "soon"}), UNEXPECTED),
    "expiry bool": (OAUTH, Answer(200, {"scope": ["api"], "expires_in": True}), UNEXPECTED),
    "far": (OAUTH, Answer(200, {"scope": ["api"], "expires_in": 10**30}), "ok"),
    "birth": (OAUTH, Answer(200, {"scope": [], "expires_in": None, "created_at": "x"}), "ok"),
    "expired": (OAUTH, Answer(401, invalid_token(told.EXPIRED)), "token-expired"),
    "revoked": (OAUTH, Answer(401, invalid_token(told.REVOKED)), "token-revoked"),
    "invalid": (OAUTH, Answer(401, invalid_token("The access token is invalid")), "token-invalid"),
    "request": (OAUTH, Answer(401, {"error": "invalid_request"}), "token-invalid"),
    "request as 400": (OAUTH, Answer(400, {"error": "invalid_request"}), "token-invalid"),
    "request as 402": (OAUTH, Answer(402, {"error": "invalid_request"}), UNEXPECTED),
    "another reason": (OAUTH, Answer(400, {"error": "invalid_grant"}), UNEXPECTED),
    "client": (OAUTH, Answer(401, {"error": "invalid_client"}), UNEXPECTED),
    "job without a name": (JOB, Answer(200, {"id": 5, "name": 7}), UNEXPECTED),
    "job without an id": (JOB, Answer(200, {"name": "test", "status": "running"}), UNEXPECTED),
    "job": (JOB, Answer(200, {"id": 5, "name": "test", "user": {"id": 9}}), "ok"),
    "job status": (JOB, Answer(200, {"id": 5, "status": "running", "user": 9}), "ok"),
}


def test_odd_descriptions_of_other_tokens_are_no_verdict(gitlab: GitLab, run: Run) -> None:
    tokens = answered(gitlab, {name: row[1] for name, row in OTHERS.items()})
    asked = {name: {**at, "secret": OTHERS[name][0]} for name, at in tokens.items()}
    reports = check_each(run, asked)
    found = {name: token["category"] for name, token in reports.items()}
    assert found == {name: row[2] for name, row in OTHERS.items()}
    assert [reports[name]["token"]["user_id"] for name in ("job", "job status")] == [9, None]


def test_answers_about_the_project_are_told_apart(gitlab: GitLab, run: Run) -> None:
    text = {"permissions": {"project_access": {"access_level": "40"}, "group_access": None}}
    rows: dict[str, tuple[Answer, str]] = {
        "list": (Answer(200, []), UNEXPECTED),
        "permissions text": (Answer(200, {"id": 1, "permissions": "all"}), UNEXPECTED),
        "level text": (Answer(200, {"id": 1, **text}), UNEXPECTED),
        "nameless": (Answer(200, {"permissions": {"project_access": 40}}), UNEXPECTED),
        "level": (Answer(200, {"id": 1, "permissions": {"group_access": 30}}), "ok"),
        "moved": (Answer(301, "", (("Location", "/api/v4/projects/1"),)), UNEXPECTED),
        "404 html": (Answer(404, HTML), UNEXPECTED),
        "404": (Answer(404, told.NO_PROJECT), "not-found"),
        "404 of a gateway": (Answer(404, {"message": "Not Found"}), UNEXPECTED),
        "410": (Answer(410, told.NO_PROJECT), UNEXPECTED),
        "400": (Answer(400, told.NO_PROJECT), UNEXPECTED),
        "403": (Answer(403, {"message": "403 Forbidden"}), "role-too-low"),
        "403 of a gateway": (Answer(403, {"message": "Forbidden"}), UNEXPECTED),
        "unknown": (Answer(401, told.UNKNOWN), "token-invalid"),
        "scope": (Answer(403, {"error": "insufficient_scope", "scope": "api"}), "scope-missing"),
        "500": (told.FAULT, "server-error"),
    }
    gitlab.add(Token(GOOD))
    asked: Rows = {}
    for number, (name, (answer, category)) in enumerate(rows.items()):
        gitlab.always(answer, path=f"/projects/group/{number}x")
        asked[name] = {"project": f"group/{number}x", "role": "developer"}, category
    expect(run, asked)


def test_odd_answers_about_user_and_memberships(gitlab: GitLab, run: Run) -> None:
    odd: dict[str, object] = {
        "html": HTML,
        "empty": {},
        "types": {"username": 7, "bot": "x", "groups": 7, "projects": "x"},
        "entries": {"username": None, "groups": [7, None], "projects": [[], {"id": "x"}]},
        "numberless": {"username": "me", "groups": []},
        "nameless": {"id": 7, "projects": []},
    }
    answers = {name: Answer(200, body) for name, body in odd.items()}
    answers |= {f"{status}": Answer(status, {"message": "404 Not Found"}) for status in (400, 410)}
    answers["404"] = Answer(404, HTML)
    rows: Rows = {}
    for name, answer in answers.items():
        api = f"/odd-{name}/api/v4"
        gitlab.always(Answer(200, describe(scopes=["read_repository"])), path=f"{api}/personal")
        for path in ("personal_access_tokens/self/associations", "user"):
            gitlab.always(answer, path=f"{api}/{path}")
        at = {"url": f"{gitlab.url}/odd-{name}"}
        rows[f"{name} user"] = {**at, "kind": "personal"}, UNEXPECTED
        rows[f"{name} project"] = {**at, "project": "a/b", "role": "developer"}, UNEXPECTED
        rows[f"{name} group"] = {**at, "group": 5, "role": "developer"}, UNEXPECTED
    expect(run, rows)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the account of a process")
def test_memberships_without_end_are_not_read_without_end(gitlab: GitLab, run: Run) -> None:
    place = {"access_levels": {"project_access_level": 40, "group_access_level": None}}
    projects = [{"id": n, "path_with_namespace": f"a/{n}", **place} for n in range(100, 200)]
    projects[0]["description"] = "x" * 950_000
    gitlab.always(Answer(200, describe(scopes=["read_repository"])), path="/self")
    gitlab.always(Answer(200, {"groups": [], "projects": projects}), path="/associations")
    asked = ("--project", "group/app", "--role", "guest", "--format", "json")
    result, cost = run.costing(*asked, token=GOOD)
    assert result.token["category"] == "scope-missing"  # not not-found, which nobody said
    assert "read_api" in result.problem["fix"]
    assert len(gitlab.requests) == 51
    assert cost.megabytes < 100
