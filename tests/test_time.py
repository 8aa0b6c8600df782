"""When a token dies is a matter of GitLab's clock: neither this machine's clock nor where it stands has a say."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
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
# Days on whose start a token dies: a leap day, the day after one that only looks like it, and days on which clocks
# change in Europe and America.
DAYS = ("2028-02-29", "2100-03-01", "2027-03-28", "2027-10-31", "2027-03-14")
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def clock(seconds: float) -> dict[str, str]:
    """The environment of a process whose clock is that much ahead."""
    spec = find_spec("libfaketime")
    assert spec is not None
    assert spec.origin is not None
    library = Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    # Deadlines go by the other clock, which nobody sets.
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{seconds:+.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def hours(day: datetime) -> Iterator[datetime]:
    """Every hour of the last day of a token that dies at the start of that one, the seconds around its end, and on."""
    yield from (day + timedelta(hours=hour) for hour in range(-24, 24))
    yield from (day + timedelta(seconds=second) for second in (-1, 1))


def moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize("ahead", [-YEAR, YEAR], ids=["a year behind", "a year ahead"])
def test_the_clock_of_these_tests_is_the_one_that_glcheck_goes_by(
    run: Run, gitlab: GitLab, ahead: int
) -> None:
    environ = {**clock(ahead), "TZ": "Pacific/Kiritimati"}
    done = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=environ,
        capture_output=True,
        check=True,
    )
    assert abs(float(done.stdout) - datetime.now(timezone.utc).timestamp() - ahead) < 60
    gitlab.no_date = True
    gitlab.always(Answer(200, describe()))
    result = run.json(token=GOOD, env=environ)
    assert (
        result.report["checked_at"][:4]
        == f"{datetime.now(timezone.utc) + timedelta(seconds=ahead):%Y}"
    )


def test_a_token_dies_by_gitlabs_clock_at_every_hour_in_every_zone_whatever_the_local_clock(
    scripted: Scripted, run: Run
) -> None:
    tokens: dict[str, Settings] = {}
    expected = {}
    for day in DAYS:
        for now in hours(moment(day)):
            left = (moment(day) - now).total_seconds()
            verdict = "token-expired" if left <= 0 else "expires-soon" if left < 6 * 3600 else "ok"
            date = ("Date", format_datetime(now, usegmt=True))
            name = f"{day} at {now:%d %H.%M.%S}"
            born = f"{moment(day) - timedelta(days=40):%Y-%m-%d}T00:00:00Z"
            tokens[name] = {"secret": secret(len(tokens))}
            scripted.answers[secret(len(tokens) - 1)] = Answer(
                200, describe(expires_at=day, created_at=born), (date,)
            )
            expected[name] = (verdict, int(left))
    top: Settings = {"min-validity": "6h", "warn-validity": "0"}
    seen = set()
    for number, zone in enumerate(ZONES):
        ahead = (-YEAR, YEAR)[number % 2]
        reports = check_each(
            run, tokens, top={**top, "url": scripted.url}, env={**clock(ahead), "TZ": zone}
        )
        found = {
            name: (token["category"], token["token"]["seconds_left"])
            for name, token in reports.items()
        }
        assert found == expected, (zone, ahead)
        for token in reports.values():
            assert sum("clock" in note for note in token["notes"]) == 1
            token.pop("elapsed_ms")
            token.pop("notes")
        seen.add(json.dumps(reports))
    assert len(seen) == 1  # the whole report, but for the note


def test_where_gitlab_names_no_time_the_local_clock_counts_and_its_zone_does_not(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.no_date = True
    for day, zone in (
        ("2028-02-29", "Pacific/Kiritimati"),
        ("2027-10-31", "Europe/Berlin"),
        ("2027-01-01", "UTC"),
    ):
        gitlab.always(Answer(200, describe(expires_at=day, created_at=None)))
        for left, verdict in ((60, "ok"), (-60, "token-expired")):
            ahead = (
                moment(day) - timedelta(seconds=left) - datetime.now(timezone.utc)
            ).total_seconds()
            result = run.json("--warn-validity", "0", token=GOOD, env={**clock(ahead), "TZ": zone})
            assert (zone, left, result.token["category"]) == (zone, left, verdict)
            assert result.token["notes"] == []
