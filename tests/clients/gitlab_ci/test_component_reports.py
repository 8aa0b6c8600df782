"""The component run by gitlab-ci-local: the reports that GitLab takes from each job."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import pytest
from kit.component import Verdicts
from kit.gitlab_ci_local import REPORTS
from kit.gitlab_reports import compare, links, variables
from kit.reports import CODES

pytestmark = pytest.mark.slow
# Categories that a page repairs: a new token, the settings of variables, the members of a project.
REPAIRED = {
    "token-missing", "token-malformed", "token-invalid", "token-expired", "token-revoked",
    "expires-soon", "scope-missing", "scope-forbidden", "scope-unknown", "role-too-low",
    "lives-too-long",
}  # fmt: skip


def test_each_job_writes_all_reports_and_declares_them(verdicts: Verdicts) -> None:
    reports = (
        ("junit", "glcheck.xml"),
        ("annotations", "glcheck-links.json"),
        ("dotenv", "glcheck.env"),
    )
    declared = {"when": "always", "paths": ["glcheck.json"], "reports": dict(reports)}
    for job, _ in verdicts.jobs:
        assert verdicts.ran.expanded[job.name]["artifacts"] == declared
        assert [name for name in REPORTS if not (job.directory / name).is_file()] == [], job.name


def test_what_is_to_be_kept_is_kept_also_when_the_job_fails(verdicts: Verdicts) -> None:
    kept = {"glcheck.json": "glcheck.json", "glcheck.env": ".gitlab-ci-reports/dotenv/glcheck.env"}
    for job, _ in verdicts.jobs:
        for name, place in kept.items():
            assert (job.artifacts / place).read_text("utf-8") == job.text(name), job.name


def test_the_junit_report_is_what_gitlab_reads(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        root = ET.fromstring(job.text("glcheck.xml"))
        cases = [(suite, case) for suite in root for case in suite]
        assert [root.tag, *{suite.tag for suite in root}] == ["testsuites", "testsuite"], job.name
        assert {case.tag for _, case in cases} == {"testcase"}, job.name
        named = [
            (suite.get("name"), case.get("classname"), case.get("name")) for suite, case in cases
        ]
        assert len(named) == len(set(named)), job.name
        assert all(map(all, named)), job.name
        outcomes = []
        for _, case in cases:
            outcome = [child.tag for child in case if child.tag != "system-out"]
            assert len(outcome) <= 1, job.name
            assert all(c.tag == "skipped" or c.get("message") or c.text for c in case), job.name
            outcomes += outcome
        assert set(outcomes) <= {"failure", "error", "skipped"}, job.name
        kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        counts = {name: outcomes.count(tag) for name, tag in kinds.items()}
        assert {name: int(root.attrib[name]) for name in counts} == counts, job.name
        assert int(root.attrib["tests"]) == len(cases), job.name
        code = CODES[verdict.category]
        assert bool(counts["failures"] + counts["errors"]) == (code != 0), job.name
        assert counts["failures"] or not 10 <= code < 30, job.name


def test_the_links_and_the_variables_agree_with_the_json_report(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        found = links(job.text("glcheck-links.json"))
        compare(job.report, found, variables(job.text("glcheck.env")))


def test_the_link_of_a_failing_token_leads_to_the_page_that_repairs_it(verdicts: Verdicts) -> None:
    shown = {
        job.name: links(job.text("glcheck-links.json"))
        for job, verdict in verdicts.jobs
        if verdict.category in REPAIRED
    }
    assert len(shown) > 15
    # An address without a path is that of GitLab itself, where nothing is repaired.
    astray = {
        name for name, found in shown.items() if not any(urlsplit(url).path for _, url in found)
    }
    assert astray == {"fork"}  # no page repairs that


@pytest.mark.parametrize("name", ["good", "scopes"])
def test_a_later_job_gets_the_variables(verdicts: Verdicts, name: str) -> None:
    log = verdicts.ran[f"after_{name}"].log
    expected = variables(verdicts.ran[name].text("glcheck.env"))
    assert dict(re.findall(r"^(GLCHECK_\w+)=(.*)$", log, re.MULTILINE)) == expected
    assert expected["GLCHECK_DAYS_LEFT"] in {"99", "98"}  # the latter if midnight came in between


def test_a_check_in_a_later_job_minds_none_of_them(verdicts: Verdicts) -> None:
    assert verdicts.ran["after_good"].code == 0
