"""What GitLab's refusals mean, told apart by status and body, and how each is put to a person.

From GitLab's lib/api/api_guard.rb (`{"error": …}`), lib/api/helpers.rb (`{"message": …}`) and
lib/gitlab/auth/user_access_denied_reason.rb. What none of these gives is `unexpected-answer`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from glcheck import address, durations
from glcheck.masking import Clean
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import answers
from glcheck.providers.gitlab.pages import members

if TYPE_CHECKING:
    from glcheck.transport.client import Answer


def problem(
    answer: Answer,
    body: answers.Json,
    clean: Clean,
    lacking: str = "",
    forbidden: Problem | None = None,
) -> Problem:
    """What an answer that is no success says, told apart by status and body.

    `lacking` is the scope that would have let the token ask, `forbidden` what a plain 403 means there.
    """
    status = answer.status
    error, message = body.get("error"), answers.message(body)
    description = str(body.get("error_description"))
    if status == 401:
        for whole, refusal in _ABOUT_THE_TOKEN:
            if body == whole:
                return refusal
    if status == 401 and error == "dpop_error":
        fix = "Use a token of an account that does not demand DPoP (Preferences, Access tokens)."
        return _restricted("The account of {token} demands DPoP, a signature on every request", fix)
    if status == 403 and error == "insufficient_scope":
        return _may_not(
            lacking or clean(body.get("scope") or "").partition(" ")[0] or "that GitLab demands",
            answer.path,
        )
    if status == 403 and error == "insufficient_granular_scope":
        return _lacks_permission(re.findall(r"\[[A-Za-z ]{1,40}: [A-Za-z ,]{1,80}\]", description))
    if status == 403 and message.startswith("403 Forbidden"):
        for words, said, fix in _ACCOUNT_STATES:
            if words.lower() in message.lower():
                return _restricted(said, fix)
        if forbidden:
            return forbidden
        if message.startswith("403 Forbidden - "):
            reason = clean(message.partition(" - ")[2])
            return _restricted(f"GitLab refuses the account of {{token}}: {reason}", _ASK_ADMIN)
    if status == 429:
        wait = answer.retry_after
        said = (
            f"and asks to wait {durations.say_seconds(wait)}"
            if wait
            else "and does not say for how long"
        )
        return Problem(
            Category.RATE_LIMITED,
            f"{{host}} turns requests away because there were too many, {said}.",
            "Try again later; if that is short, raise `max-wait` above it.",
            details={"retry_after": wait},
        )
    if 500 <= status < 600:
        return Problem(
            Category.SERVER_ERROR,
            f"{{host}} answered with a fault of its own (HTTP {status}).",
            "Try again later; if it stays, look at the status page of that GitLab.",
            details={"status": status},
        )
    return unexpected_answer(answer, clean)


def unexpected_answer(answer: Answer, clean: Clean) -> Problem:
    """An answer that GitLab does not give: a redirect, a page, other JSON."""
    status = answer.status
    details: dict[str, Any] = {"status": status}
    if status == 407:
        fix = "Check the user name and password in HTTPS_PROXY, or name the host in NO_PROXY."
        return Problem(
            Category.NETWORK_ERROR,
            "The proxy wants other credentials (HTTP 407).",
            fix,
            details=details,
        )
    if 300 <= status < 400 and answer.location:
        target = clean(address.scheme_and_host(answer.location), answer.location)
        details["location"] = target
        return Problem(
            Category.UNEXPECTED_ANSWER,
            f"{{host}} redirects {answer.path} to {target} (HTTP {status}). The token was not "
            "sent there.",
            "If that is where GitLab is, set `url` to it; else look at what stands in front of GitLab, such as "
            "a login portal.",
            details=details,
        )
    return Problem(
        Category.UNEXPECTED_ANSWER,
        f"{{host}} answered {answer.path} with HTTP {status} and {_kind_of_body(answer.body)}: "
        "no answer that GitLab is known to give, and no verdict on the token.",
        "Check the address (`url`), and what stands between this machine and GitLab: a login portal, a proxy, "
        "a firewall.",
        details=details,
    )


# A GitLab that does not know the route on which a token describes itself.
UNSUPPORTED = Problem(
    Category.UNSUPPORTED_SERVER,
    "{host} cannot describe this token: it is a GitLab older than 15.5, or one that does not describe this kind of "
    "token.",
    "Update GitLab to 15.5 or newer, or use a personal access token. Job tokens and OAuth tokens can be checked there "
    "as it is.",
)
_ASK_ADMIN = "Ask an administrator of that GitLab, or use a token of another account."
# What forbidden!(UserAccessDeniedReason) says (lib/gitlab/auth/user_access_denied_reason.rb).
_ACCOUNT_STATES = (
    ("has been blocked", "The account of {token} is blocked", _ASK_ADMIN),
    (
        "has been deactivated",
        "The account of {token} was deactivated",
        "Sign in to GitLab with that account, which activates it again, or ask an administrator.",
    ),
    (
        "pending approval",
        "The account of {token} waits for an administrator's approval",
        _ASK_ADMIN,
    ),
    (
        "must accept the Terms of Service",
        "The account of {token} has not accepted the terms of service",
        "Sign in to GitLab with that account and accept the terms.",
    ),
    (
        "email address is not confirmed",
        "The account of {token} has not confirmed its e-mail address",
        "Sign in to GitLab with that account and follow the link in the confirmation mail.",
    ),
    (
        "password expired",
        "The password of the account of {token} has expired",
        "Sign in to GitLab with that account and set a new password.",
    ),
    (
        "cannot be performed by internal users",
        "The account of {token} is one of GitLab's internal accounts, which may not use the API",
        "Use a token of another account.",
    ),
)


def _restricted(said: str, fix: str) -> Problem:
    return Problem(Category.ACCOUNT_RESTRICTED, f"{said}. The token itself may be sound.", fix)


UNKNOWN = Problem(
    Category.TOKEN_INVALID,
    "GitLab at {host} does not know {token}.",
    "It may be mistyped; deleted, which GitLab also does some time after a token expired; of another GitLab than "
    "{url}; or of another kind, such as a deploy token. If none of this helps, {replace}.",
)
REVOKED = Problem(
    Category.TOKEN_REVOKED, "{token} was revoked, or replaced when it was rotated.", "{Replace}."
)


def _invalid_token(said: str) -> answers.Json:
    return {"error": "invalid_token", "error_description": said}


# A verdict on the token takes GitLab's own words, whole: much that stands in front of a GitLab says nearly the same.
_ABOUT_THE_TOKEN: tuple[tuple[answers.Json, Problem], ...] = (
    ({"message": "401 Unauthorized"}, UNKNOWN),
    (_invalid_token("Bad Access Token."), UNKNOWN),
    (
        _invalid_token("Token is expired. You can either do re-authorization or token refresh."),
        Problem(Category.TOKEN_EXPIRED, "{token} has expired.", "{Replace}."),
    ),
    (_invalid_token("Token was revoked. You have to re-authorize from the user."), REVOKED),
    (
        _invalid_token("Token is an impersonation token but impersonation was disabled."),
        _restricted(
            "This GitLab has switched impersonation tokens off, and {token} is one", _ASK_ADMIN
        ),
    ),
)


def _may_not(wanted: str, path: str) -> Problem:
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the scope {wanted}, without which GitLab does not answer {path}.",
        "{Replace}.",
        details={"required": [wanted], "missing": [wanted]},
    )


def needs_read_api(what: str, why: str) -> Problem:
    """A token without read_api where only that scope lets it ask about a project or group."""
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} cannot tell whether it reaches the {what}: it lacks the scope read_api ({why}).",
        f"Name the {what} by its numeric id, or add the scope read_api: {{replace}}."
        if "numeric id" in why
        else "Add the scope read_api: {replace}.",
        details={"required": ["read_api"], "missing": ["read_api"]},
    )


def _lacks_permission(permissions: list[str]) -> Problem:
    named = f" {', '.join(permissions)}" if permissions else ""
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the fine-grained permission{named} that this takes.",
        "Add that permission to the token, or use one with the scope read_api. A group can also demand "
        "fine-grained tokens.",
        details={"permissions": permissions},
    )


def not_found(what: str, which: str) -> Problem:
    """A project or group that is not there, or that GitLab hides from this token."""
    return Problem(
        Category.NOT_FOUND,
        f"There is no {what} {which} for {{token}}: it does not exist, or is hidden from this token.",
        f"Check the spelling. If it is right, add the token's account as a member {members(what, which)}.",
        details={what: which},
        requirement=what,
    )


def role_too_low(what: str, which: str, role: str | None) -> Problem:
    """A project or group that GitLab refuses to show for the role the account has in it."""
    needed = f" {role}" if role else ""
    return Problem(
        Category.ROLE_TOO_LOW,
        f"{{token}} may not see the {what} {which}: the role of its account there is too low.",
        f"Give the token's account the role{needed} {members(what, which)}.",
        details={what: which, "required": role},
        requirement="role" if role else what,
    )


def _kind_of_body(body: bytes | None) -> str:
    if body is None:
        return "a body larger than 1 MiB"
    start = body.lstrip()
    if not start:
        return "nothing in it"
    if start.startswith(b"<"):
        return "an HTML page"
    return "other JSON" if start.startswith((b"{", b"[")) else "text that is no JSON"
