"""The component's template as a text: what an input makes of it, and how its script is started."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.act import quoted, tools
from kit.act import script as stand_in
from kit.component import (
    BODY,
    FREE,
    HEAD,
    INPUTS,
    SHORT,
    VARIABLES,
    Verdicts,
    complaints,
    rendered,
    run,
)  # fmt: skip
from kit.gitlab_ci_local import REPORTS

from glcheck import __version__

pytestmark = pytest.mark.slow
SCRIPT: list[str] = rendered()["check-token"]["script"]


def test_the_template_has_nothing_global_and_uses_every_input_once() -> None:
    assert rendered().keys() == {"check-token"}
    assert yaml.safe_load(HEAD).keys() == {"spec"}
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", BODY)) == set(INPUTS)
    assert BODY.count("$[[") == len(INPUTS)


def test_without_inputs_every_variable_is_empty_but_the_version_to_install() -> None:
    own = {"GLCHECK_REQUIREMENT": f"glcheck=={__version__}"}
    assert rendered()["check-token"]["variables"] == dict.fromkeys(VARIABLES, "") | own


def test_no_input_is_spliced_into_the_script() -> None:
    job = yaml.safe_load(BODY.replace("$[[ inputs.job-name ]]", "job"))["job"]
    assert "$[[" not in json.dumps(job["script"])


def test_the_script_is_one_for_any_shell() -> None:
    done = run("shellcheck", "--shell=sh", "--severity=style", "-", text="\n".join(SCRIPT))
    assert (done.returncode, done.stdout) == (0, "")


# How GitLab's runner starts a script (gitlab-runner, shells/bash.go), without and with
# FF_USE_NEW_BASH_EVAL_STRATEGY.
STARTS = {"old": ": | eval {}", "new": ": | (eval {})"}
OPTIONS = "if set -o | grep pipefail >/dev/null; then set -o pipefail; fi\nset -o errexit\n"


def shell(program: str, text: str, directory: Path, path: str) -> int:
    options = {"env": {"PATH": path, "GLCHECK_REQUIREMENT": "glcheck"}, "cwd": directory}
    done = subprocess.run([program], input=text, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]
    return int(done.returncode)


@pytest.mark.parametrize("program", ["bash", "sh"])
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("lines", [SCRIPT, SHORT], ids=["component", "short script of the guide"])
def test_the_exit_code_reaches_gitlab_as_it_is(
    tmp_path: Path, program: str, start: str, lines: list[str]
) -> None:
    text = f"{OPTIONS}{start.format(quoted(chr(10).join(lines)))}\nexit 0\n"
    for code in (0, 2, 10, 20, 33, 70):
        stand_in(tmp_path / "glcheck", f"exit {code}")
        assert shell(program, text, tmp_path, f"{tmp_path}{os.pathsep}{os.defpath}") == code


def test_reports_that_lay_around_are_not_those_of_a_job_that_could_not_check(
    tmp_path: Path,
) -> None:
    for name in REPORTS:
        (tmp_path / name).write_text("GLCHECK_OK=true\n")
    stand_in(tmp_path / "bin" / "python3", "exit 1")
    tools(tmp_path / "bin")
    script = "\n".join(("set -e", *SCRIPT))
    assert shell("/bin/sh", script, tmp_path, str(tmp_path / "bin")) == 1
    assert not [name for name in REPORTS if (tmp_path / name).exists()]


# Text on one line, as GitLab's reader of YAML has it: it takes Zl and Zp for line breaks as well.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))
PIECES = (
    "$(a)", "`", "'", '"', "\\", "#", " #", ": ", "- ", "? ", "---", "...", "|-", ">", "&a", "*a",
    "!!int", "%YAML", "{", "}", "[", "]", ",", "@", "\t", " ", "  ", "~", "null", "yes", "0x1f",
    "1e3", "2026-11-22", "<<", "=", "$[[ inputs.scopes ]]", "$[[", "]]", "\\n", "\N{SNOWMAN}",
    "\N{NO-BREAK SPACE}", "\N{GRINNING FACE}",
)  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=4), max_size=8).map("".join)
NAMES = LINES.map(lambda text: re.sub(r'["\\\t]', "", text)).filter(bool)
FIXED = settings(
    max_examples=100, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@FIXED
@given(values=st.fixed_dictionaries(dict.fromkeys(FREE, LINES)))
def test_any_text_on_one_line_is_the_value_of_its_variable_and_changes_nothing_else(
    values: dict[str, str],
) -> None:
    job, plain = rendered(**values)["check-token"], rendered()["check-token"]
    found = {name: value.strip() for name, value in job["variables"].items()}
    assert found == {name: values.get(of, "").strip() for name, of in VARIABLES.items()}
    assert {**job, "variables": {}} == {**plain, "variables": {}}


@FIXED
@given(name=NAMES)
def test_any_name_that_a_job_may_have_is_its_name(name: str) -> None:
    assert re.search(INPUTS["job-name"]["regex"], name)
    job = rendered()["check-token"] | {"stage": name, "image": name}
    assert rendered(job_name=name, stage=name, image=name) == {name: job}


# GitLab's schema


def test_the_template_and_the_expanded_pipeline_are_valid_by_gitlabs_schema(
    tmp_path: Path, verdicts: Verdicts
) -> None:
    texts = {"head.yml": HEAD, "body.yml": yaml.safe_dump(rendered())}
    assert complaints(tmp_path, texts, verdicts.expanded_file) == ""


def test_the_schema_sees_mistakes(tmp_path: Path) -> None:
    job = rendered()["check-token"]
    mistakes = {
        "report.yml": {"job": {**job, "artifacts": {"reports": {"dotenvs": "a"}}}},
        "inherit.yml": {"job": {**job, "inherit": {"default": ["everything"]}}},
        "input.yml": {"spec": {"inputs": {"a": {"type": "text"}}}},
    }
    found = complaints(tmp_path, {name: yaml.safe_dump(text) for name, text in mistakes.items()})
    assert [name for name in mistakes if name not in found] == []
