"""Foreign text on its way in, and secrets on their way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

Clean = Callable[..., str]  # what Masking.clean is to those who need only that
MASK = "[MASKED]"
# What is shorter is refused as no token and never sent, so that nothing can echo it.
SHORTEST_SECRET = 8
ADDRESS = r"https?://[^\s<>\"]*[^\s<>\".,;:)]"  # in a sentence, without what ends it
_LONGEST_SHOWN = 300
_LONGEST_READ = 2000  # no name, scope or message of a provider's comes near


class Masking:
    """Keeps the secrets of a run out of everything that is shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        self._by_beginning: dict[str, list[str]] = {}
        for secret in map(str.casefold, self._secrets):
            self._by_beginning.setdefault(secret[:SHORTEST_SECRET], []).append(secret)

    def clean(self, text: object, whole: str | None = None) -> str:
        """A text of the server's, fit to be shown: one line, no control characters, not endless.

        Nothing of it is left if it holds a secret, plain or encoded. This is looked at before
        anything is cut off, so that no part of a secret is left either; where the text was cut
        from another, that is `whole`.
        """
        said = str(text)
        if len(said) > _LONGEST_READ or self._reveals(said):
            return MASK
        if whole and self._reveals(whole) and self._holds_piece(said):
            return MASK
        line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
        return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"

    def mask(self, value: Any) -> Any:
        """A value of the report with the secrets masked in every text; tuples keep their type."""
        if isinstance(value, str):
            if self._holds_secret(value):
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

    def _reveals(self, text: str) -> bool:
        return any(self._holds_secret(reading) for reading in _readings(text))

    def _holds_secret(self, text: str) -> bool:
        folded = text.casefold()
        return any(
            folded.startswith(secret, start)
            for start in range(len(folded) - SHORTEST_SECRET + 1)
            for secret in self._by_beginning.get(folded[start : start + SHORTEST_SECRET], ())
        )

    def _holds_piece(self, text: str) -> bool:
        folded = text.casefold()
        pieces = (
            folded[start : start + SHORTEST_SECRET]
            for start in range(len(folded) - SHORTEST_SECRET + 1)
        )
        return any(piece in secret.casefold() for piece in pieces for secret in self._secrets)


def one_line(text: str) -> str:
    """A text that is no server's and holds no secret, as one line without control characters."""
    return Masking(()).clean(text)


def _readings(text: str) -> set[str]:
    """The text as it is, and as it reads when encodings are undone; without blanks and the like."""
    import base64  # only when a server's text is to be shown

    def printable(text: str) -> str:
        return "".join(c for c in text if c.isprintable() and not c.isspace())

    def from_escapes(text: str) -> str:
        return re.sub(
            r"\\(?:u00|x)([0-9A-Fa-f]{2})|\\(.)",
            lambda m: chr(int(m[1], 16)) if m[1] else m[2],
            text,
        )

    readings = {printable(text)}
    if re.search(r"[%&\\]", text):
        import html  # 3 ms, for what hardly ever is
        from urllib.parse import unquote

        for _ in range(2):  # encoded twice, whichever way around
            readings |= {
                printable(undo(one))
                for one in readings
                for undo in (html.unescape, unquote, from_escapes)
            }
    for run in re.findall(r"[A-Za-z0-9+/_-]{11,}", printable(text)):
        for start in range(4):
            whole = run[start:].replace("-", "+").replace("_", "/")
            whole = whole[: -1 if len(whole) % 4 == 1 else None]
            readings.add(base64.b64decode(whole + "A" * (-len(whole) % 4)).decode("latin-1"))
    return readings
