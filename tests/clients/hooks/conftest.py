"""A machine with the clients of hooks, and a user's home on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.act import once
from kit.gitlab_server import GitLab, Token
from kit.hook_clients import NARROW, REVOKED, Home, Machine, build, built
from kit.policies import GOOD


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which the clients have installed what the hooks need."""
    return built(once(tmp_path_factory, "hook-clients", build))


@pytest.fixture
def home(machine: Machine, tmp_path: Path, gitlab: GitLab, request: pytest.FixtureRequest) -> Home:
    """A home whose hook is a copy unless the test says otherwise; its GitLab knows three tokens."""
    gitlab.add(Token(GOOD))
    gitlab.add(Token(NARROW, scopes=("read_api",)))
    gitlab.add(Token(REVOKED, revoked=True))
    return Home(machine, tmp_path, gitlab, getattr(request, "param", "copy"))
