"""Reads the policy file: YAML as nodes with their lines, never constructed into objects.

Working on nodes gives every value its line, shows duplicate keys, and leaves tags without power.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

NAMES = (".glcheck.yml", ".glcheck.yaml")
_LARGEST = 1024 * 1024
_DEEPEST = 20
_MOST_VALUES = 50_000  # what a policy of 2,000 tokens takes


class Value(NamedTuple):
    """One value of the file. `type` is str, int, float, bool, null, seq, map or other."""

    type: str
    text: str  # of a scalar, as it is written
    items: tuple[Value, ...]  # of a sequence; a sequence or mapping inside it has no items
    line: int  # counted from 1


class Key(NamedTuple):
    """A key of a mapping, with what stands behind it."""

    name: str
    value: Value
    line: int


class PolicyFile(NamedTuple):
    """What stands in the file: the keys at the top but `tokens`, and those of each token in order."""

    top: tuple[Key, ...]
    tokens: (
        tuple[tuple[int, tuple[Key, ...]], ...] | None
    )  # each with its line; None: there is no `tokens`


class Unreadable(Exception):  # noqa: N818 - settings turns it into a problem
    """The file cannot be read as a policy; carries the sentence and the line, 0 where none is known."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def find(directory: Path) -> Path | None:
    """The policy file of that directory, else of the git work tree it lies in; None if there is none."""
    places = [directory]
    places += [parent for parent in (directory, *directory.parents) if (parent / ".git").exists()][
        :1
    ]
    return next(
        (place / name for place in places for name in NAMES if (place / name).is_file()), None
    )


def load(path: Path) -> PolicyFile:
    """The file's content. Raises Unreadable; its sentence never repeats what stands in the file."""
    return _Reader().policy(_compose(_read(path)))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Unreadable(
            f"cannot be read ({(error.strerror or 'unknown reason').lower()})"
        ) from None
    if len(raw) > _LARGEST:
        raise Unreadable("is larger than 1 MiB, which no policy file is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8 text", raw[: error.start].count(b"\n") + 1) from None


def _compose(text: str) -> Any:
    import yaml  # 25 ms that a run without a policy file does not pay

    loader = getattr(
        yaml, "CSafeLoader", yaml.SafeLoader
    )  # libyaml, where PyYAML was built with it
    try:
        depth = 0
        for event in yaml.parse(
            text, Loader=loader
        ):  # without recursion, which libyaml's composer does in C
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
                event, yaml.CollectionEndEvent
            )
            if depth > _DEEPEST:
                raise Unreadable("is nested too deeply", _line(event))
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # PyYAML's sentences put parts of the file in quotes; what is shorter than four characters is punctuation.
        said = re.sub(
            r"(['\"])(.*?)\1", lambda m: m[0] if len(m[2]) < 4 else "…", error.problem or ""
        )
        mark = error.problem_mark or error.context_mark
        if mark and "\t" in "".join(text.splitlines()[mark.line : mark.line + 1]):
            said = "there is a tab in this line, where YAML wants blanks"
        raise Unreadable(f"is not valid YAML: {said}", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError:
        raise Unreadable(
            "is not valid YAML: it holds a character that YAML does not allow"
        ) from None


class _Reader:
    """Turns nodes into values. It counts them, since a few aliases can stand for endlessly many."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def policy(self, root: Any) -> PolicyFile:
        if root is None or _type(root) == "null":
            return PolicyFile((), None)
        top = self._keys(root, "a policy file")
        node = next((value for key, value in root.value if key.value == "tokens"), None)
        if node is None:
            return PolicyFile(top, None)
        if _type(node) != "seq" or not node.value:
            raise Unreadable(
                "`tokens` must be a list with at least one token", node.start_mark.line + 1
            )
        tokens = tuple((_line(entry), self._keys(entry, "each token")) for entry in node.value)
        return PolicyFile(tuple(key for key in top if key.name != "tokens"), tokens)

    def _keys(self, node: Any, what: str) -> tuple[Key, ...]:
        if _type(node) != "map":
            raise Unreadable(f"{what} must be a mapping: lines of `key: value`", _line(node))
        keys: dict[str, Key] = {}
        for key, value in node.value:
            if key.id != "scalar":
                raise Unreadable("a key must be a plain word", _line(key))
            if key.value in keys:
                raise Unreadable(
                    f"the same key stands here and on line {keys[key.value].line}", _line(key)
                )
            keys[key.value] = Key(key.value, self._value(value), _line(key))
        return tuple(keys.values())

    def _value(self, node: Any, inside_sequence: bool = False) -> Value:
        self._left -= 1
        if self._left < 0:
            raise Unreadable("holds more than any policy needs")
        kind = _type(node)
        items = node.value if kind == "seq" and not inside_sequence else ()
        values = tuple(self._value(item, inside_sequence=True) for item in items)
        return Value(kind, node.value if node.id == "scalar" else "", values, _line(node))


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _type(node: Any) -> str:
    """What YAML resolves it to: str, int, float, bool, null, seq or map; "other" for a tag of any other kind."""
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    scalars = ("str", "int", "float", "bool", "null")
    known = {"scalar": scalars, "sequence": ("seq",), "mapping": ("map",)}[node.id]
    return kind if kind in known else "other"
