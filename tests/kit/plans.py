"""Settings in layers, on their way to a plan in process or to a run of the command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glcheck.policy import Plan
from glcheck.settings.plan import resolve
from kit.command import Result, Run
from kit.policies import GOOD, write

FILE = ".glcheck.yml"
LAYERS = ("flag", "environment", "file")


class Layers:
    """What flags, variables and a policy file say; the file is named, so it may say everything."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.flags: dict[str, list[str]] = {}
        self.env: dict[str, str] = {}
        self.file: dict[str, object] = {}

    def set(self, layer: str, **settings: object) -> Layers:
        """Set something in a layer; a list is a repeated flag, or a text with commas."""
        for key, value in settings.items():
            name = key.replace("_", "-")
            texts = [str(one) for one in (value if isinstance(value, list) else [value])]
            if layer == "flag":
                self.flags[name] = texts
            elif layer == "environment":
                self.env[f"GLCHECK_{key.upper()}"] = ",".join(texts)
            else:
                self.file[name] = value
                self.flags["config"] = [write(self.directory, self.file, "named.yml")]
        return self

    def plan(self, **env: str) -> Plan:
        """What is to be done."""
        return resolve(self.flags, {**self.env, **env}, self.directory)

    def run(self, run: Run, *args: str, token: str | None = GOOD, **env: str) -> Result:
        """Do it."""
        flags = [f"--{name}={text}" for name, texts in self.flags.items() for text in texts]
        return run(*args, *flags, token=token, env={**self.env, **env})


def plan_of(directory: Path, policy: str | bytes, *, only: Sequence[str] = (), **env: str) -> Plan:
    """What is to be done by a policy file that is found in the directory."""
    write(directory, policy)
    return resolve({}, env, directory, only)


def values(plan: Plan) -> dict[str, object]:
    """What a plan of one token has for each setting; the only place that knows where it has it."""
    assert not plan.problems, plan.problems
    (token,) = plan.tokens
    return {
        **token.requirements._asdict(),
        "url": token.url,
        "token_env": token.source.variable,
        "token_file": token.source.file,
        "allow": [category.label for category in token.allow],
        "ca_file": token.ca_file,
        "config": plan.policy,
        "format": plan.output.format,
        "output": plan.output.path,
        "report": plan.output.reports,
        "timeout": plan.timeout,
        "max_wait": plan.max_wait,
        "hook_max_age": plan.hook_max_age,
        "hook_strict": plan.hook_strict,
    }


def wheres(plan: Plan) -> list[str]:
    """Where the mistakes are for which nothing is to be done."""
    assert not plan.tokens
    return [str(problem.details["where"]) for problem in plan.problems]


def refused(plan: Plan, where: str, *says: str) -> str:
    """The words about the only mistake, which must be there, and said in a few words."""
    assert wheres(plan) == [where], plan.problems
    (problem,) = plan.problems
    said = f"{problem.message} {problem.fix}"
    in_file = where.partition(":")[0].endswith(".yml")
    assert problem.category.label == ("config-error" if in_file else "usage-error")
    assert all(word in said for word in says), said
    assert problem.fix
    assert len(said) < 800
    return said


def mistake(directory: Path, policy: str | bytes, line: int, *says: str, **env: str) -> str:
    """The words about the only mistake of a policy file that is found; line 0 is the whole file."""
    return refused(plan_of(directory, policy, **env), f"{FILE}:{line}" if line else FILE, *says)
