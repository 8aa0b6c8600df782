"""A token's value leaves glcheck in one way only: in a header, to the one host of `url`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE
from urllib.parse import urlsplit

import pytest
from kit.command import COMMAND, Run
from kit.gitlab_server import Answer, GitLab, Kind, Token
from kit.leaks import SECRET, leaks
from kit.misbehaving_proxy import Does, MisbehavingProxy
from kit.policies import answered, check_each, words
from kit.shapes import OAUTH
from kit.shown import FORMATS, policy_of, show

PASSWORD = "Vt3Netrc9Qx7LmBw"
PROC = Path("/proc")
OWN = {"GITLAB_TOKEN": SECRET}
needs_proc = pytest.mark.skipif(not (PROC / "thread-self/children").exists(), reason="needs /proc")


def test_the_token_is_in_a_header_and_not_in_the_address(gitlab: GitLab, run: Run) -> None:
    asked = ["--scopes", "api", "--project", "a/b", "--role", "owner", "--kind", "personal"]
    run(*asked, token=gitlab.add(Token(SECRET)))
    assert gitlab.requests
    for request in gitlab.requests:
        assert [SECRET in value for value in request.headers.values()].count(True) == 1
        assert not leaks(request.path, [SECRET])


def test_a_redirect_gets_no_request_let_alone_the_token(run: Run, gitlab: GitLab) -> None:
    with GitLab() as other:
        where = f"{other.url}/api/v4/personal_access_tokens/self"
        headers = (("Location", where), ("Refresh", f"0; url={where}"))
        statuses = (300, 301, 302, 303, 305, 307, 308)
        tokens = answered(gitlab, {str(status): Answer(status, "", headers) for status in statuses})
        for token in check_each(run, tokens).values():
            assert token["category"] == "unexpected-answer"
            assert other.url in words(token)
        assert (len(gitlab.requests), other.requests) == (len(tokens), [])


@pytest.mark.parametrize(("token", "kind"), [(SECRET, "personal"), (OAUTH, "oauth")])
def test_a_netrc_neither_replaces_the_token_nor_is_sent(
    gitlab: GitLab, run: Run, tmp_path: Path, token: str, kind: Kind
) -> None:
    netrc = f"default login x password {PASSWORD}\nmachine 127.0.0.1 login u password {PASSWORD}\n"
    for path in (tmp_path / "home" / ".netrc", tmp_path / "elsewhere"):
        path.write_text(netrc)
        path.chmod(0o600)
    for env in ({}, {"NETRC": str(tmp_path / "elsewhere")}):
        result = run("-v", token=gitlab.add(Token(token, kind)), env=env)
        assert (result.code, leaks(result.out + result.err, [PASSWORD])) == (0, [])
    assert all(token in str(request.headers) for request in gitlab.requests)
    assert not leaks(str(gitlab.requests), [PASSWORD])


@pytest.mark.parametrize(("variable", "code"), [("GITLAB_URL", 2), ("CI_API_V4_URL", 21)])
def test_credentials_in_url_are_not_shown_nor_sent(
    gitlab: GitLab, run: Run, variable: str, code: int
) -> None:
    gitlab.add(Token(SECRET))
    env = {variable: f"http://oauth2:{PASSWORD}@{urlsplit(gitlab.url).netloc}/api/v4"}
    # Outside of GitLab CI, its variable does not count.
    for more, wanted in (({}, code), ({"GITLAB_CI": "true"}, 2)):
        shown = show(run, "--scopes", "sudo", token=SECRET, env=env | more)
        assert shown.result.code == wanted
        assert not leaks(shown.text, [PASSWORD, SECRET])
    assert not leaks(str(gitlab.requests), [PASSWORD])


@pytest.mark.parametrize("listens", [False, True], ids=["nobody listens", "refuses"])
def test_a_proxy_gets_no_token_and_its_password_is_not_shown(run_alone: Run, listens: bool) -> None:
    refusal = f"HTTP/1.1 403 {PASSWORD}\r\nServer: {PASSWORD}\r\n\r\n{PASSWORD}".encode()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        dead = f"127.0.0.1:{bound.getsockname()[1]}"
    with MisbehavingProxy({"gitlab.example.com": Does(refusal)}) as proxy:
        address = proxy.address if listens else dead
        env = dict.fromkeys(("HTTPS_PROXY", "ALL_PROXY"), f"http://proxyuser:{PASSWORD}@{address}")
        env |= {"GLCHECK_MAX_WAIT": "1s", "GLCHECK_URL": "https://gitlab.example.com"}
        shown = show(run_alone, token=SECRET, env=env)
    assert (shown.result.code, bool(proxy.heard)) == (30, listens)
    assert (leaks(shown.text, [PASSWORD, SECRET]), "proxyuser" in shown.text) == ([], False)
    assert not leaks(str(proxy.heard), [SECRET])


def test_a_found_policy_cannot_send_the_token_elsewhere(run_alone: Run) -> None:
    with GitLab() as elsewhere:
        port = urlsplit(elsewhere.url).port
        local = f"http://127.0.0.1.example.com:{port}", f"https://localhost.example.com:{port}"
        for host in (*local, "https://gitlab.com.evil.example"):
            (run_alone.directory / ".glcheck.yml").write_text(f"version: 1\nurl: {host}\n")
            result = run_alone.json(token=SECRET)
            assert (result.code, result.report["tokens"]) == (2, [])
            assert not leaks(result.out + result.err, [SECRET])
        assert elsewhere.requests == []


def processes(root: int) -> list[int]:
    """A process and its descendants."""
    tasks = (PROC / f"{root}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [root, *(pid for child in children for pid in processes(child))]


@contextmanager
def started(
    gitlab: GitLab, run: Run, *args: str, env: dict[str, str], file: str = os.devnull, many: int = 1
) -> Iterator[subprocess.Popen[str]]:
    """The command as it runs, once that many requests have come from it; it may leave a core."""
    env = {"PATH": os.defpath, "HOME": str(run.directory.parent), "GITLAB_URL": gitlab.url} | env
    allowing = ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)" && exec "$0" "$@"', COMMAND, *args]
    start = partial(subprocess.Popen, allowing, env=env, cwd=run.directory, text=True)
    # Children start with the signal as it is by default, even where this process ignores it.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(file).open() as source, start(stdin=source, stdout=PIPE, stderr=PIPE) as process:
        signal.signal(signal.SIGINT, ours)
        try:
            end = time.monotonic() + 40
            while len(gitlab.requests) < many:
                assert process.poll() is None, "it ended before it asked"
                assert time.monotonic() < end, "no request came"
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


@needs_proc
@pytest.mark.parametrize("file", [None, "secret", "-"], ids=["variable", "file", "stdin"])
def test_the_token_is_in_no_command_line_and_no_other_environment(
    gitlab: GitLab, run: Run, file: str | None
) -> None:
    gitlab.add(Token(SECRET))
    gitlab.delay = 1
    secret = run.directory / "secret"
    secret.write_text(SECRET)
    args, env = (("--token-file", file), {}) if file else ((), OWN)
    with started(gitlab, run, *args, env=env, file=str(secret)) as process:
        tree = processes(process.pid)
        others = tree if file else tree[1:]
        lines = b" ".join((PROC / f"{pid}/cmdline").read_bytes() for pid in tree)
        environments = b" ".join((PROC / f"{pid}/environ").read_bytes() for pid in others)
        out, err = process.communicate(timeout=30)
    assert b"glcheck" in lines
    assert not leaks((lines + b" " + environments).decode("latin-1"), [SECRET])
    assert (process.returncode, leaks(out + err, [SECRET])) == (0, [])


@needs_proc
def test_a_crash_leaves_no_core(gitlab: GitLab, run: Run) -> None:
    gitlab.silent.add(gitlab.add(Token(SECRET)))
    with started(gitlab, run, env=OWN) as process:
        limits = (PROC / f"{process.pid}/limits").read_text()
        process.send_signal(signal.SIGABRT)
        process.wait(timeout=20)
    assert process.returncode == -signal.SIGABRT
    # Linux takes 1 byte for "none", also where a program would take the core.
    assert re.search(r"^Max core file size +1 +1 ", limits, re.MULTILINE)
    assert not any(run.directory.iterdir())


@pytest.mark.parametrize("many", [1, 3])
def test_an_interrupted_run_ends_with_130_and_shows_no_secret(
    gitlab: GitLab, run: Run, many: int
) -> None:
    env = policy_of(gitlab, run, [f"{SECRET}{number}" for number in range(many)])
    gitlab.silent.update(env.values())
    with started(gitlab, run, "-v", "--timeout", "40", env=env, many=many) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)  # long before the server says anything
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert not leaks(out + err, [SECRET])


def test_reading_a_token_leaves_no_copy_anywhere(gitlab: GitLab, run: Run, tmp_path: Path) -> None:
    gitlab.add(Token(SECRET))
    secret, temporary = tmp_path / "secret", tmp_path / "tmp"
    temporary.mkdir()
    secret.write_text(SECRET + "\n")
    secret.chmod(0o400)
    before = secret.stat()
    env = {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "home/cache")}
    shown = show(run, "--token-file", str(secret), "--scopes", "sudo", env=env)
    after = secret.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    secret.unlink()
    files = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    assert (shown.result.code, {*files}) == (21, {*shown.files})
    assert not leaks("".join(path.read_text("latin-1") for path in files.values()), [SECRET])


def test_an_internal_error_shows_no_secret_and_how_to_report_it(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    # A library that fails as nobody expects, with the secret in its message and its variables.
    (tmp_path / "requests.py").write_text(
        "import os\nsecret = os.environ['GITLAB_TOKEN']\nraise ZeroDivisionError(f'{secret!r}')\n"
    )
    for kind in FORMATS:
        for more in ("-q", "-v"):
            env = {"PYTHONPATH": str(tmp_path)}
            result = run("--format", kind, more, token=SECRET, env=env)
            said = result.out + result.err
            assert (result.code, "internal-error" in said) == (70, True)
            assert (kind, 'File "' in said) == (kind, more == "-v")
            assert not leaks(said, [SECRET])


def test_debug_logging_of_the_http_libraries_is_masked(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    (tmp_path / "sitecustomize.py").write_text(
        "import http.client, logging\nlogging.basicConfig(level=logging.DEBUG)\n"
        "http.client.HTTPConnection.debuglevel = 1\n"
    )
    result = run("-v", token=SECRET, env={"PYTHONPATH": str(tmp_path)})
    assert (result.code, leaks(result.out + result.err, [SECRET])) == (0, [])
