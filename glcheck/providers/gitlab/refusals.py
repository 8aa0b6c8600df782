"""What GitLab's refusals mean, told apart by status and body: a row for each that it gives.

From GitLab's lib/api/api_guard.rb (`{"error": …}`), lib/api/helpers.rb (`{"message": …}`) and
lib/gitlab/auth/user_access_denied_reason.rb.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from glcheck.masking import Clean
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import answers
from glcheck.providers.gitlab.answers import Json
from glcheck.providers.gitlab.pages import members
from glcheck.providers.refusals import Refusal, Refused, error, meaning, whole
from glcheck.transport.answer import Answer

_PERMISSION = r"\[[A-Za-z ]{1,40}: [A-Za-z ,]{1,80}\]"
_ASK_ADMIN = "Ask an administrator of that GitLab, or use a token of another account."


def problem(
    answer: Answer, body: Json, clean: Clean, lacking: str = "", forbidden: Problem | None = None
) -> Problem:
    """What an answer that is no success says.

    `lacking` is the scope that would have let the token ask, `forbidden` what a plain 403 means.
    """
    return meaning(_REFUSALS, Refused(answer, body, clean, lacking, forbidden))


# --- how a refusal is known, and what it means where that depends on the answer ---


def _invalid_token(said: str) -> Callable[[Json], bool]:
    return whole({"error": "invalid_token", "error_description": said})


def _forbidden(words: str) -> Callable[[Json], bool]:
    """Known by words in the message of a `forbidden!`."""

    def known(body: Json) -> bool:
        said = answers.message(body)
        return said.startswith("403 Forbidden") and words.lower() in said.lower()

    return known


def _restricted(said: str, fix: str) -> Problem:
    return Problem(Category.ACCOUNT_RESTRICTED, f"{said}. The token itself may be sound.", fix)


def _lacks_scope(refused: Refused) -> Problem:
    told = refused.clean(refused.body.get("scope") or "").partition(" ")[0]
    wanted = refused.lacking or told or "that GitLab demands"
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the scope {wanted}, without which GitLab does not answer "
        f"{refused.answer.path}.",
        "{Replace}.",
        details={"required": [wanted], "missing": [wanted]},
    )


def _lacks_permission(refused: Refused) -> Problem:
    permissions = re.findall(_PERMISSION, str(refused.body.get("error_description")))
    named = f" {', '.join(permissions)}" if permissions else ""
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} lacks the fine-grained permission{named} that this takes.",
        "Add that permission to the token, or use one with the scope read_api. A group can also "
        "demand fine-grained tokens.",
        details={"permissions": permissions},
    )


def _forbidden_there(refused: Refused) -> Problem | None:
    return refused.forbidden


def _another_reason(refused: Refused) -> Problem | None:
    start, dash, reason = answers.message(refused.body).partition(" - ")
    if start != "403 Forbidden" or not dash:
        return None
    said = f"GitLab refuses the account of {{token}}: {refused.clean(reason)}"
    return _restricted(said, _ASK_ADMIN)


# --- the rows ---

UNKNOWN = Problem(
    Category.TOKEN_INVALID,
    "GitLab at {host} does not know {token}.",
    "It may be mistyped; deleted, which GitLab also does some time after a token expired; of "
    "another GitLab than {url}; or of another kind, such as a deploy token. If none of this "
    "helps, {replace}.",
)
REVOKED = Problem(
    Category.TOKEN_REVOKED, "{token} was revoked, or replaced when it was rotated.", "{Replace}."
)
# A GitLab that does not know the route on which a token describes itself.
UNSUPPORTED = Problem(
    Category.UNSUPPORTED_SERVER,
    "{host} cannot describe this token: it is a GitLab older than 15.5, or one that does not "
    "describe this kind of token.",
    "Update GitLab to 15.5 or newer, or use a personal access token. Job tokens and OAuth tokens "
    "can be checked there as it is.",
)
_EXPIRED = Problem(Category.TOKEN_EXPIRED, "{token} has expired.", "{Replace}.")

_REFUSALS = (
    Refusal((401,), whole({"message": "401 Unauthorized"}), UNKNOWN),
    Refusal((401,), _invalid_token("Bad Access Token."), UNKNOWN),
    Refusal(
        (401,),
        _invalid_token("Token is expired. You can either do re-authorization or token refresh."),
        _EXPIRED,
    ),
    Refusal(
        (401,),
        _invalid_token("Token was revoked. You have to re-authorize from the user."),
        REVOKED,
    ),
    Refusal(
        (401,),
        _invalid_token("Token is an impersonation token but impersonation was disabled."),
        _restricted(
            "This GitLab has switched impersonation tokens off, and {token} is one", _ASK_ADMIN
        ),
    ),
    Refusal(
        (401,),
        error("dpop_error"),
        _restricted(
            "The account of {token} demands DPoP, a signature on every request",
            "Use a token of an account that does not demand DPoP (Preferences, Access tokens).",
        ),
    ),
    Refusal((403,), error("insufficient_scope"), _lacks_scope),
    Refusal((403,), error("insufficient_granular_scope"), _lacks_permission),
    # What forbidden!(UserAccessDeniedReason) says.
    Refusal(
        (403,),
        _forbidden("has been blocked"),
        _restricted("The account of {token} is blocked", _ASK_ADMIN),
    ),
    Refusal(
        (403,),
        _forbidden("has been deactivated"),
        _restricted(
            "The account of {token} was deactivated",
            "Sign in to GitLab with that account, which activates it again, or ask an "
            "administrator.",
        ),
    ),
    Refusal(
        (403,),
        _forbidden("pending approval"),
        _restricted("The account of {token} waits for an administrator's approval", _ASK_ADMIN),
    ),
    Refusal(
        (403,),
        _forbidden("must accept the Terms of Service"),
        _restricted(
            "The account of {token} has not accepted the terms of service",
            "Sign in to GitLab with that account and accept the terms.",
        ),
    ),
    Refusal(
        (403,),
        _forbidden("email address is not confirmed"),
        _restricted(
            "The account of {token} has not confirmed its e-mail address",
            "Sign in to GitLab with that account and follow the link in the confirmation mail.",
        ),
    ),
    Refusal(
        (403,),
        _forbidden("password expired"),
        _restricted(
            "The password of the account of {token} has expired",
            "Sign in to GitLab with that account and set a new password.",
        ),
    ),
    Refusal(
        (403,),
        _forbidden("cannot be performed by internal users"),
        _restricted(
            "The account of {token} is one of GitLab's internal accounts, which may not use the "
            "API",
            "Use a token of another account.",
        ),
    ),
    Refusal((403,), _forbidden(""), _forbidden_there),
    Refusal((403,), _forbidden(""), _another_reason),
)


# --- refusals of a project or group ---


def needs_read_api(what: str, why: str, by_id: bool = False) -> Problem:
    """A token without read_api where only that scope lets it ask about a project or group.

    `by_id` says that the numeric id of that project or group would do as well.
    """
    fix = "Add the scope read_api: {replace}."
    if by_id:
        fix = f"Name the {what} by its numeric id, or add the scope read_api: {{replace}}."
    return Problem(
        Category.SCOPE_MISSING,
        f"{{token}} cannot tell whether it reaches the {what}: it lacks the scope read_api "
        f"({why}).",
        fix,
        details={"required": ["read_api"], "missing": ["read_api"]},
        requirement=what,
    )


def not_found(what: str, which: str) -> Problem:
    """A project or group that is not there, or that GitLab hides from this token."""
    return Problem(
        Category.NOT_FOUND,
        f"There is no {what} {which} for {{token}}: it does not exist, or is hidden from this "
        "token.",
        "Check the spelling. If it is right, add the token's account as a member "
        f"{members(what, which)}.",
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
