"""Verdicts on the answers and faults of a server that others wrote: WireMock."""

from __future__ import annotations

import base64
import gzip
import json
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


def cases() -> dict[str, Case]:
    """All of them; what GitLab says of a good token depends on the day."""
    as_json = {"Content-Type": "application/json"}
    usual = {"status": 200, "headers": as_json, "jsonBody": describe()}
    zipped = gzip.compress(json.dumps(describe()).encode())

    def delayed(kind: str, **how: object) -> Reply:
        return {**usual, "delayDistribution": {"type": kind, **how}}

    def late(milliseconds: int) -> Reply:
        return {**usual, "fixedDelayMilliseconds": milliseconds}

    def dribble(chunks: int, milliseconds: int) -> Reply:
        how = {"numberOfChunks": chunks, "totalDuration": milliseconds}
        return {**usual, "chunkedDribbleDelay": how}

    def packed(body: bytes) -> Reply:
        headers = {**as_json, "Content-Encoding": "gzip"}
        return {"status": 200, "headers": headers, "base64Body": base64.b64encode(body).decode()}

    def broken(how: str, **more: object) -> Case:
        return Case(NETWORK, 3, {**more, "fault": how}, "broke off")

    unknown = {"status": 401, "jsonBody": {"message": "401 Unauthorized"}}
    redirect = {"status": 302, "headers": {"Location": "https://portal.example/"}}
    too_many = {"status": 429, "headers": {"Retry-After": "60"}, "body": "Retry later\n"}
    silent, over = "was silent for 1 second", "The time for the whole check was over"
    return {
        "good": Case("ok", 1, usual),
        "packed": Case("ok", 1, packed(zipped)),
        "a while": Case("ok", 1, late(300)),
        "uniform": Case("ok", 1, delayed("uniform", lower=50, upper=300)),
        "lognormal": Case("ok", 1, delayed("lognormal", median=80, sigma=0.3)),
        "dribble": Case("ok", 1, dribble(10, 700)),
        "unknown token": Case("token-invalid", 1, unknown),
        "empty": broken("EMPTY_RESPONSE"),
        "malformed": broken("MALFORMED_RESPONSE_CHUNK", status=200),
        "random": broken("RANDOM_DATA_THEN_CLOSE"),
        "reset": broken("CONNECTION_RESET_BY_PEER"),
        "too long": Case(NETWORK, 3, late(9000), silent),
        "silent dribble": Case(NETWORK, 3, dribble(3, 9000), silent),
        "endless dribble": Case(NETWORK, 1, dribble(100, 30000), over),
        "not packed": Case("unexpected-answer", 1, packed(b"{}"), "cannot be unpacked"),
        "redirect": Case("unexpected-answer", 1, redirect, "portal."),
        "busy": Case("server-error", 3, {"status": 503}),
        "too many": Case("rate-limited", 1, too_many),
        # WireMock's own words for a path that it does not know.
        "nothing": Case("unexpected-answer", 1, {"status": 404}),
    }


@pytest.fixture(scope="module")
def server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WireMock]:
    """Give WireMock, and what every test needs of it: a good answer."""
    cache = getattr(pytestconfig, "cache", None)
    # One installation for all that npm installs for the tests.
    there = cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("wiremock")
    installed = node.install(Path(there))
    with wiremock.running(installed, tmp_path_factory.mktemp("wiremock-files")) as running:
        mappings: list[Reply] = [
            {"request": {"urlPath": at(name) + SELF}, "response": case.answer}
            for name, case in cases().items()
            if name != "nothing"
        ]
        recovers: Reply = {"scenarioName": "recovers", "request": {"urlPath": "/recovers" + SELF}}
        first = {"requiredScenarioState": "Started", "newScenarioState": "well"}
        reset = {"fault": "CONNECTION_RESET_BY_PEER"}
        good = cases()["good"].answer
        mappings.append({**recovers, **first, "response": reset})
        mappings.append({**recovers, "requiredScenarioState": "well", "response": good})
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
    told, urls = cases(), {name: server.url + at(name) for name in (*cases(), "recovers")}
    tokens: dict[str, Settings] = {
        **{name: {"url": url} for name, url in urls.items()},
        "self-signed": encrypted,
        "trusted but not of that name": {**encrypted, "ca-file": str(itself)},
    }
    wanted = {
        **{name: (case.category, case.requests) for name, case in told.items()},
        "recovers": ("ok", 2),
        **dict.fromkeys(["self-signed", "trusted but not of that name"], ("tls-error", 1)),
    }
    started = time.monotonic()
    result = check(run_alone, tokens, "--timeout", "1s", "--max-wait", f"{MAX_WAIT}s")
    assert time.monotonic() - started < MAX_WAIT + 8
    found = {token["name"]: token for token in result.report["tokens"]}
    assert {name: (token["category"], token["requests"]) for name, token in found.items()} == wanted
    said = {name: case.said for name, case in told.items()}
    said["self-signed"] = "its certificate is self-signed"
    said["trusted but not of that name"] = "its certificate is for another host name"
    assert {name for name, text in said.items() if text not in words(found[name])} == set()


def test_one_request_with_one_token_is_what_another_server_sees(
    server: WireMock, run_alone: Run
) -> None:
    before = len(server.requests())
    assert run_alone("--url", f"{server.url}/good", "--scopes", "api", token=GOOD).code == 0
    seen, *others = server.requests()
    assert len(others) == before
    assert (seen["method"], seen["url"]) == ("GET", f"/good{SELF}")
    assert [name for name, value in seen["headers"].items() if GOOD in value] == ["PRIVATE-TOKEN"]
