"""A thousand tokens in one policy: all answered, little asked, little memory."""

from __future__ import annotations

from collections import Counter

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab
from kit.many import policy

pytestmark = pytest.mark.slow
ARGS = ("--config", "policy.yml", "--format", "json")
MEMORY = 150  # MiB


def test_a_thousand_tokens_on_a_throttled_server_are_all_answered(gitlab: GitLab, run: Run) -> None:
    gitlab.delay, gitlab.throttle = 0.05, 100
    variables = policy(gitlab, run.directory, 1000, scopes=["api"])
    result, cost = run.costing(*ARGS, env=variables)
    assert (result.code, result.err) == (0, "")
    assert Counter(token["category"] for token in result.report["tokens"]) == {"ok": 1000}
    assert cost.megabytes < MEMORY
    assert gitlab.most_open <= 16
    answered = Counter(request.headers["private-token"] for request in gitlab.answered)
    assert answered == dict.fromkeys(variables.values(), 1)
    # Whoever is refused is asked for again after the pause that was named, and nobody else is: at
    # most all connections are refused in one second.
    refused = len(gitlab.requests) - len(gitlab.answered)
    assert refused <= 16 * cost.seconds
    asked = Counter(request.headers["private-token"] for request in gitlab.requests)
    # A second refusal can only hit who comes back while others have just used up that second.
    assert sum(number > 2 for number in asked.values()) <= refused / 10


def test_a_thousand_tokens_that_are_all_refused_wait_no_longer_than_max_wait(
    gitlab: GitLab, run: Run
) -> None:
    headers = (("Content-Type", "text/plain"), ("Retry-After", "1"))
    gitlab.always(Answer(429, "Retry later\n", headers))
    variables = policy(gitlab, run.directory, 1000)
    result, cost = run.costing(*ARGS, "--max-wait", "3s", env=variables)
    categories = [token["category"] for token in result.report["tokens"]]
    assert (set(categories), len(categories)) == ({"rate-limited", "network-error"}, 1000)
    assert result.code == 30
    assert cost.seconds < 15  # with all their pauses, the thousand would take two minutes
    assert cost.megabytes < MEMORY
