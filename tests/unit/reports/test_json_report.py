"""The JSON report: its schema, which sees mistakes, and the numbers that are worked out for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.reports import CODES, DAY, SCHEMA, VALIDATOR, checked
from kit.values import entry, good, problem, refused, report, token, warning

from glcheck.report import Report
from glcheck.reports.text import Style, render

Path = tuple[str | int, ...]
NARROW = good("narrow", problem("scope-missing", details={"missing": ["api"]}))
BUSY, BAD = entry("busy", problem("server-error")), entry("bad", problem("token-invalid"))
DECIDED = {
    "only a warning": (report(good("x", warning("scope-missing"))), "ok"),
    "the lowest code of all tokens": (report(NARROW, BAD), "token-invalid"),
    "a verdict, not what could not be asked": (report(BUSY, NARROW), "scope-missing"),
}


def shown(one: Report) -> dict[str, Any]:
    return checked(json.loads(render("json", one, Style())), one.exit_code)


def test_the_schema_is_a_schema_without_an_invented_address() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "://" not in SCHEMA.get("$id", "")


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every place of a document with what stands there; of a list, the first item only."""
    inner = value.items() if isinstance(value, dict) else []
    for key, item in [*enumerate(value[:1])] if isinstance(value, list) else inner:
        yield (*path, key), item
        yield from places(item, (*path, key))


def mistakes(path: Path, value: object) -> Iterator[object]:
    """Yield what a schema should not take in that place; DROP stands for nothing at all."""
    yield from ("DROP", 1.5, {"a": 1} if isinstance(value, list) else ["a"])
    words = "category severity kind expires_at expires_at_utc checked_at url exit_code"
    if path[-1] in words.split():
        yield "nonsense"
    if path[-1] in {"requests", "elapsed_ms"}:
        yield -1
    if path[-1] == "ok":
        yield not value


def test_the_schema_sees_mistakes_and_allows_additions() -> None:
    right, missed = shown(report(NARROW._replace(notes=("said",)))), []
    for path, value in places(right):
        for bad in mistakes(path, value) if "details" not in path[:-1] else ():
            spoiled: Any = copy.deepcopy(right)
            holder = spoiled
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = bad
            if bad == "DROP":
                del holder[path[-1]]
            if not isinstance(path[-1], int) and VALIDATOR.is_valid(spoiled):
                missed.append((path, bad))
    assert not missed
    for place in (right, right["tokens"][0], right["tokens"][0]["token"]):
        place["later"] = {"more": 1}
    VALIDATOR.validate(right)


@pytest.mark.parametrize("label", [label for label, code in CODES.items() if code])
def test_a_report_of_each_category_is_valid_and_says_its_code(label: str) -> None:
    own = label in {"usage-error", "config-error"}
    found = shown(refused(label) if own else report(entry("x", problem(label))))
    assert (found["ok"], found["category"], found["exit_code"]) == (False, label, CODES[label])


@pytest.mark.parametrize(
    ("seconds", "whole", "days"),
    [(1, 1, 0), (DAY - 1, DAY - 1, 0), (DAY, DAY, 1), (9.5 * DAY + 0.9, 9.5 * DAY, 9), (-0.5, -1, -1)],
)  # fmt: skip
def test_what_is_left_is_rounded_down(seconds: float, whole: int, days: int) -> None:
    left = shown(report(good("x", days=seconds / DAY)))["tokens"][0]["token"]
    assert (left["seconds_left"], left["days_left"]) == (whole, days)


@pytest.mark.parametrize("kind", ["access-token", "job", "oauth", "personal", "project", "group"])
def test_a_token_without_expiry_has_null_for_every_date(kind: str) -> None:
    held = shown(report(entry("x", token=token(None, kind=kind))))["tokens"][0]["token"]
    dates = ("expires_at", "expires_at_utc", "seconds_left", "days_left")
    assert [held[name] for name in ("kind", *dates)] == [kind, *[None] * 4]


@pytest.mark.parametrize(("one", "category"), DECIDED.values(), ids=DECIDED)
def test_the_error_that_weighs_most_decides_the_run(one: Report, category: str) -> None:
    assert shown(one)["category"] == category
