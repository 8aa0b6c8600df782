"""What can go wrong between a client and GitLab, as bytes on a real socket: a list, and a server for each entry.

A fault is told apart by the category that glcheck must end with. An oddity that GitLab's answer survives is on
the list as well, as `ok`: a check that fails for no reason is a fault, too.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import repeat
from typing import Literal, NamedTuple

from kit.gitlab_server import hang_up
from kit.policies import describe

End = Literal["close", "reset", "silence"]
Pieces = Callable[[], Iterable[bytes]]
UNEXPECTED_ANSWER, NETWORK, TLS = "unexpected-answer", "network-error", "tls-error"
PACE = 0.1  # seconds between the pieces of an answer that drips
HEADERS = (("Content-Type", "application/json"),)
UNKNOWN = {"message": "401 Unauthorized"}


class Fault(NamedTuple):
    """A way to answer, or not to, and the category that glcheck must end with."""

    name: str
    category: str
    pieces: Pieces = tuple  # what is sent, once the request is there
    end: End = "close"  # and what then happens to the connection
    before: bool = False  # send it before there is a request
    pace: float = 0.0  # seconds between pieces
    tls: bool = False  # the client is told https://
    accepts: bool = True


class Server:
    """Gives one fault to everyone who connects."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = (
            [threading.Thread(target=self._accept, daemon=True)] if fault.accepts else []
        )
        self.url = f"http{'s' * fault.tls}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Server:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        if self._fault.accepts:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(self._listener.getsockname(), timeout=1),
            ):
                self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            hang_up(connection)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            self._open.append(connection)
            self._threads.append(
                threading.Thread(target=self._serve, args=(connection,), daemon=True)
            )
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while not self._fault.before and b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            for piece in self._fault.pieces():
                if (
                    self._stopping.wait(self._fault.pace)
                    if self._fault.pace
                    else self._stopping.is_set()
                ):
                    return
                connection.sendall(piece)
            if self._fault.end == "silence":
                self._stopping.wait()
            if self._fault.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self._fault.before:  # closed with bytes unread, it would be reset
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65536)


# How an answer is put together


def head(status: object = 200, *headers: tuple[str, object], version: str = "HTTP/1.1") -> bytes:
    lines = [f"{version} {status} Whatever", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(
    body: object, status: int | str = 200, *headers: tuple[str, object], version: str = "HTTP/1.1"
) -> bytes:
    """A whole answer; a body that is neither text nor bytes becomes JSON."""
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    content = text.encode() if isinstance(text, str) else text
    given = {name.lower() for name, _ in headers}
    usual = [
        *HEADERS,
        ("Content-Length", len(content)),
        ("Date", format_datetime(datetime.now(timezone.utc), True)),
    ]
    rest = [
        one for one in usual if one[0].lower() not in given and "transfer-encoding" not in given
    ]
    return head(status, *headers, *rest, version=version) + content


def once(*pieces: bytes) -> Pieces:
    return lambda: pieces


def for_ever(*first: bytes, then: bytes) -> Pieces:
    def pieces() -> Iterator[bytes]:
        yield from first
        yield from repeat(then)

    return pieces


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


GOOD = json.dumps(describe()).encode()
CHUNKED = (("Transfer-Encoding", "chunked"), *HEADERS)
PACKED = ("Content-Encoding", "gzip")
LONG = ("Content-Length", 500)


# --- the list ---


def at_every_stage() -> Iterator[Fault]:
    """The connection ends, or falls silent, at every stage of an answer."""
    stages = {
        "before the request": (b"", True),
        "before the answer": (b"", False),
        "in the status line": (b"HTTP/1.", False),
        "in a header": (b"HTTP/1.1 200 OK\r\nContent-Ty", False),
        "between headers": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", False),
        "after the headers": (head(200, *HEADERS, LONG), False),
        "in the body": (head(200, *HEADERS, LONG) + GOOD[:50], False),
        "in a chunk": (head(200, *CHUNKED) + b"fff\r\n" + GOOD, False),
        "between chunks": (head(200, *CHUNKED) + chunk(GOOD), False),
    }
    for stage, (sent, before) in stages.items():
        yield Fault(f"closed {stage}", NETWORK, once(sent), before=before)
        yield Fault(f"reset {stage}", NETWORK, once(sent), "reset", before=before)
        yield Fault(f"silent {stage}", NETWORK, once(sent), "silence", before=before)


def without_end() -> Iterator[Fault]:
    """Answers that never come to an end, at once or in drops."""
    yield Fault("never accepted", NETWORK, accepts=False)
    yield Fault(
        "a status line that drips", NETWORK, for_ever(b"HTTP/1.1 200 ", then=b"O"), pace=PACE
    )
    yield Fault(
        "a header that drips", NETWORK, for_ever(b"HTTP/1.1 200 OK\r\nX: ", then=b"y"), pace=PACE
    )
    yield Fault(
        "headers that drip", NETWORK, for_ever(b"HTTP/1.1 200 OK\r\n", then=b"X: y\r\n"), pace=0.2
    )
    yield Fault("a body that drips", NETWORK, for_ever(head(200, *HEADERS), then=b" "), pace=PACE)
    yield Fault(
        "chunks that drip", NETWORK, for_ever(head(200, *CHUNKED), then=chunk(b" ")), pace=PACE
    )
    yield Fault(
        "a refusal that drips", NETWORK, for_ever(head(401, *HEADERS, LONG), then=b" "), pace=PACE
    )
    yield Fault(
        "a redirect that drips",
        NETWORK,
        for_ever(head(302, ("Location", "/"), LONG), then=b" "),
        pace=PACE,
    )
    yield Fault(
        "interim answers without end",
        NETWORK,
        for_ever(then=b"HTTP/1.1 100 Continue\r\n\r\n" * 9),
        pace=PACE,
    )
    yield Fault("a status line without end", NETWORK, for_ever(b"HTTP/1.1 200 ", then=b"O" * 65536))
    yield Fault(
        "a header without end", NETWORK, for_ever(b"HTTP/1.1 200 OK\r\nX: ", then=b"y" * 65536)
    )
    yield Fault(
        "headers without end", NETWORK, for_ever(b"HTTP/1.1 200 OK\r\n", then=b"X: y\r\n" * 9999)
    )
    yield Fault(
        "a body without end", UNEXPECTED_ANSWER, for_ever(head(200, *HEADERS), then=b" " * 65536)
    )
    yield Fault(
        "chunks without end",
        UNEXPECTED_ANSWER,
        for_ever(head(200, *CHUNKED), then=chunk(b" " * 65536)),
    )
    yield Fault(
        "a chunk size without end", NETWORK, for_ever(head(200, *CHUNKED), then=b"0" * 65536)
    )
    all_of_it = head(200, *CHUNKED) + b"-1\r\n"  # to a file, -1 means all there is
    yield Fault("a chunk of size -1 without end", NETWORK, for_ever(all_of_it, then=b" " * 65536))
    yield Fault(
        "trailers without end",
        NETWORK,
        for_ever(head(200, *CHUNKED) + b"0\r\n", then=b"X: y\r\n" * 9999),
    )
    yield Fault(
        "a redirect's body without end",
        UNEXPECTED_ANSWER,
        for_ever(head(302, ("Location", "/")), then=b" " * 65536),
    )
    yield Fault(
        "a refusal's body without end",
        UNEXPECTED_ANSWER,
        for_ever(head(401, *HEADERS), then=b" " * 65536),
    )


def of_framing() -> Iterator[Fault]:
    """Lengths, chunks and packing that do not hold what they say."""
    yield Fault(
        "a length that is too large",
        NETWORK,
        once(whole(GOOD, 200, ("Content-Length", len(GOOD) + 1))),
    )
    yield Fault(
        "a length that is too small",
        UNEXPECTED_ANSWER,
        once(whole(GOOD, 200, ("Content-Length", len(GOOD) - 1))),
    )
    for length in ("-5", "many", "1e3", "9" * 400, "2, 9", "0x20"):
        name = f"a length of {length[:5]}{'…' * (len(length) > 5)}"
        yield Fault(
            name,
            f"{NETWORK}, {UNEXPECTED_ANSWER} or ok",
            once(whole(GOOD, 200, ("Content-Length", length))),
        )
    good = head(200, *CHUNKED)
    yield Fault("sound chunks", "ok", once(good, chunk(GOOD[:9]), chunk(GOOD[9:]), b"0\r\n\r\n"))
    for name, size in {
        "no number": "zz",
        "negative": "-9",
        "beyond measure": "f" * 20,
        "missing": "",
    }.items():
        yield Fault(
            f"a chunk whose size is {name}", NETWORK, once(good, f"{size}\r\n".encode(), GOOD)
        )
    yield Fault("chunks without a last one", NETWORK, once(good, chunk(GOOD)))
    yield Fault(
        "a chunk that is shorter than its size",
        NETWORK,
        once(good, b"fff\r\n" + GOOD + b"\r\n0\r\n\r\n"),
    )
    yield Fault("packed, unasked", "ok", once(whole(gzip.compress(GOOD), 200, PACKED)))
    yield Fault(
        "packed, with an error in it",
        UNEXPECTED_ANSWER,
        once(whole(b"\x1f\x8b\x08" + GOOD, 200, PACKED)),
    )
    yield Fault("said to be packed", UNEXPECTED_ANSWER, once(whole(GOOD, 200, PACKED)))
    yield Fault(
        "packed and cut", UNEXPECTED_ANSWER, once(whole(gzip.compress(GOOD)[:-40], 200, PACKED))
    )
    bomb = gzip.compress(b" " * 300_000_000 + GOOD)
    yield Fault("300 MB in a packet of 300 KB", UNEXPECTED_ANSWER, once(whole(bomb, 200, PACKED)))
    twice = gzip.compress(gzip.compress(b" " * 300_000_000))
    yield Fault(
        "300 MB packed twice",
        UNEXPECTED_ANSWER,
        once(whole(twice, 200, ("Content-Encoding", "gzip, gzip"))),
    )
    packed = zlib.compress(b" " * 300_000_000)
    yield Fault(
        "300 MB packed in another way",
        UNEXPECTED_ANSWER,
        once(whole(packed, 200, ("Content-Encoding", "deflate"))),
    )
    yield Fault(
        "a packing that nobody knows",
        UNEXPECTED_ANSWER,
        once(whole(b"\x00\x01", 200, ("Content-Encoding", "x"))),
    )


def of_the_text() -> Iterator[Fault]:
    """Bodies that are not the JSON which GitLab writes."""

    def fault(name: str, body: object, category: str = UNEXPECTED_ANSWER) -> Fault:
        return Fault(name, category, once(whole(body)))

    def amid(what: bytes) -> bytes:
        return GOOD[:-1] + b', "more": ' + what + b"}"

    yield fault("nothing", b"")
    yield fault("a page", "<!DOCTYPE html><title>Sign in</title>")
    yield fault("half of a description", GOOD[:100])
    yield fault("a description and more", GOOD + GOOD)
    yield fault("bytes that are no UTF-8", GOOD.replace(b'"ci"', b'"\xff\xfe"'))
    yield fault("UTF-16", GOOD.decode().encode("utf-16"))
    yield fault("a byte order mark", b"\xef\xbb\xbf" + GOOD)
    yield fault("half a character", GOOD.replace(b'"ci"', b'"\\ud800"'), "ok")
    yield fault("100,000 levels", amid(b"[" * 100_000 + b"]" * 100_000))
    yield fault("a number of 5,000 digits", amid(b"9" * 5_000))
    yield fault("a fraction of 5,000 digits", amid(b"0." + b"9" * 5_000), "ok")
    yield fault("a number beyond measure", amid(b"1e999999"), "ok")
    yield fault("no number (NaN)", amid(b"NaN"))
    yield fault("a key that stands twice", GOOD[:-1] + b', "scopes": ["sudo"]}')
    yield fault("300,000 empty lists", amid(b"[" + b"[]," * 300_000 + b"[]]"), "ok")
    yield fault("over 1 MiB", amid(b'"' + b"x" * 1024 * 1024 + b'"'))
    for body in ([], None, True, 7, "text", [json.loads(GOOD)]):
        yield fault(f"JSON that is {json.dumps(body)[:12]}", json.dumps(body))


def of_fields() -> Iterator[Fault]:
    """Descriptions with a field of another type, or with a date that is none."""
    other: Mapping[str, object] = {
        "text": "x",
        "a number": 7,
        "a list": [None],
        "null": None,
        "true": True,
    }
    # What decides must be as GitLab writes it; what only informs is left out where it is not.
    sound = {
        "scopes": set[str](),
        "expires_at": {"null"},
        "revoked": {"true", "null"},
        "active": {"true", "null"},
    }
    for field in ("id", "name", "user_id", "created_at", *sound):
        for kind, value in other.items():
            fine = field not in sound or kind in sound[field]
            is_dead = (field, kind) == ("revoked", "true")
            found = "token-revoked" if is_dead else "ok" if fine else UNEXPECTED_ANSWER
            yield Fault(f"`{field}` is {kind}", found, once(whole(describe(**{field: value}))))
    for date in ("2030-02-30", "01/02/2030", "2030-W01-1", ""):
        yield Fault(
            f"`expires_at` is {json.dumps(date)}",
            UNEXPECTED_ANSWER,
            once(whole(describe(expires_at=date))),
        )
    for field in ("scopes", "expires_at"):
        body = {key: value for key, value in describe().items() if key != field}
        yield Fault(f"`{field}` is not there", UNEXPECTED_ANSWER, once(whole(body)))


def of_statuses() -> Iterator[Fault]:
    """Status codes that GitLab does not use here, each with the description of a good token."""
    for status in (101, 103, 199, 201, 204, 206, 299, 402, 418, 451, 499, 600, 999):
        yield Fault(f"status {status}", UNEXPECTED_ANSWER, once(whole(GOOD, status)))
    for status in (500, 511, 520, 599):
        yield Fault(f"status {status}", "server-error", once(whole(GOOD, status)))
    for status in (502, 503, 504):
        yield Fault(
            f"status {status} each time",
            "server-error",
            once(whole("<h1>Bad gateway</h1>", status)),
        )
    for status_line in ("000", "1000", "-200", "two hundred", ""):
        yield Fault(
            f"status {status_line or 'missing'!r}",
            f"{NETWORK} or {UNEXPECTED_ANSWER}",
            once(whole(GOOD, status_line)),
        )
    yield Fault(
        "an interim answer first", "ok", once(b"HTTP/1.1 100 Continue\r\n\r\n", whole(GOOD))
    )
    for status in (400, 403, 407, 200):
        found = NETWORK if status == 407 else UNEXPECTED_ANSWER
        yield Fault(f"status {status} with the words of a 401", found, once(whole(UNKNOWN, status)))


def of_redirects() -> Iterator[Fault]:
    """Redirects of every kind. The server that they point to is this one: a second request would be an answer."""
    for status in (300, 301, 302, 303, 304, 305, 306, 307, 308):
        yield Fault(
            f"redirect {status}",
            UNEXPECTED_ANSWER,
            once(whole("", status, ("Location", "/api/v4/x"))),
        )
    places = {
        "to another host": "https://sso.example.com/login", "to http": "http://gitlab.example.com/",
        "to nowhere": "", "to a broken address": "http://[", "to a script": "javascript:alert(1)",
        "to a file": "file:///etc/passwd", "to a port that is none": "https://h:99999999/",
        "to itself": "/api/v4/personal_access_tokens/self", "of 60,000 characters": "/" + "x" * 60_000,
    }  # fmt: skip
    for name, place in places.items():
        yield Fault(
            f"redirect {name}", UNEXPECTED_ANSWER, once(whole("", 302, ("Location", place)))
        )
    yield Fault(
        "redirect by a header of pages",
        "ok",
        once(whole(GOOD, 200, ("Refresh", "0; url=https://h/"))),
    )


def of_pauses() -> Iterator[Fault]:
    """Refusals for too many requests, with every kind of Retry-After."""
    now = datetime.now(timezone.utc)
    waits = {
        "none": None, "0": "0", "an hour": "3600", "huge": "9" * 300, "negative": "-1", "a fraction": "0.5",
        "words": "soon", "empty": "", "not a number": "nan", "without end": "inf", "other digits": "\u00b2",
        "a date in an hour": format_datetime(now + timedelta(hours=1), usegmt=True),
        "a date long ago": "Thu, 01 Jan 1970 00:00:00 GMT", "a date that is none": "Thu, 99 Foo 2030 99:99:99 GMT",
        "a date without a zone": format_datetime(now + timedelta(hours=1))[:-6],
    }  # fmt: skip
    for name, wait in waits.items():
        headers = () if wait is None else (("Retry-After", wait),)
        yield Fault(
            f"429, Retry-After: {name}", "rate-limited", once(whole("Retry later\n", 429, *headers))
        )
    yield Fault(
        "503 with a Retry-After of an hour",
        "server-error",
        once(whole("", 503, ("Retry-After", "3600"))),
    )


def of_http() -> Iterator[Fault]:
    """Other protocols, older ones, and headers out of all measure."""
    yield Fault("HTTP/1.0", "ok", once(whole(GOOD, version="HTTP/1.0")))
    yield Fault(
        "HTTP/1.0 without a length", "ok", once(head(200, *HEADERS, version="HTTP/1.0"), GOOD)
    )
    yield Fault("HTTP/0.9", NETWORK, once(GOOD))
    yield Fault("HTTP/2", NETWORK, once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18))
    yield Fault(
        "HTTP/3.0 on the status line",
        f"{NETWORK} or {UNEXPECTED_ANSWER}",
        once(whole(GOOD, version="HTTP/3.0")),
    )
    yield Fault("SSH", NETWORK, once(b"SSH-2.0-OpenSSH_9.6\r\n"))
    yield Fault("SMTP", NETWORK, once(b"220 mail.example.com ESMTP\r\n"), before=True)
    yield Fault("random bytes", NETWORK, once(bytes(range(256)) * 4))
    many = [(f"X-{n}", "y") for n in range(90)]
    yield Fault("90 headers", "ok", once(whole(GOOD, 200, *many)))
    yield Fault("10,000 headers", NETWORK, once(whole(GOOD, 200, *many * 111)))
    yield Fault(
        "a header of 60,000 characters", "ok", once(whole(GOOD, 200, ("X-Long", "y" * 60_000)))
    )
    yield Fault(
        "a header of 1,000,000 characters",
        NETWORK,
        once(whole(GOOD, 200, ("X-Long", "y" * 1_000_000))),
    )
    yield Fault(
        "a header without a colon",
        "ok or network-error",
        once(b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n" + GOOD),
    )
    yield Fault(
        "a charset that is none",
        "ok",
        once(whole(GOOD, 200, ("Content-Type", "application/json; charset=x"))),
    )
    for date in (
        "yesterday",
        "Thu, 99 Foo 99999 99:99:99 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "",
    ):
        found = "token-expired or ok" if "9999 " in date else "ok"
        yield Fault(f"Date: {date or 'empty'}", found, once(whole(GOOD, 200, ("Date", date))))
    yield Fault("two answers at once", "ok", once(whole(GOOD) + whole(UNKNOWN, 401)))


def of_tls() -> Iterator[Fault]:
    """What happens where TLS should begin; servers with certificates of all sorts are GitLab's own."""
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # handshake_failure
    yield Fault("http on a port for TLS", TLS, once(whole(GOOD)), before=True, tls=True)
    yield Fault("closed in the handshake", f"{TLS} or {NETWORK}", tls=True, before=True)
    yield Fault("reset in the handshake", f"{TLS} or {NETWORK}", end="reset", tls=True, before=True)
    yield Fault("silent in the handshake", NETWORK, end="silence", tls=True, before=True)
    yield Fault(
        "a handshake that drips",
        NETWORK,
        for_ever(b"\x16\x03\x03\x40\x00", then=b"\x02"),
        tls=True,
        before=True,
        pace=PACE,
    )
    yield Fault("an alert in the handshake", TLS, once(alert), tls=True, before=True)
    yield Fault(
        "random bytes in the handshake", TLS, once(bytes(range(256)) * 4), tls=True, before=True
    )


def faults() -> tuple[Fault, ...]:
    """All faults that bytes can make."""
    kinds: tuple[Callable[[], Iterator[Fault]], ...] = (
        at_every_stage, without_end, of_framing, of_the_text, of_fields, of_statuses, of_redirects, of_pauses,
        of_http, of_tls,
    )  # fmt: skip
    return tuple(fault for kind in kinds for fault in kind())
