"""Looks for a secret in a text, in all the ways in which a reader could find it there."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import string
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import quote, unquote

from hypothesis import strategies as st

PIECE = 8  # so many characters of a secret in a row are too many
PREFIX = re.compile(r"^(?:glpat-|glcbt-|gldt-|glrt-|ghp_|npm_|sk-)")
SECRET = "glpat-Zq7Wm3Xv9Kb2Rt5Yp8Nd"
LETTERS = string.ascii_letters + string.digits + "_-"


def made_up(number: int) -> str:
    """A token that looks like no other text; the same for the same number."""
    return "glpat-" + "".join(random.Random(number).choices(LETTERS, k=20))


def base64_runs(text: str) -> str:
    """What base64 would make of each run of its characters, at every alignment."""
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
    partial(re.sub, r"\\([!-/:-@\[-`{-~])", r"\1"),  # Markdown
    partial(re.sub, r"[^!-~]", ""),  # what splits it: blanks, line breaks, control characters
    base64_runs,
)


def views(text: str) -> list[str]:
    """A text as it is and as a reader might decode it, twice over, all in lower case."""
    found = {text}
    for _ in range(2):
        found |= {decode(seen) for seen in found for decode in DECODERS}
    return [seen.lower() for seen in found]


def pieces(text: str) -> set[str]:
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}


def leaks(text: str, secrets: Iterable[str], *, whole: bool = False) -> list[tuple[str, str]]:
    """The secrets that a text gives away, each with the piece that it shows."""
    shown = views(text)
    rests = {secret: PREFIX.sub("", secret).lower() for secret in secrets}
    if whole:
        return [(secret, rest) for secret, rest in rests.items() if any(rest in v for v in shown)]
    grams = set().union(*map(pieces, shown))
    found = {secret: pieces(rest) & grams for secret, rest in rests.items()}
    return [(secret, min(seen)) for secret, seen in found.items() if seen]


def each(form: str) -> Callable[[str], str]:
    return lambda secret: "".join(form.format(ord(character)) for character in secret)


def in_base64(before: str = "", after: str = "") -> Callable[[str], str]:
    return lambda secret: base64.b64encode(f"{before}{secret}{after}".encode()).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": partial(quote, safe=""),
    "percent, every character": each("%{:02x}"),
    "base64": in_base64(),
    "base64, one later": in_base64("user:", "tail"),
    "base64, two later": in_base64("user:x", "tail"),
    "base64, three later": in_base64("user:xx", "tail"),
    "base64 for addresses": lambda secret: (
        base64.urlsafe_b64encode(b"oauth2:" + secret.encode()).decode().rstrip("=")
    ),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON, every character": each("\\u{:04x}"),
    "HTML": html.escape,
    "HTML, every character": each("&#{};"),
    "HTML, hexadecimal": each("&#x{:X};"),
    "quoted": '"PRIVATE-TOKEN: {}"'.format,
}
SPLITTERS = ("\x00", "\x1b", "\x7f", "\x85", "\r", "\n", "\t")
SPLITS: dict[str, Callable[[str], str]] = {
    **{f"{by!r} everywhere": by.join for by in SPLITTERS},
    **{f"{by!r} in the middle": partial(re.sub, "(?<=^.{11})", by) for by in SPLITTERS},
}
ECHOES = {**ENCODINGS, **SPLITS}


def of(characters: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Texts drawn character by character: st.text also draws words of glcheck's own messages."""
    return st.lists(st.sampled_from(characters), min_size=least, max_size=most).map("".join)


printable = "".join(map(chr, range(33, 127)))
heads = st.sampled_from(["ghp_", "npm_", "$", '"', "glrt-", "gldt-", "***"])
secrets = st.one_of(
    of(LETTERS, 20, 60).map("glpat-{}".format),
    of(printable, 20, 80),
    of(printable + " ", 20, 80),
    st.builds("{}{}".format, heads, of(printable, 30, 60)),
).filter(lambda token: len(set(PREFIX.sub("", token))) >= 10)  # else no text tells it apart
