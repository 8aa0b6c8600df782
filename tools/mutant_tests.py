"""A pytest plugin for mutation.py: takes the tests that reach the statement with the mutant, the
best ones first.

It works in a copy of the tree, and beside it in DIRECTORY: the modules as they were, which test
reached which line, and how many mutants each test has noticed so far.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

DIRECTORY = Path(".mutation")
TEST, REACHED, NOTICED = DIRECTORY / "test", DIRECTORY / "reached", DIRECTORY / "noticed"

# Runs at the start of every Python of the copy, the command's own included, while it is taken down
# what is reached.
RECORDER = """
import os, sys, threading
seen = set()
def trace(frame, event, argument):
    place, _, file = frame.f_code.co_filename.partition("/glcheck/")
    if place != PLACE or file not in FILES:
        return None
    if (file, frame.f_lineno) not in seen:
        seen.add((file, frame.f_lineno))
        notes = PLACE + "/.mutation/"
        with open(notes + "test") as test, open(notes + "reached", "a") as reached:
            reached.write(f"{test.read()}\\t{file}\\t{frame.f_lineno}\\n")
    return trace
sys.settrace(trace)
threading.settrace(trace)
"""


def pytest_runtest_setup(item: pytest.Item) -> None:
    TEST.write_text(item.nodeid)
    if "recorder" in sys.modules:  # what tests call in this process is reached by each of them
        sys.modules["recorder"].seen.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        where = _mutant()
        NOTICED.write_text(
            json.dumps(_noticed() + Counter([report.nodeid, f"{report.nodeid} {where}"]))
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    noticed, where = _noticed(), _mutant()
    items.sort(key=lambda item: (-noticed[f"{item.nodeid} {where}"], -noticed[item.nodeid]))
    if where:
        file, lines = where
        reached = [line.split("\t") for line in REACHED.read_text().splitlines()]
        here = {test for test, module, number in reached if module == file and int(number) in lines}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in here])
        items[:] = [item for item in items if item.nodeid in here]


def _noticed() -> Counter[str]:
    return Counter(json.loads(NOTICED.read_text()) if NOTICED.exists() else {})


def _mutant() -> tuple[str, range] | None:
    """The file with the mutant, and the lines of the statement that it is in, up to what follows an
    `if` or `for`.

    None if it is in no function, so that every test reaches it.
    """
    for whole in DIRECTORY.rglob("*.py"):
        name = whole.relative_to(DIRECTORY).as_posix()
        text, now = whole.read_text(), (Path("glcheck") / name).read_text()
        if text != now:
            lines = zip(text.splitlines(), now.splitlines(), strict=False)
            line = next(number for number, (one, other) in enumerate(lines, 1) if one != other)
            statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
            around = [s for s in statements if s.lineno <= line <= (s.end_lineno or 0)]
            inmost = max(around, key=lambda statement: statement.lineno)
            if not any(
                isinstance(statement, ast.FunctionDef)
                for statement in around
                if statement is not inmost
            ):
                return None
            end = getattr(inmost, "body", [inmost])[0]
            last = end.lineno if end is not inmost else inmost.end_lineno or 0
            return name, range(inmost.lineno, last + 1)
    return None
