"""What holds where nothing was said: whom to ask, where the token is, in which form to report."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import LAYERS, Layers, refused, values

from glcheck.settings.plan import resolve

CI = {"GITLAB_CI": "true"}
ONE, TWO = "https://one.example.com", "https://two.example.com"
VARIABLES = (
    "GLCHECK_TOKEN",
    "GITLAB_TOKEN",
    "GL_TOKEN",
    "GITLAB_ACCESS_TOKEN",
    "GITLAB_PRIVATE_TOKEN",
)


def chosen(directory: Path, env: dict[str, str], **flags: str) -> dict[str, object]:
    """What a run with these variables and flags would do."""
    return values(resolve({name: [text] for name, text in flags.items()}, env, directory))


@pytest.mark.parametrize("env, url", [
    ({}, "https://gitlab.com"),
    ({"GITLAB_URL": ONE}, ONE),
    ({"GITLAB_URL": f" {ONE}/gitlab/ "}, f"{ONE}/gitlab"),
    ({"GITLAB_HOST": "one.example.com"}, ONE),
    ({"GITLAB_HOST": "one.example.com:8443"}, f"{ONE}:8443"),
    ({"GITLAB_HOST": ONE}, ONE),
    ({"GITLAB_URL": ONE, "GITLAB_HOST": "two.example.com"}, ONE),
    ({"GITLAB_URL": "", "GITLAB_HOST": "two.example.com"}, TWO),
    ({"GITLAB_URL": " ", "GITLAB_HOST": "two.example.com"}, TWO),
    ({"CI_SERVER_URL": ONE, "CI_API_V4_URL": f"{ONE}/api/v4"}, "https://gitlab.com"),
    ({**CI, "CI_SERVER_URL": ONE}, ONE),
    ({**CI, "CI_API_V4_URL": f"{ONE}/gitlab/api/v4"}, f"{ONE}/gitlab"),
    ({**CI, "CI_API_V4_URL": f"{ONE}/api/v4", "CI_SERVER_URL": TWO}, ONE),
    ({**CI, "CI_SERVER_URL": ONE, "GITLAB_URL": TWO}, ONE),
    ({**CI, "CI_SERVER_URL": "", "CI_API_V4_URL": "", "GITLAB_URL": TWO}, TWO),
    ({"GLCHECK_URL": f"{ONE}/", "GITLAB_URL": TWO}, ONE),
    ({**CI, "GLCHECK_URL": ONE, "CI_SERVER_URL": TWO}, ONE),
], ids=str)  # fmt: skip
def test_the_default_of_url(tmp_path: Path, env: dict[str, str], url: str) -> None:
    assert chosen(tmp_path, env)["url"] == url
    assert chosen(tmp_path, env, url="https://me.example.com")["url"] == "https://me.example.com"


@pytest.mark.parametrize("name, text", [
    ("GITLAB_URL", "nonsense"), ("GITLAB_HOST", "host name"), ("CI_SERVER_URL", "nonsense"),
])  # fmt: skip
def test_a_default_that_is_no_address_is_refused(tmp_path: Path, name: str, text: str) -> None:
    refused(resolve({}, {**CI, name: text}, tmp_path), name, "must be")


@pytest.mark.parametrize("url", [
    "http://localhost", "http://LOCALHOST:8080/gitlab", "http://127.0.0.1:8080", "http://127.8.9.10",
    "http://[::1]:8080",
])  # fmt: skip
def test_http_to_loopback_is_accepted(tmp_path: Path, url: str) -> None:
    assert chosen(tmp_path, {}, url=url)["url"] == url.lower()


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


@pytest.mark.parametrize("index", range(len(VARIABLES)), ids=VARIABLES)
def test_the_first_variable_that_is_set_holds_the_token(tmp_path: Path, index: int) -> None:
    env = {**dict.fromkeys(VARIABLES[:index], ""), **dict.fromkeys(VARIABLES[index:], "x")}
    assert chosen(tmp_path, env)["token_env"] == VARIABLES[index]
    assert chosen(tmp_path, env, **{"token-env": "OTHER"})["token_env"] == "OTHER"


@pytest.mark.parametrize("actions, flag, form", [
    ("", "", "text"), ("", "auto", "text"), ("", "github", "github"), ("false", "", "text"),
    ("true", "", "github"), ("true", "auto", "github"), ("true", "text", "text"),
])  # fmt: skip
def test_the_form_of_the_report(tmp_path: Path, actions: str, flag: str, form: str) -> None:
    assert chosen(tmp_path, {"GITHUB_ACTIONS": actions}, format=flag)["format"] == form


def test_nothing_else_is_asked_for(tmp_path: Path) -> None:
    found = chosen(tmp_path, dict.fromkeys(VARIABLES, ""))
    set_ = {name: value for name, value in found.items() if value not in (None, (), [], 0)}
    assert set_ == {
        "url": "https://gitlab.com", "warn_validity": -1, "format": "text", "timeout": 10,
        "max_wait": 60, "hook_max_age": 3600,
    }  # fmt: skip
