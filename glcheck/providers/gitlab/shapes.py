"""What a token's own characters tell before anything is sent: its kind, whether it was cut or mistyped.

Prefixes and the routable format are those of GitLab's source and documentation
(lib/authn/token_field, doc/security/tokens/index.md#token-prefixes).
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

# Kinds that GitLab has no way to describe, so that there is nothing to check.
_UNCHECKABLE = {
    "gldt-": "deploy token",
    "glrt-": "runner authentication token",
    "glrtr-": "runner registration token",
    "GR1348941": "runner registration token",
    "glptt-": "pipeline trigger token",
    "glft-": "feed token",
    "glimt-": "incoming mail token",
    "glagent-": "Kubernetes agent token",
    "glsoat-": "SCIM token",
    "glwt-": "workspace token",
    "glffct-": "feature flags client token",
    "gloas-": "OAuth application secret",
}
_PREFIXES = ("glpat-", "glcbt-", *_UNCHECKABLE)
# An instance can have a prefix of its own in front: acme-glpat-…
_PREFIXED = re.compile(
    r"(?:[A-Za-z0-9_.]{1,20}-)?(" + "|".join(map(re.escape, _PREFIXES)) + r")(.*)", re.DOTALL
)

_OTHER_VENDORS = {
    "a GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "an AWS key": ("AKIA",),
    "a Slack token": ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"),
    "an npm token": ("npm_",),
    "a PyPI token": ("pypi-",),
    "an API key of another service": ("sk-", "sk_live_", "sk_test_"),
    "a Docker token": ("dckr_pat_", "dckr_oat_"),
}

_ROUTABLE_BODY = re.compile(r"[A-Za-z0-9_-]{27,300}", re.ASCII)
_ROUTABLE = re.compile(r"[A-Za-z0-9_-]{27,}\.(?:[0-9a-z]{2}\.)?[0-9a-z]{9}", re.ASCII)
_ROUTING = re.compile(rb"[a-z]:[0-9a-z]+\n[a-z]:[0-9a-z]", re.ASCII)
_SIXTY_FOUR_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKENS = (
    re.compile("(?:" + "|".join(map(re.escape, _PREFIXES)) + r")[0-9A-Za-z_-]{16}"),
    re.compile(r"^[0-9A-Fa-f]{64}$"),
    re.compile(
        r"^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[0-9A-Za-z_-]{20}$"
    ),  # from before 14.5, without a prefix
)


class Shape(NamedTuple):
    """What the characters of a token say about it."""

    kind: str  # "access-token", "job" or "oauth": how it has to be presented
    uncheckable: str | None = None  # the name of a kind that GitLab cannot describe


def shape_of(secret: str) -> Shape:
    """The kind that the token's prefix or form names; an unknown prefix is an access token."""
    if _SIXTY_FOUR_HEX.fullmatch(secret):
        return Shape("oauth")
    match = _PREFIXED.match(secret)
    prefix = match[1] if match else ""
    return Shape("job" if prefix == "glcbt-" else "access-token", _UNCHECKABLE.get(prefix))


def other_vendor(secret: str) -> str | None:
    """Whose token it is when it is clearly not GitLab's: "a GitHub token"; else None."""
    return next(
        (who for who, prefixes in _OTHER_VENDORS.items() if secret.startswith(prefixes)), None
    )


def damage(secret: str) -> str | None:
    """Why a token cannot be whole, by its own form and checksum; None where there is nothing to say.

    A routable token is PREFIX PAYLOAD . [VERSION .] LENGTH CHECKSUM, the checksum being the CRC-32 of all
    before it in base 36 (doc/architecture/…/cells/routable_tokens, Authn::TokenField::Generator).
    """
    if _ROUTABLE.fullmatch(secret):
        return (
            None
            if secret[-7:] == _base36(zlib.crc32(secret[:-7].encode()))
            else "its checksum is wrong"
        )
    match = _PREFIXED.match(secret)
    if (
        match is None or match[1] == "glcbt-"
    ):  # a job token can be a JSON web token, with dots of its own
        return None
    body, dot, _ = match[2].partition(".")
    if not match[2]:
        return "there is nothing after its prefix"
    if _ROUTABLE_BODY.fullmatch(body) and (dot or _holds_routing(body)):
        return "its end is missing"
    return None


def looks_like_token(text: str) -> bool:
    """Whether a text that ought to be a name or a path looks like a token's value, or holds one."""
    return any(pattern.search(text) for pattern in _TOKENS) or (
        len(text) >= 16 and other_vendor(text) is not None
    )


def _holds_routing(body: str) -> bool:
    """Whether the payload decodes to what routable tokens carry: lines such as `o:1` and `u:1z`."""
    import base64  # only for a token that has no dot but the length of one that should

    try:
        payload = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:  # binascii.Error is one
        return False
    return _ROUTING.search(payload) is not None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits.rjust(7, "0")
