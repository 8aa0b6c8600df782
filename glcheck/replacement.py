"""Where a new token is made, with as much filled in as GitLab's page allows."""

from __future__ import annotations

from urllib.parse import quote

from glcheck.plan import TokenPolicy


def advice(policy: TokenPolicy, scopes: tuple[str, ...], name: str | None) -> str:
    """How to make a new token for that place, to stand inside a sentence.

    The page of personal tokens takes name and scopes (since 14.1), not the expiry; those of projects and
    groups take nothing (doc/user/profile/personal_access_tokens.md).
    """
    asked = policy.requirements
    kind, namespace = asked.kind, asked.namespace
    if kind in ("project", "group"):
        if namespace and namespace[0] == kind and not namespace[1].isdigit():
            prefix = "groups/" if kind == "group" else ""
            return f"make a new one on {policy.url}/{prefix}{namespace[1]}/-/settings/access_tokens"
        return f"make a new one in the {kind}'s Settings, Access tokens"
    if kind == "service-account":
        return "have an owner of the group make a new one for the service account"
    if kind == "oauth":
        return "authorize the application again"
    query = f"name={quote(name or policy.name, safe='')}"
    if scopes:
        query += f"&scopes={quote(','.join(scopes), safe=',')}"
    page = f"{policy.url}/-/user_settings/personal_access_tokens?{query}"
    place = f" and store it in {policy.source.variable}" if policy.source.variable else ""
    return f"make a new one on {page}{place}"
