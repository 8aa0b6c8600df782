"""An answer from a server, as plain values, whatever it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urljoin


class Answer(NamedTuple):
    """An answer from the server, whatever it is."""

    path: str  # what was asked for
    status: int
    body: bytes | None  # None: larger than 1 MiB, and not read to its end
    now: datetime | None  # the server's clock (Date header, aware, UTC)
    location: str | None  # where a redirect points to, whole; None where that cannot be read
    retry_after: float | None  # seconds


def read_answer(
    url: str, path: str, status: int, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    """The answer to a GET for that path below that address."""
    now = _date(headers.get("Date"))
    return Answer(
        path,
        status,
        body,
        now,
        _absolute(url, headers.get("Location")),
        _retry_after(headers.get("Retry-After"), now),
    )


def _absolute(url: str, location: str | None) -> str | None:
    try:
        return urljoin(url, location) if location else None
    except ValueError:
        return None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
        if date.tzinfo is None:
            return date.replace(tzinfo=timezone.utc)
        return date.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def _retry_after(text: str | None, now: datetime | None) -> float | None:
    """The seconds that the header asks for, as a number or as a date; None if it makes no sense."""
    text = (text or "").strip()
    if re.fullmatch(r"\d+", text, re.ASCII):
        return float(text[:9]) if len(text) <= 9 else 1e9
    date = _date(text)
    if date is None:
        return None
    return max((date - (now or datetime.now(timezone.utc))).total_seconds(), 0)
