"""What lies on the disk: nothing of the secret; and it counts only if it is one's own and whole."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.command import COMMAND, Result
from kit.hook import HOUR, Hook, posix
from kit.policies import GOOD

NOT_ROOT = getattr(os, "geteuid", lambda: 1)() != 0
HASHES = ("md5", "blake2b", "blake2s", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256")
xdg = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="not looked at there")


def forms(value: str) -> Iterator[bytes]:
    """Ways in which a secret could be recognised by anybody who guesses it, or a part of it."""
    raw = value.encode()
    bare = raw.removeprefix(b"glpat-")
    for part in (raw, bare):
        yield base64.b64encode(part).rstrip(b"=")
        yield part.hex().encode()
        for name in HASHES:
            digest = hashlib.new(name, part).digest()
            yield digest.hex().encode()[:12]
            yield base64.b64encode(digest)[:10]
            yield base64.urlsafe_b64encode(digest)[:10]
    yield from (bare[start : start + 5] for start in range(len(bare) - 4))


def test_what_is_remembered_tells_nothing_of_the_secret(hook: Hook) -> None:
    result = hook("-v")
    assert GOOD not in result.out + result.err
    entry = hook.entry
    seen = [str(entry.path.relative_to(hook.home)).encode(), entry.content]
    seen += [text.lower() for text in seen]
    assert [form for form in forms(GOOD) if any(form in text for text in seen)] == []
    assert hook.gitlab.url.encode() not in entry.content


@posix
def test_what_is_remembered_is_for_its_owner_only(hook: Hook) -> None:
    wide = ("sh", "-c", 'umask 0; exec "$0" "$@"', COMMAND)
    assert hook.asks(command=wide)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (hook.entry.path, hook.store)]
    assert modes == [0o600, 0o700]


@posix
@pytest.mark.skipif(NOT_ROOT, reason="only root can give a file away")
def test_what_another_user_wrote_counts_as_none(hook: Hook) -> None:
    assert hook.asks()
    os.chown(hook.entry.path, 65534, -1)
    assert hook.asks()
    assert not hook.asks()
    assert hook.entry.path.stat().st_uid == 0


@posix
def test_a_pipe_in_place_of_what_is_remembered_is_not_waited_for(hook: Hook) -> None:
    """In unit/hook/test_memory.py it could wait for ever; all other damages are there."""
    assert hook.asks()
    path = hook.entry.path
    path.unlink()
    os.mkfifo(path, 0o600)
    assert [hook.asks(), hook.asks(), hook.files] == [True, False, [path]]


def test_many_pushes_at_once_all_pass_and_leave_nothing_behind(hook: Hook) -> None:
    for together in (2, 8):
        if hook.files:  # what is remembered is replaced while the others read it
            hook.entry.shift(-2 * HOUR)
        hook.gitlab.requests.clear()
        with ThreadPoolExecutor(together) as pool:
            push = [pool.submit(hook.run, "hook", "-q", env=hook.environ) for _ in range(together)]
        assert {one.result() for one in push} == {Result(0, "", "")}
        assert 1 <= len(hook.gitlab.requests) <= together
        assert len(hook.files) == 1
        assert not hook.asks()


def without_power() -> tuple[str, ...]:
    """The command under a user whom modes of files stop, as they do not stop root."""
    if NOT_ROOT:
        return (COMMAND,)
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("modes do not stop root, and there is no setpriv to give up its powers")
    return (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--", COMMAND)


@xdg
@pytest.mark.parametrize("case", ["read-only", "closed", "not made", "file", "device", "none"])
def test_where_nothing_can_be_written_nothing_is_said(hook: Hook, case: str) -> None:
    store = hook.home / "cache" / "glcheck" / "hook"
    modes = {"read-only": (store, 0o500), "closed": (store, 0), "not made": (hook.home, 0o500)}
    named = {"device": os.devnull, "none": ""}.get(case, str(hook.home / "cache"))
    homeless = ("env", "-u", "HOME", COMMAND)
    command = without_power() if case in modes else homeless if case == "none" else (COMMAND,)
    if case == "file":
        (hook.home / "cache").touch()
    path, mode = modes.get(case, (hook.home, 0o700))
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    try:
        for _ in range(2):
            result = hook(env={"XDG_CACHE_HOME": named}, command=command)
            assert (result.code, result.err, hook.requests) == (0, "", 1)
            assert "remember" not in result.out
    finally:
        path.chmod(0o700)
    assert list(hook.run.directory.iterdir()) == []


@xdg
def test_the_cache_directory_can_be_set_if_it_is_absolute(hook: Hook) -> None:
    for named, where in ((hook.home / "own", hook.home / "own/glcheck/hook"), ("../c", hook.store)):
        env = {"XDG_CACHE_HOME": str(named)}
        assert [hook.asks(env=env), hook.asks(env=env)] == [True, False]
        assert len(list(where.iterdir())) == 1
    assert list(hook.run.directory.iterdir()) == []
    assert sorted(path.name for path in hook.run.directory.parent.iterdir()) == ["home", "work"]
