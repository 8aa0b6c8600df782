"""Workflows: what they consist of, those in the documentation, and a machine that runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kit.act import ROOT
from kit.act_jobs import CHECKOUT, Runner

GUIDE = ROOT / "docs" / "github-actions.md"
BIN = Path(sys.executable).parent
PLACEHOLDER = "owner/glcheck@v0"
WRAPPER = """\
name: Snippet
on: [push]
permissions: {}
concurrency:
  group: snippet
  cancel-in-progress: true
jobs:
  job:
    name: Job
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read
"""


def program(
    name: str | Path, *args: str | Path, cwd: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program with nothing around it but the tools of the tests."""
    path = f"{BIN}{os.pathsep}{os.defpath}"
    env = {"PATH": path, "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd / ".cache"), **environ}
    command = [str(word) for word in (BIN / name, *args)]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def read(text: str) -> dict[str, Any]:
    """Read a workflow."""
    document = yaml.safe_load(text)
    assert isinstance(document, dict)
    # YAML 1.1 takes `on` for a truth.
    return {"on" if key is True else key: value for key, value in document.items()}


def uses(text: str) -> list[str]:
    """Return what stands behind each `uses:`, comments included."""
    return re.findall(r"^[ -]*uses: *(.*)$", text, re.MULTILINE)


def pinned(line: str) -> bool:
    """Tell whether a `uses:` names a full commit with its version, or this very repository."""
    commit = r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    return bool(re.fullmatch(rf"\./( # .*)?|{commit}", line))


def snippets(path: Path) -> Iterator[tuple[str, str]]:
    """Find the workflows in a page; what is only a part of one is made whole."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        document, block = yaml.safe_load(found[1]), found[1]
        name = f"{path.stem}-{text.count(chr(10), 0, found.start()) + 1}"
        if isinstance(document, list):
            document, block = {"steps": document}, "steps:\n" + _indented(block, 2)
        if "jobs" in document:
            yield name, block
        elif "steps" in document:
            yield name, WRAPPER + _indented(block, 4)


def _indented(text: str, by: int) -> str:
    return re.sub(r"^(?=.*\S)", " " * by, text, flags=re.MULTILINE)


SNIPPETS = {**dict(snippets(GUIDE)), **dict(snippets(ROOT / "README.md"))}


def recipe(words: str, url: str) -> str:
    """Find the recipe with these words in it, and send it to another GitLab."""
    (text,) = [text for text in SNIPPETS.values() if words in text]
    return text.replace("https://gitlab.example.com", url)


class Ran:
    """What a run of workflows came to, in the directory of a runner."""

    def __init__(self, code: int, directory: Path) -> None:
        self.code = code
        out = (directory / "log").read_text(encoding="utf-8")
        self.out = out + (directory / "errors").read_text(encoding="utf-8")  # of act itself
        self.entries = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        said = (directory / "said").iterdir()
        self.log = "".join(path.read_text(encoding="utf-8") for path in said)  # of the steps

    @property
    def jobs(self) -> dict[str, str]:
        """How each job ended, by its id."""
        ended = (entry for entry in self.entries if "jobResult" in entry)
        return {entry["jobID"]: entry["jobResult"] for entry in ended}

    def last_failure(self, job: str) -> str:
        """The last step of a job that failed; steps inside of the action not counted."""
        own = (e for e in self.entries if e.get("jobID") == job and len(e.get("stepID", ())) == 1)
        return [str(e["step"]) for e in own if e.get("stepResult") == "failure"][-1]

    def variables(self, name: str) -> list[str]:
        """The values that steps gave to a variable for later ones."""
        told = (entry for entry in self.entries if entry.get("command") == "set-env")
        return [entry["arg"] for entry in told if entry.get("name") == name]


def run(runner: Runner, text: str, event: str = "push", **secrets: str) -> Ran:
    """Run a workflow of the documentation, with the action in a directory of the workspace."""
    document = read(text.replace(PLACEHOLDER, "./glcheck-action"))
    for job in document["jobs"].values():
        # act needs a checkout for that.
        if not any("actions/checkout" in step.get("uses", "") for step in job["steps"]):
            job["steps"].insert(0, CHECKOUT)
    words = [word for name in secrets for word in ("-s", f"{name}={secrets[name]}")]
    return Ran(runner.run(document, event, *words), runner.directory)
