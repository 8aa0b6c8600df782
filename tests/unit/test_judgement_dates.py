"""When a token is dead, ends too soon or lives too long, and which clock is worth a note."""

from __future__ import annotations

from typing import Any

import pytest
from kit.judged import DAY, NOON, SILENCE, categories, ending, judged

Asked = dict[str, Any]
DEAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "revoked": ({"revoked": True}, "token-revoked", "revoked, or replaced when it was rotated."),
    "revoked and over": ({"revoked": True, "dies_at": NOON}, "token-revoked", "rotated."),
    "revoked job": ({"kind": "job", "revoked": True}, "token-revoked", "rotated."),
    "inactive": ({"active": False}, "token-expired", "is no longer active."),
    "inactive early": ({"active": False, "dies_at": ending(1)}, "token-expired", "longer active."),
    "this second": ({"dies_at": NOON}, "token-expired", "It expired on 2027-03-01 at 12:00 UTC."),
    "a second ago": ({"dies_at": ending(-1)}, "token-expired", "on 2027-03-01 at 11:59 UTC."),
}  # fmt: skip
# What is asked in seconds, the seconds that are left, and what is found.
LEFT: dict[str, tuple[Asked, float | None, list[str]]] = {
    "nothing asked": ({"warn_validity": 0}, 0.5, []),
    "never ends": ({"min_validity": 999 * DAY, "warn_validity": 999 * DAY}, None, []),
    "least": ({"min_validity": 3600, "warn_validity": 0}, 3600, []),
    "below the least": ({"min_validity": 3600, "warn_validity": 0}, 3599.5, ["expires-soon"]),
    "warning": ({"warn_validity": 3600}, 3600, []),
    "below the warning": ({"warn_validity": 3600}, 3599.5, ["expires-soon?"]),
    "below both": ({"min_validity": 3600, "warn_validity": 7200}, 3599, ["expires-soon"]),
    "between both": ({"min_validity": 3600, "warn_validity": 7200}, 3600, ["expires-soon?"]),
    "most": ({"max_validity": 30 * DAY}, 30 * DAY, []),
    "below the most": ({"max_validity": 30 * DAY}, 29 * DAY, []),
    "above the most": ({"max_validity": 30 * DAY}, 30 * DAY + 0.5, ["lives-too-long"]),
    "never ends and a most": ({"max_validity": 999 * DAY}, None, ["lives-too-long"]),
    "a most of nothing": ({"max_validity": 0, "warn_validity": 0}, 1, ["lives-too-long"]),
    "auto": ({}, 14 * DAY, []),
    "below auto": ({}, 14 * DAY - 0.5, ["expires-soon?"]),
}
# Seconds of a whole life, and below how many of them `auto` warns.
LIVES = {f"{days} days": (days * DAY, min(days / 4, 14) * DAY) for days in (365, 57, 56, 55, 8)}
LIVES["41 seconds"] = (41, 10.25)


@pytest.mark.parametrize(("said", "category", "words"), DEAD.values(), ids=DEAD)
def test_a_dead_token_is_that_and_nothing_else(said: Asked, category: str, words: str) -> None:
    asked = {"scopes": ("sudo",), "kind": "oauth", "max_validity": 0, "project": "a/b"}
    found = judged(asked, said, SILENCE, SILENCE)
    assert categories(found) == [category]
    assert found.problems[0].message.endswith(words)


@pytest.mark.parametrize(("asked", "left", "found"), LEFT.values(), ids=LEFT)
def test_what_is_left_is_held_against_least_warning_and_most(
    asked: Asked, left: float | None, found: list[str]
) -> None:
    assert categories(judged(asked, {"dies_at": ending(left)})) == found


@pytest.mark.parametrize(("life", "below"), LIVES.values(), ids=LIVES)
def test_auto_warns_in_the_last_quarter_and_two_weeks_at_most(life: int, below: float) -> None:
    for left, found in ((below, []), (below - 0.1, ["expires-soon?"])):
        said = {"created_at": ending(left - life), "dies_at": ending(left)}
        assert categories(judged({}, said)) == found
        assert categories(judged({"warn_validity": 0}, said)) == []
    assert categories(judged({}, {"created_at": ending(-life), "dies_at": None})) == []


SOON = "expires in 13 days, on 2027-03-15 at 00:00 UTC; 14 days should be left"
TOLD: dict[str, tuple[Asked, float | None, str, int]] = {
    "error": ({"min_validity": 14 * DAY}, 13.5 * DAY + 0.5, f"{SOON} (min-validity).", 14 * DAY),
    "warning": (
        {"warn_validity": 14 * DAY + 0.7}, 13.5 * DAY + 0.5, f"{SOON} (warn-validity).", 14 * DAY),
    "auto": ({}, 13.5 * DAY + 0.5, f"{SOON} (warn-validity, auto).", 14 * DAY),
    "long": ({"max_validity": DAY, "warn_validity": 0}, 13.5 * DAY + 0.5,
             "lives for another 13 days; it should be no more than 1 day.", DAY),
    "for ever": ({"max_validity": DAY}, None, "never expires; it should be no more than 1 day.",
                 DAY),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "left", "words", "required"), TOLD.values(), ids=TOLD)
def test_a_date_is_told_in_words_and_in_whole_seconds(
    asked: Asked, left: float | None, words: str, required: int
) -> None:
    (problem,) = judged(asked, {"dies_at": ending(left)}).problems
    assert problem.message == f"{{token}} {words}"
    assert problem.requirement == ("max-validity" if "max_validity" in asked else "min-validity")
    seconds = None if left is None else 1166400
    assert repr(problem.details) == repr({"required_seconds": required, "seconds_left": seconds})


CLOCKS = {-301: "behind", -300.5: "behind", -300: "", 0: "", 300: "", 300.5: "ahead of"}


@pytest.mark.parametrize(("off", "said"), CLOCKS.items())
def test_a_clock_more_than_five_minutes_off_is_a_note(off: float, said: str) -> None:
    notes = [f"This machine's clock is 5 minutes {said} GitLab's; GitLab's was used."] * bool(said)
    for state in ({}, {"revoked": True}, {"kind": "job"}):
        assert list(judged({}, {"clock_off": off, **state}).notes) == notes
