"""A run that somebody stops when there is nothing left to stop."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.gitlab_server import Answer, GitLab, Token
from kit.policies import GOOD

from glcheck import run
from glcheck.problem import Category
from glcheck.settings import plan


def stop_at_the_end(done: int, of_all: int) -> None:
    if done == of_all:
        raise KeyboardInterrupt


@pytest.mark.parametrize("status", [200, 500])
def test_what_is_answered_is_a_whole_report_with_all_that_is_tolerated(
    gitlab: GitLab, tmp_path: Path, status: int
) -> None:
    gitlab.add(Token(GOOD))
    if status != 200:
        gitlab.always(Answer(status, {}))
    environ = {"GITLAB_URL": gitlab.url, "GITLAB_TOKEN": GOOD}
    planned = plan.resolve({}, environ, tmp_path)
    (policy,) = planned.tokens
    tolerant = policy._replace(tolerated=(Category.SERVER_ERROR,))
    report = run.run(planned._replace(tokens=(tolerant,)), environ, on_progress=stop_at_the_end)
    assert (report.exit_code, report.interrupted, report.ok) == (0, False, True)
    assert [problem.severity for problem in report.tokens[0].problems] == (
        [] if status == 200 else ["warning"]
    )
