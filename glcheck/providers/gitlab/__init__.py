"""GitLab, as the core of glcheck knows it: names, tables and pure functions, cheap to import."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from glcheck.description import Owner
from glcheck.providers.gitlab import roles, scopes
from glcheck.providers.gitlab.environment import (
    PUBLIC_URL,
    TOKEN_VARIABLES,
    URL_DEFAULT,
    URL_VARIABLES,
    base_url,
    ca_file,
    default_url,
    urls,
)
from glcheck.providers.gitlab.kinds import KINDS
from glcheck.providers.gitlab.pages import raise_role, replacement
from glcheck.providers.gitlab.shapes import looks_like_token, shape_of

__all__ = [
    "GIT_HOSTS", "KINDS", "NAME", "PUBLIC_URL", "ROLES", "SCOPES_CANNOT_BE_ADDED",
    "SCOPES_CANNOT_BE_TAKEN", "TOKEN_VARIABLES", "URL_DEFAULT", "URL_VARIABLES", "base_url",
    "ca_file", "caveat", "default_url", "depends_on_owner", "looks_like_token", "nearest_scope",
    "raise_role", "replacement", "role_at", "satisfied_by", "shape_of", "urls",
]  # fmt: skip

NAME: str = "GitLab"
ROLES = roles.LEVELS
# Git over SSH through the HTTPS port (doc/user/ssh.md).
GIT_HOSTS: Mapping[str, str] = {"altssh.gitlab.com": "gitlab.com"}
SCOPES_CANNOT_BE_ADDED: str = "Scopes cannot be added to a token. {Replace}."
SCOPES_CANNOT_BE_TAKEN: str = "Scopes cannot be taken from a token. {Replace}."

caveat = scopes.caveat
nearest_scope = scopes.nearest
role_at = roles.name_of


def satisfied_by(required: str, held: Collection[str], owner: Owner | None) -> str | None:
    """The held scope that satisfies the required one, or None; `owner` is None if not known."""
    return scopes.satisfied_by(required, held, owner is not None and owner.kind == "personal")


def depends_on_owner(required: Collection[str], held: Collection[str]) -> list[str]:
    """The required scopes of which only the owner tells whether they are satisfied."""
    return ["read_registry"] if scopes.depends_on_kind(required, held) else []
