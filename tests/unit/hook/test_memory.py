"""What is remembered: where it lies, under which key, and when it counts for nothing."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest
from kit.hook import HOUR, Entry, posix
from kit.policies import GOOD, secret

from glcheck.description import Shape
from glcheck.hook import memory
from glcheck.secret import Secret
from glcheck.settings import plan

NAME, OTHER = "ab" * 32, "cd" * 32


def kept(directory: Path, name: str = NAME, seconds: int = HOUR) -> Entry:
    """Remember a success."""
    memory.remember(directory, name, time.time(), seconds)
    return Entry.at(directory / name)


def believed(entry: Entry, longest: float = HOUR) -> bool:
    return memory.age(entry.path.parent, entry.path.name, longest) is not None


def key(value: str = GOOD, had_line_end: bool = False, **flags: str) -> str:
    """What a success of this token is filed under, with these settings."""
    texts = {name.replace("_", "-"): [text] for name, text in flags.items()}
    (policy,) = plan.resolve(texts, {}, Path(os.devnull)).tokens
    return memory.key(policy, Secret(value, Shape("access-token"), had_line_end))


ASKED: list[dict[str, Any]] = [
    {}, {"url": "https://gitlab.example.com"}, {"url": "https://gitlab.example.com/gitlab"},
    {"scopes": "api"}, {"scopes": "read_api"}, {"scopes": "api,read_api"}, {"kind": "personal"},
    {"min_validity": "1d"}, {"min_validity": "2d"}, {"warn_validity": "1d"},
    {"max_validity": "200d"}, {"forbid_scopes": "sudo"},
    {"project": "group/app"}, {"project": "group/other"}, {"group": "group"},
    {"project": "group/app", "role": "developer"}, {"project": "group/app", "role": "maintainer"},
    {"ca_file": certifi.where()}, {"allow": "scope-missing"}, {"value": secret(1)},
    {"had_line_end": True},
]  # fmt: skip


def test_whatever_changes_what_is_asked_changes_the_key() -> None:
    keys = [key(**changes) for changes in ASKED]
    assert [one for n, one in enumerate(ASKED) if keys.index(keys[n]) != n] == []
    assert key(token_env="OTHER_NAME", timeout="5s") == key()


@pytest.mark.parametrize(("written", "until", "longest", "expected"), [
    pytest.param(0, 0, HOUR, True, id="fresh"),
    pytest.param(-HOUR + 60, 0, HOUR, True, id="nearly too old"),
    pytest.param(-HOUR - 1, HOUR, HOUR, False, id="too old"),
    pytest.param(-HOUR - 1, HOUR, 2 * HOUR, True, id="older, and believed for longer"),
    pytest.param(-60, -HOUR - 5, HOUR, False, id="over"),
    pytest.param(HOUR // 2, HOUR, HOUR, False, id="written in the future"),
])  # fmt: skip
def test_a_success_is_believed_for_so_long(
    tmp_path: Path, written: int, until: int, longest: int, expected: bool
) -> None:
    entry = kept(tmp_path / "hook")
    entry.shift(written, until)
    assert believed(entry, longest) == expected


def link(entry: Entry) -> None:
    target = entry.path.parent.parent / "target"
    target.write_bytes(entry.content)
    target.chmod(0o600)
    entry.path.unlink()
    entry.path.symlink_to(target)


def directory(entry: Entry) -> None:
    entry.path.unlink()
    entry.path.mkdir()


def until(entry: Entry, moment: bytes) -> bytes:
    """The entry with another end, and the checksum of the right one."""
    return entry.content.replace(b"%d" % entry.until, moment, 1)


DAMAGES: dict[str, Callable[[Entry], object]] = {
    "empty": lambda entry: entry.path.write_bytes(b""),
    "cut": lambda entry: entry.path.write_bytes(entry.content[:-8]),
    "cut by a digit": lambda entry: entry.path.write_bytes(entry.content[:-1]),
    "garbage": lambda entry: entry.path.write_bytes(b"what is this?\n"),
    "binary": lambda entry: entry.path.write_bytes(bytes(range(256)) * 4),
    "numbers only": lambda entry: entry.path.write_bytes(b"%d %d\n" % (entry.written, entry.until)),
    "huge number": lambda entry: entry.path.write_bytes(until(entry, b"9" * 5000)),
    "huge": lambda entry: entry.path.write_bytes(entry.content + b" " * 5_000_000),
    "another moment": lambda entry: entry.path.write_bytes(until(entry, b"%d" % (entry.until + 1))),
    "dated in the future": lambda entry: os.utime(entry.path, (time.time() + HOUR,) * 2),
    "of another": lambda entry: entry.path.write_bytes(kept(entry.path.parent, OTHER).content),
    "directory": directory,
    "link": link,
    "readable by all": lambda entry: entry.path.chmod(0o604),
    "readable by the group": lambda entry: entry.path.chmod(0o640),
    "writable by all": lambda entry: entry.path.chmod(0o602),
    "writable by the group": lambda entry: entry.path.chmod(0o620),
    "unreadable": lambda entry: entry.path.chmod(0),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_damaged_is_believed_no_more_until_it_is_written_anew(
    tmp_path: Path, name: str
) -> None:
    if sys.platform == "win32" and name in [*DAMAGES][-6:]:
        pytest.skip("Windows has no such modes, and links for few")
    if name == "unreadable" and os.geteuid() == 0:
        pytest.skip("root reads what has no mode at all")
    entry = kept(tmp_path / "hook")
    assert believed(entry)
    DAMAGES[name](entry)
    assert not believed(entry)
    memory.remember(entry.path.parent, NAME, time.time(), HOUR)
    if name != "directory":  # they are for their makers to remove
        assert believed(entry)
        assert not entry.path.is_symlink()
        assert sys.platform == "win32" or stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert name != "link" or (tmp_path / "target").read_bytes() == entry.content
    assert {path.name for path in entry.path.parent.iterdir()} <= {NAME, OTHER}


@posix
def test_what_is_remembered_is_replaced_and_not_written_over(tmp_path: Path) -> None:
    entry = kept(tmp_path)
    os.link(entry.path, tmp_path / "linked")
    assert kept(tmp_path, seconds=2 * HOUR).content != entry.content
    assert (tmp_path / "linked").read_bytes() == entry.content


def test_entries_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    for name in (f"{OTHER}.4711", "notes", f"{NAME}.txt"):
        kept(tmp_path).path.with_name(name).touch()
    memory.forget(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{NAME}.txt", "notes"]


@pytest.mark.parametrize(("platform", "environ", "expected"), [
    ("linux", {"HOME": "/home/me"}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": ""}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
    ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "me"}, "/home/me/.cache/glcheck/hook"),
    ("linux", {"XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
    ("linux", {"XDG_CACHE_HOME": "me"}, None),
    ("linux", {"HOME": ""}, None),
    ("linux", {}, None),
    ("darwin", {"HOME": "/u/me", "XDG_CACHE_HOME": "/x"}, "/u/me/Library/Caches/glcheck/hook"),
    ("darwin", {}, None),
    ("win32", {"LOCALAPPDATA": "/c/me/Local", "HOME": "/home/me"}, "/c/me/Local/glcheck/hook"),
    ("win32", {"HOME": "/home/me", "XDG_CACHE_HOME": "/x"}, None),
    ("win32", {}, None),
])  # fmt: skip
@posix  # where a path without a drive is not absolute
def test_every_platform_has_its_place(
    platform: str, environ: dict[str, str], expected: str | None
) -> None:
    found = memory.place(environ, platform)
    assert (found and str(found)) == expected
