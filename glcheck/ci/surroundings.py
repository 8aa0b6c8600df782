"""What the CI environment tells: whether this is the GitHub Action, why a token is not there, who can see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glcheck import address
from glcheck import masking as text

_LARGEST_EVENT = 8 * 1024 * 1024


def in_action(environ: Mapping[str, str]) -> bool:
    """Whether glcheck runs as the GitHub Action: then settings are inputs, and no policy file is looked for."""
    return "GLCHECK_ACTION" in environ


def guide(environ: Mapping[str, str]) -> str:
    """What to read about a category, without its name at the end.

    In the action, the page of its own repository at its own ref. In an action that uses ours, GitHub gives
    the outer one's name for it (actions/runner issue 2473); only the path to our files tells.
    """
    server, action = environ.get("GITHUB_SERVER_URL", ""), environ.get("GLCHECK_ACTION", "")
    path = environ.get("GITHUB_ACTION_PATH", "").replace("\\", "/")
    known = re.fullmatch(r"https?://[\w.:-]+", server) and re.fullmatch(
        r"[\w.-]+/[\w.-]+@[\w./+-]+", action
    )
    repository, _, ref = action.partition("@")
    if not known or ("/_actions/" in path and not path.endswith(f"/_actions/{repository}/{ref}")):
        return "glcheck explain "
    return f"{server}/{repository}/blob/{ref}/docs/categories.md#"


def why_missing(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    """The most probable cause that a variable is not set, and what to do about it; the cause may be empty.

    GitHub: docs "Using secrets in GitHub Actions"; GitLab: doc/ci/variables, protected variables.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return _on_github(environ, variable)
    if environ.get("GITLAB_CI"):
        return _on_gitlab(environ, variable)
    return "", f"Set {variable} to a GitLab token, or name another variable with `token-env`."


def _on_github(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    event = environ.get("GITHUB_EVENT_NAME", "")
    if environ.get("GITHUB_ACTOR") == "dependabot[bot]" and event != "workflow_dispatch":
        return (
            "This run was started by Dependabot, which gets no secrets of the repository.",
            f"Add the secret for {variable} to the Dependabot secrets (Settings, Secrets and variables, "
            "Dependabot), or skip this job with `if: github.actor != 'dependabot[bot]'`.",
        )
    if (
        event.startswith("pull_request")
        and event != "pull_request_target"
        and _is_fork(environ.get("GITHUB_EVENT_PATH"))
    ):
        return (
            "This is a pull request from a fork, and GitHub gives those no secrets.",
            "Run this job on pushes only, or skip it for forks with `if: github.event_name != 'pull_request' || "
            "github.event.pull_request.head.repo.full_name == github.repository`.",
        )
    return (
        "",
        "Look under Settings, Secrets and variables, Actions whether the secret is there under that name, and pass "
        f"it to this step as {variable}. A reusable workflow gets no secrets unless its caller passes them, with "
        "`secrets: inherit` or one by one, and only a job with the right `environment:` gets those of an environment.",
    )


def _is_fork(event_path: str | None) -> bool:
    """Whether the event's pull request comes from another repository; False if that cannot be read."""
    import json  # only for a pull request without a token

    try:
        with Path(event_path or "").open("rb") as stream:
            event: Any = json.loads(stream.read(_LARGEST_EVENT))
        head = event["pull_request"]["head"]["repo"]  # None once the fork was deleted
        return head is None or head["full_name"] != event["repository"]["full_name"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _on_gitlab(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    source, target = (environ.get(f"CI_MERGE_REQUEST_{name}PROJECT_ID") for name in ("SOURCE_", ""))
    if source and target and source != target and environ.get("CI_PROJECT_ID", source) == source:
        project = text.one_line(environ.get("CI_MERGE_REQUEST_PROJECT_PATH") or "group/app")
        return (
            "This is a merge request from a fork, whose pipeline runs in the fork and has its variables.",
            f'Run this job only in the project itself, with `rules: - if: $CI_PROJECT_PATH == "{project}"`.',
        )
    if (
        environ.get("CI_COMMIT_REF_PROTECTED") == "false"
        and environ.get("CI_PIPELINE_SOURCE") == "merge_request_event"
    ):
        return (  # in which CI_COMMIT_REF_PROTECTED says nothing about the branch (gitlab issue 363554)
            "This is a merge request pipeline, and most of those get no protected variables.",
            f"Leave this job out of merge requests with `rules:`, or remove the protection of {variable} "
            f"{_settings(environ)}.",
        )
    if environ.get("CI_COMMIT_REF_PROTECTED") == "false":
        return (
            "This branch or tag is not protected, and GitLab gives protected variables only to those that are.",
            f"Protect the branch or tag, or remove the protection of {variable} {_settings(environ)}.",
        )
    environment = text.one_line(environ.get("CI_ENVIRONMENT_NAME", ""))
    here = (
        f"this job's environment is {environment}"
        if environment
        else "this job has no `environment:`"
    )
    return (
        "",
        f"Add {variable} {_settings(environ)}. If it is there, look at its environment scope: {here}. If it has "
        "another name, say so with `token-env`.",
    )


def where_variables_are(environ: Mapping[str, str]) -> str:
    """A sentence, with a blank before it, on where GitLab CI's variables are; empty elsewhere."""
    return f" Variables are {_settings(environ)}." if environ.get("GITLAB_CI") else ""


def _settings(environ: Mapping[str, str]) -> str:
    place = "under Settings, CI/CD, Variables"
    try:
        return f"{place}: {address.read(environ.get('CI_PROJECT_URL', ''))}/-/settings/ci_cd#js-cicd-variables-settings"
    except ValueError:
        return place


def exposure(environ: Mapping[str, str]) -> str:
    """A note for a job whose log shows its variables (doc/ci/variables, debug logging); empty for others."""
    if environ.get("CI_DEBUG_TRACE", "").lower() not in ("true", "1"):
        return ""
    return "CI_DEBUG_TRACE is on, so the log of this job shows its variables. Turn it off, and delete the log."
