"""Requests of the tests' own, made without the libraries that glcheck uses."""

from __future__ import annotations

import contextlib
import json
from http.client import HTTPConnection, HTTPMessage
from typing import Any, NamedTuple

from kit.gitlab_server import GitLab
from kit.policies import GOOD


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: HTTPMessage

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


def connect(server: GitLab) -> HTTPConnection:
    return HTTPConnection(server.address, timeout=20)


def ask(
    server: GitLab, path: str, value: str = GOOD, header: str = "PRIVATE-TOKEN", method: str = "GET"
) -> Reply:
    shown = f"Bearer {value}" if header == "Authorization" else value
    with contextlib.closing(connect(server)) as connection:
        connection.request(method, server.prefix + path, headers={header: shown} if value else {})
        response = connection.getresponse()
        return Reply(response.status, response.read(), response.headers)
