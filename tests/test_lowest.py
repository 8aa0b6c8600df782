"""The lowest requests and PyYAML that are allowed: the verdicts are the same. `make lowest` tests that at length."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, Token, in_days
from lowest import ROOT, set_up
from packaging.requirements import Requirement
from packaging.version import Version

GOOD = "glpat-aaaaaaaaaaaaaaaaaaaa"
EXPIRED = "glpat-bbbbbbbbbbbbbbbbbbbb"


def floors() -> dict[str, Version]:
    """Return the lowest versions that pyproject.toml allows."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.search(r"^dependencies = (\[.*\])$", project, re.MULTILINE)
    assert named
    found = {}
    for requirement in map(Requirement, json.loads(named[1])):
        (specifier,) = requirement.specifier
        assert specifier.operator == ">="
        found[requirement.name] = Version(specifier.version)
    return found


def installed(programs: Path) -> dict[str, Version]:
    """Return the versions that an environment has."""
    code = "from importlib.metadata import version\nfor name in ('requests', 'PyYAML'): print(name, version(name))"
    done = subprocess.run(
        [programs / "python", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return {
        name: Version(version)
        for name, version in (line.split() for line in done.stdout.splitlines())
    }


@pytest.mark.slow
def test_the_lowest_versions_give_the_same_verdicts(
    gitlab: GitLab, run: Run, tls: Certificates, tmp_path: Path
) -> None:
    programs = set_up(tmp_path / "lowest")
    found, lowest = installed(programs), floors()
    assert found["requests"] == lowest["requests"]
    if sys.version_info < (3, 12):  # later ones have no wheel of PyYAML 6.0
        assert found["PyYAML"] == lowest["PyYAML"]

    command = (str(programs / "glcheck"),)
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    gitlab.add(Token(EXPIRED, expires_at=in_days(-3)))
    assert run("--scopes", "read_api", token=GOOD, command=command).code == 0
    assert run("--scopes", "api", token=GOOD, command=command).code == 21
    assert run(token=EXPIRED, command=command).code == 13

    (run.directory / "policy.yml").write_text(
        "version: 1\nscopes: [api]\nscops: [api]\n", encoding="utf-8"
    )
    broken = run("--config", "policy.yml", token=GOOD, command=command)
    assert broken.code == 2
    assert "policy.yml:3" in broken.out

    with GitLab(tls=tls.good) as secure:
        secure.add(Token(GOOD))
        assert run("--url", secure.url, token=GOOD, command=command).code == 31
        assert (
            run(
                "--url", secure.url, "--ca-file", str(tls.ca_file), token=GOOD, command=command
            ).code
            == 0
        )

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it does not listen
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert run("--url", url, "--max-wait", "1", token=GOOD, command=command).code == 30
