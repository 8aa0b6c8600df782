"""What every test can ask for: the command, and servers for it to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, certificates
from kit.scripted import Scripted


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    """A GitLab over plain HTTP."""
    with GitLab() as server:
        yield server


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers each token as it is told."""
    server = Scripted()
    with server:
        yield server


@pytest.fixture
def run(gitlab: GitLab, tmp_path: Path) -> Run:
    """The command, with GITLAB_URL pointing to that GitLab."""
    return _run(tmp_path, gitlab.url)


@pytest.fixture
def run_alone(tmp_path: Path) -> Run:
    """The command without any GitLab."""
    return _run(tmp_path, None)


def _run(tmp_path: Path, url: str | None) -> Run:
    home, directory = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    directory.mkdir()
    return Run(home, directory, url)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of all sorts, and the CA files that go with them."""
    return certificates(tmp_path_factory.mktemp("tls"))
