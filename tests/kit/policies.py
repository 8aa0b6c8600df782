"""Policy files: written as text, or made of many tokens to be checked in one process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, in_days

GOOD = "glpat-3fZ1p5y4XWcCvMGVlfak"
SELF = "/api/v4/personal_access_tokens/self"
Env = Mapping[str, str]
Settings = Mapping[str, object]
Tokens = Mapping[str, Settings]


def describe(**changes: object) -> dict[str, object]:
    """What GitLab says of a good token."""
    return {
        "id": 42,
        "name": "ci",
        "revoked": False,
        "active": True,
        "created_at": f"{in_days(-30)}T09:30:00.000Z",
        "scopes": ["api"],
        "user_id": 7,
        "expires_at": in_days(100),
        **changes,
    }


def secret(number: int) -> str:
    """One of many well-formed tokens."""
    return f"glpat-{number:020d}"


def write(directory: Path, policy: str | bytes | Settings, name: str = ".glcheck.yml") -> str:
    """Put a policy file there, as text or from its settings (JSON is YAML); return its name."""
    if isinstance(policy, Mapping):
        policy = json.dumps(policy)
    (directory / name).write_bytes(policy if isinstance(policy, bytes) else policy.encode())
    return name


def check(
    run: Run, tokens: Tokens, *args: str, top: Settings | None = None, env: Env | None = None
) -> Result:
    """Check the tokens of a policy; `secret` in a token's settings is what its variable holds."""
    variables, entries = dict(env or {}), []
    for number, (name, settings) in enumerate(tokens.items()):
        own = {key: value for key, value in settings.items() if key != "secret"}
        if "token-env" not in own and "token-file" not in own:
            own["token-env"] = f"TOKEN_{number}"
            variables[f"TOKEN_{number}"] = str(settings.get("secret", GOOD))
        entries.append({"name": name, **own})
    policy = {"version": 1, **(top or {}), "tokens": entries}
    result = run.json("--config", write(run.directory, policy, "policy.yml"), *args, env=variables)
    assert [token["name"] for token in result.report["tokens"]] == list(tokens), result
    whole = (text for text in variables.values() if len(text) >= 12)
    for value in whole:
        assert not value.startswith(("glpat-", "glcbt-")) or value not in result.out + result.err
    return result


def check_each(run: Run, tokens: Tokens, *args: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Check the tokens of a policy; return the report on each by its name."""
    return {token["name"]: token for token in check(run, tokens, *args, **more).report["tokens"]}


def verdicts(run: Run, tokens: Tokens, *args: str, **more: Any) -> dict[str, str]:
    """Check the tokens of a policy; return the category of each by its name."""
    each = check_each(run, tokens, *args, **more).items()
    return {name: token["category"] for name, token in each}


def answered(gitlab: GitLab, answers: Mapping[str, Answer]) -> dict[str, Settings]:
    """Let the server give each answer at a path of its own; return tokens that are asked there."""
    for name, answer in answers.items():
        gitlab.always(answer, path=f"{_path(name)}/")
    return {name: {"url": gitlab.url + _path(name)} for name in answers}


def asked(gitlab: GitLab, name: str) -> int:
    """How many requests came to the path of one of these answers."""
    return sum(request.path.startswith(f"{_path(name)}/") for request in gitlab.requests)


def _path(name: str) -> str:
    return f"/at-{name.replace(' ', '-')}"


def words(token: Mapping[str, Any]) -> str:
    """Everything that the report says about a token in sentences."""
    problems = [f"{problem['message']} {problem['fix']}" for problem in token["problems"]]
    return " ".join([*problems, *token["notes"]])
