"""What every test of the hook can ask for."""

from __future__ import annotations

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab
from kit.hook import Hook


@pytest.fixture
def hook(run: Run, gitlab: GitLab) -> Hook:
    """The hook, with GITLAB_URL and GITLAB_TOKEN set and nothing remembered."""
    return Hook(run, gitlab)
