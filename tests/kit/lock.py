"""The action's lock file, as pip reads it."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kit.act import LOCK  # fmt: skip


def locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirements of the lock file with their hashes."""
    text = re.sub(r"(^|\s)#.*", "", LOCK.read_text(encoding="utf-8")).replace("\\\n", " ")
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for line in filter(str.strip, text.splitlines()):
        what, *options = line.split(" --")
        requirement = Requirement(what.strip())
        assert all(
            re.fullmatch(r"hash=sha256:[0-9a-f]{64}", option.strip()) for option in options
        ), line
        found[canonicalize_name(requirement.name)] = (requirement, options)
    return found
