"""Real pushes with the hook, installed in each way: what stops them, and when GitLab is asked."""

from __future__ import annotations

import re

import pytest
from kit.gitlab_server import Token
from kit.hook_clients import CLIENTS, DEAD, NARROW, REVOKED, Home, each_client, each_way
from kit.policies import GOOD

pytestmark = pytest.mark.slow
AWAY = {"url": DEAD, "max-wait": "0.2s"}
STRICT = {**AWAY, "hook-strict": "true"}
RELEASE = {".glcheck.yml": '{"tokens": [{"name": "release", "token-env": "RELEASE_TOKEN"}]}'}


# Where it goes: the hook's settings, its token, the policy, whether the push is stopped, and why.
PUSHES = {
    "no network": (AWAY, GOOD, {}, False, "network-error", "warning[network-error] "),
    "no network, strict": (STRICT, GOOD, {}, True, "network-error", "error[network-error] "),
    "no token": ({}, None, {}, False, "token-missing", ""),
    "no token of the policy": ({}, GOOD, RELEASE, True, "token-missing", "RELEASE_TOKEN"),
}


@each_way
@pytest.mark.parametrize(
    ("given", "token", "files", "stopped", "category", "said"), PUSHES.values(), ids=PUSHES
)
def test_a_push_that_cannot_be_checked_is_stopped_only_where_that_is_wanted(
    home: Home,
    given: dict[str, str],
    token: str | None,
    files: dict[str, str],
    stopped: bool,
    category: str,
    said: str,
) -> None:
    pushed = home.clone(given, files=files).push(token)
    assert pushed.passed == (not stopped)
    lines = [line.strip() for line in pushed.out.splitlines() if category in line]
    assert said in lines[0]
    assert len(lines) == 1 or stopped
    if stopped:
        assert pushed.fails_for(category)
    assert home.asked == 0


@each_way
def test_a_good_token_lets_it_pass_and_is_remembered_for_itself_alone(home: Home) -> None:
    clone = home.clone({"scopes": "api"})
    assert clone.push(GOOD).passed
    assert home.asked == 1
    assert clone.push(GOOD).passed
    assert home.asked == 1
    pushed = clone.push(NARROW)
    assert pushed.fails_for("scope-missing")
    assert f"{home.gitlab.url}/-/user_settings/personal_access_tokens?" in pushed.out


@each_way
def test_a_bad_token_stops_it_each_time_until_it_is_repaired(home: Home) -> None:
    clone = home.clone()
    for attempt in (1, 2):
        pushed = clone.push(REVOKED)
        assert pushed.fails_for("token-revoked")
        assert home.asked == attempt
    home.gitlab.add(Token(REVOKED))
    assert clone.push(REVOKED).passed


@each_way
def test_nothing_is_asked_when_it_goes_to_another_host(home: Home) -> None:
    clone = home.clone(name="app")
    hosts = ("git@other.example.com:", "ssh://git@other.example.com:2222/")
    for number, host in enumerate(hosts):
        clone.git("remote", "add", f"other{number}", f"{host}group/app.git")
        assert clone.push(REVOKED, remote=f"other{number}").passed
    assert home.asked == 0


@each_way
def test_the_token_is_asked_about_when_it_goes_to_its_host(home: Home) -> None:
    clone = home.clone(name="app")
    clone.git("remote", "add", "near", "git@127.0.0.1:group/app.git")
    assert not clone.push(REVOKED, remote="near").passed
    assert clone.push(GOOD, remote="ssh://git@127.0.0.1:2222/group/app.git").passed
    assert home.asked == 2


@each_way
def test_it_can_be_let_through_unchecked(home: Home) -> None:
    by_client = home.way in CLIENTS
    options = () if by_client else ("--no-verify",)
    env = {"SKIP": "glcheck"} if by_client else {}
    assert home.clone().push(REVOKED, *options, env=env).passed
    assert home.asked == 0


@each_client
def test_a_client_hides_the_warning_of_a_hook_that_passes_only_if_it_is_told_to(home: Home) -> None:
    quiet = {"args": [f"--{name}={value}" for name, value in AWAY.items()], "verbose": False}
    pushed = home.clone(config=home.machine.config(quiet)).push(GOOD)
    assert pushed.passed
    assert re.search(r"^GitLab token\.+Passed$", pushed.out, re.MULTILINE)
    assert "warning" not in pushed.out
