"""What goes to standard output, to standard error and to files, and what a report says without a verdict."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab, Token
from kit.policies import GOOD
from kit.reports import DAY, FORMATS, VALIDATOR, checked

UNUSABLE = {
    "a role of nothing": (("--role", "owner"), "", "usage-error"),
    "no duration": (("--min-validity", "soon"), "", "usage-error"),
    "an unknown key": ((), "version: 1\nscops: [api]\n", "config-error"),
    "no YAML": ((), "version: 1\ntokens: [\n", "config-error"),
}


@pytest.mark.parametrize(("args", "policy", "category"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_report_on_settings_that_cannot_be_used_is_valid(
    run: Run, args: tuple[str, ...], policy: str, category: str
) -> None:
    if policy:
        (run.directory / ".glcheck.yml").write_text(policy)
    result = run.json(*args, token=GOOD)
    assert checked(result.report, 2)["tokens"] == []
    assert (result.code, result.problem["category"]) == (2, category)


@pytest.mark.parametrize("kind", FORMATS)
def test_settings_that_cannot_be_used_are_told_in_every_format(run: Run, kind: str) -> None:
    result = run("--role", "owner", "--format", kind, token=GOOD)
    assert (result.code, result.err) == (2, "")
    told = '{"glcheck": [' if kind == "annotations" else "usage-error"  # no token, no link
    assert told in result.out


def test_a_command_line_that_cannot_be_parsed_goes_to_stderr(run: Run) -> None:
    result = run.json("--no-such-flag")
    assert (result.code, result.out) == (2, "")
    assert "usage-error" in result.err


def test_the_name_is_the_policys_else_the_source_else_token(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    stdin = run.json("--token-file", "-", stdin=GOOD.encode())
    results = (run.json(token=GOOD), stdin, run.json())
    names = [checked(one.report, one.code)["tokens"][0]["name"] for one in results]
    assert names == ["GITLAB_TOKEN", "token", "token"]


def test_verbose_adds_to_stderr_only(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, expires_at=None))
    quiet, loud = (run("--format=text", *more, token=GOOD) for more in ((), ("-v",)))
    assert (loud.out, quiet.err) == (quiet.out, "")
    assert "personal_access_tokens/self" in loud.err
    VALIDATOR.validate(run.json("-v", token=GOOD).report)


def test_output_takes_the_report_away_from_stdout(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    result = run.json("--output", "report.json", token=GOOD)
    assert (result.code, result.out) == (0, "")
    VALIDATOR.validate(json.loads((run.directory / "report.json").read_text()))


def test_the_servers_clock_counts_and_one_of_ours_that_is_off_is_a_note(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.date = datetime(2131, 11, 30, 0, 0, 1, tzinfo=timezone.utc)
    gitlab.add(Token(GOOD, expires_at="2131-12-01"))
    token = run.json(token=GOOD).token
    held = token["token"]
    assert (held["seconds_left"], held["days_left"]) == (DAY - 1, 0)
    assert held["expires_at_utc"] == "2131-12-01T00:00:00Z"
    assert len([note for note in token["notes"] if "clock" in note]) == 1
