"""The policy file at work: many tokens in one run, and files that a run must refuse."""

from __future__ import annotations

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab, Project, Token, in_days
from kit.plans import FILE
from kit.policies import GOOD, Settings, check, check_each, secret, verdicts, write

OTHER = secret(2)
ENV = {"RELEASE": GOOD, "MIRROR": OTHER}
TWO = "tokens:\n- name: release\n  token-env: RELEASE\n- name: mirror\n  token-env: MIRROR\n"


@pytest.fixture
def two(gitlab: GitLab) -> GitLab:
    """A GitLab with a token that may do all and one that may only read."""
    gitlab.add(Token(GOOD, user_id=7))
    gitlab.add(Token(OTHER, user_id=8, scopes=("read_api",), expires_at=in_days(20)))
    return gitlab


@pytest.mark.usefixtures("two")
def test_every_token_is_checked_in_the_order_of_the_file(run: Run) -> None:
    tokens = {f"t {n}": {"secret": secret(100 + n) if n % 3 else GOOD} for n in range(12)}
    result = check(run, {**tokens, "last": {"token-env": "ABSENT"}})
    found = [token["category"] for token in result.report["tokens"]]
    assert found == ["ok", "token-invalid", "token-invalid"] * 4 + ["token-missing"]
    assert (result.code, result.report["category"]) == (10, "token-missing")


def test_every_requirement_may_be_a_tokens_own(two: GitLab, run: Run) -> None:
    two.add_project(Project("group/app", members={7: 40, 8: 30}))
    (run.directory / "secret").write_text(OTHER, "utf-8")
    project = {"project": "group/app"}
    rows: dict[str, tuple[Settings, str]] = {
        "good": ({"scopes": ["api"], "role": "maintainer", **project}, "ok"),
        "writer": ({"secret": OTHER, "scopes": ["api"]}, "scope-missing"),
        "reader": ({"secret": OTHER, "role": "maintainer", **project}, "role-too-low"),
        "planner": ({"secret": OTHER, "role": "planner", **project}, "ok"),
        "manager": ({"secret": OTHER, "role": "security-manager", **project}, "ok"),
        "lean": ({"forbid-scopes": ["api", "sudo"]}, "scope-forbidden"),
        "short": ({"max-validity": "30d"}, "lives-too-long"),
        "allowed": ({"max-validity": "30d", "allow": ["lives-too-long"]}, "ok"),
        "bot": ({"kind": "project"}, "wrong-token-kind"),
        "last": ({"secret": OTHER, "min-validity": "3w"}, "expires-soon"),
        "of a file": ({"token-file": "secret", "scopes": "api"}, "scope-missing"),
        "elsewhere": ({"url": "http://127.0.0.1:9"}, "network-error"),
        "hidden": ({"group": "hidden"}, "not-found"),
    }
    result = check(run, {name: row[0] for name, row in rows.items()}, "--max-wait", "9s")
    found = {token["name"]: token["category"] for token in result.report["tokens"]}
    assert found == {name: row[1] for name, row in rows.items()}
    assert result.code == 16


@pytest.mark.usefixtures("two")
def test_a_token_beats_flags_and_variables_which_beat_the_top_level(run: Run) -> None:
    tokens = {"a": {}, "b": {"secret": OTHER, "min-validity": "5d"}}
    top = {"min-validity": "30d"}
    assert verdicts(run, tokens, top=top) == {"a": "ok", "b": "ok"}
    stricter = {"a": "expires-soon", "b": "ok"}
    found = check_each(run, tokens, "--min-validity", "200d", top=top)
    assert {name: token["category"] for name, token in found.items()} == stricter
    assert any("--min-validity" in note for note in found["b"]["notes"])
    assert verdicts(run, tokens, top=top, env={"GLCHECK_MIN_VALIDITY": "200d"}) == stricter


def test_only_picks_tokens_and_asks_for_them_alone(two: GitLab, run: Run) -> None:
    write(run.directory, TWO)
    assert run.json("--only", "mirror", env=ENV).token["name"] == "mirror"
    assert [request.headers["private-token"] for request in two.requests] == [OTHER]


@pytest.mark.usefixtures("two")
def test_the_file_is_found_at_the_git_root_and_describes_the_default_token(run: Run) -> None:
    write(run.directory, "version: 1\nscopes: [sudo]\nmin-validity: 200d\n")
    (run.directory / ".git").mkdir()
    run.directory = run.directory / "inside"
    run.directory.mkdir()
    result = run.json(token=GOOD)
    assert (result.code, result.token["name"]) == (20, "GITLAB_TOKEN")
    found = {problem["category"] for problem in result.token["problems"]}
    assert found == {"expires-soon", "scope-missing"}
    write(run.directory, "scopes: [sudo]\n", "other.yml")
    assert run("--config", "other.yml", token=GOOD).code == 21


def test_config_validates_offline(run: Run, gitlab: GitLab) -> None:
    write(run.directory, TWO)
    for result in (run("config"), run("config", env=ENV), run("config", "--config", FILE)):
        assert (result.code, result.err) == (0, "")  # no token is needed
    write(run.directory, f"{TWO}  scops: []\n", "other.yml")
    assert run("config", "--config", "other.yml").code == 2
    assert not gitlab.requests


@pytest.mark.parametrize("text, line", [
    (f"{TWO}  scops: [api]\n", ":6"),
    (f"token: {GOOD}\n", ":1"), (f'token: "{GOOD}\n', ""), (b"scopes: [\xff\xfe]\n", ":1"),
    ("scopes: " + "[" * 50_000, ""), ("- " * 50_000, ""), ("# " + "x" * 30_000_000 + "\n", ""),
    ("tokens:\n- &a {name: x, k: 1}\n" + "- *a\n" * 50_000, ""),
    ("url: !!python/object/apply:os.system ['touch marker']\n", ":1"),
], ids=lambda value: ascii(value)[:25])  # fmt: skip
def test_a_faulty_policy_asks_nothing_and_stands_in_the_report(
    run: Run, gitlab: GitLab, text: str | bytes, line: str
) -> None:
    write(run.directory, text)
    checked, validated = run.json(token=GOOD), run("config", token=GOOD)
    assert (checked.code, validated.code, checked.report["tokens"]) == (2, 2, [])
    assert (checked.report["ok"], checked.report["category"]) == (False, "config-error")
    problem = checked.report["problems"][0]
    assert f"{FILE}{line}" in problem["message"]
    assert problem["fix"]
    assert f"error[config-error] {problem['message']}" in validated.out
    said = checked.out + checked.err + validated.out + validated.err
    assert "Traceback" not in said
    assert GOOD[6:] not in said
    assert len(validated.out) < 20_000
    assert [path.name for path in run.directory.iterdir()] == [FILE]
    assert not gitlab.requests


def test_a_file_that_never_ends_or_is_none_is_refused(run: Run, gitlab: GitLab) -> None:
    for name, target in (("loop", "loop"), ("lost", "nowhere")):
        (run.directory / name).symlink_to(target)
    for name in ("/dev/zero", "loop", "lost", "."):
        result = run("--config", name, token=GOOD)
        assert (result.code, "Traceback" in result.err) == (2, False)
    assert not gitlab.requests


@pytest.mark.parametrize("level", ["", "tokens:\n- name: a\n  "], ids=["top", "token"])
def test_a_found_policy_sends_nothing_elsewhere_and_writes_nothing_until_it_is_named(
    gitlab: GitLab, run: Run, level: str
) -> None:
    gitlab.add(Token(GOOD))
    # 0.0.0.0 leads to this machine, but is no loopback address.
    away = gitlab.url.replace("127.0.0.1", "0.0.0.0")
    reports = "output: out.txt\nreport: [json=out.json]\n"
    write(run.directory, f"{reports}allow-http: true\n{level}url: {away}\n")
    for args in ((), ("--url", gitlab.url)):
        result = run(*args, token=GOOD)
        assert (result.code, "config-error" in result.out) == (2, True)
        assert "GITLAB_URL" in result.out
    assert not gitlab.requests
    assert [path.name for path in run.directory.iterdir()] == [FILE]
    for args, env in ((("--config", FILE), {}), ((), {"GLCHECK_CONFIG": FILE})):
        result = run(*args, token=GOOD, env=env)
        assert (result.code, result.out) == (0, "")
    assert len(gitlab.requests) == 2
    assert {path.name for path in run.directory.iterdir()} == {FILE, "out.txt", "out.json"}
