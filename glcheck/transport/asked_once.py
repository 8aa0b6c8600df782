"""One secret at one host: nothing is asked twice, however many entries of a policy hold it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from glcheck.problem import Failure
from glcheck.transport.answer import Answer
from glcheck.transport.client import Client
from glcheck.transport.session import Credential


class _Once:
    """A place for the answer to one path: who comes first asks, who comes later waits for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.result: Answer | Failure | None = None


class AskedOnce:
    """Remembers the answer to each path, for all threads of a run."""

    def __init__(self, client: Client, secret: str) -> None:
        self._client = client
        self._secret = secret
        self._answers: dict[tuple[str, str], _Once] = {}
        self._lock = threading.Lock()

    def get(self, path: str, header: str, count: Callable[[], None]) -> Answer:
        """The answer to a GET with the secret in that header. Raises Failure if there is none."""
        with self._lock:
            once = self._answers.setdefault((path, header), _Once())
        with once.lock:
            if once.result is None:
                once.result = self._ask(path, header, count)
        if isinstance(once.result, Failure):
            raise once.result
        return once.result

    def _ask(self, path: str, header: str, count: Callable[[], None]) -> Answer | Failure:
        value = f"Bearer {self._secret}" if header == "Authorization" else self._secret
        try:
            return self._client.get(path, Credential(header, value), count)
        except Failure as failure:
            return failure


class Asker:
    """Asks for one entry of a policy, and counts the requests that had to be sent for it."""

    def __init__(self, asked_once: AskedOnce) -> None:
        self.requests = 0
        self._asked_once = asked_once

    def get(self, path: str, header: str) -> Answer:
        """The answer to a GET with the secret in that header. Raises Failure if there is none."""
        return self._asked_once.get(path, header, self._count)

    def _count(self) -> None:
        self.requests += 1
