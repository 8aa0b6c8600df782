"""The recipe that keeps one issue about a dying token, run for real by act."""

from __future__ import annotations

import re

import pytest
from kit.act_jobs import Runner
from kit.gitlab_server import GitLab, Token, in_days
from kit.policies import GOOD
from kit.workflows import recipe, run

pytestmark = pytest.mark.slow
# Stands in for gh: notes what it does to issues, knows the open one with the label by its number,
# and fails for all that the recipe has no business with.
GH = r"""
set -eu
[ "$GH_TOKEN" = of-the-job ] && [ "$GH_REPO" != "${GH_REPO#?*/}" ]
case "$1 $2" in
  "api repos/$GH_REPO/issues?state=open&labels=glcheck")
    [ "$3 $4" = "--jq .[0].number // empty" ]
    cat "$TRACKER/open"
    exit ;;
  "issue create") echo 7 > "$TRACKER/open" ;;
  "issue edit") [ "$3" = "$(cat "$TRACKER/open")" ] ;;
  "issue close") [ "$3" = "$(cat "$TRACKER/open")" ]; : > "$TRACKER/open" ;;
  "label create") [ "$3" = glcheck ] ;;
  *) exit 1 ;;
esac
echo "$*" >> "$TRACKER/calls"
for body do :; done
[ ! -f "$body" ] || cp "$body" "$TRACKER/body"
"""
CREATED = [
    "label create glcheck --force --color D93F0B --description GitLab tokens that need attention",
    "issue create --title A GitLab token needs attention --label glcheck --body-file glcheck.md",
]
EDITED = ["issue edit 7 --body-file glcheck.md"]
DAYS = "min-validity: 30d"
RUN = r"https://\S+/actions/runs/\d+"


class Tracker:
    """The issues of a repository, as the stand-in for gh keeps them; 7 is the open one's number."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.path = runner.bin / "tracker"
        self.path.mkdir()
        (self.path / "calls").touch()
        runner.env["TRACKER"] = str(self.path)
        runner.add("gh", GH)

    def look(self, url: str, ends: str = "success", line: str = DAYS, **secrets: str) -> str:
        """Run the weekly workflow, with another line in it, and return what it printed."""
        text = recipe("cron:", url)
        assert text.count(DAYS) == 1
        changed = text.replace(DAYS, line)
        ran = run(self.runner, changed, "schedule", GITHUB_TOKEN="of-the-job", **secrets)
        assert ran.jobs == {"look": ends}, ran.out
        return ran.log

    @property
    def did(self) -> list[str]:
        """What was done to issues and labels, in order."""
        return (self.path / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def body(self) -> str:
        """What the issue says."""
        return (self.path / "body").read_text(encoding="utf-8")


@pytest.fixture(params=["", "7\n"], ids=["no issue", "an issue"])
def either(runner: Runner, request: pytest.FixtureRequest) -> Tracker:
    """Give a repository with no open issue of that label, and one with such an issue."""
    tracker = Tracker(runner)
    (tracker.path / "open").write_text(request.param, encoding="utf-8")
    return tracker


def test_a_dying_token_opens_one_issue_and_a_week_later_edits_it(
    either: Tracker, gitlab: GitLab
) -> None:
    first = EDITED if (either.path / "open").read_text() else CREATED
    gitlab.add(Token(GOOD, expires_at=in_days(20)))
    either.look(gitlab.url, GITLAB_TOKEN=GOOD)
    assert either.did == first
    assert re.search("1[89] days left", either.body)  # 18 if it is tomorrow by now
    assert "expires-soon" in either.body
    assert "/-/user_settings/personal_access_tokens" in either.body
    assert re.search(rf"^From {RUN}$", either.body, re.MULTILINE)

    gitlab.add(Token(GOOD, expires_at=in_days(13)))
    either.look(gitlab.url, GITLAB_TOKEN=GOOD)
    assert either.did == first + EDITED
    assert re.search("1[12] days left", either.body)
    assert not re.search("1[89] days left", either.body)
    assert GOOD not in either.body


def test_a_missing_token_is_told_in_the_issue(either: Tracker, gitlab: GitLab) -> None:
    either.look(gitlab.url)
    assert "token-missing" in either.body


def test_when_all_is_well_again_the_issue_is_closed_once(either: Tracker, gitlab: GitLab) -> None:
    opened = (either.path / "open").read_text()
    gitlab.add(Token(GOOD))
    for _ in range(2):
        either.look(gitlab.url, GITLAB_TOKEN=GOOD)
        closed = rf"issue close 7 --comment All is well again: {RUN}" if opened else ""
        assert re.fullmatch(closed, "\n".join(either.did))


MORE, NO_VERDICT = "\n          ", "No verdict on the token"
# fmt: off
UNDECIDED = {
    "allowed silence": (
        False, "success", f"{DAYS}{MORE}allow: network-error", "problem above is allowed",
    ),
    "silence": (False, "failure", DAYS, f"{NO_VERDICT} (network-error)"),
    "wrong input": (True, "failure", "min-validity: soon", f"{NO_VERDICT} (usage-error)"),
    "wrong python": (
        True, "failure", f"{DAYS}{MORE}python: /dev/null", f"{NO_VERDICT} (usage-error)",
    ),
}
# fmt: on


@pytest.mark.parametrize(("reached", "ends", "line", "said"), UNDECIDED.values(), ids=UNDECIDED)
def test_without_a_verdict_no_issue_is_touched(
    either: Tracker, gitlab: GitLab, nobody: str, reached: bool, ends: str, line: str, said: str
) -> None:
    gitlab.add(Token(GOOD))
    log = either.look(gitlab.url if reached else nobody, ends, line, GITLAB_TOKEN=GOOD)
    assert said in log
    assert either.did == []
