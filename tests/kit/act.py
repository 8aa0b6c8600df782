"""The action under act, which runs workflows on this machine, and what a runner has around it.

act differs from GitHub's runner where it would hide a fault: it hands inputs to composite actions as `INPUT_*`, and
gives them a terminal of which it may lose the last lines. So each `bash` that it starts is a stand-in that takes the
one away and keeps what is written in place of the other. Stand-ins for bash, uv and Python also record their
arguments and environment: that is where a secret would be seen.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from kit.reports import Command, commands

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
LOCK = ROOT / "action" / "requirements.txt"
ACT = Path(sys.executable).with_name("act")
UV = Path(sys.executable).with_name("uv")
BASH = shutil.which("bash", path=os.defpath) or "/bin/bash"
DEAD = "http://127.0.0.1:1/simple/"  # nobody listens there
Step = Mapping[str, Any]


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a directory once for all workers of a test run; the others wait for it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return made_once(base / name, make)


def made_once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make a directory unless it is there already; it appears under its name only when it is whole."""
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            unfinished = place.with_name(f"{place.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            make(unfinished)
            unfinished.rename(place)
    return place


# What is on the runner


def script(path: Path, *lines: str, shell: str = "/bin/sh") -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((f"#!{shell}", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return path


def quoted(text: object) -> str:
    """Return a text as one word of a shell script."""
    return "'" + str(text).replace("'", "'\\''") + "'"


def tools(directory: Path) -> None:
    """Fill a directory with links to the programs of this machine, less everything about Python."""
    for where in os.defpath.split(os.pathsep):
        for program in Path(where or ".").iterdir():
            link = directory / program.name
            if (
                not program.name.startswith(("python", "pip", "uv"))
                and program.name != "py"
                and not link.is_symlink()
            ):
                link.symlink_to(program)


class Record(NamedTuple):
    """How a program was started."""

    program: str  # bash, uv or python
    argv: tuple[str, ...]
    environ: dict[str, str]


class Spy:
    """A directory in which stand-ins record how they are started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True)

    def recording(self, program: str) -> str:
        """Return a line for a shell script, which records how that was started."""
        where = f'"$(mktemp {quoted(self.directory / program)}-XXXXXXXX)"'
        return f'{{ printf "%s\\0" {program} "$#" "$@"; env -0; }} > {where}'

    @property
    def records(self) -> list[Record]:
        """All that was recorded, in the order in which it happened."""
        found = []
        for path in sorted(self.directory.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            program, count, *rest = (
                path.read_bytes().decode(errors="surrogateescape").split("\0")[:-1]
            )
            argv, variables = (
                rest[: int(count)],
                (entry.partition("=") for entry in rest[int(count) :]),
            )
            # act's own, which the stand-in for bash takes away
            environ = {name: value for name, _, value in variables if not name.startswith("INPUT_")}
            found.append(Record(program, tuple(argv), environ))
        return found

    @property
    def installations(self) -> list[Record]:
        """The calls of uv and pip that install."""
        return [
            record
            for record in self.records
            if record.program in {"uv", "python"}
            and "install" in record.argv
            and "pip" in " ".join(record.argv)
        ]


def interpreter(
    directory: Path,
    spy: Spy,
    names: Iterable[str] = ("python3", "python"),
    *,
    pip: bool = True,
    version: tuple[int, int] | None = None,
) -> Path:
    """Make a Python as the system of a runner has it, with nothing installed but pip: this one, elsewhere.

    What is called is a script that records the call and then becomes Python under its own name. So Python takes the
    script for its executable, finds its library beside it, and another call by that path is recorded too. `version`
    is what it says that it is; no option keeps Python from loading `encodings` first.
    """
    real = Path(os.__file__).parent
    library = directory / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (library / "site-packages").mkdir(parents=True)
    for entry in real.iterdir():
        if entry.name not in {"encodings", "site-packages", "EXTERNALLY-MANAGED"}:
            (library / entry.name).symlink_to(entry)
    (library / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=The system's packages are its own.\n"
    )
    found = find_spec("pip")
    if pip and found and found.origin:
        (library / "site-packages" / "pip").symlink_to(Path(found.origin).parent)
    (library / "encodings").mkdir()
    for entry in (real / "encodings").glob("*.py"):
        (library / "encodings" / entry.name).symlink_to(entry)
    lines = [spy.recording("python")]
    if version:
        first = library / "encodings" / "__init__.py"
        first.unlink()
        first.write_text(
            _pretence(*version) + (real / "encodings" / "__init__.py").read_text(encoding="utf-8")
        )
        lines.append(
            f'case "$1" in -V|--version) echo Python {version[0]}.{version[1]}.9; exit;; esac'
        )
    for name in names:
        # The launcher of Windows takes a version first.
        launcher = 'case "$1" in -3*) shift;; esac' if name == "py" else ":"
        become = f'exec -a "$0" {quoted(Path(sys.executable).resolve())} "$@"'
        script(directory / "bin" / name, *lines, launcher, become, shell=BASH)
    return directory / "bin" / next(iter(names))


def _pretence(major: int, minor: int) -> str:
    return (
        "import sys\n"
        "class _Version(tuple):\n"
        "    major, minor, micro, releaselevel, serial = (property(lambda s, i=i: s[i]) for i in range(5))\n"
        f"sys.version_info = _Version(({major}, {minor}, 9, 'final', 0))\n"
        f"sys.version = '{major}.{minor}.9 (main)'\n"
        f"sys.hexversion = {(major << 24) + (minor << 16) + 0x09F0}\n"
    )


class Index:
    """A package index on loopback with the wheels of a directory."""

    def __init__(self, wheels: Path, *, tamper: bool = False) -> None:
        self.requests: list[str] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.requests.append(self.path)
                parts = [part for part in self.path.split("/") if part]
                files = {path.name: path for path in wheels.glob("*.whl")}
                if parts[0] == "simple" and len(parts) == 2:
                    own = {name: path for name, path in files.items() if _project(name) == parts[1]}
                    body = "".join(_link(path, tamper) for path in own.values()).encode()
                    self._answer(200 if own else 404, "text/html", body)
                elif parts[0] == "files" and parts[-1] in files:
                    body = files[parts[-1]].read_bytes()
                    # A zip file with bytes in front of it is still one: only the hash tells.
                    self._answer(200, "application/zip", b"tampered" + body if tamper else body)
                else:
                    self._answer(404, "text/plain", b"")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple/"
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(0.02), daemon=True
        )

    def __enter__(self) -> Index:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _project(wheel: str) -> str:
    return wheel.partition("-")[0].replace("_", "-").replace(".", "-").lower()


def _link(path: Path, tamper: bool) -> str:
    digest = "" if tamper else f"#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f'<a href="/files/{path.name}{digest}">{path.name}</a>\n'


def download(directory: Path) -> None:
    """Fetch the locked wheels for this Python from the index that this machine is set up with."""
    wants = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(LOCK))
    command = [sys.executable, "-m", "pip", "download", "--quiet", *wants, "--dest", str(directory)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


# A job and what became of it


class Used(NamedTuple):
    """What became of a step that uses the action."""

    outcome: str
    conclusion: str
    outputs: dict[str, str]
    log: str  # as the runner gets it, commands included
    summary: str
    report: dict[str, Any] | None  # what the output `report` names

    @property
    def commands(self) -> list[Command]:
        """What the runner takes for commands."""
        return [*commands(self.log)]

    @property
    def error(self) -> Command:
        """The only annotation."""
        (command,) = self.commands
        assert command.name == "error", command
        return command

    @property
    def verdict(self) -> tuple[str, str, str, str]:
        """How the step ended, and what its outputs say of it."""
        ok, category, code = (
            self.outputs.get(name, "ABSENT") for name in ("ok", "category", "exit-code")
        )
        return self.outcome, ok, category, code


class Job:
    """The trace that a run of act left in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries = [
            json.loads(line)
            for line in (directory / "log").read_text(encoding="utf-8").splitlines()
        ]
        self._said = sorted(
            (directory / "said").iterdir(), key=lambda path: path.stat().st_mtime_ns
        )
        self.log = "".join(str(entry.get("raw") or entry["msg"]) for entry in self.entries)
        self.log += "".join(path.read_bytes().decode() for path in self._said)
        path = directory / "out" / "steps.json"
        assert path.exists(), self.log + (directory / "errors").read_text()
        self._steps: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    @property
    def out(self) -> Path:
        """Where steps of the test left files; `$OUT` in their scripts."""
        return self.directory / "out"

    def __getitem__(self, step: str) -> Used:
        written = [
            e
            for e in self.entries
            if e.get("command") == "summary" and (e["stepID"][0], len(e["stepID"])) == (step, 2)
        ]
        report = self.out / f"report-{step}"
        state = self._steps[step]
        return Used(
            state["outcome"],
            state["conclusion"],
            state["outputs"],
            "".join(
                path.read_bytes().decode()
                for path in self._said
                if path.name.startswith(f"{step}-composite-")
            ),
            "".join(entry["content"] for entry in written),
            json.loads(report.read_text(encoding="utf-8")) if report.exists() else None,
        )

    def output(self, step: str) -> str:
        """What a step of the test itself printed."""
        return (self.directory / "said" / f"{step}.sh").read_bytes().decode()


class Use(NamedTuple):
    """A step that uses the action; a failure does not end the job."""

    id: str
    inputs: Mapping[str, str]
    env: Mapping[str, str] = {}
    uses: str = "./glcheck-action"


def use(
    step: str,
    inputs: Mapping[str, str] | None = None,
    /,
    *,
    env: Mapping[str, str] | None = None,
    **more: str,
) -> Use:
    """Return a step that uses the action; `_` in the name of an input stands for `-`."""
    return Use(
        step,
        {**(inputs or {}), **{name.replace("_", "-"): value for name, value in more.items()}},
        env or {},
    )


def sh(text: str, **more: object) -> Step:
    """Return a step that runs a script."""
    return {"run": text, "shell": "bash", **more}


def copy_action(directory: Path) -> None:
    """Copy what the action consists of."""
    directory.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", directory)
    for folder in ("action", "glcheck"):
        shutil.copytree(
            ROOT / folder, directory / folder, ignore=shutil.ignore_patterns("__pycache__")
        )


class Runner:
    """A runner of its own: programs, home directory, caches, and a repository to work on."""

    def __init__(self, directory: Path, programs: Path, index: str, cache: Path) -> None:
        self.directory = directory
        self.workspace = directory / "repository"
        self.home = directory / "home"
        self.bin = directory / "bin"
        self.spy = Spy(directory / "spy")
        self.before_bash: tuple[str, ...] = ()  # lines of shell that change what a step finds
        self.path = [self.bin, directory / "python" / "bin", programs]
        self.env = {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "PIP_INDEX_URL": index,
            "UV_DEFAULT_INDEX": index,
            "PIP_CONFIG_FILE": os.devnull,  # this machine's own settings are not what is tested
            "PIP_CACHE_DIR": str(cache / "pip"),
            "UV_CACHE_DIR": str(cache / "uv"),
            "UV_LINK_MODE": "copy",
        }
        self._programs = programs
        self.home.mkdir()
        self.bin.mkdir()
        (directory / "out").mkdir()
        (directory / "said").mkdir()
        copy_action(self.workspace / "glcheck-action")

    def add_python(self, *names: str, **options: Any) -> Path:
        """Put a Python on the PATH under these names."""
        return interpreter(
            self.directory / "python", self.spy, names or ("python3", "python"), **options
        )

    def add_uv(self, *lines: str) -> None:
        """Put uv on the PATH, or a script in its place."""
        self.add("uv", self.spy.recording("uv"), *(lines or (f'exec {quoted(UV)} "$@"',)))

    def add(self, name: str, *lines: str) -> None:
        """Put a script on the PATH."""
        script(self.bin / name, *lines)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files into the repository."""
        for name, text in files.items():
            path = self.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def __call__(
        self,
        *steps: Use | Step,
        event: str = "push",
        payload: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        args: Iterable[str] = (),
    ) -> Job:
        """Run a job with these steps; `env` is that of the job."""
        out = self.directory / "out"
        values: dict[str, str] = {}
        written = [
            {"uses": "actions/checkout@v4"},
            *(self._written(step, values) for step in steps),
        ]
        used = [step.id for step in steps if isinstance(step, Use)]
        collect = {f"REPORT_{step}": f"${{{{ steps.{step}.outputs.report }}}}" for step in used}
        lines = [
            f'[ ! -f "$REPORT_{step}" ] || cp -- "$REPORT_{step}" {quoted(out)}/report-{step}'
            for step in used
        ]
        lines += [f'printf %s "$STEPS" > {quoted(out / "steps.json")}']
        last = sh(
            "\n".join(lines), env={"STEPS": "${{ toJSON(steps) }}", **collect}, **{"if": "always()"}
        )
        job = {"runs-on": "ubuntu-latest", "env": dict(env or {}), "steps": [*written, last]}
        # JSON is YAML.
        flow = json.dumps({"on": [event], "jobs": {"job": job}}, ensure_ascii=False)
        self.write({".github/workflows/test.yml": flow})
        self._commit()
        self._stand_in_for_bash()
        more = list(args)
        if payload is not None:
            path = self.directory / "event.json"
            path.write_text(json.dumps(payload), encoding="utf-8")
            more += ["--eventpath", str(path)]
        for name, value in values.items():
            more += ["--var", f"{name}={value}"]
        # act would read files of the workspace that GitHub does not.
        for name in ("env", "secret", "var", "input"):
            more += [f"--{name}-file", os.devnull]
        options = [
            "-P",
            "ubuntu-latest=-self-hosted",
            "--pull=false",
            "--json",
            "--no-cache-server",
        ]
        environ = {"PATH": os.pathsep.join(map(str, self.path)), **self.env, "OUT": str(out)}
        with (
            (self.directory / "log").open("wb") as log,
            (self.directory / "errors").open("wb") as errors,
        ):
            subprocess.run(
                [str(ACT), event, *options, "--use-gitignore=false", *more],
                env=environ,
                cwd=self.workspace,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                timeout=120,
                check=False,  # a step that fails may end the job
            )
        return Job(self.directory)

    def _written(self, step: Use | Step, values: dict[str, str]) -> Step:
        """Return a step as it is written into the workflow.

        Inputs come from variables: no character in one means anything to YAML, nothing is evaluated, and nothing
        is masked in act's log.
        """
        if not isinstance(step, Use):
            return step
        inputs = {}
        for name, value in step.inputs.items():
            variable = f"V{len(values)}"
            values[variable] = value
            inputs[name] = f"${{{{ vars.{variable} }}}}"
        own = {"id": step.id, "uses": step.uses, "continue-on-error": True}
        return {**own, "with": inputs, **({"env": dict(step.env)} if step.env else {})}

    def _commit(self) -> None:
        who = {
            f"GIT_{role}_{what}": "test"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environ = {"PATH": os.defpath, "HOME": str(self.home), **who}
        commands: Sequence[Sequence[str]] = (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "--all", "--force"),
            ("commit", "--quiet", "--message=test", "--no-gpg-sign"),
        )
        for command in commands:
            subprocess.run(
                ["git", *command], cwd=self.workspace, env=environ, check=True, timeout=60
            )

    def _stand_in_for_bash(self) -> None:
        names = [name.upper() for name in ACTION["inputs"]]
        names += [name.replace("-", "_") for name in names]
        drop = " ".join(f"-u INPUT_{name}" for name in sorted(set(names)))
        bash = quoted(self._programs / "bash")
        self.add(
            "bash",
            self.spy.recording("bash"),
            *self.before_bash,
            "for script do :; done",  # act names the file after the step
            f'said={quoted(self.directory / "said")}/"${{script##*/}}"',
            f'env -u ACT {drop} {bash} "$@" > "$said" 2>&1 < /dev/null',
            'code=$?; cat "$said"; exit $code',
        )
