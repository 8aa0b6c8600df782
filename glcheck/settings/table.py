"""The table of settings: for each its name, how its value is read, and where it may stand.

Flags, environment variables, policy files, their JSON schema and the documentation all come from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from glcheck import address, durations
from glcheck.problem import ALLOWABLE, Category
from glcheck.providers.gitlab import roles, shapes

KINDS = ("personal", "project", "group", "service-account", "job", "oauth")
FORMATS = ("text", "json", "github", "junit", "markdown", "annotations", "dotenv")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
WARN_AUTO = (
    -1.0
)  # stands for "14 days, at most a quarter of the lifetime" until the lifetime is known

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PATH = re.compile(r"(?=.*[^./])[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*", re.ASCII)


# How the text of each value is read. All raise ValueError with half a sentence that does not repeat the text.


def _choice(names: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}{did_you_mean(text, names)}")
        return text

    return read


def is_boolean(text: str) -> bool:
    """Whether a text is one that a switch can be set to."""
    return text.lower() in _BOOLEANS


def _boolean(text: str) -> bool:
    if not is_boolean(text):
        raise ValueError("must be true or false")
    return _BOOLEANS[text.lower()]


def _scope(text: str) -> str:
    if not re.fullmatch(
        r"[A-Za-z][A-Za-z0-9_:*.-]{0,63}", text, re.ASCII
    ) or shapes.looks_like_token(text):
        raise ValueError("must be names of scopes such as api or read_repository")
    return text


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text) or shapes.looks_like_token(text):
        raise ValueError("must be the name of an environment variable, not the token itself")
    return text


def _any_text(text: str) -> str:
    if shapes.looks_like_token(text):
        raise ValueError(
            "holds what looks like a token; a token belongs in an environment variable or a file"
        )
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


def _namespace(text: str) -> str:
    if "://" in text:
        raise ValueError("must be a path such as group/app or a numeric id, not an address")
    path = text.strip("/")
    segments = path.split("/")
    if not _PATH.fullmatch(path) or any(not segment.strip(".") for segment in segments):
        raise ValueError("must be a path such as group/app, or a numeric id")
    return _any_text(path)


def _project(text: str) -> str:
    path = _namespace(text)
    if "/" not in path and not path.isdigit():
        raise ValueError("must be the whole path, such as group/app, or a numeric id")
    return path


def _allowed(text: str) -> Category:
    return ALLOWABLE[_CATEGORIES.index(_choice(_CATEGORIES)(text))]


def _warn_validity(text: str) -> float:
    return WARN_AUTO if text == "auto" else durations.read_validity(text)


def _report(text: str) -> tuple[str, str]:
    kind, equals, path = text.partition("=")
    if not equals or not path:
        raise ValueError("must be FORMAT=PATH, such as json=glcheck.json")
    return _choice(FORMATS)(kind), _any_text(path)


def _address(text: str) -> str:
    return address.read(_any_text(text))


class Setting(NamedTuple):
    """One setting: how its value is read, and where it may stand."""

    name: str
    metavar: str  # what stands for the value in the help
    read: Callable[[str], Any]
    help: str
    types: tuple[str, ...] = ("str",)  # of a YAML scalar
    many: bool = False  # a list, or a string split at commas and blanks
    choices: tuple[str, ...] = ()
    place: str = (
        "token"  # "token": top level and each token; "run": top level only; "command": in no file
    )
    if_found: bool = True  # whether a policy file that was merely found may set it

    def split(self, text: str) -> list[str]:
        """The parts of a text that holds several values; paths of reports may have blanks in them."""
        if not self.many:
            return [text]
        return re.split(r"[,\n]" if self.name == "report" else r"[,\s]", text)

    @property
    def wanted(self) -> str:
        """What a YAML value of it must be, in words."""
        if self.many:
            return "a list of texts, or one text"
        if "bool" in self.types:
            return "true or false"
        words = {"str": "a text", "int": "a number"}
        return " or ".join(words[name] for name in words if name in self.types)

    @property
    def flag(self) -> str:
        """Its spelling as a flag."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """Its spelling as an environment variable."""
        return f"GLCHECK_{self.name.replace('-', '_').upper()}"


_TIME = ("str", "int", "float")
_NUMBER = ("str", "int")
_SWITCH = ("bool", "int", "str")
_ROLES = tuple(roles.LEVELS)
_CATEGORIES = tuple(category.label for category in ALLOWABLE)

# fmt: off
_TABLE = (
    Setting("url", "URL", _address, "GitLab's base URL; a path such as https://host/gitlab is kept"),
    Setting("token-env", "NAME", _variable, "name of the environment variable that holds the token"),
    Setting("token-file", "FILE", _any_text, "file that holds the token; - is standard input"),
    Setting("scopes", "SCOPE", _scope, "scopes that the token must satisfy", many=True),
    Setting("forbid-scopes", "SCOPE", _scope, "scopes that the token must not hold", many=True),
    Setting("min-validity", "TIME", durations.read_validity,
            "fail if less is left: 90m, 12h, 14d, 2w; a bare number is days", _TIME),
    Setting("warn-validity", "TIME", _warn_validity,
            "warn if less is left; 0 never; auto: 14 days, at most a quarter of the lifetime", _TIME),
    Setting("max-validity", "TIME", durations.read_validity,
            "fail if more is left, or if the token never expires", _TIME),
    Setting("project", "PATH", _project, "path or numeric id of a project that the token must reach", _NUMBER),
    Setting("group", "PATH", _namespace, "path or numeric id of a group that the token must reach", _NUMBER),
    Setting("role", "ROLE", _choice(_ROLES), "least role of the token's account there, as a member", choices=_ROLES),
    Setting("kind", "KIND", _choice(KINDS), "kind of token that it must be", choices=KINDS),
    Setting("allow", "CATEGORY", _allowed, "categories that are reported as warnings and do not fail",
            many=True, choices=_CATEGORIES),
    Setting("config", "FILE", _any_text, "policy file", place="command"),
    Setting("format", "FORMAT", _choice(("auto", *FORMATS)), "form of the report on standard output",
            choices=("auto", *FORMATS), place="run"),
    Setting("output", "FILE", _any_text, "write that report to this file instead", place="run", if_found=False),
    Setting("report", "FORMAT=PATH", _report, "one more report from the same run",
            many=True, place="run", if_found=False),
    Setting("timeout", "TIME", durations.read_timeout, "longest silence from the server, such as 10s or 2m",
            _TIME, place="run"),
    Setting("max-wait", "TIME", durations.read_timeout, "time for the whole run, retries included", _TIME, place="run"),
    Setting("ca-file", "FILE", _any_text, "CA certificates of a private CA", if_found=False),
    Setting("allow-http", "YES", _boolean, "permit http:// to a host that is not loopback", _SWITCH, if_found=False),
    Setting("hook-max-age", "TIME", durations.read_validity, "how long a hook remembers a success", _TIME, place="run"),
    Setting("hook-strict", "YES", _boolean,
            "a hook also stops when GitLab could not be asked, or there is no token", _SWITCH, place="run"),
)
# fmt: on
SETTINGS = {setting.name: setting for setting in _TABLE}

# What people call a token's value when they look for a place to put it; there is none.
NAMES_OF_SECRETS = ("token", "private-token", "private_token", "secret", "password")
# Of these only one can be given; a stronger layer that gives one replaces both.
EXCLUSIVE = (("token-env", "token-file"), ("project", "group"))


def nameable(text: str) -> bool:
    """Whether a text can only be somebody's spelling of a setting, and never a secret."""
    return (
        re.fullmatch(r"[a-z]+(?:[-_][a-z]+)*", text) is not None
        and len(text) <= 24
        and not shapes.looks_like_token(text)
    )


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """ "; did you mean NAME?" for the name that the text comes nearest to, else nothing."""
    from difflib import get_close_matches  # only on the way to an error

    match = get_close_matches(text.lower().replace("_", "-"), names, 1)
    return f"; did you mean {match[0]}?" if match else ""
