"""The self-test of the workflows, run for real by act, and the demo GitLab that it asks."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kit.act import ROOT, present
from kit.act_jobs import Runner
from kit.workflows import Ran, program

from glcheck.problem import Category

pytestmark = pytest.mark.slow
SELF_TEST = Path(".github", "workflows", "self-test.yml")
JOBS = ["asking", "passes", "requirement", "settings", "token"]
OFTEN = {
    "ok", "usage-error", "config-error", "token-missing", "token-malformed", "token-invalid",
    "token-expired", "token-revoked", "expires-soon", "scope-missing", "scope-forbidden",
    "role-too-low", "not-found", "network-error",
}  # fmt: skip


@pytest.fixture
def checkout(runner: Runner) -> Runner:
    """Give a runner with a checkout of this repository."""
    for name in present():
        (runner.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, runner.workspace / name)
    runner.env["DEMO_SECONDS"] = "400"
    return runner


def self_test(runner: Runner) -> Ran:
    """Run the self-test, on one system."""
    flow = ("-W", str(SELF_TEST), "--matrix", "os:ubuntu-latest")
    return Ran(runner.run(None, "push", *flow), runner.directory)


def test_the_self_test_succeeds_and_leaves_no_server_behind(checkout: Runner) -> None:
    ran = self_test(checkout)
    assert ran.jobs == dict.fromkeys(JOBS, "success"), ran.out
    assert ran.code == 0
    servers = ran.variables("DEMO_URL")
    assert len(servers) == len(JOBS)
    assert [url for url in servers if listens(url)] == []


def test_the_self_test_has_each_category_that_a_user_meets_often() -> None:
    text = (ROOT / SELF_TEST).read_text(encoding="utf-8")
    expected = dict(re.findall(r"= '(?:success|failure) ([a-z-]+)(?: true)? (\d+)", text))
    assert expected.keys() >= OFTEN
    codes = {category.label: str(category.exit_code) for category in Category}
    assert {label: codes[label] for label in expected} == expected


def test_the_self_test_fails_where_the_action_does_something_else(checkout: Runner) -> None:
    path = checkout.workspace / SELF_TEST
    text = path.read_text(encoding="utf-8")
    wrong = {
        "'read_api write_repository'": "'read_api'",  # an output of the job `passes`
        "token-expired 13'": "token-expired 14'",
        "'failure role-too-low": "'success role-too-low",
        "network-error 30'": "network-error 31'",
        "config-error 2'": "usage-error 2'",
    }
    for right, other in wrong.items():
        assert text.count(right) == 1, right
        text = text.replace(right, other)
    path.write_text(text, encoding="utf-8")
    ran = self_test(checkout)
    assert ran.code != 0
    assert ran.jobs == dict.fromkeys(JOBS, "failure"), ran.out
    last = dict.fromkeys(JOBS, "Expect what each step came to")
    last["passes"] = "Expect that all went well"
    assert {job: ran.last_failure(job) for job in JOBS} == last
    # The server is stopped also then.
    assert [url for url in ran.variables("DEMO_URL") if listens(url)] == []


# The demo GitLab


def address(url: str) -> tuple[str, int]:
    """Return host and port of an address on loopback."""
    host, _, port = url.removeprefix("http://").partition(":")
    assert host == "127.0.0.1"
    return host, int(port)


def listens(url: str) -> bool:
    """Tell whether somebody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(address(url)) == 0


def ended(client: socket.socket) -> bool:
    """Wait until the other side is gone."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def serve(cwd: Path, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start or stop it as a job does, with a bare Python and an empty environment."""
    return program(sys.executable, "-S", ROOT / "tools" / "serve.py", *args, cwd=cwd, **environ)


def test_the_demo_server_serves_until_it_is_stopped(tmp_path: Path) -> None:
    done = serve(tmp_path, GITHUB_ENV=str(tmp_path / "env"), DEMO_SECONDS="400")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = (tmp_path / "env").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert not listens(values["DEMO_CLOSED_URL"])
    with socket.create_connection(address(values["DEMO_URL"]), timeout=60) as client:
        assert serve(tmp_path, "stop", DEMO_PID=values["DEMO_PID"]).returncode == 0
        assert ended(client)
    assert not listens(values["DEMO_URL"])


def test_the_demo_server_ends_by_itself(tmp_path: Path) -> None:
    done = serve(tmp_path, DEMO_SECONDS="0.3")
    assert done.returncode == 0
    (url,) = re.findall("^DEMO_URL=(.*)$", done.stdout, re.MULTILINE)
    try:
        with socket.create_connection(address(url), timeout=60) as client:
            assert ended(client)
    except ConnectionRefusedError:
        pass  # it was faster


def test_a_demo_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    done = serve(tmp_path, DEMO_SECONDS="soon", GITHUB_ENV=str(tmp_path / "env"))
    assert done.returncode == 1
    assert "soon" in done.stderr
    assert not (tmp_path / "env").exists()


def test_to_stop_a_demo_server_that_never_started_is_no_error(tmp_path: Path) -> None:
    assert serve(tmp_path, "stop").returncode == 0
