"""What a policy file that was merely found may not do: a checkout must not choose who gets what."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, mistake, plan_of, refused, wheres
from kit.policies import write

from glcheck.settings.plan import resolve

NAMING = ("GLCHECK_URL", "GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")
AWAY, HERE = "https://evil.example.com", "https://gitlab.example.com"
LEVELS = {"url: '{}'\n": 1, "tokens:\n- name: a\n- name: b\n  url: '{}'\n": 4}  # with the line
at_both_levels = pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])


@at_both_levels
@pytest.mark.parametrize("env", [
    {},
    {"GITLAB_URL": ""},
    {"GITLAB_URL": "https://gitlab.com", "GITLAB_TOKEN": "x"},
    {"GITLAB_URL": "http://evil.example.com", "GLCHECK_ALLOW_HTTP": "yes"},
    {"GITLAB_URL": "https://evil.example.com:8443"},
    {"GITLAB_URL": "https://example.com"},
    {"GITLAB_URL": "https://evil.example.com.example.net"},
], ids=str)  # fmt: skip
def test_a_found_policy_may_not_send_a_secret_elsewhere(
    tmp_path: Path, level: str, env: dict[str, str]
) -> None:
    says = (f"send tokens to {AWAY}", *NAMING, "--config", "--url")
    mistake(tmp_path, level.format(AWAY), LEVELS[level], *says, **env)


@at_both_levels
@pytest.mark.parametrize("url", [
    "https://127.0.0.1.example.com", "https://localhost.example.com", "//evil.example.com",
    "https://127.0.0.1@evil.example.com", "https://gitlab.com@evil.example.com",
    "https://gitlab.com.evil.example.com", "https://gitlab.com:444", "http://gitlab.com",
    "https://evil.example.com#@gitlab.com", "https://evil.example.com\\@gitlab.com",
    "https://gitlab.com:443@evil.example.com", "https://gitlab.com\\.evil.example.com",
    "https://gitlab.com%2eevil.example.com", "https://gitlab.com%00.evil.example.com",
])  # fmt: skip
def test_imposters_of_allowed_hosts_are_refused(tmp_path: Path, level: str, url: str) -> None:
    assert set(wheres(plan_of(tmp_path, level.format(url)))) == {f"{FILE}:{LEVELS[level]}"}


@at_both_levels
@pytest.mark.parametrize("name", NAMING)
def test_it_may_name_the_origin_that_the_environment_names(
    tmp_path: Path, level: str, name: str
) -> None:
    policy, end = level.format(f"{HERE}/gitlab"), "/api/v4" if name == "CI_API_V4_URL" else ""
    here = f"{HERE}{end}".removeprefix("https://" if name == "GITLAB_HOST" else "")
    assert plan_of(tmp_path, policy, **{name: here}).tokens
    mistake(tmp_path, policy, LEVELS[level], **{name: f"https://other.example.com{end}"})


@at_both_levels
def test_it_may_name_the_origin_that_a_flag_names(tmp_path: Path, level: str) -> None:
    write(tmp_path, level.format("https://GitLab.example.com:443/x"))
    assert resolve({"url": [HERE]}, {}, tmp_path).tokens
    # What a flag overrides is judged all the same.
    refused(resolve({"url": [AWAY]}, {}, tmp_path), f"{FILE}:{LEVELS[level]}")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1:9"]
)
def test_it_may_name_loopback(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, "".join(level.format(url) for level in LEVELS), GITLAB_URL=HERE)
    assert [token.url for token in plan.tokens] == [url, url]


def test_it_may_name_gitlab_com_when_nothing_names_another(tmp_path: Path) -> None:
    assert plan_of(tmp_path, "url: https://gitlab.com\n").tokens
    for name in NAMING:
        mistake(tmp_path, "url: https://gitlab.com\n", 1, **{name: HERE})


@pytest.mark.parametrize("entry", [
    "output: out.txt", "report: json=out.json", "allow-http: true", "ca-file: .glcheck.yml",
])  # fmt: skip
@pytest.mark.parametrize("at", ["here", "git root", "token"])
def test_a_found_policy_may_not_write_or_weaken(tmp_path: Path, entry: str, at: str) -> None:
    key, inside = entry.partition(":")[0], tmp_path / "inside"
    if at == "token":  # of which the reports are not, in any file
        mistake(tmp_path, f"tokens:\n- name: a\n  {entry}\n", 3, f"`{key}` ")
        return
    says = f"`{key}` is taken only from a file that was named"
    mistake(tmp_path, f"{entry}\n", 1, says)
    if at == "git root":
        inside.mkdir()
        (tmp_path / ".git").mkdir()
        refused(resolve({}, {}, inside), f"{tmp_path / FILE}:1", says)


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_the_same_file_may_do_all_that_when_it_is_named(tmp_path: Path, how: str) -> None:
    run = "allow-http: true\noutput: out.txt\nreport: [json=out.json]\n"
    write(tmp_path, f"url: http://evil.example.com\n{run}tokens:\n- name: a\n")
    assert wheres(resolve({}, {}, tmp_path))[:4] == [f"{FILE}:{line}" for line in (1, 2, 3, 4)]
    flags = {"config": [FILE]} if how == "flag" else {}
    plan = resolve(flags, {} if flags else {"GLCHECK_CONFIG": FILE}, tmp_path)
    assert [token.url for token in plan.tokens] == ["http://evil.example.com"]
    assert plan.output[1:] == ("out.txt", (("json", "out.json"),))
