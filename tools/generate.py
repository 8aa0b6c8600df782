"""Writes every copy of the table of settings, and docs/categories.md. `make docs` runs it.

A copy stands between two marks, or is a file of its own; a test compares it with what this makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from glcheck.settings.table import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_NAME = r"^[A-Za-z0-9 _.-]{1,80}$"
# What is written as code in a document: names of variables, files and addresses.
_CODE = re.compile(r"[A-Z]+_[A-Z0-9_]+|https?://[\w./:-]*\w|\.glcheck\.ya?ml|FORMAT=PATH")
# Where an entrance has it otherwise: what the setting means there, and its default.
_IN_ACTION = {
    "config": (
        "policy file for several tokens; pass its variables in `env:`",
        "none is looked for",
    ),
    "format": ("form of the report in the log", "github: text and annotations"),
    "output": ("write that report to this file, and not into the log", ""),
}


def files() -> dict[Path, str]:
    """Each file with a copy, and what it has to hold."""
    action = [one for one in SETTINGS.values() if one.in_action]
    component = [one for one in SETTINGS.values() if one.in_component]
    copies: dict[str, dict[str, Iterable[str]]] = {
        "README.md": {"settings": _table("setting", SETTINGS.values(), _said)},
        "docs/github-actions.md": {"inputs": _table("input", action, _said_in_action)},
        "docs/gitlab-ci.md": {"inputs": _table("input", component, _said)},
        "action.yml": {
            "inputs": _inputs(action, _said_in_action),
            "variables": (f"{one.variable}: ${{{{ inputs.{one.name} }}}}" for one in action),
        },
        "templates/check.yml": {
            "inputs": _component_inputs(component),
            "variables": _component_variables(component),
        },
    }
    whole = {
        "docs/categories.md": (ROOT / "glcheck/commands/categories.md").read_text(encoding="utf-8"),
        "docs/schema/config-v1.json": json.dumps(policy_schema(), indent=2) + "\n",
    }
    made = {ROOT / name: text for name, text in whole.items()}
    return made | {ROOT / name: _with(ROOT / name, parts) for name, parts in copies.items()}


def _with(path: Path, copies: dict[str, Iterable[str]]) -> str:
    """The file's text with these lines between the marks of each copy, as far in as the marks."""
    text = path.read_text(encoding="utf-8")
    start, end = ("<!-- ", " -->") if path.suffix == ".md" else ("# ", "")
    for name, lines in copies.items():
        first = f"{start}{name}: made by `make docs`{end}"
        last = f"{start}end of {name}{end}"
        pattern = rf"^( *){re.escape(first)}\n.*?^ *{re.escape(last)}$"
        found = re.findall(pattern, text, re.MULTILINE | re.DOTALL)
        if len(found) != 1:
            raise SystemExit(f"{path}: the marks of {name} do not stand there once")
        block = "\n".join(f"{found[0]}{line}" for line in (first, *lines, last))
        text = re.sub(pattern, lambda _: block, text, flags=re.MULTILINE | re.DOTALL)  # noqa: B023
    return text


# --- what a setting means, and its default, as each entrance says it ---


def _said(setting: Setting) -> tuple[str, str]:
    choices = f": {', '.join(setting.choices)}" if setting.choices else ""
    # The categories have a table of their own.
    return f"{setting.help}{choices if setting.name != 'allow' else ''}", setting.default


def _said_in_action(setting: Setting) -> tuple[str, str]:
    return _IN_ACTION.get(setting.name) or _said(setting)


# --- documents ---


def _table(
    head: str, settings: Iterable[Setting], said: Callable[[Setting], tuple[str, str]]
) -> Iterator[str]:
    yield from ("", f"| {head} | meaning | default |", "| --- | --- | --- |")
    for setting in settings:
        help_, default = map(_as_code, said(setting))
        if setting.choices and setting.name != "allow":
            help_ = re.sub(r": (.*)$", lambda m: ": " + _each_as_code(m[1]), help_)
        yield f"| `{setting.name}` | {help_} | {default or 'none'} |"
    yield ""


def _as_code(text: str) -> str:
    return _CODE.sub(lambda found: f"`{found[0]}`", text)


def _each_as_code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


# --- inputs ---


def _description(said: tuple[str, str]) -> str:
    help_, default = said
    sentence = f"{help_[0].upper()}{help_[1:]}.{f' Default: {default}.' if default else ''}"
    return f"description: {json.dumps(sentence, ensure_ascii=False)}"


def _inputs(
    settings: Iterable[Setting], said: Callable[[Setting], tuple[str, str]]
) -> Iterator[str]:
    for setting in settings:
        yield from (f"{setting.name}:", f"  {_description(said(setting))}")


def _component_inputs(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        yield from (f"{setting.name}:", "  type: string", '  default: ""')
        if setting.choices and not setting.many:
            options = ", ".join(['""', *setting.choices])
            yield f"  options: [{options}]"
        elif setting.name == "token-env":
            yield "  regex: ^([A-Za-z_][A-Za-z0-9_]*)?$"
        elif setting.many:
            yield "  regex: ^.*$"
        yield f"  {_description(_said(setting))}"


def _component_variables(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        yield from (f"{setting.variable}: |-", f"  $[[ inputs.{setting.name} ]]")


# --- the schema of the policy file ---


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of the policy file."""
    of_token = {one.name: _value(one) for one in SETTINGS.values() if one.place == "token"}
    of_run = {one.name: _value(one) for one in SETTINGS.values() if one.place == "run"}
    name = {"type": "string", "pattern": _NAME, "description": "name in the report"}
    token = {
        "type": "object",
        "description": "one token; what it does not say comes from the top level",
        "properties": {"name": name, **of_token},
        "required": ["name"],
        "additionalProperties": False,
    }
    tokens = {"type": "array", "minItems": 1, "items": token, "description": "the tokens to check"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "glcheck policy file, version 1",
        "type": ["object", "null"],
        "properties": {
            "version": {"const": 1, "description": "version of this format"},
            **of_token,
            **of_run,
            "tokens": tokens,
        },
        "additionalProperties": False,
    }


def _value(setting: Setting) -> dict[str, Any]:
    types = [_TYPES[name] for name in setting.types]
    one: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    several: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    if setting.choices and not setting.many:
        one = {"enum": list(setting.choices)}
    if setting.choices and setting.many:
        several["items"] = {"enum": list(setting.choices)}
    said, null = {"description": setting.help}, {"type": "null"}
    return {**said, "anyOf": [one, several, null] if setting.many else [one, null]}


if __name__ == "__main__":
    for made, content in files().items():
        made.write_text(content, encoding="utf-8")
