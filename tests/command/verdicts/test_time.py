"""When a token dies is a matter of GitLab's clock: no other, and no zone, has a say."""

from __future__ import annotations

import json
import platform
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab
from kit.policies import GOOD, Settings, check_each, describe, secret
from kit.scripted import Scripted

ON_LINUX = (sys.platform, platform.machine()) == ("linux", "x86_64")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ON_LINUX, reason="libfaketime's wheel is for Linux on x86-64"),
]
YEAR = 365 * 86400
# A token dies as these days begin: a leap day, the day after one that only looks like it, and days
# on which clocks change in Europe and America.
DAYS = ("2028-02-29", "2100-03-01", "2027-03-28", "2027-10-31", "2027-03-14")
ZONES = {  # with the seconds by which the local clock is ahead
    "Europe/Berlin": -YEAR,
    "America/New_York": YEAR,
    "Pacific/Kiritimati": -YEAR,
    "Pacific/Pago_Pago": YEAR,
}
# Every hour of its last day and of the next one, and the seconds around its end.
MOMENTS = (*range(-24 * 3600, 24 * 3600, 3600), -1, 1)


def clock(ahead: float, zone: str) -> dict[str, str]:
    """The environment of a process in that zone, whose clock is so many seconds ahead."""
    spec = find_spec("libfaketime")
    assert spec is not None
    assert spec.origin is not None
    library = Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    # Deadlines go by the other clock, which nobody sets.
    fake = {"FAKETIME": f"{ahead:+.0f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return {**fake, "LD_PRELOAD": str(library), "TZ": zone}


def moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize("ahead", [-YEAR, YEAR], ids=["a year behind", "a year ahead"])
def test_the_clock_of_these_tests_is_the_one_that_glcheck_goes_by(
    run: Run, gitlab: GitLab, ahead: int
) -> None:
    gitlab.no_date = True
    gitlab.always(Answer(200, describe()))
    began = datetime.now(timezone.utc)
    result = run.json(token=GOOD, env=clock(ahead, "Pacific/Kiritimati"))
    checked_at = datetime.strptime(result.report["checked_at"], "%Y-%m-%dT%H:%M:%S%z")
    assert -5 < (checked_at - began).total_seconds() - ahead < 60


def test_a_token_dies_by_gitlabs_clock_at_every_hour_in_every_zone_whatever_the_local_clock(
    scripted: Scripted, run: Run
) -> None:
    tokens: dict[str, Settings] = {}
    expected = {}
    for day in DAYS:
        born = f"{moment(day) - timedelta(days=40):%Y-%m-%d}T00:00:00Z"
        for passed in MOMENTS:
            now, value = moment(day) + timedelta(seconds=passed), secret(len(tokens))
            name = f"{day} at {now:%d %H.%M.%S}"
            tokens[name] = {"secret": value}
            date = ("Date", format_datetime(now, usegmt=True))
            body = describe(expires_at=day, created_at=born)
            scripted.answers[value] = Answer(200, body, (date,))
            left = -passed
            verdict = "token-expired" if left <= 0 else "expires-soon" if left < 6 * 3600 else "ok"
            expected[name] = (verdict, left)
    top = {"min-validity": "6h", "warn-validity": "0", "url": scripted.url}
    seen = set()
    for zone, ahead in ZONES.items():
        reports = check_each(run, tokens, top=top, env=clock(ahead, zone))
        for name, token in reports.items():
            found = (token["category"], token["token"]["seconds_left"])
            assert (zone, name, found) == (zone, name, expected[name])
            assert sum("clock" in note for note in token["notes"]) == 1
            token.pop("elapsed_ms")
            token.pop("notes")
        seen.add(json.dumps(reports))
    assert len(seen) == 1  # the whole report, but for the note


@pytest.mark.parametrize(
    ("day", "zone"),
    [("2028-02-29", "Pacific/Kiritimati"), ("2027-10-31", "Europe/Berlin"), ("2027-01-01", "UTC")],
)
def test_where_gitlab_names_no_time_the_local_clock_counts_and_its_zone_does_not(
    gitlab: GitLab, run: Run, day: str, zone: str
) -> None:
    gitlab.no_date = True
    gitlab.always(Answer(200, describe(expires_at=day, created_at=None)))
    for left, verdict in ((60, "ok"), (-60, "token-expired")):
        now = moment(day) - timedelta(seconds=left)
        ahead = (now - datetime.now(timezone.utc)).total_seconds()
        result = run.json("--warn-validity", "0", token=GOOD, env=clock(ahead, zone))
        assert (left, result.token["category"], result.token["notes"]) == (left, verdict, [])
