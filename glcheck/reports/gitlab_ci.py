"""The report for GitLab CI: links to what repairs the tokens, and variables for later jobs."""

from __future__ import annotations

import json
import re

from glcheck.masking import ADDRESS
from glcheck.report import Report, TokenReport

# The file may have 80 KiB and a section 1,000 links (plan limit ci_job_annotations_size,
# ci_job_annotation_data.json).
_MOST_BYTES, _MOST_LINKS = 80_000, 1000
_LONGEST_ADDRESS = 2000  # what every browser and server takes


def links(report: Report) -> str:
    """GitLab's `annotations` report: a link for each token with a problem, to where it is repaired.

    Tokens that fail come first; what GitLab would not take is left out: other reports have it.
    """
    troubled = sorted(
        (token for token in report.tokens if token.problems), key=lambda token: token.ok
    )
    lines: list[str] = []
    room = _MOST_BYTES
    for token in troubled[:_MOST_LINKS]:
        line = json.dumps({"external_link": _link(token)})
        if len(line) < room:
            lines.append(f"\n  {line}")
            room -= len(line) + 4
    return f'{{"glcheck": [{",".join(lines)}\n]}}\n'


def _link(token: TokenReport) -> dict[str, str]:
    """The page that the fix of the first problem names; where it names none, GitLab itself."""
    problem = token.problems[0]  # the one that decided comes first
    url = next((page for page in re.findall(ADDRESS, problem.fix) if page != token.url), token.url)
    if len(url) > _LONGEST_ADDRESS:
        url = url.partition("?")[0]  # the page without what it would have filled in
    return {"label": f"{token.name}: {problem.category.label}", "url": url}


def variables(report: Report) -> str:
    """GitLab's `dotenv` report: the verdict as variables for later jobs, none of them a setting."""
    names = {name: f"GLCHECK_{name.replace('-', '_').upper()}" for name in report.verdict}
    return "".join(f"{names[name]}={value}\n" for name, value in report.verdict.items())
