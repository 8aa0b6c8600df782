"""What is remembered: where it lies, under which key, and when it counts for nothing."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.hook import HOUR, Entry, posix
from kit.policies import GOOD, secret

from glcheck.hook import memory
from glcheck.secret import Secret
from glcheck.settings import plan

NAME, OTHER = "ab" * 32, "cd" * 32


def believed(path: Path, longest: float = HOUR) -> bool:
    """Whether the entry there counts."""
    return memory.age(path.parent, path.name, longest) is not None


def kept(directory: Path) -> Entry:
    """Remember a success for an hour."""
    memory.remember(directory, NAME, time.time(), HOUR)
    return Entry.at(directory / NAME)


def key(flags: dict[str, str], directory: Path, value: str = GOOD) -> str:
    """What a success of this token is filed under, with these settings."""
    (directory / "ca.pem").touch()
    texts = {name: [text] for name, text in flags.items()}
    (policy,) = plan.resolve(texts, {}, directory).tokens
    return memory.key(policy, Secret(value=value, had_line_end=False))


# fmt: off
ASKED: list[dict[str, str]] = [
    {}, {"url": "https://gitlab.example.com"}, {"url": "https://gitlab.example.com/gitlab"},
    {"scopes": "api"}, {"scopes": "read_api"}, {"scopes": "api,read_api"}, {"forbid-scopes": "sudo"},
    {"min-validity": "1d"}, {"min-validity": "2d"}, {"warn-validity": "1d"}, {"max-validity": "200d"},
    {"project": "group/app"}, {"project": "group/other"}, {"group": "group"}, {"kind": "personal"},
    {"project": "group/app", "role": "developer"}, {"project": "group/app", "role": "maintainer"},
    {"ca-file": "ca.pem"}, {"allow": "scope-missing"},
]
# fmt: on


def test_whatever_changes_what_is_asked_changes_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = [key(flags, tmp_path) for flags in ASKED] + [key({}, tmp_path, secret(1))]
    assert [ASKED[n] for n, one in enumerate(keys) if keys.index(one) != n] == []
    assert key({}, tmp_path) == keys[0]
    assert key({"token-env": "OTHER_NAME", "timeout": "5s"}, tmp_path) == keys[0]


# fmt: off
@pytest.mark.parametrize(("written", "until", "longest", "expected"), [
    pytest.param(0, 0, HOUR, True, id="fresh"),
    pytest.param(-HOUR + 60, 0, HOUR, True, id="nearly too old"),
    pytest.param(-HOUR - 1, HOUR, HOUR, False, id="too old"),
    pytest.param(-HOUR - 1, HOUR, 2 * HOUR, True, id="older, and believed for longer"),
    pytest.param(-60, -HOUR - 5, HOUR, False, id="over"),
    pytest.param(HOUR // 2, HOUR, HOUR, False, id="written in the future"),
])
# fmt: on
def test_a_success_is_believed_for_so_long(
    tmp_path: Path, written: int, until: int, longest: int, expected: bool
) -> None:
    entry = kept(tmp_path / "hook")
    entry.shift(written, until)
    assert believed(entry.path, longest) == expected


def test_its_age_is_told(tmp_path: Path) -> None:
    entry = kept(tmp_path / "hook")
    entry.shift(-300)
    age = memory.age(entry.path.parent, NAME, HOUR)
    assert age is not None
    assert 300 <= age < 360


def in_place(make: Callable[[Entry], object]) -> Callable[[Entry], object]:
    """Remove the entry and make something else where it was."""
    return lambda entry: (entry.path.unlink(), make(entry))


def link(entry: Entry) -> None:
    target = entry.path.parent.parent / "target"
    target.write_bytes(entry.content)
    target.chmod(0o600)
    entry.path.symlink_to(target)


def of_another(entry: Entry) -> None:
    memory.remember(entry.path.parent, OTHER, time.time(), HOUR)
    entry.path.write_bytes((entry.path.parent / OTHER).read_bytes())


def write(change: Callable[[Entry], bytes]) -> Callable[[Entry], object]:
    return lambda entry: entry.path.write_bytes(change(entry))


def mode(bits: int) -> Callable[[Entry], object]:
    return lambda entry: entry.path.chmod(bits)


def until(entry: Entry, text: bytes) -> bytes:
    """The entry with another end, and the checksum of the right one."""
    return entry.content.replace(b"%d" % entry.until, text, 1)


root = pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 1)() == 0, reason="root reads what has no mode at all"
)
# fmt: off
DAMAGES = [
    pytest.param(write(lambda _: b""), id="empty"),
    pytest.param(write(lambda entry: entry.content[:-8]), id="cut"),
    pytest.param(write(lambda entry: entry.content[:-1]), id="cut by a digit"),
    pytest.param(write(lambda _: b"what is this?\n"), id="garbage"),
    pytest.param(write(lambda _: bytes(range(256)) * 4), id="binary"),
    pytest.param(write(lambda entry: b"%d %d\n" % (entry.written, entry.until)), id="numbers only"),
    pytest.param(write(lambda entry: until(entry, b"9" * 5000)), id="huge number"),
    pytest.param(write(lambda entry: entry.content + b" " * 5_000_000), id="huge"),
    pytest.param(write(lambda entry: until(entry, b"%d" % (entry.until + 1))), id="another moment"),
    pytest.param(lambda entry: os.utime(entry.path, (time.time() + HOUR,) * 2), id="dated in the future"),
    pytest.param(of_another, id="of another"),
    pytest.param(in_place(lambda entry: entry.path.mkdir()), id="directory"),
    pytest.param(in_place(link), id="link", marks=posix),
    pytest.param(mode(0o604), id="readable by all", marks=posix),
    pytest.param(mode(0o640), id="readable by the group", marks=posix),
    pytest.param(mode(0o602), id="writable by all", marks=posix),
    pytest.param(mode(0o620), id="writable by the group", marks=posix),
    pytest.param(mode(0), id="unreadable", marks=[posix, root]),
]
# fmt: on


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_believed_no_more_until_it_is_written_anew(
    tmp_path: Path, damage: Callable[[Entry], object]
) -> None:
    entry = kept(tmp_path / "hook")
    assert believed(entry.path)
    damage(entry)
    assert not believed(entry.path)
    kept_again = time.time() + 1
    memory.remember(entry.path.parent, NAME, kept_again - 1, HOUR)
    at = entry.path.lstat()
    if not entry.path.is_dir():  # directories are for their makers to remove
        assert believed(entry.path)
        assert stat.S_ISREG(at.st_mode)
        assert sys.platform == "win32" or stat.S_IMODE(at.st_mode) == 0o600
    target = tmp_path / "target"
    assert not target.exists() or target.read_bytes() == entry.content
    assert {path.name for path in entry.path.parent.iterdir()} <= {NAME, OTHER}


@posix
def test_what_is_remembered_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    entry = kept(tmp_path / "hook")
    linked = tmp_path / "linked"
    os.link(entry.path, linked)
    memory.remember(entry.path.parent, NAME, time.time(), 2 * HOUR)
    assert linked.read_bytes() == entry.content != entry.path.read_bytes()


def test_what_cannot_be_remembered_is_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "hook"
    memory.remember(directory, NAME, time.time(), HOUR)
    memory.forget(directory)
    assert not believed(directory / NAME)


def test_entries_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    entry = kept(tmp_path / "hook")
    unfinished = entry.path.with_name(f"{OTHER}.4711")
    for path in (unfinished, entry.path.with_name("notes"), entry.path.with_name(f"{NAME}.txt")):
        path.touch()
    memory.forget(entry.path.parent)
    assert sorted(path.name for path in entry.path.parent.iterdir()) == [f"{NAME}.txt", "notes"]


# fmt: off
@pytest.mark.parametrize(("platform", "environ", "expected"), [
    ("linux", {"HOME": "/home/me"}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": ""}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "me"}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
    ("linux", {"XDG_CACHE_HOME": "me"}, None),
    ("linux", {"HOME": ""}, None),
    ("linux", {}, None),
    ("darwin", {"HOME": "/Users/me", "XDG_CACHE_HOME": "/x"}, "/Users/me/Library/Caches/glcheck/hook"),
    ("darwin", {}, None),
    ("win32", {"LOCALAPPDATA": "/c/me/Local", "HOME": "/home/me"}, "/c/me/Local/glcheck/hook"),
    ("win32", {"HOME": "/home/me", "XDG_CACHE_HOME": "/x"}, None),
    ("win32", {}, None),
])
# fmt: on
@posix  # where a path without a drive is not absolute
def test_every_platform_has_its_place(
    platform: str, environ: dict[str, str], expected: str | None
) -> None:
    found = memory.place(environ, platform)
    assert (found and str(found)) == expected
