"""What stands in the repository beside the code agrees with it."""

from __future__ import annotations

import re
from pathlib import Path

import generate_docs
import pytest
from conftest import Run

from glcheck.categories import Category
from glcheck.settings import SETTINGS

README = (generate_docs.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("path", "content"), generate_docs.files().items(), ids=lambda value: Path(value).name[:40])
def test_what_is_made_from_the_code_is_up_to_date(path: Path, content: str) -> None:
    assert path.read_text(encoding="utf-8") == content, "run `make docs`"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_readme_has_every_setting(name: str) -> None:
    assert re.search(rf"^\| `{name}`", README, re.MULTILINE)


@pytest.mark.parametrize("category", Category, ids=lambda category: category.label)
def test_the_readme_has_every_category_with_its_exit_code(category: Category) -> None:
    assert re.search(rf"^\| {category.exit_code} \| .*`{category.label}`", README, re.MULTILINE)


def test_the_readme_shows_the_help_as_it_is(run_alone: Run) -> None:
    assert run_alone("--help", env={"COLUMNS": "100"}).out.strip() in README
