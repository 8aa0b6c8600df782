"""What the categories mean: one enumeration, one command, one page."""

from __future__ import annotations

import re

import generate
import pytest
from kit.command import Run
from kit.policies import GOOD
from kit.reports import CODES

from glcheck.commands import explain
from glcheck.problem import Category

PAGE = (generate.ROOT / "docs" / "categories.md").read_text("utf-8")


def test_the_numbers_are_those_that_were_promised() -> None:
    assert {category.label: category.exit_code for category in Category} == CODES


def test_one_is_never_an_exit_code() -> None:
    assert 1 not in {category.exit_code for category in Category}


@pytest.mark.parametrize("category", Category, ids=lambda category: category.label)
def test_explain_and_the_page_tell_meaning_number_causes_and_fix(category: Category) -> None:
    text = explain.page(category)
    title, _, rest = text.partition("\n\n")
    assert title == category.label
    assert re.search(rf"\b{category.exit_code}\b", rest)
    assert re.search(r"(?m)^- \S", rest)
    words = " ".join(rest.split())
    parts = ("Usual causes:", "GitLab said:", "HTTP status:", "Exit code:", "Fix:")
    assert [part for part in parts if part not in words] == []
    assert f"\n## {category.label}\n\n{rest.strip()}\n" in PAGE


def test_the_page_has_one_section_for_each_category_in_order() -> None:
    assert re.findall(r"(?m)^#{2,} (.*)$", PAGE) == list(CODES)


def test_explain_lists_all_in_the_order_of_their_codes() -> None:
    found = re.findall(r"(?m)^ *(\d+) +([a-z-]+) +\S", explain.listing())
    assert {label: int(code) for code, label in found} == CODES
    assert [int(code) for code, _ in found] == sorted(CODES.values())


@pytest.mark.parametrize("word", ["token-expird", "TOKEN", "13", GOOD, "ok ok"])
def test_an_unknown_category_is_refused(run_alone: Run, word: str) -> None:
    code, out, err = run_alone("explain", word)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert "glpat-" not in err
    assert word != "token-expird" or "token-expired" in err  # a misspelt one is set right


def test_explain_needs_no_token_no_settings_and_no_sound_policy(run_alone: Run) -> None:
    (run_alone.directory / ".glcheck.yml").write_text("[", "utf-8")
    env = {"GLCHECK_ROLE": "nonsense", "GITLAB_URL": "http://gitlab.example.com"}
    for words, says in (((), explain.listing()), (("ok",), explain.page(Category.OK))):
        assert run_alone("explain", *words, env=env) == (0, says, "")


def test_what_a_problem_refers_to_can_be_run(run_alone: Run) -> None:
    command, *args = run_alone.json().problem["docs"].split()
    assert (command, args) == ("glcheck", ["explain", "token-missing"])
    assert run_alone(*args).code == 0
