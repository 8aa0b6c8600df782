"""Verdicts on the answers and faults of a server that others wrote: WireMock."""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from kit import node, wiremock
from kit.command import Run
from kit.policies import GOOD, SELF, Settings, check, describe, words
from kit.wiremock import WireMock

pytestmark = pytest.mark.slow
MAX_WAIT = 3.4  # two tries with a second of silence each, and no time for the pause before a third


class Case(NamedTuple):
    """What WireMock answers, and what comes of it."""

    category: str
    requests: int
    answer: Mapping[str, Any]
    said: str = ""


def good(**changes: Any) -> dict[str, Any]:
    """What GitLab says of a good token, as an answer of WireMock's."""
    return {
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "jsonBody": describe(),
        **changes,
    }


def packed(body: bytes) -> dict[str, Any]:
    """The same, said to be packed."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return {"status": 200, "headers": headers, "base64Body": base64.b64encode(body).decode()}


def dribble(chunks: int, milliseconds: int) -> dict[str, Any]:
    return good(chunkedDribbleDelay={"numberOfChunks": chunks, "totalDuration": milliseconds})


CASES = {
    "good": Case("ok", 1, good()),
    "packed": Case("ok", 1, packed(gzip.compress(json.dumps(describe()).encode()))),
    "a while": Case("ok", 1, good(fixedDelayMilliseconds=300)),
    "uniform": Case(
        "ok", 1, good(delayDistribution={"type": "uniform", "lower": 50, "upper": 300})
    ),
    "lognormal": Case(
        "ok", 1, good(delayDistribution={"type": "lognormal", "median": 80, "sigma": 0.3})
    ),
    "dribble": Case("ok", 1, dribble(10, 700)),
    "unknown token": Case(
        "token-invalid", 1, {"status": 401, "jsonBody": {"message": "401 Unauthorized"}}
    ),
    "empty": Case("network-error", 3, {"fault": "EMPTY_RESPONSE"}, "broke off"),
    "malformed": Case(
        "network-error", 3, {"status": 200, "fault": "MALFORMED_RESPONSE_CHUNK"}, "broke off"
    ),
    "random": Case("network-error", 3, {"fault": "RANDOM_DATA_THEN_CLOSE"}, "broke off"),
    "reset": Case("network-error", 3, {"fault": "CONNECTION_RESET_BY_PEER"}, "broke off"),
    "too long": Case(
        "network-error", 2, good(fixedDelayMilliseconds=9000), "was silent for 1 second"
    ),
    "silent dribble": Case("network-error", 2, dribble(3, 9000), "was silent for 1 second"),
    "endless dribble": Case(
        "network-error", 1, dribble(100, 30000), "The time for the whole check was over"
    ),
    "not packed": Case("unexpected-answer", 1, packed(b"{}"), "cannot be unpacked"),
    "redirect": Case(
        "unexpected-answer",
        1,
        {"status": 302, "headers": {"Location": "https://portal.example/"}},
        "portal.",
    ),
    "busy": Case("server-error", 3, {"status": 503}),
    "too many": Case(
        "rate-limited",
        1,
        {"status": 429, "headers": {"Retry-After": "60"}, "body": "Retry later\n"},
    ),
}


@pytest.fixture(scope="module")
def server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WireMock]:
    """Give WireMock with all these answers, each at a path of its own."""
    cache = getattr(
        pytestconfig, "cache", None
    )  # the directory is that of test_action.py: one installation for both
    installed = node.install(
        Path(cache.mkdir("actions-core") if cache else tmp_path_factory.mktemp("wiremock"))
    )
    with wiremock.running(installed, tmp_path_factory.mktemp("wiremock-files")) as running:
        answers = {at(name): case.answer for name, case in CASES.items()}
        running.answer(
            [
                {"request": {"urlPath": path + SELF}, "response": answer}
                for path, answer in answers.items()
            ]
        )
        recovers = {"scenarioName": "recovers", "request": {"urlPath": "/recovers" + SELF}}
        first = {"requiredScenarioState": "Started", "newScenarioState": "well"}
        running.answer(
            [
                {**recovers, **first, "response": {"fault": "CONNECTION_RESET_BY_PEER"}},
                {**recovers, "requiredScenarioState": "well", "response": good()},
            ]
        )
        yield running


def at(name: str) -> str:
    """The path of a case."""
    return f"/{name.replace(' ', '-')}"


def test_answers_and_faults_of_another_server_get_the_same_verdicts(
    server: WireMock, run_alone: Run
) -> None:
    itself = run_alone.directory / "wiremock.pem"
    itself.write_text(
        ssl.get_server_certificate(("localhost", urlsplit(server.over_tls).port or 0))
    )
    tokens: dict[str, Settings] = {
        name: {"url": server.url + at(name)} for name in (*CASES, "recovers", "nothing")
    }
    tokens["self-signed"] = {"url": f"{server.over_tls}/good"}
    tokens["trusted but not of that name"] = {
        "url": f"{server.over_tls}/good",
        "ca-file": str(itself),
    }
    wanted = {
        **{name: (case.category, case.requests) for name, case in CASES.items()},
        "recovers": ("ok", 2),
        "nothing": (
            "unexpected-answer",
            1,
        ),  # WireMock's own words for a path that it does not know
        "self-signed": ("tls-error", 1),
        "trusted but not of that name": ("tls-error", 1),
    }
    started = time.monotonic()
    result = check(run_alone, tokens, "--timeout", "1s", "--max-wait", f"{MAX_WAIT}s")
    assert time.monotonic() - started < MAX_WAIT + 2
    found = {token["name"]: token for token in result.report["tokens"]}
    assert {name: (token["category"], token["requests"]) for name, token in found.items()} == wanted
    assert {name for name, case in CASES.items() if case.said not in words(found[name])} == set()
    assert "its certificate is self-signed" in words(found["self-signed"])
    assert "its certificate is for another host name" in words(
        found["trusted but not of that name"]
    )


def test_one_request_with_one_token_is_what_another_server_sees(
    server: WireMock, run_alone: Run
) -> None:
    before = len(server.requests())
    assert run_alone("--url", f"{server.url}/good", "--scopes", "api", token=GOOD).code == 0
    seen = server.requests()
    assert len(seen) == before + 1
    assert (seen[0]["method"], seen[0]["url"]) == ("GET", f"/good{SELF}")
    assert [name for name, value in seen[0]["headers"].items() if GOOD in value] == [
        "PRIVATE-TOKEN"
    ]
