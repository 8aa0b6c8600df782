"""How far a long run is, for whoever sits in front of it: one line, gone when the run has ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TextIO

_PATIENCE = 2.0  # seconds that nobody minds to wait without a word


def somebody_looks(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a terminal with somebody in front: no log takes a line that overwrites itself."""
    in_ci = any(environ.get(name) for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI"))
    return not in_ci and stream.isatty() and environ.get("TERM") != "dumb"


class Progress:
    """The line, for one run; call it with the number of tokens that are done, and of all."""

    def __init__(self, stream: TextIO, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted
        self._since = time.monotonic()
        self._shown = ""

    def __call__(self, done: int, of_all: int) -> None:
        """Show how far it is, once the run has taken long enough to wonder."""
        if self._wanted and time.monotonic() - self._since > _PATIENCE:
            self._show(f"glcheck: {done} of {of_all} token{'s' if of_all > 1 else ''} checked")

    def close(self) -> None:
        """Leave nothing of it behind."""
        self._show("")

    def _show(self, line: str) -> None:
        if line != self._shown:
            self._stream.write(f"\r{line}\x1b[K")
            self._stream.flush()
            self._shown = line
