"""The workflows, the action and the recipes, linted as others lint them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from kit.act import ROOT
from kit.workflows import GUIDE, PLACEHOLDER, SNIPPETS, WRAPPER, pinned, program, read, uses

pytestmark = pytest.mark.slow
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def linted(cwd: Path, linter: str, *args: str | Path) -> str:
    """Return what a linter finds, nothing if that is nothing."""
    done = program(linter, *args, cwd=cwd)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def zizmor(cwd: Path, *paths: Path, persona: str = "regular") -> str:
    """Return what zizmor finds."""
    quiet = ("--offline", "--quiet", "--no-progress")
    return linted(cwd, "zizmor", *quiet, f"--persona={persona}", *paths)


def schema(cwd: Path, *paths: Path, of: str = "workflows") -> str:
    """Return what GitHub's schema of workflows, or of actions, has against them."""
    return linted(cwd, "check-jsonschema", "--builtin-schema", f"vendor.github-{of}", *paths)


def jactionlint(cwd: Path, *paths: Path) -> str:
    """Return what jactionlint finds; it runs shellcheck, and knows inputs and outputs of `./`."""
    return linted(cwd, "jactionlint", "--no-color", *paths)


@pytest.mark.parametrize("persona", ["regular", "pedantic"])
def test_zizmor_finds_nothing(tmp_path: Path, persona: str) -> None:
    assert zizmor(tmp_path, ROOT / "action.yml", *WORKFLOWS, persona=persona) == ""


def test_the_workflows_and_the_action_are_valid_by_githubs_schema(tmp_path: Path) -> None:
    assert schema(tmp_path, *WORKFLOWS) == ""
    assert schema(tmp_path, ROOT / "action.yml", of="actions") == ""


def test_jactionlint_finds_nothing() -> None:
    assert jactionlint(ROOT, *WORKFLOWS) == ""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflow:
    """What holds for each workflow."""

    def test_each_foreign_action_is_pinned_to_a_full_commit_and_says_its_version(
        self, path: Path
    ) -> None:
        assert [line for line in uses(path.read_text(encoding="utf-8")) if not pinned(line)] == []

    def test_nothing_is_permitted_but_to_single_jobs(self, path: Path) -> None:
        document = read(path.read_text(encoding="utf-8"))
        assert document["permissions"] == {}
        for job in document["jobs"].values():
            assert {"permissions", "timeout-minutes"} <= job.keys()

    def test_a_checkout_leaves_no_credentials_behind(self, path: Path) -> None:
        for step in steps(path):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_no_expression_stands_in_a_script(self, path: Path) -> None:
        assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    jobs = read(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_the_release_uses_no_cache() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "actions/cache" not in text
    assert re.findall(r"^ +enable-cache: (\w+)", text, re.MULTILINE) == ["false"]
    assert not re.search(r"^ +cache:", text, re.MULTILINE)


def test_an_action_is_pinned_to_the_same_commit_everywhere() -> None:
    lines = [
        line for path in (*WORKFLOWS, GUIDE) for line in uses(path.read_text(encoding="utf-8"))
    ]
    foreign = {line for line in lines if not line.startswith("./") and line != PLACEHOLDER}
    names = [line.partition("@")[0] for line in foreign]
    assert {"actions/checkout", "pypa/gh-action-pypi-publish"} <= {*names}
    assert len(names) == len({*names}), foreign


# Recipes


def project(directory: Path, text: str) -> Path:
    """Write a workflow into a repository that has the action at its root."""
    (directory / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", directory)
    path = directory / ".github" / "workflows" / "snippet.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", SNIPPETS.values(), ids=SNIPPETS)
def test_linters_have_nothing_against_a_recipe(tmp_path: Path, text: str) -> None:
    assert PLACEHOLDER in text
    assert [one for one in uses(text) if one != PLACEHOLDER and not pinned(one)] == []
    path = project(tmp_path, text.replace(PLACEHOLDER, f"owner/glcheck@{'0123456789' * 4}"))
    assert zizmor(tmp_path, path) == ""
    assert schema(tmp_path, path) == ""
    path.write_text(text.replace(PLACEHOLDER, "$/"), encoding="utf-8")
    assert jactionlint(tmp_path, path) == ""


# fmt: off
FAULTS = {
    "pin": (zizmor, "- uses: owner/glcheck@main", "unpinned-uses"),
    "injection": (zizmor, "- run: echo ${{ github.head_ref }}", "template-injection"),
    "schema": (schema, "- ran: echo", "steps[0]: 'uses' is a required"),
    "input": (jactionlint, "- {uses: $/, with: {scope: api}}", 'input "scope" is not defined'),
    "output": (jactionlint, "- {id: a, uses: $/}\n      - run: ${{ steps.a.outputs.okay }}",
               'property "okay" is not defined'),
    "script": (jactionlint, "- run: cd $HOME/a b", "SC"),
}
# fmt: on


@pytest.mark.parametrize(("linter", "step", "fault"), FAULTS.values(), ids=FAULTS)
def test_linters_would_find_something(tmp_path: Path, linter: Any, step: str, fault: str) -> None:
    assert fault in linter(tmp_path, project(tmp_path, f"{WRAPPER}    steps:\n      {step}\n"))
