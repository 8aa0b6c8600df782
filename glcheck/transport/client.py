"""Speaks HTTP: sends a GET with the token to one host, retries what may pass, bounds everything.

It does not know what an answer means, and raises Failure only when there is none.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any

import requests
import urllib3

from glcheck.at_once import OUT_OF_TIME
from glcheck.problem import Category, Failure, Problem
from glcheck.transport.answer import Answer, read_answer
from glcheck.transport.proxy import on_the_way_to
from glcheck.transport.session import LARGEST_BODY, Credential, open_session

_TRIES = 3
_PAUSE = 0.5  # seconds before the first retry where the server names none; then twice that
_WORTH_A_RETRY = (429, 502, 503, 504)
_LENGTHS = {"content-length", "transfer-encoding"}


class Client:
    """Connections to one server, shared by all threads of a run."""

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        timeout: float,
        deadline: float,
        say: Callable[[str], None],
    ) -> None:
        """`timeout` is seconds of silence, `deadline` on time.monotonic(); `say` notes requests."""
        self._url = url
        self._ca_file = ca_file
        self._timeout = timeout
        self._deadline = deadline
        self._say = say
        self._session = open_session(ca_file)
        self._proxy = on_the_way_to(url)
        direct = dict.fromkeys(("http", "https", "all"))
        self._proxies: dict[str, Any] = {} if self._proxy else direct

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
                # A proxy that refused may lock out who tries again.
                refused = outcome.details.get("status", 503)
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
        # An address that swallows all leaves time for the next one.
        connecting = min(timeout, left / 2)
        try:
            with self._session.get(
                self._url + path,
                auth=credential,
                timeout=(connecting, timeout),
                stream=True,
                verify=self._ca_file,
                proxies=self._proxies,
            ) as response:
                body = _read(response)
        except Exception as error:
            from glcheck.transport.faults import problem_of

            problem = problem_of(error, timeout, self._proxy)
            if problem is None:
                raise
            self._say(f"GET {self._url}{path}: {problem.category.label}")
            return problem
        elapsed = (time.monotonic() - started) * 1000
        self._say(f"GET {self._url}{path}: {response.status_code} in {elapsed:.0f} ms")
        # Plain http goes through a proxy as any request does, and so does the proxy's refusal.
        if self._proxy and response.status_code == 407:
            return self._proxy.refusal(407)
        return read_answer(self._url, path, response.status_code, response.headers, body)


def _read(response: requests.Response) -> bytes | None:
    """The body as far as it is asked for; None where that is not all.

    It is unpacked here, where a small one that unpacks to much does no harm.
    """
    response.raw.enforce_content_length = True  # urllib3 before 2 takes a part for the whole
    packed = response.headers.get("Content-Encoding", "").lower() == "gzip"  # unasked: by gateways
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    body = bytearray()
    for piece in response.raw.stream(16 * 1024, decode_content=False):
        body += unpacker.decompress(piece, LARGEST_BODY + 1) if unpacker else piece
        if len(body) > LARGEST_BODY:
            return None
    sized = _LENGTHS & {name.lower() for name in response.headers}
    if not body and response.status_code == 200 and not sized:
        raise urllib3.exceptions.ProtocolError  # http.client takes broken-off headers for all
    return bytes(body)
