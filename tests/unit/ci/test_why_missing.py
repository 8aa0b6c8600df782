"""The most probable cause that a variable is not set, by what the CI environment tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from glcheck import ci

PULL = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_ACTOR": "someone"}
PUSH = PULL | {"GITHUB_EVENT_NAME": "push"}
LAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "group/app", "CI_COMMIT_REF_PROTECTED": "true"}
UNPROTECTED = LAB | {"CI_COMMIT_REF_PROTECTED": "false", "CI_SERVER_URL": "http://127.0.0.1:1"}


def pull_request(head: object, base: str = "our/app") -> str:
    return json.dumps({"pull_request": {"head": {"repo": head}}, "repository": {"full_name": base}})


OURS, THEIRS = pull_request({"full_name": "our/app"}), pull_request({"full_name": "their/app"})
ODD = (
    pull_request("their/app"),
    "[]",
    "null",
    "{",
    "",
    '{"pull_request": []}',
    "[" * 100_000,
    None,
)
SECRETS = (
    "A reusable workflow gets no secrets unless its caller passes them, with `secrets: inherit`"
)
# fmt: off
CASES = {  # what is told and what is not
    "fork": (PULL, THEIRS, "pull request from a fork", "Dependabot"),
    "fork that was deleted": (PULL, pull_request(None), "pull request from a fork", "Dependabot"),
    "no fork": (PULL, OURS, SECRETS, "fork"),
    **{f"odd event {number}": (PULL, event, SECRETS, "fork") for number, event in enumerate(ODD)},
    "absent event": (PULL | {"GITHUB_EVENT_PATH": "/no/such/event.json"}, None, SECRETS, "fork"),
    "directory for an event": (PULL | {"GITHUB_EVENT_PATH": "/"}, None, SECRETS, "fork"),
    "Dependabot": (PULL | {"GITHUB_ACTOR": "dependabot[bot]"}, OURS, "Dependabot secrets", "fork"),
    "reusable workflow": (PUSH, "{}", SECRETS, "fork"),
    "unprotected": (UNPROTECTED, None, "branch or tag is not protected", "environment"),
    "protected": (LAB, None, "environment scope", "protect"),
    "environment": (LAB | {"CI_ENVIRONMENT_NAME": "prod"}, None, "environment is prod", "protect"),
    "no CI": ({}, None, "Set SOME_TOKEN to a GitLab token", "protect"),
}
# fmt: on


@pytest.mark.parametrize(("environ", "event", "told", "not_told"), CASES.values(), ids=CASES)
def test_why_a_variable_is_missing(
    tmp_path: Path, environ: Mapping[str, str], event: str | None, told: str, not_told: str
) -> None:
    if event is not None:
        (tmp_path / "event.json").write_text(event)
        environ = {**environ, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    said = " ".join(ci.why_missing(environ, "SOME_TOKEN", "GitLab"))
    assert (told.lower() in said.lower(), not_told.lower() in said.lower()) == (True, False)
