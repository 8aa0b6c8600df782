"""A server of raw sockets that gives one fault to everyone who connects, and what it can send."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Literal, NamedTuple

from kit.listener import Listener

Headers = tuple[tuple[str, object], ...]
JSON: Headers = (("Content-Type", "application/json"),)


class Fault(NamedTuple):
    """A way to answer, or not to, and the category that glcheck must end with."""

    name: str
    category: str
    pieces: Callable[[], Iterable[bytes]] = tuple  # what is sent, once the request is there
    end: Literal["close", "reset", "silence"] = "close"  # and what then happens to the connection
    before: bool = False  # send it before there is a request
    pace: float = 0.0  # seconds between pieces
    tls: bool = False  # the client is told https://
    accepts: bool = True


class FaultServer(Listener):
    """The server."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(accepts=fault.accepts)
        self._fault = fault
        self.url = f"http{'s' * fault.tls}://{self.address}"

    def converse(self, connection: socket.socket, address: tuple[str, int]) -> None:  # noqa: ARG002
        fault, request = self._fault, b""
        while not fault.before and b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        for piece in fault.pieces():
            if not self.wait(fault.pace):
                return
            connection.sendall(piece)
        if fault.end == "silence":
            self._stopping.wait()
        elif fault.end == "reset":  # which it is only if nothing else ends the connection first
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif fault.before:  # closed with bytes unread, it would be reset
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)


def head(status: object = 200, headers: Headers = JSON, version: object = "1.1") -> bytes:
    lines = [f"HTTP/{version} {status} Whatever", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(body: object, status: object = 200, version: object = "1.1", **headers: object) -> bytes:
    """A whole answer; a body that is neither text nor bytes becomes JSON."""
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    content = text.encode() if isinstance(text, str) else text
    usual = {
        "Content-Type": "application/json",
        "Content-Length": len(content),
        "Date": format_datetime(datetime.now(timezone.utc), usegmt=True),
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return head(status, tuple({**usual, **given}.items()), version) + content


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"
