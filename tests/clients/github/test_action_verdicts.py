"""What the action says of tokens and inputs of all sorts: outputs, log, annotations and summary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kit.act import once
from kit.act_cases import ANNOTATED, CASES, FOREIGN, LOGGED, UNKNOWN, Case, run_cases
from kit.act_jobs import ENDING, NARROW, Job, Used
from kit.policies import GOOD
from kit.reports import CODES, OUTPUTS, VALIDATOR

pytestmark = pytest.mark.slow
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
ABOUT = ("days-left", "expires-at", "scopes", "missing-scopes")
SEVERITIES = ("error", "warning")
Problem = dict[str, Any]


@pytest.fixture(scope="session")
def job(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, wheels: Path, installer_caches: Path
) -> Job:
    """Give the job with all cases, which runs once for all workers."""

    def make(directory: Path) -> None:
        run_cases(directory, programs, wheels, installer_caches)

    return Job(once(tmp_path_factory, "cases", make))


@pytest.fixture
def used(job: Job, case: Case) -> Used:
    """Give what became of a case."""
    return job[case.id]


def squeezed(text: str) -> str:
    """Return a text without blanks: escaping may insert some to defuse what would be a command."""
    return "".join(text.split())


def problems(report: Mapping[str, Any], severity: str) -> list[list[Problem]]:
    """Return the problems of a severity, those of each token together."""
    groups = [report["problems"], *(token["problems"] for token in report["tokens"])]
    found = ([one for one in group if one["severity"] == severity] for group in groups)
    return [group for group in found if group]


def labelled(report: Mapping[str, Any]) -> list[tuple[str, Problem]]:
    """Return each problem with how it is called where people read it."""
    groups = [group for severity in SEVERITIES for group in problems(report, severity)]
    return [(f"{one['severity']}[{one['category']}]", one) for group in groups for one in group]


@each
def test_each_use_ends_as_the_contract_says_and_its_outputs_tell(case: Case, used: Used) -> None:
    used.ends(case.category)
    assert set(used.outputs) == OUTPUTS
    for text in used.outputs.values():
        assert [text.strip()] == (text.splitlines() or [""])


@each
def test_the_output_report_is_the_path_of_a_valid_report_of_this_very_use(
    job: Job, case: Case, used: Used
) -> None:
    VALIDATOR.validate(used.report)
    said = (used.report["category"], used.report["exit_code"])
    assert said == (case.category, CODES[case.category])
    # What a step left can be uploaded after another one.
    assert [job[one.id].outputs["report"] for one in CASES].count(used.outputs["report"]) == 1


@each
def test_outputs_agree_with_the_report(case: Case, used: Used) -> None:
    decided = [one for one in used.report["tokens"] if one["category"] == case.category][:1]
    unknown: Problem = {"days_left": None, "expires_at": None, "scopes": []}
    held = (decided[0]["token"] if decided else None) or unknown
    found = [problem for token in decided for problem in token["problems"]]
    lacking = [one["details"] for one in found if one["category"] == "scope-missing"]
    missing = [scope for details in lacking for scope in details["missing"]]
    days = "" if held["days_left"] is None else str(held["days_left"])
    expected = [days, held["expires_at"] or "", " ".join(held["scopes"]), " ".join(missing)]
    assert [used.outputs[name] for name in ABOUT] == expected


LACKING = ["2999-12-31", "read_api read_user", "api sudo"]


# The outputs of a policy are those of the token that decided.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, LACKING) for name in ("policy", "scopes", "lines")),
        *((name, ["", "", ""]) for name in ("absent", "foreign", "unknown", "refused")),
        ("forever", ["", "api", ""]),
    ],
)
def test_outputs_tell_what_is_known(job: Job, name: str, expected: list[str]) -> None:
    outputs = job[name].outputs
    assert [outputs[name] for name in ABOUT[1:]] == expected
    assert bool(outputs["days-left"]) == bool(expected[0])


@pytest.mark.parametrize("case", ANNOTATED, ids=lambda case: case.id)
def test_one_annotation_says_everything_under_the_category(case: Case, used: Used) -> None:
    found = used.commands
    titles = [(command.name, command.properties["title"]) for command in found]
    expected = {("warning", title) for title in case.warns}
    errors = [("error", case.category)] if case.category != "ok" else []
    assert {*titles} == expected.union(errors), used.log
    assert [title for title in titles if title[0] == "error"] == errors
    for severity in SEVERITIES:
        said = [squeezed(command.data) for command in found if command.name == severity]
        for group, text in zip(problems(used.report, severity), said, strict=True):
            parts = [one[part] for one in group for part in ("message", "fix", "docs")]
            assert [part for part in parts if squeezed(part) not in text] == []


def test_several_problems_of_a_token_are_one_annotation(job: Job) -> None:
    ((*found,),) = problems(job["several"].report, "error")
    expected = {"expires-soon", "scope-missing", "not-found"}
    assert {problem["category"] for problem in found} == expected


@pytest.mark.parametrize("case", LOGGED, ids=lambda case: case.id)
def test_the_text_report_is_in_the_log(case: Case, used: Used) -> None:
    lines = used.log.splitlines()
    for label, problem in labelled(used.report):
        (at,) = (n for n, line in enumerate(lines) if line.startswith(label))
        assert problem["message"] in lines[at]
        fix, docs = f"  fix: {problem['fix']}", f"  docs: {problem['docs']}"
        assert lines[at + 1 : at + 3] == [fix, docs]
    days = used.outputs["days-left"]
    if case.category == "ok" and not case.warns and days:
        assert f"{days} days" in used.log


@each
def test_the_markdown_report_is_in_the_summary(case: Case, used: Used) -> None:
    labels = [label for label, _ in labelled(used.report)]
    assert [one for one in (case.category, *labels) if one not in used.summary] == []
    assert ("fix:" in used.summary) == (case.category != "ok" or bool(case.warns))


def test_the_summary_of_a_success_tells_the_days_left_in_one_line(job: Job) -> None:
    used = job["good"]
    told = rf"^.*\b{used.outputs['days-left']} days\b"
    assert len(re.findall(told, used.summary, re.MULTILINE)) == 1


def test_a_later_step_can_branch_on_the_category(job: Job) -> None:
    assert (job.out / "branched").exists()
    assert not (job.out / "astray").exists()


def test_another_format_is_what_the_log_has(job: Job) -> None:
    lines = job["as_json"].log.splitlines(keepends=True)
    document = "".join(line for line in lines if not line.startswith("::"))
    VALIDATOR.validate(json.loads(document))


@pytest.mark.parametrize(
    ("name", "start"),
    [("a b.xml", "<?xml"), ("more.md", "#"), ("text.txt", "error[scope-missing]")],
)
def test_more_reports_are_written_beside_our_own(job: Job, name: str, start: str) -> None:
    text = (job.out / name).read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "scope-missing" in text


def test_no_token_is_in_the_log(job: Job) -> None:
    log = job.log + job.log.replace("\n", "")
    for secret in (GOOD, NARROW, ENDING, UNKNOWN, FOREIGN.removeprefix("ghp_")):
        assert secret not in log
