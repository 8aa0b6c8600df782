"""What the exceptions of the HTTP libraries mean, as problems; none of their texts is shown."""

from __future__ import annotations

import re
import socket
import ssl
import zlib
from collections.abc import Iterator

import requests
import urllib3

from glcheck import durations
from glcheck.problem import Category, Problem
from glcheck.transport.proxy import Proxy

_CHECK = "Check the address (`url`), and whether this machine may reach that host; then try again."


def problem_of(error: Exception, timeout: float, proxy: Proxy | None) -> Problem | None:
    """The problem that an exception of requests, or from beneath, stands for; None: a bug of ours.

    No text of the exception is taken over: it can repeat what the server or the proxy sent.
    """
    causes = list(_causes(error))
    at_proxy = isinstance(error, requests.exceptions.ProxyError)  # and not at the host behind it

    def among(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if proxy and at_proxy and (status := _refusal_by_a_proxy(causes)):
        return proxy.refusal(status)
    name, peer, check = "{host}", "{host}", _CHECK
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
            "Check the address (`url`), and what stands between this machine and {host}.",
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
    if isinstance(error, OSError):  # of requests, when the bundle of CA certificates is not there
        return Problem(
            Category.TLS_ERROR,
            "The file of CA certificates that the environment names (REQUESTS_CA_BUNDLE) cannot be "
            "read.",
            "Correct REQUESTS_CA_BUNDLE, or name the right file with `ca-file`.",
        )
    return None


def _refusal_by_a_proxy(causes: list[BaseException]) -> int | None:
    """The status with which a proxy refused to connect; http.client tells it only in words."""
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
    refused = (cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
    code = next((cause.verify_code for cause in refused), None)
    # urllib3 before 2 looks at the host itself
    if any(type(cause).__name__ == "CertificateError" for cause in causes):
        code = 62
    if code is None:
        fix = "Check the port and scheme of `url`, and whether something in between intercepts TLS."
        return Problem(
            Category.TLS_ERROR,
            f"No TLS connection to {peer} could be made: the handshake failed.",
            proxy.check_scheme if proxy and at_proxy else fix,
            details={"reason": "handshake"},
        )
    reason = _CERTIFICATE.get(code, "its certificate cannot be verified")
    fix = (
        "Name the bundle of that CA with `ca-file` (or REQUESTS_CA_BUNDLE)."
        if code in (18, 19, 20)
        else "Check the address (`url`) and this machine's clock; if both are right, the server's "
        "certificate has to be renewed."
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
