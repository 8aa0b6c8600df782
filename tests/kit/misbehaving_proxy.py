"""A proxy of raw sockets that answers as told: what real proxies do only when they are broken."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Mapping
from typing import NamedTuple

from kit.gitlab_server import hang_up


class Does(NamedTuple):
    """What the proxy does once it has read the head of a request."""

    answer: bytes = b""
    without_end: bool = False  # sends the answer again and again
    then: bytes = b""  # what it sends when the client has said more
    stays: bool = False  # keeps the connection after that, and says nothing


class MisbehavingProxy:
    """A proxy that looks at the host it is asked for, and then does what it was told to do for that host."""

    def __init__(self, hosts: Mapping[str, Does]) -> None:
        self.heard: list[
            tuple[str, bytes]
        ] = []  # the host that was asked for and all that came, one each connection
        self._hosts = hosts
        self._accepted: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> MisbehavingProxy:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping = True
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self._listener.getsockname(), timeout=1),
        ):
            self._thread.join()
        self._listener.close()
        for connection in self._accepted:
            hang_up(connection)
        for thread in self._threads:
            thread.join()

    @property
    def connections(self) -> int:
        """How many there were, also those on which nothing was said."""
        return len(self._accepted)

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopping:
                connection.close()
                return
            self._accepted.append(connection)
            self._threads.append(
                threading.Thread(target=self._serve, args=(connection,), daemon=True)
            )
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        heard = bytearray()
        with connection, contextlib.suppress(OSError):
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
