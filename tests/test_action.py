"""The GitHub Action, run for real by act: verdicts, outputs, what it installs, and what it lets nobody do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from email.parser import Parser
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kit import actions_core
from kit.act import (  # fmt: skip
    ACTION,
    DEAD,
    LOCK,
    ROOT,
    UV,
    Index,
    Job,
    Runner,
    Spy,
    Use,
    download,
    interpreter,
    once,
    quoted,
    sh,
    tools,
    use,
)
from kit.command import Run
from kit.gitlab_server import (
    Answer,
    Certificates,
    GitLab,
    Group,
    Project,
    Token,
    certificates,
    in_days,
)
from kit.lock import locked
from kit.policies import SELF, describe
from kit.reports import CODES, HOSTILE, OUTPUTS, VALIDATOR, commands, hostile_answers
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow
INPUTS = {
    "token", "token-file", "url", "scopes", "forbid-scopes", "min-validity", "warn-validity", "max-validity",
    "project", "group", "role", "kind", "allow", "config", "format", "output", "report", "timeout", "max-wait",
    "ca-file", "allow-http", "python",
}  # fmt: skip
FAILED = "failure"
UNUSABLE = ("failure", "false", "usage-error", "2")
GOOD = "glpat-Kq3Zt7Wm1Xv9Rb5Yp8Nd"
NARROW = "glpat-Vh2Jc6Ls4Fg8Tz1Mw0Qe"
ENDING = "glpat-Bn5Xy9Du3Ka7Ep2Ro6Hi"


# What the tests share


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the programs that a runner has, less Python and uv."""
    return once(tmp_path_factory, "programs", tools)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheels of the lock file."""
    return once(tmp_path_factory, "wheels", download)


@pytest.fixture(scope="session")
def installer_caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give caches of uv and pip to tests that are not about installing."""
    return once(tmp_path_factory, "installer-caches", lambda _: None)


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    """Give a package index with the wheels of the lock file."""
    with Index(wheels) as made:
        yield made


@pytest.fixture
def runner(tmp_path: Path, programs: Path, index: Index, installer_caches: Path) -> Runner:
    """Give a runner with Python and uv."""
    made = Runner(tmp_path, programs, index.url, installer_caches)
    made.add_python()
    made.add_uv()
    return made


@pytest.fixture
def bare(tmp_path: Path, programs: Path, index: Index) -> Runner:
    """Give a runner with neither Python nor uv, and with empty caches."""
    return Runner(tmp_path, programs, index.url, tmp_path / "installer-caches")


@pytest.fixture
def known(gitlab: GitLab) -> GitLab:
    """Give a GitLab that knows a good token, a narrow one and one that ends soon."""
    return populated(gitlab)


def populated(gitlab: GitLab) -> GitLab:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(NARROW, scopes=("read_api", "read_user"), expires_at=in_days(40)))
    gitlab.add(Token(ENDING, expires_at=in_days(3), created_at=in_days(-300)))
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.add_group(Group("group/sub", members={7: 30}))
    return gitlab


def squeezed(text: str) -> str:
    """Return a text without blanks: escaping may insert some to defuse what would be a command."""
    return "".join(text.split())


# Each verdict, each input


class Case(NamedTuple):
    """A use of the action, and the verdict that the contract gives on it."""

    id: str
    category: str
    inputs: Mapping[str, str]
    warns: tuple[str, ...] = ()
    env: Mapping[str, str] = {}


class Verdicts(NamedTuple):
    """A job that uses the action many times."""

    job: Job
    cases: tuple[Case, ...]


POLICY = {
    "version": 1,
    "tokens": [
        {"name": "release", "token-env": "RELEASE_TOKEN", "scopes": ["read_api"]},
        {"name": "mirror", "token-env": "MIRROR_TOKEN", "scopes": ["api", "sudo"]},
        {"name": "absent", "token-env": "ABSENT_TOKEN", "allow": ["token-missing"]},
    ],
}


def token_cases(gitlab: GitLab) -> tuple[Case, ...]:
    """Return cases in which GitLab's word on the token decides, or nobody's."""

    def served(name: str, answer: Answer) -> dict[str, str]:
        gitlab.always(answer, f"/{name}/")
        return {"token": GOOD, "url": f"{gitlab.url}/{name}", "scopes": "api"}

    def held(name: str, **about: Any) -> dict[str, str]:
        value = gitlab.add(Token(f"glpat-{name.ljust(20, 'x')}", **about))
        return {"token": value, "url": gitlab.url, "scopes": "api"}

    url = gitlab.url
    return (
        Case("good", "ok", {"token": GOOD, "url": url, "scopes": "api", "min-validity": "14d"}),
        Case("forever", "ok", held("forever", expires_at=None)),
        Case("ending", "ok", {"token": ENDING, "url": url}, ("expires-soon",)),
        Case("newline", "ok", {"token": f"{GOOD}\n", "url": url}, ("token-malformed",)),
        Case("absent", "token-missing", {"url": url}),
        Case(
            "foreign",
            "token-malformed",
            {"token": "ghp_0123456789abcdefABCDEF0123456789abcd", "url": url},
        ),
        Case("unknown", "token-invalid", {"token": "glpat-unknownunknownunkn", "url": url}),
        Case("expired", "token-expired", held("expired", expires_at=in_days(-1))),
        Case("revoked", "token-revoked", held("revoked", revoked=True)),
        Case("blocked", "account-restricted", held("blocked", state="blocked")),
        Case("granular", "scope-unknown", held("granular", kind="fine-grained")),
        Case(
            "refused",
            "network-error",
            {"token": GOOD, "url": "http://127.0.0.1:1", "max-wait": "1s"},
        ),
        Case(
            "busy",
            "rate-limited",
            served("busy", Answer(429, "Retry later\n", (("Retry-After", "3600"),))),
        ),
        Case(
            "broken",
            "server-error",
            served("broken", Answer(500, {"message": "500 Internal Server Error"})),
        ),
        Case(
            "portal",
            "unexpected-answer",
            served("portal", Answer(200, "<!DOCTYPE html><title>Sign in</title>")),
        ),
    )


def input_cases(gitlab: GitLab, old: GitLab, secure: GitLab, ca_file: Path) -> tuple[Case, ...]:
    """Return cases each of which shows that an input arrives."""
    good = {"token": GOOD, "url": gitlab.url}
    anywhere = (
        f"http://0.0.0.0:{gitlab.url.rpartition(':')[2]}"  # not loopback, and reached all the same
    )
    app = {**good, "project": "group/app"}
    return (
        Case("nothing", "ok", dict.fromkeys(INPUTS, "") | good),
        Case("scopes", "scope-missing", {**good, "token": NARROW, "scopes": "api, sudo"}),
        Case("lines", "scope-missing", {**good, "token": NARROW, "scopes": "api\nsudo\n"}),
        Case("forbid", "scope-forbidden", {**good, "forbid-scopes": "api"}),
        Case("min", "expires-soon", {**good, "min-validity": "200d"}),
        Case("warn", "ok", {**good, "warn-validity": "200d"}, ("expires-soon",)),
        Case("max", "lives-too-long", {**good, "max-validity": "7d"}),
        Case("project", "not-found", {**good, "project": "group/nowhere"}),
        Case("group", "not-found", {**good, "group": "nowhere"}),
        Case("role", "role-too-low", {**app, "role": "owner"}),
        Case("member", "ok", {**app, "role": "developer"}),
        Case("kind", "wrong-token-kind", {**good, "kind": "project"}),
        Case("allow", "ok", {**good, "scopes": "sudo", "allow": "scope-missing"}, ("scope-missing",)),
        Case("several", "expires-soon", {**good, "min-validity": "200d", "scopes": "sudo", "project": "a/b"}),
        Case("timeout", "usage-error", {**good, "timeout": "soon"}),
        Case("wait", "usage-error", {**good, "max-wait": "soon"}),
        Case("homeless", "usage-error", {**good, "role": "owner"}),
        Case("both", "usage-error", {**good, "token-file": "token.txt"}),
        Case("file", "ok", {"token-file": "token.txt", "url": gitlab.url}),
        Case("http", "usage-error", {**good, "url": anywhere}),
        Case("allowed", "ok", {**good, "url": anywhere, "allow-http": "true"}),
        Case("trusted", "ok", {**good, "url": secure.url, "ca-file": str(ca_file)}),
        Case("distrusted", "tls-error", {**good, "url": secure.url}),
        Case("no_ca", "usage-error", {**good, "url": secure.url, "ca-file": "nowhere.pem"}),
        Case("old", "unsupported-server", {**good, "url": old.url}),
        Case(
            "policy", "scope-missing", {"config": "conf/policy.yml", "url": gitlab.url}, ("token-missing",),
            {"RELEASE_TOKEN": GOOD, "MIRROR_TOKEN": NARROW},
        ),
        Case("misspelt", "config-error", {**good, "config": "conf/bad.yml"}),
        Case("no_policy", "config-error", {**good, "config": "conf/nowhere.yml"}),
        Case("named", "scope-missing", {**good, "config": ".glcheck.yml"}),
        Case("as_json", "scope-missing", {**good, "scopes": "sudo", "format": "json"}),
        Case("to_file", "scope-missing", {**good, "scopes": "sudo", "format": "text", "output": "text.txt"}),
        Case("more", "scope-missing", {**good, "scopes": "sudo", "report": "junit=a b.xml\nmarkdown=more.md"}),
    )  # fmt: skip


def use_case(case: Case) -> Use:
    return Use(case.id, case.inputs, case.env)


def run_tokens(runner: Runner) -> tuple[Case, ...]:
    """Run a job in which all sorts of tokens are checked."""
    with GitLab() as gitlab:
        cases = token_cases(populated(gitlab))
        runner(*map(use_case, cases))
    return cases


def run_inputs(runner: Runner) -> tuple[Case, ...]:
    """Run a job in which every input is used."""
    (runner.directory / "tls").mkdir()
    tls = certificates(runner.directory / "tls")
    with GitLab() as gitlab, GitLab(version="15.4.0") as old, GitLab(tls=tls.good) as secure:
        old.add(Token(GOOD))
        secure.add(Token(GOOD))
        cases = input_cases(populated(gitlab), old, secure, tls.ca_file)
        files = {"token.txt": GOOD, "conf/policy.yml": json.dumps(POLICY)}
        files["conf/bad.yml"] = "version: 1\nscops: [api]\n"
        runner.write({**files, ".glcheck.yml": "version: 1\nscopes: [sudo]\n"})
        branch = sh(
            'touch "$OUT/branched"', **{"if": "steps.scopes.outputs.category == 'scope-missing'"}
        )
        astray = sh(
            'touch "$OUT/astray"', **{"if": "steps.scopes.outputs.category != 'scope-missing'"}
        )
        keep = sh('cp text.txt "a b.xml" more.md "$OUT"')
        runner(*map(use_case, cases), branch, astray, keep)
    return cases


JOBS: Mapping[str, Callable[[Runner], tuple[Case, ...]]] = {
    "tokens": run_tokens,
    "inputs": run_inputs,
}


@pytest.fixture(scope="session")
def jobs(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, wheels: Path, installer_caches: Path
) -> Mapping[str, Verdicts]:
    """Run both jobs, side by side and once for all workers."""

    def make(directory: Path) -> None:
        with Index(wheels) as index, ThreadPoolExecutor() as pool:

            def run(name: str) -> None:
                (directory / name).mkdir()
                runner = Runner(directory / name, programs, index.url, installer_caches)
                runner.add_python()
                runner.add_uv()
                (directory / name / "cases").write_text(json.dumps(JOBS[name](runner)))

            list(pool.map(run, JOBS))

    place = once(tmp_path_factory, "jobs", make)
    cases = {name: json.loads((place / name / "cases").read_text()) for name in JOBS}
    return {
        name: Verdicts(Job(place / name), tuple(Case(*entry) for entry in own))
        for name, own in cases.items()
    }


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


def test_each_use_ends_as_the_contract_says_and_its_outputs_tell(every: Verdicts) -> None:
    expected = {}
    for case in every.cases:
        ok = case.category == "ok"
        state = ("success", "true") if ok else (FAILED, "false")
        expected[case.id] = (*state, case.category, str(CODES[case.category]))
    assert {case.id: every.job[case.id].verdict for case in every.cases} == expected


def test_all_outputs_are_set_also_when_the_step_fails(every: Verdicts) -> None:
    assert {case.id: set(every.job[case.id].outputs) for case in every.cases} == {
        c.id: OUTPUTS for c in every.cases
    }
    for case in every.cases:
        for name, value in every.job[case.id].outputs.items():
            assert value == value.strip(), (case.id, name)
            assert len(value.splitlines()) <= 1, (case.id, name)


def test_the_output_report_is_the_path_of_a_valid_report_of_this_very_use(every: Verdicts) -> None:
    for case in every.cases:
        report = every.job[case.id].report
        assert report is not None, case
        VALIDATOR.validate(report)
        assert (report["category"], report["exit_code"]) == (case.category, CODES[case.category]), (
            case
        )
    paths = {every.job[case.id].outputs["report"] for case in every.cases}
    assert len(paths) == len(every.cases)  # what a step left can be uploaded after another one


def test_outputs_agree_with_the_report(every: Verdicts) -> None:
    for case in every.cases:
        used = every.job[case.id]
        assert used.report is not None
        decided = [token for token in used.report["tokens"] if token["category"] == case.category]
        held = (decided[0]["token"] if decided else None) or {
            "days_left": None,
            "expires_at": None,
            "scopes": [],
        }
        missing = [
            scope
            for token in decided[:1]
            for problem in token["problems"]
            if problem["category"] == "scope-missing"
            for scope in problem["details"]["missing"]
        ]
        days = held["days_left"]
        assert {
            name: used.outputs[name]
            for name in ("days-left", "expires-at", "scopes", "missing-scopes")
        } == {
            "days-left": "" if days is None else str(days),
            "expires-at": held["expires_at"] or "",
            "scopes": " ".join(held["scopes"]),
            "missing-scopes": " ".join(missing),
        }, case.id


def test_outputs_of_a_policy_describe_the_token_that_decided(inputs: Verdicts) -> None:
    outputs = inputs.job["policy"].outputs
    assert (outputs["scopes"], outputs["missing-scopes"]) == ("read_api read_user", "api sudo")
    assert outputs["expires-at"] == in_days(40)


def test_lists_are_separated_by_blanks_and_lines_of_an_input_are_a_list(inputs: Verdicts) -> None:
    for case in ("scopes", "lines"):
        outputs = inputs.job[case].outputs
        assert (outputs["scopes"], outputs["missing-scopes"]) == ("read_api read_user", "api sudo")


def test_what_is_not_known_is_empty(tokens: Verdicts) -> None:
    for case in ("absent", "foreign", "unknown", "refused"):
        outputs = tokens.job[case].outputs
        assert [
            outputs[name] for name in ("days-left", "expires-at", "scopes", "missing-scopes")
        ] == [""] * 4
    forever = tokens.job["forever"].outputs
    assert [forever[name] for name in ("days-left", "expires-at", "scopes")] == ["", "", "api"]


def problems(report: Mapping[str, Any], severity: str) -> list[list[dict[str, Any]]]:
    """Return the problems of a severity, those of each token together."""
    groups = [report["problems"], *(token["problems"] for token in report["tokens"])]
    return [
        own
        for group in groups
        if (own := [problem for problem in group if problem["severity"] == severity])
    ]


def test_one_annotation_says_everything_under_the_category(every: Verdicts) -> None:
    for case in every.cases:
        used = every.job[case.id]
        assert used.report is not None
        if case.id in {"as_json", "to_file"}:
            continue  # another format was asked for
        found = used.commands
        assert [c.name for c in found].count("error") == (case.category != "ok"), (
            case.id,
            used.log,
        )
        assert {c.properties["title"] for c in found if c.name == "error"} <= {case.category}
        assert {c.properties["title"] for c in found if c.name == "warning"} == set(case.warns), (
            case.id
        )
        assert {c.name for c in found} <= {"error", "warning"}, case.id
        for severity in ("error", "warning"):
            said = [squeezed(command.data) for command in found if command.name == severity]
            for group, text in zip(problems(used.report, severity), said, strict=True):
                for problem in group:
                    for part in ("message", "fix", "docs"):
                        assert squeezed(problem[part]) in text, (case.id, part)


def test_several_problems_of_a_token_are_one_annotation(inputs: Verdicts) -> None:
    error = inputs.job["several"].error
    assert error.properties["title"] == "expires-soon"
    assert inputs.job["several"].report is not None
    ((*found,),) = problems(inputs.job["several"].report, "error")
    assert {problem["category"] for problem in found} == {
        "expires-soon",
        "scope-missing",
        "not-found",
    }


def test_the_text_report_is_in_the_log(every: Verdicts) -> None:
    for case in every.cases:
        if case.id in {"as_json", "to_file"}:
            continue
        used = every.job[case.id]
        assert used.report is not None
        lines = used.log.splitlines()
        for severity in ("error", "warning"):
            for problem in (
                problem for group in problems(used.report, severity) for problem in group
            ):
                (at,) = (
                    n
                    for n, line in enumerate(lines)
                    if line.startswith(f"{severity}[{problem['category']}]")
                )
                assert problem["message"] in lines[at]
                assert lines[at + 1] == f"  fix: {problem['fix']}"
                assert lines[at + 2] == f"  docs: {problem['docs']}"
        if case.category == "ok" and not case.warns:
            assert "99 days" in used.log or case.id == "forever", used.log


def test_the_markdown_report_is_in_the_summary(every: Verdicts) -> None:
    for case in every.cases:
        used = every.job[case.id]
        assert used.report is not None
        assert case.category in used.summary, case.id
        for severity in ("error", "warning"):
            for problem in (
                problem for group in problems(used.report, severity) for problem in group
            ):
                assert f"{severity}[{problem['category']}]" in used.summary, case.id
        assert ("fix:" in used.summary) == (case.category != "ok" or bool(case.warns)), case.id


def test_the_summary_of_a_success_tells_the_days_left_in_one_line(tokens: Verdicts) -> None:
    used = tokens.job["good"]
    days = used.outputs["days-left"]
    assert (
        len([line for line in used.summary.splitlines() if re.search(rf"\b{days} days\b", line)])
        == 1
    )


def test_a_later_step_can_branch_on_the_category(inputs: Verdicts) -> None:
    assert inputs.job["scopes"].conclusion == "success"  # continue-on-error
    assert (inputs.job.out / "branched").exists()
    assert not (inputs.job.out / "astray").exists()


def test_another_format_is_what_the_log_has(inputs: Verdicts) -> None:
    lines = inputs.job["as_json"].log.splitlines(keepends=True)
    document = "".join(line for line in lines if not line.startswith("::"))
    VALIDATOR.validate(json.loads(document))


def test_more_reports_are_written_beside_our_own(inputs: Verdicts) -> None:
    assert "<testsuite" in (inputs.job.out / "a b.xml").read_text()
    assert "scope-missing" in (inputs.job.out / "more.md").read_text()
    assert (inputs.job.out / "text.txt").read_text().startswith("error[scope-missing]")
    assert inputs.job["more"].report is not None


def test_no_token_is_in_the_log(every: Verdicts) -> None:
    log = every.job.log + every.job.log.replace("\n", "")
    for secret in (
        GOOD,
        NARROW,
        ENDING,
        "glpat-unknownunknownunkn",
        "0123456789abcdefABCDEF0123456789abcd",
    ):
        assert secret not in log


# Settings of the job


def test_the_input_token_is_never_passed_over_in_silence(runner: Runner, known: GitLab) -> None:
    runner.write(
        {
            "default.yml": "version: 1\ntoken-env: OTHER\n",
            "tokens.yml": "version: 1\ntokens: [{name: a, token-env: OTHER, min-validity: 1d}]\n",
        }
    )
    bad = "glpat-Zz9Yy8Xx7Ww6Vv5Uu4Tt"
    job = runner(
        use("default", token=bad, url=known.url, config="default.yml"),
        use("tokens", token=bad, url=known.url, config="tokens.yml"),
        use("file", token_file="secret", token=bad, url=known.url),
        use("empty", token="", url=known.url),
        use("note", url=known.url, config="tokens.yml", min_validity="200d"),
        env={"OTHER": GOOD, "GITLAB_TOKEN": GOOD},
    )
    assert job["default"].verdict == (FAILED, "false", "token-invalid", "12")
    assert job["tokens"].verdict == (FAILED, "false", "usage-error", "2")
    assert "no token of the policy uses it" in job["tokens"].error.data
    assert job["file"].verdict == (FAILED, "false", "usage-error", "2")
    assert "token-file cannot be given together with token" in job["file"].error.data
    assert job["empty"].verdict == ("success", "true", "ok", "0")
    assert "the input token is empty; GITLAB_TOKEN of the job was checked" in job["empty"].log
    assert "input min-validity has no effect here" in job["note"].log


def test_where_the_report_goes_to_a_file_the_log_has_the_annotation(
    runner: Runner, known: GitLab
) -> None:
    used = runner(use("used", token=NARROW, url=known.url, scopes="api", output="report.txt"))[
        "used"
    ]
    assert used.verdict == (FAILED, "false", "scope-missing", "21")
    assert used.error.properties["title"] == "scope-missing"


@pytest.mark.parametrize(
    "form", ["text", "json", "junit", "markdown", "github", "annotations", "dotenv"]
)
def test_no_format_lets_a_server_write_a_command_into_the_log(
    gitlab: GitLab, run: Run, form: str
) -> None:
    name = "a ##[add-mask]b"
    gitlab.add(Token(GOOD, name=name, scopes=("read_api", "##[group]c")))
    result = run("--format", form, "--scopes", "api", token=GOOD, env={"GITHUB_ACTIONS": "true"})
    assert result.code == 21
    assert "##[" not in result.out
    if form == "json":
        assert result.token["token"]["name"] == name
    if form == "junit":
        assert "##[group]c" in "".join(ElementTree.fromstring(result.out).itertext())


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a disk that is full is only to be had on Linux"
)
def test_outputs_do_not_say_ok_of_a_step_that_could_not_write_its_report(
    runner: Runner, known: GitLab
) -> None:
    used = runner(use("used", token=GOOD, url=known.url, report="junit=/dev/full"))["used"]
    assert used.verdict == (FAILED, "false", "usage-error", "2")


def test_variables_of_the_job_that_are_settings_do_not_disturb(
    runner: Runner, known: GitLab
) -> None:
    disturbing = {
        "GLCHECK_FORMAT": "markdown",
        "GLCHECK_OUTPUT": "taken.txt",
        "GLCHECK_REPORT": "text=more.txt",
        "GLCHECK_TOKEN": NARROW,
        "GITLAB_TOKEN": NARROW,
        "GLCHECK_TOKEN_ENV": "GITLAB_TOKEN",
        "GLCHECK_TOKEN_FILE": "/nowhere",
        "GLCHECK_CONFIG": "nowhere.yml",
        "GLCHECK_ACTION": "",
        "GLCHECK_SCOPES": "sudo",
        "GLCHECK_URL": "http://127.0.0.1:1",
    }
    step = use("used", token=GOOD, url=known.url, scopes="api")
    used = runner(step, sh('ls > "$OUT/ls"'), env=disturbing)["used"]
    assert used.verdict == ("success", "true", "ok", "0"), used.log
    assert used.outputs["scopes"] == "api"
    assert used.report is not None
    assert "token: " in used.log
    assert "taken.txt" not in (runner.directory / "out" / "ls").read_text()


def test_from_its_own_repository_the_action_points_to_its_documentation(
    runner: Runner, known: GitLab
) -> None:
    elsewhere = runner.directory / "elsewhere"
    (runner.workspace / "glcheck-action").rename(elsewhere)
    inputs = {"token": GOOD, "url": known.url, "scopes": "sudo"}
    job = runner(
        Use("used", inputs, uses="acme/glcheck@v1"),
        args=["--local-repository", f"acme/glcheck@v1={elsewhere}"],
    )
    used = job["used"]
    assert used.verdict == (FAILED, "false", "scope-missing", "21")
    assert used.report is not None
    (problem,) = used.report["tokens"][0]["problems"]
    assert (
        problem["docs"]
        == "https://github.com/acme/glcheck/blob/v1/docs/categories.md#scope-missing"
    )
    assert problem["docs"] in used.error.data


@pytest.mark.parametrize(
    ("env", "start"),
    [
        (
            {"GLCHECK_ACTION": "acme/glcheck@v1", "GITHUB_SERVER_URL": "https://github.com"},
            "https://github.com/acme/glcheck/blob/v1",
        ),
        (
            {
                "GLCHECK_ACTION": "acme/glcheck@releases/v1",
                "GITHUB_SERVER_URL": "https://github.example.com",
            },
            "https://github.example.com/acme/glcheck/blob/releases/v1",
        ),
    ],
)
def test_docs_is_the_section_of_the_actions_own_ref(
    run: Run, env: Mapping[str, str], start: str
) -> None:
    result = run.json(env={"GITHUB_ACTIONS": "true", **env})
    assert result.problem["docs"] == f"{start}/docs/categories.md#token-missing"
    headings = re.findall(
        r"^#+ +`?([a-z-]+)`?", (ROOT / "docs" / "categories.md").read_text(), re.MULTILINE
    )
    assert set(CODES) - set(headings) <= {"ok"}


@pytest.mark.parametrize("action", ["", "@v1", "acme/glcheck", "acme/glcheck@", "@"])
def test_without_a_repository_docs_is_the_command_that_explains(run: Run, action: str) -> None:
    result = run.json(env={"GITHUB_ACTIONS": "true", "GLCHECK_ACTION": action})
    assert result.problem["docs"] == "glcheck explain token-missing"


# A token that is not there


def pull_request(head: str | None) -> dict[str, Any]:
    """Return what GitHub tells of a pull request from that repository; None is one that was deleted."""
    source = None if head is None else {"full_name": head, "fork": head != "acme/app"}
    return {
        "pull_request": {
            "number": 1,
            "head": {"ref": "topic", "repo": source},
            "base": {"ref": "main"},
        },
        "repository": {"full_name": "acme/app"},
    }


def test_a_missing_token_is_told_with_what_may_have_kept_it_away(
    runner: Runner, known: GitLab
) -> None:
    error = runner(use("used", url=known.url))["used"].error
    assert error.properties["title"] == "token-missing"
    for cause in ("`token`", "secret", "secrets: inherit", "environment"):
        assert cause in error.data
    for other in ("fork", "Dependabot"):
        assert other not in error.data
    assert known.requests == []


@pytest.mark.parametrize(
    ("head", "fork"), [("stranger/app", True), (None, True), ("acme/app", False)]
)
def test_a_pull_request_from_a_fork_is_told_as_the_cause(
    runner: Runner, known: GitLab, head: str | None, fork: bool
) -> None:
    job = runner(use("used", url=known.url), event="pull_request", payload=pull_request(head))
    error = job["used"].error
    assert error.properties["title"] == "token-missing"
    assert ("from a fork" in error.data) == fork, error.data
    assert ("secrets: inherit" in error.data) != fork


def test_dependabot_is_told_as_the_cause(runner: Runner, known: GitLab) -> None:
    actor = ["--actor", "dependabot[bot]"]
    job = runner(
        use("used", url=known.url),
        event="pull_request",
        payload=pull_request("acme/app"),
        args=actor,
    )
    error = job["used"].error
    assert error.properties["title"] == "token-missing"
    assert "Dependabot" in error.data
    assert "from a fork" not in error.data


# Installing


def test_a_second_use_installs_nothing_with_uv(bare: Runner, known: GitLab, index: Index) -> None:
    bare.add_python()
    bare.add_uv()
    job = bare(use("one", token=GOOD, url=known.url), use("two", token=GOOD, url=known.url))
    assert [job[step].outputs["ok"] for step in ("one", "two")] == ["true", "true"]
    assert [record.program for record in bare.spy.installations] == ["uv"]
    assert len(index.requests) == len(set(index.requests)) > 0


def test_a_second_use_installs_nothing_with_pip(bare: Runner, known: GitLab, index: Index) -> None:
    bare.add_python()
    job = bare(use("one", token=GOOD, url=known.url), use("two", token=GOOD, url=known.url))
    assert [job[step].outputs["ok"] for step in ("one", "two")] == ["true", "true"]
    assert [record.program for record in bare.spy.installations] == ["python"]
    assert len(index.requests) == len(set(index.requests)) > 0


def test_what_is_installed_lies_under_runner_temp_and_needs_hashes(
    bare: Runner, known: GitLab
) -> None:
    bare.add_python()
    bare.add_uv(f'exec {quoted(UV)} "$@"')
    before = sh('echo "$RUNNER_TEMP"', id="temp")
    job = bare(
        before,
        use("one", token=GOOD, url=known.url),
        sh("pip list; python3 -m pip list", id="list"),
    )
    (installed,) = bare.spy.installations
    target = installed.argv[installed.argv.index("--target") + 1]
    assert Path(target).is_relative_to(job.output("temp").strip())
    assert "--require-hashes" in installed.argv
    assert "requests" not in job.output("list")
    assert [record for record in bare.spy.records if "venv" in record.argv] == []


def test_two_pythons_in_a_job_get_what_each_needs(bare: Runner, known: GitLab) -> None:
    bare.add_python()
    bare.add_uv()
    spy = Spy(bare.directory / "other-spy")
    other = str(interpreter(bare.directory / "other", spy))
    step = {"token": GOOD, "url": known.url}
    job = bare(
        use("a", step), use("b", step, python=other), use("c", step), use("d", step, python=other)
    )
    assert [job[name].verdict[1:3] for name in "abcd"] == [("true", "ok")] * 4
    assert len(bare.spy.installations) <= 2
    # Each was the one that was asked for: the checks are the calls with the token.
    assert [sum(GOOD in record.environ.values() for record in s.records if record.program == "python")
            for s in (bare.spy, spy)] == [2, 2]  # fmt: skip


BREAKS = (
    "target=",
    'for word in "$@"; do',
    '  [ "$last" != --target ] || target=$word',
    '  case "$word" in --target=*) target=${word#*=};; esac',
    "  last=$word",
    "done",
    '[ -n "$target" ] || exit 9',
    'mkdir -p "$target/requests" "$target/yaml" "$target/urllib3"',
    'for name in requests yaml urllib3; do echo "raise SystemExit(1)" > "$target/$name/__init__.py"; done',
    'touch "$OUT/broken"',
)


@pytest.mark.parametrize(
    "lines",
    [("exit 1",), (*BREAKS, "exit 1"), ("exec /nowhere/uv",)],
    ids=["fails", "installs half", "is broken"],
)
def test_where_uv_fails_pip_is_used(bare: Runner, known: GitLab, lines: tuple[str, ...]) -> None:
    bare.add_python()
    bare.add_uv(*lines)
    bare.write({"policy.yml": "version: 1\nscopes: [api]\n"})
    job = bare(use("used", token=GOOD, url=known.url, config="policy.yml"))
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log
    assert job["used"].commands == []
    assert [record.program for record in bare.spy.installations] == ["uv", "python"]
    assert (job.out / "broken").exists() == (len(lines) > 1)


def test_an_installation_that_was_cut_off_is_not_taken_for_one(bare: Runner, known: GitLab) -> None:
    bare.add_python()
    bare.add_uv(
        'if [ -n "$CUT" ]; then', *BREAKS, "kill -9 $PPID; exit 1; fi", f'exec {quoted(UV)} "$@"'
    )
    step = {"token": GOOD, "url": known.url}
    job = bare(use("cut", step, env={"CUT": "1"}), use("next", step))
    assert (job.out / "broken").exists()
    assert (job["cut"].outcome, job["cut"].outputs["ok"]) in {(FAILED, "false"), (FAILED, "")}
    assert job["next"].verdict == ("success", "true", "ok", "0"), job["next"].log


def check_not_installed(used: Any) -> None:
    """Hold a use against what the contract says of one whose code cannot be installed."""
    assert used.outcome == FAILED
    assert used.outputs["ok"] == "false"
    assert used.outputs["category"] == ""
    assert used.error.data
    assert GOOD not in used.log


@pytest.mark.parametrize("uv", [True, False], ids=["uv and pip", "pip"])
def test_code_that_cannot_be_installed_is_one_annotation_and_not_ok(
    bare: Runner, known: GitLab, uv: bool
) -> None:
    bare.add_python()
    if uv:
        bare.add_uv()
    dead = {
        "PIP_INDEX_URL": DEAD,
        "UV_DEFAULT_INDEX": DEAD,
        "PIP_RETRIES": "0",
        "UV_HTTP_RETRIES": "0",
    }
    step = {"token": GOOD, "url": known.url}
    job = bare(
        use("dead", step, env=dead),
        sh("git status --porcelain --ignored", id="state"),
        use("alive", step),
    )
    check_not_installed(job["dead"])
    assert job.output("state") == ""
    assert job["alive"].verdict == ("success", "true", "ok", "0")
    assert [request.path for request in known.requests] == [SELF]


def test_code_that_is_not_what_the_lock_says_is_not_installed(
    bare: Runner, known: GitLab, wheels: Path
) -> None:
    bare.add_python()
    bare.add_uv()
    with Index(wheels, tamper=True) as tampered:
        index = {"PIP_INDEX_URL": tampered.url, "UV_DEFAULT_INDEX": tampered.url}
        job = bare(use("used", token=GOOD, url=known.url, env=index))
        assert any(path.startswith("/files/") for path in tampered.requests)
    check_not_installed(job["used"])
    assert known.requests == []


def test_code_that_cannot_be_put_in_its_place_is_told_like_code_that_cannot_be_got(
    tmp_path: Path, index: Index, installer_caches: Path
) -> None:
    (tmp_path / "program" / "in the way").mkdir(parents=True)
    output, summary = tmp_path / "output", tmp_path / "summary"
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": index.url,
        "PIP_CACHE_DIR": str(installer_caches / "pip"),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    install = [sys.executable, "-I", str(ROOT / "action" / "install.py"), str(tmp_path / "program")]
    done = subprocess.run(
        install, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert [command.name for command in commands(done.stdout)] == ["error"]
    assert output.read_text() == "ok=false\n"
    assert summary.read_text().startswith("## glcheck: not installed")


def test_what_installs_gets_no_token_of_the_job_and_what_it_needs(
    bare: Runner, known: GitLab
) -> None:
    bare.add_python()
    bare.add_uv("exit 1")
    bare.write(
        {
            "policy.yml": "version: 1\ntokens: [{name: a, token-env: RELEASE_TOKEN}, {name: b, token-env: OTHER}]\n"
        }
    )
    env = {
        "RELEASE_TOKEN": GOOD,
        "OTHER": NARROW,
        "SOME_PASSWORD": "correct horse",
        "HARMLESS": "harmless",
    }
    job = bare(use("used", url=known.url, config="policy.yml", env=env))
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log
    installations = bare.spy.installations
    assert [record.program for record in installations] == ["uv", "python"]
    for record in installations:
        assert record.environ["HARMLESS"] == "harmless"
        assert not {GOOD, NARROW, "correct horse"} & set(record.environ.values())


def test_an_installer_that_installs_nothing_is_not_believed(bare: Runner, known: GitLab) -> None:
    bare.add_python()
    bare.add_uv("exit 0")
    (bare.home / ".config" / "pip").mkdir(parents=True)
    (bare.home / ".config" / "pip" / "pip.conf").write_text(
        "[install]\ndry-run = true\nroot = /nowhere\n"
    )
    job = bare(use("used", token=GOOD, url=known.url), env={"PIP_CONFIG_FILE": ""})
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log


def test_without_uv_and_pip_the_code_cannot_be_installed(bare: Runner, known: GitLab) -> None:
    bare.add_python(pip=False)
    check_not_installed(bare(use("used", token=GOOD, url=known.url))["used"])


def test_what_would_redirect_the_installation_is_not_obeyed(bare: Runner, known: GitLab) -> None:
    bare.add_python()
    away = str(bare.directory / "away")
    redirecting = {
        "PIP_TARGET": away,
        "PIP_PREFIX": away,
        "PIP_ROOT": away,
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PYTHONPATH": away,
        "PYTHONUSERBASE": away,
    }
    job = bare(use("used", token=GOOD, url=known.url), env=redirecting)
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log
    assert not Path(away).exists()


def test_what_would_redirect_uv_is_not_obeyed(bare: Runner, known: GitLab) -> None:
    bare.add_python()
    bare.add_uv()
    away = str(bare.directory / "away")
    redirecting = {
        "UV_PYTHON": "/nowhere/python",
        "VIRTUAL_ENV": away,
        "UV_PROJECT_ENVIRONMENT": away,
    }
    job = bare(use("used", token=GOOD, url=known.url), env=redirecting)
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log
    assert [record.program for record in bare.spy.installations] == ["uv"]
    assert not Path(away).exists()


def write_pip_conf(runner: Runner, *lines: str) -> None:
    """Set pip up for the user of the runner, and nothing by variables."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_CONFIG_FILE"):
        del runner.env[name]
    conf = runner.home / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    # The empty ones keep this machine's own settings away.
    conf.write_text("\n".join(("[global]", "extra-index-url =", "find-links =", *lines, "")))


def test_the_index_of_pips_variable_is_used(bare: Runner, known: GitLab, index: Index) -> None:
    bare.add_python()
    del bare.env["UV_DEFAULT_INDEX"]
    assert bare(use("used", token=GOOD, url=known.url))["used"].outputs["ok"] == "true"
    assert index.requests


@pytest.mark.parametrize(
    "redirection",
    ["target = {}\nuser = true\nrequire-virtualenv = true\nconstraint = {}", "prefix = {}"],
    ids=["target and more", "prefix"],
)
def test_the_index_of_pips_own_file_is_used_and_its_redirections_are_not(
    bare: Runner, known: GitLab, index: Index, redirection: str
) -> None:
    bare.add_python()
    away = bare.directory / "away"
    write_pip_conf(bare, f"index-url = {index.url}", redirection.format(away, away))
    used = bare(use("used", token=GOOD, url=known.url))["used"]
    assert used.outputs["ok"] == "true", used.log
    assert index.requests
    assert not away.exists()


def test_the_index_of_uvs_variable_is_used(bare: Runner, known: GitLab, index: Index) -> None:
    bare.add_python()
    bare.add_uv()
    bare.env["PIP_INDEX_URL"] = DEAD
    assert bare(use("used", token=GOOD, url=known.url))["used"].outputs["ok"] == "true"
    assert index.requests
    assert [record.program for record in bare.spy.installations] == ["uv"]


def test_the_index_of_uvs_own_file_is_used(bare: Runner, known: GitLab, index: Index) -> None:
    bare.add_python()
    bare.add_uv()
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        del bare.env[name]
    conf = bare.home / ".config" / "uv" / "uv.toml"
    conf.parent.mkdir(parents=True)
    conf.write_text(f'index-url = "{index.url}"\n')
    assert bare(use("used", token=GOOD, url=known.url))["used"].outputs["ok"] == "true"
    assert index.requests
    assert [record.program for record in bare.spy.installations] == ["uv"]


@pytest.mark.parametrize("where", ["variable", "file"])
def test_the_index_of_pip_is_used_also_where_uv_is_there(
    bare: Runner, known: GitLab, index: Index, where: str
) -> None:
    bare.add_python()
    bare.add_uv()
    if where == "variable":
        del bare.env["UV_DEFAULT_INDEX"]
    if where == "file":
        write_pip_conf(bare, f"index-url = {index.url}")
    assert bare(use("used", token=GOOD, url=known.url))["used"].outputs["ok"] == "true"
    assert index.requests


# Secrecy


@pytest.mark.parametrize("uv", [True, False], ids=["uv", "pip"])
def test_the_token_is_in_the_environment_of_the_checking_step_only_and_in_no_argument(
    bare: Runner, known: GitLab, uv: bool
) -> None:
    bare.add_python()
    if uv:
        bare.add_uv()
    job = bare(use("used", token=GOOD, url=known.url, scopes="api"), sh("env; true", id="after"))
    assert job["used"].outputs["ok"] == "true"
    records = bare.spy.records
    assert {record.program for record in records} == {"bash", "python", *(["uv"] if uv else [])}
    holding = [
        record for record in records if any(GOOD in value for value in record.environ.values())
    ]
    # The shell of the step, and the interpreter that it starts.
    assert sorted(record.program for record in holding) == ["bash", "python"]
    assert not any(GOOD in word for record in records for word in record.argv)
    assert not any("install" in record.argv for record in holding)
    assert GOOD not in job.output("after")
    assert GOOD not in job.log


# A workspace that nobody should trust


def hostile_workspace(mark: str, evil: str) -> dict[str, str]:
    """Return files that want to be imported, executed or obeyed; code leaves a file whose name begins with `mark`."""
    modules = (
        "requests", "yaml", "json", "sitecustomize", "usercustomize", "pip", "re", "typing", "argparse", "certifi",
        "urllib3", "idna", "charset_normalizer", "encodings", "tempfile", "subprocess", "shutil", "runpy", "pathlib",
    )  # fmt: skip
    code = f"open({mark!r} + __name__, 'w').close()\nraise SystemExit(0)\n"
    shell = f'#!/bin/sh\ntouch "{mark}$(basename "$0")"\nexit 0\n'
    settings = f'index-url = "{evil}"\nno-index = true\n'
    return {
        **{f"{name}.py": code for name in modules},
        "glcheck/__init__.py": code,
        "glcheck/__main__.py": code,
        "action/install.py": code,
        "src/glcheck/__init__.py": code,
        **dict.fromkeys(("uv", "pip", "python", "python3", "py", "bash", "env", "mktemp"), shell),
        "pip.conf": f"[global]\nindex-url = {evil}\nno-index = true\ntarget = here\n",
        ".config/pip/pip.conf": f"[global]\nindex-url = {evil}\n",
        "setup.cfg": "[install]\nprefix = here\n",
        "requirements.txt": "evil==1.0\n",
        "constraints.txt": "requests==0.0.1\n",
        "uv.toml": settings,
        "pyproject.toml": f"[project]\nname = 'x'\nversion = '1'\nrequires-python = '<3'\n[tool.uv]\n{settings}",
        ".python-version": "2.7\n",
        ".glcheck.yml": f"version: 1\nurl: {evil}\nscopes: [sudo]\n",
        ".glcheck.yaml": "version: 1\nscopes: [sudo]\n",
        ".netrc": "machine 127.0.0.1 login evil password evil\n",
        ".env": f"GLCHECK_SCOPES=sudo\nPIP_INDEX_URL={evil}\nUV_INDEX_URL={evil}\nGITLAB_TOKEN=evil\n",
        ".gitignore": "__pycache__/\n*.pyc\n*.egg-info/\nhere/\n",
    }


@pytest.mark.parametrize("uv", [True, False], ids=["uv", "pip"])
def test_nothing_in_the_workspace_is_run_or_obeyed_and_nothing_is_written_there(
    bare: Runner, known: GitLab, uv: bool
) -> None:
    bare.add_python()
    if uv:
        bare.add_uv()
    bare.env["NETRC"] = ".netrc"
    # A shim as pyenv puts on the PATH obeys the file of the directory that it is called in.
    shim = '[ ! -f .python-version ] || { touch "$OUT/ran-shim"; exit 127; }'
    for name in ("python3", "python"):
        bare.add(name, shim, f'exec {quoted(bare.directory / "python" / "bin" / name)} "$@"')
    mark = str(bare.directory / "out" / "ran-")
    with GitLab() as evil:
        bare.write(hostile_workspace(mark, f"{evil.url}/simple/"))
        for name in ("uv", "pip", "python", "python3", "py", "bash", "env", "mktemp"):
            (bare.workspace / name).chmod(0o755)
        state = r"git status --porcelain --ignored; find . -path ./.git -prune -o -printf '%p %s %T@\n' | sort"
        step = {"token": GOOD, "url": known.url, "scopes": "api"}
        job = bare(
            sh(state, id="before"),
            use("one", step),
            use("two", step, project="group/app"),
            use("lost", url=known.url),
            sh(state, id="later"),
        )
        assert evil.requests == []
    assert [job[name].verdict[2] for name in ("one", "two", "lost")] == [
        "ok",
        "ok",
        "token-missing",
    ], job["one"].log
    assert job.output("before") == job.output("later")
    assert "./glcheck-action/action.yml" in job.output("later")
    assert not [path.name for path in job.out.iterdir() if path.name.startswith("ran-")]
    assert {request.headers.get("authorization") for request in known.requests} <= {
        None,
        f"Bearer {GOOD}",
    }
    if uv:
        assert [record.program for record in bare.spy.installations] == ["uv"]


def test_a_search_path_that_leads_into_the_workspace_is_not_obeyed(
    runner: Runner, known: GitLab
) -> None:
    mark = str(runner.directory / "out" / "ran-")
    runner.write(
        {name: text for name, text in hostile_workspace(mark, DEAD).items() if name.endswith(".py")}
    )
    variables = {"PYTHONPATH": ".", "PYTHONSTARTUP": "./requests.py", "PYTHONUSERBASE": "."}
    job = runner(use("used", token=GOOD, url=known.url, scopes="api"), env=variables)
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log
    assert not [path.name for path in job.out.iterdir() if path.name.startswith("ran-")]


# Values that want to be something else


def payloads(mark: str) -> tuple[str, ...]:
    """Return texts that would create the file `mark`, or be a command to the runner, if they were no mere values."""
    touch = f"touch {mark}"
    return (
        f"$({touch})",
        f"`{touch}`",
        f'"; {touch}; "',
        f"'; {touch}; '",
        f"x\n{touch}\n",
        f"x & {touch} &",
        f"| {touch}",
        f"a[$({touch})]",
        f"${{IFS}}$({touch})",
        f"__import__('os').system('{touch}')",
        f"-c__import__('os').system('{touch}')",
        "--help",
        "--version",
        "-",
        "${{ secrets.TOKEN }}${{ github.token }}",
        "x\n::error::pwn\n::add-mask::glcheck\n",
        "x\r::error::pwn",
        "%0A::set-output name=ok::true",
        "##[error]pwn ##[add-mask]glcheck",
        "::stop-commands::pwn",
        "x\nok=true\ncategory=ok\n",
        "ok<<EOF\ntrue\nEOF\n",
        "* ? ~ !! \\ \t",
        "\N{SNOWMAN}\u2028::error::pwn",
    )


def check_harmless(job: Job, step: str, mark: str) -> None:
    """Check that a use did not do what a text in its inputs asked for."""
    used = job[step]
    assert not Path(mark).exists(), step
    assert set(used.outputs) == OUTPUTS, step
    assert (used.outcome, used.outputs["ok"]) in {("success", "true"), (FAILED, "false")}, step
    assert used.outputs["category"] in CODES, (step, used.log)
    assert str(CODES[used.outputs["category"]]) == used.outputs["exit-code"], step
    assert len([c for c in used.commands if c.name == "error"]) == (used.outcome == FAILED), (
        step,
        used.log,
    )
    for command in used.commands:
        assert command.name in {"error", "warning"}, (step, command)
        assert command.properties["title"] in CODES, (step, command)


@pytest.mark.parametrize("half", [0, 1])
def test_a_text_in_all_inputs_is_a_value_and_nothing_else(
    runner: Runner, known: GitLab, half: int
) -> None:
    mark = str(runner.directory / "out" / "mark")
    texts = payloads(mark)[half::2]
    whole = {
        f"all{n}": dict.fromkeys(INPUTS - {"python", "output"}, text)
        for n, text in enumerate(texts)
    }
    pythons = {
        f"python{n}": {"token": GOOD, "url": known.url, "python": text}
        for n, text in enumerate(texts)
    }
    job = runner(*(Use(name, inputs) for name, inputs in (whole | pythons).items()))
    for name in whole | pythons:
        check_harmless(job, name, mark)
    for name in pythons:
        assert job[name].verdict == UNUSABLE, (name, job[name].log)
        assert "python" in job[name].error.data
    assert known.requests == []


def test_a_secret_in_the_wrong_input_is_not_repeated(runner: Runner, known: GitLab) -> None:
    inputs = INPUTS - {"token", "python", "output"}
    job = runner(
        Use("all", dict.fromkeys(inputs, GOOD)),
        use("python", url=known.url, python=GOOD),
        use("path", url=known.url, python=f"./{GOOD}/python"),
    )
    for step in ("all", "python", "path"):
        used = job[step]
        assert used.verdict[:2] == (FAILED, "false")
        assert GOOD not in used.log + used.summary + json.dumps(used.outputs) + json.dumps(
            used.report
        ), step
    assert GOOD not in job.log


def test_a_text_in_a_single_input_is_a_value_and_nothing_else(
    runner: Runner, known: GitLab
) -> None:
    mark = str(runner.directory / "out" / "mark")
    text = f"$(touch {mark})`touch {mark}`\"; touch {mark}; \"'; touch {mark}; '\n::error::pwn\n##[error]pwn"
    names = sorted(INPUTS - {"python"})
    steps = [
        Use(name.replace("-", "_"), {"token": GOOD, "url": known.url, "scopes": "api", name: text})
        for name in names
    ]
    job = runner(*steps)
    for step in steps:
        check_harmless(job, step.id, mark)
    assert {step.id for step in steps if job[step.id].outcome == "success"} <= {"output"}


def test_what_a_server_says_is_no_command_no_output_and_no_markup(
    runner: Runner, gitlab: GitLab
) -> None:
    answers = [answer for text in HOSTILE[::6] for answer in list(hostile_answers(text))[:5]]
    for number, answer in enumerate(answers):
        gitlab.always(answer, f"/answer{number}/")
    steps = [
        use(f"s{number}", token=GOOD, url=f"{gitlab.url}/answer{number}", scopes="api")
        for number in range(len(answers))
    ]
    job = runner(*steps)
    for step in steps:
        check_harmless(job, step.id, "/nowhere")
    assert len({job[step.id].outputs["category"] for step in steps}) > 2


# Escaping, held against GitHub's own library

FRAGMENTS = (
    ":", "::", "%", "%25", "%0A", "%0D", "%3A", "%2C", "#", "##[", "]", "[", ",", "=", "\n", "\r", "\t", " ",
    "::error::", "::add-mask::", "##[error]", "title=", "\u2028", "\x85", "\xa0", "\\", "\N{SNOWMAN}",
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(FRAGMENTS) | st.text(st.characters(codec="utf-8"), max_size=3), max_size=8
)


@pytest.fixture(scope="session")
def core(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give @actions/core, installed."""
    cache = getattr(pytestconfig, "cache", None)
    return actions_core.install(
        Path(cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("core"))
    )


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(texts=st.lists(TEXTS.map("".join), min_size=40, max_size=60))
def test_annotations_are_escaped_as_githubs_own_library_does(
    core: Path, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    place = tmp_path_factory.mktemp("escaping")
    entries, variables = [], {}
    with GitLab() as gitlab:
        for number, text in enumerate((*texts, *HOSTILE)):
            gitlab.always(
                Answer(200, describe(name=text, scopes=[text, "read_user"])), f"/scopes{number}/"
            )
            restricted = {"message": f"403 Forbidden - Your account has been blocked. {text}"}
            gitlab.always(Answer(403, restricted), f"/account{number}/")
            for kind in ("scopes", "account"):
                url = f"{gitlab.url}/{kind}{number}"
                entries.append(
                    {
                        "name": f"{kind}{number}",
                        "url": url,
                        "token-env": f"T{number}",
                        "scopes": ["api"],
                    }
                )
                variables[f"T{number}"] = GOOD
        (place / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
        run = Run(place, place, gitlab.url)
        wanted = ("--config", "policy.yml", "--format", "github", "--report", "json=report.json")
        result = run(*wanted, env=variables)
    lines = [line for line in result.out.split("\n") if line.startswith("::")]
    found = [*commands(result.out)]
    assert len(lines) == len(found) == len(entries)
    # Read as the runner does and written as GitHub's library does, it is what we wrote: nothing else is escaped.
    assert (
        actions_core.issued(core, [(c.name, c.properties["title"], c.data) for c in found]) == lines
    )
    report = json.loads((place / "report.json").read_text())
    defused = 0
    for token, line, command in zip(report["tokens"], lines, found, strict=True):
        (problem,) = token["problems"]
        meant = [problem[part] for part in ("message", "fix", "docs")]
        # Beyond the library's escaping, what the runner or another would take for a command is broken up by blanks.
        dangerous = any("::" in text or "##[" in text for text in meant)
        defused += dangerous
        for text in meant:
            assert (
                (squeezed(text) in squeezed(command.data)) if dangerous else (text in command.data)
            )
        assert line.count("::") == 2
        assert "##[" not in line
    assert defused


# The summary


def test_the_summary_of_a_huge_policy_stays_below_githubs_limit(run_alone: Run) -> None:
    count = 3000
    entries = [
        {"name": f"token {n}", "token-env": f"NOWHERE_{n}", "scopes": ["api"]} for n in range(count)
    ]
    (run_alone.directory / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
    files = {name: run_alone.directory / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {"GITHUB_ACTIONS": "true", **{name: str(path) for name, path in files.items()}}
    result = run_alone("--config", "policy.yml", "--report", "json=all.json", env=env)
    assert result.code == 10
    size = files["GITHUB_STEP_SUMMARY"].stat().st_size
    assert 100_000 < size < 1024 * 1024
    text = files["GITHUB_STEP_SUMMARY"].read_bytes().decode()
    assert text.endswith("\n")
    assert text.count("```") % 2 == 0
    shown = {int(number) for number in re.findall(r"token (\d+)", text)}
    assert {0, 1, 2} <= shown
    # What was left out is said, or nothing was left out.
    omitted = count - len(shown)
    assert not omitted or re.search(
        r"\d+ (more|further|other)|left out|omitted|cut|shortened", text
    )
    assert len(json.loads((run_alone.directory / "all.json").read_text())["tokens"]) == count
    assert "category=token-missing\n" in files["GITHUB_OUTPUT"].read_text()


# Which Python


def test_a_runner_without_python_is_told_to_set_one_up(bare: Runner, known: GitLab) -> None:
    job = bare(
        use("used", token=GOOD, url=known.url),
        sh("command -v python3 python py || echo none", id="which"),
    )
    assert job.output("which").strip() == "none"
    assert job["used"].verdict == UNUSABLE
    assert job["used"].error.properties["title"] == "usage-error"
    assert "actions/setup-python" in job["used"].error.data
    assert job["used"].summary


def test_a_newer_python_behind_one_that_is_too_old_is_used(bare: Runner, known: GitLab) -> None:
    old = interpreter(bare.directory / "old", Spy(bare.directory / "old-spy"), version=(3, 9))
    bare.add("python3", f'exec {quoted(old)} "$@"')
    bare.add_python("python3")
    bare.add_uv()
    job = bare(use("used", token=GOOD, url=known.url))
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log


def test_a_python_that_is_too_old_is_none(bare: Runner, known: GitLab) -> None:
    bare.add_python("python3", "python", version=(3, 9))
    bare.add("py", 'echo "SyntaxError: invalid syntax" >&2', "exit 1")
    job = bare(use("used", token=GOOD, url=known.url))
    assert job["used"].verdict == UNUSABLE
    assert "actions/setup-python" in job["used"].error.data
    assert "3.10" in job["used"].error.data


@pytest.mark.parametrize("name", ["python3", "python", "py"])
def test_python_is_found_under_each_of_its_names_behind_unusable_ones(
    bare: Runner, known: GitLab, name: str
) -> None:
    bare.add_uv()
    bare.add_python(name)
    others = [other for other in ("python3", "python", "py") if other != name]
    # What Windows has in place of Python, and one that is too old.
    bare.add(
        others[0], 'echo "Python was not found; run without arguments to install" >&2', "exit 49"
    )
    old = interpreter(bare.directory / "old", Spy(bare.directory / "old-spy"), version=(3, 9))
    bare.add(others[1], f'exec {quoted(old)} "$@"')
    job = bare(use("used", token=GOOD, url=known.url))
    assert job["used"].verdict == ("success", "true", "ok", "0"), job["used"].log


def test_an_unusable_python_input_is_named(runner: Runner, known: GitLab) -> None:
    runner.write({"no-program.txt": "hello\n", "directory/file": ""})
    old = interpreter(runner.directory / "old", Spy(runner.directory / "old-spy"), version=(3, 9))
    unusable = {
        "nowhere": "/nowhere/python3",
        "unknown": "python-of-nowhere",
        "text": "./no-program.txt",
        "directory": "directory",
        "no_python": "true",
        "echoes": "echo",
        "fails": "false",
        "old": str(old),
        "words": "python3 -I",
    }
    step = {"token": GOOD, "url": known.url}
    job = runner(*(use(name, step, python=value) for name, value in unusable.items()))
    for name in unusable:
        assert job[name].verdict == UNUSABLE, (name, job[name].log)
        assert job[name].error.properties["title"] == "usage-error"
        assert re.search("input `?python`?", job[name].error.data), name
        assert job[name].summary, name
        assert set(job[name].outputs) == OUTPUTS
    assert known.requests == []


def test_the_python_input_may_be_a_name_or_a_path_from_the_workspace(
    bare: Runner, known: GitLab
) -> None:
    bare.add_uv()
    spy = Spy(bare.directory / "own-spy")
    own = interpreter(bare.directory / "own", spy).parents[1]
    bare.add("python-of-ours", f'exec {quoted(own / "bin" / "python")} "$@"')
    step = {"token": GOOD, "url": known.url}
    job = bare(
        sh(f"cp -a {quoted(own)} .venv && cp -a {quoted(own)} 'with blank'"),
        use("relative", step, python=".venv/bin/python"),
        use("dotted", step, python="./.venv/bin/python3"),
        use("blank", step, python="with blank/bin/python"),
        use("named", step, python="python-of-ours"),
    )
    for name in ("relative", "dotted", "blank", "named"):
        assert job[name].verdict == ("success", "true", "ok", "0"), (name, job[name].log)
    assert spy.records


def test_paths_with_blanks_are_no_hindrance(runner: Runner, known: GitLab) -> None:
    # act itself cannot work in such a place: the job moves there, and the stand-in for bash follows.
    runner.before_bash = (
        'moved="${GITHUB_WORKSPACE} of ours"',
        'if [ -d "$moved" ]; then',
        '  cd "$moved"',
        '  GITHUB_ACTION_PATH="$moved${GITHUB_ACTION_PATH#"$GITHUB_WORKSPACE"}"',
        '  GITHUB_WORKSPACE="$moved" RUNNER_TEMP="$RUNNER_TEMP of ours"',
        '  mkdir -p "$RUNNER_TEMP"',
        "  export GITHUB_ACTION_PATH GITHUB_WORKSPACE RUNNER_TEMP",
        "fi",
    )
    runner.write({"conf/my policy.yml": "version: 1\nscopes: [api]\n"})
    config = "conf/my policy.yml"
    report = "junit=the report.xml"
    job = runner(
        sh('cp -a "$GITHUB_WORKSPACE" "$GITHUB_WORKSPACE of ours"'),
        use("one", token=GOOD, url=known.url, config=config, report=report),
        use("two", token=GOOD, url=known.url),
        sh('pwd; ls; echo "$RUNNER_TEMP"', id="after"),
    )
    assert [job[name].verdict for name in ("one", "two")] == [("success", "true", "ok", "0")] * 2, (
        job["one"].log
    )
    assert " of ours/" in job["one"].outputs["report"]
    assert job["one"].report is not None
    assert "the report.xml" in job.output("after")
    assert len(runner.spy.installations) == 1


def test_an_address_that_needs_a_private_authority_is_reached_with_ca_file(
    runner: Runner, tls: Certificates
) -> None:
    runner.write({"certs/our ca.pem": tls.ca_file.read_text()})
    with GitLab(tls=tls.good) as secure:
        secure.add(Token(GOOD))
        step = {"token": GOOD, "url": secure.url}
        other = str(tls.other_ca_file)
        job = runner(
            use("relative", step, ca_file="certs/our ca.pem"), use("other", step, ca_file=other)
        )
    assert job["relative"].verdict == ("success", "true", "ok", "0"), job["relative"].log
    assert job["other"].verdict == (FAILED, "false", "tls-error", "31")


# The files of the action


def steps() -> list[dict[str, Any]]:
    found = ACTION["runs"]["steps"]
    assert isinstance(found, list)
    return found


def test_the_action_is_composite_and_uses_no_other() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert steps()
    for step in steps():
        assert "uses" not in step
        assert step["shell"] == "bash"


def test_no_expression_stands_in_a_script() -> None:
    for step in steps():
        assert "${{" not in step["run"]
        assert "working-directory" not in step


def test_inputs_are_the_settings_each_with_a_description_and_no_default_of_its_own() -> None:
    assert set(ACTION["inputs"]) == INPUTS
    for name, about in ACTION["inputs"].items():
        assert len(about["description"]) > 10, name
        assert about.get("default", "") == "", name
        assert not about.get("required", False), name
        assert set(about) <= {"description", "required", "default"}


def test_outputs_are_those_of_the_contract_each_with_a_description() -> None:
    assert set(ACTION["outputs"]) == OUTPUTS
    for name, about in ACTION["outputs"].items():
        assert len(about["description"]) > 10, name
        assert f"outputs.{name}" in about["value"] or f"outputs['{name}']" in about["value"], name


def test_each_input_is_handed_on_by_env_and_the_token_to_one_step_only() -> None:
    handed = [
        re.findall(r"inputs(?:\.([\w-]+)|\['([\w-]+)'\])", json.dumps(step.get("env", {})))
        for step in steps()
    ]
    names = [{dotted or quoted for dotted, quoted in found} for found in handed]
    assert set().union(*names) == INPUTS
    assert sum("token" in found for found in names) == 1
    everywhere = json.dumps(
        [{key: value for key, value in step.items() if key != "env"} for step in steps()]
    )
    assert "inputs.token" not in everywhere
    for step in steps():
        assert "toJSON" not in json.dumps(step)
        assert "secrets" not in json.dumps(step.get("env", {}))


def test_every_requirement_of_the_lock_is_exact_and_has_hashes() -> None:
    assert locked()
    for requirement, hashes in locked().values():
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        assert "*" not in specifier.version
        assert not requirement.url
        assert hashes


def test_the_lock_names_no_index_and_no_other_file() -> None:
    text = re.sub(r"(^|\s)#.*", "", LOCK.read_text(encoding="utf-8"))
    assert "://" not in LOCK.read_text(encoding="utf-8")
    assert not re.search(r"(^|\s)(-\w|--(?!hash=))", text)


PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


class Platform(NamedTuple):
    """What Python and uv call a kind of runner."""

    name: str
    machines: tuple[str, ...]


PLATFORMS = {
    "Linux": Platform("linux", ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")),
    "macOS": Platform("darwin", ("x86_64-apple-darwin", "aarch64-apple-darwin")),
    "Windows": Platform("win32", ("x86_64-pc-windows-msvc",)),
}


def test_the_lock_covers_what_its_packages_require_and_nothing_else(wheels: Path) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.search(r"^dependencies = (\[.*?\])", project, re.MULTILINE | re.DOTALL)
    assert named
    wanted = [Requirement(text) for text in json.loads(named[1])]
    needed = {canonicalize_name(requirement.name) for requirement in wanted}
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            head = Parser().parsestr(archive.read(path).decode())
        for text in head.get_all("Requires-Dist", []):
            requirement = Requirement(text)
            machines = [
                {
                    "python_version": version,
                    "python_full_version": f"{version}.1",
                    "sys_platform": platform.name,
                }
                for version in PYTHONS
                for platform in PLATFORMS.values()
            ]
            if requirement.marker is None or any(
                requirement.marker.evaluate({**machine, "extra": ""}) for machine in machines
            ):
                wanted.append(requirement)
                needed.add(canonicalize_name(requirement.name))
    lock = locked()
    assert set(lock) == needed
    for requirement in wanted:
        (specifier,) = lock[canonicalize_name(requirement.name)][0].specifier
        assert requirement.specifier.contains(specifier.version), requirement


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_can_be_installed_on_every_runner(platform: str, tmp_path: Path) -> None:
    for machine in PLATFORMS[platform].machines:
        for version in (PYTHONS[0], PYTHONS[-1]):
            command = [
                str(UV),
                "pip",
                "install",
                "--dry-run",
                "--quiet",
                "--no-deps",
                "--require-hashes",
            ]
            command += ["--system-certs"]  # those of this machine, as pip takes them
            command += [
                "--only-binary",
                ":all:",
                "--python-platform",
                machine,
                "--python-version",
                version,
            ]
            command += ["--target", str(tmp_path / "target"), "--requirement", str(LOCK)]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
            )
            assert done.returncode == 0, (machine, version, done.stderr)


def test_the_example_of_the_readme_is_one_that_runs(runner: Runner, known: GitLab) -> None:
    blocks = re.findall(
        r"^```yaml\n(.*?)^```",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.S,
    )
    found = []
    for block in blocks:
        document = yaml.safe_load(block)
        entries = document if isinstance(document, list) else []
        found += [entry for entry in entries if "glcheck@" in str(entry.get("uses", ""))]
    assert found
    assert set().union(*(entry["with"] for entry in found)) <= INPUTS
    inputs = {name: str(value) for name, value in found[0]["with"].items()}
    job = runner(Use("used", inputs | {"token": GOOD, "url": known.url}))
    assert job["used"].verdict == ("success", "true", "ok", "0")
    assert datetime.now(timezone.utc).date().isoformat() < job["used"].outputs["expires-at"]
    assert Path(job["used"].outputs["report"]).is_absolute()
