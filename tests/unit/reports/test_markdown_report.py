"""The markdown report: its table, its problems, its chart, and no markup of anybody else's."""

from __future__ import annotations

import re

import pytest
from kit.reports import HOSTILE, MARKUP, foreign_markup, table
from kit.values import entry, good, problem, refused, report, token, warning

from glcheck.reports.markdown import markdown

INSTRUCTIONS = (
    "title one", "section two", "dateFormat X", "axisFormat x", "todayMarker off", "excludes x",
    "click x", "2026-01-01 release", "gantt", "inclusiveEndDates", "accTitle", "-",
)  # fmt: skip


def gantt(text: str) -> list[str]:
    """Return the tasks of the chart."""
    (chart,) = re.findall(r"(?ms)^```mermaid\ngantt\n(.*?)^```$", text) or [""]
    return [line.strip() for line in chart.splitlines() if " :" in line]


def test_it_has_a_row_for_each_token_and_all_problems() -> None:
    narrow = good("b", problem("scope-missing"), warning("expires-soon"), days=3)
    mute, warned = entry("c", problem("server-error")), good("d", warning("not-found"))
    text = markdown(report(good("a_1"), narrow, mute, warned))
    lives = "100 days left (until 2031-06-09 12:00 UTC)"
    assert table(text) == [
        ["a\\_1", "✅ ok", "api", lives],
        ["b", "❌ scope-missing", "api", "3 days left (until 2031-03-04 12:00 UTC)"],
        ["c", "❌ server-error", "", "unknown"],
        ["d", "⚠️ ok", "api", lives],
    ]
    assert text.split("- **")[1:3] == [
        f"{severity}[{label}]** b: This is {label}.\n"
        f"  - fix: Mend what is {label} soon.\n  - docs: `glcheck explain {label}`\n"
        for severity, label in (("error", "scope-missing"), ("warning", "expires-soon"))
    ]
    assert text.count("fix:") == 4
    assert "**error[usage-error]** This is" in markdown(refused())


def test_it_draws_how_long_tokens_live_and_the_one_that_dies_first_at_the_top() -> None:
    late, never, soon = good("a"), good("b", days=None), good("c", warning("expires-soon"), days=3)
    others = good("d", problem("token-expired"), days=-1), entry("e", problem("server-error"))
    tasks = ["c :crit, 2031-03-01, 2031-03-04", "a :active, 2031-03-01, 2031-06-09"]
    assert gantt(markdown(report(late, never, soon, *others))) == tasks
    assert "mermaid" not in markdown(report(late, never)), "one alone is not drawn"


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_the_name_of_a_token_cannot_become_an_instruction_to_mermaid(name: str) -> None:
    (task, _) = gantt(markdown(report(good(name, days=9), good("other"))))
    assert task.startswith(f"token {name} :")


@pytest.mark.parametrize("text", [*MARKUP, *HOSTILE, "https://a.example/pwn|pwn"])
def test_words_from_outside_form_no_markup(text: str) -> None:
    said = " ".join(text.split())
    bad = problem("scope-missing", message=f"No {said}", fix=f"Not {said}")
    shown = markdown(report(good(said, bad, token=token(scopes=(said, "api"), name=said))))
    assert (len(table(shown)), foreign_markup(shown)) == (1, [])
    assert "&lt;b" not in shown.replace("&amp;lt;", ""), "a character reference stays text"
