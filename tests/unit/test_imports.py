"""The rooms of the house, and which of them may know of which: CONTRIBUTING.md has the picture."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from glcheck import providers

PACKAGE = Path(__file__).parents[2] / "glcheck"
FILES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
GROUND = {"problem", "policy", "description", "report", "durations", "address", "version"}
# Where the name of a CI system stands, which can be that of a provider as well.
RUNNERS = ("glcheck.ci", "glcheck.reports.gitlab_ci", "glcheck.reports.github_actions")


def imported(module: str) -> set[str]:
    """All that a module imports, wherever that stands in it; of glcheck, the modules."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{name.name}" for name in node.names}
            found |= (below & FILES.keys()) or {node.module}
    return found


IMPORTED = {module: imported(module) for module in FILES}


def within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def reached(module: str) -> set[str]:
    """All that comes with a module, directly or not."""
    found: set[str] = set()
    todo = [module]
    while todo:
        new = IMPORTED.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def test_no_import_goes_in_a_circle() -> None:
    assert [*TopologicalSorter(IMPORTED).static_order()]  # raises CycleError, which names it


@pytest.mark.parametrize("module", sorted(GROUND))
def test_a_value_on_the_ground_imports_nothing_above_it(module: str) -> None:
    ours = {name for name in IMPORTED[f"glcheck.{module}"] if within(name, "glcheck")}
    assert ours <= {f"glcheck.{name}" for name in GROUND}


@pytest.mark.parametrize("module", sorted(m for m in FILES if not within(m, "glcheck.providers")))
def test_a_provider_is_reached_through_the_table_of_providers_alone(module: str) -> None:
    assert not {name for name in IMPORTED[module] if name.startswith("glcheck.providers.")}


@pytest.mark.parametrize(
    "module", sorted(m for m in FILES if not within(m, "glcheck.providers", *RUNNERS))
)
def test_the_core_names_no_provider(module: str) -> None:
    text = re.sub(r"(?i)gitlab[_ ]ci|github[_ ]actions?", "", FILES[module].read_text("utf-8"))
    names = re.compile("|".join(providers.NAMES), re.IGNORECASE)
    assert not names.findall(text)


@pytest.mark.parametrize("name", providers.NAMES)
def test_the_face_of_a_provider_talks_to_nobody(name: str) -> None:
    foreign = {"requests", "urllib3", "socket", "ssl", f"glcheck.providers.{name}.ask"}
    assert not reached(f"glcheck.providers.{name}") & foreign


def test_what_judges_has_no_clock_no_network_and_no_environment() -> None:
    assert IMPORTED["glcheck.judgement"] <= {
        "__future__",
        "datetime",  # for a type: now is an argument
        "typing",
        "glcheck.description",
        "glcheck.durations",
        "glcheck.policy",
        "glcheck.problem",
        "glcheck.providers",
    }
    assert ".now(" not in FILES["glcheck.judgement"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("room", "stranger"),
    [
        ("glcheck.transport", "glcheck.providers"),
        ("glcheck.transport", "glcheck.settings"),
        ("glcheck.reports", "glcheck.settings"),
        ("glcheck.providers", "glcheck.settings"),
        ("glcheck.settings", "glcheck.commands"),
        ("glcheck.settings", "glcheck.transport"),
    ],
)
def test_a_room_does_not_know_of(room: str, stranger: str) -> None:
    known = set().union(*(IMPORTED[module] for module in FILES if within(module, room)))
    assert not {module for module in known if within(module, stranger)}
