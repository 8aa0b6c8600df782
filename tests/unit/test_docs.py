"""What stands in the repository beside the code agrees with it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import generate
import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from kit.command import Run

from glcheck.problem import Category
from glcheck.settings.table import SETTINGS

SCHEMA = json.loads(
    (generate.ROOT / "docs" / "schema" / "config-v1.json").read_text(encoding="utf-8")
)
SECURITY = (generate.ROOT / "SECURITY.md").read_text(encoding="utf-8")
README = (generate.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "content"), generate.files().items(), ids=lambda value: Path(value).name[:40]
)
def test_what_is_made_from_the_code_is_up_to_date(path: Path, content: str) -> None:
    assert path.read_text(encoding="utf-8") == content, "run `make docs`"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_readme_has_every_setting(name: str) -> None:
    assert re.search(rf"^\| `{name}`", README, re.MULTILINE)


@pytest.mark.parametrize("category", Category, ids=lambda category: category.label)
def test_the_readme_has_every_category_with_its_exit_code(category: Category) -> None:
    assert re.search(rf"^\| {category.exit_code} \| .*`{category.label}`", README, re.MULTILINE)


def test_the_readme_shows_the_help_as_it_is(run_alone: Run) -> None:
    assert run_alone("--help", env={"COLUMNS": "100"}).out.strip() in README


def test_the_policy_in_the_readme_is_one(run_alone: Run) -> None:
    policy = re.findall(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL)[0]
    (run_alone.directory / "policy.yml").write_text(policy)
    assert run_alone("config", "--config", "policy.yml").code == 0
    jsonschema.validate(yaml.safe_load(policy), SCHEMA)


@pytest.mark.parametrize(
    "policy",
    [
        "scops: [api]",
        "version: 2",
        "tokens: []",
        "tokens: [{scopes: [api]}]",
        "tokens: [{name: a, format: json}]",
        "tokens: [{name: 'a/b'}]",
        "role: boss",
        "allow: [everything]",
        "scopes: {api: true}",
        "url: [https://gitlab.com]",
        "config: other.yml",
    ],
)
def test_the_schema_of_the_policy_refuses_what_glcheck_refuses(run_alone: Run, policy: str) -> None:
    (run_alone.directory / "policy.yml").write_text(policy)
    assert run_alone("config", "--config", "policy.yml").code == 2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(policy), SCHEMA)


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "min-validity: 14\nmax-validity: 2w\nwarn-validity: auto\nscopes: api, read_user\nallow: rate-limited",
        "allow-http: yes\nhook-strict: false\nhook-max-age: 1h\ntimeout: 5\nreport: [json=a.json]\nproject: 42",
        "tokens:\n- {name: a b.c_d-e, token-file: x, group: 7, role: owner, kind: job, url: null}",
    ],
)
def test_the_schema_of_the_policy_accepts_what_glcheck_accepts(run_alone: Run, policy: str) -> None:
    (run_alone.directory / "policy.yml").write_text(policy)
    assert run_alone("config", "--config", "policy.yml").code == 0
    jsonschema.validate(yaml.safe_load(policy), SCHEMA)


def names_in(path: Path) -> set[str]:
    """Return the names of the tests of a file, as pytest takes them."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = (
            f"tests/{path.name}::{node.name}::"
            if isinstance(node, ast.ClassDef)
            else f"tests/{path.name}::"
        )
        found |= {
            prefix + one.name
            for one in inner
            if isinstance(one, ast.FunctionDef) and one.name[:5] == "test_"
        }
    return found


TESTS = set().union(*(names_in(path) for path in Path(__file__).parent.glob("test_*.py")))
# Promise, how it is kept, and the tests, each on a line of its own.
PROMISES = [
    row.strip("| ").split(" | ")
    for row in re.findall(r"^\| (?!promise |---).*$", SECURITY, re.MULTILINE)
]


def unknown(cell: str) -> list[str]:
    """Return what stands in a cell and is no test."""
    return [name for name in cell.split("<br>") if name.strip("`") not in TESTS]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[0])
def test_each_promise_names_the_tests_that_keep_it(promise: list[str]) -> None:
    _, _, tests = promise
    assert unknown(tests) == []


def test_a_promise_without_a_test_would_be_seen() -> None:
    assert len(PROMISES) >= 17
    assert unknown("") == [""]
    assert unknown("`tests/test_docs.py`") == ["`tests/test_docs.py`"]
    assert unknown("`tests/test_docs.py::test_of_nothing`") == [
        "`tests/test_docs.py::test_of_nothing`"
    ]
    this = "`tests/test_docs.py::test_a_promise_without_a_test_would_be_seen`"
    assert unknown(f"{this}<br>nothing") == ["nothing"]
