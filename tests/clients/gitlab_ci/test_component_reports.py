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
    junit, report, links_file, dotenv = REPORTS
    reports = {"junit": junit, "annotations": links_file, "dotenv": dotenv}
    for job, _ in verdicts.jobs:
        declared = verdicts.expanded[job.name]["artifacts"]
        assert declared == {"when": "always", "paths": [report], "reports": reports}
        assert [name for name in REPORTS if not (job.directory / name).is_file()] == [], job.name


def test_what_is_to_be_kept_is_kept_also_when_the_job_fails(verdicts: Verdicts) -> None:
    kept = {"glcheck.json": "glcheck.json", "glcheck.env": ".gitlab-ci-reports/dotenv/glcheck.env"}
    for job, _ in verdicts.jobs:
        for name, place in kept.items():
            assert (job.artifacts / place).read_text("utf-8") == job.text(name), job.name


def test_the_junit_report_is_what_gitlab_reads(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        root = ET.fromstring(job.text("glcheck.xml"))
        assert [root.tag, *{suite.tag for suite in root}] == ["testsuites", "testsuite"], job.name
        cases = [(suite.get("name"), case) for suite in root for case in suite]
        named = [(suite, case.get("classname"), case.get("name")) for suite, case in cases]
        assert len(named) == len(set(named)) == int(root.attrib["tests"]), job.name
        assert all(map(all, named)), job.name
        marks = [[c.tag for c in case if c.tag != "system-out"] for _, case in cases]
        assert {case.tag for _, case in cases} == {"testcase"}, job.name
        assert {tuple(mark) for mark in marks} <= {(), ("failure",), ("error",), ("skipped",)}
        assert all(
            c.tag == "skipped" or c.get("message") or c.text for _, case in cases for c in case
        )
        failures, errors = marks.count(["failure"]), marks.count(["error"])
        counted = [int(root.attrib[name]) for name in ("failures", "errors", "skipped")]
        assert counted == [failures, errors, marks.count(["skipped"])], job.name
        code = CODES[verdict.category]
        assert bool(failures + errors) == bool(code), job.name
        assert failures or not 10 <= code < 30, job.name


def test_links_and_variables_agree_with_the_json_report(verdicts: Verdicts) -> None:
    astray, shown = set(), 0
    for job, verdict in verdicts.jobs:
        found = links(job.text("glcheck-links.json"))
        compare(job.report, found, variables(job.text("glcheck.env")))
        # An address without a path is that of GitLab itself, where nothing is repaired.
        if verdict.category in REPAIRED:
            shown += 1
            astray |= set() if any(urlsplit(url).path for _, url in found) else {job.name}
    assert shown > 15
    assert astray == {"fork"}  # no page repairs that


@pytest.mark.parametrize("name", ["good", "scopes"])
def test_a_later_job_gets_the_variables(verdicts: Verdicts, name: str) -> None:
    log = verdicts[f"after_{name}"].log
    expected = variables(verdicts[name].text("glcheck.env"))
    assert dict(re.findall(r"^(GLCHECK_\w+)=(.*)$", log, re.MULTILINE)) == expected
    assert expected["GLCHECK_DAYS_LEFT"] in {"99", "98"}  # the latter if midnight came in between


def test_a_check_in_a_later_job_minds_none_of_them(verdicts: Verdicts) -> None:
    assert verdicts["after_good"].code == 0
