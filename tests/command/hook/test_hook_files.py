"""What lies on the disk: it tells nothing of the secret, and counts only if it is the user's own and whole."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest
from kit.command import COMMAND
from kit.gitlab_server import Answer
from kit.hook import HOUR, Hook, asked, posix
from kit.policies import GOOD, SELF, describe, secret

DIGESTS = "md5 sha1 sha224 sha256 sha384 sha512 blake2b blake2s sha3_256".split()
xdg = pytest.mark.skipif(
    sys.platform in {"win32", "darwin"}, reason="XDG_CACHE_HOME is not looked at there"
)


def forms(value: str) -> Iterator[bytes]:
    """Ways in which a secret could be recognised by anybody who guesses it, or a part of it."""
    raw = value.encode()
    bare = raw.removeprefix(b"glpat-")
    for part in (raw, bare):
        yield base64.b64encode(part).rstrip(b"=")
        yield part.hex().encode()
        for digest in (hashlib.new(name, part).digest() for name in DIGESTS):
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


def test_many_pushes_at_once_all_pass_and_leave_nothing_behind(hook: Hook) -> None:
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    for together in (2, 8):
        if hook.files:  # what is remembered is replaced while the others read it
            hook.entry.shift(-2 * HOUR, 0)
        hook.gitlab.requests.clear()
        command, env = [COMMAND, "hook"], hook.environ_alone
        runs = [subprocess.Popen(command, env=env, **options) for _ in range(together)]
        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in runs]
        assert ended == [(b"", 0)] * together
        assert 1 <= len(hook.gitlab.requests) <= together
        assert len(hook.files) == 1
        assert not hook.asks()


def test_what_is_damaged_counts_as_none_and_is_repaired(hook: Hook) -> None:
    """A damage of each sort, one of which would never end; unit/hook/test_memory.py has every one."""
    hook.gitlab.always(Answer(200, describe()), path=SELF)
    run = hook.policy({str(n): {"secret": secret(n)} for n in range(4)})
    assert len(asked(run())) == 4
    whole, cut, *others = hook.entries
    cut.path.write_bytes(cut.content[:-1])
    damaged = 1
    if sys.platform != "win32":
        pipe, shared = others
        pipe.path.unlink()
        os.mkfifo(pipe.path, 0o600)
        shared.path.chmod(0o640)
        damaged = 3
    result = run()
    assert (result.code, result.err, len(asked(result))) == (0, "", damaged)
    again = run()
    assert (again.code, again.err, asked(again)) == (0, "", set())
    assert whole.path.read_bytes() == whole.content


@posix
@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a file away"
)
def test_what_another_user_wrote_counts_as_none(hook: Hook) -> None:
    assert hook.asks()
    os.chown(hook.entry.path, 65534, -1)
    assert hook.asks()
    assert not hook.asks()
    assert hook.entry.path.stat().st_uid == 0


def without_power() -> tuple[str, ...]:
    """The command under a user whom modes of files stop, as they do not stop root."""
    if os.geteuid() != 0:
        return (COMMAND,)
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("modes do not stop root, and there is no setpriv to give up its powers")
    return (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--", COMMAND)


@xdg
@pytest.mark.parametrize(
    "case", ["read-only", "closed", "cannot be made", "is a file", "device", "no home"]
)
def test_a_directory_that_cannot_be_written_is_passed_over_in_silence(
    hook: Hook, case: str
) -> None:
    cache = hook.home / "cache"
    store = cache / "glcheck" / "hook"
    command, named = (COMMAND,), str(cache)
    match case:
        case "read-only" | "closed":
            store.mkdir(parents=True)
            store.chmod(0o500 if case == "read-only" else 0)
            command = without_power()
        case "cannot be made":
            cache.mkdir(mode=0o500, parents=True)
            command = without_power()
        case "is a file":
            cache.touch()
        case "device":
            named = os.devnull
        case "no home":
            command, named = ("env", "-u", "HOME", COMMAND), ""
    try:
        for _ in range(2):
            result = hook(env={"XDG_CACHE_HOME": named}, command=command)
            assert (result.code, result.err, hook.requests) == (0, "", 1)
            assert "remember" not in result.out
    finally:
        for path in (cache, store):
            if path.is_dir():
                path.chmod(0o700)
    assert list(hook.run.directory.iterdir()) == []


@xdg
def test_the_cache_directory_can_be_set_if_it_is_absolute(hook: Hook) -> None:
    env = {"XDG_CACHE_HOME": str(hook.home / "own")}
    assert hook.asks(env=env)
    assert len(list((hook.home / "own" / "glcheck" / "hook").iterdir())) == 1
    assert not hook.asks(env=env)
    assert hook.files == []
    for relative in ("cache", "../cache"):
        hook.forget()
        assert [hook.asks(env={"XDG_CACHE_HOME": relative}) for _ in range(2)] == [True, False]
        assert len(hook.files) == 1
    assert list(hook.run.directory.iterdir()) == []
    assert sorted(path.name for path in hook.run.directory.parent.iterdir()) == ["home", "work"]
