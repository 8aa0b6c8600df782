"""What a hook remembers: that a token was in order, and until when that may be believed.

Never the token itself.
"""

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

from glcheck import durations
from glcheck.policy import TokenPolicy
from glcheck.problem import Category, Problem
from glcheck.report import Report, TokenReport, not_asked
from glcheck.secret import Secret
from glcheck.version import __version__

_ENTRY = r"[0-9a-f]{64}(?:\.\d+)?"  # the key, and a process while it writes
_DEAD = (Category.TOKEN_INVALID, Category.TOKEN_EXPIRED, Category.TOKEN_REVOKED)
_LONGEST = 200  # bytes of an entry; a damaged one can be of any length
# A link or a pipe in place of an entry must not be followed or waited for; Windows has neither.
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
    where = (__version__, policy.provider, policy.url, policy.ca_file)
    asked = (*where, policy.allow, policy.requirements, secret.value, secret.had_line_end)
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def age(directory: Path, name: str, longest: float) -> float | None:
    """Seconds since the token was found in order; None if nobody knows, or it is too long ago.

    `longest` is for how many seconds a success is believed. An entry counts only if it is the
    user's own and nobody else can read or write it: whoever could, could let a push pass.
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
    """Note that the token was in order at `since` (of time.time()), to be believed for `seconds`.

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
            if re.fullmatch(_ENTRY, file.name, re.ASCII):
                with suppress(OSError):
                    file.unlink()


class Memory:
    """The tokens of a run that were found in order not long ago."""

    def __init__(self, directory: Path | None, max_age: float) -> None:
        self._directory = directory
        self._max_age = max_age
        # Before anything is asked: what an answer says of the future is counted from here.
        self._since = time.time()
        self._keys: dict[str, str] = {}

    def recall(self, policy: TokenPolicy, secret: Secret) -> TokenReport | None:
        """The report on a token that need not be asked about again."""
        if self._directory is None:
            return None
        self._keys[policy.name] = name = key(policy, secret)
        passed = age(self._directory, name, self._max_age)
        if passed is None:
            return None
        return not_asked(policy, f"It was in order {durations.say_seconds(passed)} ago.")

    def learn(self, report: Report) -> None:
        """Remember the tokens that are in order; nothing at all if one of them is not."""
        if self._directory is None:
            return
        if any(_is_a_failure(problem) for token in report.tokens for problem in token.problems):
            forget(self._directory)
            return
        for token in report.tokens:
            seconds = min(self._max_age, _good_for(token))
            if seconds > 0:
                remember(self._directory, self._keys[token.name], self._since, seconds)


def _is_a_failure(problem: Problem) -> bool:
    """Whether a word of the provider's, or of the token's own, is against it; allowed or not."""
    definite = problem.severity == "error" and not problem.category.could_not_ask
    return problem.category in _DEAD or definite


def _good_for(token: TokenReport) -> float:
    """Seconds until the verdict on the token would be another; 0 where that is not known."""
    described, asked = token.token, token.requirements
    if described is None or token.problems or described.ends_with:
        return 0
    if token.seconds_left is None:
        return float("inf")
    from glcheck.judgement import warn_below  # only where somebody was asked

    return token.seconds_left - max(asked.min_validity, warn_below(asked.warn_validity, described))
