"""The component run by gitlab-ci-local: each job's verdict, and what GitLab was asked for it."""

from __future__ import annotations

import pytest
from kit.component import INPUTS, MIRROR, RELEASE, TRAPS, Verdicts
from kit.gitlab_ci_local import REPORTS
from kit.policies import SELF
from kit.reports import CODES, VALIDATOR

pytestmark = pytest.mark.slow


def test_each_job_ends_with_the_exit_code_of_its_verdict(verdicts: Verdicts) -> None:
    found = {job.name: (job.state, job.code) for job, _ in verdicts.jobs}
    codes = {name: CODES[verdict.category] for name, verdict in verdicts.expected.items()}
    expected = {name: ("FAIL" if code else "PASS", code) for name, code in codes.items()}
    # One of two that are allowed to fail with 20 fails with 21.
    assert found == expected | {"lenient": ("WARN", 20), "strict": ("FAIL", 21)}
    assert verdicts.code == 1


def test_the_json_report_of_each_job_is_valid_and_has_its_verdict(verdicts: Verdicts) -> None:
    for job, (category, warns, _) in verdicts.jobs:
        report = job.report
        VALIDATOR.validate(report)
        verdict = (report["category"], report["exit_code"])
        assert verdict == (category, CODES[category]), job.name
        found = {p["category"] for p in job.problems if p["severity"] == "warning"}
        assert found == {*warns}, job.name


def test_the_log_of_each_job_has_every_problem_with_its_fix(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        for problem in job.problems:
            head = f"{problem['severity']}[{problem['category']}]"
            for part in (head, problem["message"], problem["fix"], problem["docs"]):
                assert part in job.log, (job.name, part)


# What is asked with each token's value, which stands in the variable that is meant

ASKED = {
    "plain": [SELF],
    "variable": [SELF],
    "project": [SELF, "/api/v4/projects/group%2Fapp"],
    "running": [SELF, "/api/v4/projects/group%2Fapp"],
    "group": [SELF, "/api/v4/groups/group%2Fsub"],
    "job": ["/api/v4/job"],
    "prefixed": [f"/gitlab{SELF}"],
    "trusted": [SELF],
    "distrusted": [],
    "scopes": [SELF],
    # The client knows no `retry: exit_codes`: what GitLab acts on is shown, not that it does.
    "broken": [f"/broken{SELF}"],
}


@pytest.mark.parametrize("case", ASKED)
def test_nothing_is_asked_but_what_the_inputs_want_and_that_once(
    verdicts: Verdicts, case: str
) -> None:
    assert [path.partition("?")[0] for path in verdicts.asked(case)] == ASKED[case]


def test_the_address_is_the_jobs_own_api_with_its_path(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        if verdict.category == "ok":
            assert job.call
            for token in job.report["tokens"]:
                assert f"{token['url']}/api/v4" == job.call.environ["CI_API_V4_URL"], job.name


def test_a_job_token_is_checked_as_a_job_token(verdicts: Verdicts) -> None:
    (token,) = verdicts["job"].report["tokens"]
    assert token["token"]["kind"] == "job"
    (problem,) = verdicts["job_scopes"].problems
    assert "job token" in problem["message"]


@pytest.mark.parametrize("case", ["config", "found"])
def test_a_policy_decides_over_all_its_tokens(verdicts: Verdicts, case: str) -> None:
    found = {token["name"]: token["category"] for token in verdicts[case].report["tokens"]}
    assert found == {"release": "ok", "mirror": "scope-missing", "absent": "ok"}


# What is told of a token that is not there: each its own cause, and not that of another.
CAUSES = {
    "unprotected": "not protected",
    "own_request": "merge request pipeline",
    "protected": "environment scope",
    "fork": "from a fork",
}


@pytest.mark.parametrize("name", CAUSES)
def test_a_missing_token_is_told_with_the_variable_the_cause_and_the_page_to_set_it_on(
    verdicts: Verdicts, name: str
) -> None:
    job = verdicts[name]
    assert job.code == 10
    assert f"TOKEN_{name.upper()}" in job.log
    assert [cause for cause in CAUSES.values() if cause in job.log] == [CAUSES[name]]
    assert job.call
    page = f"{job.call.environ['CI_PROJECT_URL']}/-/settings/ci_cd"
    assert (page in job.log) == (name != "fork")  # no page repairs that


# The job


def test_stage_name_and_image_are_those_that_are_given(verdicts: Verdicts) -> None:
    jobs = verdicts.expanded
    assert verdicts.expected.keys() <= jobs.keys()
    assert (jobs["plain"]["stage"], jobs["other_stage"]["stage"]) == (".pre", "test")
    assert jobs["plain"]["image"]["name"] == INPUTS["image"]["default"]
    assert jobs["other_image"]["image"]["name"] == "registry.example.com/tools/glcheck:1"


def test_a_requirement_does_not_matter_where_glcheck_is_there(verdicts: Verdicts) -> None:
    given = {"plain": INPUTS["requirement"]["default"], "requirement": "glcheck==0.0.1"}
    for name, requirement in given.items():
        variables = verdicts.expanded[name]["variables"]
        assert variables["GLCHECK_REQUIREMENT"] == requirement
    assert [record.argv for record in verdicts.records if record.program == "installer"] == []


def test_glcheck_is_called_once_in_each_job_and_knows_no_value_from_its_command_line(
    verdicts: Verdicts,
) -> None:
    calls = [(call.environ["CI_JOB_NAME"], call.argv) for call in verdicts.calls]
    assert sorted(name for name, _ in calls) == sorted([*verdicts.expected, "after_good"])
    assert len({argv for name, argv in calls if name != "after_good"}) == 1


def test_a_global_before_script_does_not_reach_the_job(verdicts: Verdicts) -> None:
    assert (verdicts["ordinary"].code, verdicts["plain"].code) == (9, 0)


def test_nothing_is_imported_from_the_checkout(verdicts: Verdicts) -> None:
    assert [path for path in verdicts.files if path.name == "IMPORTED"] == []
    assert (verdicts["plain"].directory / "pip.py").exists()


def test_nothing_but_the_reports_is_left_behind(verdicts: Verdicts) -> None:
    brought = {".gitlab-ci.yml", "templates/check.yml", "conf/policy.yml", "conf/bad.yml", *TRAPS}
    for job, _ in verdicts.jobs:
        files = [path for path in job.directory.rglob("*") if path.is_file()]
        there = {path.relative_to(job.directory).as_posix() for path in files}
        there = {name for name in there if not name.startswith(".git/")}
        more = {".glcheck.yml"} if job.name == "found" else set()
        assert there == brought | more | {*REPORTS}, job.name
    assert [*verdicts.temporary.iterdir()] == []


def test_no_token_is_in_a_log_a_report_or_anything_else_that_a_job_left(verdicts: Verdicts) -> None:
    secrets = {verdict.secret for verdict in verdicts.expected.values()} | {RELEASE, MIRROR}
    secrets -= {"", "$MISSING_TOKEN"}
    assert len(secrets) > 40
    held = {value.strip() for call in verdicts.calls for value in call.environ.values()}
    assert secrets <= held  # they were there to be told
    texts = {str(path): path.read_bytes().decode(errors="replace") for path in verdicts.files}
    texts["printed"] = verdicts.printed
    texts["argv"] = "\n".join(word for record in verdicts.records for word in record.argv)
    assert len(texts) > 5 * len(verdicts.expected)
    for name, text in texts.items():
        assert [secret[:8] for secret in secrets if secret[-16:] in text] == [], name
