"""Foreign text on its way in and secrets on their way out: one cleans, the other masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

MASK = "[MASKED]"
SHORTEST_SECRET = 8  # what is shorter is refused as no token and never sent, so nothing can echo it
_LONGEST = 300


def clean(text: object, mask: Callable[[str], str]) -> str:
    """A string of the server's, fit to be shown: masked, one line, no control characters, not endless.

    Masked before it is cut, so that no cut can leave a part of a secret standing.
    """
    line = "".join(c if c.isprintable() else " " for c in mask(str(text)[:100_000]))
    line = " ".join(mask(line).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that replaces the secrets in a text, also where they stand encoded."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    longest_first = sorted(forms, key=len, reverse=True)

    def mask(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, MASK)
        return text

    return mask


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """The same value with every string in it masked; tuples keep their type."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, tuple):
        items = [masked(item, mask) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, mask) for key, item in value.items()}
    return value


def _forms(secret: str) -> Iterable[str]:
    """The secret, and how it looks percent-, JSON-, HTML- or base64-encoded (at any alignment)."""
    import base64  # only when there is a secret
    import html
    import json
    from urllib.parse import quote

    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield json.dumps(secret)[1:-1]
    yield html.escape(secret)
    raw = secret.encode()
    for before in range(3):
        # The characters at both ends mix with their neighbours; what lies between is always the same.
        whole = base64.b64encode(b"\0" * before + raw)
        core = whole[(0, 2, 3)[before] : len(whole) - (0, 3, 2)[(before + len(raw)) % 3]].decode()
        yield core
        yield core.replace("+", "-").replace("/", "_")
