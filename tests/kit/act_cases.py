"""Uses of the action, one for each verdict and one for each input, all of them in one job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit.act import Index
from kit.act_jobs import ENDING, INPUTS, NARROW, Runner, Use, populated, sh
from kit.gitlab_server import Answer, GitLab, Token, certificates
from kit.policies import GOOD

FOREIGN = "ghp_0123456789abcdefABCDEF0123456789abcd"
UNKNOWN = "glpat-unknownunknownunkn"
# What is special about tokens and answers, by the name of the case.
HELD: Mapping[str, Mapping[str, Any]] = {
    "forever": {"expires_at": None},
    "expired": {"expires_at": "2020-02-01", "created_at": "2020-01-01"},
    "revoked": {"revoked": True},
    "blocked": {"state": "blocked"},
    "granular": {"kind": "fine-grained"},
}
SERVED = {
    "busy": Answer(429, "Retry later\n", (("Retry-After", "3600"),)),
    "broken": Answer(500, {"message": "500 Internal Server Error"}),
    "portal": Answer(200, "<!DOCTYPE html><title>Sign in</title>"),
}
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
    warns: tuple[str, ...]
    inputs: Mapping[str, str]


def case(name: str, category: str, *warns: str, **inputs: str) -> Case:
    """Return the use of a good token, or of the one with that name, but for these inputs."""
    token = f"glpat-{name.ljust(20, 'x')}" if name in HELD else GOOD
    place = f"{{gitlab}}/{name}" if name in SERVED else "{gitlab}"
    named = {key.replace("_", "-"): value for key, value in inputs.items()}
    return Case(name, category, warns, {"token": token, "url": place, "scopes": "api", **named})


# fmt: off
CASES = (
    case("good", "ok", min_validity="14d"),
    case("forever", "ok"),
    case("ending", "ok", "expires-soon", token=ENDING),
    case("newline", "ok", "token-malformed", token=f"{GOOD}\n"),
    case("absent", "token-missing", token=""),
    case("foreign", "token-malformed", token=FOREIGN),
    case("unknown", "token-invalid", token=UNKNOWN),
    case("expired", "token-expired"),
    case("revoked", "token-revoked"),
    case("blocked", "account-restricted"),
    case("granular", "scope-unknown"),
    case("refused", "network-error", url="http://127.0.0.1:1", max_wait="1s"),
    case("busy", "rate-limited"),
    case("broken", "server-error"),
    case("portal", "unexpected-answer"),
    case("nothing", "ok", **dict.fromkeys(INPUTS - {"token", "url"}, "")),
    case("scopes", "scope-missing", token=NARROW, scopes="api, sudo"),
    case("lines", "scope-missing", token=NARROW, scopes="api\nsudo\n"),
    case("forbid", "scope-forbidden", forbid_scopes="api"),
    case("min", "expires-soon", min_validity="200d"),
    case("warn", "ok", "expires-soon", warn_validity="200d"),
    case("max", "lives-too-long", max_validity="7d"),
    case("project", "not-found", project="group/nowhere"),
    case("group", "not-found", group="nowhere"),
    case("role", "role-too-low", project="group/app", role="owner"),
    case("member", "ok", project="group/app", role="developer"),
    case("kind", "wrong-token-kind", kind="project"),
    case("allow", "ok", "scope-missing", scopes="sudo", allow="scope-missing"),
    case("several", "expires-soon", min_validity="200d", scopes="sudo", project="a/b"),
    case("timeout", "usage-error", timeout="soon"),
    case("wait", "usage-error", max_wait="soon"),
    case("homeless", "usage-error", role="owner"),
    case("both", "usage-error", token_file="token.txt"),
    case("file", "ok", token="", token_file="token.txt"),
    case("http", "usage-error", url="{anywhere}"),
    case("allowed", "ok", url="{anywhere}", allow_http="true"),
    case("trusted", "ok", url="{secure}", ca_file="certs/our ca.pem"),
    case("distrusted", "tls-error", url="{secure}"),
    case("other_ca", "tls-error", url="{secure}", ca_file="{other_ca}"),
    case("no_ca", "usage-error", url="{secure}", ca_file="nowhere.pem"),
    case("old", "unsupported-server", url="{old}"),
    case("policy", "scope-missing", "token-missing", token="", scopes="", config="conf/policy.yml"),
    case("misspelt", "config-error", config="conf/bad.yml"),
    case("no_policy", "config-error", config="conf/nowhere.yml"),
    case("named", "scope-missing", scopes="", config=".glcheck.yml"),
    case("as_json", "scope-missing", scopes="sudo", format="json"),
    case("as_text", "scope-missing", scopes="sudo", format="text", output="text.txt"),
    case("to_file", "scope-missing", scopes="sudo", output="report.txt"),
    case("more", "scope-missing", scopes="sudo", report="junit=a b.xml\nmarkdown=more.md"),
)
# fmt: on
ANNOTATED = [one for one in CASES if not one.inputs.get("format")]
LOGGED = [one for one in ANNOTATED if not one.inputs.get("output")]
BRANCH = "steps.scopes.outputs.category"
AFTER = (
    sh('touch "$OUT/branched"', when=f"{BRANCH} == 'scope-missing'"),
    sh('touch "$OUT/astray"', when=f"{BRANCH} != 'scope-missing'"),
    sh('cp text.txt "a b.xml" more.md "$OUT"'),
)


def run_cases(directory: Path, programs: Path, wheels: Path, caches: Path) -> None:
    """Run the job, and leave its trace in a directory."""
    (directory / "tls").mkdir()
    tls = certificates(directory / "tls")
    files = {"conf/bad.yml": "version: 1\nscops: [api]\n", "conf/policy.yml": POLICY}
    files |= {"token.txt": GOOD, "certs/our ca.pem": tls.ca_file.read_text(encoding="utf-8")}
    with (
        Index(wheels) as index,
        GitLab() as gitlab,
        GitLab(version="15.4.0") as old,
        GitLab(tls=tls.good) as secure,
    ):
        runner = Runner(directory, programs, index.url, caches, populated(gitlab))
        runner.add_python()
        runner.add_uv()
        runner.write({**files, ".glcheck.yml": "version: 1\nscopes: [sudo]\n"})
        for server in (old, secure):
            server.add(Token(GOOD))
        for name, about in HELD.items():
            gitlab.add(Token(case(name, "").inputs["token"], **about))
        for name, answer in SERVED.items():
            gitlab.always(answer, f"/{name}/")
        places = {"gitlab": gitlab.url, "old": old.url, "secure": secure.url}
        # Not loopback, and reached all the same.
        places["anywhere"] = f"http://0.0.0.0:{gitlab.url.rpartition(':')[2]}"
        places["other_ca"] = str(tls.other_ca_file)
        tokens = {"RELEASE_TOKEN": GOOD, "MIRROR_TOKEN": NARROW}
        steps = [
            Use(one.id, {key: text.format(**places) for key, text in one.inputs.items()})
            for one in CASES
        ]
        runner(*steps, *AFTER, job_env=tokens)
