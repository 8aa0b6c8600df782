"""GitLab's two reports, read as GitLab reads them: links to what repairs, variables for jobs.

What GitLab accepts: gitlabhq/gitlabhq, app/services/ci/parse_annotations_artifact_service.rb and
parse_dotenv_artifact_service.rb, app/validators/json_schemas/ci_job_annotation_data.json and
ci_job_external_link_data.json; the limits are those of its plans.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kit.command import Result, Run
from kit.reports import CODES, pages

FORMATS = ("annotations", "dotenv")
URL = "https://gitlab.example.com"
PROJECT = f"{URL}/group/app"
# What a job knows in which these reports are wanted.
LAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "group/app", "CI_PROJECT_URL": PROJECT}
MOST_BYTES, MOST_LINKS, MOST_BYTES_OF_VARIABLES = 80 * 1024, 1000, 5 * 1024
VARIABLES = {"GLCHECK_OK", "GLCHECK_CATEGORY", "GLCHECK_EXIT_CODE", "GLCHECK_DAYS_LEFT"}


class Link(NamedTuple):
    """A link of an annotations report."""

    label: str
    url: str


def links(text: str) -> list[Link]:
    """Read an annotations report, refuse what GitLab refuses and what no reader can follow."""
    assert len(text.encode()) <= MOST_BYTES
    sections = json.loads(text)
    assert [*sections] == ["glcheck"]
    assert len(sections["glcheck"]) <= MOST_LINKS
    assert {*map(tuple, sections["glcheck"])} <= {("external_link",)}
    found = [Link(**item["external_link"]) for item in sections["glcheck"]]
    for link in found:
        assert urlsplit(link.url).scheme in {"http", "https"}, link
        assert urlsplit(link.url).hostname, link
        assert re.fullmatch(r"[^\s\x00-\x20\x7f-\x9f]+", link.url), link  # a text, too
        assert link.label.strip(), link
        assert not {"Cc", "Zl", "Zp"} & set(map(unicodedata.category, link.label)), link
    return found


def variables(text: str) -> dict[str, str]:
    """Read a dotenv report: every line is a variable, none needs quotes, none is expanded again."""
    assert len(text.encode()) < MOST_BYTES_OF_VARIABLES
    assert text.endswith("\n")
    pairs = [re.fullmatch(r"([A-Z0-9_]{1,255})=([a-z0-9-]*)", line) for line in text.splitlines()]
    found = {pair[1]: pair[2] for pair in pairs if pair}
    assert len(found) == len(pairs), text
    assert set(found) == VARIABLES
    return found


def told(category: str, days: int | None, code: int | None = None) -> dict[str, str]:
    """What the variables are for this verdict."""
    return {
        "GLCHECK_OK": "true" if category == "ok" else "false",
        "GLCHECK_CATEGORY": category,
        "GLCHECK_EXIT_CODE": str(CODES[category] if code is None else code),
        "GLCHECK_DAYS_LEFT": "" if days is None else str(days),
    }


def deciding(token: Mapping[str, Any]) -> dict[str, Any] | None:
    """The problem of a token that decided: first error by exit code, else the first warning."""
    errors = [problem for problem in token["problems"] if problem["severity"] == "error"]
    errors.sort(key=lambda problem: CODES[problem["category"]])
    return next(iter([*errors, *token["problems"]]), None)


def compare(report: Mapping[str, Any], found: list[Link], verdict: Mapping[str, str]) -> None:
    """Hold GitLab's two reports against the JSON report of the same run."""
    wanted = [(token, problem) for token in report["tokens"] if (problem := deciding(token))]
    assert len(found) == len(wanted)
    for token, problem in wanted:
        names = (token["name"], problem["category"])
        own = [link.url for link in found if all(name in link.label for name in names)]
        assert {*own} & {*(pages(problem["fix"]) or [token["url"]])}, (names, own)
    decided = [token for token in report["tokens"] if token["category"] == report["category"]]
    days = [token["token"]["days_left"] if token["token"] else None for token in decided] or [None]
    assert verdict in [told(report["category"], left, report["exit_code"]) for left in days]


class Reported(NamedTuple):
    """What the reports of one run say."""

    result: Result
    links: list[Link]
    variables: dict[str, str]

    @property
    def urls(self) -> list[str]:
        """Where the links lead."""
        return [link.url for link in self.links]


def reported(run: Run, *args: str, by_variable: bool = False, **options: Any) -> Reported:
    """Run once for all reports, by flags or variables, and hold them against each other."""
    files = {kind: run.directory / f"{kind}.out" for kind in FORMATS}
    for path in files.values():
        path.unlink(missing_ok=True)
    wanted = [f"{kind}={path.name}" for kind, path in files.items()]
    if by_variable:
        asked = {"GLCHECK_FORMAT": "json", "GLCHECK_REPORT": "\n".join(wanted)}
        result = run(*args, env=asked, **options)
    else:
        flags = (word for report in wanted for word in ("--report", report))
        result = run.json(*args, *flags, **options)
    assert result.report["exit_code"] == result.code
    found = links(files["annotations"].read_text("utf-8"))
    verdict = variables(files["dotenv"].read_text("utf-8"))
    compare(result.report, found, verdict)
    return Reported(result, found, verdict)


PAGE = f"{URL}/-/user_settings/personal_access_tokens"
