"""What the action says of tokens and inputs of all sorts: outputs, log, annotations and summary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kit.act import once
from kit.act_cases import FOREIGN, JOBS, UNKNOWN, Verdicts, read_job, run_jobs
from kit.act_jobs import ENDING, NARROW, verdict
from kit.policies import GOOD
from kit.reports import CODES, OUTPUTS, VALIDATOR

pytestmark = pytest.mark.slow
ABOUT = ("days-left", "expires-at", "scopes", "missing-scopes")
Problem = dict[str, Any]


@pytest.fixture(scope="session")
def jobs(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, wheels: Path, installer_caches: Path
) -> Mapping[str, Verdicts]:
    """Run both jobs, once for all workers."""

    def make(directory: Path) -> None:
        run_jobs(directory, programs, wheels, installer_caches)

    place = once(tmp_path_factory, "jobs", make)
    return {name: read_job(place / name) for name in JOBS}


@pytest.fixture
def tokens(jobs: Mapping[str, Verdicts]) -> Verdicts:
    """Give the job in which all sorts of tokens are checked."""
    return jobs["tokens"]


@pytest.fixture
def inputs(jobs: Mapping[str, Verdicts]) -> Verdicts:
    """Give the job in which every input is used."""
    return jobs["inputs"]


@pytest.fixture(params=JOBS)
def every(jobs: Mapping[str, Verdicts], request: pytest.FixtureRequest) -> Verdicts:
    """Give each of these jobs."""
    return jobs[request.param]


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
    both = [one for severity in ("error", "warning") for one in problems(report, severity)]
    return [(f"{one['severity']}[{one['category']}]", one) for group in both for one in group]


def test_each_use_ends_as_the_contract_says_and_its_outputs_tell(every: Verdicts) -> None:
    expected = {case.id: verdict(case.category) for case in every.cases}
    assert {case.id: used.verdict for case, used in every.uses} == expected


def test_all_outputs_are_set_also_when_the_step_fails(every: Verdicts) -> None:
    for case, used in every.uses:
        assert set(used.outputs) == OUTPUTS, case.id
        for name, value in used.outputs.items():
            assert value == value.strip(), (case.id, name)
            assert len(value.splitlines()) <= 1, (case.id, name)


def test_the_output_report_is_the_path_of_a_valid_report_of_this_very_use(every: Verdicts) -> None:
    for case, used in every.uses:
        VALIDATOR.validate(used.report)
        said = (used.report["category"], used.report["exit_code"])
        assert said == (case.category, CODES[case.category]), case
    # What a step left can be uploaded after another one.
    assert len({used.outputs["report"] for _, used in every.uses}) == len(every.cases)


def test_outputs_agree_with_the_report(every: Verdicts) -> None:
    unknown: Problem = {"days_left": None, "expires_at": None, "scopes": []}
    for case, used in every.uses:
        decided = [one for one in used.report["tokens"] if one["category"] == case.category][:1]
        held = (decided[0]["token"] if decided else None) or unknown
        found = [problem for token in decided for problem in token["problems"]]
        lacking = [one["details"] for one in found if one["category"] == "scope-missing"]
        missing = [scope for details in lacking for scope in details["missing"]]
        days = "" if held["days_left"] is None else str(held["days_left"])
        expected = [days, held["expires_at"] or "", " ".join(held["scopes"]), " ".join(missing)]
        assert [used.outputs[name] for name in ABOUT] == expected, case.id


# The policy's outputs are those of the token that decided; blanks separate what a list holds.
@pytest.mark.parametrize("case", ["policy", "scopes", "lines"])
def test_outputs_describe_the_token_that_decided(inputs: Verdicts, case: str) -> None:
    outputs = inputs.job[case].outputs
    assert (outputs["scopes"], outputs["missing-scopes"]) == ("read_api read_user", "api sudo")
    assert outputs["expires-at"] == "2999-12-31"


@pytest.mark.parametrize("case", ["absent", "foreign", "unknown", "refused"])
def test_what_is_not_known_is_empty(tokens: Verdicts, case: str) -> None:
    assert [tokens.job[case].outputs[name] for name in ABOUT] == [""] * 4


def test_the_end_of_a_token_without_one_is_empty(tokens: Verdicts) -> None:
    assert [tokens.job["forever"].outputs[name] for name in ABOUT] == ["", "", "api", ""]


def test_one_annotation_says_everything_under_the_category(every: Verdicts) -> None:
    for case, used in every.uses:
        if not case.annotates:
            continue
        found = used.commands
        titles = {(command.name, command.properties["title"]) for command in found}
        expected = {("warning", title) for title in case.warns}
        expected |= {("error", case.category)} if case.category != "ok" else set()
        assert titles == expected, (case.id, used.log)
        assert [command.name for command in found].count("error") == (case.category != "ok")
        for severity in ("error", "warning"):
            said = [squeezed(command.data) for command in found if command.name == severity]
            for group, text in zip(problems(used.report, severity), said, strict=True):
                parts = [one[part] for one in group for part in ("message", "fix", "docs")]
                assert [part for part in parts if squeezed(part) not in text] == [], case.id


def test_several_problems_of_a_token_are_one_annotation(inputs: Verdicts) -> None:
    used = inputs.job["several"]
    assert used.error.properties["title"] == "expires-soon"
    ((*found,),) = problems(used.report, "error")
    expected = {"expires-soon", "scope-missing", "not-found"}
    assert {problem["category"] for problem in found} == expected


def test_the_text_report_is_in_the_log(every: Verdicts) -> None:
    for case, used in every.uses:
        if not case.logs:
            continue
        lines = used.log.splitlines()
        for label, problem in labelled(used.report):
            (at,) = (n for n, line in enumerate(lines) if line.startswith(label))
            assert problem["message"] in lines[at]
            fix, docs = f"  fix: {problem['fix']}", f"  docs: {problem['docs']}"
            assert lines[at + 1 : at + 3] == [fix, docs]
        days = used.outputs["days-left"]
        if case.category == "ok" and not case.warns and days:
            assert f"{days} days" in used.log


def test_the_markdown_report_is_in_the_summary(every: Verdicts) -> None:
    for case, used in every.uses:
        assert case.category in used.summary, case.id
        for label, _ in labelled(used.report):
            assert label in used.summary, case.id
        assert ("fix:" in used.summary) == (case.category != "ok" or bool(case.warns)), case.id


def test_the_summary_of_a_success_tells_the_days_left_in_one_line(tokens: Verdicts) -> None:
    used = tokens.job["good"]
    told = rf"^.*\b{used.outputs['days-left']} days\b"
    assert len(re.findall(told, used.summary, re.MULTILINE)) == 1


def test_a_later_step_can_branch_on_the_category(inputs: Verdicts) -> None:
    assert inputs.job["scopes"].conclusion == "success"  # continue-on-error
    assert (inputs.job.out / "branched").exists()
    assert not (inputs.job.out / "astray").exists()


def test_another_format_is_what_the_log_has(inputs: Verdicts) -> None:
    lines = inputs.job["as_json"].log.splitlines(keepends=True)
    document = "".join(line for line in lines if not line.startswith("::"))
    VALIDATOR.validate(json.loads(document))


def test_more_reports_are_written_beside_our_own(inputs: Verdicts) -> None:
    out = inputs.job.out
    assert "<testsuite" in (out / "a b.xml").read_text(encoding="utf-8")
    assert "scope-missing" in (out / "more.md").read_text(encoding="utf-8")
    assert (out / "text.txt").read_text(encoding="utf-8").startswith("error[scope-missing]")


def test_no_token_is_in_the_log(every: Verdicts) -> None:
    log = every.job.log + every.job.log.replace("\n", "")
    for secret in (GOOD, NARROW, ENDING, UNKNOWN, FOREIGN.removeprefix("ghp_")):
        assert secret not in log
