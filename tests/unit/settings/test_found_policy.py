"""What a policy file that was merely found may not do: a checkout must not choose who gets a token."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import plan_of, refused, wheres
from kit.policies import write

from glcheck.settings.plan import Plan, resolve

FILE = ".glcheck.yml"
NAMING = ("GLCHECK_URL", "GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")
AWAY = "https://evil.example.com"
LEVELS = {"url: '{}'\n": 1, "tokens:\n- name: a\n- name: b\n  url: '{}'\n": 4}  # with the line
HERE = "https://gitlab.example.com"
AT_BOTH_LEVELS = pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])


@AT_BOTH_LEVELS
@pytest.mark.parametrize("env", [
    {},
    {"GITLAB_URL": "https://gitlab.com"},
    {"GITLAB_URL": "https://gitlab.com", "GITLAB_TOKEN": "x"},
    {"GITLAB_URL": "http://evil.example.com", "GLCHECK_ALLOW_HTTP": "yes"},
    {"GITLAB_URL": "https://evil.example.com:8443"},
    {"GITLAB_URL": "https://example.com"},
    {"GITLAB_URL": "https://evil.example.com.example.net"},
    {"GITLAB_URL": ""},
], ids=str)  # fmt: skip
def test_a_found_policy_may_not_send_a_secret_elsewhere(
    tmp_path: Path, level: str, env: dict[str, str]
) -> None:
    plan = plan_of(tmp_path, level.format(AWAY), **env)
    refused(plan, f"{FILE}:{LEVELS[level]}", f"send tokens to {AWAY}", *NAMING, "--config", "--url")


@AT_BOTH_LEVELS
@pytest.mark.parametrize("url", [
    "https://127.0.0.1.example.com", "https://localhost.example.com", "https://127.0.0.1@evil.example.com",
    "https://gitlab.com@evil.example.com", "https://gitlab.com.evil.example.com", "https://gitlab.com:444",
    "http://gitlab.com", "https://evil.example.com#@gitlab.com", "https://evil.example.com\\@gitlab.com",
    "https://gitlab.com:443@evil.example.com", "//evil.example.com", "https://gitlab.com\\.evil.example.com",
    "https://gitlab.com%2eevil.example.com", "https://gitlab.com%00.evil.example.com",
])  # fmt: skip
def test_imposters_of_allowed_hosts_are_refused(tmp_path: Path, level: str, url: str) -> None:
    assert set(wheres(plan_of(tmp_path, level.format(url)))) == {f"{FILE}:{LEVELS[level]}"}


@AT_BOTH_LEVELS
@pytest.mark.parametrize("name", NAMING)
def test_a_found_policy_may_name_the_origin_that_the_environment_names(
    tmp_path: Path, level: str, name: str
) -> None:
    def plan(value: str) -> Plan:
        return plan_of(tmp_path, level.format(f"{HERE}/gitlab"), **{name: value})

    end = "/api/v4" if name == "CI_API_V4_URL" else ""
    bare = name == "GITLAB_HOST"
    assert plan(f"{HERE}{end}".removeprefix("https://" if bare else "")).tokens
    other = plan(f"https://other.example.com{end}")
    assert wheres(other) == [f"{FILE}:{LEVELS[level]}"]


@AT_BOTH_LEVELS
def test_a_found_policy_may_name_the_origin_that_a_flag_names(tmp_path: Path, level: str) -> None:
    write(tmp_path, level.format("https://GitLab.example.com:443/x"))
    assert resolve({"url": [HERE]}, {}, tmp_path).tokens
    # What a flag overrides is judged all the same.
    assert wheres(resolve({"url": ["https://other.example.com"]}, {}, tmp_path))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1:9"]
)
def test_a_found_policy_may_name_loopback(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, "".join(level.format(url) for level in LEVELS), GITLAB_URL=HERE)
    assert [token.url for token in plan.tokens] == [url, url]


@pytest.mark.parametrize(
    ("env", "allowed"), [({}, True), ({"GITLAB_URL": HERE}, False), ({"CI_SERVER_URL": HERE}, False)]
)  # fmt: skip
def test_gitlab_com_is_allowed_when_nothing_names_another(
    tmp_path: Path, env: dict[str, str], allowed: bool
) -> None:
    assert bool(plan_of(tmp_path, "url: https://gitlab.com\n", **env).tokens) is allowed


@pytest.mark.parametrize(
    "entry",
    ["output: out.txt", "report: json=out.json", "allow-http: true", "ca-file: .glcheck.yml"],
)
@pytest.mark.parametrize("at", ["here", "at the git root", "at a token"])
def test_a_found_policy_may_not_write_or_weaken(tmp_path: Path, entry: str, at: str) -> None:
    key = entry.partition(":")[0]
    if at == "at a token":
        where, says = f"{FILE}:3", f"`{key}` "  # those of the run belong to no token anyway
        write(tmp_path, f"tokens:\n- name: a\n  {entry}\n")
    else:
        where, says = f"{FILE}:1", f"`{key}` is taken only from a file that was named"
        write(tmp_path, f"{entry}\n")
    inside = tmp_path
    if at == "at the git root":
        (tmp_path / ".git").mkdir()
        inside = tmp_path / "inside"
        inside.mkdir()
        where = f"{tmp_path}/{where}"
    refused(resolve({}, {}, inside), where, says)


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_the_same_file_may_do_all_that_when_it_is_named(tmp_path: Path, how: str) -> None:
    run = "allow-http: true\noutput: out.txt\nreport: [json=out.json]\n"
    write(tmp_path, f"url: http://evil.example.com\n{run}tokens:\n- name: a\n")
    assert wheres(resolve({}, {}, tmp_path))[:4] == [f"{FILE}:{line}" for line in (1, 2, 3, 4)]
    flags = {"config": [FILE]} if how == "flag" else {}
    plan = resolve(flags, {} if flags else {"GLCHECK_CONFIG": FILE}, tmp_path)
    assert [token.url for token in plan.tokens] == ["http://evil.example.com"]
    assert plan.output[1:] == ("out.txt", (("json", "out.json"),))
