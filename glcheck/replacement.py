"""Where a new token is made, with as much filled in as GitLab's page allows."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from glcheck.description import Token
from glcheck.plan import TokenPolicy
from glcheck.text import MASK


def advice(policy: TokenPolicy, token: Token | None, lacking: Sequence[str]) -> str:
    """How to make a new token in place of this one, to stand inside a sentence; with the scopes it was lacking.

    The page of personal tokens takes name and scopes (since 14.1), not the expiry; those of projects and
    groups take nothing (doc/user/profile/personal_access_tokens.md).
    """
    asked = policy.requirements
    namespace = asked.namespace
    kind = asked.kind or (token.kind if token else None)
    if kind in ("project", "group"):
        if namespace and namespace[0] == kind and not namespace[1].isdigit():
            prefix = "groups/" if kind == "group" else ""
            return f"make a new one on {policy.url}/{prefix}{namespace[1]}/-/settings/access_tokens"
        return f"make a new one in the {kind}'s Settings, Access tokens"
    if kind == "service-account":
        return "have an owner of the group make a new one for the service account"
    if kind == "oauth":
        return "authorize the application again"
    name = token.name if token and token.name and token.name != MASK else policy.name.rpartition("/")[2]
    query = f"name={quote(name, safe='')}"
    held = token.scopes if token and not token.fine_grained else ()
    scopes = asked.scopes or tuple(scope for scope in held if scope not in asked.forbid_scopes)
    if scopes or lacking:
        query += f"&scopes={quote(','.join(dict.fromkeys((*scopes, *lacking))), safe=',')}"
    page = f"{policy.url}/-/user_settings/personal_access_tokens?{query}"
    return f"make a new one on {page} and store it in {policy.source.place}"
