"""The GitLab component as a text, and a pipeline that uses it for every sort of token and input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kit.act import ROOT
from kit.gitlab_ci_local import TEMPLATE, Job, Ran, Runner, Use, at, pipeline
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, certificates, in_days
from kit.reports import value_for

HEAD, BODY = TEMPLATE.read_text(encoding="utf-8").split("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(HEAD)["spec"]["inputs"]
OF_THE_JOB = {"stage", "job-name", "image"}
# The variables of the job, and the inputs that they come from.
VARIABLES = {
    f"GLCHECK_{name.upper().replace('-', '_')}": name for name in INPUTS if name not in OF_THE_JOB
}
FREE = [name for name in VARIABLES.values() if name not in {"token-env", "role"}]  # take any text
HOSTILE = (
    '$(touch PWNED) `touch PWNED` "; touch PWNED; \'"; touch PWNED; # a: - [b] {c} & d | e > PWNED'
    " < f *? ! ~ \\ \\\\ %PATH% @g $((1)) \N{SNOWMAN} \\n --help || touch PWNED"
)
# Modules that would leave a trace if they were imported from the checkout.
MODULES = ("pip", "requests", "yaml", "glcheck/__init__", "argparse", "sitecustomize")
TRAPS = {f"{name}.py": 'open("IMPORTED", "a").write(__file__)\n' for name in MODULES}
POLICY = {
    "version": 1,
    "tokens": [
        {"name": "release", "token-env": "RELEASE_TOKEN", "scopes": ["read_api"]},
        {"name": "mirror", "token-env": "MIRROR_TOKEN", "scopes": ["api", "sudo"]},
        {"name": "absent", "token-env": "ABSENT_TOKEN", "allow": ["token-missing"]},
    ],
}
FILES = {"conf/policy.yml": json.dumps(POLICY), "conf/bad.yml": "version: 1\nscops: [api]\n"}
RELEASE, MIRROR = value_for("release"), value_for("mirror")


def rendered(**inputs: str) -> Any:
    """The template's job as GitLab makes it: inputs go into the text, and that is YAML then."""
    values = {name: entry["default"] for name, entry in INPUTS.items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    text = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: values[found[1]], BODY)
    return yaml.safe_load(text)


def _snippets() -> list[str]:
    """The YAML of the guide and of the part of the README that is about GitLab CI."""
    _, _, part = (ROOT / "README.md").read_text("utf-8").partition("\n## In GitLab CI\n")
    text = f"{GUIDE}\n{part.partition(chr(10) + '## ')[0]}"
    found = re.findall(r"^( *)```ya?ml\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(body) for _, body in found]


GUIDE = (ROOT / "docs" / "gitlab-ci.md").read_text(encoding="utf-8")
SNIPPETS = _snippets()
# The script that the guide has for jobs without reports.
SHORT: list[str] = yaml.safe_load(next(iter(re.findall(r'`script: (\[".*"\])`', GUIDE)), "[]"))


def run(program: str, *args: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of the tests' environment."""
    command = [str(Path(sys.executable).with_name(program)), *args]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=False
    )


def complaints(directory: Path, texts: Mapping[str, str], *files: Path) -> str:
    """What GitLab's schema of pipelines has against these, nothing if that is nothing."""
    paths = [*files, *(directory / name for name in texts)]
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
    options = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = run("check-jsonschema", *options, *map(str, paths))
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


class Verdict(NamedTuple):
    """What is expected of a job."""

    category: str
    warns: list[str]
    secret: str  # the value of its token, empty if it has none


class Case(NamedTuple):
    """A use of the component, and what is expected of it."""

    use: Use
    verdict: Verdict
    token: Token | None  # one that GitLab knows
    env: dict[str, str]


def _case(
    name: str,
    category: str,
    token: Mapping[str, Any] | str | None = None,
    /,
    warns: str = "",
    job: Any = None,
    **inputs: str,
) -> Case:
    """A case; a token is a value, or what tells it from a good one, which is also that of `{}`.

    Inputs have underscores here; what is in capital letters is a variable of the job.
    """
    variables = {key: value for key, value in inputs.items() if key.isupper()}
    own = {key.replace("_", "-"): value for key, value in inputs.items() if key not in variables}
    own = {"token-env": f"TOKEN_{name.upper()}", **own}
    use = Use(name, own, {**(job or {}), **({"variables": variables} if variables else {})})
    known = Token(**{"value": value_for(name), **token}) if isinstance(token, Mapping) else None
    held = str(known.value if known else token or "")
    env = {own["token-env"] or "GITLAB_TOKEN": held} if held else {}
    secret = held.strip()
    verdict = Verdict(category, warns.split(), secret)
    return Case(use, verdict, known and known._replace(value=secret), env)


# fmt: off
def _token_cases(gitlab: GitLab, old: GitLab) -> tuple[Case, ...]:
    """Cases in which GitLab's word on the token decides, or nobody's."""
    fork = {f"CI_MERGE_REQUEST_{key}": value for key, value in {
        "PROJECT_PATH": "group/app", "PROJECT_ID": "1217",
        "SOURCE_PROJECT_PATH": "stranger/app", "SOURCE_PROJECT_ID": "99",
    }.items()} | {"CI_PIPELINE_SOURCE": "merge_request_event"}
    own = fork | {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "group/app",
                  "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1217"}
    fork |= {"CI_PROJECT_ID": "99", "CI_PROJECT_PATH": "stranger/app",
             "CI_PROJECT_URL": f"{gitlab.url}/stranger/app"}
    answers = {
        "busy": Answer(429, "Retry later\n", (("Retry-After", "3600"),)),
        "broken": Answer(500, {"message": "500 Internal Server Error"}),
        "portal": Answer(200, "<!DOCTYPE html><title>Sign in</title>"),
    }
    for name, answer in answers.items():
        gitlab.always(answer, f"/{name}/")
    api = {name: f"{gitlab.url}/{name}/api/v4" for name in answers}
    ending = {"expires_at": in_days(3), "created_at": in_days(-300)}
    long = {"expires_at": in_days(100)}
    deploy = {"value": "gldt-Zx7Qw9Er2Ty5Ui8Op3As", "kind": "deploy"}
    return (
        _case("plain", "ok", {}, token_env=""),
        _case("good", "ok", long, scopes="api, read_registry", min_validity="14d"),
        _case("forever", "ok", {"expires_at": None}),
        _case("ending", "ok", ending, warns="expires-soon"),
        _case("newline", "ok", {"value": value_for("newline") + "\n"}, warns="token-malformed"),
        _case("unprotected", "token-missing"),
        _case("protected", "token-missing", CI_COMMIT_REF_PROTECTED="true"),
        _case("fork", "token-missing", **fork),
        _case("own_request", "token-missing", **own),
        _case("foreign", "token-malformed", "ghp_0123456789abcdefABCDEF0123456789abcd"),
        _case("unexpanded", "token-malformed", "$MISSING_TOKEN"),
        _case("unknown", "token-invalid", value_for("unknown")),
        _case("expired", "token-expired", {"expires_at": in_days(-1)}),
        _case("revoked", "token-revoked", {"revoked": True}),
        _case("blocked", "account-restricted", {"state": "blocked"}),
        _case("deploy", "wrong-token-kind", deploy),
        _case("granular", "scope-unknown", {"kind": "fine-grained"}, scopes="api"),
        _case("refused", "network-error", {}, CI_API_V4_URL="http://127.0.0.1:1/api/v4"),
        _case("busy", "rate-limited", {}, CI_API_V4_URL=api["busy"]),
        _case("broken", "server-error", {}, CI_API_V4_URL=api["broken"]),
        _case("portal", "unexpected-answer", {}, CI_API_V4_URL=api["portal"]),
        _case("old", "unsupported-server", {}, **at(old)),
    )


def _input_cases(secure: GitLab, prefixed: GitLab, ca_file: str) -> tuple[Case, ...]:
    """Cases each of which shows that an input, or what a job knows, arrives."""
    narrow = {"scopes": ("read_api", "read_user")}
    ending = {"expires_at": in_days(3), "created_at": in_days(-300)}
    copied = {"before_script": ["cp conf/policy.yml .glcheck.yml"]}
    api = f"{prefixed.url}/api/v4"
    ends = ("9f2d7c5ab1e84f3c96d0", "7c5ab1e84f3c96d09f2d")
    job, another = ({"value": f"glcbt-64_{end}", "kind": "job"} for end in ends)
    lenient, strict = ({"allow_failure": {"exit_codes": codes}} for codes in (20, [20]))
    absent, allow = "token-missing", "expires-soon, scope-missing"
    return (
        _case("other_stage", "ok", {}, stage="test"),
        _case("other_image", "ok", {}, image="registry.example.com/tools/glcheck:1"),
        _case("requirement", "ok", {}, requirement="glcheck==0.0.1"),
        _case("variable", "ok", {}, token_env="A_TOKEN_OF_MINE"),
        _case("scopes", "scope-missing", narrow | {"expires_at": in_days(100)}, scopes="api, sudo"),
        _case("forbid", "scope-forbidden", narrow, forbid_scopes="read_user api"),
        _case("min", "expires-soon", {}, min_validity="200d"),
        _case("days", "expires-soon", {}, min_validity="200"),
        _case("warn", "ok", {}, warn_validity="200d", warns="expires-soon"),
        _case("never", "ok", ending, warn_validity="0"),
        _case("project", "ok", {}, project="group/app"),
        _case("running", "ok", {}, project="$CI_PROJECT_PATH"),
        _case("nowhere", "not-found", {}, project="group/nowhere"),
        _case("group", "ok", {}, group="group/sub"),
        _case("groupless", "not-found", {}, group="nowhere"),
        _case("role", "role-too-low", {}, project="group/app", role="maintainer"),
        _case("member", "ok", {}, project="group/app", role="developer"),
        _case("homeless", "usage-error", {}, role="owner"),
        _case("both", "usage-error", {}, project="group/app", group="group/sub"),
        _case("config", "scope-missing", config="conf/policy.yml", token_env="", warns=absent),
        _case("found", "scope-missing", token_env="", warns=absent, job=copied),
        _case("misspelt", "config-error", {}, config="conf/bad.yml"),
        _case("allow", "ok", {}, scopes="sudo", allow=allow, warns="scope-missing"),
        _case("other", "lives-too-long", {}, GLCHECK_MAX_VALIDITY="7d"),
        _case("job", "ok", job, token_env="CI_JOB_TOKEN"),
        _case("job_scopes", "wrong-token-kind", another, scopes="api"),
        _case("prefixed", "ok", {}, CI_API_V4_URL=api, CI_SERVER_URL="http://127.0.0.1:1"),
        _case("trusted", "ok", {}, **at(secure), CI_SERVER_TLS_CA_FILE=ca_file),
        _case("distrusted", "tls-error", {}, **at(secure)),
        _case("lenient", "expires-soon", {}, min_validity="200d", job=lenient),
        _case("strict", "scope-missing", narrow, scopes="api", job=strict),
    )
# fmt: on


class Verdicts(Ran):
    """A pipeline that uses the component often, what is expected of it, what GitLab was asked."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        told = json.loads((directory / "told.json").read_text())
        self.expected = {name: Verdict(*verdict) for name, verdict in told["expected"].items()}
        self.requests: list[tuple[str, dict[str, str]]] = told["requests"]

    def asked(self, case: str) -> list[str]:
        """The paths that were asked with the token of a case."""
        secret = self.expected[case].secret
        return [path for path, headers in self.requests if secret in " ".join(headers.values())]

    @property
    def jobs(self) -> Iterator[tuple[Job, Verdict]]:
        return ((self[name], verdict) for name, verdict in self.expected.items())


def _later(job: str, *script: str) -> dict[str, object]:
    """A job that follows a job, whatever became of that."""
    needs = {"needs": [{"job": job}], "when": "always"}
    return {"stage": "after", **needs, "before_script": [], "script": script}


def run_cases(runner: Runner) -> None:
    """Run a pipeline in which all sorts of tokens are checked, and every input is used."""
    runner.add_glcheck()
    for installer in ("python3", "python", "pip", "pip3", "uv"):
        runner.add(installer, runner.spy.recording("installer"), "exit 1")
    runner.write({**TRAPS, **FILES})
    tls = certificates(runner.directory)
    with (
        GitLab() as gitlab,
        GitLab(version="15.4.0") as old,
        GitLab(tls=tls.good) as secure,
        GitLab(prefix="/gitlab") as prefixed,
    ):
        inputs = _input_cases(secure, prefixed, str(tls.ca_file))
        cases = (*_token_cases(gitlab, old), *inputs)
        servers = (gitlab, old, secure, prefixed)
        for server in servers:
            server.add(Token(RELEASE))
            server.add(Token(MIRROR, scopes=("read_api",)))
            for case in cases:
                if case.token:
                    server.add(case.token)
            server.add_project(Project("group/app", members={7: 30}))
            server.add_group(Group("group/sub", members={7: 30}))
        env = {name: value for case in cases for name, value in case.env.items()}
        env |= {"RELEASE_TOKEN": RELEASE, "MIRROR_TOKEN": MIRROR}
        dotenv = "env | grep ^GLCHECK_ | sort"
        check = "glcheck check --token-env RELEASE_TOKEN --scopes api"
        flow = pipeline(
            (case.use for case in cases),
            stages=["test", "after"],
            variables=at(gitlab),
            default={"before_script": ["exit 9"]},
            ordinary={"stage": "test", "needs": [], "script": ["true"]},
            after_good=_later("good", dotenv, check),
            after_scopes=_later("scopes", dotenv),
        )
        runner(flow, env=env)
        asked = [(one.path, one.headers) for server in servers for one in server.requests]
    expected = {case.use.name: case.verdict for case in cases}
    told = json.dumps({"expected": expected, "requests": asked})
    (runner.directory / "told.json").write_text(told)
