"""The JSON report: its schema, which sees mistakes, and what is worked out for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.reports import DAY, SCHEMA, VALIDATOR
from kit.values import good, problem, report

FORMATTED = ("expires_at", "expires_at_utc", "checked_at", "url")
CHOSEN = (*FORMATTED, "category", "severity", "kind", "exit_code")
NARROW = good("narrow", problem("scope-missing", details={"missing": ["api"]}), notes=("note",))


def test_the_schema_is_a_schema_without_an_invented_address() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "://" not in SCHEMA.get("$id", "")


def objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a document but details; of a list, those in its first item."""
    if isinstance(value, dict):
        yield value
        value = [inner for name, inner in value.items() if name != "details"]
        yield from (found for inner in value for found in objects(inner))
    elif isinstance(value, list):
        yield from (found for inner in value[:1] for found in objects(inner))


def mistakes(name: str, value: object) -> Iterator[object]:
    """Yield what a schema should not take under that name; DROP stands for nothing at all."""
    yield from ("DROP", 1.5, {"a": 1} if isinstance(value, list) else ["a"])
    yield from ["nonsense"] if name in CHOSEN else []
    yield from [-1] if name in {"requests", "elapsed_ms"} else []
    yield from [not value] if name == "ok" else []


def test_the_schema_sees_mistakes_and_allows_additions() -> None:
    document, missed = report(NARROW).to_dict(), []
    found = [*objects(document)]
    assert len(found) == 4  # the report, an entry, its token and its problem
    for one in found:
        one["later"] = {"more": 1}
        for name, value in [*one.items()][:-1]:
            VALIDATOR.validate(document)
            for bad in mistakes(name, value):
                one[name] = bad
                if bad == "DROP":
                    del one[name]
                missed += [(name, bad)] if VALIDATOR.is_valid(document) else []
            one[name] = value
    assert not missed


@pytest.mark.parametrize(
    ("seconds", "whole", "days"),
    [(1, 1, 0), (DAY - 1, DAY - 1, 0), (DAY, DAY, 1), (9.5 * DAY + 0.9, 9.5 * DAY, 9)],
)
def test_what_is_left_is_rounded_down(seconds: float, whole: float, days: int) -> None:
    left = good("x", days=seconds / DAY).to_dict()["token"]
    assert (left["seconds_left"], left["days_left"]) == (whole, days)
