"""pre-commit, prek and git with the hooks of this repository, and real pushes to what is beside it.

The clients take the hooks from a repository that is made of the files as they are now, committed or
not. What they install comes from a package index in a directory, so that they reach nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from kit.act import ROOT, UV, download, quoted, script
from kit.command import COMMAND
from kit.gitlab_server import GitLab

Client = Literal["pre-commit", "prek"]
Way = Literal["pre-commit", "prek", "hooks path", "copy"]  # in which a hook gets into a repository
CLIENTS: tuple[Client, ...] = ("pre-commit", "prek")
WAYS: tuple[Way, ...] = (*CLIENTS, "hooks path", "copy")
BIN = Path(sys.executable).parent
HOOK = ROOT / "hooks" / "pre-push"
CONFIG = ".pre-commit-config.yaml"
COMMIT = ("commit", "--allow-empty", "--no-gpg-sign", "-m", "test")
ROLES = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
WHO = {f"GIT_{role}": "test" for role in ROLES}
DEAD = "http://127.0.0.1:1"  # nobody listens there
# Nothing but loopback can be reached.
OFFLINE = {"HTTPS_PROXY": DEAD, "HTTP_PROXY": DEAD, "NO_PROXY": "127.0.0.1,localhost"}


NARROW = "glpat-Hy7Gc3Mf9Pa5Ke2Uo6Zt"
REVOKED = "glpat-Dv8Wb2Sx4Qj7Tn3Li6Ce"
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/hooks.md")}
each_way = pytest.mark.parametrize("home", WAYS, indirect=True)
each_client = pytest.mark.parametrize("home", CLIENTS, indirect=True)


class Ended(NamedTuple):
    """What a program came to."""

    code: int
    out: str  # standard output and standard error, as they came

    @property
    def passed(self) -> bool:
        return self.code == 0

    def fails_for(self, category: str) -> bool:
        """Whether it failed with a reason and a fix, and no more than a user understands."""
        assert re.search(rf"^ *error\[{category}\] \S", self.out, re.MULTILINE), self.out
        assert re.search(r"^ *fix: \S", self.out, re.MULTILINE), self.out
        assert "Traceback" not in self.out
        return self.code == 1


Words = Sequence[str | Path]


def run(command: Words, cwd: Path, env: Mapping[str, str], stdin: bytes = b"") -> Ended:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 300}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=dict(env), input=stdin, check=False, **pipes)  # type: ignore[call-overload]
    return Ended(done.returncode, done.stdout.decode())


def must(command: Words, cwd: Path, env: Mapping[str, str]) -> str:
    """Run a program that has to succeed, and return what it printed."""
    ended = run(command, cwd, env)
    assert ended.passed, f"{command}\n{ended.out}"
    return ended.out


# What all tests share


class Machine:
    """What is installed on a machine: the clients' environments, and repositories to copy.

    `bin` has what a client installs with; `source` is the repository with the hooks.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.source = directory / "glcheck"
        self.bin = directory / "bin"
        self.git_env = {"PATH": os.defpath, "HOME": str(directory / "home"), **WHO}
        clients = {"PRE_COMMIT_HOME": "pre-commit", "PREK_HOME": "prek"}
        self.homes = {name: str(directory / place) for name, place in clients.items()}
        index, cache = (directory / "index").as_uri(), directory / "cache"
        self.installing = {
            "PATH": f"{self.bin}{os.pathsep}{os.defpath}",
            "PIP_INDEX_URL": index,
            "UV_DEFAULT_INDEX": index,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_COMPILE": "1",  # what is not used need not be
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_CACHE_DIR": f"{cache}/uv",
            "PIP_CACHE_DIR": f"{cache}/pip",
            "VIRTUALENV_OVERRIDE_APP_DATA": f"{cache}/virtualenv",
            **OFFLINE,
            **WHO,
        }

    def template(self, way: Way | Literal["bare"]) -> Path:
        """Return a repository to copy; all but the bare one have a hook installed in this way."""
        return self.directory / "templates" / way

    def config(self, glcheck: Mapping[str, object] | None = None) -> str:
        """A configuration of pre-commit that uses our hooks, the first with these settings."""
        hooks = [{"id": "glcheck", **(glcheck or {})}, {"id": "glcheck-config"}]
        ours = {"repo": str(self.source), "rev": head(self.source), "hooks": hooks}
        return json.dumps({"repos": [ours]})  # JSON is YAML


def head(repository: Path) -> str | None:
    """The commit at the head of the main branch, if there is one."""
    heads = (repository / part / "refs" / "heads" / "main" for part in (".git", "."))
    return next((file.read_text("utf-8").strip() for file in heads if file.exists()), None)


def build(sign: Path) -> None:
    """Set up a machine; `sign` is a directory that moves then, as environments cannot."""
    machine = built(sign.with_suffix(""))
    shutil.rmtree(machine.directory, ignore_errors=True)
    for name in ("home", "bin", "templates"):
        (machine.directory / name).mkdir(parents=True)
    (machine.bin / "python3").symlink_to(Path(sys.executable).resolve())
    (machine.bin / "uv").symlink_to(UV)
    (machine.bin / "alone").mkdir()
    (machine.bin / "alone" / "glcheck").symlink_to(COMMAND)
    # In place of ssh: what git wants to run over there, its last argument, is run here.
    here = 'eval "set -- $command"; cd "$REMOTES" && exec git "${1#git-}" "./$2"'
    script(machine.bin / "ssh", "for command do :; done", here)
    _index(machine.directory / "index")
    _source(machine)
    _repositories(machine)


def built(sign: Path) -> Machine:
    """Return the machine that this is the sign of."""
    return Machine(sign.with_name(f"{sign.name}-machine"))


def _index(directory: Path) -> None:
    """Make a package index of what an installation of glcheck needs."""
    wheels = directory / "wheels"
    wheels.mkdir(parents=True)
    download(wheels)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (requires,) = re.findall(r"^requires = (\[.*\])$", project, re.MULTILINE)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels))
    subprocess.run([*pip, *json.loads(requires)], check=True, capture_output=True, timeout=300)
    for wheel in wheels.iterdir():
        own = directory / wheel.name.partition("-")[0].replace("_", "-").lower()
        own.mkdir()
        wheel.rename(own / wheel.name)
        (own / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>\n')


def _source(machine: Machine) -> None:
    """Make a repository of the files of this one that are not ignored, as they are now."""
    environ = {"PATH": os.defpath, "HOME": machine.git_env["HOME"]}
    # Whose the files are does not matter where only their names are listed.
    git = ("git", "-c", f"safe.directory={ROOT}", "ls-files", "-z")
    listing = (*git, "--cached", "--others", "--exclude-standard")
    for name in must(listing, ROOT, environ).split("\0"):
        if name and (ROOT / name).is_file():  # what was deleted may still be listed
            (machine.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, machine.source / name)
    _commit_all(machine, machine.source)


def _commit_all(machine: Machine, repository: Path) -> None:
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*COMMIT, "-q")):
        must(["git", *words], repository, machine.git_env)


def _repositories(machine: Machine) -> None:
    """Make repositories with hooks in all ways, and let the clients install what the hooks need."""
    bare = ("git", "init", "-q", "--bare", "-b", "main", machine.template("bare"))
    must(bare, machine.directory, machine.git_env)
    environ = {**machine.installing, **machine.homes, "HOME": machine.git_env["HOME"]}
    for way in WAYS:
        repository = machine.template(way)
        repository.mkdir()
        if way in CLIENTS:
            (repository / CONFIG).write_text(machine.config(), encoding="utf-8")
        _commit_all(machine, repository)
        if way in CLIENTS:
            stages = ("--hook-type", "pre-push", "--hook-type", "pre-commit")
            must([BIN / way, "install", *stages], repository, environ)
            must([BIN / way, "install-hooks"], repository, environ)
        elif way == "hooks path":
            hooks = machine.source / "hooks"
            must(["git", "config", "core.hooksPath", hooks], repository, machine.git_env)
        else:
            shutil.copy(HOOK, repository / ".git" / "hooks")


# What each test has


class Home:
    """A user's home, a GitLab, and the way in which this user's repositories have the hook."""

    def __init__(self, machine: Machine, directory: Path, gitlab: GitLab, way: Way) -> None:
        self.machine = machine
        self.directory = directory
        self.gitlab = gitlab
        self.way = way
        self.remembered = directory / "home" / ".cache" / "glcheck"
        self.remotes = directory / "remotes"  # what stands behind hosts
        (directory / "home").mkdir(parents=True)
        self.env = {
            "PATH": f"{machine.bin / 'alone'}{os.pathsep}{os.defpath}",
            "HOME": str(directory / "home"),
            "GITLAB_URL": gitlab.url,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSH_COMMAND": quoted(machine.bin / "ssh"),
            "GIT_SSH_VARIANT": "ssh",
            "REMOTES": str(self.remotes),
            **machine.homes,
            **WHO,
        }
        # A client's hook finds glcheck in the environment that the client made for it.
        self.found = {"PATH": os.defpath} if way in CLIENTS else {}

    @property
    def asked(self) -> int:
        return len(self.gitlab.requests)

    def clone(
        self,
        settings: Mapping[str, str] | None = None,
        name: str = "a clone",
        *,
        files: Mapping[str, str] | None = None,
        config: str | None = None,
    ) -> Clone:
        """Make a repository with the hook installed, with settings for it, and with files."""
        made = Clone(self, self.directory / name, self.remotes / "group" / f"{name}.git")
        given = [*(settings or {}).items()]
        if self.way in CLIENTS:
            args = {"args": [f"--{setting}={value}" for setting, value in given]}
            made.write({CONFIG: config or self.machine.config(args)})
        for setting, value in () if self.way in CLIENTS else given:
            made.env[f"GLCHECK_{setting.upper().replace('-', '_')}"] = value
        made.write(files or {})
        return made


class Clone:
    """A repository with a remote, to which a bare one belongs."""

    def __init__(self, home: Home, path: Path, bare: Path) -> None:
        self.path = path
        self.bare = bare
        self.env = {**home.env, **home.found}
        self._home = home
        shutil.copytree(home.machine.template(home.way), path, symlinks=True)
        shutil.copytree(home.machine.template("bare"), bare)
        self.git("remote", "add", "origin", str(bare))

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        return must(["git", *words], cwd or self.path, self._home.env).strip()

    def push(
        self,
        token: str | None = None,
        *options: str,
        remote: str = "origin",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Ended:
        """Commit all there is, and push it."""
        cwd = cwd or self.path
        self.git("add", "-A", cwd=cwd)
        self.git(*COMMIT, "-q", "--no-verify", cwd=cwd)
        command = ["git", "push", *options, remote, "HEAD:main"]
        ended = run(command, cwd, self._environ(token, env))
        assert not token or token not in ended.out, ended.out
        # What git says is so.
        arrived = head(self.bare) == self.git("rev-parse", "HEAD", cwd=cwd)
        assert arrived == ended.passed, ended.out
        return ended

    def run(self, *command: str | Path, token: str | None = None, **env: str) -> Ended:
        """Run a program after all there is was added."""
        self.git("add", "-A")
        return run(command, self.path, self._environ(token, env))

    def client(self, *words: str | Path, token: str | None = None, **env: str) -> Ended:
        return self.run(BIN / self._home.way, *words, token=token, **env)

    def _environ(self, token: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**self.env, **({"GITLAB_TOKEN": token} if token else {}), **(more or {})}
