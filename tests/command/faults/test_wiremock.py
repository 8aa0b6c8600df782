"""Verdicts on the answers and faults of a server that others wrote: WireMock."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from kit import node, wiremock
from kit.command import Run
from kit.policies import GOOD, SELF, Settings, check, describe, words
from kit.wiremock import WireMock

pytestmark = pytest.mark.slow
MAX_WAIT = 7.0  # seconds: three tries with a second of silence each take 4.5
NETWORK = "network-error"
Reply = dict[str, Any]  # in WireMock's own form


class Case(NamedTuple):
    """What WireMock answers, and what comes of it."""

    category: str
    requests: int
    answer: Reply
    said: str = ""


def broken(how: str, **more: object) -> Case:
    return Case(NETWORK, 3, {**more, "fault": how}, "broke off")


def cases() -> dict[str, Case]:
    """All of them; what GitLab says of a good token depends on the day."""
    as_json = {"Content-Type": "application/json"}
    good = {"status": 200, "headers": as_json, "jsonBody": describe()}
    unpacked = {**good, "headers": {**as_json, "Content-Encoding": "gzip"}}
    late = {**good, "fixedDelayMilliseconds": 9000}

    def dribble(chunks: int, milliseconds: int) -> Reply:
        how = {"numberOfChunks": chunks, "totalDuration": milliseconds}
        return {**good, "chunkedDribbleDelay": how}

    silent, over = "was silent for 1 second", "The time for the whole check was over"
    return {
        "good": Case("ok", 1, good),
        "dribble": Case("ok", 1, dribble(10, 700)),
        "empty": broken("EMPTY_RESPONSE"),
        "malformed": broken("MALFORMED_RESPONSE_CHUNK", status=200),
        "random": broken("RANDOM_DATA_THEN_CLOSE"),
        "reset": broken("CONNECTION_RESET_BY_PEER"),
        "too long": Case(NETWORK, 3, late, silent),
        "silent dribble": Case(NETWORK, 3, dribble(3, 9000), silent),
        "endless dribble": Case(NETWORK, 1, dribble(100, 30000), over),
        "not packed": Case("unexpected-answer", 1, unpacked, "cannot be unpacked"),
    }


@pytest.fixture(scope="module")
def server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WireMock]:
    """Give WireMock with all these answers, each at a path of its own."""
    cache = getattr(pytestconfig, "cache", None)
    # One installation for all that npm installs for the tests.
    there = cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("wiremock")
    installed, known = node.install(Path(there)), cases()
    with wiremock.running(installed, tmp_path_factory.mktemp("wiremock-files")) as running:
        mappings: list[Reply] = [
            {"request": {"urlPath": at(name) + SELF}, "response": case.answer}
            for name, case in known.items()
        ]
        recovers: Reply = {"scenarioName": "recovers", "request": {"urlPath": "/recovers" + SELF}}
        for state, name in (("Started", "reset"), ("well", "good")):
            answer = {"requiredScenarioState": state, "response": known[name].answer}
            mappings.append({**recovers, **answer, "newScenarioState": "well"})
        running.answer(mappings)
        yield running


def at(name: str) -> str:
    """The path of a case."""
    return f"/{name.replace(' ', '-')}"


def test_answers_and_faults_of_another_server_get_the_same_verdicts(
    server: WireMock, run_alone: Run
) -> None:
    itself, port = run_alone.directory / "wiremock.pem", urlsplit(server.over_tls).port or 0
    itself.write_text(ssl.get_server_certificate(("localhost", port)))
    encrypted: Settings = {"url": f"{server.over_tls}/good"}
    tokens: dict[str, Settings] = {
        **{name: {"url": server.url + at(name)} for name in (*cases(), "recovers")},
        "untrusted": encrypted,
        "misnamed": {**encrypted, "ca-file": str(itself)},
    }
    wanted = {
        **cases(),
        "recovers": Case("ok", 2, {}),
        "untrusted": Case("tls-error", 1, {}, "its certificate is self-signed"),
        "misnamed": Case("tls-error", 1, {}, "its certificate is for another host name"),
    }
    started = time.monotonic()
    result = check(run_alone, tokens, "--timeout", "1s", "--max-wait", f"{MAX_WAIT}s")
    assert time.monotonic() - started < MAX_WAIT + 8
    for token in result.report["tokens"]:
        case, found = wanted[token["name"]], (token["category"], token["requests"])
        assert (token["name"], found) == (token["name"], (case.category, case.requests))
        assert case.said in words(token)


def test_one_request_with_one_token_is_what_another_server_sees(
    server: WireMock, run_alone: Run
) -> None:
    before = len(server.requests())
    assert run_alone("--url", f"{server.url}/good", "--scopes", "api", token=GOOD).code == 0
    seen, *others = server.requests()
    assert len(others) == before
    assert (seen["method"], seen["url"]) == ("GET", f"/good{SELF}")
    assert [name for name, value in seen["headers"].items() if GOOD in value] == ["PRIVATE-TOKEN"]
