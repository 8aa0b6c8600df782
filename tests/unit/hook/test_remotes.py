"""The host of a remote, and what follows the flags of the hook."""

from __future__ import annotations

import pytest
from kit.hook import APP, ELSEWHERE, HERE, PASSWORD

from glcheck.commands import command_line
from glcheck.hook.manners import host_of

HOSTS: dict[str | None, list[str]] = {
    HERE: [
        f"https://{HERE}/{APP}", f"https://{HERE}/{APP}/", f"https://{HERE}", f"http://{HERE}/{APP}",
        f"https://{HERE}/gitlab/{APP}", f"https://{HERE}:8443/gitlab/{APP}",
        f"https://{HERE}:8443/{APP}", f"https://me@{HERE}/{APP}", f"https://me:p@ss@{HERE}/{APP}",
        f"https://me:{PASSWORD}@{HERE}:443/{APP}", f"ssh://{HERE}/{APP}", f"git://{HERE}/{APP}",
        f"ssh://git@{HERE}:2222/{APP}", f"git+ssh://git@{HERE}/{APP}", f"git@{HERE}:{APP}",
        f"git@{HERE}:~me/app", f"{HERE}:{APP}", f"[git@{HERE}:2222]:{APP}", f"[{HERE}]:{APP}",
        f"git@[{HERE}:2222]:{APP}", "ssh://git@gitlab%2eexample.com/app",
        f"HTTPS://GitLab.Example.COM/{APP}", f"git@GitLab.Example.Com:{APP}",
    ],
    None: [
        "", "origin", "/srv/git/app.git", "../app", "./app", "./a:b", "../a:b", "~/app.git",
        "file:///srv/git/app.git", "file://localhost/srv/app", "FILE:///srv/app", "sub/a:b",
        "ext::sh -c x", "foo-bar::x",
        "C:/git/app", "c:/git/app", r"C:\git\app", r"\\server\a:b", r"\\?\C:\app",
    ],
    "github.com": [
        ELSEWHERE, f"git@github.com:{APP}", f"ssh://git@github.com:22/{APP}", f"github.com:{APP}",
        f"https://me:{PASSWORD}@github.com/{APP}",
    ],
    f"{HERE}.evil.example": [f"https://{HERE}.evil.example/{APP}", f"git@{HERE}.evil.example:a"],
    f"not{HERE}": [f"https://not{HERE}/{APP}", f"git@not{HERE}:{APP}"],
    "evil.example": [
        f"https://evil.example/{HERE}/{APP}", f"git@evil.example:{HERE}/{APP}",
        f"https://{HERE}@evil.example/{APP}", f"https://{HERE}:{PASSWORD}@evil.example/{APP}",
        f"ssh://{HERE}@evil.example/{APP}",
    ],
    "example.com": [f"https://example.com/{APP}"],
    # Git over SSH through the port of HTTPS: one more name, at gitlab.com only.
    "gitlab.com": [f"https://gitlab.com/{APP}", f"ssh://git@altssh.gitlab.com:443/{APP}"],
    "altssh.gitlab.com.evil.example": ["git@altssh.gitlab.com.evil.example:app"],
    "altssh.example.com": ["git@altssh.example.com:app"],
    "::1": [
        "https://[::1]/app.git", "https://[::1]:8443/app.git", "ssh://git@[::1]:22/app.git",
        "git@[::1]:app.git", "[::1]:app.git",
    ],
    "::2": ["https://[::2]/app.git", "git@[::2]:app.git"],
    "2001:db8::1": ["git@[2001:DB8::1]:app.git"],
}  # fmt: skip
ROWS = [(address, host) for host, addresses in HOSTS.items() for address in addresses]


@pytest.mark.parametrize(("address", "host"), ROWS)
def test_its_host_is_the_one_that_git_connects_to(address: str, host: str | None) -> None:
    assert host_of(address) == host


FLAGS = {"--hook-strict": ["true"], "--hook-strict=no": ["no"], "--allow-http": None, "-q": None}


@pytest.mark.parametrize(("flag", "strict"), FLAGS.items())
def test_the_words_of_git_may_follow_any_flag(flag: str, strict: list[str] | None) -> None:
    _, given = command_line.parse(["hook", flag, "origin", ELSEWHERE])
    assert given.remote == ["origin", ELSEWHERE]
    assert vars(given)["hook-strict"] == strict
