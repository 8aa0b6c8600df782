"""Which GitLab is asked: by default, in clear text, and by a policy file that was merely found."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, LAYERS, Layers, mistake, plan_of, refused, values, wheres
from kit.policies import write

from glcheck.settings.plan import resolve

CI = {"GITLAB_CI": "true"}
ONE, TWO, AWAY = "https://one.example.com", "https://two.example.com", "https://evil.example.com"
NAMING = ("GLCHECK_URL", "GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")
LEVELS = {"url: '{}'\n": 1, "tokens:\n- name: a\n- name: b\n  url: '{}'\n": 4}  # with the line
at_both_levels = pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])


@pytest.mark.parametrize("env, url", [
    ({}, "https://gitlab.com"),
    ({"GITLAB_URL": ONE}, ONE),
    ({"GITLAB_URL": f" {ONE}/gitlab/ "}, f"{ONE}/gitlab"),
    ({"GITLAB_HOST": "one.example.com:8443"}, f"{ONE}:8443"),
    ({"GITLAB_HOST": ONE}, ONE),
    ({"GITLAB_URL": ONE, "GITLAB_HOST": "two.example.com"}, ONE),
    ({"GITLAB_URL": " ", "GITLAB_HOST": "two.example.com"}, TWO),
    ({"CI_SERVER_URL": ONE, "CI_API_V4_URL": f"{ONE}/api/v4"}, "https://gitlab.com"),
    ({**CI, "CI_SERVER_URL": ONE}, ONE),
    ({**CI, "CI_API_V4_URL": f"{ONE}/gitlab/api/v4", "CI_SERVER_URL": TWO}, f"{ONE}/gitlab"),
    ({**CI, "CI_SERVER_URL": ONE, "GITLAB_URL": TWO}, ONE),
    ({**CI, "CI_SERVER_URL": "", "CI_API_V4_URL": "", "GITLAB_URL": TWO}, TWO),
    ({**CI, "GLCHECK_URL": f"{ONE}/", "CI_SERVER_URL": TWO, "GITLAB_URL": TWO}, ONE),
], ids=str)  # fmt: skip
def test_the_default_of_url(tmp_path: Path, env: dict[str, str], url: str) -> None:
    assert values(resolve({}, env, tmp_path))["url"] == url
    assert values(resolve({"url": [AWAY]}, env, tmp_path))["url"] == AWAY


@pytest.mark.parametrize("url", [
    "http://localhost", "http://LOCALHOST:80/gitlab", "http://127.0.0.1:8080", "http://127.8.9.10",
    "http://[::1]:8080",
])  # fmt: skip
def test_http_to_loopback_is_accepted(tmp_path: Path, url: str) -> None:
    assert values(resolve({"url": [url]}, {}, tmp_path))["url"] == url.lower()


@pytest.mark.parametrize("url", [
    "http://gitlab.example.com", "HTTP://gitlab.example.com", "http://127.0.0.1.example.com",
    "http://localhost.example.com", "http://localhost-gitlab.example.com", "http://10.0.0.1",
    "http://127.0.0.1@example.com", "http://localhost:80@example.com", "http://0.0.0.0",
    "http://example.com#@localhost", "http://example.com?localhost", "http://[::1].example.com",
    "http://example.com/127.0.0.1", "http://example.com\\@localhost", "http://192.168.1.1",
    "http://[::ffff:192.0.2.1]", "http://128.0.0.1",
])  # fmt: skip
def test_http_to_another_host_is_refused(tmp_path: Path, url: str) -> None:
    for layer, where in zip(LAYERS, ("--url", "GLCHECK_URL", "named.yml:1"), strict=True):
        refused(Layers(tmp_path).set(layer, url=url).plan(), where)
    for name in ("GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL"):
        refused(resolve({}, {**CI, name: url}, tmp_path), name)


@at_both_levels
@pytest.mark.parametrize("env", [
    {}, {"GITLAB_URL": ""}, {"GITLAB_URL": "https://gitlab.com", "GITLAB_TOKEN": "x"},
    {"GITLAB_URL": "http://evil.example.com", "GLCHECK_ALLOW_HTTP": "yes"},
    {"GITLAB_URL": f"{AWAY}:8443"}, {"GITLAB_URL": "https://example.com"},
    {"GITLAB_URL": f"{AWAY}.example.net"},
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
@pytest.mark.parametrize("name", [*NAMING, "--url"])
def test_it_may_name_the_origin_that_a_variable_or_a_flag_names(
    tmp_path: Path, level: str, name: str
) -> None:
    write(tmp_path, level.format("https://One.example.com:443/gitlab"))
    for host, allowed in (("one", True), ("other", False)):  # what a flag overrides is judged, too
        bare = f"{host}.example.com{'/api/v4' if name == 'CI_API_V4_URL' else ''}"
        url = bare if name == "GITLAB_HOST" else f"https://{bare}"
        flags, env = ({"url": [url]}, {}) if name == "--url" else ({}, {name: url})
        plan = resolve(flags, env, tmp_path)
        if allowed:
            assert plan.tokens
        else:
            refused(plan, f"{FILE}:{LEVELS[level]}", "send tokens to")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1:9"]
)
def test_it_may_name_loopback(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, "".join(level.format(url) for level in LEVELS), GITLAB_URL=ONE)
    assert [token.url for token in plan.tokens] == [url, url]


def test_it_may_name_gitlab_com_when_nothing_names_another(tmp_path: Path) -> None:
    assert plan_of(tmp_path, "url: https://gitlab.com\n").tokens
    for name in NAMING:
        mistake(tmp_path, "url: https://gitlab.com\n", 1, **{name: ONE})


@pytest.mark.parametrize("entry", ["output: a", "report: json=a", "allow-http: 1", "ca-file: a"])
def test_a_found_policy_may_not_write_or_weaken(tmp_path: Path, entry: str) -> None:
    says = f"`{entry.partition(':')[0]}` is taken only from a file that was named"
    mistake(tmp_path, f"{entry}\n", 1, says)
    (tmp_path / ".git").mkdir()
    (tmp_path / "inside").mkdir()
    refused(resolve({}, {}, tmp_path / "inside"), f"{tmp_path / FILE}:1", says)
