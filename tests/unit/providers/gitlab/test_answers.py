"""Bodies as plain values: what counts as one, and what is as if it were not there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from glcheck.providers.gitlab import answers

NINE = datetime(2027, 3, 1, 9, 30, tzinfo=timezone.utc)
MIDNIGHT = NINE.replace(hour=0, minute=0)
LAST = datetime.max.replace(tzinfo=timezone.utc)
# How it is read, what is read, and what it is then: nothing, for all that GitLab does not write.
# fmt: off
NO_OBJECTS = (
    None, b"", b"[1]", b"7", b"null", b"<html>", b'{"a": "\xff"}', b'{"a": 1', b'{"a": 1} x',
    b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 1}}', b'{"a": NaN}', b'{"a": -Infinity}',
    b"[" * 200_000, b'{"a": ' + b"9" * 20_000 + b"}",
)
NO_TEXTS = (None, "api", {"api": 1}, ["api", 5], [["api"]], [None], 7)
NO_NUMBERS = (None, True, False, "7", 7.0, [7], {"id": 7})
NO_DATES = (
    "2030-W01-1", "01/02/2030", "2030-1-1", "20300101", "2030-001", "0000-00-00", "+2030-01-01",
    "\u0662030-01-01", "2030-02-31", "2030-01-011", " 2030-01-01", "next summer", "", None, 7,
    False, 1893456000, ["2030-01-01"],
)
NO_MOMENTS = ("0001-01-01T00:00:00+14:00", "long ago", "", None, 7, ["2027-03-01"])
DATES = ("2027-03-01", "2027-03-01T23:59:59.999Z", "2027-03-01 at noon")
MOMENTS = ("2027-03-01T09:30:00.123Z", "2027-03-01T09:30:00Z", "2027-03-01T09:30:00",
           "2027-03-01T11:30:00.5+02:00")
# fmt: on
READ: list[tuple[Callable[..., Any], Any, object]] = [
    *((answers.json_object, body, {}) for body in NO_OBJECTS),
    (answers.json_object, '{"ä": [1, null], "b": {}}'.encode(), {"ä": [1, None], "b": {}}),
    *((answers.strings, odd, None) for odd in NO_TEXTS),
    *((answers.strings, texts, texts) for texts in (["api", ""], [])),
    *((answers.whole, odd, None) for odd in NO_NUMBERS),
    *((answers.whole, number, number) for number in (0, -1, 10**300)),
    *((answers.message, odd, "") for odd in ({"message": ["x"]}, {"error": "x"})),
    (answers.message, {"message": "x"}, "x"),
    *((answers.midnight, odd, None) for odd in NO_DATES),
    *((answers.midnight, text, MIDNIGHT) for text in DATES),
    *((answers.moment, odd, None) for odd in NO_MOMENTS),
    *((answers.moment, text, NINE) for text in MOMENTS),
]


@pytest.mark.parametrize(
    ("read", "value", "found"), READ, ids=[f"{row[0].__name__} {row[1]!r:.40}" for row in READ]
)
def test_what_is_read_is_what_gitlab_writes(
    read: Callable[..., Any], value: object, found: object
) -> None:
    was = read(value)
    assert was == found
    assert not isinstance(was, datetime) or was.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("status", "body", "like_gitlab"),
    [
        (404, {"message": "404 Not Found"}, True),
        (404, {"error": "404 Not Found"}, True),
        (404, {"message": "404 Project Not Found", "error": 7}, True),
        (404, {"message": "400 Bad request"}, False),
        (404, {"message": "4040 Not Found"}, False),
        (404, {"error": "id is invalid"}, False),
        (404, {"message": {"text": "404 Not Found"}}, False),
        (404, {}, False),
        (400, {"error": "id is invalid"}, True),
        (400, {"error": "400 Bad request"}, True),
        (400, {"error": "id is missing"}, False),
        (400, {"error": "invalid"}, False),
        (400, {"error": ["id is invalid"]}, False),
        (399, {"error": "id is invalid"}, False),
    ],
)
def test_gitlab_begins_with_the_status_or_calls_a_parameter_invalid(
    status: int, body: dict[str, object], like_gitlab: bool
) -> None:
    assert answers.speaks_like_gitlab(status, body) is like_gitlab


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        (30, 30),
        ({"a": 30, "b": None}, 30),
        ({"a": 10, "b": 30}, 30),
        ({"a": {"access_level": 40}, "b": {"access_level": 20}}, 40),
        ({"a": {"access_level": "40"}, "b": 5}, 5),
        *((odd, None) for odd in (None, True, "30", {}, {"c": 50}, {"a": [40], "b": True})),
        ({"a": {"level": 40}}, None),
    ],
)
def test_the_largest_level_among_the_keys_counts(levels: object, level: int | None) -> None:
    assert answers.level(levels, "a", "b") == level


def test_of_two_numbers_either_may_be_missing() -> None:
    pairs = ((1, 2), (2, 1), (None, 0), (0, None), (None, None), (5, 5))
    assert [answers.larger(*pair) for pair in pairs] == [2, 2, 0, 0, None, 5]


def test_what_comes_after_the_calendar_is_its_end() -> None:
    later = [answers.after(NINE, seconds) for seconds in (0, 90, 10**13, 10**30)]
    assert later == [NINE, NINE + timedelta(seconds=90), LAST, LAST]
