"""The policy file: what stands in it, and what its keys give as settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from glcheck import providers
from glcheck.settings.layers import Complaints, Given, Layer, as_layer, read
from glcheck.settings.table import NAMES_OF_SECRETS, SETTINGS, Setting, did_you_mean, nameable

if TYPE_CHECKING:  # loaded where there is a file to read
    from glcheck.settings.yaml_nodes import Key, Value

_NAME = r"[A-Za-z0-9 _.-]{1,80}"
_LARGEST = 1024 * 1024


class PolicyFile(NamedTuple):
    """What stands in the file: the keys at the top but `tokens`, and those of each token."""

    top: tuple[Key, ...]
    # each with its line, in order; None: there is no `tokens`
    tokens: tuple[tuple[int, tuple[Key, ...]], ...] | None


def load(path: Path) -> PolicyFile:
    """The file's content. Raises Unreadable; its sentence never repeats what stands in the file."""
    from glcheck.settings.yaml_nodes import Nodes, Unreadable, compose, line_of, type_of

    root = compose(_text(path))
    if root is None or type_of(root) == "null":
        return PolicyFile((), None)
    nodes = Nodes()
    top = nodes.keys(root, "a policy file")
    node = next((value for key, value in root.value if key.value == "tokens"), None)
    if node is None:
        return PolicyFile(top, None)
    if type_of(node) != "seq" or not node.value:
        line = line_of(node)
        raise Unreadable("`tokens` must be a list with at least one token", line)
    tokens = tuple((line_of(entry), nodes.keys(entry, "each token")) for entry in node.value)
    return PolicyFile(tuple(key for key in top if key.name != "tokens"), tokens)


def _text(path: Path) -> str:
    from glcheck.settings.yaml_nodes import Unreadable

    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise Unreadable(f"cannot be read ({why})") from None
    if len(raw) > _LARGEST:
        raise Unreadable("is larger than 1 MiB, which no policy file is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Unreadable("is not UTF-8 text", line) from None


class Keys:
    """Reads the keys of a policy file as settings, and knows which of them may stand where."""

    def __init__(self, complaints: Complaints, found: bool) -> None:
        """`found` says that nobody named the file: then it may say less."""
        self._complaints = complaints
        self._found = found

    def layer(self, keys: Sequence[Key], of_token: bool = False) -> Layer:
        """What these keys give, without what is wrong and complained about."""
        return as_layer((self._given(key, of_token) for key in keys), self._complaints)

    def name(self, keys: Sequence[Key], line: int) -> str:
        """The name of the token with these keys, which begin on that line."""
        key = next((key for key in keys if key.name == "name"), None)
        if key is None:
            self._complaints.complain(self._at(line), "this token has no `name`")
            return f"line {line}"
        text = key.value.text
        sound = key.value.type == "str" and re.fullmatch(_NAME, text, re.ASCII)
        if not sound or providers.looks_like_token(text):
            self._complaints.complain(
                self._at(key.line),
                "name must be a text (a number needs quotes) of 1 to 80 letters, digits, blanks "
                "and . _ -",
            )
            return f"line {line}"
        return text

    def _at(self, line: int) -> str:
        return f"{self._complaints.file}:{line}"

    def _given(self, key: Key, of_token: bool) -> Given | None:
        if key.name == "version" and not of_token:
            if (key.value.type, key.value.text) != ("int", "1"):
                sentence = "version must be 1, the only version there is"
                self._complaints.complain(self._at(key.line), sentence)
            return None
        if key.name == "name" and of_token:
            return None  # read where the tokens are told apart
        refusal = self._why_not(key.name, of_token)
        if refusal:
            self._complaints.complain(self._at(key.line), refusal)
            return None
        return self._read(SETTINGS[key.name], key.value, key.line)

    def _why_not(self, name: str, of_token: bool) -> str | None:
        """Why a key of that name cannot stand there; None if it can."""
        setting = SETTINGS.get(name)
        if setting is None:
            if name in NAMES_OF_SECRETS:
                return (
                    "a token's value does not belong in a file; name its variable with `token-env`"
                )
            if name == "<<":
                return "merge keys (`<<`) are not taken; the top level holds what all tokens share"
            places = ("token",) if of_token else ("token", "run")
            known = [setting.name for setting in SETTINGS.values() if setting.place in places]
            shown = f"unknown key `{name}`" if nameable(name) else "unknown key"
            return shown + did_you_mean(name, [*known, "name" if of_token else "tokens"])
        if setting.place == "command":
            return f"`{name}` cannot stand in a policy file"
        if of_token and setting.place == "run":
            return f"`{name}` belongs at the top level, not to one token"
        if self._found and not setting.if_found:
            return (
                f"`{name}` is taken only from a file that was named, with --config or "
                "GLCHECK_CONFIG"
            )
        return None

    def _read(self, setting: Setting, value: Value, line: int) -> Given | None:
        if value.type == "null":
            return None
        listed = setting.many and value.type == "seq"
        given = []
        for scalar in value.items if listed else (value,):
            where = self._at(scalar.line if listed else line)
            if scalar.type in (("str",) if listed else setting.types):
                given.append(read(setting, [scalar.text], where, self._complaints))
            else:
                self._complaints.complain(where, f"{setting.name} must be {setting.wanted}")
        sound = [one for one in given if one]
        if listed and sound:
            every = dict.fromkeys(item for one in sound for item in one.value)
            return sound[0]._replace(value=tuple(every))
        return sound[0] if sound else None
