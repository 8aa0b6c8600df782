"""Where the push goes: only the tokens of that GitLab are asked about."""

from __future__ import annotations

import json
import re

import pytest
from kit.hook import APP, ELSEWHERE, HERE, MALFORMED, PASSWORD, Hook, asked, by_name
from kit.policies import GOOD, Settings

URL = f"https://{HERE}"
NO_TOKEN = {"GITLAB_TOKEN": ""}  # so that nothing is ever sent


@pytest.mark.parametrize(("url", "variable", "remote", "concerned"), [
    pytest.param(URL, "", (f"https://me@{HERE}/{APP}",), True, id="its host"),
    pytest.param(URL, "", (f"git@{HERE.upper()}:{APP}",), True, id="capitals in the remote"),
    pytest.param("https://GitLab.example.com:8443/git", "", (f"ssh://git@{HERE}:22/{APP}",), True,
                 id="capitals, a port and a path in url"),
    pytest.param(URL, "", ("origin", f"git@{HERE}:{APP}"), True, id="behind its name"),
    pytest.param(URL, "", ("origin", "/srv/git/app.git"), True, id="a path"),
    pytest.param(URL, "", ("origin",), True, id="only a name"),
    pytest.param(URL, "", (), True, id="nothing is known"),
    pytest.param(URL, "", ("origin", ELSEWHERE), False, id="another host"),
    pytest.param("https://[2001:db8::1]", "", ("o", "git@[2001:DB8::1]:app"), True, id="IPv6"),
    pytest.param("https://[::1]:8443", "", ("o", "git@[::2]:app"), False, id="another IPv6"),
    pytest.param(URL, f"git@{HERE}:{APP}", (), True, id="pre-commit: its host"),
    pytest.param(URL, "/srv/git/app.git", (), True, id="pre-commit: a path"),
    pytest.param(URL, ELSEWHERE, (), False, id="pre-commit: another host"),
    pytest.param(URL, ELSEWHERE, ("o", f"git@{HERE}:{APP}"), True, id="git's own words win"),
    pytest.param(URL, f"git@{HERE}:{APP}", ("o", ELSEWHERE), False, id="also for another host"),
])  # fmt: skip
def test_a_token_is_asked_about_where_the_push_goes_to_its_host_or_to_none(
    hook: Hook, url: str, variable: str, remote: tuple[str, ...], concerned: bool
) -> None:
    env = {**NO_TOKEN, "PRE_COMMIT_REMOTE_URL": variable}
    result = hook.json("--url", url, *remote, env=env)
    assert (result.code, hook.requests) == (0, 0)
    assert bool(result.token["problems"]) == concerned


@pytest.mark.parametrize(
    ("host", "token"), [("github.com", GOOD), (f"{HERE}.evil.example", ""), ("::1", MALFORMED)]
)
def test_a_push_to_another_host_asks_nothing_and_names_both(
    hook: Hook, host: str, token: str
) -> None:
    """Nor is it stopped by a token that it does not need."""
    address = f"https://me:{PASSWORD}@{f'[{host}]' if ':' in host else host}/{APP}"
    env = {"GITLAB_TOKEN": token}
    result = hook("--url", URL, "--hook-strict", "origin", address, env=env)
    assert (result.code, result.err, hook.requests) == (0, "", 0)
    assert "warning" not in result.out
    (line,) = (line for line in result.out.splitlines() if "The push goes to" in line)
    assert {host, HERE} <= set(re.split(r"[\s`,/]+", line.rstrip(".").replace("`.", "`")))
    assert "me:" not in line


NASTY = [
    f"https://me:{PASSWORD}/app", f"https://{PASSWORD}@/", f"https://[{PASSWORD}", "https://",
    f"https://me:{PASSWORD}@[::1/app", f"me:{PASSWORD}@github.com:app", ":", "@:", "[", "[]:app",
    f"//me:{PASSWORD}@github.com/app", f"https://me:{PASSWORD}@evil\x1b[31m.example/app",
    f"https://me:{PASSWORD}@evil\n::error::x/app", f"https://{'a' * 50_000}/", "https://:443",
    "https://m\u00fcller.de/x", "https://host:99999999/app", "ext::sh -c x",
    "git@evil\x1b.example:app", "git@evil\n::error::x.example:app",
    # A token in place of the host.
    f"{GOOD}:x@gitlab.com/app", f"https://{GOOD}/", f"git@{GOOD}:a",
]  # fmt: skip


@pytest.mark.parametrize("address", NASTY, ids=lambda address: repr(address[:60]))
def test_no_address_breaks_the_hook_or_shows_its_secrets(hook: Hook, address: str) -> None:
    result = hook("--url", URL, "origin", address, env=NO_TOKEN)
    shown = result.out + result.err
    assert result.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert not re.search(r"^\s*::", shown, re.MULTILINE)
    assert len(result.err.splitlines()) <= 1
    assert not [secret for secret in (PASSWORD, GOOD.lower()) if secret in shown.lower()]


def test_a_check_asks_wherever_the_remote_is(hook: Hook) -> None:
    env = {**hook.environ, "PRE_COMMIT_REMOTE_URL": ELSEWHERE}
    assert hook.run("check", env=env).code == 0
    assert len(hook.gitlab.requests) == 1


def test_only_the_tokens_of_the_remotes_gitlab_are_asked(hook: Hook) -> None:
    here, there = hook.gitlab.url, hook.gitlab.url.replace("127.0.0.1", "localhost")
    tokens: dict[str, Settings] = {
        "here": {"url": here},
        "there": {"url": there},
        "absent": {"url": f"https://{HERE}", "secret": ""},
    }
    run = hook.policy(tokens)

    def goes(*args: str) -> tuple[int, set[str], set[str]]:
        """The exit code, the tokens that the push does not concern, and those asked about."""
        result = run(*args)
        assert PASSWORD not in result.out + result.err
        notes = {n: one["notes"] for n, one in by_name(result).items() if not one["problems"]}
        elsewhere = {name for name in notes if any("The push goes to" in n for n in notes[name])}
        return result.code, elsewhere, asked(result)

    assert goes("origin", f"ssh://git@127.0.0.1/{APP}") == (0, {"there", "absent"}, {"here"})
    assert goes("origin", f"ssh://git@localhost/{APP}") == (0, {"here", "absent"}, {"there"})
    assert goes("origin", f"git@{HERE}:{APP}")[:2] == (10, {"here", "there"})
    assert goes("origin", "/srv/git/app.git")[:2] == (10, set())
    other = f"https://me:{PASSWORD}@github.com/{APP}"
    assert goes("--hook-strict=yes", "origin", other) == (0, set(tokens), set())
    assert hook.requests == 0


def test_every_format_can_tell_of_a_push_that_asked_nothing(hook: Hook) -> None:
    assert hook.asks()
    formats = ("json", "text", "github", "junit", "markdown", "annotations", "dotenv")
    reports = [f"--report={form}={form}.out" for form in formats]
    for remote, again in (((), True), (("origin", ELSEWHERE), False)):
        assert (hook(*reports, *remote).code, hook.requests) == (0, 0)
        told = {form: (hook.run.directory / f"{form}.out").read_text("utf-8") for form in formats}
        assert len(json.loads(told["json"])["tokens"]) == 1
        assert 'tests="1" failures="0" errors="0" skipped="1"' in told["junit"]
        assert json.loads(told["annotations"]) == {"glcheck": []}
        assert told["dotenv"].splitlines()[:2] == ["GLCHECK_OK=true", "GLCHECK_CATEGORY=ok"]
        assert "glcheck: ok" in told["markdown"]
        for form in ("text", "github", "junit"):
            assert (form, "It was in order" in told[form]) == (form, again)
        assert not any("None" in text for text in told.values())
