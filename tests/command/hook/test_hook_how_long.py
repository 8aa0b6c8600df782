"""For how long a success is remembered: as long as was said, and never past what would end it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import NamedTuple

import pytest
from kit.gitlab_server import Answer, Token
from kit.hook import HOUR, LAYERS, Entry, Hook, asked, said
from kit.policies import GOOD, Settings, describe

END = datetime(2031, 3, 1, tzinfo=timezone.utc)
NEVER_WARN = {"warn-validity": "0"}


def test_a_success_is_remembered_for_an_hour_unless_told_otherwise(hook: Hook) -> None:
    assert hook.asks()
    entry = hook.entry
    assert abs(entry.written - time.time()) < 60
    assert entry.until - entry.written <= HOUR
    entry.shift(-HOUR + 60, 0)
    assert not hook.asks()
    entry.shift(-HOUR - 1, 0)
    assert hook.asks()


@pytest.mark.parametrize("layer", LAYERS)
def test_how_long_can_be_said_in_every_layer(hook: Hook, layer: str) -> None:
    args, env, top = said(layer, "hook-max-age", "4m")
    policy = hook.policy(None, **top)
    assert asked(policy(*args, env=env))
    hook.entry.shift(-180, 0)
    assert not asked(policy(*args, env=env))
    hook.entry.shift(-120, 0)
    assert asked(policy(*args, env=env))


@pytest.mark.parametrize("layer", LAYERS)
def test_0_remembers_nothing_and_relies_on_nothing(hook: Hook, layer: str) -> None:
    assert hook.asks()
    assert not hook.asks()
    args, env, top = said(layer, "hook-max-age", "0")
    policy = hook.policy(None, **top)
    assert asked(policy(*args, env=env))
    hook.forget()
    assert [bool(asked(policy(*args, env=env))) for _ in range(2)] == [True, True]
    assert hook.files == []


@pytest.mark.parametrize(("flag", "variable", "again"), [("1h", "0", False), ("4m", "1h", True)])
def test_the_flag_wins_over_the_variable(hook: Hook, flag: str, variable: str, again: bool) -> None:
    env = {"GLCHECK_HOOK_MAX_AGE": variable}
    assert hook.asks("--hook-max-age", flag, env=env)
    hook.entry.shift(-300, 0)
    assert hook.asks("--hook-max-age", flag, env=env) == again


def test_a_longer_memory_is_as_long_as_asked_for(hook: Hook) -> None:
    assert hook.asks("--hook-max-age", "1d")
    hook.entry.shift(-20 * HOUR, 0)
    assert not hook.asks("--hook-max-age", "1d")
    assert hook.asks()


def too_long(
    entries: Sequence[Entry], since: float, took: float, seconds: Sequence[int]
) -> list[object]:
    """The entries that end too early or too late, each with the seconds after which it should."""
    ends = sorted(entry.until - since for entry in entries)
    wanted = zip(ends, sorted(seconds), strict=True)
    return [(end, right) for end, right in wanted if not -5 < end - right <= took + 0.1]


class Moment(NamedTuple):
    """A token whose verdict changes in so many seconds."""

    seconds: int
    settings: Settings
    left: timedelta  # until it expires
    lifetime: int = 40  # in days


# fmt: off
MOMENTS = {
    "far": Moment(HOUR, {}, timedelta(300), 400),
    "not yet too long": Moment(HOUR, {"max-validity": "21d"}, timedelta(20), 40),
    "expiry": Moment(1200, NEVER_WARN, timedelta(seconds=1200)),
    "expiry at once": Moment(30, NEVER_WARN, timedelta(seconds=30)),
    "min-validity": Moment(900, {**NEVER_WARN, "min-validity": "30m"}, timedelta(minutes=45)),
    "min-validity in days": Moment(90, {**NEVER_WARN, "min-validity": "2d"}, timedelta(days=2, seconds=90)),
    "warn-validity": Moment(600, {"warn-validity": "60m"}, timedelta(minutes=70)),
    "warned first": Moment(660, {"warn-validity": "60m", "min-validity": "30m"}, timedelta(minutes=71)),
    "failed first": Moment(720, {"warn-validity": "30m", "min-validity": "60m"}, timedelta(minutes=72)),
    "quarter of the lifetime": Moment(300, {}, timedelta(days=10, seconds=300)),
    "14 days": Moment(420, {}, timedelta(days=14, seconds=420), 400),
}
# fmt: on


def test_a_success_is_not_remembered_past_its_end_though_the_clocks_differ(hook: Hook) -> None:
    tokens: dict[str, Settings] = {}
    for number, (name, moment) in enumerate(MOMENTS.items()):
        born = f"{END - timedelta(days=moment.lifetime):%Y-%m-%d}T00:00:00.000Z"
        about = describe(expires_at=f"{END:%Y-%m-%d}", created_at=born)
        date = ("Date", format_datetime(END - moment.left, usegmt=True))
        hook.gitlab.always(Answer(200, about, (date,)), path=f"/at-{number}/")
        tokens[name] = {"url": f"{hook.gitlab.url}/at-{number}", **moment.settings}
    run = hook.policy(tokens)
    before = time.time()
    result = run()
    took = time.time() - before
    assert (result.code, asked(result), result.report["category"]) == (0, set(MOMENTS), "ok")
    assert [token["problems"] for token in result.report["tokens"]] == [[]] * len(MOMENTS)
    # The moments are those of this machine's clock, which alone is looked at later, right or wrong.
    entries = [one._replace(until=min(one.until, one.written + HOUR)) for one in hook.entries]
    assert all(before - 1 <= entry.written <= before + took for entry in entries)
    assert too_long(entries, before, took, [moment.seconds for moment in MOMENTS.values()]) == []
    assert asked(run()) == set()


def test_a_success_is_not_remembered_past_its_end_by_the_second(hook: Hook) -> None:
    lives: dict[str, tuple[int, int | None, Settings]] = {
        "expiry": (1200, 1200, NEVER_WARN),
        "min-validity": (900, 1800 + 900, {**NEVER_WARN, "min-validity": "30m"}),
        "warn-validity": (600, HOUR + 600, {"warn-validity": "60m"}),
        "two hours": (2 * HOUR, 2 * HOUR, NEVER_WARN),
        "no end": (24 * HOUR, None, {}),
    }
    tokens: dict[str, Settings] = {}
    for number, (name, (_, left, settings)) in enumerate(lives.items()):
        value = hook.gitlab.add(Token(f"{number:064x}", "oauth", expires_in=left))
        tokens[name] = {"secret": value, **settings}
    run = hook.policy(tokens, **{"hook-max-age": "1d"})
    before = time.time()
    result = run()
    took = time.time() - before
    assert (result.code, asked(result)) == (0, set(tokens))
    assert too_long(hook.entries, before, took, [row[0] for row in lives.values()]) == []
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
