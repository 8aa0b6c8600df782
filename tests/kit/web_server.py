"""An HTTP server on loopback that keeps what it was asked, and answers as it is told."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import NamedTuple, cast

from kit.listener import Listener


class Request(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str  # raw target with its query
    headers: dict[str, str]  # names in lower case
    client: tuple[str, int]


class Answer(NamedTuple):
    """An answer; a body that is not text is sent as JSON, text as HTML unless a header says."""

    status: int = 200
    body: object = ""
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    raw: bytes | None = None  # exactly these bytes, then the connection is closed
    close_after: int | None = None  # so many bytes of the answer, then the connection is closed
    delay: float = 0.0  # seconds before the answer
    drip: float = 0.0  # seconds between single bytes of the body


class WebServer(Listener):
    """Answers as told, and where it was told nothing, as `respond` of its kind does."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.date: datetime | None = None  # of the Date header; None is now
        self.no_date = False
        self.delay = 0.0  # seconds before every answer
        self.requests: list[Request] = []
        self._scripted: list[tuple[str | None, Answer]] = []
        self._standing: list[tuple[str | None, Answer]] = []
        self.url = f"https://localhost:{self.port}" if tls else f"http://{self.address}"

    def script(self, *answers: Answer, path: str | None = None) -> None:
        """Give these answers, one each, to the next requests whose decoded path contains `path`."""
        with self._lock:
            self._scripted += [(path, answer) for answer in answers]

    def always(self, answer: Answer, path: str | None = None) -> None:
        """Give this answer to all whose decoded path contains `path`; the last rule wins."""
        with self._lock:
            self._standing.insert(0, (path, answer))

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return self.date or datetime.now(timezone.utc)

    def respond(self, request: Request) -> Answer:
        """Record a request and find its answer."""
        raise NotImplementedError

    def converse(self, connection: socket.socket, address: tuple[str, int]) -> None:
        _Connection(connection, address, self)

    def _told(self, path: str) -> Answer | None:
        for rules in (self._scripted, self._standing):
            for index, (part, answer) in enumerate(rules):
                if part is None or part in path:
                    if rules is self._scripted:
                        del rules[index]
                    return answer
        return None


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept alive for as many requests as the client makes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: tuple[str, int], own: WebServer) -> None:
        self.own = own
        super().__init__(connection, address, cast(BaseServer, own))

    def _handle(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.own.respond(Request(self.command, self.path, headers, self.client_address))
        if not (self.own.wait(self.own.delay) and self.own.wait(answer.delay)):
            self.close_connection = True
            return
        head, body = (answer.raw, b"") if answer.raw is not None else self._render(answer)
        if answer.raw is not None or answer.close_after is not None:
            self.close_connection = True
            self.wfile.write((head + body)[: answer.close_after])
        elif answer.drip:
            self.wfile.write(head)
            for byte in body:
                if not self.own.wait(answer.drip):
                    self.close_connection = True
                    return
                self.wfile.write(bytes((byte,)))
        else:
            # One write: two small ones can wait for each other (Nagle, delayed acknowledgement).
            self.wfile.write(head + body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _render(self, answer: Answer) -> tuple[bytes, bytes]:
        given: Mapping[str, str] = {name.lower(): value for name, value in answer.headers}
        lines = list(answer.headers)
        kind, body = "text/html; charset=utf-8", answer.body
        if not isinstance(body, bytes | str):
            kind, body = "application/json", json.dumps(body, separators=(",", ":"))
        content = body.encode() if isinstance(body, str) else body
        if "content-type" not in given:
            lines.append(("Content-Type", kind))
        if "date" not in given and not self.own.no_date:
            lines.append(("Date", format_datetime(self.own.now, usegmt=True)))
        framed = {"content-length", "transfer-encoding"} & set(given)
        if not framed and answer.status not in {204, 304}:
            lines.append(("Content-Length", str(len(content))))
        if given.get("connection", "").lower() == "close":
            self.close_connection = True
        usual = http.client.responses.get(answer.status, "")
        first = f"HTTP/1.1 {answer.status} {usual if answer.reason is None else answer.reason}"
        head = "\r\n".join((first, *(f"{name}: {value}" for name, value in lines), "", ""))
        return head.encode("latin-1", "replace"), b"" if self.command == "HEAD" else content

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet; `requests` is the log."""
