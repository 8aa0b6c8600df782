"""Where glcheck runs: what the runner's environment tells, and how its log is written safely."""

from __future__ import annotations

from collections.abc import Mapping

from glcheck.ci import github_actions, gitlab_ci


def why_missing(environ: Mapping[str, str], variable: str, provider: str) -> tuple[str, str]:
    """The most probable cause that a variable is not set, and what to do; the cause may be empty.

    `provider` is whose token it should hold, as a person calls it.
    """
    if github_actions.is_here(environ):
        return github_actions.why_missing(environ, variable)
    if gitlab_ci.is_here(environ):
        return gitlab_ci.why_missing(environ, variable)
    fix = f"Set {variable} to a {provider} token, or name another variable with `token-env`."
    return "", fix
