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
from kit.act_jobs import INPUTS, Runner
from kit.reports import OUTPUTS

pytestmark = pytest.mark.slow
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def test_the_action_is_composite_and_uses_no_other() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert {step["shell"] for step in STEPS} == {"bash"}
    assert [step for step in STEPS if "uses" in step] == []


def test_no_expression_stands_in_a_script_of_the_action() -> None:
    assert [step for step in STEPS if "${{" in step["run"] or "working-directory" in step] == []


def test_inputs_are_the_settings_each_with_a_description_and_no_default_of_its_own() -> None:
    assert set(ACTION["inputs"]) == INPUTS
    for name, about in ACTION["inputs"].items():
        assert len(about["description"]) > 10, name
        assert about.get("default", "") == "", name
        assert not about.get("required", False), name
        assert set(about) <= {"description", "required", "default"}


def test_outputs_are_those_of_the_contract_each_with_a_description() -> None:
    assert set(ACTION["outputs"]) == OUTPUTS
    for name, about in ACTION["outputs"].items():
        assert len(about["description"]) > 10, name
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


def test_the_example_of_the_readme_is_one_that_runs(runner: Runner, good: dict[str, str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.S))
    entries = [entry for block in blocks if isinstance(block, list) for entry in block]
    found = [entry["with"] for entry in entries if "glcheck@" in str(entry.get("uses", ""))]
    assert found
    assert set().union(*found) <= INPUTS
    used = runner.use({name: str(value) for name, value in found[0].items()} | good).ends("ok")
    assert datetime.now(timezone.utc).date().isoformat() < used.outputs["expires-at"]
    assert Path(used.outputs["report"]).is_absolute()
