"""The lock file of what the action installs."""

from __future__ import annotations

import re
import subprocess
import zipfile
from email.parser import Parser
from itertools import product
from pathlib import Path

import pytest
from kit.act import LOCK, UV
from kit.lock import locked, required
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# What uv and Python call the kinds of runners.
MACHINES = {
    "x86_64-unknown-linux-gnu": "linux",
    "aarch64-unknown-linux-gnu": "linux",
    "x86_64-apple-darwin": "darwin",
    "aarch64-apple-darwin": "darwin",
    "x86_64-pc-windows-msvc": "win32",
}


def test_every_requirement_of_the_lock_is_exact_and_has_hashes() -> None:
    assert locked()
    for requirement, hashes in locked().values():
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        assert "*" not in specifier.version
        assert not requirement.url
        assert hashes


def test_the_lock_names_no_index_and_no_other_file() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"(^|\s)(-\w|--(?!hash=))", re.sub(r"(^|\s)#.*", "", text))


def applies(requirement: Requirement) -> bool:
    """Tell whether a requirement without extras is one on any runner."""
    for version, platform in product(PYTHONS, MACHINES.values()):
        python = {"python_version": version, "python_full_version": f"{version}.1"}
        machine = {**python, "sys_platform": platform, "extra": ""}
        if requirement.marker is None or requirement.marker.evaluate(machine):
            return True
    return False


def test_the_lock_covers_what_its_packages_require_and_nothing_else(wheels: Path) -> None:
    wanted = required()
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            head = Parser().parsestr(archive.read(path).decode())
        needed = map(Requirement, head.get_all("Requires-Dist", []))
        wanted += [requirement for requirement in needed if applies(requirement)]
    lock = locked()
    assert set(lock) == {canonicalize_name(requirement.name) for requirement in wanted}
    for requirement in wanted:
        (specifier,) = lock[canonicalize_name(requirement.name)][0].specifier
        assert requirement.specifier.contains(specifier.version), requirement


@pytest.mark.parametrize("machine", MACHINES)
def test_the_lock_can_be_installed_on_every_runner(machine: str, tmp_path: Path) -> None:
    options = ["--dry-run", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += ["--system-certs"]  # those of this machine, as pip takes them
    options += ["--target", str(tmp_path / "target"), "--requirement", str(LOCK)]
    for version in (PYTHONS[0], PYTHONS[-1]):
        runner = ["--python-platform", machine, "--python-version", version]
        command = [str(UV), "pip", "install", *options, *runner]
        subprocess.run(command, timeout=300, cwd=tmp_path, check=True)
