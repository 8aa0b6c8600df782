"""A report in each of its formats, and where each is written."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from glcheck.report import Report
    from glcheck.reports.text import Style


class Format(NamedTuple):
    """Where the function is that writes a format; each is loaded only where it is asked for."""

    module: str
    function: str
    styled: bool = False  # whether it can be coloured, quiet or verbose


FORMATS = {
    "text": Format("text", "text", styled=True),
    "json": Format("json", "json_text"),
    "github": Format("github_actions", "commands", styled=True),
    "junit": Format("junit", "junit"),
    "markdown": Format("markdown", "markdown"),
    "annotations": Format("gitlab_ci", "links"),
    "dotenv": Format("gitlab_ci", "variables"),
}


def render(kind: str, report: Report, style: Style) -> str:
    """The report in that format, with a newline at its end."""
    module, function, styled = FORMATS[kind]
    write: Callable[..., str] = getattr(import_module(f"glcheck.reports.{module}"), function)
    return write(report, style) if styled else write(report)
