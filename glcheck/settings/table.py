"""The table of settings: the name of each, how its value is read, its default, where it stands.

Flags, environment variables, policy files, their JSON schema, the help, the README's table and the
inputs of the action and of the GitLab CI component all come from it (`make docs`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from glcheck import address, durations, providers
from glcheck.policy import INPUT, WARN_AUTO
from glcheck.problem import ALLOWABLE, Category
from glcheck.reports import FORMATS

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_SCOPE = r"[A-Za-z][A-Za-z0-9_:*.-]{0,63}"
_PATH = r"(?=.*[^./])[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*"


# How the text of each value is read. All raise ValueError with half a sentence that does not
# repeat the text.


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
    if not re.fullmatch(_SCOPE, text, re.ASCII) or providers.looks_like_token(text):
        raise ValueError("must be names of scopes such as api or read_repository")
    return text


def _variable(text: str) -> str:
    if not re.fullmatch(_VARIABLE, text, re.ASCII) or providers.looks_like_token(text):
        raise ValueError("must be the name of an environment variable, not the token itself")
    return text


def _any_text(text: str) -> str:
    if providers.looks_like_token(text):
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
    whole = re.fullmatch(_PATH, path, re.ASCII)
    if not whole or any(not segment.strip(".") for segment in path.split("/")):
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
    return _choice(tuple(FORMATS))(kind), _any_text(path)


def _address(text: str) -> str:
    return address.read(_any_text(text))


class Setting(NamedTuple):
    """One setting: how its value is read, and where it may stand."""

    name: str
    metavar: str  # what stands for the value in the help
    read: Callable[[str], Any]
    help: str
    default: str = ""  # in words; what `read` takes where a run has to have a value
    types: tuple[str, ...] = ("str",)  # of a YAML scalar
    many: bool = False  # a list, or a string split at commas and blanks
    choices: tuple[str, ...] = ()
    place: str = "token"  # "token": top level and each token; "run": top level; "command": no file
    if_found: bool = True  # whether a policy file that was merely found may set it
    in_action: bool = True  # whether the GitHub Action has an input for it
    in_component: bool = False  # whether the GitLab CI component has one

    def split(self, text: str) -> list[str]:
        """The parts of a text that holds several values; paths of reports may have blanks."""
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
_PROVIDERS = providers.NAMES
_USUAL = providers.face(providers.DEFAULT)  # whose defaults the help and the documents tell
_KINDS = providers.kinds()
_ROLES = providers.roles()
_REPORTS = ("auto", *FORMATS)
_CATEGORIES = tuple(category.label for category in ALLOWABLE)

# fmt: off
_TABLE = (
    Setting("provider", "NAME", _choice(_PROVIDERS), "whose token it is", providers.DEFAULT,
            choices=_PROVIDERS),
    Setting("url", "URL", _address,
            "base URL of the server; a path such as https://host/path is kept",
            _USUAL.URL_DEFAULT),
    Setting("token-env", "NAME", _variable,
            "name of the environment variable that holds the token",
            f"the first that is set of {', '.join((INPUT, *_USUAL.TOKEN_VARIABLES))}",
            in_action=False, in_component=True),
    Setting("token-file", "FILE", _any_text, "file that holds the token; - is standard input"),
    Setting("scopes", "SCOPE", _scope,
            "scopes that the token must satisfy, itself or through another one",
            many=True, in_component=True),
    Setting("forbid-scopes", "SCOPE", _scope, "scopes that the token must not hold, literally",
            many=True, in_component=True),
    Setting("min-validity", "TIME", durations.read_validity,
            "fail if less is left: 90m, 12h, 14d, 2w; a bare number is days", "0", _TIME,
            in_component=True),
    Setting("warn-validity", "TIME", _warn_validity,
            "warn if less is left; 0 never; auto: 14 days, at most a quarter of the lifetime",
            "auto", _TIME, in_component=True),
    Setting("max-validity", "TIME", durations.read_validity,
            "fail if more is left, or if the token never expires", types=_TIME),
    Setting("project", "PATH", _project,
            "path or numeric id of a project that the token must reach",
            types=_NUMBER, in_component=True),
    Setting("group", "PATH", _namespace,
            "path or numeric id of a group that the token must reach; one of the two",
            types=_NUMBER, in_component=True),
    Setting("role", "ROLE", _choice(_ROLES),
            "least role of the token's account there, as a member", "any access",
            choices=_ROLES, in_component=True),
    Setting("kind", "KIND", _choice(_KINDS), "kind of token that it must be", "any",
            choices=_KINDS),
    Setting("allow", "CATEGORY", _allowed,
            "categories that are reported as warnings and do not fail",
            many=True, choices=_CATEGORIES, in_component=True),
    Setting("config", "FILE", _any_text, "policy file",
            ".glcheck.yml or .glcheck.yaml here, else at the root of the git work tree",
            place="command", in_component=True),
    Setting("format", "FORMAT", _choice(_REPORTS), "form of the report on standard output",
            "auto: github in GitHub Actions, else text", choices=_REPORTS, place="run"),
    Setting("output", "FILE", _any_text, "write that report to this file instead",
            place="run", if_found=False),
    Setting("report", "FORMAT=PATH", _report, "one more report from the same run",
            many=True, place="run", if_found=False),
    Setting("timeout", "TIME", durations.read_timeout,
            "longest silence from the server; a bare number is seconds", "10s", _TIME,
            place="run"),
    Setting("max-wait", "TIME", durations.read_timeout,
            "time for the whole run, retries included; a bare number is seconds; in a hook 5s",
            "60s", _TIME,
            place="run"),
    Setting("ca-file", "FILE", _any_text, "CA certificates of a private CA",
            "CI_SERVER_TLS_CA_FILE for GitLab CI's own host, else what requests does "
            "(REQUESTS_CA_BUNDLE)", if_found=False),
    Setting("allow-http", "YES", _boolean, "permit http:// to a host that is not loopback", "no",
            _SWITCH, if_found=False),
    Setting("hook-max-age", "TIME", durations.read_validity,
            "how long a hook remembers a success; 0 not at all", "1h", _TIME,
            place="run", in_action=False),
    Setting("hook-strict", "YES", _boolean,
            "a hook also stops when nobody could be asked, or there is no token", "no", _SWITCH,
            place="run", in_action=False),
)
# fmt: on
SETTINGS = {setting.name: setting for setting in _TABLE}

# What people call a token's value when they look for a place to put it; there is none.
NAMES_OF_SECRETS = ("token", "private-token", "private_token", "secret", "password")
# Of these only one can be given; a stronger layer that gives one replaces both.
EXCLUSIVE = (("token-env", "token-file"), ("project", "group"))


def nameable(text: str) -> bool:
    """Whether a text can only be somebody's spelling of a setting, and never a secret."""
    plain = re.fullmatch(r"[a-z]+(?:[-_][a-z]+)*", text) is not None
    return plain and len(text) <= 24 and not providers.looks_like_token(text)


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """ "; did you mean NAME?" for the name that the text comes nearest to, else nothing."""
    from difflib import get_close_matches  # only on the way to an error

    match = get_close_matches(text.lower().replace("_", "-"), names, 1)
    return f"; did you mean {match[0]}?" if match else ""
