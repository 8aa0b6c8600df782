"""Wrong words, pasted secrets, hostile surroundings: a sentence, an exit code, nothing asked or left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import Answer, GitLab, Token

GOOD = "glpat-aaaaaaaaaaaaaaaaaaaa"
PASTED = "glpat-pAsTeD0123456789wxyz"
HEX = "0123456789abcdef" * 4
MIXED = "aB3dEfGh1jKlMn0pQrSt"
CODES = {
    0,
    2,
    *range(10, 17),
    *range(20, 27),
    *range(30, 36),
}  # of a run that was neither stopped nor a bug
FLAGS = (
    "--url", "--token-env", "--token-file", "--scopes", "--forbid-scopes", "--min-validity", "--warn-validity",
    "--max-validity", "--project", "--group", "--role", "--kind", "--allow", "--config", "--format", "--output",
    "--report", "--timeout", "--max-wait", "--ca-file", "--only", "--color",
)  # fmt: skip


def calm(result: Result) -> bool:
    """Whether a run ended in words."""
    said = result.out + result.err
    return "Traceback" not in said and result.code in CODES and "internal-error" not in said


def refused(run: Run, result: Result) -> bool:
    """Whether a run ended with one error and left nothing behind."""
    said = result.out + result.err
    once = said.count("error[usage-error]") + said.count("error[config-error]") == 1
    return (
        result.code == 2
        and calm(result)
        and once
        and len(said.splitlines()) <= 4
        and not left_behind(run)
    )


def left_behind(run: Run) -> list[str]:
    """Return what lies in the working directory."""
    return sorted(path.name for path in run.directory.rglob("*"))


# Usage


@pytest.mark.parametrize(
    "args",
    [
        ("--unknown",),
        ("check", "--unknown=1"),
        ("-x",),
        ("chekc",),
        ("check", "check"),
        ("check", "extra"),
        ("config", "extra"),
        ("explain", "--unknown"),
        ("explain", "ok", "ok"),
        ("--scopes",),
        ("--url",),
        ("--config",),
        ("--report",),
        ("--scopes", "--kind", "job"),
        ("--quiet=yes",),
        ("--", "api"),
        ("",),
        ("--role", "root", "--project", "a/b"),
        ("--project", "a/b", "--group", "a"),
        ("--kind", "robot"),
        ("--token-env", "MY TOKEN"),
        ("--token-env", "1TOKEN"),
        ("--token-env", "$TOKEN"),
        ("--only", "release"),
        ("--report", "json"),
        ("--url", "gitlab"),
    ],
)
def test_a_command_line_that_means_nothing_is_refused(
    gitlab: GitLab, run: Run, args: tuple[str, ...]
) -> None:
    assert refused(run, run(*args, token=GOOD))
    assert not gitlab.requests


def test_bytes_that_are_no_text_are_refused(gitlab: GitLab, run: Run) -> None:
    for args in (
        ["--role", b"\xff\xfe"],
        [b"\xff"],
        [b"--\xff"],
        ["--url", b"https://\xff.example.com"],
    ):
        environ = {"PATH": os.defpath, "GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url}
        done = subprocess.run(
            [COMMAND, *args], env=environ, cwd=run.directory, capture_output=True, check=False
        )
        assert done.returncode == 2
        assert b"Traceback" not in done.stderr + done.stdout
    assert not gitlab.requests


def test_a_misspelt_flag_is_set_right(run: Run) -> None:
    result = run("--min-validty", "1d", token=GOOD)
    assert refused(run, result)
    assert "--min-validity" in result.err


def test_a_command_line_that_cannot_be_read_is_told_on_standard_error(run: Run) -> None:
    result = run("--format", "json", "--unknown", token=GOOD)
    assert (result.code, result.out) == (2, "")
    assert result.err


# Secrets on the command line, in variables, in the wrong place


@pytest.mark.parametrize("secret", [PASTED, HEX])
@pytest.mark.parametrize(
    "shape",
    ["{}", "--{}", "-{}", "--{}=1", "--token={}", "check {}", "explain {}", "config {}", "-q{}"],
)
def test_a_token_on_the_command_line_is_not_repeated(
    gitlab: GitLab, run: Run, shape: str, secret: str
) -> None:
    result = run(*shape.format(secret).split(), token=GOOD)
    assert secret not in result.out + result.err
    assert secret[8:] not in result.out + result.err
    assert refused(run, result)
    assert not gitlab.requests


@pytest.mark.parametrize("flag", FLAGS)
def test_a_token_as_the_value_of_a_flag_is_not_repeated(
    gitlab: GitLab, run: Run, flag: str
) -> None:
    gitlab.add(Token(GOOD))
    result = run("-v", flag, PASTED, token=GOOD)
    assert calm(result)
    assert PASTED[6:] not in result.out + result.err


@pytest.mark.parametrize(
    "args",
    [
        ("--url", f"https://oauth2:{PASTED}@gitlab.example.com"),
        ("--url", f"http://{PASTED}.example.com"),
        ("--url", f"http://gitlab.example.com?private_token={PASTED}"),
        ("--report", f"json={PASTED}/x"),
        ("--report", f"{PASTED}=x"),
        ("--scopes", f"api,{PASTED}"),
        ("--allow", f"tls-error {PASTED}"),
        ("--min-validity", f"{PASTED}d"),
        ("--project", f"a/b?private_token={PASTED}"),
        ("--token-env", HEX),
        ("--token-env", MIXED),
        ("--kind", MIXED),
        ("--role", HEX, "--group", "a"),
        ("--allow-http=" + PASTED,),
        ("--quiet=" + PASTED,),
    ],
    ids=range(15),
)
def test_a_token_inside_a_value_is_not_repeated(
    gitlab: GitLab, run: Run, args: tuple[str, ...]
) -> None:
    gitlab.add(Token(GOOD))
    result = run(*args, "-v", "--format=json", token=GOOD)
    assert calm(result)
    assert not [secret for secret in (PASTED, HEX, MIXED) if secret in result.out + result.err]


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag not in {"--only", "--color"}])
def test_a_token_in_a_variable_for_a_setting_is_not_repeated(
    gitlab: GitLab, run: Run, flag: str
) -> None:
    gitlab.add(Token(GOOD))
    name = "GLCHECK_" + flag[2:].upper().replace("-", "_")
    result = run("-v", token=GOOD, env={name: PASTED})
    assert calm(result)
    assert PASTED not in result.out + result.err


@pytest.mark.parametrize("name", ["GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL"])
@pytest.mark.parametrize(
    "value", [PASTED + " ", f"https://x:{PASTED}@gitlab.example.com:x", f"http://{PASTED}"]
)
def test_a_token_in_place_of_an_address_is_not_repeated(
    run_alone: Run, name: str, value: str
) -> None:
    result = run_alone("-v", env={name: value, "GITLAB_CI": "true"})
    assert result.code in {2, 10}
    assert calm(result)
    assert PASTED not in result.out + result.err


def test_the_tokens_value_where_its_variable_belongs(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(PASTED))
    result = run("--token-env", PASTED, token=PASTED)
    assert refused(run, result)
    assert PASTED not in result.out + result.err
    assert not gitlab.requests


# All mistakes are found before anything is sent


@pytest.mark.parametrize(
    "bad",
    [
        "scops: [api]", "role: owner", "url: http://gitlab.example.com", "url: https://evil.example.com",
        "ca-file: absent.pem", "min-validity: soon", "kind: robot", "token-env: glpat-aaaaaaaaaaaaaaaaaaaa",
        "name: good 1", "allow: [everything]", "project: 1\n  group: 2", "token-file: a\n  token-env: B", "config: x",
        "role: root\n  project: a/b",
    ],
)  # fmt: skip
def test_one_bad_entry_among_good_ones_asks_nothing(gitlab: GitLab, run: Run, bad: str) -> None:
    gitlab.add(Token(GOOD))
    name = "" if bad.startswith("name") else "name: bad\n  "
    text = f"tokens:\n- name: good 1\n- {name}{bad}\n- name: good 2\n"
    (run.directory / ".glcheck.yml").write_text(text, "utf-8")
    result = run.json(token=GOOD)
    assert (result.code, result.report["tokens"]) == (2, [])
    assert calm(result)
    assert not gitlab.requests


def test_every_mistake_is_told_or_at_least_the_first(gitlab: GitLab, run: Run) -> None:
    (run.directory / ".glcheck.yml").write_text("scops: [api]\nmin-validty: 3\n", "utf-8")
    result = run.json(token=GOOD)
    assert result.code == 2
    assert ".glcheck.yml:1" in json.dumps(result.report["problems"])
    assert not gitlab.requests


@pytest.mark.parametrize(
    "args",
    [
        ("--output", "absent/report.txt"),
        ("--output", "."),
        ("--output", "/dev/null/x"),
        ("--report", "json=absent/report.json"),
        ("--report", "json=."),
        ("--report", "json=good.json", "--report", "junit=absent/b.xml"),
        ("--report", "json=" + "x" * 5000),
        ("--report", "yaml=a.yaml"),
    ],
    ids=range(8),
)
def test_a_report_that_cannot_be_written_is_a_usage_error_before_anything_is_asked(
    gitlab: GitLab, run: Run, args: tuple[str, ...]
) -> None:
    gitlab.add(Token(GOOD))
    result = run(*args, token=GOOD)
    assert result.code == 2
    assert calm(result)
    assert result.out + result.err
    assert not gitlab.requests


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("args", [("--output", "/dev/full"), ("--report", "json=/dev/full")])
def test_a_full_disk_is_told_and_never_a_success(
    gitlab: GitLab, run: Run, args: tuple[str, ...]
) -> None:
    gitlab.add(Token(GOOD))
    result = run(*args, token=GOOD)
    assert result.code == 2
    assert calm(result)
    assert result.out + result.err


# Token files


@pytest.mark.parametrize(
    "name", ["absent", "directory", "empty", "blank", "file/below", "x" * 5000, "loop"]
)
def test_a_token_file_that_cannot_be_read_is_a_missing_token(
    gitlab: GitLab, run: Run, name: str
) -> None:
    (run.directory / "directory").mkdir()
    (run.directory / "loop").symlink_to("loop")
    for file, text in (("empty", ""), ("blank", "\n"), ("file", GOOD)):
        (run.directory / file).write_text(text, "utf-8")
    before = left_behind(run)
    result = run("--token-file", name, token=GOOD)
    assert result.code == 10
    assert calm(result)
    assert not gitlab.requests
    assert left_behind(run) == before


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02\x03" * 10, b"\xff\xfe" * 12, GOOD.encode("utf-16"), b"x" * 5_000_000]
)
def test_a_token_file_that_holds_something_else_is_a_malformed_token(
    gitlab: GitLab, run: Run, data: bytes
) -> None:
    (run.directory / "secret").write_bytes(data)
    result = run("--token-file", "secret")
    assert result.code == 11
    assert calm(result)
    assert len(result.out) < 2000
    assert not gitlab.requests


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
def test_a_token_file_that_never_ends_is_not_read_to_the_end(gitlab: GitLab, run: Run) -> None:
    result = run("--token-file", "/dev/zero")
    assert result.code in {10, 11}
    assert calm(result)
    assert not gitlab.requests


def test_an_empty_standard_input_is_a_missing_token(gitlab: GitLab, run: Run) -> None:
    assert run("--token-file", "-").code == 10
    closed = run("-c", f'"{COMMAND}" --token-file - <&-', command=("/bin/sh",))
    assert closed.code == 10
    assert calm(closed)
    assert not gitlab.requests


# Where the words go


@contextmanager
def closed_pipe() -> Iterator[int]:
    """Lend the writing end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        yield write
    finally:
        os.close(write)


@pytest.mark.parametrize(
    "args", [(), ("--format", "json"), ("--version",), ("--help",), ("explain",)]
)
def test_a_reader_that_went_away_is_no_bug(gitlab: GitLab, run: Run, args: tuple[str, ...]) -> None:
    environ = {"PATH": os.defpath, "GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url}
    with closed_pipe() as pipe:
        done = subprocess.run(
            [COMMAND, *args],
            env=environ,
            cwd=run.directory,
            stdout=pipe,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    # The token is unknown: whatever becomes of the report, this run is no success.
    assert done.returncode in (
        {12, 2}
        if "--version" not in args and "--help" not in args and args != ("explain",)
        else CODES
    )


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_streams_keep_the_verdict(run: Run, redirection: str) -> None:
    result = run("-c", f'"{COMMAND}" -v {redirection}', command=("/bin/sh",), token=GOOD)
    assert result.code in {12, 2}
    assert "Traceback" not in result.err
    assert "Exception ignored" not in result.err


@pytest.mark.parametrize(
    "form", ["text", "json", "github", "junit", "markdown", "annotations", "dotenv"]
)
def test_narrow_encodings_keep_the_verdict(gitlab: GitLab, run: Run, form: str) -> None:
    gitlab.add(Token(GOOD, name="Überprüfung 🔑 \N{LEFT-TO-RIGHT MARK}"))
    result = run(
        "--scopes", "sudo", "--format", form, "-v", token=GOOD, env={"PYTHONIOENCODING": "ascii"}
    )
    assert result.code == 21
    assert calm(result)
    assert result.out


def test_a_locale_without_umlauts_keeps_the_verdict(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, name="Überprüfung 🔑"))
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = run("--scopes", "sudo", "-v", token=GOOD, env=env)
    assert result.code == 21
    assert calm(result)


def test_narrow_encodings_do_not_reach_files(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, name="Überprüfung"))
    assert run("--report", "json=out.json", token=GOOD, env={"PYTHONIOENCODING": "ascii"}).code == 0
    report = json.loads((run.directory / "out.json").read_text("utf-8"))
    assert report["tokens"][0]["token"]["name"] == "Überprüfung"


# Hostile surroundings


def test_a_deleted_working_directory_is_no_bug(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gone = run.directory / "gone"
    gone.mkdir()
    script = f'cd gone && rmdir ../gone && "{COMMAND}" "$@"'
    result = run("-c", script, "sh", command=("/bin/sh",), token=GOOD)
    assert (result.code, "Traceback" in result.err) == (0, False)
    gone.mkdir()
    named = run(
        "-c", script, "sh", "--config", "x.yml", "--output", "y", command=("/bin/sh",), token=GOOD
    )
    assert (named.code, "Traceback" in named.err) == (2, False)


MODULES = (
    "argparse",
    "json",
    "re",
    "requests",
    "urllib3",
    "yaml",
    "certifi",
    "socket",
    "ssl",
    "http",
    "email",
    "typing",
)


def plant(run: Run, *modules: str) -> Path:
    """Put modules into the working directory that tell when they are imported."""
    marker = run.directory.parent / "imported"
    for module in modules:
        text = f"with open({str(marker)!r}, 'a') as marker:\n    marker.write('{module}\\n')\nraise SystemExit(0)\n"
        (run.directory / f"{module}.py").write_text(text, "utf-8")
    package = run.directory / "glcheck"
    if "glcheck" in modules:
        (run.directory / "glcheck.py").unlink()
        package.mkdir()
        text = f"with open({str(marker)!r}, 'a') as marker:\n    marker.write('glcheck\\n')\n"
        for file in ("__init__.py", "__main__.py", "cli.py"):
            (package / file).write_text(text, "utf-8")
    return marker


@pytest.mark.parametrize(
    ("command", "env", "modules"),
    [
        ((COMMAND,), {}, (*MODULES, "glcheck")),
        ((sys.executable, "-I", "-m", "glcheck"), {}, (*MODULES, "glcheck")),
        (
            (COMMAND,),
            {"PYTHONPATH": ":/nowhere"},
            ("requests", "urllib3", "yaml", "argparse", "json"),
        ),
        ((COMMAND,), {"PYTHONPATH": "."}, ("requests", "urllib3", "yaml", "argparse", "json")),
        (
            (sys.executable, "-m", "glcheck"),
            {},
            ("requests", "urllib3", "yaml", "argparse", "json"),
        ),
    ],
    ids=["command", "isolated", "empty-path", "dot-path", "module"],
)
def test_nothing_is_imported_from_the_working_directory(
    gitlab: GitLab,
    run: Run,
    command: tuple[str, ...],
    env: dict[str, str],
    modules: tuple[str, ...],
) -> None:
    gitlab.add(Token(GOOD))
    marker = plant(run, *modules)
    (run.directory / ".glcheck.yml").write_text("scopes: [sudo]\n", "utf-8")
    result = run("--format", "json", command=command, token=GOOD, env=env)
    assert (marker.read_text("utf-8").split() if marker.exists() else []) == []
    assert (result.code, result.report["category"]) == (21, "scope-missing")


# Interrupted


@contextmanager
def interruptible() -> Iterator[None]:
    """Let children start with the signal as it is by default, even where this process was told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("tokens", [1, 3])
def test_an_interrupted_run_ends_with_130(gitlab: GitLab, run: Run, tokens: int) -> None:
    gitlab.always(Answer(delay=50))
    environ = {"PATH": os.defpath, "GITLAB_TOKEN": GOOD, "GITLAB_URL": gitlab.url}
    if tokens > 1:
        names = "".join(f"- {{name: t{index}, token-env: T{index}}}\n" for index in range(tokens))
        (run.directory / ".glcheck.yml").write_text(f"tokens:\n{names}", "utf-8")
        environ |= {f"T{index}": f"{GOOD}{index}" for index in range(tokens)}
    with (
        interruptible(),
        subprocess.Popen(
            [COMMAND, "-v", "--timeout", "40"],
            env=environ,
            cwd=run.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        deadline = time.monotonic() + 20
        while len(gitlab.requests) < tokens and time.monotonic() < deadline:
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - start < 5
    assert b"Traceback" not in out + err
    assert GOOD.encode() not in out + err


def test_a_silent_pipe_holds_a_run_no_longer_than_max_wait(run_alone: Run) -> None:
    pipe = run_alone.directory / "pipe"
    os.mkfifo(pipe)
    assert run_alone("--token-file", pipe.name, "--max-wait", "1").code == 10
