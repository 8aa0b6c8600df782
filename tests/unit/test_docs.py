"""What stands in the repository beside the code agrees with it."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import generate
import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from kit.command import Run

import glcheck
from glcheck.problem import Category
from glcheck.settings import plan
from glcheck.settings.table import SETTINGS

ROOT = generate.ROOT
README = (ROOT / "README.md").read_text("utf-8")
SCHEMA = json.loads((ROOT / "docs" / "schema" / "config-v1.json").read_text("utf-8"))
# Promise, how it is kept, and the tests, each on a line of its own.
ROWS = re.findall(r"(?m)^\| (?!promise |---).*$", (ROOT / "SECURITY.md").read_text("utf-8"))
PROMISES = [row.strip("| ").split(" | ") for row in ROWS]


def test_the_arguments_of_python_are_the_settings_but_for_what_is_printed() -> None:
    printed = {"format", "output", "report", "hook-max-age", "hook-strict"}
    names = {name.replace("-", "_") for name in SETTINGS.keys() - printed}
    assert {*inspect.signature(glcheck.check).parameters} == names | {"only", "environ"}


@pytest.mark.parametrize(
    ("path", "content"), generate.files().items(), ids=lambda value: Path(value).name[:40]
)
def test_what_is_made_from_the_code_is_up_to_date(path: Path, content: str) -> None:
    assert path.read_text("utf-8") == content, "run `make docs`"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_readme_has_every_setting(name: str) -> None:
    assert re.search(rf"^\| `{name}`", README, re.MULTILINE)


@pytest.mark.parametrize("category", Category, ids=lambda category: category.label)
def test_the_readme_has_every_category_with_its_exit_code(category: Category) -> None:
    assert re.search(rf"^\| {category.exit_code} \| .*`{category.label}`", README, re.MULTILINE)


def test_the_readme_shows_the_help_as_it_is(run_alone: Run) -> None:
    assert run_alone("--help", env={"COLUMNS": "100"}).out.strip() in README


POLICIES = {  # each with what glcheck and the schema make of it
    re.findall(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL)[0]: True,
    "": True,
    "min-validity: 14\nmax-validity: 2w\nwarn-validity: auto": True,
    "scopes: api, read_user\nallow: rate-limited": True,
    "allow-http: yes\nhook-strict: false\nhook-max-age: 1h\ntimeout: 5": True,
    "report: [json=a.json]\nproject: 42": True,
    "tokens:\n- {name: a b.c_d-e, token-file: x, group: 7, role: owner, kind: job, url: }": True,
    "scops: [api]": False,
    "version: 2": False,
    "tokens: []": False,
    "tokens: [{scopes: [api]}]": False,
    "tokens: [{name: a, format: json}]": False,
    "tokens: [{name: 'a/b'}]": False,
    "role: boss": False,
    "allow: [everything]": False,
    "scopes: {api: true}": False,
    "url: [https://gitlab.com]": False,
    "config: other.yml": False,
}


@pytest.mark.parametrize(("policy", "sound"), POLICIES.items())
def test_the_schema_accepts_and_refuses_what_glcheck_does(
    tmp_path: Path, policy: str, sound: bool
) -> None:
    (tmp_path / "policy.yml").write_text(policy)
    planned = plan.resolve({"config": [str(tmp_path / "policy.yml")]}, {}, tmp_path)
    schema = jsonschema.Draft202012Validator(SCHEMA)
    assert (not planned.problems, schema.is_valid(yaml.safe_load(policy))) == (sound, sound)


def names_in(path: Path) -> set[str]:
    """Return the names of the tests of a file, as pytest takes them."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        inner, where = [node], path.relative_to(ROOT).as_posix()
        if isinstance(node, ast.ClassDef):
            inner, where = node.body, f"{where}::{node.name}"
        found |= {f"{where}::{one.name}" for one in inner if isinstance(one, ast.FunctionDef)}
    return {name for name in found if "::test_" in name}


TESTS = set().union(*map(names_in, (ROOT / "tests").rglob("test_*.py")))


def unknown(cell: str) -> list[str]:
    """Return what stands in a cell and is no test."""
    return [name for name in cell.split("<br>") if name.strip("`") not in TESTS]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[0])
def test_each_promise_names_the_tests_that_keep_it(promise: list[str]) -> None:
    _, _, tests = promise
    assert unknown(tests) == []


def test_a_promise_without_a_test_would_be_seen() -> None:
    assert len(PROMISES) >= 17
    here = Path(__file__).relative_to(ROOT).as_posix()
    for cell in ("", f"`{here}`", f"`{here}::test_of_nothing`"):
        assert unknown(cell) == [cell]
    this = f"`{here}::test_a_promise_without_a_test_would_be_seen`"
    assert unknown(f"{this}<br>nothing") == ["nothing"]
