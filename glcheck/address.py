"""An address: how it is read, and what counts as the same place."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
_PATH = r"(?:/[A-Za-z0-9._~-]+)*"


def read(text: str) -> str:
    """The base URL without trailing slash. ValueError if it is no plain http(s) address."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be an address such as https://host.example.com") from None
    if parts.scheme not in ("http", "https") or not text.isprintable():
        raise ValueError(
            "must be an address that begins with https://, such as https://host.example.com"
        )
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    host = re.sub(r":\d*$", "", parts.netloc)
    path = parts.path.rstrip("/")
    plain = re.fullmatch(_HOST, host, re.ASCII) and re.fullmatch(_PATH, path, re.ASCII)
    if not plain or ".." in host or parts.query or parts.fragment:
        raise ValueError(
            "must be a plain address such as https://host.example.com, without anything after it"
        )
    if any(not segment.strip(".") for segment in path.split("/")[1:]):
        raise ValueError("must not hold . or .. in its path")
    return f"{parts.scheme}://{host.lower()}{f':{port}' if port else ''}{path}"


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address that `read` gave."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def host(url: str) -> str:
    """Host and port of an address, as messages name it."""
    return urlsplit(url).netloc


def is_loopback(url: str) -> bool:
    """Whether the host is `localhost` or a loopback address: parsed, not matched by its start."""
    import ipaddress  # only for http:// and for policy files that were found

    try:
        host = urlsplit(url).hostname or ""
        if host == "localhost":
            return True
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scheme_and_host(location: str) -> str:
    """What is shown of the address that somebody was redirected to."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
