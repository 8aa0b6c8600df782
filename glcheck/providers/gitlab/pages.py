"""Where a person repairs things in GitLab: the page for a new token, and that of members."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from glcheck.description import Token
from glcheck.masking import MASK
from glcheck.policy import TokenPolicy
from glcheck.providers.gitlab import scopes


def replacement(policy: TokenPolicy, token: Token | None, lacking: Sequence[str]) -> str:
    """How to make a new token in place of this one, to stand inside a sentence.

    `lacking` are the scopes that were found missing, for the new one to have.
    """
    if policy.source.variable != "CI_JOB_TOKEN":  # which nobody can store anything in
        return f"{_how(policy, token, lacking)} and store it in {policy.source.place}"
    if token is None:
        return "run the job again, since its token dies with it"
    return f"{_how(policy, None, lacking)} and name its variable with `token-env`"


def _how(policy: TokenPolicy, token: Token | None, lacking: Sequence[str]) -> str:
    namespace = policy.requirements.namespace
    kind = policy.requirements.kind or (token.kind if token else None)
    if kind in ("project", "group"):
        if namespace and namespace[0] == kind and not namespace[1].isdigit():
            prefix = "groups/" if kind == "group" else ""
            return f"make a new one on {policy.url}/{prefix}{namespace[1]}/-/settings/access_tokens"
        return f"make a new one in the {kind}'s Settings, Access tokens,"
    if kind == "service-account":
        return "have an owner of the group make a new one for the service account"
    if kind == "oauth":
        return "authorize the application again"
    page = (
        f"{policy.url}/-/user_settings/personal_access_tokens{_filled_in(policy, token, lacking)}"
    )
    if kind == "personal":
        return f"make a new one on {page}"
    return f"make a new one on {page} (that of a project or group: in its Settings, Access tokens)"


def _filled_in(policy: TokenPolicy, token: Token | None, lacking: Sequence[str]) -> str:
    """Name and scopes: those that are asked for, and those that it holds and may hold.

    The page of personal tokens takes both (since 14.1), not the expiry; those of projects and
    groups take nothing (doc/user/profile/personal_access_tokens.md).
    """
    asked = policy.requirements
    name = policy.name.rpartition("/")[2]
    if token and token.name and token.name != MASK:
        name = token.name
    described = token.scopes if token and not token.fine_grained else ()
    held = [scope for scope in described if scope not in asked.forbid_scopes]
    # A scope with a known one near is mistyped, and the page would refuse it.
    more = [scope for scope in (*asked.scopes, *lacking) if not scopes.nearest(scope)]
    wanted = dict.fromkeys([*more, *held])
    query = {} if policy.source.is_input and not token else {"name": name}
    if wanted:
        query["scopes"] = ",".join(wanted)
    return f"?{urlencode(query, safe=',', quote_via=quote)}" if query else ""


def raise_role(what: str, which: str, role: str) -> str:
    """What to do about an account whose role in that project or group is too low."""
    return (
        f"Give the token's account the role {role} {members(what, which)}. A project or group "
        "token keeps the role that was chosen when it was made, and has to be replaced."
    )


def members(what: str, which: str) -> str:
    """Where members of a project or group are managed, to stand inside a sentence of a problem."""
    if which.isdigit():
        return f"in the {what}'s member list"
    return f"on {{url}}/{'groups/' if what == 'group' else ''}{which}/-/{what}_members"
