"""The text report: a line for what is in order, a block for what is not."""

from __future__ import annotations

import pytest
from kit.reports import FORMATS
from kit.values import asks, entry, good, problem, refused, report, token, warning

from glcheck.report import TokenReport
from glcheck.reports import render
from glcheck.reports.text import Style, text

DEV = asks(project="group/app", role="developer")
FAR, LET = warning("not-found", requirement="project"), warning("tls-error")
JOB = token(None, kind="job", scopes=(), name=None, ends_with="its job")
CI = 'access token "ci", scopes api, 100 days left (until 2031-06-09 12:00 UTC)'
IN_ORDER = {
    "a good token": (good("x"), CI),
    "for ever": (good("x", days=None), 'access token "ci", scopes api, never expires'),
    "of a job": (entry("x", token=JOB), "job token, lives as long as its job"),
    "its reach": (good("x", requirements=DEV), f"{CI}, reaches group/app as developer or more"),
    "no reach": (good("x", FAR, requirements=DEV), CI),
    "let": (entry("x", LET), "not checked, because the problem above is allowed"),
}


def block(label: str, whose: str, severity: str = "error") -> str:
    head = f"{severity}[{label}] {whose}This is {label}.\n"
    return f"{head}  fix: Mend what is {label} soon.\n  docs: glcheck explain {label}\n"


@pytest.mark.parametrize(("one", "line"), IN_ORDER.values(), ids=IN_ORDER)
def test_a_token_in_order_is_one_line(one: TokenReport, line: str) -> None:
    warned = "".join(block(problem.category.label, "x: ", "warning") for problem in one.problems)
    assert text(report(one), Style()) == f"{warned}ok x: {line}\n"


def test_every_problem_has_its_fix_and_docs_and_tokens_keep_their_order() -> None:
    two = good("b", problem("scope-missing"), warning("expires-soon"))
    three = report(two, entry("c", problem("token-invalid")), good("a"))
    blocks = block("scope-missing", "b: ") + block("expires-soon", "b: ", "warning")
    blocks += block("token-invalid", "c: ")
    assert text(three, Style(quiet=True)) == blocks
    assert text(three, Style()) == f"{blocks}ok a: {CI}\n"
    assert text(refused("config-error"), Style()) == block("config-error", "")


def test_a_note_is_shown_unless_only_problems_are_wanted() -> None:
    noted = report(good("x", notes=("read_api is in api",)))
    assert text(noted, Style()) == f"ok x: {CI}\n  note: read_api is in api\n"
    assert text(noted, Style(quiet=True)) == ""


@pytest.mark.parametrize("kind", FORMATS)
def test_colour_is_for_text_only_and_more_words_change_no_report(kind: str) -> None:
    two = report(good("a"), good("b", problem("scope-missing"), warning("expires-soon")))
    assert ("\x1b" in render(kind, two, Style(color=True))) == (kind in {"text", "github"})
    assert "\x1b" not in render(kind, two, Style())
    assert render(kind, two, Style(verbose=True)) == render(kind, two, Style())
