"""What GitLab describes: a token, its owner, and what it reaches. Plain values, free of any HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Token(NamedTuple):
    """A token as GitLab describes it. Times are aware and in UTC."""

    kind: str  # "job", "oauth", or "access-token": personal, project, group or service account, untold which
    id: int | None
    name: str | None
    user_id: int | None
    scopes: tuple[str, ...]
    fine_grained: bool
    now: datetime  # the server's clock when it answered, else ours
    clock_off: (
        float  # seconds that our clock is ahead of the server's; 0 where the server named no time
    )
    dies_at: datetime | None = None  # None: it has no expiry
    created_at: datetime | None = None
    revoked: bool = False
    active: bool = True


class Owner(NamedTuple):
    """The account behind a token; `kind` is personal, project, group or service-account."""

    kind: str
    id: int


class Access(NamedTuple):
    """That a project or group is visible, and the account's access level there; None for no member."""

    level: int | None
    exact: bool = True  # False: at least this level, more was not said
