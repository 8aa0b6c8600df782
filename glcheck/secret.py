"""A token's value: reads it, and tells what visibly is none before anything is sent."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from glcheck import ci, providers
from glcheck.at_once import within
from glcheck.ci.gitlab_ci import where_variables_are
from glcheck.description import Shape
from glcheck.masking import SHORTEST_SECRET
from glcheck.policy import INPUT, STANDARD_INPUT, Source, TokenPolicy, file_at
from glcheck.problem import Category, Failure, Problem

_LARGEST_FILE = 64 * 1024

_UNEXPANDED = r"\$[A-Za-z_{(]|^%\w+%$|^\{\{"
_MASKS = ("MASKED", "REDACTED", "FILTERED")
_COPY_AGAIN = "Copy the token again, whole, and store it anew. If it is lost, {replace}."


class Secret(NamedTuple):
    """A token's value, what its characters tell, and whether a line end had to be taken off.

    Never printed: its repr hides the value.
    """

    value: str
    shape: Shape
    had_line_end: bool = False

    def __repr__(self) -> str:
        return "Secret(…)"


def read_standard_input(seconds: float) -> bytes:
    """What comes on standard input in that time, up to a little more than a token may have."""
    try:
        return (
            within(seconds, lambda: sys.stdin.buffer.read(_LARGEST_FILE + 1)) if sys.stdin else b""
        )
    except OSError:
        return b""


def read(
    policy: TokenPolicy, environ: Mapping[str, str], standard_input: bytes, patience: float
) -> Secret:
    """The token that this policy is about.

    `standard_input` is what was read from it, once for the whole run; `patience` is how many
    seconds a file that is a pipe may keep silent. Raises Failure with token-missing,
    token-malformed or wrong-token-kind.
    """
    source = policy.source
    if source.file is not None:
        given = _read_file(source, standard_input, patience)
    else:
        given = environ.get(source.variable, "") if source.variable else ""
    value = given.rstrip("\r\n")
    provider = providers.face(policy.provider)
    if not value.strip():
        raise Failure(_missing(source, environ, provider))
    shape = provider.shape_of(value)
    reason, fix = _why_malformed(value, shape, provider.NAME)
    if reason:
        raise Failure(
            Problem(
                Category.TOKEN_MALFORMED,
                f"{{token}} cannot be a {{provider}} token: {reason}. Nothing was sent.",
                fix + (where_variables_are(environ) if source.variable else ""),
                details={"reason": reason},
            )
        )
    if shape.uncheckable:
        raise Failure(
            Problem(
                Category.WRONG_TOKEN_KIND,
                f"{{token}} is a {shape.uncheckable}, which {{provider}} cannot describe. Nothing "
                "was sent.",
                "Use an access token here: {replace}.",
                details={"actual": shape.uncheckable},
            )
        )
    return Secret(value, shape, value != given)


def _read_file(source: Source, standard_input: bytes, patience: float) -> str:
    try:
        path = file_at(source.file or "")
        from_stdin = source.file == STANDARD_INPUT
        raw = standard_input if from_stdin else within(patience, partial(_load, path))
    except (OSError, ValueError) as error:
        why = "the name is not usable"
        if isinstance(error, OSError) and error.strerror:
            why = error.strerror.lower()
        raise Failure(
            Problem(
                Category.TOKEN_MISSING,
                f"There is no token in {source.place}: it cannot be read ({why}).",
                "Write the token to that file, or name the right one with `token-file`.",
            )
        ) from None
    if len(raw) > _LARGEST_FILE:
        raw = b"\0"  # whatever it is, it is no token; `_why_malformed` says so
    return raw.decode("utf-8", errors="replace")


def _load(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST_FILE + 1)


def _missing(source: Source, environ: Mapping[str, str], provider: providers.Provider) -> Problem:
    if source.file:
        return Problem(
            Category.TOKEN_MISSING,
            f"There is no token in {source.place}: it is empty.",
            "Write the token there, or name the right file.",
        )
    usual = (INPUT, *provider.TOKEN_VARIABLES)
    looked_at = usual
    if source.is_input:
        where, called = "the input `token` is empty", "`token`"
        if not any(environ.get(name) for name in usual):
            where += f", and none of {', '.join(usual[1:])} is set"
    elif source.variable:
        looked_at = (source.variable,)
        state = "is empty" if source.variable in environ else "is not set"
        where, called = f"the variable {source.variable} {state}", source.variable
    else:
        where, called = f"none of the variables {', '.join(usual)} is set", usual[1]
    cause, fix = ci.why_missing(environ, called, provider.NAME)
    message = f"There is no token: {where}. {cause}".strip()
    details = {"variables": list(looked_at)}
    return Problem(Category.TOKEN_MISSING, message, fix, details=details)


def _why_malformed(value: str, shape: Shape, provider: str) -> tuple[str | None, str]:
    """What is wrong with the characters, and what to do; the reason is None for a sound value."""
    if {*"$%{"} & {*value} and re.search(_UNEXPANDED, value.strip(), re.ASCII):
        return (
            "it is the name of a variable that was never filled in",
            "Define that variable where this job can see it (in GitLab CI, a protected variable "
            "exists only on protected branches and tags, and one with an environment scope only "
            "in jobs of that environment), or correct its name.",
        )
    if _is_masked(value):
        return "it is the mask that a log shows in place of a token", _COPY_AGAIN
    if whose := providers.whose_token(value):
        fix = f"Store a {provider} token in this place; if there is none, {{replace}}."
        return f"it is {whose}", fix
    if value[0] == value[-1] and value[0] in "\"'`" and len(value) > 1:
        return "there are quotes around it", "Store the token again without the quotes."
    if "/" in value and _is_file(value):
        return (
            "it is the path of a file",
            "Store the token itself in this place, or name that file with `token-file` "
            "(GLCHECK_TOKEN_FILE). In GitLab CI, a variable of the type File holds a path, and "
            "one of the type Variable the token.",
        )
    if "://" in value:
        fix = "Store the token alone in this place, without an address around it."
        return "it is an address", fix
    if any(c.isspace() for c in value):
        return "there are blanks or line breaks in it", _COPY_AGAIN
    if not all(c.isascii() and c.isprintable() for c in value):
        return "there are characters in it that no token has", _COPY_AGAIN
    if len(value) < SHORTEST_SECRET:
        return "it is too short", _COPY_AGAIN
    if shape.damage:
        return f"{shape.damage}, so it was cut or mistyped", _COPY_AGAIN
    return None, ""


def _is_masked(value: str) -> bool:
    bare = value.upper().removeprefix("[").removesuffix("]")
    crosses = len(value) >= SHORTEST_SECRET and {*value.upper()} == {"X"}
    return "***" in value or "•••" in value or bare in _MASKS or crosses


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # longer than a path can be, or with characters that none has
        return False
