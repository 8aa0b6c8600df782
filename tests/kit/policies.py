"""Many checks in one process: policies of many tokens, and servers that answer differently at every path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, in_days

GOOD = "glpat-3fZ1p5y4XWcCvMGVlfak"
SELF = "/api/v4/personal_access_tokens/self"
Settings = Mapping[str, object]


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


def check(
    run: Run,
    tokens: Mapping[str, Settings],
    *args: str,
    top: Settings | None = None,
    env: Mapping[str, str] | None = None,
) -> Result:
    """Check the tokens of a policy; `secret` in the settings is the value that the token's variable gets."""
    variables, entries = dict(env or {}), []
    for number, (name, settings) in enumerate(tokens.items()):
        own = {key: value for key, value in settings.items() if key != "secret"}
        if "token-env" not in own and "token-file" not in own:
            own["token-env"] = f"TOKEN_{number}"
            variables[f"TOKEN_{number}"] = str(settings.get("secret", GOOD))
        entries.append({"name": name, **own})
    # JSON is YAML.
    policy = run.directory / "policy.yml"
    policy.write_text(json.dumps({"version": 1, **(top or {}), "tokens": entries}))
    result = run.json("--config", policy.name, *args, env=variables)
    assert [token["name"] for token in result.report["tokens"]] == list(tokens), result
    for value in variables.values():
        assert (
            not value.startswith(("glpat-", "glcbt-"))
            or len(value) < 12
            or value not in result.out + result.err
        )
    return result


def check_each(
    run: Run, tokens: Mapping[str, Settings], *args: str, **options: Any
) -> dict[str, dict[str, Any]]:
    """Check the tokens of a policy; return the report on each by its name."""
    return {token["name"]: token for token in check(run, tokens, *args, **options).report["tokens"]}


def verdicts(
    run: Run, tokens: Mapping[str, Settings], *args: str, **options: Any
) -> dict[str, str]:
    """Check the tokens of a policy; return the category of each by its name."""
    return {
        name: token["category"] for name, token in check_each(run, tokens, *args, **options).items()
    }


def answered(gitlab: GitLab, answers: Mapping[str, Answer]) -> dict[str, Settings]:
    """Let the server give each of these answers at a path of its own; return tokens that are asked about there."""
    tokens: dict[str, Settings] = {}
    for name, answer in answers.items():
        path = f"/at-{name.replace(' ', '-')}"
        gitlab.always(answer, path=f"{path}/")
        tokens[name] = {"url": gitlab.url + path}
    return tokens


def asked(gitlab: GitLab, name: str) -> int:
    """How many requests came to the path of one of these answers."""
    return sum(
        request.path.startswith(f"/at-{name.replace(' ', '-')}/") for request in gitlab.requests
    )


def words(token: Mapping[str, Any]) -> str:
    """Everything that the report says about a token in sentences."""
    problems = [f"{problem['message']} {problem['fix']}" for problem in token["problems"]]
    return " ".join([*problems, *token["notes"]])
