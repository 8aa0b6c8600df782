"""Speaks HTTP: sends a GET with the token to one host, retries what may pass, and bounds everything.

It does not know what an answer means, and raises Failure only when there is none.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from glcheck import __version__, durations
from glcheck.problem import Category, Failure, Problem
from glcheck.transport.proxy import Proxy, on_the_way_to

MOST_CONNECTIONS = 16
_LARGEST_BODY = 1024 * 1024
_LARGEST_ANSWER = 4 * _LARGEST_BODY  # with headers, the sizes of chunks and what follows them
_TRIES = 3
_PAUSE = (
    0.5  # seconds before the first retry where the server names none; twice that before the second
)
_WORTH_A_RETRY = (429, 502, 503, 504)
_LENGTHS = {"content-length", "transfer-encoding"}


class Answer(NamedTuple):
    """An answer from the server, whatever it is."""

    path: str  # what was asked for
    status: int
    body: bytes | None  # None: larger than 1 MiB, and not read to its end
    now: datetime | None  # the server's clock (Date header, aware, UTC)
    location: (
        str | None
    )  # where a redirect points to, as an absolute address; None where that cannot be read
    retry_after: float | None  # seconds


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


class Transport:
    """Connections to one GitLab, shared by all threads of a run."""

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        timeout: float,
        deadline: float,
        say: Callable[[str], None],
    ) -> None:
        """`timeout` is seconds of silence; `deadline` is on the clock of time.monotonic(); `say` notes requests."""
        self._url = url
        self._ca_file = ca_file
        self._timeout = timeout
        self._deadline = deadline
        self._say = say
        self._session = _session(_trusting_all_of_a_bundle() if ca_file else None)
        self._proxy = on_the_way_to(url)
        self._proxies: dict[str, Any] = (
            {} if self._proxy else dict.fromkeys(("http", "https", "all"))
        )

    def get(self, path: str, credential: Credential, count: Callable[[], None]) -> Answer:
        """The answer to a GET; `count` is called once for each request that is sent.

        Retried, at most twice and inside the deadline: connection errors, timeouts, 429 (after the
        Retry-After it names), 502, 503 and 504. Raises Failure when there is no answer.
        """
        if self._proxy and (fault := self._proxy.fault()):
            raise Failure(fault)
        for tried in range(1, _TRIES + 1):
            outcome = self._try(path, credential, count)
            pause = _PAUSE * 2 ** (tried - 1)
            if isinstance(outcome, Answer):
                passing = outcome.status in _WORTH_A_RETRY
                pause = max(pause, outcome.retry_after or 0)
            else:
                refused = outcome.details.get(
                    "status", 503
                )  # by a proxy, which may lock out who tries again
                passing = outcome.category is Category.NETWORK_ERROR and refused in _WORTH_A_RETRY
            if not passing or tried == _TRIES or time.monotonic() + pause >= self._deadline:
                break
            self._say(f"trying again in {pause:.1f} s")
            time.sleep(pause)
        if isinstance(outcome, Problem):
            raise Failure(outcome)
        return outcome

    def _try(
        self, path: str, credential: Credential, count: Callable[[], None]
    ) -> Answer | Problem:
        """One request and its answer, or the problem that there was none."""
        started = time.monotonic()
        left = self._deadline - started
        timeout = min(self._timeout, left)
        if timeout <= 0:
            return OUT_OF_TIME
        count()
        try:
            with self._session.get(
                self._url + path,
                auth=credential,
                timeout=(
                    min(timeout, left / 2),
                    timeout,
                ),  # an address that swallows all leaves time for the next one
                stream=True,
                verify=self._ca_file,
                proxies=self._proxies,
            ) as response:
                body = self._read(response)
        except Exception as error:
            problem = _problem(error, timeout, self._proxy)
            if problem is None:
                raise
            self._say(f"GET {self._url}{path}: {problem.category.label}")
            return problem
        now = _date(response.headers.get("Date"))
        elapsed = (time.monotonic() - started) * 1000
        self._say(f"GET {self._url}{path}: {response.status_code} in {elapsed:.0f} ms")
        if (
            self._proxy and response.status_code == 407
        ):  # plain http goes through a proxy as any request does
            return self._proxy.refusal(407)
        return Answer(
            path,
            response.status_code,
            body,
            now,
            _absolute(self._url, response.headers.get("Location")),
            _retry_after(response.headers.get("Retry-After"), now),
        )

    def _read(self, response: requests.Response) -> bytes | None:
        """The body, as far as it is asked for; unpacked here, where a small one that unpacks to much does no harm."""
        response.raw.enforce_content_length = (
            True  # urllib3 before 2 takes a truncated body for a whole one
        )
        packed = (
            response.headers.get("Content-Encoding", "").lower() == "gzip"
        )  # unasked, as some gateways do
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
        body = bytearray()
        for piece in response.raw.stream(16 * 1024, decode_content=False):
            body += unpacker.decompress(piece, _LARGEST_BODY + 1) if unpacker else piece
            if len(body) > _LARGEST_BODY:
                return None
        if (
            not body
            and response.status_code == 200
            and not _LENGTHS & {name.lower() for name in response.headers}
        ):
            raise urllib3.exceptions.ProtocolError  # http.client takes headers that broke off for all there were
        return bytes(body)


class _Session(requests.Session):
    """A session that knows no redirects: requests would read their bodies, however long, to look at them."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the name is requests' own
        return None


class _Wire(io.RawIOBase):
    """What a server sends as one answer, up to more than any takes: the size of a chunk alone can be without end."""

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
    """Connections that never print a request, directly or through a proxy, over TLS as `tls` says."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=4, pool_maxsize=MOST_CONNECTIONS, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, ssl_context=self._tls, **kwargs)
        if not type(manager).__name__.startswith("SOCKS"):
            manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def _trusting_all_of_a_bundle() -> ssl.SSLContext:
    """TLS that needs no root in the bundle: GitLab's runner leaves it out where FF_RESOLVE_FULL_TLS_CHAIN is off.

    So do git and curl, and Python itself from 3.13.
    """
    context = urllib3.util.ssl_.create_urllib3_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _session(tls: ssl.SSLContext | None) -> requests.Session:
    session = _Session()
    session.headers.clear()
    session.headers["User-Agent"] = f"glcheck/{__version__}"
    session.headers["Accept"] = "application/json"
    session.headers["Accept-Encoding"] = "identity"
    # A session cookie of GitLab's would make the next token's request one of the first token's user.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(tls)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


OUT_OF_TIME = Problem(
    Category.NETWORK_ERROR,
    "The time for the whole check was over before {host} had answered.",
    "Try again; if GitLab is slow, raise `max-wait`.",
    details={"reason": "max-wait"},
)


def _problem(error: Exception, timeout: float, proxy: Proxy | None) -> Problem | None:
    """The problem that an exception of requests or of what lies beneath it stands for; None: a bug of ours.

    No text of the exception is taken over: it can repeat what the server or the proxy sent.
    """
    causes = list(_causes(error))
    at_proxy = isinstance(error, requests.exceptions.ProxyError)  # and not at the host behind it

    def among(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if proxy and at_proxy and (status := _refusal_by_a_proxy(causes)):
        return proxy.refusal(status)
    check = (
        "Check the address (`url`), and whether this machine may reach that host; then try again."
    )
    name, peer = "{host}", "{host}"
    if proxy and at_proxy:
        name, peer, check = f"of the proxy {proxy.name}", f"the proxy {proxy.name}", proxy.check
    elif proxy:
        peer, check = f"{{host}} through the proxy {proxy.name}", proxy.check_beyond

    def network(what: str, reason: str) -> Problem:
        return Problem(
            Category.NETWORK_ERROR,
            f"{what}.",
            check,
            details={"reason": "proxy" if at_proxy else reason},
        )

    if among(ssl.SSLError, requests.exceptions.SSLError):
        return _tls_problem(causes, peer, proxy, at_proxy)
    if isinstance(error, zlib.error):
        return Problem(
            Category.UNEXPECTED_ANSWER,
            "{host} sent an answer that cannot be unpacked.",
            "Check the address (`url`), and what stands between this machine and GitLab.",
        )
    if among(socket.gaierror):
        return network(f"The name {name} cannot be resolved", "dns")
    if among(ConnectionRefusedError):
        return network(f"{peer} refused the connection", "refused")
    if among(TimeoutError, urllib3.exceptions.ReadTimeoutError):
        how_long = durations.say_seconds(timeout) if timeout >= 1 else "less than a second"
        return network(f"{peer} was silent for {how_long}", "timeout")
    if isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, ValueError)):
        return network(f"The connection to {peer} broke off", "connection")
    if isinstance(
        error, OSError
    ):  # requests raises it when the bundle of CA certificates is not there
        return Problem(
            Category.TLS_ERROR,
            "The file of CA certificates that the environment names (REQUESTS_CA_BUNDLE) cannot be read.",
            "Correct REQUESTS_CA_BUNDLE, or name the right file with `ca-file`.",
        )
    return None


def _refusal_by_a_proxy(causes: list[BaseException]) -> int | None:
    """The status that a proxy answered instead of connecting; http.client tells it only in words."""
    said = (re.match(r"Tunnel connection failed: (\d{3})\b", str(cause)) for cause in causes)
    return next((int(found[1]) for found in said if found), None)


# By OpenSSL's number for the failed verification (include/openssl/x509_vfy.h).
_CERTIFICATE = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate comes from a CA that is not trusted here",
    20: "its certificate comes from a CA that is not trusted here",
    62: "its certificate is for another host name",
    64: "its certificate is for another address",
}


def _tls_problem(
    causes: list[BaseException], peer: str, proxy: Proxy | None, at_proxy: bool
) -> Problem:
    code = next(
        (c.verify_code for c in causes if isinstance(c, ssl.SSLCertVerificationError)), None
    )
    if any(
        type(cause).__name__ == "CertificateError" for cause in causes
    ):  # urllib3 before 2 looks at the host itself
        code = 62
    if code is None:
        return Problem(
            Category.TLS_ERROR,
            f"No TLS connection to {peer} could be made: the handshake failed.",
            proxy.check_scheme
            if proxy and at_proxy
            else "Check the port and scheme of `url`, and whether something in between intercepts TLS.",
            details={"reason": "handshake"},
        )
    reason = _CERTIFICATE.get(code, "its certificate cannot be verified")
    fix = (
        "Name the bundle of that CA with `ca-file` (or REQUESTS_CA_BUNDLE)."
        if code in (18, 19, 20)
        else "Check the address (`url`) and this machine's clock; if both are right, the server's certificate "
        "has to be renewed."
    )
    if proxy and not at_proxy and code in (18, 19, 20):
        fix = f"If that proxy opens TLS, it is the proxy's CA that has to be trusted. {fix}"
    return Problem(
        Category.TLS_ERROR,
        f"{peer} cannot be trusted: {reason}.",
        fix,
        details={"reason": reason.partition(" ")[2]},
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, in whatever way the libraries wrap it."""
    queue, seen = [error], set[int]()
    while queue:
        one = queue.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        queue += [item for item in inner if isinstance(item, BaseException)]


def _absolute(url: str, location: str | None) -> str | None:
    try:
        return urljoin(url, location) if location else None
    except ValueError:
        return None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
        return (
            date.replace(tzinfo=timezone.utc)
            if date.tzinfo is None
            else date.astimezone(timezone.utc)
        )
    except (ValueError, TypeError, OverflowError):
        return None


def _retry_after(text: str | None, now: datetime | None) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date; None if it makes no sense."""
    text = (text or "").strip()
    if re.fullmatch(r"\d+", text, re.ASCII):
        return float(text[:9]) if len(text) <= 9 else 1e9
    date = _date(text)
    return max((date - (now or datetime.now(timezone.utc))).total_seconds(), 0) if date else None
