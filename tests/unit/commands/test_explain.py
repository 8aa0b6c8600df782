"""What the categories mean: one enumeration, one command, one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab

from glcheck.problem import Category

PAGE = Path(__file__).parent.parent / "docs" / "categories.md"
CODES = {
    "ok": 0,
    "usage-error": 2,
    "config-error": 2,
    "token-missing": 10,
    "token-malformed": 11,
    "token-invalid": 12,
    "token-expired": 13,
    "token-revoked": 14,
    "account-restricted": 15,
    "wrong-token-kind": 16,
    "expires-soon": 20,
    "scope-missing": 21,
    "scope-forbidden": 22,
    "role-too-low": 23,
    "not-found": 24,
    "lives-too-long": 25,
    "scope-unknown": 26,
    "network-error": 30,
    "tls-error": 31,
    "rate-limited": 32,
    "server-error": 33,
    "unexpected-answer": 34,
    "unsupported-server": 35,
    "internal-error": 70,
}


def words(text: str) -> str:
    """Return text without its layout and markup."""
    return " ".join(re.sub(r"[*`_#|\\-]", " ", text).split()).lower()


def sections() -> dict[str, str]:
    """Return the page's sections that are named like a category, in their order."""
    parts = re.split(
        r"(?m)^#{2,3} +`?([^\n`(]+?)`?(?: *\([^\n]*\))?(?: #*)?$", PAGE.read_text("utf-8")
    )
    return {
        name.strip(): text
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
        if name.strip() in CODES
    }


def test_the_numbers_are_those_that_were_promised() -> None:
    assert {category.label: category.exit_code for category in Category} == CODES


def test_one_is_never_an_exit_code() -> None:
    assert 1 not in {category.exit_code for category in Category}


@pytest.mark.parametrize("label", CODES)
def test_explain_tells_meaning_number_causes_and_fix(run: Run, gitlab: GitLab, label: str) -> None:
    result = run("explain", label)
    assert (result.code, result.err) == (0, "")
    assert label in result.out
    assert re.search(rf"\b{CODES[label]}\b", result.out)
    assert len(result.out.split()) >= 12
    if label != "ok":
        assert "cause" in result.out.lower()
        assert "fix" in result.out.lower()
    assert not gitlab.requests


def test_explain_lists_all_in_the_order_of_their_codes(run: Run, gitlab: GitLab) -> None:
    result = run("explain")
    assert (result.code, result.err) == (0, "")
    found = re.findall(r"(?m)^ *(\d+) +([a-z-]+) +\S", result.out)
    if not found:
        found = [
            (code, label) for label, code in re.findall(r"(?m)^ *([a-z-]+) +(\d+) +\S", result.out)
        ]
    assert {label: int(code) for code, label in found} == CODES
    assert [int(code) for code, _ in found] == sorted(CODES.values())
    assert not gitlab.requests


@pytest.mark.parametrize(
    "word", ["token-expird", "TOKEN", "13", "glpat-aaaaaaaaaaaaaaaaaaaa", "ok ok"]
)
def test_an_unknown_category_is_refused(run_alone: Run, word: str) -> None:
    result = run_alone("explain", word)
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert "glpat-" not in result.err


def test_a_misspelt_category_is_set_right(run_alone: Run) -> None:
    assert "token-expired" in run_alone("explain", "token-expird").err


def test_explain_needs_no_token_no_settings_and_no_sound_policy(run_alone: Run) -> None:
    (run_alone.directory / ".glcheck.yml").write_text("[", "utf-8")
    env = {
        "GLCHECK_SCOPES": "",
        "GLCHECK_ROLE": "nonsense",
        "GITLAB_URL": "http://gitlab.example.com",
    }
    assert run_alone("explain", "ok", env=env).code == 0


def test_what_a_problem_refers_to_can_be_run(run_alone: Run) -> None:
    docs = run_alone.json().problem["docs"]
    command, *args = docs.split()
    assert (command, args) == ("glcheck", ["explain", "token-missing"])
    assert run_alone(*args).code == 0


def test_the_page_has_one_section_for_each_category_in_order() -> None:
    assert list(sections()) == list(CODES)
    headings = re.findall(r"(?m)^#{2,3} .*$", PAGE.read_text("utf-8"))
    for label in CODES:
        assert (
            len(
                [
                    heading
                    for heading in headings
                    if re.search(rf"(?<![\w-]){label}(?![\w-])", heading)
                ]
            )
            == 1
        )


@pytest.mark.parametrize("label", CODES)
def test_the_page_says_what_explain_says(run_alone: Run, label: str) -> None:
    page = PAGE.read_text("utf-8")
    start = re.search(rf"(?m)^#+ .*(?<![\w-]){label}(?![\w-]).*$", page)
    assert start
    section = re.split(r"(?m)^## ", page[start.start() :].lstrip("#"))[0]
    assert re.search(rf"\b{CODES[label]}\b", section)
    meaning = re.split(r"\n\s*\n", run_alone("explain", label).out.strip())[1]
    assert words(meaning) in words(section)
    for cause in re.findall(r"(?m)^ +- (.*)$", run_alone("explain", label).out):
        assert words(cause) in words(section)


@pytest.mark.parametrize("label", [label for label, code in CODES.items() if 10 <= code < 70])
def test_the_page_tells_cause_answer_fix_and_status(label: str) -> None:
    section = sections()[label].lower()
    for part in ("cause", "fix", "http", "exit code"):
        assert part in section or part in PAGE.read_text("utf-8").lower().partition("\n## ")[0]
