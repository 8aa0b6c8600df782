"""A machine that runs workflows, and an address where nobody listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.act import Index, download, once
from kit.workflows import Machine


@pytest.fixture
def machine(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine whose packages come from loopback."""
    caches = once(tmp_path_factory, "installer-caches", lambda _: None)
    with Index(once(tmp_path_factory, "wheels", download)) as index:
        yield Machine(tmp_path, index.url, caches)


@pytest.fixture
def nobody() -> Iterator[str]:
    """Give an address at which every connection is refused, and that nobody else can get."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # it does not listen
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
