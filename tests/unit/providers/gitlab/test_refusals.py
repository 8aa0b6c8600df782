"""What GitLab's refusals mean, told apart by status and by bodies that have to be GitLab's own."""

from __future__ import annotations

import pytest
from kit.judged import refused
from kit.told import EXPIRED, NO_IMPERSONATION, REVOKED, UNKNOWN, forbidden, invalid_token

from glcheck.problem import Category, Problem

UNEXPECTED, RESTRICTED = "unexpected-answer", "account-restricted"
TOO_LOW = Problem(Category.ROLE_TOO_LOW, "Too low.", "Ask.")
ABOUT_THE_TOKEN = {
    "unknown": (UNKNOWN, "token-invalid"),
    "bad": (invalid_token("Bad Access Token."), "token-invalid"),
    "expired": (invalid_token(EXPIRED), "token-expired"),
    "revoked": (invalid_token(REVOKED), "token-revoked"),
    "impersonation": (invalid_token(NO_IMPERSONATION), RESTRICTED),
}
STATES = {
    "Your account has been blocked.": "is blocked",
    "Your account has been deactivated by your administrator.": "was deactivated",
    "Your account is pending approval from your administrator and hence blocked.":
        "waits for an administrator's approval",
    "You (@me) must accept the Terms of Service in order to perform this action.":
        "has not accepted the terms of service",
    "Your primary email address is not confirmed. Please check.": "has not confirmed its e-mail",
    "Your password expired. Please access GitLab from a web browser.": "password of the account",
    "This action cannot be performed by internal users": "internal accounts",
}  # fmt: skip


@pytest.mark.parametrize(("body", "category"), ABOUT_THE_TOKEN.values(), ids=ABOUT_THE_TOKEN)
def test_a_verdict_takes_gitlabs_whole_words(body: dict[str, str], category: str) -> None:
    assert refused(401, body).category.label == category
    *_, last = body
    said = body[last]
    spoilt = [{**body, last: s} for s in (said[:-1], f"{said} ", said.upper(), f"{said} - none")]
    spoilt += [{**body, "error_uri": "https://sso.example.com"}, {**body, last: ""}]
    for odd in (*spoilt, [body], str(body), f"<p>{body}</p>".encode()):
        assert refused(401, odd).category.label == UNEXPECTED, odd
    for status in (200, 400, 402, 403, 404, 410, 499, 600, 999):
        assert refused(status, body).category.label == UNEXPECTED, status


@pytest.mark.parametrize(("said", "words"), STATES.items())
def test_an_accounts_state_is_known_by_its_words_in_a_403(said: str, words: str) -> None:
    for text in (said, said.upper()):
        found = refused(403, forbidden(text), forbidden=TOO_LOW, lacking="api")
        assert (found.category.label, words in found.message) == (RESTRICTED, True)
        assert found.message.endswith(". The token itself may be sound.")
    for status in (200, 400, 401, 402, 404):
        assert refused(status, forbidden(said)).category.label == UNEXPECTED, status
    for body in (
        {"message": said},
        {"error": f"403 Forbidden - {said}"},
        f"403 Forbidden - {said}",
    ):
        assert refused(403, body, forbidden=TOO_LOW).category.label == UNEXPECTED, body


def test_another_reason_is_repeated_where_a_403_has_no_meaning_of_its_own() -> None:
    found = refused(403, forbidden("Not - \ttoday"))
    assert found.category.label == RESTRICTED
    assert "refuses the account of {token}: Not - today. The token" in found.message
    for said in ("403 Forbidden", "403 Forbidden: no", "403 Forbidden by us - no"):
        assert refused(403, {"message": said}).category.label == UNEXPECTED
    for body in (forbidden("Not today"), {"message": "403 Forbidden"}):
        assert refused(403, body, forbidden=TOO_LOW) is TOO_LOW


DPOP = {"error": "dpop_error"}
SCOPE = {"error": "insufficient_scope", "scope": "read_user api"}
PERMISSION = {"error": "insufficient_granular_scope"}
PERMISSIONS = {**PERMISSION, "error_description": "Denied: [Job: Read], [User: Read, Edit]."}
OTHERWISE: dict[str, tuple[int, object, str, str]] = {
    "DPoP": (401, DPOP, RESTRICTED, "demands DPoP"),
    "DPoP as 400": (400, DPOP, UNEXPECTED, "HTTP 400 and other JSON"),
    "scope": (403, SCOPE, "scope-missing", "the scope read_user, without which"),
    "scope null": (403, {**SCOPE, "scope": None}, "scope-missing", "that GitLab demands, without"),
    "scope untold": (403, {"error": SCOPE["error"]}, "scope-missing", "that GitLab demands, with"),
    "scope as 401": (401, SCOPE, UNEXPECTED, "HTTP 401"),
    "permission": (403, PERMISSIONS, "scope-missing", " [Job: Read], [User: Read, Edit] that"),
    "permission untold": (403, PERMISSION, "scope-missing", "permission that"),
    "permission as 401": (401, PERMISSION, UNEXPECTED, "HTTP 401"),
    "error as a list": (401, {"error": ["invalid_token"]}, UNEXPECTED, "HTTP 401"),
    "a gateway's 401": (401, {"message": "Unauthorized"}, UNEXPECTED, "HTTP 401 and other JSON"),
    "a gateway's 403": (403, {"message": "Forbidden"}, UNEXPECTED, "HTTP 403 and other JSON"),
    "500": (500, b"", "server-error", "a fault of its own (HTTP 500)"),
    "501": (501, UNKNOWN, "server-error", "(HTTP 501)"),
    "599": (599, b"<html>", "server-error", "(HTTP 599)"),
    "407": (407, b"", "network-error", "The proxy wants other credentials (HTTP 407)."),
    "page": (418, b"\n  <!DOCTYPE html>", UNEXPECTED, "/asked with HTTP 418 and an HTML page:"),
    "nothing": (403, b"", UNEXPECTED, "HTTP 403 and nothing in it: no answer"),
    "blank": (404, b" \n", UNEXPECTED, "HTTP 404 and nothing in it: no answer"),
    "object": (401, {"detail": "no"}, UNEXPECTED, "HTTP 401 and other JSON: no answer"),
    "list": (403, ["401 Unauthorized"], UNEXPECTED, "HTTP 403 and other JSON: no answer"),
    "large": (401, None, UNEXPECTED, "HTTP 401 and a body larger than 1 MiB: no answer"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "category", "said"), OTHERWISE.values(), ids=OTHERWISE)
def test_each_refusal_is_what_its_status_and_body_say(
    status: int, body: object, category: str, said: str
) -> None:
    found = refused(status, body)
    assert (found.category.label, said in found.message) == (category, True), found.message
    if category not in (RESTRICTED, "scope-missing"):
        assert found.details == {"status": status}


def test_the_scope_that_was_lacking_goes_before_the_one_that_gitlab_names() -> None:
    for lacking, scope in (("read_api", "read_api"), ("", "read_user")):
        found = refused(403, SCOPE, lacking=lacking)
        assert found.details == {"required": [scope], "missing": [scope]}
    permissions = ["[Job: Read]", "[User: Read, Edit]"]
    assert refused(403, PERMISSIONS, lacking="api").details == {"permissions": permissions}


@pytest.mark.parametrize("wait", [3600, 0, None])
def test_too_many_requests_say_how_long_to_wait(wait: float | None) -> None:
    found = refused(429, UNKNOWN, retry_after=wait)
    assert (found.category.label, found.details) == ("rate-limited", {"retry_after": wait})
    said = "and asks to wait 1 hour." if wait else "and does not say for how long."
    assert found.message.endswith(said)


@pytest.mark.parametrize("status", [299, 300, 302, 399, 400, 404])
def test_a_redirect_is_a_3xx_with_a_place_and_names_its_host(status: int) -> None:
    found = refused(status, location="https://sso.example.com/login?next=1")
    assert found.category.label == UNEXPECTED
    if 300 <= status < 400:
        target = "https://sso.example.com"
        assert f"redirects /asked to {target} (HTTP {status})" in found.message
        assert found.details == {"status": status, "location": target}
        found = refused(status)
    assert f"HTTP {status} and nothing in it" in found.message
    assert found.details == {"status": status}
