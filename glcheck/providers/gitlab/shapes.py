"""What a token's own characters tell: its kind, and whether it was cut or mistyped.

Prefixes and the routable format are those of GitLab's source and documentation
(lib/authn/token_field, doc/security/tokens/index.md#token-prefixes).
"""

from __future__ import annotations

import re
import zlib

from glcheck.description import Shape
from glcheck.providers.gitlab.kinds import ACCESS_TOKEN

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
_ANY_PREFIX = "|".join(map(re.escape, _PREFIXES))

_ROUTABLE_BODY = r"[A-Za-z0-9_-]{27,300}"
_ROUTABLE = r"[A-Za-z0-9_-]{27,}\.(?:[0-9a-z]{2}\.)?[0-9a-z]{9}"
_ROUTING = rb"[a-z]:[0-9a-z]+\n[a-z]:[0-9a-z]"
_SIXTY_FOUR_HEX = r"[0-9a-f]{64}"
_TOKENS = (
    rf"(?:{_ANY_PREFIX})[0-9A-Za-z_-]{{16}}"
    r"|^[0-9A-Fa-f]{64}$"
    # from before 14.5, without a prefix
    r"|^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[0-9A-Za-z_-]{20}$"
)


def shape_of(secret: str) -> Shape:
    """What the token's prefix, form and checksum tell; an unknown prefix is an access token."""
    if len(secret) == 64 and re.fullmatch(_SIXTY_FOUR_HEX, secret, re.ASCII):
        return Shape("oauth")
    match = _prefixed(secret)
    prefix = match[1] if match else ""
    kind = "job" if prefix == "glcbt-" else ACCESS_TOKEN
    return Shape(kind, _UNCHECKABLE.get(prefix), damage(secret))


def looks_like_token(text: str) -> bool:
    """Whether a text that ought to be a name or a path is a token's value, or holds one."""
    if len(text) not in (20, 64) and not any(prefix in text for prefix in _PREFIXES):
        return False  # as nearly always, without the time that it takes to compile the pattern
    return re.search(_TOKENS, text) is not None


def damage(secret: str) -> str | None:
    """Why a token cannot be whole, by its form and checksum; None where there is nothing to say.

    A routable token is PREFIX PAYLOAD . [VERSION .] LENGTH CHECKSUM, the checksum being the CRC-32
    of all before it in base 36 (doc/architecture/…/cells/routable_tokens,
    Authn::TokenField::Generator).
    """
    if "." in secret and re.fullmatch(_ROUTABLE, secret, re.ASCII):
        sound = secret[-7:] == _base36(zlib.crc32(secret[:-7].encode()))
        return None if sound else "its checksum is wrong"
    match = _prefixed(secret)
    if match is None or match[1] == "glcbt-":  # which can be a JSON web token, with its own dots
        return None
    body, dot, _ = match[2].partition(".")
    if not match[2]:
        return "there is nothing after its prefix"
    if re.fullmatch(_ROUTABLE_BODY, body, re.ASCII) and (dot or _holds_routing(body)):
        return "its end is missing"
    return None


def _prefixed(secret: str) -> re.Match[str] | None:
    """The known prefix and what follows; an instance can put one of its own before: acme-glpat-…"""
    return re.match(rf"(?:[A-Za-z0-9_.]{{1,20}}-)?({_ANY_PREFIX})(.*)", secret, re.DOTALL)


def _holds_routing(body: str) -> bool:
    """Whether the payload decodes to what routable tokens carry: lines such as `o:1`, `u:1z`."""
    import base64  # only for a token that has no dot but the length of one that should

    try:
        payload = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:  # binascii.Error is one
        return False
    return re.search(_ROUTING, payload) is not None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits.rjust(7, "0")
