"""What stops a push: a verdict; and what could not be asked only if the hook is strict."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.command import Result
from kit.gitlab_server import Answer, Token
from kit.hook import COULD_NOT, LAYERS, MALFORMED, Hook, by_name, lines, posix
from kit.policies import GOOD, Settings, describe, secret


def test_what_could_not_be_asked_is_one_line_and_does_not_stop_the_push(hook: Hook) -> None:
    tokens = hook.could_not()
    run = hook.policy({**tokens, "good": {}}, **{"max-wait": "4s"})
    result = run()
    assert (result.code, result.err) == (0, "")
    for name in tokens:
        (problem,) = by_name(result)[name]["problems"]
        assert (problem["category"], problem["severity"]) == (name, "warning")
        assert problem["fix"]
    # Those that could not be asked are not remembered, and are asked again.
    assert len(hook.files) <= 1
    text = lines(run("-q", text=True))
    beginnings = [line.partition(": ")[0] for line in text]
    assert beginnings == [f"warning[{name}] {name}" for name in tokens]
    assert all("does not stop the push" in line for line in text)
    assert hook.requests >= 4


@pytest.mark.parametrize("code", COULD_NOT)
def test_a_strict_hook_stops_what_could_not_be_asked(hook: Hook, code: int) -> None:
    category, _ = COULD_NOT[code]
    url = str(hook.could_not()[category]["url"])
    run = hook.told(LAYERS[code % 3], "hook-strict", "yes", "no")
    result = run("--url", url, "--max-wait", "4s", text=True)
    error, fix, docs = lines(result)
    assert result.code == code
    assert error.startswith(f"error[{category}] GITLAB_TOKEN: ")
    assert (fix[:7], docs[:8]) == ("  fix: ", "  docs: ")
    assert "does not stop" not in result.out
    assert hook.files == []


def test_a_definite_verdict_beside_a_missing_network_stops_the_push(hook: Hook) -> None:
    run = hook.policy({"far": hook.could_not()["server-error"], "poor": {"scopes": ["sudo"]}})
    result = run()
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    tokens = by_name(result).items()
    found = {name: [problem["severity"] for problem in one["problems"]] for name, one in tokens}
    assert found == {"far": ["warning"], "poor": ["error"]}
    text = [line.partition(": ")[0].strip() for line in lines(run(text=True))]
    assert text == ["warning[server-error] far", "error[scope-missing] poor", "fix", "docs"]


def test_a_half_answered_question_keeps_what_is_known(hook: Hook) -> None:
    hook.gitlab.always(COULD_NOT[33][1], path="/projects/")
    result = hook.json("--project", "group/app")
    problem = result.problem
    assert result.code == 0
    assert (problem["category"], problem["severity"]) == ("server-error", "warning")
    assert result.token["token"]["scopes"] == ["api"]
    assert hook.files == []
    result = hook.json("--project", "group/app", "--scopes", "sudo")
    assert (result.code, result.report["category"]) == (21, "scope-missing")


@pytest.mark.slow
def test_the_wait_for_a_network_is_short_unless_told_otherwise(hook: Hook) -> None:
    gitlab = hook.gitlab
    gitlab.always(Answer(200, describe(), drip=0.3), path="/at-dripping/")
    gitlab.always(Answer(delay=60), path="/at-silent/")
    gitlab.always(Answer(200, describe(), delay=5.3), path="/at-slow/")

    def timed(run: Callable[..., Result], *args: str) -> tuple[Result, float]:
        start = time.monotonic()
        return run(*args), time.monotonic() - start

    with socket.create_server(("127.0.0.1", 0)) as deaf, ThreadPoolExecutor() as pool:
        names = ("dripping", "silent")
        tokens: dict[str, Settings] = {name: {"url": f"{gitlab.url}/at-{name}"} for name in names}
        tokens["deaf"] = {"url": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        run = hook.policy(tokens)
        waits = [pool.submit(timed, run), pool.submit(timed, run, "--max-wait", "1s")]
        longer = hook.json("--url", f"{gitlab.url}/at-slow", env={"GLCHECK_MAX_WAIT": "20s"})
    assert (longer.code, longer.token["problems"], longer.token["requests"]) == (0, [], 1)
    (usual, five), (shorter, one) = (wait.result() for wait in waits)
    assert 0.5 < one < five
    assert 3 < five < 40  # a check waits for a minute
    for result in (usual, shorter):
        assert (result.code, result.err) == (0, "")
        categories = [token["problems"][0]["category"] for token in result.report["tokens"]]
        assert categories == ["network-error"] * 3


def test_a_missing_token_does_not_stop_the_push(hook: Hook) -> None:
    none = {"GITLAB_TOKEN": ""}
    (line,) = lines(hook(env=none))
    assert line.startswith("warning[token-missing] token: ")
    assert "does not stop the push" in line
    result = hook.json(env=none)
    assert result.code == 0
    problem = result.problem
    assert (problem["category"], problem["severity"]) == ("token-missing", "warning")
    assert hook.policy(None)(env=none).code == 0


@pytest.mark.parametrize("layer", LAYERS)
def test_a_missing_token_stops_the_push_where_the_hook_is_strict(hook: Hook, layer: str) -> None:
    env = {"GITLAB_TOKEN": ""}
    result = hook.told(layer, "hook-strict", "1", "0")(env=env, text=True)
    assert result.code == 10
    assert lines(result)[0].startswith("error[")
    assert hook.told(layer, "hook-strict", "0", "1")(env=env).code == 0


def test_a_token_that_the_policy_names_has_to_be_there(hook: Hook) -> None:
    result = hook.policy({"release": {"secret": ""}, "good": {}})()
    assert (result.code, result.report["category"]) == (10, "token-missing")
    assert by_name(result)["release"]["category"] == "token-missing"
    run = hook.policy(None, **{"token-env": "RELEASE_TOKEN"})
    assert run().code == 10
    assert run(env={"RELEASE_TOKEN": GOOD}).code == 0


@pytest.mark.parametrize(("args", "policy"), [
    (("--hook-max-age", "soon"), ""), (("--hook-strict=perhaps",), ""), (("--scope", "api"), ""),
    (("--role", "developer"), ""), (("--config", "absent.yml"), ""), (("--url", "ftp://x"), ""),
    ((), "version: 1\nscops: [api]\n"),
])  # fmt: skip
def test_a_mistake_stops_the_push(hook: Hook, args: tuple[str, ...], policy: str) -> None:
    (hook.run.directory / ".glcheck.yml").write_text(policy, "utf-8")
    result = hook(*args)
    assert (result.code, hook.requests) == (2, 0)
    assert result.out + result.err
    assert not policy or ".glcheck.yml:2" in result.out


def test_a_token_that_needs_no_answer_is_judged_also_when_the_time_is_over(hook: Hook) -> None:
    hook.gitlab.delay = 60
    silent: dict[str, Settings] = {f"silent {n}": {"secret": secret(n)} for n in range(16)}
    run = hook.policy({**silent, "bad": {"secret": MALFORMED}, "absent": {"secret": ""}})
    result = run("--max-wait", "1s")
    tokens = by_name(result)
    found = {name: tokens[name]["category"] for name in tokens if name not in silent}
    assert found == {"bad": "token-malformed", "absent": "token-missing"}
    assert result.code == 10


@posix
@pytest.mark.slow
def test_a_pipe_that_stays_silent_leaves_time_for_the_other_tokens(hook: Hook) -> None:
    os.mkfifo(hook.run.directory / "pipe")
    tokens = [{"name": f"pipe {n}", "token-file": "pipe"} for n in range(2)]
    tokens.append({"name": "revoked", "token-env": "REVOKED"})
    (hook.run.directory / "policy.yml").write_text(json.dumps({"tokens": tokens}))
    revoked = hook.gitlab.add(Token(secret(1), revoked=True))
    started = time.monotonic()
    result = hook.json("--config", "policy.yml", "--max-wait", "8s", env={"REVOKED": revoked})
    assert by_name(result)["revoked"]["category"] == "token-revoked"
    assert time.monotonic() - started < 40
