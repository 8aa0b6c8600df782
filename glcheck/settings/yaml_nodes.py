"""YAML as nodes with their lines, never constructed into objects.

Working on nodes gives every value its line, shows duplicate keys, and leaves tags without power.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

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


class Unreadable(Exception):  # noqa: N818 - whoever reads the file makes a problem of it
    """The text cannot be read; carries the sentence, and the line, 0 where none is known."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def compose(text: str) -> Any:
    """The root node of a YAML text, or None. Raises Unreadable, which repeats nothing of it."""
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
                raise Unreadable("is nested too deeply", line_of(event))
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # PyYAML's sentences put parts of the file in quotes; what is shorter than four characters
        # is punctuation.
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


class Nodes:
    """Turns nodes into values. It counts them, since a few aliases can stand for endlessly many."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def keys(self, node: Any, what: str) -> tuple[Key, ...]:
        """The keys of a mapping, which a sentence calls `what`. Raises Unreadable."""
        if type_of(node) != "map":
            raise Unreadable(f"{what} must be a mapping: lines of `key: value`", line_of(node))
        keys: dict[str, Key] = {}
        for key, value in node.value:
            if key.id != "scalar":
                raise Unreadable("a key must be a plain word", line_of(key))
            if key.value in keys:
                raise Unreadable(
                    f"the same key stands here and on line {keys[key.value].line}", line_of(key)
                )
            keys[key.value] = Key(key.value, self._value(value), line_of(key))
        return tuple(keys.values())

    def _value(self, node: Any, inside_sequence: bool = False) -> Value:
        self._left -= 1
        if self._left < 0:
            raise Unreadable("holds more than any policy needs")
        kind = type_of(node)
        items = node.value if kind == "seq" and not inside_sequence else ()
        values = tuple(self._value(item, inside_sequence=True) for item in items)
        return Value(kind, node.value if node.id == "scalar" else "", values, line_of(node))


def line_of(node: Any) -> int:
    """The line on which a node or an event begins, counted from 1."""
    return int(node.start_mark.line) + 1


def type_of(node: Any) -> str:
    """What YAML resolves it to: str, int, float, bool, null, seq, map; else "other"."""
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    scalars = ("str", "int", "float", "bool", "null")
    known = {"scalar": scalars, "sequence": ("seq",), "mapping": ("map",)}[node.id]
    return kind if kind in known else "other"
