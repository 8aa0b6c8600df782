"""GitHub Actions: what its environment tells, and how to write to a log that its runner obeys.

Workflow commands: docs.github.com "Workflow commands for GitHub Actions" and actions/runner's
ActionCommand, which obeys `::name::` at the start of a line, also after blanks, and `##[name]`
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glcheck.problem import GUIDE

_LARGEST_EVENT = 8 * 1024 * 1024


def is_here(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def in_action(environ: Mapping[str, str]) -> bool:
    """Whether this is our own action: settings are inputs, and no policy file is looked for."""
    return "GLCHECK_ACTION" in environ


def guide(environ: Mapping[str, str]) -> str:
    """What to read about a category, without its name at the end.

    In the action, the page of its own repository at its own ref. In an action that uses ours,
    GitHub gives the outer one's name for it (actions/runner issue 2473); only the path to our
    files tells.
    """
    if not in_action(environ):
        return GUIDE
    server, action = environ.get("GITHUB_SERVER_URL", ""), environ.get("GLCHECK_ACTION", "")
    path = environ.get("GITHUB_ACTION_PATH", "").replace("\\", "/")
    known = re.fullmatch(r"https?://[\w.:-]+", server)
    known = known and re.fullmatch(r"[\w.-]+/[\w.-]+@[\w./+-]+", action)
    repository, _, ref = action.partition("@")
    if not known or ("/_actions/" in path and not path.endswith(f"/_actions/{repository}/{ref}")):
        return GUIDE
    return f"{server}/{repository}/blob/{ref}/docs/categories.md#"


def why_missing(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    """Why a variable may not be set, and what to do (docs, "Using secrets in GitHub Actions")."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    if environ.get("GITHUB_ACTOR") == "dependabot[bot]" and event != "workflow_dispatch":
        return (
            "This run was started by Dependabot, which gets no secrets of the repository.",
            f"Add the secret for {variable} to the Dependabot secrets (Settings, Secrets and "
            "variables, Dependabot), or skip this job with "
            "`if: github.actor != 'dependabot[bot]'`.",
        )
    of_a_pull_request = event.startswith("pull_request") and event != "pull_request_target"
    if of_a_pull_request and _is_fork(environ.get("GITHUB_EVENT_PATH")):
        return (
            "This is a pull request from a fork, and GitHub gives those no secrets.",
            "Run this job on pushes only, or skip it for forks with "
            "`if: github.event_name != 'pull_request' || "
            "github.event.pull_request.head.repo.full_name == github.repository`.",
        )
    return (
        "",
        "Look under Settings, Secrets and variables, Actions whether the secret is there under "
        f"that name, and pass it to this step as {variable}. A reusable workflow gets no secrets "
        "unless its caller passes them, with `secrets: inherit` or one by one, and only a job "
        "with the right `environment:` gets those of an environment.",
    )


def _is_fork(event_path: str | None) -> bool:
    """Whether the event's pull request comes from another repository; False if nothing tells."""
    import json  # only for a pull request without a token

    try:
        with Path(event_path or "").open("rb") as stream:
            event: Any = json.loads(stream.read(_LARGEST_EVENT))
        head = event["pull_request"]["head"]["repo"]  # None once the fork was deleted
        return head is None or head["full_name"] != event["repository"]["full_name"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def defused(text: str) -> str:
    """The text, so that neither the runner nor another program that runs actions obeys it."""
    return re.sub(r":(?=:)", ": ", text.replace("##[", "## ["))


def annotation(severity: str, title: str, text: str) -> str:
    """The command that shows the text beside the run; the title is ours and needs no escaping."""
    text = defused(text)
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(character, code)
    return f"::{severity} title={title}::{text}"
