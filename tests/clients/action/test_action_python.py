"""Which Python the action runs on, and where."""

from __future__ import annotations

import re

import pytest
from kit.act import quoted
from kit.act_jobs import Runner, sh, use
from kit.gitlab_server import GitLab
from kit.reports import OUTPUTS

pytestmark = pytest.mark.slow
Inputs = dict[str, str]


def test_a_runner_without_python_is_told_to_set_one_up(bare: Runner, good: Inputs) -> None:
    which = sh("command -v python3 python py || echo none", id="which")
    job = bare(use("used", good), which)
    assert job.output("which").strip() == "none"
    used = job["used"].ends("usage-error")
    assert used.error.properties["title"] == "usage-error"
    assert "actions/setup-python" in used.error.data
    assert used.summary


def test_a_python_that_is_too_old_is_none(bare: Runner, good: Inputs) -> None:
    bare.add_python("python3", "python", version=(3, 9))
    bare.add("py", 'echo "SyntaxError: invalid syntax" >&2', "exit 1")
    error = bare.use(good).ends("usage-error").error
    assert "actions/setup-python" in error.data
    assert "3.10" in error.data


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
    bare: Runner, good: Inputs, name: str, others: tuple[str, str]
) -> None:
    bare.add_uv()
    bare.add_python(name)
    bare.add(others[0], 'echo "Python was not found; run without arguments" >&2', "exit 49")
    old, _ = bare.other_python("old", old=True)
    bare.add(others[1], f'exec {quoted(old)} "$@"')
    bare.use(good).ends("ok")


def test_an_unusable_python_input_is_named(runner: Runner, known: GitLab, good: Inputs) -> None:
    runner.write({"no-program.txt": "hello\n", "directory/file": ""})
    unusable = {
        "nowhere": "/nowhere/python3",
        "unknown": "python-of-nowhere",
        "text": "./no-program.txt",
        "directory": "directory",
        "no_python": "true",
        "echoes": "echo",
        "fails": "false",
        "old": str(runner.other_python("old", old=True)[0]),
        "words": "python3 -I",
    }
    job = runner(*(use(name, good, python=value) for name, value in unusable.items()))
    for name in unusable:
        used = job[name].ends("usage-error")
        assert used.error.properties["title"] == "usage-error"
        assert re.search("input `?python`?", used.error.data), name
        assert used.summary, name
        assert set(used.outputs) == OUTPUTS
    assert known.requests == []


def test_the_python_input_may_be_a_name_or_a_path_from_the_workspace(
    bare: Runner, good: Inputs
) -> None:
    bare.add_uv()
    program, spy = bare.other_python("own")
    own = quoted(program.parents[1])
    bare.add("python-of-ours", f'exec {own}/bin/python "$@"')
    wanted = {
        "relative": ".venv/bin/python",
        "dotted": "./.venv/bin/python3",
        "blank": "with blank/bin/python",
        "named": "python-of-ours",
    }
    copies = sh(f"cp -a {own} .venv && cp -a {own} 'with blank'")
    job = bare(copies, *(use(name, good, python=value) for name, value in wanted.items()))
    for name in wanted:
        job[name].ends("ok")
    assert spy.records


def test_paths_with_blanks_are_no_hindrance(runner: Runner, good: Inputs) -> None:
    # act itself cannot work in such a place: the job moves there, and the stand-in for bash follows.
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
        use("one", good, config="conf/my policy.yml", report="junit=the report.xml"),
        use("two", good),
        sh("ls", id="after"),
    )
    used = job["one"].ends("ok")
    assert " of ours/" in used.outputs["report"]
    assert used.report
    job["two"].ends("ok")
    assert "the report.xml" in job.output("after")
    assert len(runner.spy.installations) == 1
