"""gitlab-ci-local, and the pipeline of all sorts of tokens and inputs, run once for all workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import node
from kit.act import once, tools
from kit.component import Verdicts, run_cases
from kit.gitlab_ci_local import Runner


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs that a runner has, less Python and uv."""
    return once(tmp_path_factory, "programs", tools)


@pytest.fixture(scope="session")
def client(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gitlab-ci-local, installed where the tests of the action install what they need."""
    cache = getattr(pytestconfig, "cache", None)
    place = cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("client")
    return node.install(Path(place))


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Verdicts:
    """The pipeline in which all sorts of tokens are checked, and every input is used."""
    place = once(tmp_path_factory, "component", lambda d: run_cases(Runner(d, client, programs)))
    return Verdicts(place)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Runner:
    """A runner for pipelines that never start."""
    return Runner(tmp_path_factory.mktemp("refusing") / "runner", client, programs)
