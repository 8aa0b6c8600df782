"""What glcheck concludes from what GitLab, or something in front of it, answers."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, NamedTuple, cast

import pytest
import trustme
from kit.command import COMMAND, Run
from kit.gitlab_server import Answer, Certificates, GitLab, Project, State, Token, in_days
from kit.policies import (
    GOOD,
    SELF,
    Settings,
    answered,
    asked,
    check,
    check_each,
    describe,
    secret,
    verdicts,
    words,
)

from glcheck.providers.gitlab.answers import moment

HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Company login</body></html>"
TEXT = (("Content-Type", "text/plain"),)
JSON = (("Content-Type", "application/json"),)
UNKNOWN = {"message": "401 Unauthorized"}
REVOKED = "Token was revoked. You have to re-authorize from the user."
NO_OAUTH = "400 Bad request - This endpoint requires token type to be a personal access token"


def invalid_token(text: str) -> Answer:
    return Answer(401, {"error": "invalid_token", "error_description": text})


def forbidden(text: str) -> Answer:
    return Answer(403, {"message": f"403 Forbidden - {text}"})


# The number of every category


class Case(NamedTuple):
    category: str
    code: int
    args: tuple[str, ...] = ()
    token: Token = Token(GOOD)
    presented: str = GOOD
    answer: Answer | None = None


CASES = [
    Case("ok", 0),
    Case("token-missing", 10, presented=""),
    Case("token-malformed", 11, presented=f"ghp_{'a1B2' * 9}"),
    Case("token-invalid", 12, presented=secret(1)),
    Case("token-expired", 13, token=Token(GOOD, expires_at=in_days(0))),
    Case("token-revoked", 14, token=Token(GOOD, revoked=True)),
    Case("account-restricted", 15, token=Token(GOOD, state="blocked")),
    Case("wrong-token-kind", 16, presented="gldt-3fZ1p5y4XWcCvMGVlfak"),
    Case("expires-soon", 20, ("--min-validity", "2w"), Token(GOOD, expires_at=in_days(3))),
    Case("scope-missing", 21, ("--scopes", "api"), Token(GOOD, scopes=("read_api",))),
    Case("scope-forbidden", 22, ("--forbid-scopes", "api")),
    Case("role-too-low", 23, ("--project", "group/app", "--role", "maintainer")),
    Case("not-found", 24, ("--project", "group/none")),
    Case("lives-too-long", 25, ("--max-validity", "30d")),
    Case("scope-unknown", 26, ("--scopes", "api"), Token(GOOD, "fine-grained")),
    Case("network-error", 30, ("--url", "http://127.0.0.1:1")),
    Case("tls-error", 31, ("--url", "https://127.0.0.1:{port}")),
    Case("rate-limited", 32, answer=Answer(429, "Retry later\n", (*TEXT, ("Retry-After", "3600")))),
    Case("server-error", 33, answer=Answer(500, {"message": "500 Internal Server Error"})),
    Case("unexpected-answer", 34, answer=Answer(200, HTML)),
    Case("unsupported-server", 35, answer=Answer(404, {"error": "404 Not Found"})),
]


@pytest.mark.parametrize("case", CASES, ids=[case.category for case in CASES])
def test_every_category_has_its_exit_code(gitlab: GitLab, run: Run, case: Case) -> None:
    gitlab.add(case.token)
    gitlab.add_project(Project("group/app", members={7: 30}))
    if case.answer:
        gitlab.always(case.answer)
    args = [arg.format(port=gitlab.url.rpartition(":")[2]) for arg in case.args]
    result = run.json(*args, token=case.presented)
    report = result.report
    assert (result.code, report["category"], report["exit_code"]) == (
        case.code,
        case.category,
        case.code,
    )
    assert (result.token["category"], result.token["ok"], report["ok"]) == (
        case.category,
        *[not case.code] * 2,
    )
    if case.code:
        assert result.problem["severity"] == "error"
        assert result.problem["message"]
        assert result.problem["fix"]
    assert case.presented == "" or case.presented not in result.out + result.err


# What GitLab answers


def test_every_refusal_of_gitlab_is_told_apart_by_its_body(gitlab: GitLab, run: Run) -> None:
    scope = {"scope": "read_user api read_api"}
    higher = "The request requires higher privileges than provided by the access token."
    refusals = {
        "expired": (
            invalid_token("Token is expired. You can either do re-authorization or token refresh."),
            "token-expired",
        ),
        "revoked": (invalid_token(REVOKED), "token-revoked"),
        "impersonation off": (
            invalid_token("Token is an impersonation token but impersonation was disabled."),
            "account-restricted",
        ),
        "dpop": (
            Answer(
                401,
                {
                    "error": "dpop_error",
                    "error_description": "DPoP validation error: header missing",
                },
            ),
            "account-restricted",
        ),
        "unknown": (Answer(401, UNKNOWN), "token-invalid"),
        "blocked": (forbidden("Your account has been blocked."), "account-restricted"),
        "deactivated": (
            forbidden(
                "Your account has been deactivated by your administrator. Please log back in."
            ),
            "account-restricted",
        ),
        "pending": (
            forbidden(
                "Your account is pending approval from your administrator and hence blocked."
            ),
            "account-restricted",
        ),
        "terms": (
            forbidden(
                "You (@me) must accept the Terms of Service in order to perform this action."
            ),
            "account-restricted",
        ),
        "unconfirmed": (
            forbidden("Your primary email address is not confirmed."),
            "account-restricted",
        ),
        "password": (
            forbidden("Your password expired. Please access GitLab from a web browser."),
            "account-restricted",
        ),
        "internal user": (
            forbidden("This action cannot be performed by internal users"),
            "account-restricted",
        ),
        "scope": (
            Answer(403, {"error": "insufficient_scope", "error_description": higher, **scope}),
            "scope-missing",
        ),
        "server fault": (Answer(500, {"message": "500 Internal Server Error"}), "server-error"),
        "old server 404": (Answer(404, {"error": "404 Not Found"}), "unsupported-server"),
        "old server 404 message": (Answer(404, {"message": "404 Not Found"}), "unsupported-server"),
        "old server 400": (Answer(400, {"error": "id is invalid"}), "unsupported-server"),
    }
    tokens = answered(gitlab, {name: answer for name, (answer, _) in refusals.items()})
    reports = check_each(run, tokens)
    assert {name: token["category"] for name, token in reports.items()} == {
        name: category for name, (_, category) in refusals.items()
    }
    assert {name: asked(gitlab, name) for name in refusals} == dict.fromkeys(refusals, 1)
    assert all(token["token"] is None for token in reports.values())


def test_account_states_are_restrictions_of_the_account(gitlab: GitLab, run: Run) -> None:
    states: tuple[State, ...] = (
        "blocked", "deactivated", "pending", "terms", "unconfirmed", "password-expired", "internal",
    )  # fmt: skip
    tokens: dict[str, dict[str, object]] = {}
    for number, state in enumerate(states):
        tokens[state] = {"secret": gitlab.add(Token(secret(number), state=state))}
    tokens["dpop"] = {"secret": gitlab.add(Token(secret(90), dpop=True))}
    impersonation = Token(secret(91), "impersonation", impersonation_disabled=True)
    tokens["impersonation off"] = {"secret": gitlab.add(impersonation)}
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "account-restricted")


def test_a_token_of_an_unknown_instance_gets_the_four_causes(run: Run) -> None:
    said = words(run.json(token=GOOD).token).lower()
    for cause in ("mistyped", "deleted", "another gitlab", "kind"):
        assert cause in said


def test_an_old_server_is_named_and_is_no_verdict(run: Run) -> None:
    with GitLab(version="15.4.6") as old:
        old.add(Token(GOOD))
        result = run.json("--url", old.url, token=GOOD)
    assert (result.code, result.token["token"]) == (35, None)
    assert "15.5" in words(result.token)


# What GitLab would not answer

SOMETHING_ELSE: dict[str, Answer] = {
    **{f"{status} html": Answer(status, HTML) for status in (200, 400, 401, 403, 404, 418)},
    **{f"{status} empty": Answer(status, b"") for status in (200, 204, 400, 401, 403, 404, 410)},
    **{f"{status} json": Answer(status, {"detail": "no"}) for status in (401, 403, 404)},
    **{f"{status} list": Answer(status, ["401 Unauthorized"]) for status in (200, 401, 403)},
    **{f"{status} text": Answer(status, "Denied", TEXT) for status in (200, 401, 403)},
    "401 of a gateway": Answer(401, {"message": "Unauthorized"}),
    "401 of another gateway": Answer(401, {"message": "No API key found in request"}),
    "401 of a gateway that says more": Answer(401, {**UNKNOWN, "request_id": "4bf92f35"}),
    "401 with other words behind": Answer(401, {"message": "401 Unauthorized - no session"}),
    "401 expired in other words": invalid_token("Token is expired"),
    "401 expired with words behind": invalid_token("Token is expired. Sign in to the gateway."),
    "401 revoked in other words": invalid_token("Token was revoked."),
    "401 revoked and more": Answer(
        401, {**cast(dict[str, str], invalid_token(REVOKED).body), "error_uri": "https://sso.example.com"}
    ),
    "403 with the body of a 401": Answer(403, UNKNOWN),
    "404 of a parameter": Answer(404, {"error": "id is invalid"}),
    "404 that says 400": Answer(404, {"error": "400 Bad Request"}),
    "400 of another parameter": Answer(400, {"error": "id is missing"}),
    "400 error of another type": Answer(400, {"error": ["id is invalid"]}),
    "403 of DPoP": Answer(403, {"error": "dpop_error"}),
    "400 of DPoP": Answer(400, {"error": "dpop_error"}),
    "400 with the body of a 401": Answer(400, UNKNOWN),
    "404 of a scope": Answer(404, {"error": "insufficient_scope", "scope": "api"}),
    "404 of a permission": Answer(404, {"error": "insufficient_granular_scope"}),
    "404 blocked": Answer(404, {"message": "403 Forbidden - Your account has been blocked."}),
    "200 of an OAuth token": Answer(200, {"message": NO_OAUTH}),
    "401 of a scope": Answer(401, {"error": "insufficient_scope", "scope": "api"}),
    "401 of a permission": Answer(401, {"error": "insufficient_granular_scope"}),
    "401 blocked": Answer(401, {"message": "403 Forbidden - Your account has been blocked."}),
    "404 of an OAuth token": Answer(404, {"message": NO_OAUTH.partition(" ")[2]}),
    "499": Answer(499, UNKNOWN),
    "600": Answer(600, UNKNOWN),
    "999": Answer(999, UNKNOWN),
    "403 revoked": Answer(403, invalid_token(REVOKED).body),
    "401 message of another type": Answer(401, {"message": {"text": "401 Unauthorized"}}),
    "401 error of another type": Answer(401, {"error": ["invalid_token"], "error_description": 7}),
    "401 quoting GitLab in a page": Answer(401, f"<html>{json.dumps(UNKNOWN)}</html>"),
    "401 expired in a page": Answer(401, "<p>Token is expired. You can either do re-authorization</p>"),
    "403 of a gateway": Answer(403, {"message": "Forbidden"}),
    "403 of a firewall": Answer(403, {"error": "blocked", "error_description": "Request blocked, see 1234"}),
    "403 blocked in a page": Answer(403, "<p>403 Forbidden - Your account has been blocked.</p>"),
    "206": Answer(206, describe()),
    "201": Answer(201, HTML),
    "304": Answer(304),
    "302 to nowhere": Answer(302),
    "200 object": Answer(200, {}),
    "200 null": Answer(200, None),
    "200 number": Answer(200, 7),
    "200 string": Answer(200, '"api"', JSON),
    "200 other json": Answer(200, {"status": "ok", "user": "root"}),
    "200 no scopes": Answer(200, {key: value for key, value in describe().items() if key != "scopes"}),
    "200 no expiry key": Answer(200, {key: value for key, value in describe().items() if key != "expires_at"}),
    "200 scopes null": Answer(200, describe(scopes=None)),
    "200 scopes text": Answer(200, describe(scopes="api")),
    "200 scopes object": Answer(200, describe(scopes={"api": True})),
    "200 scopes mixed": Answer(200, describe(scopes=["api", 5])),
    "200 scopes nested": Answer(200, describe(scopes=[["api"]])),
    "200 expiry number": Answer(200, describe(expires_at=1893456000)),
    "200 expiry bool": Answer(200, describe(expires_at=False)),
    "200 expiry list": Answer(200, describe(expires_at=["2030-01-01"])),
    "200 expiry words": Answer(200, describe(expires_at="next summer")),
    "200 expiry no day": Answer(200, describe(expires_at="2030-02-31")),
    "200 expiry empty": Answer(200, describe(expires_at="")),
    "200 revoked number": Answer(200, describe(revoked=0)),
    "200 active text": Answer(200, describe(active="no")),
    "200 a key twice": Answer(200, '{"scopes": ["api"], "scopes": ["api"], "expires_at": null}', JSON),
    "200 no number": Answer(200, '{"scopes": ["api"], "expires_at": null, "id": NaN}', JSON),
    "200 half a document": Answer(200, json.dumps(describe())[:-20], JSON),
    "200 document and more": Answer(200, json.dumps(describe()) + HTML, JSON),
    "200 not utf-8": Answer(200, b'{"scopes": ["\xff\xfe"], "expires_at": null}', JSON),
    "200 deep": Answer(200, b"[" * 200_000, JSON),
    "200 long number": Answer(200, b'{"id": ' + b"9" * 20_000 + b"}", JSON),
    "200 over 1 MiB": Answer(200, describe(description="x" * 1_100_000)),
    "200 unpacks to 60 MB": Answer(
        200,
        gzip.compress(json.dumps(describe()).encode()[:-1] + b" " * 60_000_000 + b"}"),
        (*JSON, ("Content-Encoding", "gzip")),
    ),
}  # fmt: skip


def test_what_gitlab_would_not_answer_is_no_verdict_on_the_token(gitlab: GitLab, run: Run) -> None:
    result = check(run, answered(gitlab, SOMETHING_ELSE))
    reports = {token["name"]: token for token in result.report["tokens"]}
    assert {name: token["category"] for name, token in reports.items()} == dict.fromkeys(
        SOMETHING_ELSE, "unexpected-answer"
    )
    assert result.code == 34
    assert {name: asked(gitlab, name) for name in SOMETHING_ELSE} == dict.fromkeys(
        SOMETHING_ELSE, 1
    )
    assert {name for name, token in reports.items() if token["token"]} == set()


def test_what_answered_instead_of_gitlab_is_described(gitlab: GitLab, run: Run) -> None:
    away = (("Location", "https://sso.example.com/"),)
    bodies: dict[str, tuple[Answer, str]] = {
        "html": (Answer(200, f"\n  {HTML}"), "HTTP 200 and an HTML page: no answer"),
        "empty": (Answer(403, b""), "HTTP 403 and nothing in it: no answer"),
        "blank": (Answer(200, " \n"), "HTTP 200 and nothing in it: no answer"),
        "object": (Answer(418, {"detail": "no"}), "HTTP 418 and other JSON: no answer"),
        "list": (Answer(200, []), "HTTP 200 and other JSON: no answer"),
        "text": (Answer(200, "Denied", TEXT), "HTTP 200 and text that is no JSON: no answer"),
        "large": (Answer(200, "x" * 1_100_000), "HTTP 200 and a body larger than 1 MiB: no answer"),
        "no place": (Answer(302), "HTTP 302 and nothing in it: no answer"),
        "a place and a fault": (Answer(400, "", away), "HTTP 400 and nothing in it: no answer"),
        "a place and nothing there": (
            Answer(404, "", away),
            "HTTP 404 and nothing in it: no answer",
        ),
        "a place and a success": (Answer(299, "", away), "HTTP 299 and nothing in it: no answer"),
        "300": (Answer(300, "", away), f"redirects {SELF} to https://sso.example.com (HTTP 300)"),
        "399": (Answer(399, "", away), f"redirects {SELF} to https://sso.example.com (HTTP 399)"),
        "proxy": (Answer(407, HTML), "The proxy wants other credentials (HTTP 407)"),
    }
    reports = check_each(
        run, answered(gitlab, {name: answer for name, (answer, _) in bodies.items()})
    )
    for name, (answer, said) in bodies.items():
        (problem,) = reports[name]["problems"]
        assert said in problem["message"], name
        assert problem["category"] == ("network-error" if name == "proxy" else "unexpected-answer")
        place = {"location": "https://sso.example.com"} if "redirects" in said else {}
        assert problem["details"] == {"status": answer.status, **place}, name


def test_a_refusal_says_what_gitlab_said(gitlab: GitLab, run: Run) -> None:
    scope = {"error": "insufficient_scope", "scope": "read_user api"}
    granular = {
        "error": "insufficient_granular_scope",
        "error_description": "Denied: [Job: Read], [User: Read, Edit].",
    }
    told: dict[str, tuple[Answer, str, str, dict[str, object]]] = {
        "scope": (
            Answer(403, scope),
            "scope-missing",
            "lacks the scope read_user,",
            {"required": ["read_user"]},
        ),
        "untold": (
            Answer(403, {**scope, "scope": None}),
            "scope-missing",
            "the scope that GitLab demands,",
            {},
        ),
        "granular": (
            Answer(403, granular),
            "scope-missing",
            "permission [Job: Read], [User: Read, Edit] that",
            {"permissions": ["[Job: Read]", "[User: Read, Edit]"]},
        ),
        "none named": (
            Answer(403, {**granular, "error_description": 7}),
            "scope-missing",
            "permission that",
            {},
        ),
        "reason": (forbidden("Not - today"), "account-restricted", "TOKEN_4: Not - today.", {}),
        "shouted": (
            forbidden("YOUR ACCOUNT HAS BEEN BLOCKED"),
            "account-restricted",
            "is blocked",
            {},
        ),
        "fault": (Answer(599, HTML), "server-error", "(HTTP 599)", {"status": 599}),
        "wait": (
            Answer(429, "Retry later\n", (*TEXT, ("Retry-After", "3600"))),
            "rate-limited",
            "asks to wait 1 hour.",
            {"retry_after": 3600},
        ),
    }
    reports = check_each(
        run, answered(gitlab, {name: answer for name, (answer, *_) in told.items()})
    )
    for name, (_, category, said, details) in told.items():
        (problem,) = reports[name]["problems"]
        assert problem["category"] == category, name
        assert said in problem["message"], name
        assert problem["details"].items() >= details.items(), name


def test_answers_that_break_off_are_no_verdict_on_the_token(gitlab: GitLab, run: Run) -> None:
    answers = {
        "in the body": Answer(200, describe(), close_after=200),
        "in the head": Answer(200, describe(), close_after=40),
        "in the refusal": Answer(401, UNKNOWN, (("Content-Length", "500"),), close_after=190),
        "before it began": Answer(raw=b""),
        "another protocol": Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
        "packed wrongly": Answer(200, describe(), (("Content-Encoding", "gzip"),)),
    }
    found = verdicts(run, answered(gitlab, answers))
    assert {
        name: category
        for name, category in found.items()
        if category not in {"network-error", "unexpected-answer"}
    } == {}
    assert found["before it began"] == "network-error"


def test_a_redirect_is_not_followed_and_its_target_is_named(gitlab: GitLab, run: Run) -> None:
    with GitLab() as elsewhere:
        elsewhere.add(Token(GOOD))
        statuses = (301, 302, 303, 307, 308)
        there = (("Location", elsewhere.url + SELF),)
        reports = check_each(
            run, answered(gitlab, {f"{status}": Answer(status, "", there) for status in statuses})
        )
        assert elsewhere.requests == []
        assert {token["category"] for token in reports.values()} == {"unexpected-answer"}
        assert [asked(gitlab, str(status)) for status in statuses] == [1] * len(statuses)
        for token in reports.values():
            assert elsewhere.url in words(token)


def test_redirects_of_every_kind_name_host_and_scheme_and_never_the_secret(
    gitlab: GitLab, run: Run
) -> None:
    port = gitlab.url.rpartition(":")[2]
    places = {
        "another host": (f"https://sso.example.com/login?next={GOOD}", "https://sso.example.com"),
        "tls": (f"https://127.0.0.1:{port}{SELF}", f"https://127.0.0.1:{port}"),
        "no scheme": ("//sso.example.com/x", "http://sso.example.com"),
        "same host": ("/users/sign_in", ""),
        "broken": ("http://[", ""),
        "no port": ("http://sso.example.com:port/", ""),
        "nothing": ("", ""),
        "script": ("javascript:alert(1)", ""),
        "credentials": (f"https://me:{GOOD}@sso.example.com/", "sso.example.com"),
    }
    answers = {
        name: Answer(302, HTML, (("Location", place),)) for name, (place, _) in places.items()
    }
    reports = check_each(run, answered(gitlab, answers))
    assert {name: token["category"] for name, token in reports.items()} == dict.fromkeys(
        places, "unexpected-answer"
    )
    assert {name for name, token in reports.items() if places[name][1] not in words(token)} == set()


def test_a_redirected_project_is_no_verdict_on_the_project(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.always(
        Answer(301, "", (("Location", f"{gitlab.url}/api/v4/projects/1"),)), path="/projects/"
    )
    result = run.json("--project", "group/old", token=GOOD)
    assert (result.code, len(gitlab.requests)) == (34, 2)


def test_answers_about_the_project_are_told_apart_like_those_about_the_token(
    gitlab: GitLab, run: Run
) -> None:
    answers: dict[str, tuple[Answer, str]] = {
        "html": (Answer(200, HTML), "unexpected-answer"),
        "list": (Answer(200, []), "unexpected-answer"),
        "permissions text": (Answer(200, {"id": 1, "permissions": "all"}), "unexpected-answer"),
        "level text": (
            Answer(
                200,
                {
                    "id": 1,
                    "permissions": {"project_access": {"access_level": "40"}, "group_access": None},
                },
            ),
            "unexpected-answer",
        ),
        "404 html": (Answer(404, HTML), "unexpected-answer"),
        "403 html": (Answer(403, HTML), "unexpected-answer"),
        "403 empty": (Answer(403, b""), "unexpected-answer"),
        "403 of a gateway": (Answer(403, {"message": "Forbidden"}), "unexpected-answer"),
        "404 empty": (Answer(404, b""), "unexpected-answer"),
        "404": (Answer(404, {"message": "404 Project Not Found"}), "not-found"),
        "404 of a gateway": (Answer(404, {"message": "Not Found"}), "unexpected-answer"),
        "410": (Answer(410, {"message": "404 Project Not Found"}), "unexpected-answer"),
        "400": (Answer(400, {"message": "404 Project Not Found"}), "unexpected-answer"),
        "nameless": (
            Answer(200, {"permissions": {"project_access": {"access_level": 40}}}),
            "unexpected-answer",
        ),
        "level": (
            Answer(200, {"id": 1, "permissions": {"group_access": {"access_level": 30}}}),
            "ok",
        ),
        "403": (Answer(403, {"message": "403 Forbidden"}), "role-too-low"),
        "403 with reason": (forbidden("Not allowed here"), "role-too-low"),
        "blocked": (forbidden("Your account has been blocked."), "account-restricted"),
        "revoked": (
            invalid_token(REVOKED),
            "token-revoked",
        ),
        "scope": (
            Answer(
                403, {"error": "insufficient_scope", "error_description": "Higher.", "scope": "api"}
            ),
            "scope-missing",
        ),
        "500": (Answer(500, {"message": "500 Internal Server Error"}), "server-error"),
    }
    tokens: dict[str, dict[str, object]] = {}
    for number, (name, (answer, _)) in enumerate(answers.items()):
        gitlab.always(answer, path=f"/projects/group/{number}x")
        tokens[name] = {"project": f"group/{number}x", "role": "developer", "url": gitlab.url}
    gitlab.add(Token(GOOD))
    assert verdicts(run, tokens) == {name: category for name, (_, category) in answers.items()}


# What a 200 says


def test_a_token_that_describes_itself_as_dead_is_dead(gitlab: GitLab, run: Run) -> None:
    last_second = (("Date", "Mon, 01 Mar 2027 23:59:59 GMT"),)
    bodies: dict[str, tuple[dict[str, object], str, str]] = {
        "revoked": (describe(revoked=True, active=False), "token-revoked", ""),
        "revoked but active": (describe(revoked=True), "token-revoked", ""),
        "inactive": (describe(active=False), "token-expired", ""),
        "inactive without expiry": (describe(active=False, expires_at=None), "token-expired", ""),
        "inactive to the end": (
            describe(active=False, expires_at="2027-03-02"),
            "token-expired",
            "",
        ),
        "past its day": (
            describe(expires_at=in_days(0)),
            "token-expired",
            f"It expired on {in_days(0)} at 00:00 UTC.",
        ),
    }
    answers = {
        n: Answer(200, body, last_second * (n == "inactive to the end"))
        for n, (body, *_) in bodies.items()
    }
    reports = check_each(run, answered(gitlab, answers))
    for name, (_, category, when) in bodies.items():
        (problem,) = reports[name]["problems"]
        assert problem["category"] == category, name
        assert problem["message"].endswith(
            when or ("active." if category == "token-expired" else "rotated.")
        ), name


def test_only_scopes_and_expiry_are_needed_and_more_is_no_harm(gitlab: GitLab, run: Run) -> None:
    bodies: dict[str, dict[str, object]] = {
        "little": {"scopes": ["api"], "expires_at": None},
        "much": describe(
            last_used_ips=["10.0.0.1"], granular=False, description=None, novelty={"a": [1]}
        ),
        "granular number": describe(granular=1),
        "a moment": describe(expires_at=f"{in_days(100)}T00:00:00.000Z"),
        "many keys": describe(**{f"new_{number}": None for number in range(300)}),
        "many scopes": describe(scopes=["api", *(f"new_{number}" for number in range(200))]),
        "nearly 1 MiB": describe(description="x" * 1_000_000),
    }
    tokens = answered(gitlab, {name: Answer(200, body) for name, body in bodies.items()})
    reports = check_each(run, tokens, top={"scopes": ["api"]})
    assert {name: token["category"] for name, token in reports.items()} == dict.fromkeys(
        bodies, "ok"
    )
    assert reports["a moment"]["token"]["expires_at"] == in_days(100)
    for field in ("expires_at", "expires_at_utc", "seconds_left", "days_left"):
        assert reports["little"]["token"][field] is None


def test_a_moment_is_read_as_iso_8601_says_and_anything_else_is_none() -> None:
    nine = datetime(2027, 3, 1, 9, 30, tzinfo=timezone.utc)
    moments: dict[object, datetime | None] = {
        "2027-03-01T09:30:00.123Z": nine,
        "2027-03-01T09:30:00Z": nine,
        "2027-03-01T09:30:00": nine,
        "2027-03-01T11:30:00.5+02:00": nine,
        "0001-01-01T00:00:00+14:00": None,
        "long ago": None,
        "": None,
        7: None,
        None: None,
    }
    assert {text: moment(text) for text in moments} == moments


ODD_HTTP = {
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n{}",
    "long header": b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 100_000 + b"\r\n\r\n{}",
    "length in words": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunks cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{",
    "status in words": b"HTTP/1.1 fine OK\r\n\r\n{}",
    "status 99": b"HTTP/1.1 99 Low\r\n\r\n{}",
    "status 1000": b"HTTP/1.1 1000 High\r\n\r\n{}",
    "no colon": b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n{}",
    "old protocol": b"<html>hello</html>",
    "http 3": b"HTTP/3.0 200 OK\r\n\r\n{}",
    "charset": b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=nonsense\r\n\r\n{}",
    "deflate": b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\nnot packed",
    "unknown packing": b"HTTP/1.1 200 OK\r\nContent-Encoding: br, zstd, x\r\n\r\nnot packed",
    "much packing": b"HTTP/1.1 200 OK\r\nContent-Encoding: " + b"gzip, " * 50 + b"gzip\r\n\r\nnot packed",
    "location not ascii": b"HTTP/1.1 302 Found\r\nLocation: http://\xc3\xa9\xff.example/\x7f\r\n\r\n",
}  # fmt: skip


def test_odd_http_is_no_verdict_on_the_token(gitlab: GitLab, run: Run) -> None:
    found = verdicts(
        run, answered(gitlab, {name: Answer(raw=raw) for name, raw in ODD_HTTP.items()})
    )
    assert {
        name: was
        for name, was in found.items()
        if was not in {"network-error", "unexpected-answer"}
    } == {}


def test_odd_details_of_a_description_are_no_trouble(gitlab: GitLab, run: Run) -> None:
    changes: dict[str, dict[str, object]] = {
        "half a character": {"name": "\ud800"},
        "name of another type": {"name": {"a": 1}},
        "name empty": {"name": ""},
        "name long": {"name": "x" * 100_000},
        "name of control characters": {"name": "\x1b[31m\r\n::error::\x00\u202e"},
        "id of another type": {"id": "42"},
        "id huge": {"id": 10**300},
        "user of another type": {"user_id": "7/../../8"},
        "user absent": {"user_id": None},
        "birth number": {"created_at": 1},
        "birth list": {"created_at": []},
        "birth words": {"created_at": "long ago"},
        "birth later": {"created_at": "9999-12-31T00:00:00Z"},
        "far": {"expires_at": "9999-12-31"},
        "scope odd": {"scopes": ["\ud800", "", "a b", "api"]},
        "scopes none": {"scopes": []},
        "active of another type": {"active": "yes"},
        "granular of another type": {"granular": "yes"},
    }
    tokens = answered(
        gitlab, {name: Answer(200, describe(**change)) for name, change in changes.items()}
    )
    with_role = {
        f"{n} with role": {**t, "project": "a/b", "role": "guest"} for n, t in tokens.items()
    }
    for path in ("/projects/a/b", "/members/all/"):
        gitlab.always(Answer(404, {"message": "404 Project Not Found"}), path=path)
    result = check(run, {**tokens, **with_role})
    found = {token["name"]: token["category"] for token in result.report["tokens"]}
    assert {name for name in tokens if found[name] not in {"ok", "unexpected-answer"}} == set()
    assert {
        name for name in with_role if found[name] not in {"not-found", "unexpected-answer"}
    } == set()
    assert [request.path for request in gitlab.requests if ".." in request.path] == []
    env = {f"TOKEN_{number}": GOOD for number in range(len(found))}
    for form in ("text", "github", "junit", "markdown", "annotations", "dotenv"):
        assert run("--config", "policy.yml", "--format", form, env=env).code == result.code


def test_dates_that_gitlab_does_not_write_are_no_dates(gitlab: GitLab, run: Run) -> None:
    dates = (
        "2030-W01-1",
        "01/02/2030",
        "2030-1-1",
        "20300101",
        "2030-001",
        "0000-00-00",
        "\u0662030-01-01",
        "+2030-01-01",
    )
    tokens = answered(
        gitlab, {f"{n}": Answer(200, describe(expires_at=date)) for n, date in enumerate(dates)}
    )
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "unexpected-answer")


def test_odd_descriptions_of_oauth_and_job_tokens_are_no_verdict(gitlab: GitLab, run: Run) -> None:
    def info(**changes: object) -> Answer:
        about = {
            "resource_owner_id": 7,
            "scope": ["api"],
            "expires_in": 7200,
            "application": {"uid": "f"},
        }
        return Answer(200, {**about, "created_at": 1_700_000_000, **changes})

    oauth = {
        "html": Answer(200, HTML),
        "list": Answer(200, []),
        "scope absent": Answer(200, {"expires_in": 7200}),
        "scope number": info(scope=7),
        "expiry words": info(expires_in="soon"),
        "expiry list": info(expires_in=[1]),
        "expiry bool": info(expires_in=True),
        "expiry absent": Answer(200, {"scope": ["api"]}),
        "refused in another way": Answer(403, {"error": "invalid_token"}),
        "refused for another reason": Answer(400, {"error": "invalid_grant"}),
        "refused in html": Answer(401, HTML),
        "refused by a gateway": Answer(401, {"message": "Unauthorized"}),
        "nowhere": Answer(404, HTML),
    }
    job = {
        "job html": Answer(200, HTML),
        "job list": Answer(200, []),
        "job 401 html": Answer(401, HTML),
        "job without a name": Answer(200, {"id": 5, "name": 7}),
        "job without an id": Answer(200, {"name": "test", "status": "running"}),
    }
    tokens = {
        name: {**at, "secret": "0123456789abcdef" * 4}
        for name, at in answered(gitlab, oauth).items()
    }
    tokens |= {
        name: {**at, "secret": "glcbt-64_3fZ1p5y4XWcCvMGV"}
        for name, at in answered(gitlab, job).items()
    }
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "unexpected-answer")
    harmless = {
        "expiry huge": info(expires_in=10**30),
        "birth words": info(created_at="x"),
        "no owner": info(resource_owner_id=None),
    }
    tokens = {
        name: {**at, "secret": "0123456789abcdef" * 4}
        for name, at in answered(gitlab, harmless).items()
    }
    assert set(verdicts(run, tokens).values()) <= {"ok", "unexpected-answer"}
    jobs = {
        "name": Answer(200, {"id": 5, "name": "test", "user": {"id": 9}}),
        "status": Answer(200, {"id": 5, "status": "running", "user": 9}),
    }
    tokens = {
        name: {**at, "secret": "glcbt-64_3fZ1p5y4XWcCvMGV"}
        for name, at in answered(gitlab, jobs).items()
    }
    reports = check_each(run, tokens)
    told = {name: (token["category"], token["token"]["user_id"]) for name, token in reports.items()}
    assert told == {"name": ("ok", 9), "status": ("ok", None)}


def test_odd_answers_about_the_user_and_memberships_are_no_verdict(
    gitlab: GitLab, run: Run
) -> None:
    odd = {
        "html": HTML,
        "list": [],
        "empty": {},
        "types": {"username": 7, "bot": "x", "groups": 7, "projects": "x"},
    }
    odd |= {"entries": {"username": None, "groups": [7, None], "projects": [[], {"id": "x"}]}}
    odd |= {"numberless": {"username": "me", "groups": []}, "nameless": {"id": 7, "projects": []}}
    answers: dict[str, Answer] = {name: Answer(200, body) for name, body in odd.items()}
    answers |= {f"{status}": Answer(status, {"message": "404 Not Found"}) for status in (400, 410)}
    answers["404"] = Answer(404, HTML)
    tokens: dict[str, dict[str, object]] = {}
    for name, answer in answers.items():
        at = f"{gitlab.url}/odd-{name}"
        gitlab.always(
            Answer(200, describe(scopes=["read_repository"])), path=f"/odd-{name}/api/v4/personal"
        )
        for path in ("/self/associations", "/user"):
            gitlab.always(
                answer,
                path=f"/odd-{name}/api/v4{'/personal_access_tokens' * (path != '/user')}{path}",
            )
        tokens[f"{name} user"] = {"url": at, "kind": "personal"}
        tokens[f"{name} project"] = {"url": at, "project": "group/app", "role": "developer"}
        tokens[f"{name} group"] = {"url": at, "group": 5, "role": "developer"}
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "unexpected-answer")


@pytest.mark.skipif(sys.platform == "win32", reason="needs the account of a process")
def test_memberships_without_end_are_not_read_without_end(gitlab: GitLab, run: Run) -> None:
    levels = {"project_access_level": 40, "group_access_level": None}
    projects = [
        {"id": n, "path_with_namespace": f"a/{n}", "access_levels": levels} for n in range(100, 200)
    ]
    projects[0]["description"] = "x" * 950_000
    gitlab.always(Answer(200, describe(scopes=["read_repository"])), path="/self")
    gitlab.always(Answer(200, {"groups": [], "projects": projects}), path="/associations")
    result, cost = run.costing(
        "--project", "group/app", "--role", "guest", "--format", "json", token=GOOD
    )
    assert result.token["category"] == "scope-missing"  # not not-found, which nobody said
    assert "read_api" in result.problem["fix"]
    assert len(gitlab.requests) == 51
    assert cost.megabytes < 100


def test_a_body_without_end_is_not_read_without_end(run: Run) -> None:
    sent = 0

    def serve() -> None:
        nonlocal sent
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while sent < 200_000_000:
                sent += connection.send(b" " * 65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        result = run.json("--url", f"http://127.0.0.1:{listener.getsockname()[1]}", token=GOOD)
        thread.join()
    assert (result.code, result.report["category"]) == (34, "unexpected-answer")
    assert sent < 50_000_000  # most of it in the buffers of the two sockets


# Precedence


def test_every_unmet_requirement_is_reported_and_the_lowest_code_decides(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",), expires_at=in_days(3)))
    gitlab.add_project(Project("group/app", members={7: 30}))
    result = run.json(
        "--scopes", "write_repository", "--forbid-scopes", "read_api", "--min-validity", "14d",
        "--max-validity", "1d", "--project", "group/app", "--role", "owner", token=GOOD,
    )  # fmt: skip
    errors = {p["category"] for p in result.token["problems"] if p["severity"] == "error"}
    assert errors == {
        "expires-soon",
        "scope-missing",
        "scope-forbidden",
        "role-too-low",
        "lives-too-long",
    }
    assert (result.code, result.report["category"], result.token["category"]) == (
        20,
        "expires-soon",
        "expires-soon",
    )


def test_a_verdict_outranks_what_could_not_be_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.always(Answer(500, {"message": "500 Internal Server Error"}), path="/projects/")
    tokens: dict[str, dict[str, object]] = {
        "project fails": {"project": "group/app", "scopes": ["sudo"]},
        "page": {"url": f"{gitlab.url}/somewhere"},
        "long": {"max-validity": "1d"},
        "fine": {},
    }
    result = check(run, tokens)
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    first, page, long, fine = result.report["tokens"]
    assert {problem["category"] for problem in first["problems"]} == {
        "scope-missing",
        "server-error",
    }
    assert [page["category"], long["category"], fine["category"]] == [
        "unexpected-answer",
        "lives-too-long",
        "ok",
    ]


def test_a_dead_token_outranks_every_requirement(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, expires_at=in_days(-1)))
    result = run.json("--scopes", "sudo", "--project", "a/b", "--min-validity", "9d", token=GOOD)
    assert (result.code, result.report["category"], len(gitlab.requests)) == (
        13,
        "token-expired",
        1,
    )


# `allow`


def test_allowed_problems_are_warnings_and_do_not_fail(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    args = (
        "--scopes",
        "api",
        "--forbid-scopes",
        "read_api",
        "--allow",
        "scope-missing,scope-forbidden",
    )
    result = run.json(*args, token=GOOD)
    assert (result.code, result.report["ok"], result.report["category"]) == (0, True, "ok")
    assert {(p["category"], p["severity"]) for p in result.token["problems"]} == {
        ("scope-missing", "warning"),
        ("scope-forbidden", "warning"),
    }
    assert "warning[scope-missing]" in run(*args, token=GOOD).out


def test_allow_excuses_only_what_it_names_and_only_where_it_is_said(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    nowhere: dict[str, object] = {"url": "http://127.0.0.1:1"}
    tokens: dict[str, dict[str, object]] = {
        "excused": {"scopes": ["api"], "allow": ["scope-missing"]},
        "not excused": {"scopes": ["api"]},
        "another": {"scopes": ["api"], "allow": ["network-error"]},
        "in part": {"scopes": ["api"], "forbid-scopes": ["read_api"], "allow": ["scope-missing"]},
        "network": {**nowhere, "allow": ["network-error"]},
        "network not": nowhere,
        "unknown": {"secret": secret(1), "allow": ["token-invalid"]},
        "missing": {"token-env": "NOT_THERE", "allow": ["token-missing"]},
    }
    assert verdicts(run, tokens, "--max-wait", "5s") == {
        "excused": "ok",
        "not excused": "scope-missing",
        "another": "scope-missing",
        "in part": "scope-forbidden",
        "network": "ok",
        "network not": "network-error",
        "unknown": "ok",
        "missing": "ok",
    }


# Retries and waiting


def test_passing_faults_are_retried_twice_at_most_and_nothing_else_is(
    gitlab: GitLab, run: Run
) -> None:
    again: dict[str, Answer] = {
        "502": Answer(502, "<html>Bad Gateway</html>"),
        "503": Answer(503, "<html>Service Unavailable</html>"),
        "504": Answer(504, "<html>Gateway Timeout</html>"),
        "429": Answer(429, {"message": "429 Too Many Requests"}, (("Retry-After", "0"),)),
        "429 no header": Answer(
            429, {"message": {"error": "This endpoint has been requested too many times."}}
        ),
        "hang up": Answer(raw=b""),
    }
    once: dict[str, Answer] = {
        "500": Answer(500, {"message": "500 Internal Server Error"}),
        "500 html": Answer(500, HTML),
        "501": Answer(501, HTML),
        "520": Answer(520, HTML),
        "401": Answer(401, UNKNOWN),
    }
    found = verdicts(run, answered(gitlab, {**again, **once}))
    assert {name: asked(gitlab, name) for name in found} == {
        **dict.fromkeys(again, 3),
        **dict.fromkeys(once, 1),
    }
    assert found == {
        "502": "server-error",
        "503": "server-error",
        "504": "server-error",
        "429": "rate-limited",
        "429 no header": "rate-limited",
        "hang up": "network-error",
        "500": "server-error",
        "500 html": "server-error",
        "501": "server-error",
        "520": "server-error",
        "401": "token-invalid",
    }


def test_a_fault_that_passes_is_survived(gitlab: GitLab, run: Run) -> None:
    fault = Answer(503, HTML)
    tokens: dict[str, Settings] = {}
    for name, faults in {
        "503 twice": (fault, fault),
        "hang up": (Answer(raw=b""),),
        "502 then 504": (Answer(502, HTML), Answer(504, HTML)),
    }.items():
        tokens |= answered(gitlab, {name: Answer(200, describe())})
        gitlab.script(*faults, path=f"/at-{name.replace(' ', '-')}/")
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
    assert [asked(gitlab, name) for name in tokens] == [3, 2, 3]


def test_questions_about_the_project_are_retried_too(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.script(Answer(502, HTML), Answer(raw=b""), path="/projects/")
    result = run.json("--project", "group/app", "--role", "developer", token=GOOD)
    assert (result.code, len(gitlab.requests)) == (0, 4)


def test_retry_after_is_honoured_as_seconds_and_as_a_date(gitlab: GitLab, run: Run) -> None:
    tokens = answered(gitlab, {"seconds": Answer(200, describe()), "date": Answer(200, describe())})
    gitlab.script(Answer(429, "Retry later\n", (*TEXT, ("Retry-After", "2"))), path="/at-seconds/")
    later = datetime.now(timezone.utc) + timedelta(seconds=3)
    at = ("Retry-After", format_datetime(later, usegmt=True))
    gitlab.script(Answer(429, "Retry later\n", (*TEXT, at)), path="/at-date/")
    start = time.monotonic()
    assert verdicts(run, tokens) == {"seconds": "ok", "date": "ok"}
    assert time.monotonic() - start >= 2


def test_a_wait_that_does_not_fit_is_not_begun(gitlab: GitLab, run: Run) -> None:
    far = datetime.now(timezone.utc) + timedelta(hours=2)
    waits = {
        "seconds": "3600",
        "date": format_datetime(far, usegmt=True),
        "huge": "9" * 400,
        "just": "61",
    }
    answers = {
        n: Answer(429, "Retry later\n", (*TEXT, ("Retry-After", wait))) for n, wait in waits.items()
    }
    start = time.monotonic()
    assert verdicts(run, answered(gitlab, answers)) == dict.fromkeys(waits, "rate-limited")
    assert time.monotonic() - start < 20
    assert {name: asked(gitlab, name) for name in waits} == dict.fromkeys(waits, 1)


def test_odd_retry_after_headers_do_no_harm(gitlab: GitLab, run: Run) -> None:
    waits = {
        "words": "soon",
        "empty": "",
        "negative": "-5",
        "fraction": "0.5",
        "nan": "nan",
        "inf": "inf",
    }
    answers = {
        n: Answer(429, "Retry later\n", (*TEXT, ("Retry-After", wait))) for n, wait in waits.items()
    }
    assert verdicts(run, answered(gitlab, answers), "--max-wait", "8s") == dict.fromkeys(
        waits, "rate-limited"
    )


@contextlib.contextmanager
def dripping_head() -> Iterator[str]:
    """A server that never finishes the head of its answer."""
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Wait: ")
            while not stop.wait(0.2):
                connection.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while not stop.is_set():
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def test_no_server_holds_a_run_longer_than_max_wait(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    tokens: dict[str, Any] = answered(
        gitlab,
        {
            "silent": Answer(delay=60),
            "dripping": Answer(200, describe(), drip=0.3),
            "dripping refusal": Answer(401, UNKNOWN, drip=1),
            "dripping fault": Answer(503, HTML, drip=1),
        },
    )
    with dripping_head() as head, socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        tokens |= {
            "dripping head": {"url": head},
            "deaf": {"url": f"http://127.0.0.1:{port}"},
            "deaf to tls": {"url": f"https://127.0.0.1:{port}"},
        }
        start = time.monotonic()
        found = verdicts(run, {**tokens, "good": {}}, "--max-wait", "2s")
    assert time.monotonic() - start < 7
    assert found == {**dict.fromkeys(tokens, "network-error"), "good": "ok"}


def test_what_is_known_of_a_token_when_the_time_is_over_is_reported(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    gitlab.always(Answer(delay=60), path="/projects/group/silent")
    gitlab.always(
        Answer(200, {"id": 1, "permissions": {}}, drip=0.3), path="/projects/group/dripping"
    )
    gitlab.always(Answer(delay=60), path="/user")
    settings: dict[str, dict[str, object]] = {
        "silent": {"project": "group/silent"},
        "dripping": {"project": "group/dripping"},
        "kind": {"kind": "project"},
    }
    tokens: dict[str, dict[str, object]] = {
        name: {**more, "scopes": ["api"]} for name, more in settings.items()
    }
    result = check(run, tokens, "--max-wait", "2s")
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    for token in result.report["tokens"]:
        found = (token["name"], {problem["category"] for problem in token["problems"]})
        assert found == (token["name"], {"scope-missing", "network-error"})
        assert token["token"]["scopes"] == ["read_api"]


def test_max_wait_is_the_budget_of_the_whole_run_however_many_tokens(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.delay = 60
    tokens = {f"{number}": {"secret": secret(number)} for number in range(60)}
    start = time.monotonic()
    found = verdicts(run, tokens, "--max-wait", "2s")
    assert time.monotonic() - start < 7
    assert found == dict.fromkeys(tokens, "network-error")


def test_timeout_is_the_longest_silence_and_is_retried(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.script(Answer(delay=60))
    start = time.monotonic()
    result = run.json("--timeout", "1s", token=GOOD)
    assert (result.code, len(gitlab.requests)) == (0, 2)
    assert 1 <= time.monotonic() - start < 20


def test_a_slow_answer_that_keeps_coming_is_no_silence(gitlab: GitLab, run: Run) -> None:
    gitlab.always(Answer(200, {"scopes": ["api"], "expires_at": None}, drip=0.05))
    assert run("--timeout", "1s", token=GOOD).code == 0


def test_servers_that_cannot_be_reached_are_network_errors(run: Run) -> None:
    tokens = {
        "refused": {"url": "http://127.0.0.1:1"},
        "refused tls": {"url": "https://127.0.0.1:1"},
        "no such host": {"url": "https://gitlab.invalid"},
    }
    assert verdicts(run, tokens, "--max-wait", "10s") == dict.fromkeys(tokens, "network-error")


def test_a_proxy_that_cannot_be_reached_is_a_network_error(run: Run) -> None:
    result = run.json(
        "--url", "https://gitlab.example.com", token=GOOD, env={"HTTPS_PROXY": "http://127.0.0.1:1"}
    )
    assert result.code == 30
    assert "proxy" in words(result.token).lower()


def test_an_interrupted_run_says_so_and_gives_no_verdict(gitlab: GitLab, run: Run) -> None:
    gitlab.delay = 60
    environ = {
        "PATH": os.defpath,
        "HOME": str(run.directory),
        "GITLAB_URL": gitlab.url,
        "GITLAB_TOKEN": GOOD,
    }
    with subprocess.Popen(
        [COMMAND], env=environ, cwd=run.directory, stdout=-1, stderr=-1
    ) as process:
        until = time.monotonic() + 20
        while not gitlab.requests and time.monotonic() < until:
            gitlab.wait(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in out + err


# TLS


def test_every_fault_of_a_certificate_is_a_tls_error_and_nothing_is_sent(
    tls: Certificates, run: Run
) -> None:
    contexts = {
        "good": tls.good,
        "expired": tls.expired,
        "not yet valid": tls.not_yet_valid,
        "wrong host": tls.wrong_host,
        "other ca": tls.other_ca,
    }
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(GitLab(tls=context)) for name, context in contexts.items()
        }
        plain = stack.enter_context(GitLab())
        servers["good"].add(Token(GOOD))
        tokens = {name: {"url": server.url} for name, server in servers.items()}
        tokens["no tls"] = {"url": plain.url.replace("http:", "https:")}
        found = verdicts(run, tokens, top={"ca-file": str(tls.ca_file)})
        assert found == {**dict.fromkeys(tokens, "tls-error"), "good": "ok"}
        assert [name for name, server in servers.items() if server.requests] == ["good"]


def test_each_token_may_have_its_own_authority(tls: Certificates, run: Run) -> None:
    with GitLab(tls=tls.good) as ours, GitLab(tls=tls.other_ca) as theirs:
        ours.add(Token(GOOD))
        theirs.add(Token(GOOD))
        tokens = {
            "ours": {"url": ours.url, "ca-file": str(tls.ca_file)},
            "theirs": {"url": theirs.url, "ca-file": str(tls.other_ca_file)},
            "mixed up": {"url": ours.url, "ca-file": str(tls.other_ca_file)},
        }
        assert verdicts(run, tokens) == {"ours": "ok", "theirs": "ok", "mixed up": "tls-error"}


def test_a_private_authority_is_trusted_when_and_only_when_it_is_named(
    tls: Certificates, run_alone: Run
) -> None:
    authority, other, nothing = str(tls.ca_file), str(tls.other_ca_file), "/no/such/file.pem"
    with GitLab(tls=tls.good) as server:
        server.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": server.url}
        there = ("--url", server.url)

        def code(*args: str, **env: str) -> int:
            return run_alone(*args, token=GOOD, env=env).code

        assert code(*there) == 31
        assert code(*there, "--ca-file", authority) == 0
        assert code(*there, GLCHECK_CA_FILE=authority) == 0
        assert code(*there, REQUESTS_CA_BUNDLE=authority) == 0
        assert code(*there, "--ca-file", authority, REQUESTS_CA_BUNDLE=other) == 0
        assert code(CI_SERVER_TLS_CA_FILE=authority, **ci) == 0
        assert code(CI_SERVER_TLS_CA_FILE=nothing, REQUESTS_CA_BUNDLE=authority, **ci) == 0
        elsewhere = {**ci, "CI_SERVER_URL": "https://gitlab.example.com"}
        assert code(*there, CI_SERVER_TLS_CA_FILE=authority, **elsewhere) == 31


def test_a_bundle_needs_no_root_as_that_of_gitlabs_runner_may_have_none(run: Run) -> None:
    issuing = trustme.CA().create_child_ca()
    contexts, bundle = {}, run.directory / "issuing.pem"
    issuing.cert_pem.write_to_path(str(bundle))
    for name in ("localhost", "gitlab.example.com"):
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuing.issue_cert(name).configure_cert(contexts[name])
    with (
        GitLab(tls=contexts["localhost"]) as server,
        GitLab(tls=contexts["gitlab.example.com"]) as other,
    ):
        server.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": server.url}
        assert run("--url", server.url, "--ca-file", str(bundle), token=GOOD).code == 0
        assert run(token=GOOD, env={**ci, "CI_SERVER_TLS_CA_FILE": str(bundle)}).code == 0
        assert run("--url", server.url, token=GOOD).code == 31
        assert run("--url", other.url, "--ca-file", str(bundle), token=GOOD).code == 31


def test_a_connection_that_breaks_after_the_handshake_is_a_network_fault_and_is_retried(
    tls: Certificates, run: Run
) -> None:
    with GitLab(tls=tls.good) as server:
        server.add(Token(GOOD))
        server.script(Answer(raw=b""), Answer(200, describe(), close_after=200))
        there = ("--url", server.url, "--ca-file", str(tls.ca_file))
        result = run.json(*there, token=GOOD)
        assert (result.report["category"], len(server.requests)) == ("ok", 3)
        server.always(Answer(raw=b""))
        assert run.json(*there, token=GOOD).report["category"] == "network-error"


def test_a_ca_file_that_is_not_there_is_a_mistake_and_nothing_is_asked(
    gitlab: GitLab, run: Run
) -> None:
    assert run("--ca-file", "absent.pem", token=GOOD).code == 2
    assert gitlab.requests == []


def test_a_ca_file_without_certificates_ends_without_a_verdict(tls: Certificates, run: Run) -> None:
    (run.directory / "ca.pem").write_text("not a certificate\n")
    with GitLab(tls=tls.good) as server:
        result = run("--url", server.url, "--ca-file", "ca.pem", token=GOOD)
        assert result.code in {2, 31}
        assert "Traceback" not in result.out + result.err
        assert server.requests == []


# The way to GitLab


def test_an_unencrypted_token_for_this_machine_passes_no_proxy_elsewhere(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://proxy.invalid:3128")
    assert run(token=GOOD, env=proxies).code == 0
    assert len(gitlab.requests) == 1


def test_a_proxy_on_this_machine_is_used(gitlab: GitLab, run: Run) -> None:
    with GitLab() as proxy:
        proxy.always(Answer(200, describe()))
        assert run(token=GOOD, env={"http_proxy": proxy.url}).code == 0
        assert [request.path for request in proxy.requests] == [f"{gitlab.url}{SELF}"]
    assert not gitlab.requests
