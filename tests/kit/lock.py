"""What glcheck requires, and the action's lock file, as pip reads them."""

from __future__ import annotations

import json
import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kit.act import LOCK, ROOT


def locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirements of the lock file with their hashes."""
    text = re.sub(r"(^|\s)#.*", "", LOCK.read_text(encoding="utf-8")).replace("\\\n", " ")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for line in filter(str.strip, text.splitlines()):
        what, *options = line.split(" --")
        requirement = Requirement(what.strip())
        for option in options:
            assert re.fullmatch(r"hash=sha256:[0-9a-f]{64}", option.strip()), line
        found[canonicalize_name(requirement.name)] = (requirement, options)
    return found


def required() -> list[Requirement]:
    """Return what pyproject.toml requires."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (named,) = re.findall(r"^dependencies = (\[.*?\])", project, re.MULTILINE | re.DOTALL)
    return [Requirement(text) for text in json.loads(named)]
