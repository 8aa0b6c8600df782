"""Where the token's value comes from, and whether it can be a token at all."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from glcheck import masking as text
from glcheck.ci import surroundings
from glcheck.problem import Category, Failure, Problem
from glcheck.providers.gitlab import shapes

INPUT = "GLCHECK_TOKEN"  # the variable that holds the action's input `token`
USUAL_VARIABLES = (INPUT, "GITLAB_TOKEN", "GL_TOKEN", "GITLAB_ACCESS_TOKEN", "GITLAB_PRIVATE_TOKEN")
STANDARD_INPUT = "-"
_LARGEST_FILE = 64 * 1024

_UNEXPANDED = re.compile(r"\$[A-Za-z_{(]|^%\w+%$|^\{\{", re.ASCII)
_MASKED = re.compile(r"\*{3,}|•{3,}|^\[?(?:MASKED|REDACTED|FILTERED)\]?$|^x{8,}$", re.IGNORECASE)


class Source(NamedTuple):
    """Where to find a token: a variable's name, a file (`-` is standard input), or the usual variables.

    In the action, the variable of its input is called `token`, as whoever wrote the step did.
    """

    variable: str | None = None
    file: str | None = None
    is_input: bool = False

    def resolved(self, environ: Mapping[str, str]) -> Source:
        """The same, with the first of the usual variables that is set, where none was named."""
        if self.file:
            return self
        variable = self.variable or next(
            (name for name in USUAL_VARIABLES if environ.get(name)), None
        )
        if surroundings.in_action(environ) and variable in (None, INPUT):
            return Source(INPUT, is_input=True)
        return Source(variable)

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


class Secret(NamedTuple):
    """A token's value and whether a line end had to be taken off. Never printed: its repr hides the value."""

    value: str
    had_line_end: bool

    def __repr__(self) -> str:
        return "Secret(…)"


def read_standard_input(seconds: float) -> bytes:
    """What comes on standard input in that time, up to a little more than a token file may hold."""
    try:
        return (
            _within(seconds, lambda: sys.stdin.buffer.read(_LARGEST_FILE + 1)) if sys.stdin else b""
        )
    except OSError:
        return b""


def _within(seconds: float, load: Callable[[], bytes]) -> bytes:
    """What `load` returns, unless it takes longer: TimeoutError. A pipe can stay silent for ever."""
    import threading  # only for a token that is not in a variable

    results: list[bytes | OSError] = []

    def work() -> None:
        try:
            results.append(load())
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not results:
        raise TimeoutError(None, "nothing came in time")
    if isinstance(results[0], OSError):
        raise results[0]
    return results[0]


def read(
    source: Source, environ: Mapping[str, str], standard_input: bytes, patience: float
) -> Secret:
    """The token from there.

    `standard_input` is what was read from it, once for the whole run; `patience` is how many seconds a file
    that is a pipe may keep silent.
    Raises Failure with token-missing or token-malformed.
    """
    if source.file is not None:
        given = _read_file(source, standard_input, patience)
    else:
        given = environ.get(source.variable, "") if source.variable else ""
    value = given.rstrip("\r\n")
    if not value.strip():
        raise Failure(_missing(source, environ))
    reason, fix = _why_malformed(value)
    if reason:
        raise Failure(
            Problem(
                Category.TOKEN_MALFORMED,
                f"{{token}} cannot be a GitLab token: {reason}. Nothing was sent.",
                fix + (surroundings.where_variables_are(environ) if source.variable else ""),
                details={"reason": reason},
            )
        )
    return Secret(value, value != given)


def _read_file(source: Source, standard_input: bytes, patience: float) -> str:
    try:
        path = Path(source.file or "").expanduser()
        raw = (
            standard_input
            if source.file == STANDARD_INPUT
            else _within(patience, partial(_load, path))
        )
    except (OSError, ValueError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "the name is not usable"
        )
        raise Failure(
            Problem(
                Category.TOKEN_MISSING,
                f"There is no token in {source.place}: it cannot be read ({why.lower()}).",
                "Write the token to that file, or name the right one with `token-file`.",
            )
        ) from None
    if len(raw) > _LARGEST_FILE:
        raw = b"\0"  # whatever it is, it is no token; the judgement below says so
    return raw.decode("utf-8", errors="replace")


def _load(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST_FILE + 1)


def _missing(source: Source, environ: Mapping[str, str]) -> Problem:
    if source.file:
        message = f"There is no token in {source.place}: it is empty."
        return Problem(
            Category.TOKEN_MISSING, message, "Write the token there, or name the right file."
        )
    looked_at = (source.variable,) if source.variable and not source.is_input else USUAL_VARIABLES
    if source.is_input:
        where, called = "the input `token` is empty", "`token`"
        if not any(environ.get(name) for name in USUAL_VARIABLES):
            where += f", and none of {', '.join(USUAL_VARIABLES[1:])} is set"
    elif source.variable:
        where = f"the variable {source.variable} {'is empty' if source.variable in environ else 'is not set'}"
        called = source.variable
    else:
        where, called = f"none of the variables {', '.join(USUAL_VARIABLES)} is set", "GITLAB_TOKEN"
    cause, fix = surroundings.why_missing(environ, called)
    message = f"There is no token: {where}. {cause}".strip()
    return Problem(Category.TOKEN_MISSING, message, fix, details={"variables": list(looked_at)})


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # longer than a path can be, or with characters that none has
        return False


def _why_malformed(value: str) -> tuple[str | None, str]:
    """What is wrong with the characters, and what to do; the reason is None for a sound value."""
    again = "Copy the token again, whole, and store it anew. If it is lost, {replace}."
    if _UNEXPANDED.search(value.strip()):
        return (
            "it is the name of a variable that was never filled in",
            "Define that variable where this job can see it (in GitLab, a protected variable exists only on "
            "protected branches and tags, and one with an environment scope only in jobs of that "
            "environment), or correct its name.",
        )
    if _MASKED.search(value):
        return "it is the mask that a log shows in place of a token", again
    vendor = shapes.other_vendor(value)
    if vendor:
        return f"it is {vendor}", "Store a GitLab token in this place; if there is none, {replace}."
    if value[0] == value[-1] and value[0] in "\"'`" and len(value) > 1:
        return "there are quotes around it", "Store the token again without the quotes."
    if "/" in value and _is_file(value):
        return (
            "it is the path of a file",
            "Store the token itself in this place, or name that file with `token-file` (GLCHECK_TOKEN_FILE). In GitLab "
            "CI, a variable of the type File holds a path, and one of the type Variable the token.",
        )
    if "://" in value:
        return (
            "it is an address",
            "Store the token alone in this place, without an address around it.",
        )
    if any(c.isspace() for c in value):
        return "there are blanks or line breaks in it", again
    if not all(c.isascii() and c.isprintable() for c in value):
        return "there are characters in it that no token has", again
    if len(value) < text.SHORTEST_SECRET:
        return "it is too short", again
    damage = shapes.damage(value)
    return (f"{damage}, so it was cut or mistyped", again) if damage else (None, "")
