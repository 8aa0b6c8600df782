"""A socket on loopback: a thread for each connection, and an end that waits for no client."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


def hang_up(connection: socket.socket) -> None:
    """End a connection, also under a thread that reads from it; TLS has no say in this."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class Listener:
    """Listens while it is entered; `converse` is what a server does with one connection."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, accepts: bool = True) -> None:
        self.tls = tls
        self.connections = 0  # that there were, also those on which nothing was said
        self.most_open = 0  # at a time
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True) if accepts else None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if self._accepting:
            self._accepting.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        if self._accepting:
            # Closing a listening socket does not wake accept() everywhere; a connection does.
            here = self._listener.getsockname()
            with contextlib.suppress(OSError), socket.create_connection(here, timeout=1):
                self._accepting.join()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                hang_up(connection)
        for thread in self._threads:
            thread.join()

    def converse(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Do what this server does; it is closed afterwards, and OSError means that it broke."""
        raise NotImplementedError

    def wait(self, seconds: float) -> bool:
        """Let time pass; tell whether the server is still wanted after it."""
        return not self._stopping.wait(seconds) if seconds else not self._stopping.is_set()

    def _accept(self) -> None:
        while True:
            connection, address = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            if self.tls:
                # The handshake waits for the client: it belongs in the connection's own thread.
                try:
                    connection = self.tls.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                except OSError:  # already gone
                    continue
            thread = threading.Thread(target=self._serve, args=(connection, address), daemon=True)
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                self.most_open = max(self.most_open, len(self._open))
            thread.start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        # OSError covers clients that hang up, and TLS handshakes that fail.
        with contextlib.suppress(OSError):
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            self.converse(connection, address)
        with self._lock:
            self._open.discard(connection)
        hang_up(connection)
        connection.close()
