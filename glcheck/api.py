"""The interface for Python programs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from glcheck import run
from glcheck.report import Report
from glcheck.settings import plan
from glcheck.settings.table import SETTINGS

Many = Iterable[str]  # a text is split at commas and blanks


def check(
    *,
    provider: str = "",
    url: str = "",
    token_env: str = "",
    token_file: str = "",
    scopes: Many = "",
    forbid_scopes: Many = "",
    min_validity: str | int = "",
    warn_validity: str | int = "",
    max_validity: str | int = "",
    project: str | int = "",
    group: str | int = "",
    role: str = "",
    kind: str = "",
    allow: Many = "",
    config: str | os.PathLike[str] = "",
    timeout: str | int = "",
    max_wait: str | int = "",
    ca_file: str | os.PathLike[str] = "",
    allow_http: bool | None = None,
    only: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Check tokens as `glcheck check` does, and return the report.

    The arguments are the settings of the command and take the place of its flags: what is left
    empty comes from the environment (`GLCHECK_…`), the policy file or the default. Durations are
    texts such as "14d", or days; `timeout` and `max_wait` are texts such as "10s", or seconds.
    `only` names tokens of the policy. `environ` is the environment to read settings and tokens
    from, by default that of the process.

    Nothing is printed and nothing is raised for what is wrong with a token, a setting or the
    network: all of it is in the report, as a problem with category, message and fix.
    """
    given: dict[str, object] = dict(locals())
    flags: dict[str, list[str]] = {}
    for name in SETTINGS:
        value = given.get(name.replace("-", "_"))
        if isinstance(value, Iterable) and not isinstance(value, (str, os.PathLike)):
            # What is no text must not be taken for one: None would be a scope of that name.
            flags[name] = [
                item if isinstance(item, str) else f"<{type(item).__name__}>" for item in value
            ]
        elif value not in (None, ""):
            flags[name] = [str(value)]
    environ = os.environ if environ is None else environ
    try:
        directory = Path.cwd()
    except OSError:  # the directory was deleted
        directory = Path(os.sep)
    return run.run(
        plan.resolve(flags, environ, directory, [only] if isinstance(only, str) else list(only)),
        environ,
    )
