"""GitLab's own reports from a run: what GitLab would refuse in them, and the ways to have them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from kit.command import Run
from kit.gitlab_reports import FORMATS, LAB, compare, links, reported, told, variables
from kit.gitlab_server import Answer, GitLab, Token, in_days
from kit.policies import GOOD, describe
from kit.reports import CODES, commands, hostile_policy, write_policy

# What GitLab would refuse


def test_long_words_of_a_server_do_not_make_a_report_that_gitlab_refuses(
    gitlab: GitLab, run: Run
) -> None:
    bodies: dict[str, dict[str, object]] = {
        "many": {"scopes": ["api", *(f"scope_number_{n}" for n in range(1500))]},
        "long": {"scopes": ["read_user", "s" * 90_000]},
        "name": {"scopes": ["read_user"], "name": "n" * 90_000},
    }
    for place, body in bodies.items():
        gitlab.always(Answer(200, describe(**body, expires_at=in_days(3))), f"/{place}/")
    gitlab.always(Answer(302, "", (("Location", f"https://{'h' * 50_000}.example/"),)), "/away/")
    names = [f"{place}{n}" for n in range(5) for place in (*bodies, "away")]
    asked = {name: {"url": f"{gitlab.url}/{name[:-1]}", "scopes": ["sudo"]} for name in names}
    env = write_policy(run, *({"name": name, **entry} for name, entry in asked.items()))
    result = run("--format", "annotations", "--report", "dotenv=verdict.env", env=env)
    verdict = variables((run.directory / "verdict.env").read_text())
    assert (result.code, verdict["GLCHECK_CATEGORY"]) == (21, "scope-missing")
    # What is too long takes away no link that is not.
    linked = {link.label.partition(":")[0] for link in links(result.out)}
    assert {name for name in names if "many" not in name} <= linked


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--token-env", "T" * 90_000), 10),
        (("--kind", "project", "--project", "group/" + "p" * 90_000), 12),
        (("--scopes", ",".join(f"scope_{n}" for n in range(9_000))), 12),
    ],
    ids=["name", "project", "scopes"],
)
def test_long_settings_do_not_make_a_report_that_gitlab_refuses(
    run: Run, args: tuple[str, ...], code: int
) -> None:
    result = run(*args, "--format", "annotations", token=GOOD)
    assert result.code == code
    links(result.out)


def test_nothing_that_a_server_says_gets_control_characters_or_commands_into_gitlabs_reports(
    gitlab: GitLab, run: Run
) -> None:
    hidden = ("\u2028::add-mask::\x85pwn", "#\x1b#[error]\x00pwn\x7f")
    texts = ("\n::error::pwn", *hidden, '"}],"a":[{"')
    env = {**hostile_policy(gitlab, run, texts), "GITHUB_ACTIONS": "true"}
    more = ("--report", "json=report.json", "--report", "dotenv=verdict.env")
    result = run("-v", "--format", "annotations", *more, env=env)
    files = (run.directory / name for name in ("report.json", "verdict.env"))
    report, verdict = (path.read_text("utf-8") for path in files)
    assert [*commands(result.out), *commands(result.err), *commands(verdict)] == []
    compare(json.loads(report), links(result.out), variables(verdict))


@pytest.mark.parametrize("text", ["\n::error::pwn", "x ##[error]pwn"])
@pytest.mark.parametrize("flag", ["--scopes", "--project", "--role"])
@pytest.mark.parametrize("kind", FORMATS)
def test_no_setting_forms_a_workflow_command_in_gitlabs_reports(
    run: Run, kind: str, flag: str, text: str
) -> None:
    result = run("--format", kind, flag, text, token=GOOD, env={"GITHUB_ACTIONS": "true"})
    assert [*commands(result.out), *commands(result.err)] == []
    assert result.code == 2


# Ways to have them


@pytest.mark.parametrize("kind", FORMATS)
def test_the_report_goes_to_standard_output_or_to_any_file_that_is_named(
    gitlab: GitLab, run: Run, kind: str
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user",)))
    gitlab.date = datetime.now(timezone.utc)
    (run.directory / "named.yml").write_text(json.dumps({"version": 1, "report": [f"{kind}=file"]}))
    printed = run("--scopes", "api", "--format", kind, token=GOOD)
    assert (printed.code, printed.err) == (21, "")
    ways: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "output": (("--format", kind, "--output", "output"), {}),
        "variables": ((), {"GLCHECK_FORMAT": kind, "GLCHECK_OUTPUT": "variables"}),
        "report": (("--report", f"{kind}=report"), {}),
        "quiet": (("-q", "--report", f"{kind}=quiet"), {}),
        "variable": ((), {"GLCHECK_REPORT": f"{kind}=variable"}),
        "file": (("--config", "named.yml"), {}),
    }
    for name, (args, env) in ways.items():
        result = run("--scopes", "api", *args, token=GOOD, env=env)
        assert result.code == 21, name
        assert (result.out == "") == (name in {"output", "variables"}), name
        assert (run.directory / name).read_text("utf-8") == printed.out != "", name
    assert len(gitlab.requests) == 1 + len(ways)


BAD_POLICY = "version: 1\nscops: [api]\n"
AWAY = ("--url", "http://127.0.0.1:1", "--max-wait", "1s")
FAILURES: dict[str, tuple[tuple[str, ...], str | None, str | None, str]] = {
    "usage": (("--role", "owner"), GOOD, None, "usage-error"),
    "duration": (("--min-validity", "soon"), GOOD, None, "usage-error"),
    "config": ((), GOOD, BAD_POLICY, "config-error"),
    "no config": (("--config", "absent.yml"), GOOD, None, "config-error"),
    "http": (("--url", "http://gitlab.example.com"), GOOD, None, "usage-error"),
    "missing": ((), None, None, "token-missing"),
    "no file": (("--token-file", "absent"), None, None, "token-missing"),
    "malformed": ((), "ghp_0123456789abcdefABCDEF0123456789abcd", None, "token-malformed"),
    "unknown": ((), "glpat-bbbbbbbbbbbbbbbbbbbb", None, "token-invalid"),
    "network": (AWAY, GOOD, None, "network-error"),
    "deploy": ((), "gldt-3fZ1p5y4XWcCvMGVlfak", None, "wrong-token-kind"),
}
BY_VARIABLE = ("usage", "config", "missing", "malformed")


@pytest.mark.parametrize(
    ("name", "by_variable"),
    [*((name, False) for name in FAILURES), *((name, True) for name in BY_VARIABLE)],
)
def test_both_reports_are_written_however_the_check_fails(
    gitlab: GitLab, run: Run, name: str, by_variable: bool
) -> None:
    args, token, policy, category = FAILURES[name]
    gitlab.add(Token(GOOD))
    if policy:
        (run.directory / ".glcheck.yml").write_text(policy)
    found = reported(run, *args, token=token, by_variable=by_variable)
    assert found.variables == told(category, None)
    # What belongs to no token has no link.
    assert bool(found.links) == (CODES[category] >= 10)


@pytest.mark.parametrize(
    ("policy", "verdict"), [("version: 1\nscopes: [api]\n", "ok"), (BAD_POLICY, "config-error")]
)
def test_a_policy_that_is_only_validated_gives_valid_reports(
    gitlab: GitLab, run: Run, policy: str, verdict: str
) -> None:
    (run.directory / ".glcheck.yml").write_text(policy)
    result = run("config", "--format", "annotations")
    assert (result.code, links(result.out)) == (CODES[verdict], [])
    result = run("config", "--format", "dotenv")
    assert (result.code, variables(result.out)) == (CODES[verdict], told(verdict, None))
    assert not gitlab.requests


def test_in_a_job_of_gitlab_the_report_on_standard_output_is_text(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.date = datetime.now(timezone.utc)  # that neither run is on the other side of midnight
    assert run(token=GOOD, env=LAB).out == run("--format", "text", token=GOOD).out
