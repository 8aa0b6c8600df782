"""What a GitLab knows: tokens, projects, groups, and who is a member with which level."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
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
NOBODY: Members = MappingProxyType({})
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
    def username(self) -> str:
        """The name of the account, which tells the kind of bot."""
        digest = f"{self.user_id:032x}"
        match self.kind:
            case "project" | "group":
                return f"{self.kind}_{self.resource_id}_bot_{digest}"
            case "service-account":
                return f"service_account_{digest}"
            case _:
                return f"user{self.user_id}"

    @property
    def bot(self) -> bool:
        """Whether the account is no person's."""
        return self.kind in {"project", "group", "service-account"}

    @property
    def granted(self) -> tuple[str, ...]:
        """What a fine-grained token may do."""
        return (*self.grants, SELF) if self.granular_self else self.grants

    def dated(self) -> Token:
        """The same with dates in place of numbers of days."""
        ends, begins = self.expires_at, self.created_at
        return self._replace(
            expires_at=in_days(ends) if isinstance(ends, int) else ends,
            created_at=f"{in_days(begins)}T09:30:00.000Z" if isinstance(begins, int) else begins,
        )

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        if self.kind == "oauth":
            return self.expires_in is not None and self.expires_in <= 0
        return self.expires_at is not None and day(str(self.expires_at)) <= now

    def dead(self, now: datetime) -> bool:
        """Whether it works no more."""
        return self.revoked or self.expired(now)


def day(date: str) -> datetime:
    """Return the moment at which a date begins."""
    return datetime.strptime(date[:10], "%Y-%m-%d").replace(tzinfo=timezone.utc)


class Project(NamedTuple):
    """A project; the three kinds of membership differ in how the API tells of them."""

    path: str
    id: int = 0  # 0 becomes a fresh number
    public: bool = False
    members: Members = NOBODY  # direct
    group_members: Members = NOBODY  # inherited from the group
    shared: Members = NOBODY  # through shares: absent from `permissions`, present in members/all
    granular_only: bool = False  # its top-level group refuses classic tokens
    archived: bool = False


class Group(NamedTuple):
    """A group; its memberships are those of a project."""

    path: str
    id: int = 0
    public: bool = False
    members: Members = NOBODY
    group_members: Members = NOBODY
    shared: Members = NOBODY
    granular_only: bool = False
    parent_id: int | None = None


def level(place: Project | Group, user_id: int) -> int:
    """Return a user's effective access level, 0 for no member."""
    return max(who.get(user_id, 0) for who in (place.members, place.group_members, place.shared))
