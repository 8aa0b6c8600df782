"""Sessions of requests, with what the libraries must not do taken out of them."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from glcheck.at_once import MOST_THREADS
from glcheck.version import __version__

LARGEST_BODY = 1024 * 1024
_LARGEST_ANSWER = 4 * LARGEST_BODY  # with headers, the sizes of chunks and what follows them


class Credential(AuthBase):
    """Puts the token into the request at the moment of sending.

    As an auth object it is not replaced by ~/.netrc, and no exception of requests carries it.
    """

    def __init__(self, header: str, value: str) -> None:
        self._header = header
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers[self._header] = self._value
        return request


class _Session(requests.Session):
    """A session that knows no redirects: requests would read their bodies, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the name is requests' own
        return None


class _Wire(io.RawIOBase):
    """What a server sends as one answer, up to more than any takes: a chunk can be endless."""

    def __init__(self, wire: socket.SocketIO) -> None:
        self._wire = wire
        self._left = _LARGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._wire.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise ValueError("an answer without end")
        return count

    def close(self) -> None:
        self._wire.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Wire(sock.makefile("rb", buffering=0)))


class _HTTPPool(urllib3.HTTPConnectionPool):
    class ConnectionCls(urllib3.connection.HTTPConnection):
        debuglevel = 0  # http.client's own debugging prints each request with its headers
        response_class = _Response


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    class ConnectionCls(urllib3.connection.HTTPSConnection):
        debuglevel = 0
        response_class = _Response


class _Adapter(HTTPAdapter):
    """Connections that never print a request, direct or through a proxy, over TLS as `tls` says."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=4, pool_maxsize=MOST_THREADS, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, ssl_context=self._tls, **kwargs)
        if not type(manager).__name__.startswith("SOCKS"):
            manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def _trusting_all_of_a_bundle() -> ssl.SSLContext:
    """TLS that needs no root in the bundle, as git and curl do, and Python itself from 3.13.

    Some runners leave the root out of the bundle that they write (FF_RESOLVE_FULL_TLS_CHAIN).
    """
    context = urllib3.util.ssl_.create_urllib3_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def open_session(ca_file: str | None) -> requests.Session:
    """A session for one host; with a CA bundle, all of what that bundle holds is trusted."""
    session = _Session()
    session.headers.clear()
    session.headers["User-Agent"] = f"glcheck/{__version__}"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = "identity"
    # A session cookie would make the next token's request one of the first token's user.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(_trusting_all_of_a_bundle() if ca_file else None)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
