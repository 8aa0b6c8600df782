"""What a GitLab knows: tokens, projects, groups, and who is a member with which level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple

Kind = Literal[
    "personal", "impersonation", "project", "group", "service-account", "fine-grained",
    "oauth", "job", "deploy", "runner",
]  # fmt: skip
State = Literal[
    "active", "blocked", "deactivated", "pending", "terms", "unconfirmed", "password-expired",
    "internal",
]  # fmt: skip
Members = Mapping[int, int]  # user id -> access level
SELF = "Personal Access Token: Read"
READS = ("User: Read", "Metadata: Read", "Project: Read", "Group: Read", "Member: Read")


def in_days(days: int) -> str:
    """Return the date that many days from today in UTC, as GitLab writes dates."""
    return f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%d}"


class Token(NamedTuple):
    """A credential that the server knows; `scopes` do not matter for job, deploy and runner tokens.

    A number for a date is that many days from the day on which the server gets to know the token.
    """

    value: str
    kind: Kind = "personal"
    scopes: tuple[str, ...] = ("api",)
    expires_at: str | int | None = 100  # dead from 00:00 UTC of that date; None never expires
    created_at: str | int = -30
    name: str = "ci"
    id: int = 0  # 0 becomes a fresh number
    user_id: int = 7
    resource_id: int = 1  # the project or group that a bot belongs to
    description: str | None = None
    last_used_at: str | None = None
    last_used_ips: tuple[str, ...] = ()
    revoked: bool = False
    state: State = "active"
    impersonation_disabled: bool = False
    dpop: bool = False  # the account demands proofs of possession
    granular_self: bool = True  # a fine-grained token that may read itself
    grants: tuple[str, ...] = READS
    expires_in: int | None = 7200  # OAuth: seconds from now, None never; 0 is dead

    @property
    def bot(self) -> bool:
        return self.kind in {"project", "group", "service-account"}

    @property
    def username(self) -> str:
        """The name of the account, which tells the kind of bot."""
        if not self.bot:
            return f"user{self.user_id}"
        service = self.kind == "service-account"
        kind = "service_account" if service else f"{self.kind}_{self.resource_id}_bot"
        return f"{kind}_{self.user_id:032x}"

    @property
    def granted(self) -> tuple[str, ...]:
        return (*self.grants, SELF) if self.granular_self else self.grants

    def dated(self) -> Token:
        """The same with dates in place of numbers of days."""
        ends, begins = self.expires_at, self.created_at
        return self._replace(
            expires_at=in_days(ends) if isinstance(ends, int) else ends,
            created_at=f"{in_days(begins)}T09:30:00.000Z" if isinstance(begins, int) else begins,
        )

    def expired(self, now: datetime) -> bool:
        if self.kind == "oauth":
            return self.expires_in is not None and self.expires_in <= 0
        return self.expires_at is not None and day(str(self.expires_at)) <= now

    def dead(self, now: datetime) -> bool:
        return self.revoked or self.expired(now)


def day(date: str) -> datetime:
    """Return the moment at which a date begins."""
    return datetime.strptime(date[:10], "%Y-%m-%d").replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Place:
    """A project or group; the three kinds of membership differ in how the API tells of them."""

    path: str
    id: int = 0  # 0 becomes a fresh number
    public: bool = False
    members: Members = field(default_factory=dict)  # direct
    group_members: Members = field(default_factory=dict)  # inherited from the group
    shared: Members = field(
        default_factory=dict
    )  # through shares: absent from `permissions`, present in members/all
    granular_only: bool = False  # its top-level group refuses classic tokens

    def level(self, user_id: int) -> int:
        """A user's effective access level, 0 for no member."""
        return max(who.get(user_id, 0) for who in (self.members, self.group_members, self.shared))


@dataclass(frozen=True)
class Project(Place):
    """A project."""

    archived: bool = False


@dataclass(frozen=True)
class Group(Place):
    """A group."""

    parent_id: int | None = None
