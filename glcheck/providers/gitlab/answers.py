"""Reads the bodies of GitLab's answers into plain values, taking nothing for granted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

Json = Mapping[str, Any]


def json_object(body: bytes | None) -> Json:
    """The JSON object in a body; an empty one, which no rule takes for an answer, where none is.

    None stands for a body that was too large to read. A key that stands twice, NaN, and numbers or
    nesting beyond measure are not what GitLab sends.
    """
    try:
        value = json.loads(
            (body or b"").decode(), object_pairs_hook=_without_duplicates, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def speaks_like_gitlab(status: int, body: Json) -> bool:
    """Whether it is an error body of GitLab's API.

    `{"message": "404 …"}`, `{"error": "404 Not Found"}`, or a parameter that Grape finds invalid.
    """
    said = body.get("message") or body.get("error")
    return isinstance(said, str) and (
        said.startswith(f"{status} ") or (status == 400 and said.endswith(" is invalid"))
    )


def message(body: Json) -> str:
    """The text under `message`, where the API's helpers put theirs; empty if there is none."""
    message = body.get("message")
    return message if isinstance(message, str) else ""


def strings(value: object) -> list[str] | None:
    """The list of strings that it is, or None."""
    return (
        value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
    )


def objects(value: object) -> list[Json] | None:
    """The list of JSON objects that it is, or None."""
    sound = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return value if sound else None  # type: ignore[return-value]


def whole(value: object) -> int | None:
    """The whole number that it is, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def level(levels: object, *keys: str) -> int | None:
    """The largest level under those keys, each a number, an object that holds one, or null."""
    if not isinstance(levels, dict):
        return whole(levels)
    found: int | None = None
    for key in keys:
        value = levels.get(key)
        found = larger(
            found, whole(value.get("access_level") if isinstance(value, dict) else value)
        )
    return found


def larger(one: int | None, other: int | None) -> int | None:
    """The larger of two numbers of which either may be missing."""
    return max((level for level in (one, other) if level is not None), default=None)


def midnight(text: object) -> datetime | None:
    """00:00 UTC at the start of the day that a date or datetime names; None if it is neither."""
    if not isinstance(text, str) or not re.match(r"\d{4}-\d\d-\d\d(?!\d)", text, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def moment(text: object) -> datetime | None:
    """A datetime in ISO 8601, in UTC; None for anything else, which is as if it were not there."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
        return (
            moment.astimezone(timezone.utc)
            if moment.tzinfo
            else moment.replace(tzinfo=timezone.utc)
        )
    except (ValueError, OverflowError):
        return None


def after(start: datetime, seconds: int) -> datetime:
    """That many seconds later, as far as the calendar goes."""
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=timezone.utc)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")
