"""All that a run of the command lets out: its streams, a report of every format, GitHub's files."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from glcheck.commands.main import execute
from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab
from kit.leaks import leaks, made_up
from kit.reports import CODES
from kit.scripted import Scripted

FORMATS = ("text", "json", "github", "junit", "markdown", "annotations", "dotenv")
DEFINITE = {"ok", "token-invalid", "token-expired", "token-revoked"}


class Shown(NamedTuple):
    """What a run let out."""

    result: Result
    files: dict[str, str]  # by format; also `output` and `summary`
    tokens: Mapping[str, str]  # by what a test calls them, in the order of the policy

    @property
    def text(self) -> str:
        return "\n".join((self.result.out, self.result.err, *self.files.values()))

    @property
    def reports(self) -> dict[str, dict[str, Any]]:
        """The JSON report on each token."""
        reports = json.loads(self.files["json"])["tokens"]
        return dict(zip(self.tokens, reports, strict=True))

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: str(report["category"]) for name, report in self.reports.items()}

    def leaks(self, names: Iterable[str] | None = None, *, whole: bool = False) -> list[str]:
        """Tokens that are shown, of these or of all, each with the outputs that show it."""
        secrets = {self.tokens[name]: name for name in (self.tokens if names is None else names)}
        outputs = {"stdout": self.result.out, "stderr": self.result.err, **self.files}
        return [
            f"{secrets[secret]} in {[name for name in outputs if leaks(outputs[name], [secret])]}"
            for secret, _ in leaks(self.text, secrets, whole=whole)[:3]  # to find where takes long
        ]


def show(run: Run, *args: str, env: Mapping[str, str] | None = None, **options: Any) -> Shown:
    """Run the command with `-v` and every format at once."""
    files = {name: run.directory / name for name in (*FORMATS, "output", "summary")}
    for path in files.values():
        path.unlink(missing_ok=True)
    github = {"GITHUB_OUTPUT": str(files["output"]), "GITHUB_STEP_SUMMARY": str(files["summary"])}
    reports = [part for kind in FORMATS for part in ("--report", f"{kind}={kind}")]
    args = (*args, "-v", "--format", "github", *reports)
    result = run(*args, env={**github, **(env or {})}, **options)
    assert "Traceback" not in result.err
    return Shown(result, {name: path.read_text("utf-8") for name, path in files.items()}, {})


def policy_of(server: GitLab, run: Run, values: Iterable[str], **top: object) -> dict[str, str]:
    """Write a policy of many tokens, called t0, t1, …; return the environment that it needs."""
    env = {f"V_T{number}": value for number, value in enumerate(values)}
    entries = [{"name": name[2:].lower(), "token-env": name, "scopes": ["api"]} for name in env]
    for entry in entries[::5]:
        entry["project"] = "group/app"
    policy = {key.replace("_", "-"): value for key, value in top.items()}
    policy = {"version": 1, "url": server.url, **policy, "tokens": entries}
    (run.directory / ".glcheck.yml").write_text(json.dumps(policy))
    return env | {"GITLAB_URL": server.url}


def ask_all(server: GitLab, run: Run, tokens: Mapping[str, str], **top: object) -> Shown:
    """Check many tokens in one process."""
    shown = show(run, env=policy_of(server, run, tokens.values(), **top))._replace(tokens=tokens)
    reports = shown.reports.values()
    codes = [CODES[token["category"]] for token in reports if not token["ok"]]
    code = json.loads(shown.files["json"])["exit_code"]
    assert shown.result.code == code == min(codes, default=0)
    told = {problem["category"] for token in reports for problem in token["problems"]}
    assert told <= CODES.keys() - {"internal-error"}
    return shown


def tell(
    server: Scripted, run: Run, says: Mapping[str, Answer | Callable[[str], Answer]], **top: object
) -> Shown:
    """Check a token for each of these answers, which may be made from the token."""
    tokens = {name: made_up(number) for number, name in enumerate(says)}
    for name, answer in says.items():
        token = tokens[name]
        server.answers[token] = answer if isinstance(answer, Answer) else answer(token)
    return ask_all(server, run, tokens, **top)


def said(directory: Path, *args: str, env: Mapping[str, str] | None = None) -> Result:
    """What the command says in that directory, run in this process: for what asks nothing."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as here, redirect_stdout(out), redirect_stderr(err):
        here.chdir(directory)
        for name in os.environ:
            here.delenv(name)
        for name, value in (env or {}).items():
            here.setenv(name, value)
        code = execute(list(args), str(directory))
    return Result(code, out.getvalue(), err.getvalue())


def calm(result: Result) -> bool:
    """Whether a run ended in words, and was no bug."""
    words = result.out + result.err
    known = {*CODES.values()} - {CODES["internal-error"]}
    return result.code in known and "Traceback" not in words and "internal-error" not in words


def refused(result: Result, directory: Path) -> bool:
    """Whether a run ended with one error and left nothing behind."""
    words = result.out + result.err
    once = words.count("error[usage-error]") + words.count("error[config-error]") == 1
    brief = once and len(words.splitlines()) <= 4
    return result.code == 2 and calm(result) and brief and not any(directory.iterdir())
