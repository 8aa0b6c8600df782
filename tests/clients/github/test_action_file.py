"""What action.yml says, and the README of it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from kit.act import ACTION, ROOT
from kit.act_jobs import INPUTS, Runner, Use
from kit.reports import OUTPUTS

pytestmark = pytest.mark.slow
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def test_the_action_is_composite_uses_no_other_and_has_no_expression_in_a_script() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {step["shell"] for step in STEPS} == {"bash"}
    assert [step for step in STEPS if {"uses", "working-directory"} & {*step}] == []
    assert [step for step in STEPS if "${{" in step["run"]] == []


def test_inputs_and_outputs_are_those_of_the_contract_each_with_a_description() -> None:
    assert (set(ACTION["inputs"]), set(ACTION["outputs"])) == (INPUTS, OUTPUTS)
    for name, about in [*ACTION["inputs"].items(), *ACTION["outputs"].items()]:
        assert len(about["description"]) > 10, name
    for name, about in ACTION["inputs"].items():
        none = {"description": about["description"], "default": "", "required": False}
        assert none | about == none, name
    for name, about in ACTION["outputs"].items():
        assert re.search(rf"outputs(\.{name}\b|\['{name}'\])", about["value"]), name


def test_each_input_is_handed_on_by_env_and_the_token_to_one_step_only() -> None:
    form = r"inputs(?:\.|\[')([\w-]+)"
    handed = [set(re.findall(form, json.dumps(step.get("env", {})))) for step in STEPS]
    assert set().union(*handed) == INPUTS
    assert sum("token" in names for names in handed) == 1
    for step in STEPS:
        assert "inputs.token" not in json.dumps({**step, "env": {}})
        assert "toJSON" not in json.dumps(step)
        assert "secrets" not in json.dumps(step.get("env", {}))


def test_the_example_of_the_readme_is_one_that_runs(runner: Runner) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.S))
    entries = [entry for block in blocks if isinstance(block, list) for entry in block]
    found = [entry["with"] for entry in entries if "glcheck@" in str(entry.get("uses", ""))]
    assert found
    assert set().union(*found) <= INPUTS
    inputs = {name: str(value) for name, value in found[0].items()}
    used = runner(Use("used", {**inputs, **runner.good}))["used"].ends("ok")
    assert datetime.now(timezone.utc).date().isoformat() < used.outputs["expires-at"]
    assert Path(used.outputs["report"]).is_absolute()
