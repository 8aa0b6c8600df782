"""What the categories mean, from `categories.md` beside this file; docs/categories.md is the same text."""

from __future__ import annotations

from pathlib import Path

from glcheck.problem import Category


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
