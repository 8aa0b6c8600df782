"""The recipes of the guide, run for real by act."""

from __future__ import annotations

import pytest
from kit.act_jobs import Runner
from kit.gitlab_server import GitLab, Token, in_days
from kit.policies import GOOD
from kit.workflows import recipe, run

pytestmark = pytest.mark.slow
OTHER = "glpat-recipeBBBBBBBBBBBBBB"


def test_a_release_does_not_start_with_a_token_that_will_not_do(
    runner: Runner, gitlab: GitLab
) -> None:
    runner.add("make", "echo the release ran")
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    ran = run(runner, recipe("needs: token", gitlab.url), GITLAB_TOKEN=GOOD)
    assert ran.jobs.get("token") == "failure", ran.out
    assert ran.jobs.get("release") != "success"
    assert "the release ran" not in ran.log


def test_several_tokens_are_checked_with_what_the_step_passes(
    runner: Runner, gitlab: GitLab
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(OTHER, expires_at=in_days(-3)))
    policy = f"""\
version: 1
url: {gitlab.url}
tokens:
  - {{name: release, token-env: RELEASE_TOKEN}}
  - {{name: mirror, token-env: MIRROR_TOKEN}}
"""
    runner.write({".glcheck.yml": policy})
    text = recipe("config: .glcheck.yml", gitlab.url)
    ran = run(runner, text, RELEASE_TOKEN=GOOD, MIRROR_TOKEN=OTHER)
    assert ran.jobs == {"tokens": "failure"}, ran.out
    assert "ok release: " in ran.log
    assert "error[token-expired] mirror: " in ran.log


def test_a_branch_on_the_category_goes_on_without_gitlab_only(
    runner: Runner, gitlab: GitLab, nobody: str
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    ran = run(runner, recipe("3?)", gitlab.url), GITLAB_TOKEN=GOOD)
    assert ran.jobs == {"job": "failure"}, ran.out
    ran = run(runner, recipe("3?)", nobody), GITLAB_TOKEN=GOOD)
    assert ran.jobs == {"job": "success"}, ran.out
    assert "Nothing is known about the token" in ran.log
