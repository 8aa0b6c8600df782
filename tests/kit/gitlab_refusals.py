"""Who is let in, and with which words GitLab turns the others away, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kit.gitlab_things import Token
from kit.web_server import Answer

NO_PERSONAL = ("oauth", "job", "deploy", "runner")  # kinds that PRIVATE-TOKEN does not take
ACCOUNT = {
    "blocked": "Your account has been blocked.",
    "deactivated": "Your account has been deactivated by your administrator. "
    "Please log back in from a web browser to reactivate your account at {url}",
    "pending": "Your account is pending approval from your administrator and hence blocked.",
    "terms": "You (@{user}) must accept the Terms of Service in order to perform this action. "
    "To accept these terms, please access GitLab from a web browser at {url}.",
    "unconfirmed": "Your primary email address is not confirmed. Please check your inbox for the "
    "confirmation instructions. In case the link is expired, you can request a new confirmation "
    "email at {url}/users/confirmation/new",
    "password-expired": "Your password expired. Please access GitLab from a web browser to update "
    "your password.",
    "internal": "This action cannot be performed by internal users",
}
DEAD_OAUTH = {
    "error": "invalid_request",
    "error_description": "The request is missing a required parameter, includes an unsupported "
    "parameter value, or is otherwise malformed.",
}
EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
REVOKED = "Token was revoked. You have to re-authorize from the user."
IMPERSONATION = "Token is an impersonation token but impersonation was disabled."
TOO_LITTLE = "The request requires higher privileges than provided by the access token."


class RefusalError(Exception):
    """Ends a request with an answer that is an error."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.answer = Answer(status, body)


def message(status: int, text: str) -> RefusalError:  # of the API helpers' family
    return RefusalError(status, {"message": text})


def guard(status: int, error: str, text: str, **more: str) -> RefusalError:  # of the API guard's
    return RefusalError(status, {"error": error, "error_description": text, **more})


def presented(known: Mapping[str, Token], headers: Mapping[str, str], job: bool) -> Token | None:
    """Return the token that a request carries; only the route `job` takes that of a job."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    bearer = known.get(credentials.strip()) if scheme.lower() == "bearer" else None
    of_job = known.get(headers["job-token"]) if "job-token" in headers else bearer
    if job and of_job and of_job.kind == "job":
        return of_job
    if bearer and bearer.kind == "oauth":
        return bearer
    private = known.get(headers["private-token"]) if "private-token" in headers else bearer
    return private if private and private.kind not in NO_PERSONAL else None


def require(
    token: Token | None, scopes: tuple[str, ...] | None, grant: str, now: datetime, url: str
) -> Token:
    """Return the token if it is let in where these scopes (None: any) or that grant are needed."""
    active = token is not None and token.state == "active"
    if token is None or (token.kind == "job" and (token.dead(now) or not active)):
        raise message(401, "401 Unauthorized")
    if token.kind == "job":
        return token
    if not active:
        why = ACCOUNT[token.state].format(url=url, user=token.username)
        raise message(403, f"403 Forbidden - {why}")
    if token.dpop:
        raise guard(401, "dpop_error", "DPoP validation error: DPoP header is missing")
    if token.expired(now):
        raise guard(401, "invalid_token", EXPIRED)
    if token.revoked:
        raise guard(401, "invalid_token", REVOKED)
    if token.kind == "fine-grained":
        require_grant(token, grant)
    elif scopes and not set(scopes) & set(token.scopes):
        raise guard(403, "insufficient_scope", TOO_LITTLE, scope=" ".join(scopes))
    if token.kind == "impersonation" and token.impersonation_disabled:
        raise guard(401, "invalid_token", IMPERSONATION)
    return token


def require_grant(token: Token, grant: str) -> None:
    """Refuse whatever is not a fine-grained token with that grant."""
    if token.kind != "fine-grained" or grant not in token.granted:
        boundary = {"Project: Read": "project", "Group: Read": "group"}.get(grant, "user")
        text = "Access denied: This operation requires a fine-grained personal access token with "
        text += f"the following {boundary} permissions: [{grant}]."
        raise guard(403, "insufficient_granular_scope", text)
