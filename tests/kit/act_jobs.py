"""Jobs that use the action, run by act, and what became of each step.

act differs from GitHub's runner where it would hide a fault: it hands inputs to composite actions
as `INPUT_*`, and gives them a terminal of which it may lose the last lines. So each `bash` that it
starts is a stand-in that takes the one away and keeps what is written in place of the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit.act import ACTION, UV, Spy, act, copy_action, interpreter, quoted, script, settings
from kit.gitlab_server import GitLab, Group, Project, Token, in_days
from kit.policies import GOOD
from kit.reports import CODES, Command, commands

INPUTS = {
    "token", "provider", "token-file", "url", "scopes", "forbid-scopes", "min-validity",
    "warn-validity",
    "max-validity", "project", "group", "role", "kind", "allow", "config", "format", "output",
    "report", "timeout", "max-wait", "ca-file", "allow-http", "python",
}  # fmt: skip
NARROW = "glpat-Vh2Jc6Ls4Fg8Tz1Mw0Qe"
ENDING = "glpat-Bn5Xy9Du3Ka7Ep2Ro6Hi"
FAILED = "failure"
Step = Mapping[str, Any]
CHECKOUT = {"uses": "actions/checkout@v4"}


def populated(gitlab: GitLab) -> GitLab:
    """Let a GitLab know a good token, a narrow one and one that ends soon."""
    gitlab.add(Token(GOOD))
    gitlab.add(Token(NARROW, scopes=("read_api", "read_user"), expires_at="2999-12-31"))
    gitlab.add(Token(ENDING, expires_at=in_days(3), created_at=in_days(-300)))
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.add_group(Group("group/sub", members={7: 30}))
    return gitlab


class Used:
    """What became of a step that uses the action."""

    def __init__(self, state: Mapping[str, Any], log: str, summary: str, report: Path) -> None:
        self.outcome: str = state["outcome"]
        self.outputs: dict[str, str] = state["outputs"]
        self.log = log  # as the runner gets it, commands included
        self.summary = summary
        # What the output `report` names, empty if that is nothing.
        text = report.read_text(encoding="utf-8") if report.exists() else "{}"
        self.report: dict[str, Any] = json.loads(text)
        self.commands: list[Command] = [*commands(log)]  # what the runner takes for such

    @property
    def error(self) -> Command:
        """The only annotation."""
        (command,) = self.commands
        assert command.name == "error", command
        return command

    def ends(self, category: str) -> Used:
        """Check that it ended as the contract says for a category, and that its outputs tell."""
        said = [self.outputs.get(name) for name in ("ok", "category", "exit-code")]
        state = ["success", "true"] if category == "ok" else [FAILED, "false"]
        assert [self.outcome, *said] == [*state, category, str(CODES[category])], self.log
        return self

    def is_not_installed(self) -> None:
        """Hold it against what the contract says of an action whose code cannot be installed."""
        assert (self.outcome, self.outputs["ok"], self.outputs["category"]) == (FAILED, "false", "")
        assert self.error.data
        assert GOOD not in self.log


class Job:
    """The trace that a run of act left in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.out = directory / "out"  # where steps of the test left files: `$OUT`
        lines = (directory / "log").read_text(encoding="utf-8").splitlines()
        self.entries = [json.loads(line) for line in lines]
        said = (directory / "said").iterdir()
        self._said = sorted(said, key=lambda path: path.stat().st_mtime_ns)
        self.log = "".join(str(entry.get("raw") or entry["msg"]) for entry in self.entries)
        self.log += "".join(path.read_bytes().decode() for path in self._said)
        path = self.out / "steps.json"
        assert path.exists(), self.log + (directory / "errors").read_text(encoding="utf-8")
        self._steps: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    def __getitem__(self, step: str) -> Used:
        summaries = (e for e in self.entries if e.get("command") == "summary")
        own = (e for e in summaries if (e["stepID"][0], len(e["stepID"])) == (step, 2))
        said = (path for path in self._said if path.name.startswith(f"{step}-composite-"))
        log = "".join(path.read_bytes().decode() for path in said)
        summary = "".join(entry["content"] for entry in own)
        return Used(self._steps[step], log, summary, self.out / f"report-{step}")

    def output(self, step: str) -> str:
        """What a step of the test itself printed."""
        (said,) = (path for path in self._said if path.name.startswith(f"{step}.sh."))
        return said.read_bytes().decode()

    def ran(self) -> list[str]:
        """The marks of code that should not have run."""
        return [path.name for path in self.out.iterdir() if path.name.startswith("ran-")]


class Use(NamedTuple):
    """A step that uses the action; a failure does not end the job."""

    id: str
    inputs: Mapping[str, str]
    env: Mapping[str, str] = {}
    uses: str = "./glcheck-action"


def sh(text: str, **more: object) -> Step:
    """Return a step that runs a script; `when` is its condition."""
    condition = {"if": more.pop("when")} if "when" in more else {}
    return {"run": text, "shell": "bash", **condition, **more}


class Runner:
    """A runner of its own: programs, home directory, caches, and a repository to work on."""

    def __init__(
        self, directory: Path, programs: Path, index: str, cache: Path, gitlab: GitLab
    ) -> None:
        self.directory = directory
        self.gitlab = gitlab
        self.good = {"token": GOOD, "url": gitlab.url}
        self.workspace = directory / "repository"
        self.home = directory / "home"
        self.bin = directory / "bin"
        self.out = directory / "out"
        self.spy = Spy(directory / "spy")
        self.before_bash: tuple[str, ...] = ()  # lines of shell that change what a step finds
        path = (self.bin, directory / "python" / "bin", programs)
        self.env = {
            "PATH": os.pathsep.join(map(str, path)),
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "OUT": str(self.out),
            **settings(index, cache),
        }
        self._programs = programs
        for place in (self.home, self.bin, self.out, directory / "said"):
            place.mkdir()
        copy_action(self.workspace / "glcheck-action")

    def add_python(self, *names: str, pip: bool = True) -> None:
        """Put a Python on the PATH under these names."""
        named = names or ("python3", "python")
        interpreter(self.directory / "python", self.spy, named, pip=pip)

    def add_uv(self, *lines: str) -> None:
        """Put uv on the PATH, or a script in its place."""
        self.add("uv", self.spy.recording("uv"), *(lines or (f'exec {quoted(UV)} "$@"',)))

    def add(self, name: str, *lines: str) -> None:
        """Put a script on the PATH."""
        script(self.bin / name, *lines)

    def write(self, files: Mapping[str, str], place: Path | None = None) -> None:
        """Write files into the repository, or elsewhere."""
        for name, text in files.items():
            path = (place or self.workspace) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def step(self, name: str, *, env: Mapping[str, str] | None = None, **inputs: str) -> Use:
        """Return a step that checks the good token; `_` in the name of an input stands for `-`."""
        named = {key.replace("_", "-"): value for key, value in inputs.items()}
        return Use(name, {**self.good, **named}, env or {})

    def use(self, *args: str, **more: Any) -> Used:
        """Run a job with one such step; what is not about the job is about the step."""
        how = {name: more.pop(name) for name in ("event", "payload", "job_env") if name in more}
        return self(self.step("used", **more), args=args, **how)["used"]

    def __call__(
        self,
        *steps: Use | Step,
        event: str = "push",
        payload: Mapping[str, Any] | None = None,
        job_env: Mapping[str, str] | None = None,
        args: Iterable[str] = (),
    ) -> Job:
        """Run a job with these steps."""
        values: dict[str, str] = {}
        written = [self._written(step, values) for step in steps]
        used = [step.id for step in steps if isinstance(step, Use)]
        collect = {f"REPORT_{step}": f"${{{{ steps.{step}.outputs.report }}}}" for step in used}
        copy = '[ ! -f "$REPORT_{0}" ] || cp -- "$REPORT_{0}" "$OUT/report-{0}"'
        lines = [*map(copy.format, used), 'printf %s "$STEPS" > "$OUT/steps.json"']
        told = {"STEPS": "${{ toJSON(steps) }}", **collect}
        last = sh("\n".join(lines), env=told, when="always()")
        job = {"env": dict(job_env or {}), "steps": [CHECKOUT, *written, last]}
        flow = {"on": [event], "jobs": {"job": {"runs-on": "ubuntu-latest", **job}}}
        more = [word for name in values for word in ("--var", f"{name}={values[name]}")]
        if payload is not None:
            path = self.directory / "event.json"
            path.write_text(json.dumps(payload), encoding="utf-8")
            more += ["--eventpath", str(path)]
        # A step that fails may end the job: what counts is what became of each step.
        self.run(flow, event, *args, *more)
        return Job(self.directory)

    def run(self, flow: Mapping[str, Any] | None, event: str, *args: str) -> int:
        """Run this workflow, or those that are there; what it comes to stays in the directory."""
        if flow:
            # JSON is YAML.
            text = json.dumps(flow, ensure_ascii=False)
            self.write({".github/workflows/test.yml": text})
        self._stand_in_for_bash()
        done = act(event, *args, cwd=self.workspace, environ=self.env)
        (self.directory / "log").write_text(done.stdout, encoding="utf-8")
        (self.directory / "errors").write_text(done.stderr, encoding="utf-8")
        return done.returncode

    def _written(self, step: Use | Step, values: dict[str, str]) -> Step:
        """Return a step as it is written into the workflow.

        Inputs come from variables: no character in one means anything to YAML, nothing is
        evaluated, and nothing is masked in act's log.
        """
        if not isinstance(step, Use):
            return step
        inputs = {}
        for name, value in step.inputs.items():
            variable = f"V{len(values)}"
            values[variable] = value
            inputs[name] = f"${{{{ vars.{variable} }}}}"
        own = {"id": step.id, "uses": step.uses, "continue-on-error": True}
        return {**own, "with": inputs, "env": dict(step.env)}

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
            f'said={quoted(self.directory / "said")}/"${{script##*/}}.$$"',
            f'env -u ACT {drop} {bash} "$@" > "$said" 2>&1 < /dev/null',
            'code=$?; cat "$said"; exit $code',
        )
