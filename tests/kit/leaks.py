"""Looks for a secret in a text, in all the ways in which a reader could find it there."""

from __future__ import annotations

import base64
import html
import json
import re
import string
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote

from hypothesis import strategies as st

PIECE = 8  # so many characters of a secret in a row are too many


PREFIX = re.compile(r"^(?:glpat-|glcbt-|gldt-|glrt-|ghp_|npm_|sk-)")


def base64_runs(text: str) -> str:
    """Return what base64 would make of each run of its characters, at every alignment."""
    found = []
    for characters in re.findall(r"[A-Za-z0-9+/_-]{12,}", text):
        run = characters.translate(str.maketrans("-_", "+/"))
        for start in range(4):
            part = run[start : len(run) - ((len(run) - start) % 4 == 1)]
            found.append(base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1"))
    return "\n".join(found)


def json_unescape(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r'\\(["\\/])', r"\1", text)


DECODERS: tuple[Callable[[str], str], ...] = (
    unquote,
    html.unescape,
    json_unescape,
    lambda text: re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text),  # Markdown
    lambda text: re.sub(
        r"[^!-~]", "", text
    ),  # what splits it: blanks, line breaks, control and other characters
    base64_runs,
)


def views(text: str) -> list[str]:
    """Return a text as it is and as a reader might decode it, twice over; the case of letters does not matter."""
    found = {text}
    for _ in range(2):
        found |= {decode(seen) for seen in found for decode in DECODERS}
    return [seen.lower() for seen in found]


def pieces(text: str) -> set[str]:
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}


def leaks(text: str, secrets: Iterable[str], *, whole: bool = False) -> list[tuple[str, str]]:
    """Return the secrets that a text gives away, each with the piece that it shows."""
    found = []
    shown = views(text)
    grams = set().union(*map(pieces, shown)) if not whole else set()
    for secret in secrets:
        rest = PREFIX.sub("", secret).lower()
        in_full = [rest] if whole and any(rest in view for view in shown) else []
        out = in_full or sorted(pieces(rest) & grams)
        found += [(secret, piece) for piece in out[:1]]
    return found


def shifted(by: int) -> Callable[[str], str]:
    return lambda secret: base64.b64encode(
        (b"user:" + b"x" * by) + secret.encode() + b"tail"
    ).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda secret: quote(secret, safe=""),
    "percent, every character": lambda secret: "".join(
        f"%{ord(character):02x}" for character in secret
    ),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64, one later": shifted(0),
    "base64, two later": shifted(1),
    "base64, three later": shifted(2),
    "base64 for addresses": lambda secret: (
        base64.urlsafe_b64encode(b"oauth2:" + secret.encode()).decode().rstrip("=")
    ),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON, every character": lambda secret: "".join(
        f"\\u{ord(character):04x}" for character in secret
    ),
    "HTML": html.escape,
    "HTML, every character": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "HTML, hexadecimal": lambda secret: "".join(f"&#x{ord(character):X};" for character in secret),
    "quoted": lambda secret: f'"PRIVATE-TOKEN: {secret}"',
}


SPLITTERS = ("\x00", "\x1b", "\x7f", "\x85", "\r", "\n", "\t")


SPLITS: dict[str, Callable[[str], str]] = {
    **{f"{by!r} in the middle": lambda secret, by=by: by.join((secret[:11], secret[11:])) for by in SPLITTERS},  # type: ignore[misc]
    **{f"{by!r} everywhere": lambda secret, by=by: by.join(secret) for by in SPLITTERS},  # type: ignore[misc]
}  # fmt: skip


ECHOES = {**ENCODINGS, **SPLITS}


printable = "".join(chr(code) for code in range(33, 127))


def distinct(token: str) -> bool:
    """A secret of few characters cannot be told from other text."""
    return len(set(PREFIX.sub("", token))) >= 10


def of(characters: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Draw texts character by character: st.text also draws words of the program, which are in its messages."""
    return st.lists(st.sampled_from(characters), min_size=least, max_size=most).map("".join)


secrets = st.one_of(
    st.builds("glpat-{}".format, of(string.ascii_letters + string.digits + "_-", 20, 60)),
    of(printable, 20, 80),
    of(printable + " ", 20, 80),
    st.builds(
        "{}{}".format,
        st.sampled_from(["ghp_", "npm_", "$", '"', "glrt-", "gldt-", "***"]),
        of(printable, 30, 60),
    ),
).filter(distinct)
