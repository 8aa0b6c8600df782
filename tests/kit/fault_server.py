"""A server of raw sockets that gives one fault, or one oddity, to everyone who connects."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from kit.listener import Listener


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
