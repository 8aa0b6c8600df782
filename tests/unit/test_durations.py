"""How durations are read from settings, and how they are said."""

from __future__ import annotations

import pytest

from glcheck.durations import read_timeout, read_validity, say_seconds

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize("text, seconds", [
    ("0", 0), ("98", 98 * DAY), ("90s", 90), ("90m", 5400), ("12h", 12 * HOUR), ("14d", 14 * DAY),
    ("2w", 14 * DAY), ("0.5", DAY / 2), ("1.5h", 5400), ("007d", 7 * DAY), ("999999", 999999 * DAY),
])  # fmt: skip
def test_a_validity_has_a_unit_or_is_days(text: str, seconds: float) -> None:
    assert read_validity(text) == seconds


@pytest.mark.parametrize("text, seconds", [
    ("10", 10), ("10s", 10), ("0.25s", 0.25), ("2m", 120), ("1h", HOUR), ("1d", DAY), ("1w", 7 * DAY),
])  # fmt: skip
def test_a_timeout_has_a_unit_or_is_seconds(text: str, seconds: float) -> None:
    assert read_timeout(text) == seconds


@pytest.mark.parametrize("text", [
    "", "d", "soon", "auto", "nan", "inf", ".inf", "-3", "-1d", "+1d", "1y", "1D", "1 d", " 1d", "1d\n",
    "10x", "1d2h", "1d2h3", "1.2.3s", "1e3", "0x1", ".5", "5.", "1_000", "1,5h", "1.2345d", "1234567",
    "9" * 400, "٣d", "²d",
], ids=ascii)  # fmt: skip
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as .* a bare number is days$"):
        read_validity(text)
    with pytest.raises(ValueError, match=r"^must be a time above .* a bare number is seconds$"):
        read_timeout(text)


@pytest.mark.parametrize("text", ["0", "0s", "0.0", "0w"])
def test_a_timeout_is_above_zero(text: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        read_timeout(text)


@pytest.mark.parametrize("seconds, said", [
    (-5, "0 seconds"), (0.9, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"),
    (61, "1 minute 1 second"), (179, "2 minutes 59 seconds"), (185, "3 minutes"), (HOUR, "1 hour"),
    (HOUR - 1, "59 minutes"), (DAY - 1, "23 hours"), (DAY + HOUR - 1, "1 day"),
    (DAY + HOUR, "1 day 1 hour"), (3 * DAY - 1, "2 days 23 hours"), (4 * DAY - 1, "3 days"),
])  # fmt: skip
def test_a_length_of_time_is_rounded_down(seconds: float, said: str) -> None:
    assert say_seconds(seconds) == said
