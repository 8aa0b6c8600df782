"""The GitLab component, run for real by gitlab-ci-local: verdicts, reports, inputs, and what it lets nobody do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit import node
from kit.act import DEAD, ROOT, Index, download, interpreter, once, quoted, tools
from kit.act import script as stand_in
from kit.gitlab_ci_local import REPORTS, TEMPLATE, Job, Ran, Runner, Use, at, pipeline
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, certificates, in_days
from kit.reports import CODES, VALIDATOR, value_for

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
GUIDE = ROOT / "docs" / "gitlab-ci.md"
README = ROOT / "README.md"
CONFIG = json.loads((ROOT / "docs" / "schema" / "config-v1.json").read_text(encoding="utf-8"))
HEAD, BODY = TEMPLATE.read_text(encoding="utf-8").split("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(HEAD)["spec"]["inputs"]
OF_THE_JOB = {"stage", "job-name", "image"}
# The variables of the job, and the inputs that they come from.
VARIABLES = {
    f"GLCHECK_{name.upper().replace('-', '_')}": name for name in INPUTS if name not in OF_THE_JOB
}
POLICY = {
    "version": 1,
    "tokens": [
        {"name": "release", "token-env": "RELEASE_TOKEN", "scopes": ["read_api"]},
        {"name": "mirror", "token-env": "MIRROR_TOKEN", "scopes": ["api", "sudo"]},
        {"name": "absent", "token-env": "ABSENT_TOKEN", "allow": ["token-missing"]},
    ],
}
ROLES = ("guest", "planner", "reporter", "security-manager", "developer", "maintainer", "owner")
RELEASE, MIRROR = value_for("release"), value_for("mirror")
# Modules that would leave a trace if they were imported from the checkout.
TRAPS = dict.fromkeys(
    ("pip.py", "requests.py", "yaml.py", "glcheck/__init__.py", "argparse.py", "sitecustomize.py"),
    'open("IMPORTED", "a").write(__file__)\n',
)
HOSTILE = (
    '$(touch PWNED) `touch PWNED` "; touch PWNED; \'"; touch PWNED; # a: - [b] {c} & d | e > PWNED < f *? ! ~ \\ \\\\ '
    "%PATH% @g $((1)) \N{SNOWMAN} \\n --help || touch PWNED"
)
MILD = HOSTILE.replace('"', "").replace("\\", "")  # what the name of a job may be


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the programs that a runner has, less Python and uv."""
    return once(tmp_path_factory, "programs", tools)


@pytest.fixture(scope="session")
def client(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give gitlab-ci-local, installed."""
    cache = getattr(
        pytestconfig, "cache", None
    )  # the directory is that of test_action.py: one installation for both
    return node.install(
        Path(cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("client"))
    )


# Each verdict, each input


class Case(NamedTuple):
    """A use of the component, and the verdict that the contract gives on it."""

    id: str
    category: str
    inputs: Mapping[str, object] = {}
    token: Token | str | None = Token("")  # a text is a value that GitLab does not know
    warns: tuple[str, ...] = ()
    job: Mapping[str, Any] = {}

    @property
    def secret(self) -> str:
        """The value of its token; empty if it has none."""
        if isinstance(self.token, Token):
            return self.token.value or value_for(self.id)
        return self.token or ""

    @property
    def variable(self) -> str:
        """The name of the variable that holds it."""
        return str(self.inputs.get("token-env", f"TOKEN_{self.id.upper()}")) or "GITLAB_TOKEN"

    @property
    def use(self) -> Use:
        """The use as it is written into the pipeline."""
        return Use(self.id, {"token-env": self.variable, **self.inputs}, self.job)


class Verdict(NamedTuple):
    """What is expected of a job."""

    category: str
    warns: tuple[str, ...]
    secret: str


class Verdicts(NamedTuple):
    """A pipeline that uses the component many times, what is expected of it, and what GitLab was asked."""

    ran: Ran
    expected: dict[str, Verdict]
    requests: list[tuple[str, dict[str, str]]]

    def asked(self, case: str) -> list[str]:
        """Return the paths that were asked with the token of a case."""
        secret = self.expected[case].secret
        return [
            path
            for path, headers in self.requests
            if any(secret in value for value in headers.values())
        ]

    @property
    def jobs(self) -> Iterator[tuple[Job, Verdict]]:
        """All jobs of the component."""
        return ((self.ran[name], verdict) for name, verdict in self.expected.items())


def with_variables(**variables: str) -> dict[str, Any]:
    return {"variables": variables}


def token_cases(gitlab: GitLab, old: GitLab) -> tuple[Case, ...]:
    """Return cases in which GitLab's word on the token decides, or nobody's."""

    def served(name: str, answer: Answer) -> dict[str, Any]:
        gitlab.always(answer, f"/{name}/")
        return with_variables(CI_API_V4_URL=f"{gitlab.url}/{name}/api/v4")

    forked = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_PROJECT_PATH": "group/app",
    }
    forked |= {"CI_MERGE_REQUEST_PROJECT_ID": "1217", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "99"}
    forked |= {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/app"}
    own = {
        **forked,
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "group/app",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1217",
    }
    stranger = {
        "CI_PROJECT_ID": "99",
        "CI_PROJECT_PATH": "stranger/app",
        "CI_PROJECT_URL": f"{gitlab.url}/stranger/app",
    }
    return (
        Case("plain", "ok", {"token-env": ""}),
        Case("good", "ok", {"scopes": "api, read_registry", "min-validity": "14d"}),
        Case("forever", "ok", token=Token("", expires_at=None)),
        Case(
            "ending",
            "ok",
            token=Token("", expires_at=in_days(3), created_at=in_days(-300)),
            warns=("expires-soon",),
        ),
        Case("newline", "ok", token=Token(value_for("newline") + "\n"), warns=("token-malformed",)),
        Case("unprotected", "token-missing", token=None),
        Case(
            "protected",
            "token-missing",
            token=None,
            job=with_variables(CI_COMMIT_REF_PROTECTED="true"),
        ),
        Case("fork", "token-missing", token=None, job=with_variables(**forked, **stranger)),
        Case("own_request", "token-missing", token=None, job=with_variables(**own)),
        Case("foreign", "token-malformed", token="ghp_0123456789abcdefABCDEF0123456789abcd"),
        Case("unexpanded", "token-malformed", token="$MISSING_TOKEN"),
        Case("unknown", "token-invalid", token=value_for("unknown")),
        Case("expired", "token-expired", token=Token("", expires_at=in_days(-1))),
        Case("revoked", "token-revoked", token=Token("", revoked=True)),
        Case("blocked", "account-restricted", token=Token("", state="blocked")),
        Case("deploy", "wrong-token-kind", token=Token("gldt-Zx7Qw9Er2Ty5Ui8Op3As", kind="deploy")),
        Case("granular", "scope-unknown", {"scopes": "api"}, Token("", kind="fine-grained")),
        Case(
            "refused",
            "network-error",
            job=with_variables(CI_API_V4_URL="http://127.0.0.1:1/api/v4"),
        ),
        Case(
            "busy",
            "rate-limited",
            job=served("busy", Answer(429, "Retry later\n", (("Retry-After", "3600"),))),
        ),
        Case(
            "broken",
            "server-error",
            job=served("broken", Answer(500, {"message": "500 Internal Server Error"})),
        ),
        Case(
            "portal",
            "unexpected-answer",
            job=served("portal", Answer(200, "<!DOCTYPE html><title>Sign in</title>")),
        ),
        Case("old", "unsupported-server", job=with_variables(**at(old))),
    )


def input_cases(secure: GitLab, prefixed: GitLab, ca_file: Path) -> tuple[Case, ...]:
    """Return cases each of which shows that an input, or what a job knows, arrives."""
    narrow = Token("", scopes=("read_api", "read_user"))
    ending = Token("", expires_at=in_days(3), created_at=in_days(-300))
    found = {"before_script": ["cp conf/policy.yml .glcheck.yml"]}
    elsewhere = {"CI_API_V4_URL": f"{prefixed.url}/api/v4", "CI_SERVER_URL": "http://127.0.0.1:1"}
    return (
        Case("other_stage", "ok", {"stage": "test"}),
        Case("other_image", "ok", {"image": "registry.example.com/tools/glcheck:1"}),
        Case("requirement", "ok", {"requirement": "glcheck==0.0.1"}),
        Case("variable", "ok", {"token-env": "A_TOKEN_OF_MINE"}),
        Case("scopes", "scope-missing", {"scopes": "api, sudo"}, narrow),
        Case("forbid", "scope-forbidden", {"forbid-scopes": "read_user api"}, narrow),
        Case("min", "expires-soon", {"min-validity": "200d"}),
        Case("days", "expires-soon", {"min-validity": "200"}),
        Case("warn", "ok", {"warn-validity": "200d"}, warns=("expires-soon",)),
        Case("never", "ok", {"warn-validity": "0"}, ending),
        Case("project", "ok", {"project": "group/app"}),
        Case("running", "ok", {"project": "$CI_PROJECT_PATH"}),
        Case("nowhere", "not-found", {"project": "group/nowhere"}),
        Case("group", "ok", {"group": "group/sub"}),
        Case("groupless", "not-found", {"group": "nowhere"}),
        Case("role", "role-too-low", {"project": "group/app", "role": "maintainer"}),
        Case("member", "ok", {"project": "group/app", "role": "developer"}),
        Case("homeless", "usage-error", {"role": "owner"}),
        Case("both", "usage-error", {"project": "group/app", "group": "group/sub"}),
        Case(
            "config",
            "scope-missing",
            {"config": "conf/policy.yml", "token-env": ""},
            None,
            ("token-missing",),
        ),
        Case("found", "scope-missing", {"token-env": ""}, None, ("token-missing",), found),
        Case("misspelt", "config-error", {"config": "conf/bad.yml"}),
        Case(
            "allow",
            "ok",
            {"scopes": "sudo", "allow": "expires-soon, scope-missing"},
            warns=("scope-missing",),
        ),
        Case("other", "lives-too-long", job=with_variables(GLCHECK_MAX_VALIDITY="7d")),
        Case(
            "job",
            "ok",
            {"token-env": "CI_JOB_TOKEN"},
            Token("glcbt-64_9f2d7c5ab1e84f3c96d0", kind="job"),
        ),
        Case(
            "job_scopes",
            "wrong-token-kind",
            {"scopes": "api"},
            Token("glcbt-64_7c5ab1e84f3c96d09f2d", kind="job"),
        ),
        Case("trace", "ok", job=with_variables(CI_DEBUG_TRACE="true")),
        Case("no_trace", "ok", job=with_variables(CI_DEBUG_TRACE="false")),
        Case("prefixed", "ok", job=with_variables(**elsewhere)),
        Case("trusted", "ok", job=with_variables(**at(secure), CI_SERVER_TLS_CA_FILE=str(ca_file))),
        Case("distrusted", "tls-error", job=with_variables(**at(secure))),
        Case(
            "lenient",
            "expires-soon",
            {"min-validity": "200d"},
            job={"allow_failure": {"exit_codes": 20}},
        ),
        Case(
            "strict",
            "scope-missing",
            {"scopes": "api"},
            narrow,
            job={"allow_failure": {"exit_codes": [20]}},
        ),
    )


def later(job: str, *script: str) -> dict[str, object]:
    """Return a job that follows a job, whatever became of that."""
    return {
        "stage": "after",
        "needs": [{"job": job}],
        "when": "always",
        "before_script": [],
        "script": script,
    }


def run_cases(runner: Runner) -> None:
    """Run a pipeline in which all sorts of tokens are checked, and every input is used."""
    runner.add_glcheck()
    for installer in ("python3", "python", "pip", "pip3", "uv"):
        runner.add(installer, runner.spy.recording("installer"), "exit 1")
    runner.write(
        {
            **TRAPS,
            "conf/policy.yml": json.dumps(POLICY),
            "conf/bad.yml": "version: 1\nscops: [api]\n",
        }
    )
    (runner.directory / "tls").mkdir()
    tls = certificates(runner.directory / "tls")
    with (
        GitLab() as gitlab,
        GitLab(version="15.4.0") as old,
        GitLab(tls=tls.good) as secure,
        GitLab(prefix="/gitlab") as prefixed,
    ):
        cases = (*token_cases(gitlab, old), *input_cases(secure, prefixed, tls.ca_file))
        env = {"RELEASE_TOKEN": RELEASE, "MIRROR_TOKEN": MIRROR}
        servers = (gitlab, old, secure, prefixed)
        for server in servers:
            server.add(Token(RELEASE))
            server.add(Token(MIRROR, scopes=("read_api",)))
            for case in cases:
                if isinstance(case.token, Token):
                    server.add(case.token._replace(value=case.secret.strip()))
            server.add_project(Project("group/app", members={7: 30}))
            server.add_group(Group("group/sub", members={7: 30}))
        env |= {case.variable: case.secret for case in cases if case.token is not None}
        dotenv = "env | grep ^GLCHECK_ | sort"
        flow = pipeline(
            (case.use for case in cases),
            stages=["test", "after"],
            variables=at(gitlab),
            default={"before_script": ["exit 9"]},
            ordinary={"stage": "test", "needs": [], "script": ["true"]},
            after_good=later(
                "good", dotenv, "glcheck check --token-env RELEASE_TOKEN --scopes api"
            ),
            after_scopes=later("scopes", dotenv),
        )
        runner(flow, env=env)
        asked = [
            (request.path, request.headers) for server in servers for request in server.requests
        ]
    expected = {case.id: Verdict(case.category, case.warns, case.secret.strip()) for case in cases}
    (runner.directory / "told.json").write_text(
        json.dumps({"expected": expected, "requests": asked})
    )


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Verdicts:
    """Give the pipeline in which all sorts of tokens are checked, run once for all workers."""
    place = once(
        tmp_path_factory,
        "component",
        lambda directory: run_cases(Runner(directory, client, programs)),
    )
    told = json.loads((place / "told.json").read_text())
    expected = {
        name: Verdict(category, tuple(warns), key)
        for name, (category, warns, key) in told["expected"].items()
    }
    return Verdicts(Ran(place), expected, [(path, headers) for path, headers in told["requests"]])


def test_each_job_ends_with_the_exit_code_of_its_verdict(verdicts: Verdicts) -> None:
    found = {job.name: (job.state, job.code) for job, _ in verdicts.jobs}
    expected = {}
    for name, verdict in verdicts.expected.items():
        state = "WARN" if name == "lenient" else "PASS" if verdict.category == "ok" else "FAIL"
        expected[name] = (state, CODES[verdict.category])
    assert found == expected
    assert verdicts.ran.code == 1


def test_the_json_report_of_each_job_is_valid_and_has_its_verdict(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        report = job.report
        VALIDATOR.validate(report)
        assert (report["category"], report["exit_code"]) == (
            verdict.category,
            CODES[verdict.category],
        ), job.name
        warnings = {
            problem["category"] for problem in job.problems if problem["severity"] == "warning"
        }
        assert warnings == set(verdict.warns), job.name


def test_the_log_of_each_job_has_every_problem_with_its_fix(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        for problem in job.problems:
            assert f"{problem['severity']}[{problem['category']}]" in job.log, job.name
            for part in ("message", "fix", "docs"):
                assert problem[part] in job.log, (job.name, part)


def test_a_job_that_is_allowed_to_fail_with_20_warns_with_20_and_fails_with_21(
    verdicts: Verdicts,
) -> None:
    assert [(job.state, job.code) for job in (verdicts.ran["lenient"], verdicts.ran["strict"])] == [
        ("WARN", 20),
        ("FAIL", 21),
    ]


def test_a_server_fault_ends_with_the_code_to_retry_on_after_one_request(
    verdicts: Verdicts,
) -> None:
    # The client knows no `retry: exit_codes`: what GitLab acts on is shown, not that it does.
    assert (verdicts.ran["broken"].code, len(verdicts.asked("broken"))) == (33, 1)
    assert (verdicts.ran["scopes"].code, len(verdicts.asked("scopes"))) == (21, 1)


# What is asked, where, and with what


def test_without_inputs_the_usual_variable_is_checked_and_one_request_made(
    verdicts: Verdicts,
) -> None:
    (token,) = verdicts.ran["plain"].report["tokens"]
    assert token["source"] == "GITLAB_TOKEN"
    assert verdicts.asked("plain") == ["/api/v4/personal_access_tokens/self"]


def test_the_variable_is_the_one_that_is_named(verdicts: Verdicts) -> None:
    (token,) = verdicts.ran["variable"].report["tokens"]
    assert token["source"] == "A_TOKEN_OF_MINE"
    assert len(verdicts.asked("variable")) == 1


@pytest.mark.parametrize(
    ("case", "place"),
    [
        ("project", "projects/group%2Fapp"),
        ("running", "projects/group%2Fapp"),
        ("group", "groups/group%2Fsub"),
    ],
)
def test_the_project_or_group_is_the_one_that_is_named(
    verdicts: Verdicts, case: str, place: str
) -> None:
    assert [path.partition("?")[0] for path in verdicts.asked(case)][1:] == [f"/api/v4/{place}"]


def test_the_address_is_the_jobs_own_api_with_its_path(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        if verdict.category == "ok":
            assert job.call
            for token in job.report["tokens"]:
                assert f"{token['url']}/api/v4" == job.call.environ["CI_API_V4_URL"], job.name
    assert verdicts.asked("prefixed") == ["/gitlab/api/v4/personal_access_tokens/self"]
    assert len(verdicts.asked("trusted")) == 1
    assert verdicts.asked("distrusted") == []


def test_a_job_token_is_checked_as_a_job_token(verdicts: Verdicts) -> None:
    (token,) = verdicts.ran["job"].report["tokens"]
    assert token["token"]["kind"] == "job"
    assert verdicts.asked("job") == ["/api/v4/job"]
    (problem,) = verdicts.ran["job_scopes"].problems
    assert "job token" in problem["message"]


def test_a_policy_decides_over_all_its_tokens(verdicts: Verdicts) -> None:
    for name in ("config", "found"):
        tokens = verdicts.ran[name].report["tokens"]
        assert [(token["name"], token["category"]) for token in tokens] == [
            ("release", "ok"),
            ("mirror", "scope-missing"),
            ("absent", "ok"),
        ]


@pytest.mark.parametrize(
    ("case", "noted"), [("trace", True), ("no_trace", False), ("plain", False)]
)
def test_a_job_that_prints_its_variables_is_told_so(
    verdicts: Verdicts, case: str, noted: bool
) -> None:
    job = verdicts.ran[case]
    notes = [note for token in job.report["tokens"] for note in token["notes"]]
    assert any("CI_DEBUG_TRACE" in note for note in notes) == noted
    assert ("CI_DEBUG_TRACE" in job.log) == noted


# The job


def test_stage_name_and_image_are_those_that_are_given(verdicts: Verdicts) -> None:
    jobs = verdicts.ran.expanded
    assert (jobs["plain"]["stage"], jobs["other_stage"]["stage"]) == (".pre", "test")
    image = INPUTS["image"]["default"]
    assert [jobs[name]["image"]["name"] for name in ("plain", "other_image")] == [
        image,
        "registry.example.com/tools/glcheck:1",
    ]
    assert verdicts.expected.keys() <= jobs.keys()


def test_a_requirement_does_not_matter_where_glcheck_is_there(verdicts: Verdicts) -> None:
    variables = {
        name: verdicts.ran.expanded[name]["variables"] for name in ("plain", "requirement")
    }
    assert variables["plain"]["GLCHECK_REQUIREMENT"] == INPUTS["requirement"]["default"]
    assert variables["requirement"]["GLCHECK_REQUIREMENT"] == "glcheck==0.0.1"
    assert [record.argv for record in verdicts.ran.records if record.program == "installer"] == []


def test_glcheck_is_called_once_in_each_job_and_knows_no_value_from_its_command_line(
    verdicts: Verdicts,
) -> None:
    calls = [call.environ["CI_JOB_NAME"] for call in verdicts.ran.calls]
    assert sorted(calls) == sorted([*verdicts.expected, "after_good"])
    assert (
        len(
            {
                call.argv
                for call in verdicts.ran.calls
                if call.environ["CI_JOB_NAME"] != "after_good"
            }
        )
        == 1
    )


def test_a_global_before_script_does_not_reach_the_job(verdicts: Verdicts) -> None:
    assert verdicts.ran["ordinary"].code == 9
    assert verdicts.ran["plain"].code == 0


def test_nothing_is_imported_from_the_checkout(verdicts: Verdicts) -> None:
    assert [path for path in verdicts.ran.files if path.name == "IMPORTED"] == []
    assert (verdicts.ran["plain"].directory / "pip.py").exists()


def test_nothing_but_the_reports_is_left_behind(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        there = {
            str(path.relative_to(job.directory))
            for path in job.directory.rglob("*")
            if path.is_file()
        }
        there = {name for name in there if not name.startswith(".git/")}
        more = {".glcheck.yml"} if job.name == "found" else set()
        assert there == {
            ".gitlab-ci.yml",
            "templates/check.yml",
            "conf/policy.yml",
            "conf/bad.yml",
        } | set(TRAPS) | more | set(REPORTS), job.name
    assert [*verdicts.ran.temporary.iterdir()] == []


# A token that is not there


@pytest.mark.parametrize("name", ["unprotected", "protected", "own_request"])
def test_a_missing_token_is_told_with_the_variable_and_the_page_to_set_it_on(
    verdicts: Verdicts, name: str
) -> None:
    job = verdicts.ran[name]
    assert job.code == 10
    assert f"TOKEN_{name.upper()}" in job.log
    assert job.call
    assert f"{job.call.environ['CI_PROJECT_URL']}/-/settings/ci_cd" in job.log


def test_an_unprotected_branch_is_told_as_the_cause(verdicts: Verdicts) -> None:
    said = {name: verdicts.ran[name].log for name in ("unprotected", "own_request", "protected")}
    assert {name for name, log in said.items() if "not protected" in log} == {"unprotected"}
    assert {name for name, log in said.items() if "merge request pipeline" in log} == {
        "own_request"
    }


def test_on_a_protected_branch_an_environment_is_told_as_a_cause(verdicts: Verdicts) -> None:
    assert "environment" in verdicts.ran["protected"].log


def test_a_merge_request_from_a_fork_is_told_as_the_cause(verdicts: Verdicts) -> None:
    job = verdicts.ran["fork"]
    assert job.code == 10
    assert "TOKEN_FORK" in job.log
    assert "fork" in job.log, job.log
    assert "fork" not in verdicts.ran["own_request"].log


# Reports


def test_each_job_writes_all_reports_and_declares_them(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        artifacts = verdicts.ran.expanded[job.name]["artifacts"]
        assert artifacts == {
            "when": "always",
            "paths": ["glcheck.json"],
            "reports": {
                "junit": "glcheck.xml",
                "annotations": "glcheck-links.json",
                "dotenv": "glcheck.env",
            },
        }
        for report in REPORTS:
            assert (job.directory / report).is_file(), (job.name, report)


def test_what_is_to_be_kept_is_kept_also_when_the_job_fails(verdicts: Verdicts) -> None:
    for job, _ in verdicts.jobs:
        assert (job.artifacts / "glcheck.json").read_text(encoding="utf-8") == job.text(
            "glcheck.json"
        )
        assert (
            job.artifacts / ".gitlab-ci-reports" / "dotenv" / "glcheck.env"
        ).read_text() == job.text("glcheck.env")


def test_the_junit_report_is_what_gitlab_reads(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        root = ET.fromstring(job.text("glcheck.xml"))
        assert root.tag == "testsuites"
        outcomes: list[str] = []
        named = []
        for suite in root:
            assert (suite.tag, bool(suite.get("name"))) == ("testsuite", True)
            for case in suite:
                assert (case.tag, bool(case.get("name")), bool(case.get("classname"))) == (
                    "testcase",
                    True,
                    True,
                )
                named.append((suite.get("name"), case.get("classname"), case.get("name")))
                found = [child.tag for child in case]
                assert set(found) <= {"failure", "error", "skipped", "system-out"}, (
                    job.name,
                    found,
                )
                outcome = [tag for tag in found if tag != "system-out"]
                assert len(outcome) <= 1, (job.name, found)
                outcomes += outcome
                for child in case:
                    assert child.tag == "skipped" or child.get("message") or child.text, (
                        job.name,
                        child.tag,
                    )
        assert len(named) == len(set(named)) > 0, job.name
        counts = {"tests": len(named)}
        counts |= {
            name: outcomes.count(tag)
            for name, tag in (("failures", "failure"), ("errors", "error"))
        }
        counts["skipped"] = outcomes.count("skipped")
        assert {name: int(root.attrib[name]) for name in counts} == counts, job.name
        if verdict.category == "ok":
            assert counts["failures"] == counts["errors"] == 0, job.name
        elif 10 <= CODES[verdict.category] < 30:
            assert counts["failures"], job.name
        else:
            assert counts["failures"] + counts["errors"], job.name


# Categories that a page repairs: a new token, the settings of variables, or the members of a project.
REPAIRED = {
    "token-missing", "token-malformed", "token-invalid", "token-expired", "token-revoked", "expires-soon",
    "scope-missing", "scope-forbidden", "scope-unknown", "role-too-low", "lives-too-long",
}  # fmt: skip


def links_of(text: str) -> list[str]:
    """Return the addresses of an annotations report, and refuse what GitLab refuses in one."""
    assert len(text.encode()) <= 80 * 1024
    sections = json.loads(text)
    assert isinstance(sections, dict)
    assert len(sections) <= 20
    found = []
    for items in sections.values():
        assert isinstance(items, list)
        assert len(items) <= 1000
        for item in items:
            assert item.keys() == {"external_link"}
            link = item["external_link"]
            assert link.keys() == {"label", "url"}
            assert isinstance(link["label"], str)
            assert link["label"].strip()
            address = urlsplit(link["url"])
            assert address.scheme in {"http", "https"}
            assert address.hostname
            found.append(link["url"])
    return found


def addresses(text: str) -> set[str]:
    """Return the addresses in a text, without what ends a sentence."""
    return {found.rstrip(".,;:)") for found in re.findall(r"https?://\S+", text)}


def test_the_links_are_an_annotations_report_with_at_most_one_for_each_token_with_a_problem(
    verdicts: Verdicts,
) -> None:
    for job, _ in verdicts.jobs:
        found = links_of(job.text("glcheck-links.json"))
        tokens = [token for token in job.report["tokens"] if token["problems"]]
        assert len(found) <= len(tokens), (job.name, found)
        assert len(found) >= len([token for token in tokens if not token["ok"]]), (job.name, found)
        told = {url for problem in job.problems for url in addresses(problem["fix"])}
        assert set(found) <= told | {token["url"] for token in tokens}, job.name


def test_the_link_of_a_failing_token_leads_to_the_page_that_repairs_it(verdicts: Verdicts) -> None:
    shown, astray = 0, {}
    for job, verdict in verdicts.jobs:
        tokens = [token for token in job.report["tokens"] if not token["ok"]]
        if (
            verdict.category in REPAIRED and len(tokens) == 1 and job.name != "fork"
        ):  # no page repairs that
            # An address without a path is that of GitLab itself, where nothing is repaired.
            told = {
                url
                for problem in tokens[0]["problems"]
                for url in addresses(problem["fix"])
                if urlsplit(url).path
            }
            found = links_of(job.text("glcheck-links.json"))
            shown += 1
            if not told & set(found):
                astray[job.name] = found
    assert shown > 15
    assert astray == {}


def variables_of(text: str) -> dict[str, str]:
    """Read a dotenv report, and refuse what GitLab refuses in one."""
    assert len(text.encode()) <= 5 * 1024
    assert text.endswith("\n")
    lines = text.split("\n")[:-1]
    found = {}
    for line in lines:
        match = re.fullmatch(r"""([A-Za-z0-9_]+)=([^\s"'#]*)""", line)
        assert match, line
        found[match[1]] = match[2]
    assert len(found) == len(lines)
    return found


def test_the_variables_are_a_dotenv_report_that_agrees_with_the_other(verdicts: Verdicts) -> None:
    for job, verdict in verdicts.jobs:
        decided = [token for token in job.report["tokens"] if token["category"] == verdict.category]
        token = decided[0]["token"] if decided else None
        days = token["days_left"] if token else None
        assert variables_of(job.text("glcheck.env")) == {
            "GLCHECK_OK": "true" if verdict.category == "ok" else "false",
            "GLCHECK_CATEGORY": verdict.category,
            "GLCHECK_EXIT_CODE": str(CODES[verdict.category]),
            "GLCHECK_DAYS_LEFT": "" if days is None else str(days),
        }, job.name


@pytest.mark.parametrize("name", ["good", "scopes"])
def test_a_later_job_gets_the_variables(verdicts: Verdicts, name: str) -> None:
    log = verdicts.ran[f"after_{name}"].log
    expected = variables_of(verdicts.ran[name].text("glcheck.env"))
    assert dict(re.findall(r"^(GLCHECK_\w+)=(.*)$", log, re.MULTILINE)) == expected
    assert expected["GLCHECK_DAYS_LEFT"] == "99"


def test_a_check_in_a_later_job_minds_none_of_them(verdicts: Verdicts) -> None:
    assert verdicts.ran["after_good"].code == 0


def test_no_token_is_in_a_log_a_report_or_anything_else_that_a_job_left(verdicts: Verdicts) -> None:
    secrets = {verdict.secret for verdict in verdicts.expected.values()} | {RELEASE, MIRROR}
    secrets -= {"", "$MISSING_TOKEN"}
    assert len(secrets) > 40
    held = {value for record in verdicts.ran.calls for value in record.environ.values()}
    assert secrets <= {value.strip() for value in held}  # they were there to be told
    texts = {str(path): path.read_bytes().decode(errors="replace") for path in verdicts.ran.files}
    texts["printed"] = verdicts.ran.printed
    texts["argv"] = "\n".join(word for record in verdicts.ran.records for word in record.argv)
    assert len(texts) > 5 * len(verdicts.expected)
    for name, text in texts.items():
        assert [secret[:8] for secret in secrets if secret[-16:] in text] == [], name


# Inputs that are not what they should be


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Runner:
    """Give a runner for pipelines that never start."""
    return Runner(tmp_path_factory.mktemp("refusing") / "runner", client, programs)


REFUSED: dict[str, dict[str, object]] = {
    "a number": {"scopes": 5},
    "a list": {"scopes": ["api"]},
    "a bare number of days": {"min-validity": 14},
    "a boolean": {"allow": True},
    "an unknown role": {"role": "boss"},
    "a variable in place of its name": {"token-env": "$GITLAB_TOKEN"},
    "a token": {"token-env": value_for("refused")},
    "a script": {"token-env": "$(touch PWNED)"},
    "two lines of scopes": {"scopes": "api\nread_user"},
    "two lines of forbidden scopes": {"forbid-scopes": "api\nread_user"},
    "two lines of categories": {"allow": "expires-soon\nscope-missing"},
    "two lines of a name": {"job-name": "check\ntoken"},
    "a quote in a name": {"job-name": 'check"token'},
    "no name": {"job-name": ""},
}


@pytest.mark.parametrize("inputs", REFUSED.values(), ids=REFUSED)
def test_an_input_of_the_wrong_kind_is_refused_before_anything_runs(
    refusing: Runner, inputs: Mapping[str, object]
) -> None:
    flow: dict[str, object] = {
        "include": [{"local": "/templates/check.yml", "inputs": dict(inputs)}]
    }
    ran = refusing(flow)
    assert ran.code == 1, ran.printed
    (name,) = inputs
    assert re.search(
        rf"`{name}` input: .*(not a string|allowed options|not match required regex)",
        ran.err,
        re.DOTALL,
    )
    assert "starting" not in ran.out


def test_the_inputs_that_are_refused_are_the_only_fault(refusing: Runner) -> None:
    assert refusing(pipeline([Use("check-token", {})]), "--list-json").code == 0


def test_every_input_has_a_type_a_default_and_a_description() -> None:
    for name, entry in INPUTS.items():
        assert entry["type"] == "string", name
        assert isinstance(entry["default"], str), name
        assert len(entry["description"]) > 10, name
        if "options" in entry:
            assert entry["default"] in entry["options"], name
        if "regex" in entry:
            assert re.search(entry["regex"], entry["default"]), name
    wanted = {
        "scopes",
        "forbid-scopes",
        "min-validity",
        "warn-validity",
        "project",
        "group",
        "role",
        "config",
        "allow",
    }
    assert set(INPUTS) == wanted | {"stage", "job-name", "image", "token-env", "requirement"}
    assert set(INPUTS["role"]["options"]) == {"", *ROLES}


# Inputs that mean something to a shell


FREE = [name for name in VARIABLES.values() if name not in {"token-env", "role"}]


def run_hostile(runner: Runner) -> None:
    """Run a pipeline in which each input that takes any text is a shell script."""
    runner.add_glcheck()
    uses = [Use(name, {name: HOSTILE}) for name in FREE]
    uses.append(Use("all", {**dict.fromkeys(FREE, HOSTILE), "image": MILD, "stage": MILD}))
    with GitLab() as gitlab:
        gitlab.add(Token(RELEASE))
        uses.append(Use(MILD, {}))
        runner(pipeline(uses, stages=[MILD], variables=at(gitlab)), env={"GITLAB_TOKEN": RELEASE})


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Ran:
    """Give the pipeline with hostile inputs, run once for all workers."""
    return Ran(
        once(
            tmp_path_factory,
            "hostile",
            lambda directory: run_hostile(Runner(directory, client, programs)),
        )
    )


@pytest.mark.parametrize("name", [*FREE, "all", MILD], ids=[*FREE, "all", "job-name"])
def test_an_input_that_is_a_script_ends_in_a_verdict_and_not_in_a_shell(
    hostile: Ran, name: str
) -> None:
    job = hostile[name]
    assert job.code in set(CODES.values()), job.log
    assert (job.code == 0) == (name in {"requirement", MILD}), job.log
    VALIDATOR.validate(job.report)
    assert job.call
    for variable, of in VARIABLES.items():
        default = INPUTS[of]["default"]
        assert job.call.environ[variable] == (
            HOSTILE if of == name or (name == "all" and of in FREE) else default
        )
    for report in REPORTS:
        assert (job.directory / report).is_file(), report


def test_no_input_runs_anything(hostile: Ran) -> None:
    places = (hostile.repository, hostile.directory / "home", hostile.temporary)
    assert [path for place in places for path in place.rglob("*") if path.name == "PWNED"] == []


# Installing


def build(directory: Path) -> None:
    """Fill a directory with the wheels of an index: what glcheck needs, and glcheck itself."""
    download(directory)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(directory),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def write_stub(path: Path, more: str = "") -> None:
    """Write a wheel with a glcheck that fails with 21 and says how it was called."""
    code = "import sys\ndef main():\n    print('a stub, called with', *sys.argv[1:])\n    sys.exit(21)\n"
    info = "glcheck-9.9.9.dist-info"
    files = {
        "glcheck_stub.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: glcheck\nVersion: 9.9.9\n{more}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nglcheck = glcheck_stub:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def listing(directory: Path) -> list[str]:
    """Return the names of all that is in a directory, what Python compiled aside."""
    found = []
    for place, folders, names in os.walk(directory):
        folders[:] = [folder for folder in folders if folder != "__pycache__"]
        found += [str(Path(place, name)) for name in (*folders, *names)]
    return sorted(found)


def run_installing(runner: Runner, wheels: Path) -> None:
    """Run a pipeline on a runner without glcheck."""
    programs = runner.path[-1]
    stub, newer = (
        runner.directory / name / "glcheck-9.9.9-py3-none-any.whl" for name in ("stub", "newer")
    )
    write_stub(stub)
    write_stub(newer, "Requires-Python: >=3.99\n")  # to which this Python is an old one
    python = interpreter(runner.directory / "python", runner.spy).parent
    pipless = interpreter(runner.directory / "pipless", runner.spy, pip=False).parent
    before = listing(runner.directory / "python")
    runner.path = [runner.bin, python, programs]
    runner.write({**TRAPS, "evil.txt": f"{stub}\n"})
    pathless = os.pathsep.join(map(str, (runner.bin, programs)))
    with GitLab() as gitlab, Index(wheels) as index:
        gitlab.add(Token(RELEASE))
        uses = (
            Use("installs", {"scopes": "api"}),
            Use("given", {"requirement": str(stub)}),
            Use("script", {"requirement": HOSTILE}),
            Use("option", {"requirement": "--requirement=evil.txt"}),
            Use("dead", {}, with_variables(PIP_INDEX_URL=DEAD)),
            Use("pythonless", {}, with_variables(PATH=pathless)),
            Use("pipless", {}, with_variables(PATH=os.pathsep.join((str(pipless), pathless)))),
            Use("outdated", {"requirement": str(newer)}),
        )
        env = {
            "GITLAB_TOKEN": RELEASE,
            "PIP_INDEX_URL": index.url,
            "PIP_CONFIG_FILE": os.devnull,  # this machine's own settings are not what is tested
            "PIP_CACHE_DIR": str(runner.directory / "pip-cache"),
            "PIP_RETRIES": "0",
            "PIP_TARGET": str(runner.directory / "astray"),
            "PIP_USER": "1",
            "PIP_REQUIRE_VIRTUALENV": "1",
        }
        runner(pipeline(uses, variables=at(gitlab)), env=env)
        told = {
            "requests": len(gitlab.requests),
            "changed": before != listing(runner.directory / "python"),
        }
    (runner.directory / "told.json").write_text(json.dumps(told))


@pytest.fixture(scope="session")
def installing(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Ran:
    """Give the pipeline on a runner without glcheck, run once for all workers."""
    wheels = once(tmp_path_factory, "component-wheels", build)

    def make(directory: Path) -> None:
        run_installing(Runner(directory, client, programs), wheels)

    return Ran(once(tmp_path_factory, "installing", make))


def test_a_job_without_glcheck_installs_it_and_checks(installing: Ran) -> None:
    job = installing["installs"]
    assert (job.state, job.code) == ("PASS", 0), job.log
    assert job.report["category"] == "ok"
    assert job.log.count("\n") <= 4, job.log  # pip has nothing to say
    assert json.loads((installing.directory / "told.json").read_text())["requests"] == 1


def test_the_requirement_is_the_one_that_is_given_and_its_exit_code_counts(installing: Ran) -> None:
    job = installing["given"]
    assert (job.state, job.code) == ("FAIL", 21), job.log
    assert "a stub, called with check " in job.log


@pytest.mark.parametrize("name", ["dead", "script", "option", "pythonless", "pipless", "outdated"])
def test_code_that_cannot_be_installed_fails_the_job_and_says_so(
    installing: Ran, name: str
) -> None:
    job = installing[name]
    assert (job.state, job.code) == ("FAIL", 1), job.log
    assert "glcheck could not be installed, so the token was not checked" in job.log
    assert "a stub" not in job.log
    assert not (job.directory / "glcheck.json").exists()


def test_an_installation_leaves_nothing_behind(installing: Ran) -> None:
    assert [*installing.temporary.iterdir()] == []
    assert [*(installing.directory / "home").iterdir()] == []
    assert not (installing.directory / "astray").exists()
    assert not json.loads((installing.directory / "told.json").read_text())["changed"]
    # It was put there, and not where nobody looks.
    targets = [
        record.argv[record.argv.index("--target") + 1]
        for record in installing.records
        if "install" in record.argv
    ]
    assert len(targets) == 7
    for target in targets:
        assert Path(target).parent.name == installing.temporary.name


def test_an_installation_imports_nothing_from_the_checkout(installing: Ran) -> None:
    assert [path for path in installing.files if path.name in {"IMPORTED", "PWNED"}] == []


# The template as a text


def rendered(**inputs: str) -> Any:
    """Return the job of the template as GitLab makes it: inputs are put into the text, and that is YAML then."""
    values = {name: entry["default"] for name, entry in INPUTS.items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    return yaml.safe_load(
        re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: values[found[1]], BODY)
    )


def test_the_template_has_nothing_global() -> None:
    assert rendered().keys() == {"check-token"}
    assert yaml.safe_load(HEAD).keys() == {"spec"}


def test_every_input_is_used() -> None:
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", BODY)) == set(INPUTS)
    assert BODY.count("$[[") == len(INPUTS)


def test_without_inputs_every_variable_but_the_requirement_is_empty() -> None:
    variables = rendered()["check-token"]["variables"]
    assert variables.keys() == VARIABLES.keys()
    assert {name: value for name, value in variables.items() if value} == {
        "GLCHECK_REQUIREMENT": INPUTS["requirement"]["default"]
    }


def test_what_is_installed_is_the_components_own_version() -> None:
    version = re.search(
        r'^__version__ = "(.+)"$', (ROOT / "glcheck" / "__init__.py").read_text(), re.MULTILINE
    )
    assert version
    assert INPUTS["requirement"]["default"] == f"glcheck=={version[1]}"


def test_no_input_is_spliced_into_the_script() -> None:
    assert "$[[" not in json.dumps(
        yaml.safe_load(BODY.replace("$[[ inputs.job-name ]]", "job"))["job"]["script"]
    )


def test_the_script_is_one_for_any_shell() -> None:
    command = [str(BIN / "shellcheck"), "--shell=sh", "--severity=style", "-"]
    text = "\n".join(rendered()["check-token"]["script"])
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


# How GitLab's runner starts a script (gitlab-runner, shells/bash.go), without and with FF_USE_NEW_BASH_EVAL_STRATEGY.
STARTS = {"old": ": | eval {}", "new": ": | (eval {})"}
SHORT = re.findall(r'`script: (\[".*"\])`', GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize(
    "lines", [rendered()["check-token"]["script"], *map(yaml.safe_load, SHORT)], ids=len
)
def test_the_exit_code_reaches_gitlab_as_it_is(
    tmp_path: Path, shell: str, start: str, lines: list[str]
) -> None:
    options = "if set -o | grep pipefail >/dev/null; then set -o pipefail; fi\nset -o errexit\n"
    script = f"{options}{start.format(quoted(chr(10).join(lines)))}\nexit 0\n"
    for code in (0, 2, 10, 20, 33, 70):
        stand_in(tmp_path / "glcheck", f"exit {code}")
        env = {"PATH": os.pathsep.join((str(tmp_path), os.defpath))}
        done = subprocess.run(
            [shell], input=script, env=env, cwd=tmp_path, text=True, timeout=60, check=False
        )
        assert done.returncode == code


def test_there_is_a_short_script_in_the_guide() -> None:
    assert len(SHORT) == 1


def test_reports_that_lay_around_are_not_those_of_a_job_that_could_not_check(
    tmp_path: Path,
) -> None:
    for name in REPORTS:
        (tmp_path / name).write_text("GLCHECK_OK=true\n")
    stand_in(tmp_path / "bin" / "python3", "exit 1")
    tools(tmp_path / "bin")
    script = "\n".join(rendered()["check-token"]["script"])
    env = {"PATH": str(tmp_path / "bin"), "GLCHECK_REQUIREMENT": "glcheck"}
    done = subprocess.run(
        ["/bin/sh", "-e"], input=script, env=env, cwd=tmp_path, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert not [name for name in REPORTS if (tmp_path / name).exists()]


# Text on one line, as GitLab's reader of YAML has it: it takes these two for breaks of lines as well.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))
PIECES = (
    "$(a)", "`", "'", '"', "\\", "#", " #", ": ", "- ", "? ", "---", "...", "|-", ">", "&a", "*a", "!!int", "%YAML",
    "{", "}", "[", "]", ",", "@", "\t", " ", "  ", "~", "null", "yes", "0x1f", "1e3", "2026-11-22", "<<", "=",
    "$[[ inputs.scopes ]]", "$[[", "]]", "\\n", "\N{SNOWMAN}", "\N{NO-BREAK SPACE}", "\N{GRINNING FACE}",
)  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=4), max_size=8).map("".join)
SLOW = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@SLOW
@given(values=st.fixed_dictionaries(dict.fromkeys(FREE, LINES)))
def test_any_text_on_one_line_is_the_value_of_its_variable_and_changes_nothing_else(
    values: dict[str, str],
) -> None:
    job = rendered(**values)["check-token"]
    found = job.pop("variables")
    expected = {name: values.get(of, "") for name, of in VARIABLES.items()}
    assert {name: value.strip() for name, value in found.items()} == {
        n: v.strip() for n, v in expected.items()
    }
    plain = rendered()["check-token"]
    del plain["variables"]
    assert job == plain


@SLOW
@given(name=LINES.map(lambda text: re.sub(r'["\\\t]', "", text)).filter(bool))
def test_any_name_that_a_job_may_have_is_its_name(name: str) -> None:
    assert re.search(INPUTS["job-name"]["regex"], name)
    assert rendered(job_name=name, stage=name, image=name) == {
        name: rendered()["check-token"] | {"stage": name, "image": name}
    }


# GitLab's schema, and the documentation


def complaints(*paths: Path) -> str:
    """Return what GitLab's schema of pipelines has against files, nothing if that is nothing."""
    command = [
        str(BIN / "check-jsonschema"),
        "--builtin-schema",
        "vendor.gitlab-ci",
        "--data-transform",
        "gitlab-ci",
    ]
    done = subprocess.run(
        [*command, *map(str, paths)], capture_output=True, text=True, timeout=60, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def test_the_template_is_valid_by_gitlabs_schema(tmp_path: Path) -> None:
    (tmp_path / "head.yml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "body.yml").write_text(yaml.safe_dump(rendered()), encoding="utf-8")
    assert complaints(tmp_path / "head.yml", tmp_path / "body.yml") == ""


def test_the_expanded_pipeline_is_valid_by_gitlabs_schema(verdicts: Verdicts) -> None:
    assert complaints(verdicts.ran.expanded_file) == ""


def test_the_schema_sees_mistakes(tmp_path: Path) -> None:
    job = rendered()["check-token"]
    mistakes = [
        {"job": {**job, "artifacts": {"reports": {"dotenvs": "a"}}}},
        {"job": {**job, "inherit": {"default": ["everything"]}}},
        {"spec": {"inputs": {"a": {"type": "text"}}}},
    ]
    for mistake in mistakes:
        (tmp_path / "a.yml").write_text(yaml.safe_dump(mistake), encoding="utf-8")
        assert complaints(tmp_path / "a.yml"), mistake


def snippets() -> list[str]:
    """Return the YAML of the guide and of the part of the README that is about GitLab CI."""
    _, _, part = README.read_text(encoding="utf-8").partition("\n## In GitLab CI\n")
    text = GUIDE.read_text(encoding="utf-8") + "\n" + part.partition("\n## ")[0]
    found = re.findall(r"^( *)```ya?ml\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(body) for _, body in found]


def is_policy(snippet: str) -> bool:
    return snippet.startswith("version: 1\n")


def pipelines() -> list[str]:
    return [snippet for snippet in snippets() if not is_policy(snippet)]


def component(entry: object) -> bool:
    """Tell whether an entry of `include` is the component."""
    return isinstance(entry, dict) and bool(
        re.search(r"/check@\S+$", str(entry.get("component", "")))
    )


def included(flow: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the uses of the component in a pipeline."""
    entries = flow.get("include", [])
    return [
        entry for entry in (entries if isinstance(entries, list) else [entries]) if component(entry)
    ]


def test_every_pipeline_in_the_documentation_is_valid_by_gitlabs_schema(tmp_path: Path) -> None:
    paths = []
    for number, snippet in enumerate(pipelines()):
        paths.append(tmp_path / f"{number}.yml")
        paths[-1].write_text(snippet, encoding="utf-8")
    assert len(paths) > 5
    assert complaints(*paths) == ""


def test_every_policy_in_the_documentation_is_one() -> None:
    found = [snippet for snippet in snippets() if is_policy(snippet)]
    assert found
    for snippet in found:
        jsonschema.validate(yaml.safe_load(snippet), CONFIG)


def test_every_use_of_the_component_in_the_documentation_can_be_made(refusing: Runner) -> None:
    uses = 0
    for snippet in pipelines():
        flow = yaml.safe_load(snippet)
        entries = included(flow)
        uses += len(entries)
        for entry in entries:
            # The client takes inputs that there are not.
            assert set(entry.get("inputs", {})) <= set(INPUTS), snippet
        local = [
            {"local": "/templates/check.yml", "inputs": entry.get("inputs", {})}
            for entry in entries
        ]
        if not local:
            continue
        ran = refusing({**flow, "include": local}, "--list-json", "--no-json-schema-validation")
        assert ran.code == 0, (snippet, ran.printed)
        names = {job["name"] for job in json.loads(ran.out)}
        assert {
            entry.get("inputs", {}).get("job-name", "check-token") for entry in entries
        } <= names
    assert uses > 3


def test_the_job_to_copy_is_the_components() -> None:
    copies = [
        job
        for snippet in pipelines()
        for job in yaml.safe_load(snippet).values()
        if isinstance(job, dict) and "glcheck check" in str(job.get("script", ""))
    ]
    (job,) = copies
    ours = rendered()["check-token"]
    own = ("variables", "stage", "image")
    assert {key: value for key, value in job.items() if key not in own} == {
        key: value for key, value in ours.items() if key not in own
    }
    assert set(job["variables"]) <= set(VARIABLES)
    assert job["variables"]["GLCHECK_REQUIREMENT"] == INPUTS["requirement"]["default"]
    for name, value in job["variables"].items():
        assert isinstance(value, str), name


def test_the_documentation_warns_on_20_and_tries_again_on_what_could_not_be_asked() -> None:
    allowed: list[set[int]] = []
    tried: list[set[int]] = []
    for snippet in pipelines():
        for job in yaml.safe_load(snippet).values():
            if isinstance(job, dict):
                for found, key in ((allowed, "allow_failure"), (tried, "retry")):
                    entry = job.get(key)
                    if isinstance(entry, dict) and "exit_codes" in entry:
                        codes = entry["exit_codes"]
                        found.append(set(codes if isinstance(codes, list) else [codes]))
    assert {20} in allowed
    assert tried
    assert all(codes == {30, 31, 32, 33} for codes in tried)
    assert all(codes <= set(CODES.values()) for codes in allowed)
