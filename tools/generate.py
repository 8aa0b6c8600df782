"""Writes what is made from the code: the schema of the policy file, and docs/categories.md. `make docs` runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from glcheck.settings.table import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_NAME = r"^[A-Za-z0-9 _.-]{1,80}$"


def files() -> dict[Path, str]:
    """Each file that is made, with what it has to hold."""
    categories = (ROOT / "glcheck" / "commands" / "categories.md").read_text(encoding="utf-8")
    return {
        ROOT / "docs" / "categories.md": categories,
        ROOT / "docs" / "schema" / "config-v1.json": json.dumps(policy_schema(), indent=2) + "\n",
    }


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of the policy file, from the table of settings."""
    of_token = {
        name: _value(setting) for name, setting in SETTINGS.items() if setting.place == "token"
    }
    of_run = {name: _value(setting) for name, setting in SETTINGS.items() if setting.place == "run"}
    token = {
        "type": "object",
        "description": "one token; what it does not say comes from the top level",
        "properties": {
            "name": {"type": "string", "pattern": _NAME, "description": "name in the report"},
            **of_token,
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "glcheck policy file, version 1",
        "type": ["object", "null"],
        "properties": {
            "version": {"const": 1, "description": "version of this format"},
            **of_token,
            **of_run,
            "tokens": {
                "type": "array",
                "minItems": 1,
                "items": token,
                "description": "the tokens to check",
            },
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
    said = {"description": setting.help}
    null = {"type": "null"}
    return (
        {**said, "anyOf": [one, several, null]} if setting.many else {**said, "anyOf": [one, null]}
    )


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
