"""Streams that are closed, full or gone, and directories of strangers: the verdict stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kit.command import COMMAND, Run
from kit.gitlab_server import GitLab, Token
from kit.leaks import SECRET, leaks
from kit.policies import GOOD
from kit.shown import FORMATS, calm, refused

SH = ("/bin/sh", "-c")


@pytest.mark.parametrize("word", ["\udcff", "--\udcff", "--role=\udcff", "--url=http://\udcff.de"])
def test_bytes_that_are_no_text_are_refused(run: Run, word: str) -> None:
    assert refused(run(word, token=GOOD), run.directory)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk_is_told_and_never_a_success(gitlab: GitLab, run: Run, kind: str) -> None:
    gitlab.add(Token(SECRET))
    full = '"$0" "$@" >/dev/full'
    wanted = ("-v", "--format", kind)
    for result in (
        run(*wanted, "--output", "/dev/full", token=SECRET),
        run("-v", "--report", f"{kind}=/dev/full", token=SECRET),
        run(full, COMMAND, *wanted, command=SH, token=SECRET),
    ):
        assert (result.code, calm(result), " report could not be " in result.err) == (2, True, True)
        assert not leaks(result.out + result.err, [SECRET])


@pytest.mark.parametrize("line", ["", "--format json", "--version", "--help", "explain"])
def test_a_reader_that_went_away_is_no_bug(gitlab: GitLab, line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    env = {"PATH": os.defpath, "GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url}
    args, err = [COMMAND, *line.split()], subprocess.PIPE
    done = subprocess.run(args, env=env, stdout=write, stderr=err, timeout=60, check=False)
    os.close(write)
    assert not re.search(rb"Traceback|Exception ignored", done.stderr)
    # The token is unknown: whatever becomes of the report, this run is no success.
    assert done.returncode == (0 if line in {"--version", "--help", "explain"} else 12)


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_streams_keep_the_verdict(run: Run, streams: str) -> None:
    result = run(f'"$0" -v {streams}', COMMAND, command=SH, token=GOOD)
    assert result.code in {12, 2}
    assert not re.search(r"Traceback|Exception ignored", result.err)


def test_a_deleted_working_directory_is_no_bug(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    script = 'mkdir gone && cd gone && rmdir ../gone && "$0" "$@"'
    for args, code in ((), 0), (("--config", "x.yml", "--output", "y"), 2):
        result = run(script, COMMAND, *args, command=SH, token=GOOD)
        assert (result.code, "Traceback" in result.err) == (code, False)


FEW = ("requests", "urllib3", "yaml", "argparse", "json")
MANY = (*FEW, "re", "certifi", "socket", "ssl", "http", "email", "typing", "glcheck/__init__")
PATHS = {
    "command": ((COMMAND,), {}, MANY),
    "isolated": ((sys.executable, "-I", "-m", "glcheck"), {}, MANY),
    "empty path": ((COMMAND,), {"PYTHONPATH": ":/nowhere"}, FEW),
    "dot in the path": ((COMMAND,), {"PYTHONPATH": "."}, FEW),
    "module": ((sys.executable, "-m", "glcheck"), {}, FEW),
}


@pytest.mark.parametrize("how", PATHS)
def test_nothing_is_imported_from_the_working_directory(gitlab: GitLab, run: Run, how: str) -> None:
    command, env, modules = PATHS[how]
    gitlab.add(Token(GOOD))
    marker = run.directory.parent / "imported"
    (run.directory / "glcheck").mkdir()
    for module in modules:
        told = f"open({str(marker)!r}, 'a').write('{module} ')\nraise SystemExit(0)\n"
        (run.directory / f"{module}.py").write_text(told, "utf-8")
    (run.directory / ".glcheck.yml").write_text("scopes: [sudo]\n", "utf-8")
    result = run.json(command=command, token=GOOD, env=env)
    assert not marker.exists(), marker.read_text("utf-8")
    assert (result.code, result.report["category"]) == (21, "scope-missing")
