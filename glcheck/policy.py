"""What is asked, as plain values: where each token is, whom to ask, and what it must meet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from glcheck.problem import Category, Problem

INPUT = "GLCHECK_TOKEN"  # the variable for every provider; it holds the action's input `token`
STANDARD_INPUT = "-"
WARN_AUTO = -1.0  # "14 days, at most a quarter of the lifetime", until the lifetime is known


def file_at(path: str) -> Path:
    """The file that a setting names; `~` is a home directory, where there is such a user."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's own raises for such a user


class Source(NamedTuple):
    """Where a token is: in a variable, or in a file (`-` is standard input).

    In the action, the variable of its input is called `token`, as whoever wrote the step did.
    """

    variable: str | None = None
    file: str | None = None
    is_input: bool = False

    @property
    def label(self) -> str | None:
        """The variable's name or the file's path; None when there is neither."""
        return "token" if self.is_input else self.variable or self.file

    @property
    def name(self) -> str | None:
        """The label, where it can serve as a name in the report."""
        return None if self.label == STANDARD_INPUT else self.label

    @property
    def place(self) -> str:
        """Where the token is, in words."""
        if self.is_input:
            return "the secret that this step passes as `token`"
        if self.file == STANDARD_INPUT:
            return "standard input"
        return f"the file {self.file}" if self.file else self.variable or "its place"

    @property
    def token(self) -> str:
        """How messages call the token from here."""
        if self.is_input:
            return "the token of this step"
        return f"the token in {self.place}" if self.label else "the token"


class Requirements(NamedTuple):
    """What is asked of one token; durations in seconds, the role as a name."""

    scopes: tuple[str, ...] = ()
    forbid_scopes: tuple[str, ...] = ()
    min_validity: float = 0
    warn_validity: float = WARN_AUTO
    max_validity: float | None = None
    project: str | None = None
    group: str | None = None
    role: str | None = None
    kind: str | None = None

    @property
    def asked(self) -> list[str]:
        """The names of the settings that ask something of the token; warnings ask nothing."""
        values = self._asdict()
        del values["warn_validity"]
        return [name.replace("_", "-") for name, value in values.items() if value]

    @property
    def namespace(self) -> tuple[str, str] | None:
        """("project" or "group", its path or id); None if neither is asked for."""
        if self.project:
            return "project", self.project
        return ("group", self.group) if self.group else None


class TokenPolicy(NamedTuple):
    """One token to check: where it is, whom to ask, and what is required of it."""

    name: str
    provider: str
    source: Source
    url: str
    ca_file: str | None
    requirements: Requirements
    allow: tuple[Category, ...]  # reported as warnings
    named_in_policy: bool
    notes: tuple[str, ...] = ()
    tolerated: tuple[
        Category, ...
    ] = ()  # reported as warnings too, since a hook stops no push for it


class Output(NamedTuple):
    """Where reports go: the main one (to `path`; None is standard output) and further ones."""

    format: str
    path: str | None
    reports: tuple[tuple[str, str], ...]  # each as format and path


class Plan(NamedTuple):
    """A whole run; times in seconds. With problems there are no tokens, and nothing is sent."""

    tokens: tuple[TokenPolicy, ...]
    timeout: float
    max_wait: float
    output: Output
    policy: str | None  # the policy file in use, as it was named or found
    problems: tuple[Problem, ...]
    hook_max_age: float
    hook_strict: bool
