"""Standard output and error, files and GitHub Actions: each gets its report and nothing else."""

from __future__ import annotations

import json

import pytest
from kit import reports
from kit.command import Run
from kit.gitlab_server import GitLab, Token, in_days
from kit.policies import GOOD
from kit.reports import CODES, FORMATS, OUTPUTS, VALIDATOR, commands

UNUSABLE = [
    *((kind, "--role owner", "version: 1\n", "usage-error") for kind in FORMATS),
    ("json", "--min-validity soon", "version: 1\n", "usage-error"),
    ("json", "", "version: 1\nscops: [api]\n", "config-error"),
    ("json", "", "version: 1\ntokens: [\n", "config-error"),
]
ACTIONS = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")


def files(run: Run) -> dict[str, str]:
    """Make the files of a step, with something in them."""
    for name, before in zip(ACTIONS, ("before=1\n", "# before\n"), strict=True):
        (run.directory / name).write_text(before)
    return {name: str(run.directory / name) for name in ACTIONS}


def told(run: Run) -> tuple[dict[str, str], str]:
    """Return the outputs and the summary, each without what was there before."""
    output, summary = ((run.directory / name).read_text() for name in ACTIONS)
    found = reports.outputs(output)
    assert (found.pop("before"), summary[:9]) == ("1", "# before\n")
    return found, summary[9:]


def test_github_outputs_and_summary_are_appended(gitlab: GitLab, run: Run) -> None:
    expiry = in_days(40)
    gitlab.add(Token(GOOD, scopes=("read_user", "read_repository"), expires_at=expiry))
    wants = ("--scopes=api,sudo,read_user", "--report=json=out.json", "--report=markdown=out.md")
    result = run("--format", "github", *wants, token=GOOD, env=files(run))
    found, summary = told(run)
    (report,) = json.loads((run.directory / "out.json").read_text())["tokens"]
    assert result.code == 21
    assert found == {
        "ok": "false", "category": "scope-missing", "exit-code": "21", "report": "out.json",
        "days-left": str(report["token"]["days_left"]), "expires-at": expiry,
        "scopes": "read_user read_repository", "missing-scopes": "api sudo",
    }  # fmt: skip
    assert summary == (run.directory / "out.md").read_text()


@pytest.mark.parametrize(("kind", "args", "policy", "category"), UNUSABLE)
def test_a_report_on_settings_that_cannot_be_used_is_valid_in_every_format(
    run: Run, kind: str, args: str, policy: str, category: str
) -> None:
    (run.directory / ".glcheck.yml").write_text(policy)
    result = run("--format", kind, *args.split(), token=GOOD, env=files(run))
    assert (result.code, result.err) == (2, "")
    assert ('{"glcheck": [' if kind == "annotations" else category) in result.out
    if kind == "json":
        assert reports.checked(result.report, 2)["tokens"] == []
        assert result.problem["category"] == category
    if kind == "github":
        found, summary = told(run)
        verdict = {"ok": "false", "category": category, "exit-code": "2"}
        assert found == dict.fromkeys(OUTPUTS, "") | verdict
        assert category in summary


def test_the_name_is_the_policys_else_the_source_else_token(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    results = (run.json(token=GOOD), run.json("--token-file", "-", stdin=GOOD.encode()), run.json())
    tokens = [reports.checked(one.report, one.code)["tokens"][0] for one in results]
    assert [token["name"] for token in tokens] == ["GITLAB_TOKEN", "token", "token"]


def test_messages_go_to_stderr_and_the_report_where_it_is_wanted(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, expires_at=None))
    quiet, loud = (run("--format=text", *more, token=GOOD) for more in ((), ("-v",)))
    assert (loud.out, quiet.err) == (quiet.out, "")
    assert "personal_access_tokens/self" in loud.err
    elsewhere = run.json("-v", "--output", "report.json", token=GOOD)
    assert (elsewhere.code, elsewhere.out) == (0, "")
    VALIDATOR.validate(json.loads((run.directory / "report.json").read_text()))
    unread = run.json("--no-such-flag")
    assert (unread.code, unread.out) == (2, "")
    assert "usage-error" in unread.err


def test_auto_is_github_in_github_actions_only(run: Run) -> None:
    for where in ("true", "false"):
        out = run("--scopes", "api", token=GOOD, env={"GITHUB_ACTIONS": where}).out
        assert bool([*commands(out)]) == (where == "true")


def test_nothing_that_a_server_says_forms_a_workflow_command(gitlab: GitLab, run: Run) -> None:
    env = reports.hostile_policy(gitlab, run, reports.HOSTILE)
    step = {**env, **files(run), "GITHUB_ACTIONS": "true"}
    result = run("-v", "--report", "json=out.json", env=step)
    report = json.loads((run.directory / "out.json").read_text())
    VALIDATOR.validate(report)
    tokens = {token["name"]: token for token in report["tokens"]}
    assert len(tokens) == len(env)
    assert "internal-error" not in {token["category"] for token in tokens.values()}
    expected = {(p["severity"], name) for name in tokens for p in tokens[name]["problems"]}
    found = [*commands(result.out), *commands(result.err)]
    names = [(command.name, command.data.partition(":")[0]) for command in found]
    assert sorted(names) == sorted(expected)
    assert {command.properties["title"] for command in found} <= set(CODES)
    assert all(line.isprintable() for line in (result.out + result.err).split("\n"))
    assert set(told(run)[0]) == OUTPUTS


@pytest.mark.parametrize("text", ["##[error]pwn", "\n::error::pwn"])
def test_nothing_that_a_policy_says_forms_a_workflow_command(run: Run, text: str) -> None:
    settings = ("scopes", "project", "group", "role", "url", "min-validity")
    for names, category in ((settings, "usage-error"), (("token-file",), "token-missing")):
        given = [part for name in names for part in (f"--{name}", text)]
        result = run("--format", "github", *given)
        (found,) = [*commands(result.out), *commands(result.err)]
        assert (found.name, found.properties) == ("error", {"title": category})
        assert names == ("token-file",) or all(f"--{name}: " in found.data for name in names)


def test_nothing_that_a_server_says_forms_markup(gitlab: GitLab, run: Run) -> None:
    env = reports.hostile_policy(gitlab, run, reports.MARKUP)
    text = run("--format", "markdown", env=env).out
    assert "pwn" in text
    assert (len(reports.table(text)), reports.foreign_markup(text)) == (len(env), [])
