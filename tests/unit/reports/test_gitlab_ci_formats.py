"""GitLab's annotations and dotenv as functions of a report: which links, which variables."""

from __future__ import annotations

import pytest
from kit import gitlab_reports as gitlab
from kit.gitlab_reports import MOST_BYTES, MOST_LINKS, PAGE, URL, Link, told
from kit.reports import outputs
from kit.values import entry, good, problem
from kit.values import report as on

from glcheck.problem import Problem
from glcheck.report import Report, TokenReport
from glcheck.reports import github_actions, gitlab_ci


def untold(*problems: Problem, name: str = "ci") -> TokenReport:
    return entry(name, *problems)


def described(*problems: Problem, days: float | None = 90) -> TokenReport:
    return good("ci", *problems, days=days)


# Links

FULL = f"{PAGE}?name={'n' * (2000 - len(PAGE) - 6)}"  # as long as any browser and server takes
# fmt: off
ADDRESSES = {
    "the page that the fix names": (f"Use {PAGE}?name=a&scopes=b,c.", f"{PAGE}?name=a&scopes=b,c"),
    "a part of a page": (f"Variables are here: {PAGE}#part.", f"{PAGE}#part"),
    "without what ends a sentence": (f"Make one (on {PAGE}): do.", PAGE),
    "the first of two pages": (f"See {PAGE}, or {URL}/other.", PAGE),
    "a page rather than GitLab itself": (f"Sign in to {URL}, and see {PAGE}.", PAGE),
    "GitLab itself where only that is named": (f"Sign in to {URL}.", URL),
    "GitLab itself where no page is named": ("Ask an administrator.", URL),
    "as long as may be": (f"Make one on {FULL}.", FULL),
    "too long, so without what it fills in": (f"Make one on {FULL}n.", PAGE),
}
# fmt: on


@pytest.mark.parametrize(("fix", "url"), ADDRESSES.values(), ids=ADDRESSES)
def test_the_link_leads_where_the_fix_does(fix: str, url: str) -> None:
    report = on(untold(problem("token-expired", fix=fix), name="a token"))
    assert gitlab.links(gitlab_ci.links(report)) == [Link("a token: token-expired", url)]


def test_the_first_problem_has_the_link() -> None:
    problems = (
        problem("scope-missing", fix=f"See {URL}/a."),
        problem("not-found", fix=f"See {URL}/b."),
    )
    found = gitlab.links(gitlab_ci.links(on(described(*problems))))
    assert found == [Link("ci: scope-missing", f"{URL}/a")]


def labels(report: Report) -> list[str]:
    return [link.label.partition(":")[0] for link in gitlab.links(gitlab_ci.links(report))]


def test_what_is_in_order_or_of_no_token_has_no_link() -> None:
    assert labels(on(described(), described(days=None))) == []
    assert labels(on(problems=(problem("usage-error"),))) == []


def test_warnings_stand_behind_errors_and_each_in_the_order_of_the_policy() -> None:
    severities = {"a": "warning", "b": "error", "c": "warning", "d": "error"}
    tokens = (untold(problem("not-found", severity=s), name=n) for n, s in severities.items())
    assert labels(on(*tokens)) == ["b", "d", "a", "c"]


def test_no_more_links_than_gitlab_counts_in_a_section() -> None:
    short = problem("not-found", fix="See http://a.")
    names = [f"{number:x}" for number in range(MOST_LINKS + 50)]
    assert labels(on(*(untold(short, name=name) for name in names))) == names[:MOST_LINKS]


def test_no_more_links_than_gitlab_takes_bytes_of_and_warnings_go_first() -> None:
    names = [f"token {number:04}" for number in range(1000)]
    soft, hard = problem("not-found", severity="warning"), problem("not-found")
    report = on(*(untold(soft if n < 700 else hard, name=name) for n, name in enumerate(names)))
    found = labels(report)
    assert found[:300] == names[700:]
    assert found[300:] == names[: len(found) - 300]
    assert MOST_BYTES * 0.95 < len(gitlab_ci.links(report).encode()) <= MOST_BYTES


def test_what_is_too_long_takes_away_no_link_that_is_not() -> None:
    names = ["a", "b" * 90_000, "c", "\N{SNOWMAN}" * 14_000, "d", "\N{SNOWMAN}"]
    report = on(*(untold(problem("not-found"), name=name) for name in names))
    assert labels(report) == ["a", "c", "d", "\N{SNOWMAN}"]


# Variables

SCOPE, LASTING = problem("scope-missing"), problem("lives-too-long")
ABSENT = untold(problem("token-missing"))
ALLOWED = problem("scope-missing", severity="warning")
STOPPED = on(untold(problem("network-error")))._replace(interrupted=True)
# fmt: off
VERDICTS = {
    "days are whole": (on(described(days=10.5)), told("ok", 10)),
    "the last day is none": (on(described(days=0.4)), told("ok", 0)),
    "no end": (on(described(days=None)), told("ok", None)),
    "a failure": (on(described(SCOPE, days=10.5)), told("scope-missing", 10)),
    "a warning": (on(described(ALLOWED, days=10.5)), told("ok", 10)),
    "nothing known": (on(untold(problem("token-expired"))), told("token-expired", None)),
    "no end, and that is wrong": (on(described(LASTING, days=None)), told("lives-too-long", None)),
    "no token": (on(problems=(problem("usage-error"),)), told("usage-error", None)),
    "nothing at all": (on(), told("ok", None)),
    "interrupted": (STOPPED, told("network-error", None, 130)),
    "the later first": (on(described(days=90), described(days=30)), told("ok", 30)),
    "the sooner first": (on(described(days=30), described(days=90)), told("ok", 30)),
    "one without an end": (on(described(days=None), described(days=30)), told("ok", 30)),
    "one that fails": (on(described(days=3), described(SCOPE, days=6)), told("scope-missing", 6)),
    "the lowest code": (on(described(LASTING), described(SCOPE, days=6)), told("scope-missing", 6)),
    "the first of two": (on(described(SCOPE, days=6), described(SCOPE)), told("scope-missing", 6)),
    "one that is absent": (on(described(), ABSENT), told("token-missing", None)),
}
# fmt: on


@pytest.mark.parametrize(("report", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_the_variables_tell_the_verdict_as_the_outputs_of_the_action_do(
    report: Report, verdict: dict[str, str]
) -> None:
    assert gitlab.variables(gitlab_ci.variables(report)) == verdict
    known = outputs(github_actions.outputs(report, ""))
    names = {name: name.removeprefix("GLCHECK_").lower().replace("_", "-") for name in verdict}
    assert {name: known[own] for name, own in names.items()} == verdict
