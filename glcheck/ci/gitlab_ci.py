"""GitLab CI: what its environment tells (doc/ci/variables/predefined_variables)."""

from __future__ import annotations

from collections.abc import Mapping

from glcheck import address
from glcheck.masking import one_line


def is_here(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitLab CI."""
    return bool(environ.get("GITLAB_CI"))


def why_missing(environ: Mapping[str, str], variable: str) -> tuple[str, str]:
    """Why a variable may not be set, and what to do (doc/ci/variables, protected variables)."""
    source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    target = environ.get("CI_MERGE_REQUEST_PROJECT_ID")
    runs_in_source = environ.get("CI_PROJECT_ID", source) == source
    if source and target and source != target and runs_in_source:
        project = one_line(environ.get("CI_MERGE_REQUEST_PROJECT_PATH") or "group/app")
        return (
            "This is a merge request from a fork, whose pipeline runs in the fork and has its "
            "variables.",
            "Run this job only in the project itself, with "
            f'`rules: - if: $CI_PROJECT_PATH == "{project}"`.',
        )
    unprotected = environ.get("CI_COMMIT_REF_PROTECTED") == "false"
    if unprotected and environ.get("CI_PIPELINE_SOURCE") == "merge_request_event":
        return (  # in which CI_COMMIT_REF_PROTECTED says nothing of the branch (issue 363554)
            "This is a merge request pipeline, and most of those get no protected variables.",
            f"Leave this job out of merge requests with `rules:`, or remove the protection of "
            f"{variable} {_settings(environ)}.",
        )
    if unprotected:
        return (
            "This branch or tag is not protected, and GitLab gives protected variables only to "
            "those that are.",
            f"Protect the branch or tag, or remove the protection of {variable} "
            f"{_settings(environ)}.",
        )
    environment = one_line(environ.get("CI_ENVIRONMENT_NAME", ""))
    here = "this job has no `environment:`"
    if environment:
        here = f"this job's environment is {environment}"
    return (
        "",
        f"Add {variable} {_settings(environ)}. If it is there, look at its environment scope: "
        f"{here}. If it has another name, say so with `token-env`.",
    )


def where_variables_are(environ: Mapping[str, str]) -> str:
    """A sentence, after a blank, on where GitLab CI's variables are; empty elsewhere."""
    return f" Variables are {_settings(environ)}." if is_here(environ) else ""


def _settings(environ: Mapping[str, str]) -> str:
    place = "under Settings, CI/CD, Variables"
    try:
        project = address.read(environ.get("CI_PROJECT_URL", ""))
    except ValueError:
        return place
    return f"{place}: {project}/-/settings/ci_cd#js-cicd-variables-settings"


def exposure(environ: Mapping[str, str]) -> str:
    """A note for a job whose log shows its variables (doc/ci/variables, debug logging), or none."""
    if environ.get("CI_DEBUG_TRACE", "").lower() not in ("true", "1"):
        return ""
    return (
        "CI_DEBUG_TRACE is on, so the log of this job shows its variables. Turn it off, and "
        "delete the log."
    )
