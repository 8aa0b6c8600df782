"""The command with proxies around: whatever comes of it, it is in time and tells no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit.command import COMMAND, Result, Run
from kit.cost import Cost, launched, noted
from kit.gitlab_server import GitLab
from kit.policies import GOOD, Settings, check
from kit.real_proxy import PASSWORD, USER

# Of the password, as it is and as it stands in addresses: in no output.
PARTS = (PASSWORD, "Vt3", "9Q", "x7%25Lm")
CREDENTIALS = f"{USER}:Vt3%40Pro9Q"
PATIENCE = 8.0  # seconds by which a run may pass its max-wait on a busy machine


class Found(NamedTuple):
    """What a run came to."""

    code: int
    tokens: dict[str, dict[str, Any]]
    cost: Cost

    @property
    def categories(self) -> dict[str, str]:
        """The category of each token."""
        return {name: token["category"] for name, token in self.tokens.items()}


class Measured(Run):
    """The same command, and what its last run cost."""

    cost = Cost(0, 0)

    def __init__(self, run: Run) -> None:
        self.__dict__ |= vars(run)

    def __call__(self, *args: str, **options: Any) -> Result:
        note = self.directory.with_name("cost")
        result = super().__call__(*args, command=tuple(launched([COMMAND], note)), **options)
        self.cost = noted(note)
        return result


def through(
    run: Run,
    env: Mapping[str, str],
    tokens: Mapping[str, Settings],
    *,
    max_wait: float = 10,
    **options: Any,
) -> Found:
    """Check the tokens of a policy with these proxies."""
    limits = ("--timeout", "1s", "--max-wait", f"{max_wait}s")
    measured = Measured(run)
    result = check(measured, tokens, "-v", *limits, env=env, **options)
    assert 0 < measured.cost.seconds < max_wait + PATIENCE
    assert [part for part in (*PARTS, GOOD) if part in result.out + result.err] == []
    found = {token["name"]: token for token in result.report["tokens"]}
    return Found(result.code, found, measured.cost)


def sent_to(server: GitLab) -> list[str | None]:
    """Return the tokens that a server was sent."""
    return [request.headers.get("private-token") for request in server.requests]
