"""What is written for GitHub, held against its own library and its limits."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kit.command import Run
from kit.gitlab_server import GitLab, Token
from kit.node import NODE, install
from kit.policies import GOOD
from kit.reports import HOSTILE, commands

from glcheck.ci.github_actions import annotation

pytestmark = pytest.mark.slow
FRAGMENTS = (
    ":", "::", "%", "%25", "%0A", "%0D", "%3A", "%2C", "#", "##[", "]", "[", ",", "=",
    "\n", "\r", "\t", " ",
    "::error::", "::add-mask::", "##[error]", "title=", "\u2028", "\x85", "\xa0", "\\",
    "\N{SNOWMAN}",
)  # fmt: skip
CHARACTERS = st.text(st.characters(codec="utf-8"), max_size=3)
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | CHARACTERS, max_size=8).map("".join)
FORMS = ["text", "json", "junit", "markdown", "github", "annotations", "dotenv"]
ISSUE = """
import * as core from '@actions/core'
import {readFileSync} from 'node:fs'
for (const [name, title, text] of JSON.parse(readFileSync(0, 'utf8'))) core[name](text, {title})
"""


@pytest.fixture(scope="session")
def core(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give @actions/core, GitHub's own library for workflow commands, installed."""
    cache = getattr(pytestconfig, "cache", None)
    place = cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("core")
    return install(Path(place))


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(texts=st.lists(TEXTS, min_size=40, max_size=60))
def test_annotations_are_escaped_as_githubs_own_library_does(core: Path, texts: list[str]) -> None:
    texts += HOSTILE
    lines = [annotation("warning", "expires-soon", text).removesuffix("\n") for text in texts]
    found = [command for line in lines for command in commands(line)]
    assert {(one.name, *one.properties.items()) for one in found} == {
        ("warning", ("title", "expires-soon"))
    }
    # Read as the runner does and written as GitHub's library does, it is what we wrote.
    read = [(one.name, one.properties["title"], one.data) for one in found]
    command = [str(NODE), "--input-type=module", "--eval", ISSUE]
    wanted = json.dumps(read).encode()
    issued = subprocess.run(command, cwd=core, input=wanted, stdout=subprocess.PIPE, check=True)
    assert issued.stdout.decode().split("\n")[:-1] == lines
    # Beyond that, what the runner or another would take for a command is broken up by blanks.
    for text, one in zip(texts, found, strict=True):
        dangerous = "::" in text or "##[" in text
        assert "".join(one.data.split()) == "".join(text.split())
        assert (one.data == text) != dangerous
        assert "::" not in one.data
        assert "##[" not in one.data


@pytest.mark.parametrize("form", FORMS)
def test_no_format_lets_a_server_write_a_command_into_the_log(
    gitlab: GitLab, run: Run, form: str
) -> None:
    name = "a ##[add-mask]b"
    gitlab.add(Token(GOOD, name=name, scopes=("read_api", "##[group]c")))
    result = run("--format", form, "--scopes", "api", token=GOOD, env={"GITHUB_ACTIONS": "true"})
    assert result.code == 21
    assert "##[" not in result.out
    if form == "json":
        assert result.token["token"]["name"] == name
    if form == "junit":
        assert "##[group]c" in "".join(ElementTree.fromstring(result.out).itertext())


def test_the_summary_of_a_huge_policy_stays_below_githubs_limit(run_alone: Run) -> None:
    count, work = 3000, run_alone.directory
    numbers = range(count)
    entries = [{"name": f"token {n}", "token-env": f"T_{n}", "scopes": ["api"]} for n in numbers]
    (work / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
    result = run_alone("--config", "policy.yml", "--report", "json=all.json", env=env)
    assert result.code == 10
    assert 100_000 < (work / "summary").stat().st_size < 1024 * 1024
    text = (work / "summary").read_bytes().decode()
    assert text.endswith("\n")
    assert text.count("```") % 2 == 0
    shown = {int(number) for number in re.findall(r"token (\d+)", text)}
    assert {0, 1, 2} <= shown
    # What was left out is said, or nothing was left out.
    said = re.search(r"\d+ (more|further|other)|left out|omitted|cut|shortened", text)
    assert said or len(shown) == count
    assert len(json.loads((work / "all.json").read_text())["tokens"]) == count
    assert "category=token-missing\n" in (work / "output").read_text()
