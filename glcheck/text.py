"""Foreign text on its way in, and secrets on their way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "[MASKED]"
SHORTEST_SECRET = 8  # what is shorter is refused as no token and never sent, so that nothing can echo it
_LONGEST_SHOWN = 300
_LONGEST_READ = 2000  # no name, scope or message of GitLab's comes near


class Veil:
    """Keeps the secrets of a run out of everything that is shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        self._pieces = {
            secret.casefold()[start : start + SHORTEST_SECRET]
            for secret in self._secrets
            for start in range(len(secret) - SHORTEST_SECRET + 1)
        }

    def clean(self, text: object) -> str:
        """A text of the server's, fit to be shown: one line, no control characters, not endless.

        Nothing of it is left if it holds a piece of a secret, plain or encoded: who knows what else it holds.
        """
        said = str(text)
        if len(said) > _LONGEST_READ or any(self._holds_piece(reading) for reading in _readings(said)):
            return MASK
        line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
        return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"

    def mask(self, value: Any) -> Any:
        """A value of the report with the secrets masked in every text of it; tuples keep their type."""
        if isinstance(value, str):
            if self._holds_piece(value):
                for secret in self._secrets:
                    value = value.replace(secret, MASK)
            return value
        if isinstance(value, tuple):
            items = [self.mask(item) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, list):
            return [self.mask(item) for item in value]
        if isinstance(value, dict):
            return {key: self.mask(item) for key, item in value.items()}
        return value

    def _holds_piece(self, text: str) -> bool:
        folded = text.casefold()
        return any(folded[start : start + SHORTEST_SECRET] in self._pieces for start in range(len(folded)))


def one_line(text: str) -> str:
    """A text that is not the server's and holds no secret, as one line without control characters."""
    return Veil(()).clean(text)


def _readings(text: str) -> Iterator[str]:
    """The text as it is, and as it reads when what may be an encoding is undone; blanks and the like left out."""
    import base64  # only when a server's text is to be shown
    import html
    from urllib.parse import unquote

    plain = "".join(c for c in text if c.isprintable() and not c.isspace())
    yield plain
    if "&" in plain or "%" in plain or "\\" in plain:
        for _ in range(2):  # encoded twice, in either order
            plain = re.sub(r"\\(?:u00|x)([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), plain)
            plain = unquote(html.unescape(plain), errors="replace").replace("\\", "")
            yield "".join(c for c in plain if c.isprintable() and not c.isspace())
    for run in re.findall(r"[A-Za-z0-9+/_-]{11,}", plain):
        for start in range(4):
            quads = run[start : start + (len(run) - start) // 4 * 4]
            yield base64.b64decode(quads, altchars=b"-_" if "-" in quads or "_" in quads else None).decode("latin-1")
