"""The recipe that keeps one issue about a dying token, run for real by act."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from kit.act import script
from kit.gitlab_server import GitLab, Token, in_days
from kit.policies import GOOD
from kit.workflows import Machine, Ran, recipe

pytestmark = pytest.mark.slow
GH = '''\
"""Stands in for gh: a tracker in a file, and nothing that the recipe has no business with."""
import json, os, sys
from pathlib import Path

store = Path(os.environ["TRACKER"])
state = json.loads(store.read_text())
issues = state["issues"]
state["calls"].append(sys.argv[1:])
repository = os.environ["GH_REPO"]
assert os.environ["GH_TOKEN"] == "of-the-job" and repository.count("/") == 1


def issue(number):
    return next(one for one in issues if str(one["number"]) == number and one["open"])


match sys.argv[1:]:
    case ["api", path, "--jq", ".[0].number // empty"]:
        assert path == f"repos/{repository}/issues?state=open&labels=glcheck", path
        print(*[one["number"] for one in issues if one["open"] and "glcheck" in one["labels"]][:1])
    case ["label", "create", name, "--force", "--color", _, "--description", _]:
        state["labels"].append(name)
    case ["issue", "create", "--title", title, "--label", label, "--body-file", body]:
        assert label in state["labels"], "could not add label: not found"
        new = {"title": title, "body": Path(body).read_text(), "labels": [label], "open": True}
        issues.append({"number": len(issues) + 1, **new})
    case ["issue", "edit", number, "--body-file", body]:
        issue(number)["body"] = Path(body).read_text()
    case ["issue", "close", number, "--comment", comment]:
        issue(number).update(open=False, comment=comment)
    case _:
        raise SystemExit(f"gh: {sys.argv[1:]}")
store.write_text(json.dumps(state))
'''
OPEN = {
    "number": 1,
    "title": "A GitLab token needs attention",
    "body": "of last week",
    "labels": ["glcheck"],
    "open": True,
}
UNRELATED = {**OPEN, "number": 2, "body": "by hand", "labels": []}
RUN = r"https://\S+/actions/runs/\d+"


class Tracker:
    """The issues of a repository, as the stand-in for gh keeps them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.path = machine.bin / "tracker.json"
        machine.environ["TRACKER"] = str(self.path)
        program = machine.bin / "gh.py"
        program.write_text(GH, encoding="utf-8")
        script(machine.bin / "gh", f'exec "{sys.executable}" -I -S "{program}" "$@"')

    def has(self, *issues: Mapping[str, Any]) -> None:
        """Set what there is before a run."""
        state = {"issues": issues, "labels": ["glcheck"] * bool(issues), "calls": []}
        self.path.write_text(json.dumps(state), encoding="utf-8")

    @property
    def state(self) -> Any:
        """What there is now."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def issues(self) -> list[dict[str, Any]]:
        """The issues, closed ones included."""
        return [*self.state["issues"]]

    @property
    def did(self) -> list[str]:
        """What was done to issues, in order."""
        return [" ".join(call[:2]) for call in self.state["calls"] if call[0] == "issue"]

    def run(self, url: str, right: str = "", wrong: str = "", **secrets: str) -> Ran:
        """Run the weekly workflow, with other words in place of some."""
        text = recipe("cron:", url)
        assert right in text
        changed = text.replace(right, wrong) if right else text
        return self.machine.run(changed, "schedule", GITHUB_TOKEN="of-the-job", **secrets)


@pytest.fixture
def tracker(machine: Machine) -> Tracker:
    """Give a repository with issues."""
    return Tracker(machine)


def test_a_dying_token_opens_one_issue_and_a_week_later_edits_it(
    tracker: Tracker, gitlab: GitLab
) -> None:
    tracker.has()
    gitlab.add(Token(GOOD, expires_at=in_days(20)))
    first = tracker.run(gitlab.url, GITLAB_TOKEN=GOOD)
    assert first.jobs == {"look": "success"}, first.out
    (issue,) = tracker.issues
    assert (issue["title"], issue["labels"]) == (OPEN["title"], ["glcheck"])
    assert re.search("1[89] days left", issue["body"])  # 18 if it is tomorrow by now
    assert "expires-soon" in issue["body"]
    assert "/-/user_settings/personal_access_tokens" in issue["body"]
    assert re.search(rf"^From {RUN}$", issue["body"], re.MULTILINE)

    gitlab.add(Token(GOOD, expires_at=in_days(13)))
    second = tracker.run(gitlab.url, GITLAB_TOKEN=GOOD)
    assert second.jobs == {"look": "success"}, second.out
    (issue,) = tracker.issues
    assert re.search("1[12] days left", issue["body"])
    assert not re.search("1[89] days left", issue["body"])
    assert tracker.did == ["issue create", "issue edit"]
    assert GOOD not in json.dumps(tracker.state)


def test_an_issue_without_the_label_is_not_touched(tracker: Tracker, gitlab: GitLab) -> None:
    tracker.has(UNRELATED)
    ran = tracker.run(gitlab.url)  # no token at all
    assert ran.jobs == {"look": "success"}, ran.out
    unrelated, new = tracker.issues
    assert unrelated == UNRELATED
    assert "token-missing" in new["body"]


def test_when_all_is_well_again_the_issue_is_closed(tracker: Tracker, gitlab: GitLab) -> None:
    tracker.has(OPEN, UNRELATED)
    gitlab.add(Token(GOOD))
    for _ in range(2):
        ran = tracker.run(gitlab.url, GITLAB_TOKEN=GOOD)
        assert ran.jobs == {"look": "success"}, ran.out
        closed, unrelated = tracker.issues
        assert not closed["open"]
        assert re.fullmatch(f"All is well again: {RUN}", closed["comment"])
        assert unrelated == UNRELATED
        assert tracker.did == ["issue close"]


def test_an_allowed_silence_closes_no_issue(tracker: Tracker, nobody: str) -> None:
    tracker.has(OPEN)
    allow = "min-validity: 30d\n          allow: network-error"
    ran = tracker.run(nobody, "min-validity: 30d", allow, GITLAB_TOKEN=GOOD)
    assert ran.jobs == {"look": "success"}, ran.out
    assert "not checked, because the problem above is allowed" in ran.log
    assert tracker.did == []


@pytest.mark.parametrize("issues", [[], [OPEN]], ids=["no-issue", "an-issue"])
def test_no_verdict_touches_no_issue_and_fails(
    tracker: Tracker, nobody: str, issues: list[dict[str, Any]]
) -> None:
    tracker.has(*issues)
    ran = tracker.run(nobody, GITLAB_TOKEN=GOOD)
    assert ran.jobs == {"look": "failure"}, ran.out
    assert "No verdict on the token (network-error)" in ran.log
    assert tracker.issues == issues


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("min-validity: 30d", "min-validity: soon"),
        ("report: markdown", "python: /dev/null\n          report: markdown"),
    ],
    ids=["input", "python"],
)
def test_a_mistake_in_the_settings_touches_no_issue_and_fails(
    tracker: Tracker, gitlab: GitLab, right: str, wrong: str
) -> None:
    tracker.has(OPEN)
    gitlab.add(Token(GOOD))
    ran = tracker.run(gitlab.url, right, wrong, GITLAB_TOKEN=GOOD)
    assert ran.jobs == {"look": "failure"}, ran.out
    assert "No verdict on the token (usage-error)" in ran.log
    assert tracker.issues == [OPEN]
