"""Breaks the modules that make a verdict, one place at a time, and looks whether a test notices.

`make mutation`. cosmic-ray changes one operator, comparison, condition, number or loop at a time,
in copies of the tree, and runs the tests of verdicts that reach it. What survives has to be
explained in mutation.yml; mutation.md is made from both. What was found is kept in build/ until
code or tests change, so that an explanation can be added in no time.

`python tools/mutation.py NAME ...` takes only these modules, tells what survives, and does not
write the page.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import mutant_tests
import yaml

ROOT = Path(__file__).parent.parent
COSMIC_RAY = "cosmic-ray==8.7.0"  # in an environment of its own: it brings along two dozen packages
KEPT = ROOT / "build/mutation"
COPIES = 2
LEAST = 94  # per cent
SECONDS = 90  # for all tests of one mutant, which take a part of that: a longer run does not end
MODULES = (
    "judgement",
    "providers/refusals",
    "providers/gitlab/ask",
    "providers/gitlab/answers",
    "providers/gitlab/refusals",
    "providers/gitlab/scopes",
    "providers/gitlab/roles",
)
TESTS = (
    "tests/unit/test_judgement*.py",
    "tests/unit/providers",
    "tests/command/verdicts",
    "tests/command/requirements",
)
# Tests in these places about waiting, proxies and certificates, which take seconds and are none of
# these modules' business.
ELSEWHERE = (
    "retried", "survived", "retry_after", "does_not_fit", "max_wait", "timeout", "slow_answer",
    "proxy", "interrupted", "certificate", "authority", "bundle", "ca_file", "break_off",
    "odd_http", "without_end", "time_is_over", "allow_excuses", "exit_code",
)  # fmt: skip
# Compiled code is told apart by the second and the size of its source, which two mutants can have
# in common.
COMMAND = """
find glcheck -name __pycache__ -exec rm -rf {{}} +
export PYTHONPATH=tools
exec .venv/bin/python -m pytest -x -p no:cacheprovider -p mutant_tests --basetemp .tmp \\
  -k 'not ({skip})' {tests}
"""
ENVIRON = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
CONFIG = """
[cosmic-ray]
module-path = "glcheck/{name}.py"
timeout = {seconds}
excluded-modules = []
test-command = "sh tests.sh"
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = ["core/ReplaceBinaryOperator_BitOr_.*"]
"""
HEAD = """\
# Mutation testing

`make mutation` wrote this page. It breaks the modules that make a verdict, one place at a time, and
looks whether a test notices. {tool} changes one operator, comparison, condition, number, loop or
`except` at a time. It leaves texts alone, so that the wording of messages counts neither way.
{skipped} changes of a `|` were left out: here it stands in annotations only, which are never
evaluated.

A mutant is killed when a test fails or does not end. The tests are those of judgement and of
providers in `tests/unit`, and those in `tests/command/verdicts` and `tests/command/requirements`,
without those about waiting, proxies and certificates, as far as they reach the statement with the
mutant. Each survivor is listed below with the reason why it does no harm.

| module | mutants | killed | of these, did not end | survived | share killed |
| --- | --- | --- | --- | --- | --- |
"""


class Mutant(NamedTuple):
    """A change of one module.

    As lines of source without their indentation, and what became of it.
    """

    line: int
    before: str
    after: str
    killed: bool
    ended: bool


Change = tuple[str, str, str]  # module, line before, line after


class Outcome(NamedTuple):
    """What became of one module's mutants."""

    name: str
    mutants: list[Mutant]
    skipped: int

    @property
    def survivors(self) -> list[Mutant]:
        """The mutants that no test noticed, in the order of the file."""
        return sorted(mutant for mutant in self.mutants if not mutant.killed)

    def row(self) -> str:
        """The module's row of the table."""
        return _row(f"`glcheck/{self.name}.py`", self.mutants)


def _row(name: str, mutants: list[Mutant]) -> str:
    killed = sum(mutant.killed for mutant in mutants)
    endless = sum(not mutant.ended for mutant in mutants)
    left = len(mutants) - killed
    return (
        f"| {name} | {len(mutants)} | {killed} | {endless} | {left} | {_share(mutants):.1f} % |\n"
    )


def _share(mutants: list[Mutant]) -> float:
    return 100 * sum(mutant.killed for mutant in mutants) / len(mutants)


def copy(place: Path) -> None:
    """Copy the tree, with a virtual environment in which the command is that of the copy."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in subprocess.run(
        listed, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0"):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    venv.create(place / ".venv", symlinks=True)
    (site,) = place.glob(".venv/lib/python*/site-packages")
    # What lies there is found, but its own .pth file, which names the tree that was copied, is not
    # read.
    (site / "copy.pth").write_text(f"{place}\n{sysconfig.get_path('purelib')}\n")
    command = Path(sys.executable).with_name("glcheck").read_text()
    (place / ".venv/bin/glcheck").write_text(command.replace(sys.prefix, str(place / ".venv")))
    (place / ".venv/bin/glcheck").chmod(0o755)
    (place / "tests.sh").write_text(
        COMMAND.format(skip=" or ".join(ELSEWHERE), tests=" ".join(TESTS))
    )


def take_down_lines(place: Path) -> None:
    """Run the tests without a mutant, which they have to pass, and see which reaches which line."""
    site = next(place.glob(".venv/lib/python*/site-packages"))
    files = [f"{name}.py" for name in MODULES]
    (site / "recorder.py").write_text(
        f"PLACE, FILES = {str(place)!r}, {files}\n{mutant_tests.RECORDER}"
    )
    (site / "recorder.pth").write_text("import recorder\n")
    for file in files:
        whole = place / mutant_tests.DIRECTORY / file
        whole.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / "glcheck" / file, whole)
    (place / mutant_tests.TEST).touch()
    if subprocess.run(("sh", "tests.sh"), cwd=place, env=ENVIRON, check=False).returncode:
        sys.exit("The tests fail without a mutant, so that they could prove nothing.")
    (site / "recorder.pth").unlink()


def mutate(name: str, place: Path) -> Outcome:
    """Try all mutants of one module in that copy."""
    plain = name.replace("/", "-")
    config, session = place / f"{plain}.toml", f"{plain}.sqlite"
    config.write_text(CONFIG.format(name=name, seconds=SECONDS))

    def run(*command: str) -> str:
        uv = str(Path(sys.executable).with_name("uv"))
        words = (uv, "tool", "run", "--quiet", "--from", COSMIC_RAY, *command)
        done = subprocess.run(
            words, cwd=place, env=ENVIRON, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    run("cosmic-ray", "init", config.name, session)
    run("cr-filter-operators", session, config.name)
    run("cosmic-ray", "exec", config.name, session)
    results = [json.loads(line) for line in run("cosmic-ray", "dump", session).splitlines()]
    mutants = [
        _mutant(work, result) for work, result in results if result["worker_outcome"] != "skipped"
    ]
    outcome = Outcome(name, mutants, len(results) - len(mutants))
    print(outcome.row(), end="", flush=True)
    return outcome


def _mutant(work: Mapping[str, Any], result: Mapping[str, str]) -> Mutant:
    if result["worker_outcome"] != "normal" or result["test_outcome"] not in ("killed", "survived"):
        sys.exit(f"cosmic-ray could not try {work}: {result}")
    (mutation,) = work["mutations"]
    lines = result["diff"].splitlines()
    before, after = (
        " ".join(
            line[1:].strip()
            for line in lines
            if line.startswith(sign) and not line.startswith(sign * 3)
        )
        for sign in "-+"
    )
    line = mutation["start_pos"][0]
    return Mutant(
        line, before, after, result["test_outcome"] == "killed", result["output"] != "timeout"
    )


def explanations() -> Iterator[tuple[Change, str]]:
    """Why a survivor does no harm: module, line and mutated line, with the reason."""
    for name, entries in yaml.safe_load(
        (ROOT / "tools/mutation.yml").read_text(encoding="utf-8")
    ).items():
        for entry in entries:
            before = ""
            for line in entry["change"].splitlines():
                if line.startswith("-"):
                    before = line[1:].strip()
                else:
                    yield (name, before, line[1:].strip()), " ".join(entry["why"].split())


def page(outcomes: list[Outcome], reasons: Mapping[Change, str]) -> str:
    """What tools/mutation.md has to say."""
    every = [mutant for outcome in outcomes for mutant in outcome.mutants]
    text = HEAD.format(
        tool=COSMIC_RAY.replace("==", " "), skipped=sum(outcome.skipped for outcome in outcomes)
    )
    text += "".join(outcome.row() for outcome in outcomes) + _row("all", every)
    for outcome in outcomes:
        if outcome.survivors:
            text += f"\n## What survives in glcheck/{outcome.name}.py\n"
        told = ""
        for mutant in outcome.survivors:
            reason = reasons[outcome.name, mutant.before, mutant.after]
            text += f"\n{reason}\n\n" if reason != told else ""
            text += f"- {outcome.name}.py:{mutant.line}: `{mutant.before}` as `{mutant.after}`\n"
            told = reason
    return text


def unions_that_run(name: str) -> list[int]:
    """Lines with a `|` outside annotations, whose mutants must not be left out."""
    tree = list(ast.walk(ast.parse((ROOT / f"glcheck/{name}.py").read_text(encoding="utf-8"))))
    notes = [getattr(node, field, None) for node in tree for field in ("annotation", "returns")]
    inside = {inner for note in notes if note for inner in ast.walk(note)}
    return [
        n.lineno
        for n in tree
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr) and n not in inside
    ]


def _state() -> str:
    """What the results depend on, in short: what is mutated, and what it is tested by."""
    mutated = {ROOT / f"glcheck/{name}.py" for name in MODULES}
    places = [path for place in (*TESTS, "tests/kit") for path in ROOT.glob(place)]
    tests = {path for place in places for path in (place, *place.rglob("*.py")) if path.is_file()}
    digest = hashlib.sha256()
    for path in sorted(mutated | tests):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def try_all(names: list[str]) -> list[Outcome]:
    """Try all mutants of these modules."""
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(COPIES) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        places = [Path(directory).resolve() / str(number) for number in range(COPIES)]
        for place in places:
            copy(place)
            free.put(place)
        take_down_lines(places[0])
        for place in places[1:]:
            shutil.copytree(places[0] / mutant_tests.DIRECTORY, place / mutant_tests.DIRECTORY)

        def one(name: str) -> Outcome:
            place = free.get()
            try:
                return mutate(name, place)
            finally:
                free.put(place)

        return list(pool.map(one, names))


def main(only: list[str]) -> None:
    """Try all mutants, of these modules or of all, and tell or write what became of them."""
    for name in MODULES:
        if unions_that_run(name):
            sys.exit(
                f"glcheck/{name}.py has a `|` that runs, in lines {unions_that_run(name)}: "
                "mutate it too."
            )
    kept = {name: KEPT / f"{name.replace('/', '-')}-{_state()}.json" for name in only or MODULES}
    if new := [name for name, file in kept.items() if not file.exists()]:
        KEPT.mkdir(parents=True, exist_ok=True)
        for outcome in try_all(new):
            kept[outcome.name].write_text(json.dumps(outcome))
    outcomes = []
    for file in kept.values():
        name, mutants, skipped = json.loads(file.read_text())
        outcomes.append(Outcome(name, [Mutant(*mutant) for mutant in mutants], skipped))
    reasons = dict(explanations())
    found = {
        (o.name, mutant.before, mutant.after): mutant for o in outcomes for mutant in o.survivors
    }
    for (name, before, after), mutant in found.items():
        if (name, before, after) not in reasons:
            print(
                f"survives without a reason: glcheck/{name}.py:{mutant.line}\n- {before}\n+ {after}"
            )
    for name, before, after in reasons:
        if (name, before, after) not in found and name in (only or MODULES):
            print(f"explained, but survives no more: {name}\n- {before}\n+ {after}")
    if not found.keys() <= reasons.keys():
        sys.exit(
            "Kill these with a test, simplify the code, or say in tools/mutation.yml why they do "
            "no harm."
        )
    if not only:
        (ROOT / "tools/mutation.md").write_text(page(outcomes, reasons), encoding="utf-8")
    share = _share([mutant for outcome in outcomes for mutant in outcome.mutants])
    if share < LEAST:
        sys.exit(f"{share:.1f} % of the mutants are killed, which is less than {LEAST} %.")


if __name__ == "__main__":
    main(sys.argv[1:])
