"""The host of a remote, as git writes remotes; and that no address breaks the hook or shows what it holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kit.hook import APP, ELSEWHERE, HERE, PASSWORD
from kit.in_process import Command
from kit.policies import GOOD

from glcheck.commands import command_line
from glcheck.hook.manners import host_of

SAME = [
    f"https://{HERE}/{APP}", f"https://{HERE}/{APP}/", f"https://{HERE}", f"http://{HERE}/{APP}",
    f"https://{HERE}/gitlab/{APP}", f"https://{HERE}:8443/gitlab/{APP}",
    f"https://{HERE}:8443/{APP}", f"https://me@{HERE}/{APP}", f"https://me:{PASSWORD}@{HERE}:443/{APP}",
    f"https://me:p@ss@{HERE}/{APP}", f"ssh://{HERE}/{APP}", f"ssh://git@{HERE}:2222/{APP}",
    f"git+ssh://git@{HERE}/{APP}", f"git://{HERE}/{APP}", f"git@{HERE}:{APP}", f"git@{HERE}:~me/app",
    f"{HERE}:{APP}", f"[git@{HERE}:2222]:{APP}", f"git@[{HERE}:2222]:{APP}", f"[{HERE}]:{APP}",
    "ssh://git@gitlab%2eexample.com/app", f"HTTPS://GitLab.Example.COM/{APP}", f"git@GitLab.Example.Com:{APP}",
]  # fmt: skip
NO_HOST = [
    "", "origin", "/srv/git/app.git", "../app", "./app", "./a:b", "../a:b", "file:///srv/git/app.git",
    "file://localhost/srv/app", r"C:\git\app", "C:/git/app", "c:/git/app", "~/app.git", "sub/a:b",
    "FILE:///srv/app", "ext::sh -c x", "foo-bar::x", r"\\server\a:b", r"\\?\C:\app",
]  # fmt: skip
OTHER = {
    ELSEWHERE: "github.com",
    f"git@github.com:{APP}": "github.com",
    f"ssh://git@github.com:22/{APP}": "github.com",
    f"github.com:{APP}": "github.com",
    f"https://me:{PASSWORD}@github.com/{APP}": "github.com",
    f"https://{HERE}.evil.example/{APP}": f"{HERE}.evil.example",
    f"https://not{HERE}/{APP}": f"not{HERE}",
    f"git@{HERE}.evil.example:{APP}": f"{HERE}.evil.example",
    f"git@not{HERE}:{APP}": f"not{HERE}",
    f"https://evil.example/{HERE}/{APP}": "evil.example",
    f"git@evil.example:{HERE}/{APP}": "evil.example",
    f"https://{HERE}@evil.example/{APP}": "evil.example",
    f"https://{HERE}:{PASSWORD}@evil.example/{APP}": "evil.example",
    f"ssh://{HERE}@evil.example/{APP}": "evil.example",
    f"https://example.com/{APP}": "example.com",
    f"https://gitlab.com/{APP}": "gitlab.com",
    "https://[::1]/app.git": "::1",
    "https://[::1]:8443/app.git": "::1",
    "ssh://git@[::1]:22/app.git": "::1",
    "git@[::1]:app.git": "::1",
    "[::1]:app.git": "::1",
    "https://[::2]/app.git": "::2",
    "git@[::2]:app.git": "::2",
    "git@[2001:DB8::1]:app.git": "2001:db8::1",
    # Git over SSH through the port of HTTPS: one name, at gitlab.com only.
    f"ssh://git@altssh.gitlab.com:443/{APP}": "gitlab.com",
    "git@altssh.gitlab.com.evil.example:app": "altssh.gitlab.com.evil.example",
    "git@altssh.example.com:app": "altssh.example.com",
}
HOSTS = {**dict.fromkeys(SAME, HERE), **dict.fromkeys(NO_HOST), **OTHER}


@pytest.mark.parametrize(("address", "host"), HOSTS.items())
def test_the_host_of_a_remote_is_the_one_that_git_connects_to(
    address: str, host: str | None
) -> None:
    assert host_of(address) == host


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command in this process, without a token."""
    return Command(monkeypatch, capsys, tmp_path)


NASTY = [
    f"https://me:{PASSWORD}/app", f"https://{PASSWORD}@/", f"https://[{PASSWORD}",
    f"https://me:{PASSWORD}@[::1/app", f"me:{PASSWORD}@github.com:app", f"//me:{PASSWORD}@github.com/app",
    "https://", "https://:443", ":", "@:", "[", "[]:app", "https://host:99999999/app", "ext::sh -c x",
    f"https://me:{PASSWORD}@evil\x1b[31m.example/app", f"https://me:{PASSWORD}@evil\n::error::x/app",
    f"https://{'a' * 50_000}/", "https://m\u00fcller.de/x",
]  # fmt: skip


@pytest.mark.parametrize("address", NASTY, ids=lambda address: repr(address[:60]))
def test_no_address_breaks_the_hook_or_shows_its_password(command: Command, address: str) -> None:
    result = command("hook", "--url", f"https://{HERE}", "origin", address)
    shown = result.out + result.err
    assert result.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert not re.search(r"^\s*::", shown, re.MULTILINE)
    assert len(result.err.splitlines()) <= 1
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    "address", ["{}:x@gitlab.com/group/app.git", "https://{}/app", "git@{}:app"]
)
def test_a_token_in_place_of_the_host_is_not_shown(command: Command, address: str) -> None:
    result = command("hook", "origin", address.format(GOOD))
    assert result.code == 0
    assert GOOD.lower() not in (result.out + result.err).lower()


# fmt: off
@pytest.mark.parametrize(("flag", "strict"), [
    ("--hook-strict", ["true"]), ("--hook-strict=no", ["no"]), ("--allow-http", None), ("-q", None), ("-v", None),
])
# fmt: on
def test_the_words_of_git_may_follow_any_flag(flag: str, strict: list[str] | None) -> None:
    _, given = command_line.parse(["hook", flag, "origin", ELSEWHERE])
    assert given.remote == ["origin", ELSEWHERE]
    assert vars(given)["hook-strict"] == strict
