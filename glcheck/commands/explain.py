"""`glcheck explain`: what the categories mean, from `categories.md` beside this file."""

from __future__ import annotations

from pathlib import Path

from glcheck.commands.command_line import usage
from glcheck.problem import Category
from glcheck.settings.table import did_you_mean


def execute(label: str | None) -> int:
    """Print the page of that category, or the list of all. Raises Failure if there is none."""
    if label is None:
        print(listing(), end="")
        return 0
    category = next((category for category in Category if category.label == label), None)
    if category is None:
        meant = did_you_mean(label, [category.label for category in Category])
        fix = "`glcheck explain` lists them all."
        raise usage(f"There is no such category{meant or '.'}", fix)
    print(page(category), end="")
    return 0


def page(category: Category) -> str:
    """All there is to say about one category."""
    return f"{category.label}\n\n{_sections()[category.label]}\n"


def listing() -> str:
    """All categories with their exit codes and what they mean, a line each."""
    sections = _sections()
    lines = []
    for category in Category:
        meaning = " ".join(sections[category.label].partition("\n\n")[0].split())
        lines.append(f"{category.exit_code:>3}  {category.label:<19} {meaning}")
    return "\n".join([*lines, "", "`glcheck explain CATEGORY` tells more about one."]) + "\n"


def _sections() -> dict[str, str]:
    text = Path(__file__).with_name("categories.md").read_text(encoding="utf-8")
    sections = (section.partition("\n") for section in text.split("\n## ")[1:])
    return {label: body.strip() for label, _, body in sections}
