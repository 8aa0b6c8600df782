"""GitLab's address: how it is read, where it comes from by default, and what counts as the same place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT = "https://gitlab.com"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
# In the order in which they give the default; CI_API_V4_URL holds the path of a relative root, too.
_FROM_CI = ("CI_API_V4_URL", "CI_SERVER_URL")
_ELSEWHERE = ("GITLAB_URL", "GITLAB_HOST")


def read(text: str) -> str:
    """The base URL without trailing slash or `/api/v4`. ValueError if it is no plain http(s) address."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be an address such as https://gitlab.example.com") from None
    if parts.scheme not in ("http", "https") or not text.isprintable():
        raise ValueError(
            "must be an address that begins with https://, such as https://gitlab.example.com"
        )
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    host = re.sub(r":\d*$", "", parts.netloc)
    path = parts.path.rstrip("/").removesuffix("/api/v4").rstrip("/")
    if (
        not _HOST.fullmatch(host)
        or ".." in host
        or parts.query
        or parts.fragment
        or not _PATH.fullmatch(path)
    ):
        raise ValueError(
            "must be a plain address such as https://gitlab.example.com, without anything after it"
        )
    if any(not segment.strip(".") for segment in path.split("/")[1:]):
        raise ValueError("must not hold . or .. in its path")
    return f"{parts.scheme}://{host.lower()}{f':{port}' if port else ''}{path}"


def default(environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that names GitLab's address and what it holds; ("", gitlab.com) where none does."""
    for name in (*(_FROM_CI if environ.get("GITLAB_CI") else ()), *_ELSEWHERE):
        if environ.get(name, "").strip():
            return name, complete(name, environ[name].strip())
    return "", DEFAULT


def complete(variable: str, text: str) -> str:
    """The variable's text as an address: GITLAB_HOST may hold a bare host."""
    return f"https://{text}" if variable == "GITLAB_HOST" and "://" not in text else text


def named_origins(environ: Mapping[str, str], *more: str) -> set[tuple[str, str, int]]:
    """The origins that flags (`more`) and the environment name, for a policy file to use."""
    texts = [*more, environ.get("GLCHECK_URL", "")]
    texts += [complete(name, environ.get(name, "")) for name in (*_FROM_CI, *_ELSEWHERE)]
    origins = set()
    for text in texts:
        try:
            origins.add(origin(read(text.strip())))
        except ValueError:
            continue  # not an address, so it names none; where it is used, it is refused by `read`
    return origins or {origin(DEFAULT)}


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
    """Whether the host is `localhost` or a loopback address, by parsing and not by its beginning."""
    import ipaddress  # only for http:// and for policy files that were found

    try:
        host = urlsplit(url).hostname or ""
        if host == "localhost":
            return True
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ci_server_ca_file(environ: Mapping[str, str], url: str) -> str | None:
    """GitLab CI's own CA bundle, for its own server only (doc/ci/variables/predefined_variables)."""
    file = environ.get("CI_SERVER_TLS_CA_FILE", "")
    if not file or not Path(file).is_file():
        return None
    for name in _FROM_CI:
        try:
            if origin(read(environ.get(name, "")))[1] == origin(url)[1]:
                return file
        except ValueError:
            continue
    return None


def scheme_and_host(location: str) -> str:
    """What is shown of the address that somebody was redirected to."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
