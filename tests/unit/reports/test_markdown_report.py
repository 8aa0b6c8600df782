"""The markdown report: its table, its list of problems, its chart, and nothing that words could make of it."""

from __future__ import annotations

import re

import pytest
from kit.reports import HOSTILE, MARKUP, foreign_markup, table
from kit.values import entry, good, problem, refused, report, token, warning

from glcheck.reports.markdown import markdown

WORDS = (
    "title one", "section two", "dateFormat X", "axisFormat x", "todayMarker off", "excludes x",
    "click x", "2026-01-01 release", "gantt", "inclusiveEndDates", "accTitle", "-",
)  # fmt: skip


def gantt(text: str) -> list[str]:
    """Return the tasks of the chart."""
    (chart,) = re.findall(r"^```mermaid\ngantt\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) or [""]
    return [line.strip() for line in chart.splitlines() if " :" in line]


def test_it_has_a_row_for_each_token_and_all_problems() -> None:
    narrow = good("b", problem("scope-missing"), warning("expires-soon"), days=3)
    mute = entry("c", problem("server-error"))
    text = markdown(report(good("a_1"), narrow, mute, good("d", warning("not-found"))))
    lives, soon = (
        f"{days} days left (until 2031-{day} 12:00 UTC)"
        for days, day in ((100, "06-09"), (3, "03-04"))
    )
    assert table(text) == [
        ["a\\_1", "✅ ok", "api", lives],
        ["b", "❌ scope-missing", "api", soon],
        ["c", "❌ server-error", "", "unknown"],
        ["d", "⚠️ ok", "api", lives],
    ]
    for whose, label, severity in (
        ("b", "scope-missing", "error"),
        ("b", "expires-soon", "warning"),
        ("c", "server-error", "error"),
        ("d", "not-found", "warning"),
    ):
        head = f"- **{severity}[{label}]** {whose}: This is {label}."
        assert (
            f"{head}\n  - fix: Mend what is {label} soon.\n  - docs: `glcheck explain {label}`"
            in text
        )
    assert text.count("fix:") == 4
    assert "**error[usage-error]** This is" in markdown(refused())


def test_it_draws_how_long_tokens_live_those_that_die_first_at_the_top() -> None:
    tokens = [
        good("late"),
        good("never", days=None),
        good("soon", warning("expires-soon"), days=3),
        good("dead", problem("token-expired"), days=-1),
        entry("mute", problem("server-error")),
    ]
    late = "late :active, 2031-03-01, 2031-06-09"
    assert gantt(markdown(report(*tokens))) == ["soon :crit, 2031-03-01, 2031-03-04", late]
    assert gantt(markdown(report(*tokens[:2]))) == [], "one alone is not drawn"


@pytest.mark.parametrize("name", WORDS)
def test_the_name_of_a_token_cannot_become_an_instruction_to_mermaid(name: str) -> None:
    (task, _) = gantt(markdown(report(good(name, days=9), good("other"))))
    keywords = "|".join(word.split()[0] for word in WORDS)
    assert task.startswith(f"token {name} :")
    assert not re.match(rf"({keywords})\b", task)


@pytest.mark.parametrize("text", [*MARKUP, *HOSTILE])
def test_words_from_outside_form_no_markup(text: str) -> None:
    said = " ".join(text.split())
    bad = problem("scope-missing", message=f"No {said}", fix=f"Not {said}")
    one = good(said, bad, token=token(scopes=(said, "api"), name=said))
    shown = markdown(report(one, good("other")))
    assert (len(table(shown)), foreign_markup(shown)) == (2, [])
    assert "&lt;b" not in shown.replace("&amp;lt;", ""), "a character reference stays text"
