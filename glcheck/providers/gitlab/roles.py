"""GitLab's roles and their access levels (doc/api/access_requests.md and client libraries)."""

from __future__ import annotations

from collections.abc import Mapping

LEVELS: Mapping[str, int] = {
    "guest": 10,
    "planner": 15,
    "reporter": 20,
    "security-manager": 25,
    "developer": 30,
    "maintainer": 40,
    "owner": 50,
}

LOWEST = LEVELS["guest"]


def name_of(level: int) -> str:
    """The role at that access level; the nearest below for a level that has no name."""
    below = (name for name, least in reversed([*LEVELS.items()]) if level >= least)
    return next(below, "a member with minimal access")
