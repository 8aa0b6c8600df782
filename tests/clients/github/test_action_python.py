"""Which Python the action runs on, and where."""

from __future__ import annotations

import re

import pytest
from kit.act import Spy, interpreter, old_python, quoted
from kit.act_jobs import Runner, sh
from kit.reports import OUTPUTS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("names", [(), ("python3", "python")], ids=["none", "too old"])
def test_a_runner_without_a_usable_python_is_told_to_set_one_up(
    bare: Runner, names: tuple[str, ...]
) -> None:
    for name in names:
        old_python(bare.bin / name)
        bare.add("py", 'echo "SyntaxError: invalid syntax" >&2', "exit 1")
    used = bare.use().ends("usage-error")
    assert used.error.properties["title"] == "usage-error"
    assert "actions/setup-python" in used.error.data
    assert "3.10" in used.error.data
    assert used.summary


# The same name twice on the PATH, then each name behind two others: what Windows has in place of
# Python, and one that is too old.
@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("python3", ("py", "python3")),
        ("python3", ("python", "py")),
        ("python", ("python3", "py")),
        ("py", ("python3", "python")),
    ],
)
def test_python_is_found_under_each_of_its_names_behind_unusable_ones(
    bare: Runner, name: str, others: tuple[str, str]
) -> None:
    bare.add_uv()
    bare.add_python(name)
    bare.add(others[0], 'echo "Python was not found; run without arguments" >&2', "exit 49")
    old_python(bare.bin / others[1])
    bare.use().ends("ok")


def test_an_unusable_python_input_is_named(runner: Runner) -> None:
    runner.write({"no-program.txt": "hello\n", "directory/file": ""})
    unusable = {
        "nowhere": "/nowhere/python3",
        "unknown": "python-of-nowhere",
        "text": "./no-program.txt",
        "directory": "directory",
        "no_python": "true",
        "echoes": "echo",
        "fails": "false",
        "old": str(old_python(runner.directory / "old" / "python3")),
        "words": "python3 -I",
    }
    job = runner(*(runner.step(name, python=value) for name, value in unusable.items()))
    for name in unusable:
        used = job[name].ends("usage-error")
        assert used.error.properties["title"] == "usage-error"
        assert re.search("input `?python`?", used.error.data), name
        assert used.summary, name
        assert set(used.outputs) == OUTPUTS
    assert runner.gitlab.requests == []


def test_the_python_input_may_be_a_name_or_a_path_from_the_workspace(bare: Runner) -> None:
    bare.add_uv()
    spy = Spy(bare.directory / "own-spy")
    own = quoted(interpreter(bare.directory / "own", spy).parents[1])
    bare.add("python-of-ours", f'exec {own}/bin/python "$@"')
    wanted = {
        "relative": ".venv/bin/python",
        "dotted": "./.venv/bin/python3",
        "blank": "with blank/bin/python",
        "named": "python-of-ours",
    }
    copies = sh(f"cp -a {own} .venv && cp -a {own} 'with blank'")
    job = bare(copies, *(bare.step(name, python=value) for name, value in wanted.items()))
    for name in wanted:
        job[name].ends("ok")
    assert spy.records


def test_paths_with_blanks_are_no_hindrance(runner: Runner) -> None:
    # act itself cannot work in such a place: the job moves there, and the stand-in for bash
    # follows.
    runner.before_bash = (
        'moved="${GITHUB_WORKSPACE} of ours"',
        'if [ -d "$moved" ]; then',
        '  cd "$moved"',
        '  GITHUB_ACTION_PATH="$moved${GITHUB_ACTION_PATH#"$GITHUB_WORKSPACE"}"',
        '  GITHUB_WORKSPACE="$moved" RUNNER_TEMP="$RUNNER_TEMP of ours"',
        '  mkdir -p "$RUNNER_TEMP"',
        "  export GITHUB_ACTION_PATH GITHUB_WORKSPACE RUNNER_TEMP",
        "fi",
    )
    runner.write({"conf/my policy.yml": "version: 1\nscopes: [api]\n"})
    job = runner(
        sh('cp -a "$GITHUB_WORKSPACE" "$GITHUB_WORKSPACE of ours"'),
        runner.step("one", config="conf/my policy.yml", report="junit=the report.xml"),
        runner.step("two"),
        sh("ls", id="after"),
    )
    used = job["one"].ends("ok")
    assert " of ours/" in used.outputs["report"]
    assert used.report
    job["two"].ends("ok")
    assert "the report.xml" in job.output("after")
    assert len(runner.spy.installations) == 1
