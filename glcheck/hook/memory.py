"""What a hook remembers: that a token was in order, and until when that may be believed. Never the token itself."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from glcheck import __version__
from glcheck.secret import Secret
from glcheck.settings.plan import TokenPolicy

_ENTRY = re.compile(r"[0-9a-f]{64}(?:\.\d+)?", re.ASCII)  # the key, and a process while it writes
_LONGEST = 200  # bytes of an entry; a damaged one can be of any length
# A link or a pipe in place of an entry must not be followed or waited for. Windows has neither flag.
_NO_TRAPS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def place(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The directory of the user's that holds the entries; None where the system names none."""
    home = environ.get("HOME") or "nowhere"
    if platform == "win32":
        base = environ.get("LOCALAPPDATA", "")
    elif platform == "darwin":
        base = f"{home}/Library/Caches"
    else:
        named = environ.get("XDG_CACHE_HOME", "")
        base = named if os.path.isabs(named) else f"{home}/.cache"  # noqa: PTH117 - as it was named
    # A relative one would be in the checkout; XDG calls it invalid.
    return Path(base, "glcheck", "hook") if os.path.isabs(base) else None  # noqa: PTH117


def key(policy: TokenPolicy, secret: Secret) -> str:
    """What an entry is filed under: a hash of everything that the verdict depends on."""
    asked = (__version__, policy.url, policy.ca_file, policy.allow, policy.requirements, *secret)
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def age(directory: Path, name: str, longest: float) -> float | None:
    """Seconds since the token was found in order; None if that is not known, or may be believed no more.

    `longest` is for how many seconds a success is believed. An entry counts only if it is the user's own and nobody
    else can read or write it: whoever could, could let a push pass.
    """
    try:
        descriptor = os.open(directory / name, os.O_RDONLY | _NO_TRAPS)
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not _is_private(about):
                return None
            entry, _, checksum = file.read(_LONGEST).decode().rpartition(" ")
        filed, written, until = entry.split(" ")
        now = time.time()
        passed = now - int(written)
        whole = filed == name and checksum == _checksum(entry) and about.st_mtime <= now
        return passed if whole and 0 <= passed < longest and now < int(until) else None
    except (OSError, ValueError):  # not there, not readable, damaged
        return None


def _is_private(file: os.stat_result) -> bool:
    if not stat.S_ISREG(file.st_mode):
        return False
    if sys.platform == "win32":  # LOCALAPPDATA is the user's own
        return True
    return file.st_uid == os.geteuid() and not file.st_mode & 0o077


def _checksum(entry: str) -> str:
    return str(zlib.crc32(entry.encode()))


def remember(directory: Path, name: str, since: float, seconds: float) -> None:
    """Note that the token was in order at `since` (of time.time()), to be believed for that many seconds.

    Where that cannot be noted, it is asked about again.
    """
    unfinished = directory / f"{name}.{os.getpid()}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_TRAPS, 0o600), "wb"
        ) as file:
            entry = f"{name} {int(since)} {int(since + seconds)}"
            file.write(f"{entry} {_checksum(entry)}".encode())
        unfinished.replace(directory / name)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()


def forget(directory: Path) -> None:
    """Remove all entries, and nothing else that may lie there."""
    with suppress(OSError):
        for file in directory.iterdir():
            if _ENTRY.fullmatch(file.name):
                with suppress(OSError):
                    file.unlink()
