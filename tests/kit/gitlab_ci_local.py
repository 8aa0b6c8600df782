"""gitlab-ci-local, which runs GitLab's pipelines here, and what a runner has around it.

Each job runs in a copy of the repository of its own. The client copies with rsync, for which a
script stands in. Another does for glcheck: it records how it is started, and then becomes glcheck.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from kit.act import ROOT, Record, Spy, quoted, script
from kit.command import COMMAND
from kit.gitlab_server import GitLab
from kit.node import NODE

TEMPLATE = ROOT / "templates" / "check.yml"
# What the client sets, and tests set in its place.
OURS = (
    "GITLAB_CI", "CI_API_V4_URL", "CI_SERVER_URL", "CI_PROJECT_URL", "CI_PROJECT_PATH",
    "CI_COMMIT_REF_PROTECTED", "CI_PROJECT_ID", "CI_PIPELINE_SOURCE",
)  # fmt: skip
REPORTS = ("glcheck.xml", "glcheck.json", "glcheck-links.json", "glcheck.env")
# Three ways in which the client calls rsync: a tree, files with paths, and a list of such files.
RSYNC = """\
list= relative= from=
while [ $# -gt 1 ]; do
  case "$1" in
    --exclude) shift;;
    --files-from=*) list="${1#*=}";;
    --*) ;;
    -*R*) relative=1;;
    -*) ;;
    *) from="$1";;
  esac
  shift
done
case "$1" in */builds/.docker/) exit;; esac  # for containers, of which there are none
mkdir -p "$1"
if [ -n "$list" ]; then tar -cf - -T "$list"
elif [ -n "$relative" ]; then tar -cf - "$from"
else tar -C "$from" -cf - --exclude=./.gitlab-ci-local .
fi | tar -C "$1" -xf -"""
# All at once, which the client would do, is too much for a small machine.
OPTIONS = (
    "--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source", "--concurrency=3",
    "--ignore-predefined-vars", ",".join(OURS),
)  # fmt: skip
# What a test has set up, without the client's own.
SET_UP = (
    "init --quiet --initial-branch=main", "config user.name test",
    "config user.email test@example.com",
    "remote add origin git@gitlab.example.com:group/app.git",
    "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main", "add --all",
    "commit --quiet --message=test --no-gpg-sign",
)  # fmt: skip


class Use(NamedTuple):
    """A use of the component, and what the pipeline adds to its job."""

    name: str
    inputs: Mapping[str, object]
    job: Mapping[str, Any] = {}

    @property
    def include(self) -> dict[str, object]:
        return {"local": "/templates/check.yml", "inputs": {"job-name": self.name, **self.inputs}}


def pipeline(uses: Iterable[Use], **more: object) -> dict[str, object]:
    """Return a pipeline that uses the component, and what else it has."""
    uses = list(uses)
    jobs = {use.name: use.job for use in uses if use.job}
    return {"include": [use.include for use in uses], **jobs, **more}


def at(gitlab: GitLab) -> dict[str, str]:
    """Return the variables by which a job knows its GitLab."""
    urls = {"SERVER": gitlab.url, "API_V4": f"{gitlab.url}/api/v4"}
    urls["PROJECT"] = f"{gitlab.url}/group/app"
    return {"GITLAB_CI": "true", **{f"CI_{name}_URL": url for name, url in urls.items()}}


class Job(NamedTuple):
    """What became of a job."""

    name: str
    state: str  # PASS, WARN or FAIL, as the client says
    code: int
    log: str  # without colours
    directory: Path  # where it ran
    artifacts: Path
    call: Record | None  # of glcheck

    def text(self, report: str) -> str:
        return (self.directory / report).read_text(encoding="utf-8")

    @property
    def report(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.text("glcheck.json")))

    @property
    def problems(self) -> list[dict[str, Any]]:
        places = (self.report, *self.report["tokens"])
        return [problem for place in places for problem in place["problems"]]


class Ran:
    """The trace that a run of the client left in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.repository = directory / "repository"
        self.state = self.repository / ".gitlab-ci-local"
        self.temporary = directory / "temporary"
        self.expanded_file = self.state / "expanded-gitlab-ci.yml"
        ended = json.loads((directory / "ended.json").read_text(encoding="utf-8"))
        self.code, self.out, self.err = (ended[name] for name in ("code", "out", "err"))
        self.printed: str = self.out + self.err
        self.records = [Record(name, tuple(argv), env) for name, argv, env in ended["records"]]

    def __getitem__(self, name: str) -> Job:
        pattern = rf"^{re.escape(name)} +finished in [\d.]+ m?s *(?:(FAIL|WARN) (\d+))? *$"
        found = re.search(pattern, self.printed, re.MULTILINE)
        assert found, f"{name} did not run:\n{self.printed}"
        plain = re.sub(r"[^A-Za-z0-9_-]+", _encoded, name)
        log = (self.state / "output" / f"{plain}.log").read_text(encoding="utf-8")
        calls = [call for call in self.calls if call.environ["CI_JOB_NAME"] == name]
        return Job(
            name=name,
            state=found[1] or "PASS",
            code=int(found[2] or 0),
            log=re.sub(r"\x1b\[[\d;]*m", "", log),
            directory=self.state / "builds" / plain,
            artifacts=self.state / "artifacts" / plain,
            call=calls[0] if calls else None,
        )

    @cached_property
    def calls(self) -> list[Record]:
        return [record for record in self.records if record.program == "glcheck"]

    @cached_property
    def expanded(self) -> dict[str, Any]:
        """The pipeline as the client understood it."""
        return cast(dict[str, Any], yaml.safe_load(self.expanded_file.read_text(encoding="utf-8")))

    @property
    def files(self) -> Iterator[Path]:
        """All files of the repository, and of the client's own directory in it, but not Git's."""
        for directory, folders, names in os.walk(self.repository):
            folders[:] = [folder for folder in folders if folder != ".git"]
            yield from (Path(directory, name) for name in names)


def _encoded(found: re.Match[str]) -> str:
    return base64.urlsafe_b64encode(found[0].encode()).decode().rstrip("=")


class Runner:
    """A runner of its own: programs, home directory, and a repository with the component in it."""

    def __init__(self, directory: Path, client: Path, programs: Path) -> None:
        self.directory = directory
        self.repository = directory / "repository"
        self.bin = directory / "bin"
        self.spy = Spy(directory / "spy")
        self.path = [self.bin, programs]
        self._client = client / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
        self.env = {
            "HOME": str(directory / "home"),
            "TMPDIR": str(directory / "temporary"),
            # Nothing but loopback can be reached.
            **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:1"),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        for name in ("home", "temporary", "repository"):
            (directory / name).mkdir(parents=True)
        self.add("rsync", RSYNC)
        self.write({"templates/check.yml": TEMPLATE.read_text(encoding="utf-8")})
        for words in SET_UP:
            self._git(*words.split())

    def add(self, name: str, *lines: str) -> None:
        script(self.bin / name, *lines)

    def add_glcheck(self) -> None:
        self.add("glcheck", self.spy.recording("glcheck"), f'exec {quoted(COMMAND)} "$@"')

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def __call__(
        self, flow: Mapping[str, object], *args: str, env: Mapping[str, str] | None = None
    ) -> Ran:
        """Run a pipeline; `env` is added to what all its jobs inherit."""
        # JSON is YAML.
        self.write({".gitlab-ci.yml": json.dumps(flow, ensure_ascii=False)})
        self._git("add", "--all", "--force", ":!.gitlab-ci-local")
        done = subprocess.run(
            [str(NODE), str(self._client), *OPTIONS, *args],
            env={"PATH": os.pathsep.join(map(str, self.path)), **self.env, **(env or {})},
            cwd=self.repository,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        ended = {"code": done.returncode, "out": out, "err": err, "records": self.spy.records}
        (self.directory / "ended.json").write_text(json.dumps(ended), encoding="utf-8")
        return Ran(self.directory)

    def _git(self, *words: str) -> None:
        env = {"PATH": os.defpath, "HOME": self.env["HOME"]}
        subprocess.run(["git", *words], cwd=self.repository, env=env, check=True, timeout=60)
