"""Sets up an environment in which glcheck has the lowest requests and PyYAML that it allows.

`python tools/lowest.py DIRECTORY`, from `make lowest`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")


def set_up(directory: Path) -> Path:
    """Make the environment, with the Python that runs this, and return where its programs are."""
    uv = [
        str(UV),
        "--quiet",
        "--system-certs",
    ]  # the certificates of this machine, as pip takes them
    subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, str(directory)], check=True)
    install = [*uv, "pip", "install", "--python", str(directory), "--resolution", "lowest-direct"]
    # PyYAML 6.0 cannot be compiled any more. A Python for which there is no wheel of it gets the
    # next one that has one.
    install += ["--only-binary", "pyyaml"]
    subprocess.run([*install, "--editable", str(ROOT)], check=True)
    return directory / ("Scripts" if os.name == "nt" else "bin")


if __name__ == "__main__":
    set_up(Path(sys.argv[1]))
