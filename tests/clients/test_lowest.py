"""The lowest requests and PyYAML allowed give the same verdicts.

`make lowest` tests that at length.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, Token, in_days
from kit.lock import required
from kit.policies import GOOD
from lowest import set_up
from packaging.version import Version

EXPIRED = "glpat-bbbbbbbbbbbbbbbbbbbb"


def installed(programs: Path, name: str) -> str:
    """Return the version of a package that an environment has."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    command = [str(programs / "python"), "-I", "-c", code]
    return subprocess.check_output(command, text=True).strip()


@pytest.mark.slow
def test_the_lowest_versions_give_the_same_verdicts(
    gitlab: GitLab, run: Run, tls: Certificates, tmp_path: Path
) -> None:
    programs = set_up(tmp_path / "lowest")
    for one in required():
        (floor,) = one.specifier
        assert floor.operator == ">="
        # Later Pythons have no wheel of PyYAML 6.0.
        if one.name != "PyYAML" or sys.version_info < (3, 12):
            assert Version(installed(programs, one.name)) == Version(floor.version)

    check = partial(run, command=(str(programs / "glcheck"),), token=GOOD)
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    gitlab.add(Token(EXPIRED, expires_at=in_days(-3)))
    assert check("--scopes", "read_api").code == 0
    assert check("--scopes", "api").code == 21
    assert check(token=EXPIRED).code == 13

    policy = "version: 1\nscopes: [api]\nscops: [api]\n"
    (run.directory / "policy.yml").write_text(policy, encoding="utf-8")
    broken = check("--config", "policy.yml")
    assert broken.code == 2
    assert "policy.yml:3" in broken.out

    with GitLab(tls=tls.good) as secure:
        secure.add(Token(GOOD))
        assert check("--url", secure.url).code == 31
        assert check("--url", secure.url, "--ca-file", str(tls.ca_file)).code == 0

    assert check("--url", "http://127.0.0.1:1", "--max-wait", "1").code == 30
