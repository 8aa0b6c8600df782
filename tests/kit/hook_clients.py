"""pre-commit, prek and git with the hooks of this repository, and real pushes to repositories beside them.

The clients take the hooks from a repository that is made of the files as they are now, committed or not. What they
install comes from a package index in a directory, so that they reach nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from kit.act import ROOT, UV, download, quoted, script
from kit.command import COMMAND

Client = Literal["pre-commit", "prek"]
Way = Literal["pre-commit", "prek", "hooks path", "copy"]  # in which a hook gets into a repository
CLIENTS: tuple[Client, ...] = ("pre-commit", "prek")
WAYS: tuple[Way, ...] = (*CLIENTS, "hooks path", "copy")
BIN = Path(sys.executable).parent
HOOK = ROOT / "hooks" / "pre-push"
CONFIG = ".pre-commit-config.yaml"
Settings = Mapping[str, str]
WHO = {
    f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
DEAD = "http://127.0.0.1:1"  # nobody listens there
AWAY = {"url": DEAD, "max-wait": "0.2s"}


class Ended(NamedTuple):
    """What a program came to."""

    code: int
    out: str  # standard output and standard error, as they came


def run(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> Ended:
    """Run a program to its end."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode())


def must(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> str:
    """Run a program that has to succeed, and return what it printed."""
    ended = run(command, cwd, env)
    assert ended.code == 0, f"{command}\n{ended.out}"
    return ended.out


# What all tests share


class Machine:
    """What is installed on a machine, in a directory: the clients' environments, and repositories to copy.

    `bin` has what a client installs with; `source` is the repository with the hooks.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.source = directory / "glcheck"
        self.bin = directory / "bin"
        self.git_env = {"PATH": os.defpath, "HOME": str(directory / "home"), **WHO}
        self.homes = {
            "PRE_COMMIT_HOME": str(directory / "pre-commit"),
            "PREK_HOME": str(directory / "prek"),
        }
        index = (directory / "index").as_uri()
        self.installing = {
            "PATH": f"{self.bin}{os.pathsep}{os.defpath}",
            "PIP_INDEX_URL": index,
            "UV_DEFAULT_INDEX": index,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_COMPILE": "1",  # what is not used need not be
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_CACHE_DIR": str(directory / "cache" / "uv"),
            "PIP_CACHE_DIR": str(directory / "cache" / "pip"),
            "VIRTUALENV_OVERRIDE_APP_DATA": str(directory / "cache" / "virtualenv"),
            **dict.fromkeys(
                ("HTTPS_PROXY", "HTTP_PROXY"), DEAD
            ),  # nothing but loopback can be reached
            "NO_PROXY": "127.0.0.1,localhost",
            **WHO,
        }

    @property
    def revision(self) -> str:
        """The commit of the hooks."""
        return (
            (self.source / ".git" / "refs" / "heads" / "main").read_text(encoding="utf-8").strip()
        )

    def template(self, way: Way | Literal["bare"]) -> Path:
        """Return a repository to copy; all but the bare one have a hook installed in this way."""
        return self.directory / "templates" / way

    def config(self, hooks: Iterable[Mapping[str, object]]) -> str:
        """Return a configuration of pre-commit that uses these hooks of ours."""
        # JSON is YAML.
        repo = {"repo": str(self.source), "rev": self.revision, "hooks": [*hooks]}
        return json.dumps({"repos": [repo]})


def build(sign: Path) -> None:
    """Set up a machine; `sign` is a directory that moves when this is done, as environments cannot."""
    machine = built(sign.with_suffix(""))
    shutil.rmtree(machine.directory, ignore_errors=True)
    for name in ("home", "bin", "templates"):
        (machine.directory / name).mkdir(parents=True)
    (machine.bin / "python3").symlink_to(Path(sys.executable).resolve())
    (machine.bin / "uv").symlink_to(UV)
    (machine.bin / "alone").mkdir()
    (machine.bin / "alone" / "glcheck").symlink_to(COMMAND)
    # In place of ssh: what git wants to run over there is run here.
    lines = (
        "for command do :; done",  # the last argument
        'eval "set -- $command"',
        'cd "$REMOTES" && exec git "${1#git-}" "./$2"',
    )
    script(machine.bin / "ssh", *lines)
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
    found = re.search(
        r"^requires = (\[.*\])$",
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert found
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(wheels),
    ]
    subprocess.run([*command, *json.loads(found[1])], check=True, capture_output=True, timeout=300)
    for wheel in wheels.iterdir():
        project = directory / wheel.name.partition("-")[0].replace("_", "-").lower()
        project.mkdir()
        wheel.rename(project / wheel.name)
        (project / "index.html").write_text(
            f'<a href="{wheel.name}">{wheel.name}</a>\n', encoding="utf-8"
        )


def _source(machine: Machine) -> None:
    """Make a repository of the files of this one that are not ignored, as they are now."""
    environ = {"PATH": os.defpath, "HOME": machine.git_env["HOME"]}
    # Whose the files are does not matter where only their names are listed.
    listing = (
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    )
    for name in must(listing, ROOT, environ).split("\0"):
        if name and (ROOT / name).is_file():  # what was deleted may still be listed
            (machine.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, machine.source / name)
    _commit_all(machine, machine.source)


def _commit_all(machine: Machine, repository: Path) -> None:
    for words in ("init -q -b main", "add -A", "commit -q --allow-empty --no-gpg-sign -m test"):
        must(["git", *words.split()], repository, machine.git_env)


def _repositories(machine: Machine) -> None:
    """Make repositories with hooks in all ways, and let the clients install what the hooks need."""
    must(
        ["git", "init", "-q", "--bare", "-b", "main", machine.template("bare")],
        machine.directory,
        machine.git_env,
    )
    environ = {**machine.installing, **machine.homes, "HOME": machine.git_env["HOME"]}
    for way in WAYS:
        repository = machine.template(way)
        repository.mkdir()
        if way in CLIENTS:
            config = machine.config([{"id": "glcheck"}, {"id": "glcheck-config"}])
            (repository / CONFIG).write_text(config, encoding="utf-8")
        _commit_all(machine, repository)
        match way:
            case "pre-commit" | "prek":
                stages = ("--hook-type", "pre-push", "--hook-type", "pre-commit")
                must([BIN / way, "install", *stages], repository, environ)
                must([BIN / way, "install-hooks"], repository, environ)
            case "hooks path":
                hooks = machine.source / "hooks"
                must(["git", "config", "core.hooksPath", hooks], repository, machine.git_env)
            case "copy":
                shutil.copy(HOOK, repository / ".git" / "hooks")


# What each test has


class Home:
    """A user's home, with a token or none, and a GitLab."""

    def __init__(self, machine: Machine, directory: Path, url: str) -> None:
        self.machine = machine
        self.directory = directory
        self.remembered = directory / "home" / ".cache" / "glcheck"
        self.remotes = directory / "remotes"  # what stands behind hosts
        (directory / "home").mkdir(parents=True)
        self.env = {
            "PATH": f"{machine.bin / 'alone'}{os.pathsep}{os.defpath}",
            "HOME": str(directory / "home"),
            "GITLAB_URL": url,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSH_COMMAND": quoted(machine.bin / "ssh"),
            "GIT_SSH_VARIANT": "ssh",
            "REMOTES": str(self.remotes),
            **machine.homes,
            **WHO,
        }

    @property
    def without_glcheck(self) -> dict[str, str]:
        """A search path without glcheck."""
        return {"PATH": os.defpath}

    def clone(self, way: Way, name: str = "a clone", **options: object) -> Clone:
        """Make a repository with the hook installed in this way."""
        made = Clone(self, way, self.directory / name, self.remotes / "group" / f"{name}.git")
        made.use(**options)  # type: ignore[arg-type]
        return made


class Pushed(NamedTuple):
    """What became of a push."""

    code: int
    out: str
    arrived: bool

    @property
    def passed(self) -> bool:
        """Whether git says that it is there, and it is."""
        assert self.arrived == (self.code == 0), self.out
        return self.arrived


class Clone:
    """A repository with a remote, to which a bare one belongs."""

    def __init__(self, home: Home, way: Way, path: Path, bare: Path) -> None:
        self.path = path
        self.way = way
        self.bare = bare
        self._home = home
        # A client's hook finds glcheck in the environment that the client made for it.
        self._base = {**home.env, **(home.without_glcheck if way in CLIENTS else {})}
        self._env: dict[str, str] = {}
        shutil.copytree(home.machine.template(way), path, symlinks=True)
        shutil.copytree(home.machine.template("bare"), bare)
        self.git("remote", "add", "origin", str(bare))

    def use(
        self,
        settings: Settings | None = None,
        *,
        files: Settings | None = None,
        verbose: bool = True,
        config: str | None = None,
    ) -> None:
        """Give the hook settings, and the repository files."""
        settings = settings or {}
        if self.way in CLIENTS:
            hook = {
                "id": "glcheck",
                "args": [f"--{name}={value}" for name, value in settings.items()],
            }
            shown = {} if verbose else {"verbose": False}
            own = config or self._home.machine.config([{**hook, **shown}, {"id": "glcheck-config"}])
            (self.path / CONFIG).write_text(own, encoding="utf-8")
        else:
            self._env = {
                f"GLCHECK_{name.upper().replace('-', '_')}": value
                for name, value in settings.items()
            }
        for name, text in (files or {}).items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run git, which has to succeed."""
        return must(["git", *words], cwd or self.path, self._home.env).strip()

    def push(
        self,
        token: str | None = None,
        *options: str,
        remote: str = "origin",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Pushed:
        """Commit all there is, and push it."""
        cwd = cwd or self.path
        self.git("add", "-A", cwd=cwd)
        self.git(
            "commit", "-q", "--allow-empty", "--no-gpg-sign", "--no-verify", "-m", "test", cwd=cwd
        )
        environ = {
            **self._base,
            **self._env,
            **({"GITLAB_TOKEN": token} if token else {}),
            **(env or {}),
        }
        code, out = run(["git", "push", *options, remote, "HEAD:main"], cwd, environ)
        assert not token or token not in out, out
        there = self.bare / "refs" / "heads" / "main"
        head = self.git("rev-parse", "HEAD", cwd=cwd)
        return Pushed(
            code, out, there.exists() and there.read_text(encoding="utf-8").strip() == head
        )

    def commit(self, token: str | None = None) -> Ended:
        """Commit all there is, checked by the hooks."""
        self.git("add", "-A")
        environ = {**self._base, **({"GITLAB_TOKEN": token} if token else {})}
        return run(
            ["git", "commit", "--allow-empty", "--no-gpg-sign", "-m", "test"], self.path, environ
        )

    def run(
        self, *words: str, token: str | None = None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run the hooks by hand with the client."""
        self.git("add", "-A")
        environ = {**self._base, **({"GITLAB_TOKEN": token} if token else {}), **(env or {})}
        return run([BIN / self.way, "run", *words], self.path, environ)

    def try_repo(
        self, *words: str, token: str | None = None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run hooks of glcheck's repository that are not set up here; the client installs them for this once."""
        self.git("add", "-A")
        own = {
            **self._base,
            **self._home.machine.installing,
            **({"GITLAB_TOKEN": token} if token else {}),
        }
        return run(
            [BIN / self.way, "try-repo", self._home.machine.source, *words],
            self.path,
            {**own, **(env or {})},
        )
