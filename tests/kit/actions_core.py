"""@actions/core, GitHub's own library for workflow commands, as the judge of our escaping."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kit.node import NODE, install

__all__ = ["install", "issued"]
ASK = """
import * as core from '@actions/core'
import {readFileSync} from 'node:fs'
for (const [severity, title, text] of JSON.parse(readFileSync(0, 'utf8'))) core[severity](text, {title})
"""


def issued(installed: Path, wanted: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the lines that the library writes for annotations, each given as severity, title and text."""
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", ASK],
        cwd=installed,
        input=json.dumps(wanted).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout.decode().split("\n")[:-1]
