"""Uses of the action, one for each verdict and for each input, in two jobs that run side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from kit.act import Index
from kit.act_jobs import ENDING, INPUTS, NARROW, Job, Runner, Use, Used, populated, sh
from kit.gitlab_server import Answer, GitLab, Token, certificates, in_days
from kit.policies import GOOD

FOREIGN = "ghp_0123456789abcdefABCDEF0123456789abcd"
UNKNOWN = "glpat-unknownunknownunkn"
POLICY = """version: 1
tokens:
- {name: release, token-env: RELEASE_TOKEN, scopes: [read_api]}
- {name: mirror, token-env: MIRROR_TOKEN, scopes: [api, sudo]}
- {name: absent, token-env: ABSENT_TOKEN, allow: [token-missing]}
"""


class Case(NamedTuple):
    """A use of the action, and the verdict that the contract gives on it."""

    id: str
    category: str
    inputs: Mapping[str, str]
    warns: tuple[str, ...] = ()
    env: Mapping[str, str] = {}

    @property
    def annotates(self) -> bool:
        """Whether the form of the report is GitHub's own."""
        return not self.inputs.get("format")

    @property
    def logs(self) -> bool:
        """Whether the report as text goes to the log."""
        return self.annotates and not self.inputs.get("output")


class Verdicts(NamedTuple):
    """A job that uses the action many times."""

    job: Job
    cases: tuple[Case, ...]

    @property
    def uses(self) -> list[tuple[Case, Used]]:
        """Each case, and what became of it."""
        return [(case, self.job[case.id]) for case in self.cases]


def token_cases(gitlab: GitLab) -> tuple[Case, ...]:
    """Return cases in which GitLab's word on the token decides, or nobody's."""
    url = gitlab.url

    def served(name: str, *answer: Any) -> dict[str, str]:
        gitlab.always(Answer(*answer), f"/{name}/")
        return {"token": GOOD, "url": f"{url}/{name}", "scopes": "api"}

    def held(name: str, **about: Any) -> dict[str, str]:
        value = gitlab.add(Token(f"glpat-{name.ljust(20, 'x')}", **about))
        return {"token": value, "url": url, "scopes": "api"}

    good = {"token": GOOD, "url": url}
    refused = {"token": GOOD, "url": "http://127.0.0.1:1", "max-wait": "1s"}
    busy = (429, "Retry later\n", (("Retry-After", "3600"),))
    return (
        Case("good", "ok", {**good, "scopes": "api", "min-validity": "14d"}),
        Case("forever", "ok", held("forever", expires_at=None)),
        Case("ending", "ok", {**good, "token": ENDING}, ("expires-soon",)),
        Case("newline", "ok", {**good, "token": f"{GOOD}\n"}, ("token-malformed",)),
        Case("absent", "token-missing", {"url": url}),
        Case("foreign", "token-malformed", {**good, "token": FOREIGN}),
        Case("unknown", "token-invalid", {**good, "token": UNKNOWN}),
        Case("expired", "token-expired", held("expired", expires_at=in_days(-1))),
        Case("revoked", "token-revoked", held("revoked", revoked=True)),
        Case("blocked", "account-restricted", held("blocked", state="blocked")),
        Case("granular", "scope-unknown", held("granular", kind="fine-grained")),
        Case("refused", "network-error", refused),
        Case("busy", "rate-limited", served("busy", *busy)),
        Case("broken", "server-error", served("broken", 500, {"message": "500 Internal Error"})),
        Case("portal", "unexpected-answer", served("portal", 200, "<!DOCTYPE html>Sign in")),
    )


def input_cases(gitlab: GitLab, old: GitLab, secure: GitLab, other_ca: Path) -> tuple[Case, ...]:
    """Return cases each of which shows that an input arrives."""
    good = {"token": GOOD, "url": gitlab.url}
    narrow = {**good, "token": NARROW}
    lacking = {**good, "scopes": "sudo"}
    app = {**good, "project": "group/app"}
    safe = {**good, "url": secure.url}
    # Not loopback, and reached all the same.
    anywhere = {**good, "url": f"http://0.0.0.0:{gitlab.url.rpartition(':')[2]}"}
    several = {**lacking, "min-validity": "200d", "project": "a/b"}
    policy = {"config": "conf/policy.yml", "url": gitlab.url}
    tokens = {"RELEASE_TOKEN": GOOD, "MIRROR_TOKEN": NARROW}
    reports = "junit=a b.xml\nmarkdown=more.md"
    # fmt: off
    return (
        Case("nothing", "ok", dict.fromkeys(INPUTS, "") | good),
        Case("scopes", "scope-missing", {**narrow, "scopes": "api, sudo"}),
        Case("lines", "scope-missing", {**narrow, "scopes": "api\nsudo\n"}),
        Case("forbid", "scope-forbidden", {**good, "forbid-scopes": "api"}),
        Case("min", "expires-soon", {**good, "min-validity": "200d"}),
        Case("warn", "ok", {**good, "warn-validity": "200d"}, ("expires-soon",)),
        Case("max", "lives-too-long", {**good, "max-validity": "7d"}),
        Case("project", "not-found", {**good, "project": "group/nowhere"}),
        Case("group", "not-found", {**good, "group": "nowhere"}),
        Case("role", "role-too-low", {**app, "role": "owner"}),
        Case("member", "ok", {**app, "role": "developer"}),
        Case("kind", "wrong-token-kind", {**good, "kind": "project"}),
        Case("allow", "ok", {**lacking, "allow": "scope-missing"}, ("scope-missing",)),
        Case("several", "expires-soon", several),
        Case("timeout", "usage-error", {**good, "timeout": "soon"}),
        Case("wait", "usage-error", {**good, "max-wait": "soon"}),
        Case("homeless", "usage-error", {**good, "role": "owner"}),
        Case("both", "usage-error", {**good, "token-file": "token.txt"}),
        Case("file", "ok", {"token-file": "token.txt", "url": gitlab.url}),
        Case("http", "usage-error", anywhere),
        Case("allowed", "ok", {**anywhere, "allow-http": "true"}),
        Case("trusted", "ok", {**safe, "ca-file": "certs/our ca.pem"}),
        Case("distrusted", "tls-error", safe),
        Case("other_ca", "tls-error", {**safe, "ca-file": str(other_ca)}),
        Case("no_ca", "usage-error", {**safe, "ca-file": "nowhere.pem"}),
        Case("old", "unsupported-server", {**good, "url": old.url}),
        Case("policy", "scope-missing", policy, ("token-missing",), tokens),
        Case("misspelt", "config-error", {**good, "config": "conf/bad.yml"}),
        Case("no_policy", "config-error", {**good, "config": "conf/nowhere.yml"}),
        Case("named", "scope-missing", {**good, "config": ".glcheck.yml"}),
        Case("as_json", "scope-missing", {**lacking, "format": "json"}),
        Case("as_text", "scope-missing", {**lacking, "format": "text", "output": "text.txt"}),
        Case("to_file", "scope-missing", {**lacking, "output": "report.txt"}),
        Case("more", "scope-missing", {**lacking, "report": reports}),
    )
    # fmt: on


def run_tokens(runner: Runner) -> tuple[Case, ...]:
    """Run a job in which all sorts of tokens are checked."""
    with GitLab() as gitlab:
        cases = token_cases(populated(gitlab))
        runner(*(Use(case.id, case.inputs, case.env) for case in cases))
    return cases


def run_inputs(runner: Runner) -> tuple[Case, ...]:
    """Run a job in which every input is used."""
    (runner.directory / "tls").mkdir()
    tls = certificates(runner.directory / "tls")
    files = {"conf/bad.yml": "version: 1\nscops: [api]\n", "conf/policy.yml": POLICY}
    files |= {"token.txt": GOOD, "certs/our ca.pem": tls.ca_file.read_text(encoding="utf-8")}
    runner.write({**files, ".glcheck.yml": "version: 1\nscopes: [sudo]\n"})
    category = "steps.scopes.outputs.category"
    more = (
        sh('touch "$OUT/branched"', when=f"{category} == 'scope-missing'"),
        sh('touch "$OUT/astray"', when=f"{category} != 'scope-missing'"),
        sh('cp text.txt "a b.xml" more.md "$OUT"'),
    )
    with GitLab() as gitlab, GitLab(version="15.4.0") as old, GitLab(tls=tls.good) as secure:
        old.add(Token(GOOD))
        secure.add(Token(GOOD))
        cases = input_cases(populated(gitlab), old, secure, tls.other_ca_file)
        runner(*(Use(case.id, case.inputs, case.env) for case in cases), *more)
    return cases


JOBS: Mapping[str, Callable[[Runner], tuple[Case, ...]]] = {
    "tokens": run_tokens,
    "inputs": run_inputs,
}


def run_jobs(directory: Path, programs: Path, wheels: Path, caches: Path) -> None:
    """Run both jobs, and leave their traces in a directory."""

    def run(name: str) -> None:
        (directory / name).mkdir()
        runner = Runner(directory / name, programs, index.url, caches)
        runner.add_python()
        runner.add_uv()
        (directory / name / "cases").write_text(json.dumps(JOBS[name](runner)), encoding="utf-8")

    with Index(wheels) as index, ThreadPoolExecutor() as pool:
        list(pool.map(run, JOBS))


def read_job(directory: Path) -> Verdicts:
    """Read the trace of a job."""
    cases = json.loads((directory / "cases").read_text(encoding="utf-8"))
    return Verdicts(Job(directory), tuple(Case(*case) for case in cases))
