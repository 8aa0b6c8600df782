"""Runners for the action, and a GitLab for it to ask."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.act import Index, download, once, tools
from kit.act_jobs import Runner, populated
from kit.gitlab_server import GitLab


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the programs that a runner has, less Python and uv."""
    return once(tmp_path_factory, "programs", tools)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheels of the lock file."""
    return once(tmp_path_factory, "wheels", download)


@pytest.fixture(scope="session")
def installer_caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give caches of uv and pip to tests that are not about installing."""
    return once(tmp_path_factory, "installer-caches", lambda _: None)


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    """Give a package index with the wheels of the lock file."""
    with Index(wheels) as made:
        yield made


@pytest.fixture
def runner(
    tmp_path: Path, programs: Path, index: Index, installer_caches: Path, gitlab: GitLab
) -> Runner:
    """Give a runner with Python and uv."""
    made = Runner(tmp_path, programs, index.url, installer_caches, populated(gitlab))
    made.add_python()
    made.add_uv()
    return made


@pytest.fixture
def bare(tmp_path: Path, programs: Path, index: Index, gitlab: GitLab) -> Runner:
    """Give a runner with neither Python nor uv, and with empty caches."""
    return Runner(tmp_path, programs, index.url, tmp_path / "caches", populated(gitlab))


@pytest.fixture
def with_pip(bare: Runner) -> Runner:
    """Give a runner with Python and pip, and with empty caches."""
    bare.add_python()
    return bare


@pytest.fixture
def with_uv(with_pip: Runner) -> Runner:
    """Give a runner with Python, pip and uv, and with empty caches."""
    with_pip.add_uv()
    return with_pip


@pytest.fixture(params=["uv", "pip"])
def either(with_pip: Runner, request: pytest.FixtureRequest) -> Runner:
    """Give a runner with empty caches that has uv, and one that has not."""
    if request.param == "uv":
        with_pip.add_uv()
    return with_pip


@pytest.fixture
def nobody() -> Iterator[str]:
    """Give an address at which every connection is refused, and that nobody else can get."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # it does not listen
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
