"""act, which runs workflows on this machine, and what a runner has: programs, Python, a package
index.

Stand-ins for bash, uv and Python record their arguments and environment: there a secret would be
seen.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
LOCK = ROOT / "action" / "requirements.txt"
ACT = Path(sys.executable).with_name("act")
UV = Path(sys.executable).with_name("uv")
BASH = shutil.which("bash", path=os.defpath) or "/bin/bash"
DEAD = "http://127.0.0.1:1/simple/"  # nobody listens there


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a directory once for all workers of a test run; the others wait for it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return made_once(base / name, make)


def made_once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make a directory unless it is there; it appears under its name only when it is whole."""
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
            if not re.match("python|pip|uv|py$", program.name) and not link.is_symlink():
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
            words = path.read_bytes().decode(errors="surrogateescape").split("\0")[:-1]
            end = 2 + int(words[1])
            pairs = (word.partition("=") for word in words[end:])
            # INPUT_* is act's own, which the stand-in for bash takes away.
            environ = {name: value for name, _, value in pairs if not name.startswith("INPUT_")}
            found.append(Record(words[0], tuple(words[2:end]), environ))
        return found

    @property
    def installations(self) -> list[Record]:
        """The calls of uv and pip that install."""
        started = [record for record in self.records if record.program in {"uv", "python"}]
        return [r for r in started if "install" in r.argv and "pip" in " ".join(r.argv)]

    @property
    def installers(self) -> list[str]:
        """The programs of these calls."""
        return [record.program for record in self.installations]


def interpreter(
    directory: Path, spy: Spy, names: Iterable[str] = ("python3", "python"), *, pip: bool = True
) -> Path:
    """Make a Python as a runner's system has it, with nothing installed but pip: this one,
    elsewhere.

    What is called is a script that records the call and then becomes Python under its own name. So
    Python takes the script for its executable, finds its library beside it, and another call by
    that path is recorded too.
    """
    library = directory / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (library / "site-packages").mkdir(parents=True)
    for entry in Path(os.__file__).parent.iterdir():
        if entry.name not in {"site-packages", "EXTERNALLY-MANAGED"}:
            (library / entry.name).symlink_to(entry)
    (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Its own.\n")
    found = find_spec("pip")
    if pip and found and found.origin:
        (library / "site-packages" / "pip").symlink_to(Path(found.origin).parent)
    for name in names:
        # The launcher of Windows takes a version first.
        launcher = 'case "$1" in -3*) shift;; esac' if name == "py" else ":"
        become = f'exec -a "$0" {quoted(Path(sys.executable).resolve())} "$@"'
        script(directory / "bin" / name, spy.recording("python"), launcher, become, shell=BASH)
    return directory / "bin" / next(iter(names))


def old_python(path: Path) -> Path:
    """Write what says of itself that it is Python 3.9, in all that it is given by -c."""
    old = "sys.version_info, sys.hexversion = (3, 9, 9, 'final', 0), 0x030909F0"
    code = f"import sys; {old}; exec(sys.argv[sys.argv.index('-c', 1) + 1])"
    said = 'case "$1" in -V|--version) echo Python 3.9.9; exit;; esac'
    return script(path, said, f'exec {quoted(sys.executable)} -c {quoted(code)} "$@"')


class Index:
    """A package index on loopback with the wheels of a directory."""

    def __init__(self, wheels: Path, *, tamper: bool = False) -> None:
        self.requests = requests = list[str]()
        self._place = TemporaryDirectory()
        for wheel in wheels.glob("*.whl"):
            project = re.sub("[_.]", "-", wheel.name.partition("-")[0]).lower()
            file = Path(self._place.name, "simple", project, wheel.name)
            file.parent.mkdir(parents=True)
            # A zip file with bytes in front of it is still one: only the hash tells.
            file.write_bytes(b"tampered" * tamper + wheel.read_bytes())

        class Handler(SimpleHTTPRequestHandler):
            """The list of a directory is what an index says of a project."""

            def log_request(self, *_: object) -> None:
                if self.command == "GET":
                    requests.append(self.path)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        handler = partial(Handler, directory=self._place.name)
        self._server = server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{server.server_port}/simple/"
        self._thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)

    def __enter__(self) -> Index:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._place.cleanup()


def download(directory: Path) -> None:
    """Fetch the locked wheels for this Python from the index that this machine is set up with."""
    wants = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(LOCK))
    command = [sys.executable, "-m", "pip", "download", "--quiet", *wants, "--dest", str(directory)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


# Running act


def commit(directory: Path, **environ: str) -> None:
    """Commit all that is in a directory, which becomes a repository if it is none."""
    names = (f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL"))
    env = {"PATH": os.defpath, "GIT_CONFIG_GLOBAL": os.devnull, **dict.fromkeys(names, "test")}
    for words in ("init -q -b main", "add -A -f", "commit -q --allow-empty --no-gpg-sign -m test"):
        command = ["git", *words.split()]
        subprocess.run(command, cwd=directory, env={**env, **environ}, check=True, timeout=60)


def present() -> list[str]:
    """Return the files of this repository, those that are not committed yet among them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # One that was deleted is still listed until that is committed.
    return [name for name in sorted(listed.stdout.split("\0")) if (ROOT / name).is_file()]


def copy_action(directory: Path) -> None:
    """Copy what the action consists of."""
    directory.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", directory)
    compiled = shutil.ignore_patterns("__pycache__")
    for folder in ("action", "glcheck"):
        shutil.copytree(ROOT / folder, directory / folder, ignore=compiled)


def settings(index: str, caches: Path) -> dict[str, str]:
    """Return variables by which pip and uv take packages from an index on loopback only."""
    return {
        "PIP_INDEX_URL": index,
        "UV_DEFAULT_INDEX": index,
        "PIP_CONFIG_FILE": os.devnull,  # this machine's own settings are not what is tested
        "PIP_CACHE_DIR": str(caches / "pip"),
        "UV_CACHE_DIR": str(caches / "uv"),
        "UV_LINK_MODE": "copy",
    }


def act(
    event: str, *args: str, cwd: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Commit what is in a directory, and run its workflows on this machine."""
    commit(cwd)
    options = ["-P", "ubuntu-latest=-self-hosted", "--json", "--pull=false"]
    options += ["--no-cache-server", "--use-gitignore=false"]
    # act would read files of the workspace that GitHub does not.
    for name in ("env", "secret", "var", "input"):
        options += [f"--{name}-file", os.devnull]
    # A group of its own, so that no step outlives a run that has to be broken off.
    process = subprocess.Popen(
        [str(ACT), event, *options, *args],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=400)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
