"""What can go wrong between a client and GitLab, as bytes on a real socket: the list of it.

An oddity that GitLab's answer survives is on the list as well, as `ok`: a check that fails for no
reason is a fault, too.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import chain, repeat
from typing import Any

from kit.fault_server import JSON, Fault, Headers, chunk, head, whole
from kit.policies import describe

UNEXPECTED, NETWORK, TLS = "unexpected-answer", "network-error", "tls-error"
EITHER = f"{NETWORK} or {UNEXPECTED}"
PACE = 0.1  # seconds between the pieces of an answer that drips
CHUNKED: Headers = (("Transfer-Encoding", "chunked"), *JSON)
LONG: Headers = (*JSON, ("Content-Length", 500))
ELSEWHERE: Headers = (("Location", "/"),)
UNKNOWN = {"message": "401 Unauthorized"}


def good() -> bytes:
    return json.dumps(describe()).encode()


def fault(name: str, category: str, *pieces: bytes, **more: Any) -> Fault:
    return Fault(name, category, lambda: pieces, **more)


def answer(
    name: str, category: str, body: object, status: object = 200, **headers: object
) -> Fault:
    """The fault is one whole answer."""
    return fault(name, category, whole(body, status, **headers))


def endless(name: str, category: str, first: bytes, then: bytes, pace: float, **more: Any) -> Fault:
    return Fault(name, category, lambda: chain((first,), repeat(then)), pace=pace, **more)


# The list


def at_every_stage() -> Iterator[Fault]:
    """The connection ends, or falls silent, at every stage of an answer."""
    stages = {
        "before the answer": b"",
        "in the status line": b"HTTP/1.",
        "in a header": b"HTTP/1.1 200 OK\r\nContent-Ty",
        "between headers": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
        "after the headers": head(200, LONG),
        "in the body": head(200, LONG) + good()[:50],
        "in a chunk": head(200, CHUNKED) + b"fff\r\n" + good(),
        "between chunks": head(200, CHUNKED) + chunk(good()),
    }
    for stage, sent in {"before the request": b"", **stages}.items():
        before = stage not in stages
        yield fault(f"closed {stage}", NETWORK, sent, before=before)
        yield fault(f"reset {stage}", NETWORK, sent, end="reset", before=before)
        yield fault(f"silent {stage}", NETWORK, sent, end="silence", before=before)


def without_end() -> Iterator[Fault]:
    """Answers that never come to an end, at once or in drops."""
    start, line, lump = b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b" " * 65536
    chunks, go_on = head(200, CHUNKED), b"HTTP/1.1 100 Continue\r\n\r\n" * 9
    redirect = (*ELSEWHERE, ("Content-Length", 500))
    rows = [  # what begins it, what follows for ever, seconds between
        ("a status line that drips", NETWORK, b"HTTP/1.1 200 ", b"O", PACE),
        ("a header that drips", NETWORK, start + b"X: ", b"y", PACE),
        ("headers that drip", NETWORK, start, line, 0.2),
        ("a body that drips", NETWORK, head(), b" ", PACE),
        ("chunks that drip", NETWORK, chunks, chunk(b" "), PACE),
        ("a refusal that drips", NETWORK, head(401, LONG), b" ", PACE),
        ("a redirect that drips", NETWORK, head(302, redirect), b" ", PACE),
        ("interim answers without end", NETWORK, b"", go_on, PACE),
        ("a status line without end", NETWORK, b"HTTP/1.1 200 ", b"O" * 65536, 0),
        ("a header without end", NETWORK, start + b"X: ", b"y" * 65536, 0),
        ("headers without end", NETWORK, start, line * 9999, 0),
        ("a body without end", UNEXPECTED, head(), lump, 0),
        ("chunks without end", UNEXPECTED, chunks, chunk(lump), 0),
        ("a chunk size without end", NETWORK, chunks, b"0" * 65536, 0),
        # To a file, -1 means all there is.
        ("a chunk of size -1 without end", NETWORK, chunks + b"-1\r\n", lump, 0),
        ("trailers without end", NETWORK, chunks + b"0\r\n", line * 9999, 0),
        ("a redirect's body without end", UNEXPECTED, head(302, ELSEWHERE), lump, 0),
        ("a refusal's body without end", UNEXPECTED, head(401), lump, 0),
    ]
    yield Fault("never accepted", NETWORK, accepts=False)
    yield from (endless(*row) for row in rows)


def of_framing() -> Iterator[Fault]:
    """Lengths, chunks and packing that do not hold what they say."""
    body, chunks = good(), head(200, CHUNKED)
    yield answer("a length that is too large", NETWORK, body, Content_Length=len(body) + 1)
    yield answer("a length that is too small", UNEXPECTED, body, Content_Length=len(body) - 1)
    for length in ("-5", "many", "1e3", "9" * 400, "2, 9", "0x20"):
        name = f"a length of {length[:5]}{'…' * (len(length) > 5)}"
        yield answer(name, f"{EITHER} or ok", body, Content_Length=length)
    yield fault("sound chunks", "ok", chunks, chunk(body[:9]), chunk(body[9:]), b"0\r\n\r\n")
    sizes = {"no number": "zz", "negative": "-9", "beyond measure": "f" * 20, "missing": ""}
    for name, size in sizes.items():
        yield fault(f"a chunk whose size is {name}", NETWORK, chunks, f"{size}\r\n".encode(), body)
    short = b"fff\r\n" + body + b"\r\n0\r\n\r\n"
    yield fault("chunks without a last one", NETWORK, chunks, chunk(body))
    yield fault("a chunk that is shorter than its size", NETWORK, chunks, short)
    packed, large = gzip.compress(body), b" " * 300_000_000
    twice = gzip.compress(gzip.compress(large))
    for name, category, content, coding in (
        ("packed, unasked", "ok", packed, "gzip"),
        ("packed, with an error in it", UNEXPECTED, b"\x1f\x8b\x08" + body, "gzip"),
        ("said to be packed", UNEXPECTED, body, "gzip"),
        ("packed and cut", UNEXPECTED, packed[:-40], "gzip"),
        ("300 MB in a packet of 300 KB", UNEXPECTED, gzip.compress(large + body), "gzip"),
        ("300 MB packed twice", UNEXPECTED, twice, "gzip, gzip"),
        ("300 MB packed in another way", UNEXPECTED, zlib.compress(large), "deflate"),
        ("a packing that nobody knows", UNEXPECTED, b"\x00\x01", "x"),
    ):
        yield answer(name, category, content, Content_Encoding=coding)


def of_the_text() -> Iterator[Fault]:
    """Bodies that are not the JSON which GitLab writes."""
    body = good()

    def amid(what: bytes) -> bytes:
        return body[:-1] + b', "more": ' + what + b"}"

    rows: list[tuple[str, str, bytes]] = [
        ("nothing", UNEXPECTED, b""),
        ("a page", UNEXPECTED, b"<!DOCTYPE html><title>Sign in</title>"),
        ("half of a description", UNEXPECTED, body[:100]),
        ("a description and more", UNEXPECTED, body + body),
        ("bytes that are no UTF-8", UNEXPECTED, body.replace(b'"ci"', b'"\xff\xfe"')),
        ("UTF-16", UNEXPECTED, body.decode().encode("utf-16")),
        ("a byte order mark", UNEXPECTED, b"\xef\xbb\xbf" + body),
        ("half a character", "ok", body.replace(b'"ci"', b'"\\ud800"')),
        ("100,000 levels", UNEXPECTED, amid(b"[" * 100_000 + b"]" * 100_000)),
        ("a number of 5,000 digits", UNEXPECTED, amid(b"9" * 5_000)),
        ("a fraction of 5,000 digits", "ok", amid(b"0." + b"9" * 5_000)),
        ("a number beyond measure", "ok", amid(b"1e999999")),
        ("no number (NaN)", UNEXPECTED, amid(b"NaN")),
        ("a key that stands twice", UNEXPECTED, body[:-1] + b', "scopes": ["sudo"]}'),
        ("300,000 empty lists", "ok", amid(b"[" + b"[]," * 300_000 + b"[]]")),
        ("over 1 MiB", UNEXPECTED, amid(b'"' + b"x" * 1024 * 1024 + b'"')),
    ]
    yield from (answer(*row) for row in rows)
    for value in ([], None, True, 7, "text", [describe()]):
        yield answer(f"JSON that is {json.dumps(value)[:12]}", UNEXPECTED, json.dumps(value))


def of_fields() -> Iterator[Fault]:
    """Descriptions with a field of another type, or with a date that is none."""
    other = {"text": "x", "a number": 7, "a list": [None], "null": None, "true": True}
    # What decides must be as GitLab writes it; what only informs is left out where it is not.
    flags = ("true", "null")
    sound: Mapping[str, tuple[str, ...]]
    sound = {"scopes": (), "expires_at": ("null",), "revoked": flags, "active": flags}
    for field in ("id", "name", "user_id", "created_at", *sound):
        for kind, value in other.items():
            found = "ok" if field not in sound or kind in sound[field] else UNEXPECTED
            if (field, kind) == ("revoked", "true"):
                found = "token-revoked"
            yield answer(f"`{field}` is {kind}", found, describe(**{field: value}))
    for date in ("2030-02-30", "01/02/2030", "2030-W01-1", ""):
        name = f"`expires_at` is {json.dumps(date)}"
        yield answer(name, UNEXPECTED, describe(expires_at=date))
    for field in ("scopes", "expires_at"):
        body = {key: value for key, value in describe().items() if key != field}
        yield answer(f"`{field}` is not there", UNEXPECTED, body)


def of_statuses() -> Iterator[Fault]:
    """Status codes that GitLab does not use here, each with the description of a good token."""
    for status in (101, 103, 199, 201, 204, 206, 299, 402, 418, 451, 499, 600, 999):
        yield answer(f"status {status}", UNEXPECTED, good(), status)
    for status in (500, 511, 520, 599):
        yield answer(f"status {status}", "server-error", good(), status)
    for status in (502, 503, 504):
        yield answer(f"status {status} each time", "server-error", "<h1>Bad gateway</h1>", status)
    for status_line in ("000", "1000", "-200", "two hundred", ""):
        yield answer(f"status {status_line or 'missing'!r}", EITHER, good(), status_line)
    yield fault("an interim answer first", "ok", b"HTTP/1.1 100 Continue\r\n\r\n", whole(good()))
    for status in (400, 403, 407, 200):
        found = NETWORK if status == 407 else UNEXPECTED
        yield answer(f"status {status} with the words of a 401", found, UNKNOWN, status)


def of_redirects() -> Iterator[Fault]:
    """Redirects of every kind, to this very server: a second request would be an answer."""
    for status in (300, 301, 302, 303, 304, 305, 306, 307, 308):
        yield answer(f"redirect {status}", UNEXPECTED, "", status, Location="/api/v4/x")
    places = {
        "to another host": "https://sso.example.com/login", "to http": "http://gitlab.example.com/",
        "to nowhere": "", "to a broken address": "http://[", "to a script": "javascript:alert(1)",
        "to a file": "file:///etc/passwd", "to a port that is none": "https://h:99999999/",
        "to itself": "/api/v4/personal_access_tokens/self",
        "of 60,000 characters": "/" + "x" * 60_000,
    }  # fmt: skip
    for name, place in places.items():
        yield answer(f"redirect {name}", UNEXPECTED, "", 302, Location=place)
    yield answer("redirect by a header of pages", "ok", good(), Refresh="0; url=https://h/")


def of_pauses() -> Iterator[Fault]:
    """Refusals for too many requests, with every kind of Retry-After."""
    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    waits = {
        "0": "0", "an hour": "3600", "huge": "9" * 300, "negative": "-1", "a fraction": "0.5",
        "words": "soon", "empty": "", "not a number": "nan", "without end": "inf",
        "other digits": "\u00b2", "a date in an hour": format_datetime(soon, usegmt=True),
        "a date long ago": "Thu, 01 Jan 1970 00:00:00 GMT",
        "a date that is none": "Thu, 99 Foo 2030 99:99:99 GMT",
        "a date without a zone": format_datetime(soon)[:-6],
    }  # fmt: skip
    words = "Retry later\n"
    yield answer("429, Retry-After: none", "rate-limited", words, 429)
    for name, wait in waits.items():
        yield answer(f"429, Retry-After: {name}", "rate-limited", words, 429, Retry_After=wait)
    yield answer("503, Retry-After: an hour", "server-error", "", 503, Retry_After="3600")


def of_http() -> Iterator[Fault]:
    """Other protocols, older ones, and headers out of all measure."""
    body = good()
    many, no_colon = {f"X-{n}": "y" for n in range(90)}, b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n"
    rows = [
        ("HTTP/1.0", "ok", whole(body, version="1.0")),
        ("HTTP/1.0 without a length", "ok", head(version="1.0") + body),
        ("HTTP/0.9", NETWORK, body),
        ("HTTP/2", NETWORK, b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18),
        ("HTTP/3.0 on the status line", EITHER, whole(body, version="3.0")),
        ("SSH", NETWORK, b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("random bytes", NETWORK, bytes(range(256)) * 4),
        ("90 headers", "ok", whole(body, **many)),
        ("10,000 headers", NETWORK, head(200, (*JSON, *many.items()) * 111) + body),
        ("a header of 60,000 characters", "ok", whole(body, X_Long="y" * 60_000)),
        ("a header of 1,000,000 characters", NETWORK, whole(body, X_Long="y" * 1_000_000)),
        ("a header without a colon", f"ok or {NETWORK}", no_colon + body),
        ("a charset that is none", "ok", whole(body, Content_Type="application/json; charset=x")),
        ("two answers at once", "ok", whole(body) + whole(UNKNOWN, 401)),
    ]
    yield from (fault(*row) for row in rows)
    yield fault("SMTP", NETWORK, b"220 mail.example.com ESMTP\r\n", before=True)
    dates = ("yesterday", "Thu, 99 Foo 99999 99:99:99 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "")
    for date in dates:
        found = "token-expired or ok" if "9999 " in date else "ok"
        yield answer(f"Date: {date or 'empty'}", found, body, Date=date)


def of_tls() -> Iterator[Fault]:
    """What happens where TLS should begin; certificates of all sorts are not here."""
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # handshake_failure
    rows: list[tuple[str, str, tuple[bytes, ...], str]] = [
        ("http on a port for TLS", TLS, (whole(good()),), "close"),
        ("closed in the handshake", f"{TLS} or {NETWORK}", (), "close"),
        ("reset in the handshake", f"{TLS} or {NETWORK}", (), "reset"),
        ("silent in the handshake", NETWORK, (), "silence"),
        ("an alert in the handshake", TLS, (alert,), "close"),
        ("random bytes in the handshake", TLS, (bytes(range(256)) * 4,), "close"),
    ]
    for name, category, pieces, end in rows:
        yield fault(name, category, *pieces, end=end, tls=True, before=True)
    hello = b"\x16\x03\x03\x40\x00"
    yield endless("a handshake that drips", NETWORK, hello, b"\x02", PACE, tls=True, before=True)


def faults() -> tuple[Fault, ...]:
    """All faults that bytes can make."""
    kinds: tuple[Callable[[], Iterator[Fault]], ...] = (
        at_every_stage, without_end, of_framing, of_the_text, of_fields, of_statuses, of_redirects,
        of_pauses, of_http, of_tls,
    )  # fmt: skip
    return tuple(one for kind in kinds for one in kind())
