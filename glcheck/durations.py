"""Durations as people write them in settings, in seconds."""

from __future__ import annotations

import re
from itertools import pairwise

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PATTERN = r"(\d{1,6}(?:\.\d{1,3})?)([smhdw]?)"


def read_validity(text: str) -> int:
    """Seconds of `90m`, `12h`, `14d`, `2w`; a bare number is days. ValueError for anything else."""
    seconds = _read(text, bare="d")
    if seconds is None:
        raise ValueError("must be a duration such as 90m, 12h, 14d or 2w; a bare number is days")
    return int(seconds)


def read_timeout(text: str) -> float:
    """Seconds of `10s`, `2m`; a bare number is seconds. ValueError for anything else, or zero."""
    seconds = _read(text, bare="s")
    if not seconds:
        raise ValueError("must be a time above zero, such as 10s or 2m; a bare number is seconds")
    return seconds


def _read(text: str, bare: str) -> float | None:
    match = re.fullmatch(_PATTERN, text, re.ASCII)
    return float(match[1]) * _SECONDS[match[2] or bare] if match else None


def say_seconds(seconds: float) -> str:
    """A length of time in words, rounded down; with a second unit while the first is small."""
    for (unit, length), (smaller, part) in pairwise(_UNITS):
        if seconds >= length:
            count, rest = int(seconds // length), int(seconds % length // part)
            return _count(count, unit) + (f" {_count(rest, smaller)}" if rest and count < 3 else "")
    return _count(int(max(seconds, 0)), "second")


_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
