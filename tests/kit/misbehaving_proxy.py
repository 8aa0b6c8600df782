"""A proxy of raw sockets that answers as told: what real proxies do only when they are broken."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import NamedTuple

from kit.listener import Listener


class Does(NamedTuple):
    """What the proxy does once it has read the head of a request."""

    answer: bytes = b""
    without_end: bool = False  # sends the answer again and again
    then: bytes = b""  # what it sends when the client has said more
    stays: bool = False  # keeps the connection after that, and says nothing


class MisbehavingProxy(Listener):
    """Looks at the host that it is asked for, and does what it was told to do for that host."""

    def __init__(self, hosts: Mapping[str, Does]) -> None:
        super().__init__()
        # The host that was asked for and all that came, one each connection.
        self.heard: list[tuple[str, bytes]] = []
        self._hosts = hosts

    def converse(self, connection: socket.socket, address: tuple[str, int]) -> None:  # noqa: ARG002
        heard = bytearray()
        while b"\r\n\r\n" not in heard and (piece := connection.recv(65536)):
            heard += piece
        if b"\r\n\r\n" not in heard:
            return
        # CONNECT host:443 HTTP/1.1, or GET http://host/path HTTP/1.1
        host = re.split(rb"[ /:]+", heard)[1 if heard.startswith(b"CONNECT") else 2].decode()
        does = self._hosts[host]
        try:
            connection.sendall(does.answer)
            while does.without_end:
                connection.sendall(does.answer)
            if does.then:
                heard += connection.recv(65536)
                connection.sendall(does.then)
            while does.stays and (piece := connection.recv(65536)):
                heard += piece
        finally:
            self.heard.append((host, bytes(heard)))
