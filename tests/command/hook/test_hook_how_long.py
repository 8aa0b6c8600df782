"""For how long a success is remembered: as long as was said, and never past what would end it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import NamedTuple

import pytest
from kit.gitlab_server import Answer, Token
from kit.hook import HOUR, LAYERS, Hook, asked
from kit.policies import GOOD, Settings, describe

DAY = 24 * HOUR
END = datetime(2031, 3, 1, tzinfo=timezone.utc)
NEVER_WARN = {"warn-validity": "0"}


def test_a_success_is_remembered_for_an_hour_unless_told_otherwise(hook: Hook) -> None:
    assert hook.asks()
    entry = hook.entry
    assert abs(entry.written - time.time()) < 60
    assert entry.until - entry.written <= HOUR
    entry.shift(-HOUR + 60)
    assert not hook.asks()
    entry.shift(-HOUR - 1)
    assert hook.asks()


@pytest.mark.parametrize("layer", LAYERS)
def test_how_long_can_be_said_in_every_layer_and_0_remembers_nothing(
    hook: Hook, layer: str
) -> None:
    none = hook.told(layer, "hook-max-age", "0", "1h")
    assert [bool(asked(none())) for _ in range(2)] == [True, True]
    assert hook.files == []
    assert hook.asks()  # what is remembered counts for nobody who wants nothing remembered
    assert asked(none())
    hook.entry.shift(-HOUR)
    minutes = hook.told(layer, "hook-max-age", "4m", "0")
    assert asked(minutes())
    hook.entry.shift(-180)
    assert not asked(minutes())
    hook.entry.shift(-120)
    assert asked(minutes())


class Moment(NamedTuple):
    """A token whose verdict changes in so many seconds."""

    seconds: int
    left: int | None  # seconds until it expires
    settings: Settings
    lifetime: int = 40  # days; 0 for OAuth, of which GitLab tells what is left


MOMENTS = {
    "far": Moment(DAY, 300 * DAY, {}, 400),
    "not yet too long": Moment(DAY, 20 * DAY, {"max-validity": "21d"}),
    "expiry": Moment(1200, 1200, NEVER_WARN),
    "expiry at once": Moment(40, 40, NEVER_WARN),
    "min-validity": Moment(900, 2700, {**NEVER_WARN, "min-validity": "30m"}),
    "min-validity in days": Moment(90, 2 * DAY + 90, {**NEVER_WARN, "min-validity": "2d"}),
    "warn-validity": Moment(600, HOUR + 600, {"warn-validity": "60m"}),
    "warned first": Moment(660, HOUR + 660, {"warn-validity": "60m", "min-validity": "30m"}),
    "failed first": Moment(720, HOUR + 720, {"warn-validity": "30m", "min-validity": "60m"}),
    "quarter of the lifetime": Moment(300, 10 * DAY + 300, {}),
    "14 days": Moment(420, 14 * DAY + 420, {}, 400),
    "expiry of OAuth": Moment(1260, 1260, NEVER_WARN, 0),
    "min-validity of OAuth": Moment(960, 2760, {**NEVER_WARN, "min-validity": "30m"}, 0),
    "warn-validity of OAuth": Moment(630, HOUR + 630, {"warn-validity": "60m"}, 0),
    "two hours": Moment(2 * HOUR, 2 * HOUR, NEVER_WARN, 0),
    "no end": Moment(DAY, None, {}, 0),
}


def test_a_success_is_not_remembered_past_its_end_though_the_clocks_differ(hook: Hook) -> None:
    tokens: dict[str, Settings] = {}
    for number, (name, (_, left, settings, lifetime)) in enumerate(MOMENTS.items()):
        tokens[name] = {"secret": f"{number:064x}", **settings}
        if left is None or not lifetime:
            hook.gitlab.add(Token(f"{number:064x}", "oauth", expires_in=left))
            continue
        born = f"{END - timedelta(days=lifetime):%Y-%m-%d}T00:00:00.000Z"
        about = describe(expires_at=f"{END:%Y-%m-%d}", created_at=born)
        date = ("Date", format_datetime(END - timedelta(seconds=left), usegmt=True))
        hook.gitlab.always(Answer(200, about, (date,)), path=f"/at-{number}/")
        tokens[name] = {"url": f"{hook.gitlab.url}/at-{number}", **settings}
    run = hook.policy(tokens, **{"hook-max-age": "1d"})
    before = time.time()
    result = run()
    took = time.time() - before
    assert (result.code, asked(result), result.report["category"]) == (0, set(tokens), "ok")
    assert [token["problems"] for token in result.report["tokens"]] == [[]] * len(tokens)
    # The moments are those of this machine's clock, which alone is looked at later, right or wrong.
    assert all(before - 1 <= entry.written <= before + took for entry in hook.entries)
    ends = sorted(entry.until - before for entry in hook.entries)
    pairs = zip(ends, sorted(moment.seconds for moment in MOMENTS.values()), strict=True)
    assert [(end, due) for end, due in pairs if not -5 < end - due <= took + 0.1] == []
    assert asked(run()) == set()


def test_a_token_that_expires_within_the_remembered_hour_stops_the_push(hook: Hook) -> None:
    hook.gitlab.add(Token(GOOD, expires_at=f"{END:%Y-%m-%d}"))
    hook.gitlab.date = END - timedelta(seconds=1)
    patience = time.monotonic() + 30
    assert hook.asks("--warn-validity", "0")
    hook.gitlab.date = END
    while (result := hook.json("--warn-validity", "0")).code == 0 and time.monotonic() < patience:
        assert hook.requests == 0
    assert result.code == 13
    assert hook.files == []
