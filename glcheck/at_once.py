"""Steps at the same time, with one deadline for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from glcheck.problem import Category, Problem

MOST_THREADS = 16
_GLANCE = 0.2  # seconds between two looks at how far it is
T = TypeVar("T")

OUT_OF_TIME = Problem(
    Category.NETWORK_ERROR,
    "The time for the whole check was over before {host} had answered.",
    "Try again; if {host} is slow, raise `max-wait`.",
    details={"reason": "max-wait"},
)
INTERRUPTED = Problem(
    Category.NETWORK_ERROR,
    "The check was interrupted before {host} had answered.",
    "Start it again.",
    details={"reason": "interrupted"},
)


def within(seconds: float, load: Callable[[], T]) -> T:
    """What `load` returns; TimeoutError if that takes longer: a pipe can be silent for ever."""
    import threading  # only for a token that is not in a variable

    results: list[T | OSError] = []

    def work() -> None:
        try:
            results.append(load())
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not results:
        raise TimeoutError(None, "nothing came in time")
    if isinstance(results[0], OSError):
        raise results[0]
    return results[0]


def all_at_once(
    steps: Sequence[Callable[[], None]], deadline: float, on_progress: Callable[[int, int], None]
) -> Problem | None:
    """Take all steps, until the deadline; the problem that kept some from their end, if any.

    `deadline` is on the clock of time.monotonic(). `on_progress` is told now and then how many are
    done, and of how many. Steps raise nothing. Daemon threads and no executor: an executor waits at
    exit for a server that never stops talking.
    """
    import queue  # only for those who have something to ask
    import threading

    waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    done = threading.Semaphore(0)
    for step in steps:
        waiting.put(step)

    def work() -> None:
        while time.monotonic() < deadline:
            try:
                step = waiting.get_nowait()
            except queue.Empty:
                return
            step()
            done.release()

    finished = 0
    try:
        for _ in range(min(MOST_THREADS, len(steps))):
            threading.Thread(target=work, daemon=True).start()
        while finished < len(steps) and (left := deadline - time.monotonic()) > 0:
            finished += done.acquire(timeout=min(left, _GLANCE))
            on_progress(finished, len(steps))
    except KeyboardInterrupt:
        return INTERRUPTED
    return OUT_OF_TIME if finished < len(steps) else None
