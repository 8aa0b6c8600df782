"""The proxy on the way to a server: which one the environment names, and what is wrong with it.

requests picks it, from HTTPS_PROXY, NO_PROXY and their like; here its address is read for messages
only.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from glcheck import address
from glcheck.problem import Category, Problem

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_HOST = r"[\w-]{1,63}(\.[\w-]{1,63})*\.?|[0-9a-f:.]+"
_WAY_ROUND = "or name {host} in NO_PROXY"


class Proxy(NamedTuple):
    """A proxy. None of its messages holds its user name or password."""

    variable: str  # that names it
    name: str  # host and port; empty where the address cannot be read
    scheme: str
    has_credentials: bool

    @property
    def check(self) -> str:
        """What to do about a proxy that cannot be reached."""
        return f"Check the address in {self.variable}, and whether that proxy runs; {_WAY_ROUND}."

    @property
    def check_beyond(self) -> str:
        """What to do about a host that cannot be reached through the proxy."""
        return (
            f"Check the address (`url`), and whether that proxy may reach that host; {_WAY_ROUND}."
        )

    @property
    def check_scheme(self) -> str:
        """What to do about a proxy that does not speak TLS."""
        written = f"Write {self.variable} with http:// in front, unless the proxy itself speaks TLS"
        return f"{written}; {_WAY_ROUND}."

    def fault(self) -> Problem | None:
        """What is wrong with the setting, so that nothing needs to be tried."""
        if not self.name:
            return _problem(
                f"The address of the proxy in {self.variable} cannot be read.",
                "Write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with signs like "
                f"@ and / in the password percent-encoded (%40, %2F); {_WAY_ROUND}.",
            )
        # With PySocks, requests speaks it.
        if self.scheme.startswith("socks") and find_spec("socks") is None:
            return _problem(
                f"The proxy {self.name} is a SOCKS proxy, which glcheck does not speak.",
                f"Name an http:// proxy in {self.variable}, {_WAY_ROUND}.",
            )
        return None

    def refusal(self, status: int) -> Problem:
        """What it means that the proxy itself answered with this status."""
        if status not in (401, 407):  # tinyproxy answers 401 to wrong credentials
            return _problem(
                f"The proxy {self.name} does not connect us to {{host}} (HTTP {status}).",
                self.check_beyond,
                status,
            )
        wants = "other credentials" if self.has_credentials else "a user name and a password"
        return _problem(
            f"The proxy {self.name} wants {wants} (HTTP {status}).",
            f"Write them in {self.variable} as http://USER:PASSWORD@HOST:PORT, with signs such as "
            f"@ and / percent-encoded (%40, %2F); {_WAY_ROUND}.",
            status,
        )


def on_the_way_to(url: str) -> Proxy | None:
    """The proxy that requests to this address go through.

    None where an unencrypted token that is to stay on this machine would leave it for a proxy.
    """
    proxies = requests.utils.get_environ_proxies(url)
    chosen = requests.utils.select_proxy(url, proxies)
    if not chosen:
        return None
    proxy = _read(chosen, url)
    stays_here = address.is_loopback(f"//{proxy.name}") or not address.is_loopback(url)
    return proxy if stays_here or url.startswith("https://") else None


def _read(text: str, url: str) -> Proxy:
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next(
        (name for name in names if os.environ.get(name) == text), "this machine's proxy settings"
    )
    try:
        parts = urlsplit(requests.utils.prepend_scheme_if_needed(text, "http"))  # type: ignore[no-untyped-call]
        port = parts.port
    except ValueError:
        return Proxy(variable, "", "", False)
    host = parts.hostname or ""
    # An @ further on is one of the password, which holds a / or # then: all before that is read as
    # the host.
    readable = parts.scheme in _SCHEMES and re.fullmatch(_HOST, host) and port != 0
    if not readable or "@" in parts.path + parts.query + parts.fragment:
        return Proxy(variable, "", "", False)
    host = f"[{host}]" if ":" in host else host
    return Proxy(variable, f"{host}:{port}" if port else host, parts.scheme, "@" in parts.netloc)


def _problem(message: str, fix: str, status: int | None = None) -> Problem:
    details = {"reason": "proxy"} if status is None else {"reason": "proxy", "status": status}
    return Problem(Category.NETWORK_ERROR, message, fix, details=details)
