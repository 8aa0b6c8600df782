"""What the documentation says about GitLab CI can be used as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from kit.act import ROOT
from kit.component import INPUTS, SNIPPETS, VARIABLES, complaints, rendered
from kit.gitlab_ci_local import Runner
from kit.reports import CODES

pytestmark = pytest.mark.slow
CONFIG = json.loads((ROOT / "docs" / "schema" / "config-v1.json").read_text(encoding="utf-8"))
POLICIES = [snippet for snippet in SNIPPETS if snippet.startswith("version: 1\n")]
PIPELINES = [snippet for snippet in SNIPPETS if snippet not in POLICIES]
FLOWS: list[dict[str, Any]] = [*map(yaml.safe_load, PIPELINES)]
JOBS = [job for flow in FLOWS for job in flow.values() if isinstance(job, dict)]


def uses(flow: dict[str, Any]) -> list[dict[str, Any]]:
    """The inputs of each use of the component in a pipeline."""
    entries = flow.get("include", [])
    found = entries if isinstance(entries, list) else [entries]
    ours = [entry for entry in found if "/check@" in str(entry.get("component", ""))]
    return [entry.get("inputs", {}) for entry in ours]


def test_every_pipeline_is_valid_by_gitlabs_schema(tmp_path: Path) -> None:
    assert len(PIPELINES) > 5
    texts = {f"{number}.yml": text for number, text in enumerate(PIPELINES)}
    assert complaints(tmp_path, texts) == ""


def test_every_policy_is_one() -> None:
    assert POLICIES
    for snippet in POLICIES:
        jsonschema.validate(yaml.safe_load(snippet), CONFIG)


def test_every_use_of_the_component_can_be_made(refusing: Runner) -> None:
    assert sum(map(len, map(uses, FLOWS))) > 3
    for flow in FLOWS:
        given = uses(flow)
        # The client takes inputs that there are not.
        assert {name for inputs in given for name in inputs} <= set(INPUTS), flow
        if given:
            local = [{"local": "/templates/check.yml", "inputs": inputs} for inputs in given]
            words = ("--list-json", "--no-json-schema-validation")
            ran = refusing({**flow, "include": local}, *words)
            assert ran.code == 0, (flow, ran.printed)
            names = {job["name"] for job in json.loads(ran.out)}
            assert {inputs.get("job-name", "check-token") for inputs in given} <= names


def test_the_job_to_copy_is_the_components() -> None:
    (job,) = (job for job in JOBS if "glcheck check" in str(job.get("script", "")))
    ours = rendered()["check-token"]
    own = dict.fromkeys(("variables", "stage", "image"))
    assert {**job, **own} == {**ours, **own}
    assert set(job["variables"]) <= set(VARIABLES)
    assert job["variables"]["GLCHECK_REQUIREMENT"] == INPUTS["requirement"]["default"]
    assert {type(value) for value in job["variables"].values()} == {str}


def exit_codes(key: str) -> Iterator[set[int]]:
    """The exit codes that a key of each job names."""
    for job in JOBS:
        entry = job.get(key)
        if isinstance(entry, dict) and "exit_codes" in entry:
            codes = entry["exit_codes"]
            yield {*codes} if isinstance(codes, list) else {codes}


def test_20_is_allowed_to_warn_and_what_could_not_be_asked_is_tried_again() -> None:
    allowed, tried = [*exit_codes("allow_failure")], [*exit_codes("retry")]
    assert {20} in allowed
    assert all(codes <= {*CODES.values()} for codes in allowed)
    assert tried
    assert all(codes == {30, 31, 32, 33} for codes in tried)
