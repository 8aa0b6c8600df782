"""What GitLab's scopes imply.

From lib/gitlab/auth.rb (abilities_for_scopes), lib/api/api_guard.rb and
doc/security/tokens/access_token_scopes.md; where code and documentation disagree, the stricter
holds.
"""

from __future__ import annotations

from collections.abc import Collection

# Each scope with the other scopes that also satisfy it.
_ALSO_SATISFIED_BY: dict[str, tuple[str, ...]] = {
    "api": (),
    "read_api": ("api",),
    "read_user": ("read_api", "api"),
    "read_repository": ("write_repository", "api"),
    "write_repository": ("api",),
    "read_registry": ("api",),  # not write_registry; read_api only for personal tokens, see below
    "write_registry": ("api",),
    "read_virtual_registry": ("api",),
    "write_virtual_registry": ("api",),
    "create_runner": ("api",),
    "manage_runner": ("api",),
    "ai_features": ("api",),
    "self_rotate": ("api",),
    "read_service_ping": ("read_api", "api"),
    "k8s_proxy": (),
    "sudo": (),
    "admin_mode": (),
    "read_observability": (),
    "write_observability": (),
    "openid": (),
    "profile": (),
    "email": (),
}

# What a person should know about a scope that is held only through another one.
_CAVEATS = {
    ("read_repository", "write_repository"): "for git only, not for the repository files API"
}


def satisfied_by(required: str, held: Collection[str], personal: bool) -> str | None:
    """The held scope that satisfies the required one: itself, one that implies it, or None.

    `personal` says that the token is known to be a personal one. A name that GitLab has not had
    so far is compared literally: new scopes appear every few releases.
    """
    if required in held:
        return required
    others = _ALSO_SATISFIED_BY.get(required, ())
    if required == "read_registry" and personal:
        others = (*others, "read_api")
    return next((scope for scope in others if scope in held), None)


def depends_on_kind(required: Collection[str], held: Collection[str]) -> bool:
    """Whether the answer is known only when the token's kind is: read_registry through read_api."""
    return (
        "read_registry" in required
        and "read_api" in held
        and not {"read_registry", "api"} & set(held)
    )


def caveat(required: str, through: str) -> str | None:
    """What being held through that other scope does not cover, if anything."""
    return _CAVEATS.get((required, through))


def nearest(name: str) -> str | None:
    """The known scope that looks most like this unknown name; None for a known one, or none."""
    if name in _ALSO_SATISFIED_BY:
        return None
    from difflib import get_close_matches  # only on the way to an error

    return next(iter(get_close_matches(name.lower(), _ALSO_SATISFIED_BY)), None)
