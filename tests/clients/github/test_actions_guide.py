"""The guide to GitHub Actions: its tables are those of the action, and its links lead somewhere."""

from __future__ import annotations

import re

import pytest
from kit.act import ACTION
from kit.workflows import GUIDE, SNIPPETS

pytestmark = pytest.mark.slow
TEXT = GUIDE.read_text(encoding="utf-8")


def test_the_guide_and_the_readme_have_recipes() -> None:
    pages = [name.rpartition("-")[0] for name in SNIPPETS]
    assert pages.count(GUIDE.stem) >= 7
    assert "README" in pages


@pytest.mark.parametrize(("title", "row"), [("Inputs", ".+ [|] .+"), ("Outputs", ".+")])
def test_the_guide_tells_of_all_that_is_there_and_of_nothing_else(title: str, row: str) -> None:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    names = [*ACTION[title.lower()]]
    assert re.findall(r"^\| `([\w-]+)`", found[1], re.MULTILINE) == names
    assert re.findall(rf"^\| `([\w-]+)` \| {row} \|$", found[1], re.MULTILINE) == names


def test_the_links_of_the_guide_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", TEXT)
    assert len(links) > 10
    for path, anchor in links:
        target = (GUIDE.parent / path).resolve() if path else GUIDE
        assert target.is_file(), path
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), (path, anchor)


def anchors(text: str) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
