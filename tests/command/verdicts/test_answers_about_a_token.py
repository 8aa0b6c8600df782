"""What GitLab's own refusals come to, and that what it would not answer comes to no verdict."""

from __future__ import annotations

import gzip
import json
from typing import get_args

from kit import told
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, State, Token
from kit.policies import GOOD, SELF, answered, asked, check_each, describe, secret, verdicts, words
from kit.told import HTML, JSON, TEXT, UNKNOWN, forbidden, invalid_token

SCOPE = {"error": "insufficient_scope", "scope": "read_user api read_api"}
PERMISSION = {"error": "insufficient_granular_scope", "error_description": "It takes [Job: Read]."}
# An answer, the category that it comes to, and what is said.
REFUSALS = {
    "expired": (Answer(401, invalid_token(told.EXPIRED)), "token-expired", "TOKEN_0 has expired."),
    "revoked": (Answer(401, invalid_token(told.REVOKED)), "token-revoked", "TOKEN_1 was revoked"),
    "unknown": (Answer(401, UNKNOWN), "token-invalid", "does not know"),
    "reason": (Answer(403, forbidden("Not - now")), "account-restricted", "TOKEN_3: Not - now."),
    "scope": (Answer(403, SCOPE), "scope-missing", "lacks the scope read_user,"),
    "permission": (Answer(403, PERMISSION), "scope-missing", "permission [Job: Read] that"),
    "wait": (told.too_many("3600"), "rate-limited", "asks to wait 1 hour."),
    "old 404": (Answer(404, {"error": "404 Not Found"}), "unsupported-server", "15.5"),
    "old 400": (Answer(400, {"error": "id is invalid"}), "unsupported-server", "15.5"),
}


def test_every_refusal_of_gitlab_is_told_apart_and_asked_for_once(gitlab: GitLab, run: Run) -> None:
    reports = check_each(run, answered(gitlab, {name: row[0] for name, row in REFUSALS.items()}))
    found = {n: (t["category"], t["token"], asked(gitlab, n)) for n, t in reports.items()}
    assert found == {name: (row[1], None, 1) for name, row in REFUSALS.items()}
    assert {name for name, row in REFUSALS.items() if row[2] not in words(reports[name])} == set()
    assert reports["wait"]["problems"][0]["details"]["retry_after"] == 3600
    for cause in ("mistyped", "deleted", "another GitLab", "kind"):
        assert cause in words(reports["unknown"])


def test_account_states_are_restrictions_of_the_account(gitlab: GitLab, run: Run) -> None:
    states: tuple[State, ...] = get_args(State)[1:]
    tokens = [Token(secret(number), state=state) for number, state in enumerate(states)]
    tokens += [Token(secret(90), dpop=True)]
    tokens += [Token(secret(91), "impersonation", impersonation_disabled=True)]
    named = {token.value[-2:]: {"secret": gitlab.add(token)} for token in tokens}
    assert verdicts(run, named) == dict.fromkeys(named, "account-restricted")


WHOLE = '{"scopes": ["api"], "expires_at": null}'
ABSENT = object()
SOMETHING_ELSE: dict[str, Answer] = {
    **{f"{status} html": Answer(status, HTML) for status in (200, 400, 401, 403, 404, 418)},
    **{f"{status} empty": Answer(status, b"") for status in (200, 204, 400, 401, 403, 404, 410)},
    **{f"{status} json": Answer(status, {"detail": "no"}) for status in (401, 403, 404)},
    **{f"{status} list": Answer(status, ["401 Unauthorized"]) for status in (200, 401, 403)},
    **{f"{status} text": Answer(status, "Denied", TEXT) for status in (200, 401, 403)},
    **{f"{status} unknown": Answer(status, UNKNOWN) for status in (400, 403, 499, 600, 999)},
    **{f"{status} revoked": Answer(status, invalid_token(told.REVOKED)) for status in (403, 404)},
    **{f"{status} blocked": Answer(status, forbidden("Your account has been blocked."))
       for status in (400, 401, 404)},
    "401 quoting GitLab in a page": Answer(401, f"<html>{json.dumps(UNKNOWN)}</html>"),
    "404 of a parameter": Answer(404, {"error": "id is invalid"}),
    "200 of an OAuth token": Answer(200, {"message": told.NO_OAUTH}),
    "404 of an OAuth token": Answer(404, {"message": told.NO_OAUTH.partition(" ")[2]}),
    "206": Answer(206, WHOLE, JSON),
    "200 other json": Answer(200, {"status": "ok", "user": "root"}),
    "200 document and more": Answer(200, WHOLE + HTML, JSON),
    "200 deep": Answer(200, b"[" * 200_000, JSON),
    "200 over 1 MiB": Answer(200, WHOLE[:-1] + " " * 1_100_000 + "}", JSON),
    "200 unpacks to 60 MB": Answer(
        200, gzip.compress(WHOLE.encode()[:-1] + b" " * 60_000_000 + b"}"),
        (*JSON, ("Content-Encoding", "gzip"))),
}  # fmt: skip
# A description of a good token but for this.
NO_DESCRIPTIONS: dict[str, dict[str, object]] = {
    "no scopes": {"scopes": ABSENT}, "no expiry key": {"expires_at": ABSENT},
    "scopes null": {"scopes": None}, "scopes text": {"scopes": "api"},
    "scopes mixed": {"scopes": ["api", 5]}, "expiry number": {"expires_at": 1893456000},
    "expiry bool": {"expires_at": False}, "expiry words": {"expires_at": "next summer"},
    "expiry no day": {"expires_at": "2030-02-31"}, "expiry empty": {"expires_at": ""},
    "revoked number": {"revoked": 0}, "active text": {"active": "no"},
}  # fmt: skip


def test_what_gitlab_would_not_answer_is_no_verdict_on_the_token(gitlab: GitLab, run: Run) -> None:
    answers = dict(SOMETHING_ELSE)
    for name, change in NO_DESCRIPTIONS.items():
        body = describe(**change)
        answers[name] = Answer(200, {k: v for k, v in body.items() if v is not ABSENT})
    reports = check_each(run, answered(gitlab, answers))
    found = {n: (t["category"], t["token"], asked(gitlab, n)) for n, t in reports.items()}
    assert found == dict.fromkeys(answers, ("unexpected-answer", None, 1))
    assert f"{SELF} with HTTP 200 and an HTML page: no" in words(reports["200 html"])
    assert "HTTP 200 and a body larger than 1 MiB: no" in words(reports["200 over 1 MiB"])


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
    assert {n for n in found if found[n] not in {"network-error", "unexpected-answer"}} == set()
    assert found["before it began"] == "network-error"


def test_redirects_are_named_and_not_followed(gitlab: GitLab, run: Run) -> None:
    here, sso = f"https://127.0.0.1:{gitlab.url.rpartition(':')[2]}", "https://sso.example.com"
    with GitLab() as elsewhere:
        elsewhere.add(Token(GOOD))
        places = {f"{n}": (n, elsewhere.url + SELF, elsewhere.url) for n in (301, 303, 307, 308)}
        places |= {
            "another host": (302, f"{sso}/login?next={GOOD}", sso),
            "tls": (302, here + SELF, here),
            "no scheme": (302, "//sso.example.com/x", "http://sso.example.com"),
            "same host": (302, "/users/sign_in", ""),
            "credentials": (302, f"https://me:{GOOD}@sso.example.com/", "sso.example.com"),
        }
        answers = {n: Answer(row[0], HTML, (("Location", row[1]),)) for n, row in places.items()}
        reports = check_each(run, answered(gitlab, answers))
        assert elsewhere.requests == []
    for name, token in reports.items():
        assert (token["category"], asked(gitlab, name)) == ("unexpected-answer", 1), name
        assert places[name][2] in words(token), name
    there = f"redirects {SELF} to {elsewhere.url} (HTTP 308)"
    assert there in words(reports["308"])
