"""What was said of a token, as plain values: by its own characters, and by its provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from glcheck.problem import Problem


class Shape(NamedTuple):
    """What the characters of a token tell before anything is sent."""

    kind: str  # as which it has to be presented
    uncheckable: str | None = None  # the name of a kind that the provider cannot describe
    damage: str | None = None  # why it cannot be whole


class Kind(NamedTuple):
    """A kind of token that a provider has."""

    words: str  # with their article: "a job token"
    meets: tuple[str, ...] | None = None  # the only requirements that it can meet; None: all
    lacks: str = ""  # what it has none of, so that others cannot be met
    use: str = ""  # how to come by one, where that is not by making it on a page
    one_of: tuple[str, ...] = ()  # it is one of these; which, only its owner tells


class Token(NamedTuple):
    """A token as its provider describes it. Times are aware and in UTC."""

    kind: str
    id: int | None
    name: str | None
    user_id: int | None
    scopes: tuple[str, ...]
    fine_grained: bool
    now: datetime  # the server's clock when it answered, else ours
    clock_off: float  # seconds that our clock is ahead of the server's; 0 if that named no time
    dies_at: datetime | None = None  # None: it has no expiry
    created_at: datetime | None = None
    revoked: bool = False
    active: bool = True
    ends_with: str | None = None  # what it dies with, where that is no date: "its job"


class Owner(NamedTuple):
    """The account behind a token; `kind` is that of the tokens that such an account has."""

    kind: str
    id: int


class Access(NamedTuple):
    """That a project or group is visible, and the account's level there; None for no member."""

    level: int | None
    exact: bool = True  # False: at least this level, more was not said


class Description(NamedTuple):
    """All that was said, as far as it was asked.

    `owner` and `access` are what the provider said of them, the problem that kept it from saying
    so, or None where nobody had to ask. `still_open` has those of them that are yet to be asked,
    each with the requirement for whose sake.
    """

    token: Token
    owner: Owner | Problem | None = None
    access: Access | Problem | None = None
    still_open: Mapping[str, str] = {}

    def cut_short(self, why: Problem) -> Description:
        """The same when the time is over: what is still open has that problem for its answer."""
        owner, access = self.owner, self.access
        if "owner" in self.still_open:
            owner = why._replace(requirement=self.still_open["owner"])
        if "access" in self.still_open:
            access = why._replace(requirement=self.still_open["access"])
        return self._replace(owner=owner, access=access, still_open={})
