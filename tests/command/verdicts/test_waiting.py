"""What is tried again, how often, and how long a run waits for what does not answer."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Project, Token
from kit.policies import GOOD, Settings, answered, check, check_each, describe, secret, verdicts
from kit.told import HTML, UNKNOWN, too_many

pytestmark = pytest.mark.slow
FAR_TOO_LONG = 30  # seconds: what does not answer here is silent for a minute
OFTEN = {"message": {"error": "This endpoint has been requested too many times."}}
# An answer, what a run concludes from it, and how often it asks.
ANSWERS = {
    **{f"{status}": (Answer(status, HTML), "server-error", 3) for status in (502, 503, 504)},
    **{f"{status}": (Answer(status, HTML), "server-error", 1) for status in (500, 501, 520)},
    "429": (too_many("0"), "rate-limited", 3),
    "429 no header": (Answer(429, OFTEN), "rate-limited", 3),
    "hang up": (Answer(raw=b""), "network-error", 3),
    "401": (Answer(401, UNKNOWN), "token-invalid", 1),
    # A wait that does not fit into the time for the whole run is not begun.
    "wait": (too_many("3600"), "rate-limited", 1),
    "huge wait": (too_many("9" * 400), "rate-limited", 1),
    "just too long": (too_many("61"), "rate-limited", 1),
}


def in_http(moment: timedelta) -> str:
    return format_datetime(datetime.now(timezone.utc) + moment, usegmt=True)


def test_passing_faults_only_are_retried_and_twice_at_most(gitlab: GitLab, run: Run) -> None:
    until = (too_many(in_http(timedelta(hours=2))), "rate-limited", 1)
    rows = {**ANSWERS, "wait until": until}
    start = time.monotonic()
    reports = check_each(run, answered(gitlab, {name: row[0] for name, row in rows.items()}))
    assert time.monotonic() - start < FAR_TOO_LONG
    found = {name: (token["category"], token["requests"]) for name, token in reports.items()}
    assert found == {name: row[1:] for name, row in rows.items()}
    assert sum(token["requests"] for token in reports.values()) == len(gitlab.requests)


def test_a_fault_that_passes_is_survived(gitlab: GitLab, run: Run) -> None:
    faults = {
        "503-twice": (Answer(503, HTML), Answer(503, HTML)),
        "hang-up": (Answer(raw=b""),),
        "502-then-504": (Answer(502, HTML), Answer(504, HTML)),
        "seconds": (too_many("2"),),
        "date": (too_many(in_http(timedelta(seconds=3))),),
    }
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.add(Token(GOOD))
    tokens = answered(gitlab, {name: Answer(200, describe()) for name in faults})
    for name, answers in faults.items():
        gitlab.script(*answers, path=f"/at-{name}/")
    start = time.monotonic()
    gitlab.script(Answer(502, HTML), Answer(raw=b""), path="/projects/")
    project = {"project": "group/app", "role": "developer"}
    found = check_each(run, {**tokens, "project": project})
    assert {token["category"] for token in found.values()} == {"ok"}
    assert time.monotonic() - start >= 2
    assert [token["requests"] for token in found.values()] == [3, 2, 3, 2, 2, 4]


def test_what_is_known_when_the_time_is_over_is_reported(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    dripping = Answer(200, {"id": 1, "permissions": {}}, drip=0.3)
    gitlab.always(Answer(delay=60), path="/projects/group/silent")
    gitlab.always(dripping, path="/projects/group/dripping")
    gitlab.always(Answer(delay=60), path="/user")
    tokens: dict[str, Settings] = {
        "silent": {"project": "group/silent", "scopes": ["api"]},
        "dripping": {"project": "group/dripping", "scopes": ["api"]},
        "kind": {"kind": "project", "scopes": ["api"]},
    }
    result = check(run, tokens, "--max-wait", "4s")
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    for token in result.report["tokens"]:
        found = {problem["category"] for problem in token["problems"]}
        assert found == {"scope-missing", "network-error"}, token["name"]
        assert token["token"]["scopes"] == ["read_api"]


def test_max_wait_is_the_budget_of_the_whole_run_however_many_tokens(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.delay = 60
    tokens = {f"{number}": {"secret": secret(number)} for number in range(60)}
    start = time.monotonic()
    found = verdicts(run, tokens, "--max-wait", "2s")
    assert time.monotonic() - start < FAR_TOO_LONG
    assert found == dict.fromkeys(tokens, "network-error")


def test_timeout_is_the_longest_silence_and_is_retried(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.script(Answer(delay=60))
    start = time.monotonic()
    result = run.json("--timeout", "2s", token=GOOD)
    assert (result.code, len(gitlab.requests)) == (0, 2)
    assert 2 <= time.monotonic() - start < FAR_TOO_LONG


def test_a_slow_answer_that_keeps_coming_is_no_silence(gitlab: GitLab, run: Run) -> None:
    gitlab.always(Answer(200, {"scopes": ["api"], "expires_at": None}, drip=0.06))
    start = time.monotonic()
    assert (run("--timeout", "2s", token=GOOD).code, len(gitlab.requests)) == (0, 1)
    assert time.monotonic() - start > 2
