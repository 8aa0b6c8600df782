"""A report in each of its formats, and where each is written."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from glcheck.report import Report
    from glcheck.reports.text import Style


# Module and function that write each; a module is loaded only where its format is asked for.
FORMATS = {
    "text": ("text", "text"),
    "json": ("json", "json_text"),
    "github": ("github_actions", "commands"),
    "junit": ("junit", "junit"),
    "markdown": ("markdown", "markdown"),
    "annotations": ("gitlab_ci", "links"),
    "dotenv": ("gitlab_ci", "variables"),
}
_STYLED = ("text", "github")  # can be coloured, quiet or verbose


def render(kind: str, report: Report, style: Style) -> str:
    """The report in that format, with a newline at its end."""
    module, function = FORMATS[kind]
    write: Callable[..., str] = getattr(import_module(f"glcheck.reports.{module}"), function)
    return write(report, style) if kind in _STYLED else write(report)
