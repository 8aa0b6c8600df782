"""Proxies that do not work, are not there, or cannot be read; and which one is taken."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, Token
from kit.misbehaving_proxy import Does, MisbehavingProxy
from kit.policies import GOOD, Settings, words
from kit.real_proxy import USER
from kit.through import CREDENTIALS, sent_to, through

pytestmark = pytest.mark.slow
MEMORY = 100  # MiB
PAGE = b"Content-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
CONNECTED, SSH = b"HTTP/1.1 200 Connection established\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n"
NETWORK, TLS, UNEXPECTED = "network-error", "tls-error", "unexpected-answer"
ENCRYPTED: Settings = {"url": "https://gitlab.example"}
PLAIN: Settings = {"url": "http://gitlab.example", "allow-http": True}


class Broken(NamedTuple):
    """What a proxy does, and what comes of it."""

    does: Does
    category: str
    requests: int | None  # None: as http.client does it, which limits heads from Python 3.13 on
    said: str  # {P} is the proxy, {H} the host behind it


def answers(status: int, more: bytes = b"") -> Does:
    return Does(b"HTTP/1.1 %d No\r\n" % status + more + PAGE)


def refuses(status: int) -> Broken:
    """The proxy answers in place of connecting; it is asked again where that may pass."""
    said = "The proxy {P} does not connect us to {H}"
    if status in {401, 407}:
        said = "The proxy {P} wants other credentials"
    tries = 3 if status in {502, 503, 504} else 1
    return Broken(answers(status), NETWORK, tries, f"{said} (HTTP {status}).")


BROKE_OFF = "The connection to {H} through the proxy {P} broke off."
NO_TLS = "No TLS connection to {H} through the proxy {P} could be made"
SILENT = "{H} through the proxy {P} was silent for 1 second."
HEADERS = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99
FLOOD = Does(CONNECTED + b"x" * 9999, without_end=True)
REFUSALS = (302, 401, 403, 404, 407, 500, 502, 503, 504)
NO_HTTP = Broken(Does(SSH), NETWORK, 3, BROKE_OFF)
# fmt: off
ENCRYPTED_CASES = {
    "says-nothing": Broken(Does(stays=True), NETWORK, 3, SILENT),
    "silent-later": Broken(Does(CONNECTED, stays=True), NETWORK, 3, SILENT),
    "hangs-up": Broken(Does(), NETWORK, 3, BROKE_OFF),
    "hangs-up-later": Broken(Does(CONNECTED), TLS, 1, NO_TLS),
    "garbage-later": Broken(Does(CONNECTED, then=b"\0\1\2" * 99, stays=True), TLS, 1, NO_TLS),
    "page-later": Broken(Does(CONNECTED, then=b"HTTP/1.1 400 No\r\n" + PAGE), TLS, 1, NO_TLS),
    "no-http": NO_HTTP,
    "no-status": Broken(Does(b"HTTP/1.1 fine\r\n\r\n"), NETWORK, 3, BROKE_OFF),
    **{f"answers-{status}": refuses(status) for status in REFUSALS},
}
ENDLESS_CASES = {
    "line": Broken(Does(b"HTTP/1.1 200 " + b"x" * 999, without_end=True), NETWORK, 3, BROKE_OFF),
    "head": Broken(Does(HEADERS, without_end=True), NETWORK, None, "{H}"),
    "flood": Broken(FLOOD, TLS, 1, NO_TLS),
}
PLAIN_CASES = {  # where a proxy answers in the server's place
    "hangs-up": Broken(Does(), NETWORK, 3, "The connection to the proxy {P} broke off."),
    "no-http": NO_HTTP,
    "answers-302": Broken(answers(302, b"Location: /portal\r\n"), UNEXPECTED, 1, "{H} redirects"),
    "answers-403": Broken(answers(403), UNEXPECTED, 1, "{H} answered"),
    "answers-407": refuses(407),
    "answers-502": Broken(answers(502), "server-error", 3, "{H} answered"),
    "flood": Broken(FLOOD, UNEXPECTED, 1, "{H} answered"),
}
# fmt: on


@pytest.mark.parametrize(
    ("scheme", "cases"),
    [("https", ENCRYPTED_CASES), ("https", ENDLESS_CASES), ("http", PLAIN_CASES)],
    ids=["https", "without end", "http"],
)
def test_broken_proxies_are_told_from_gitlab_and_never_hold_a_run_or_fill_its_memory(
    run_alone: Run, scheme: str, cases: Mapping[str, Broken]
) -> None:
    hosts = {name: f"{name}.example" for name in cases}
    tokens = {name: {"url": f"{scheme}://{hosts[name]}", "allow-http": True} for name in cases}
    with MisbehavingProxy({hosts[name]: case.does for name, case in cases.items()}) as proxy:
        env = {f"{scheme}_proxy": f"http://{CREDENTIALS}@{proxy.address}"}
        found = through(run_alone, env, tokens)
    assert found.code == 30
    for name, case in cases.items():
        token = found.tokens[name]
        requests = case.requests or token["requests"]
        assert (name, token["category"], token["requests"]) == (name, case.category, requests)
        assert case.said.format(P=proxy.address, H=hosts[name]) in words(token)
    assert 0 < found.cost.megabytes < MEMORY
    assert {host for host, _ in proxy.heard} == set(hosts.values())
    if scheme == "https":  # the token is in nothing that the proxy heard, at any time
        heard = [said for _, said in proxy.heard if GOOD.encode() in said]
        assert heard + [said for _, said in proxy.heard if b"TOKEN" in said.upper()] == []


@pytest.mark.parametrize(
    ("token", "variable", "said"),
    [
        (ENCRYPTED, "HTTPS_PROXY", "The proxy {closed} refused the connection."),
        (PLAIN, "http_proxy", "The name of the proxy proxy.invalid:3128 cannot be resolved."),
    ],
    ids=["closed", "unknown"],
)
def test_a_proxy_that_is_not_there_is_named_without_its_password(
    run_alone: Run, token: Settings, variable: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        closed = f"127.0.0.1:{bound.getsockname()[1]}"
    env = {"HTTPS_PROXY": f"http://{CREDENTIALS}@{closed}"}
    env["http_proxy"] = f"http://{CREDENTIALS}@proxy.invalid:3128"
    found = through(run_alone, env, {"one": token})
    assert (found.code, found.categories) == (30, {"one": NETWORK})
    assert said.format(closed=closed) in words(found.tokens["one"])
    assert variable in words(found.tokens["one"])


def test_a_proxy_called_https_that_does_not_speak_tls_is_told_by_its_scheme(run_alone: Run) -> None:
    with GitLab() as proxy:  # any server that does not speak TLS
        env = {"HTTPS_PROXY": f"https://{CREDENTIALS}@{proxy.address}"}
        found = through(run_alone, env, {"one": ENCRYPTED})
    assert (found.code, found.categories) == (31, {"one": TLS})
    said = words(found.tokens["one"])
    assert f"No TLS connection to the proxy {proxy.address} could be made" in said
    assert "Write HTTPS_PROXY with http:// in front" in said


VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
SOCKS, UNREADABLE = "{P} is a SOCKS proxy", "in {V} cannot be read"
# fmt: off
UNUSABLE = [  # {P} is a proxy, {C} its credentials, {U} the user of them
    *[(f"{name}://{{C}}@{{P}}", SOCKS) for name in ("socks5", "socks5h", "socks4", "SOCKS4a")],
    *[(value, UNREADABLE) for value in (
        "http://", "http://:3128", "http://127.0.0.1:99999", "http://{C}", "ftp://{C}@{P}",
        "localhost:3128",  # which curl reads and requests does not
        "http://{U}:12/Vt3#9Q@{P}",  # a port, to those who know of no password
        "http://{U}:Vt3/9Q@{P}", "http://[::1{P}", "http://pro xy:3128", "$PROXY", "  ",
    )],
]
# fmt: on


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [(VARIABLES[number % 4], *row) for number, row in enumerate(UNUSABLE)],
)
def test_settings_that_name_no_usable_proxy_are_told_at_once_and_nothing_is_sent(
    run_alone: Run, variable: str, value: str, said: str
) -> None:
    with MisbehavingProxy({}) as proxy:
        value = value.format(C=CREDENTIALS, P=proxy.address, U=USER)
        found = through(run_alone, {variable: value}, {"one": ENCRYPTED}, max_wait=1)
        assert proxy.connections == 0
    token = found.tokens["one"]
    assert (found.code, found.categories, token["requests"]) == (30, {"one": NETWORK}, 0)
    assert f"proxy {said.format(P=proxy.address, V=variable)}" in words(token)
    assert variable in words(token)


# Which proxy, and whether one at all


def test_every_spelling_of_the_variables_counts(run_alone: Run) -> None:
    refusal = {"gitlab.example": answers(407)}
    with MisbehavingProxy(refusal) as proxy, MisbehavingProxy(refusal) as other:
        one, two = f"http://{proxy.address}", f"http://{other.address}"
        lower = {"https_proxy": one, "HTTPS_PROXY": two, "ALL_PROXY": two}
        for env, tls, plain in (
            ({"HTTPS_PROXY": one, "HTTP_PROXY": two}, "HTTPS_PROXY", "HTTP_PROXY"),
            (lower, "https_proxy", "ALL_PROXY"),
            ({"HTTPS_PROXY": proxy.address, "all_proxy": two}, "HTTPS_PROXY", "all_proxy"),
        ):
            found = through(run_alone, env, {"tls": ENCRYPTED, "plain": PLAIN})
            for name, where, variable in (("tls", proxy, tls), ("plain", other, plain)):
                said = words(found.tokens[name])
                assert f"The proxy {where.address} wants a user name and a password" in said
                assert f"in {variable} as" in said


def test_no_proxy_spares_hosts_ports_domains_and_all(tls: Certificates, run_alone: Run) -> None:
    with (
        GitLab(tls=tls.good) as by_port,
        GitLab(tls=tls.good) as other_port,
        MisbehavingProxy(defaultdict(lambda: answers(407))) as proxy,
    ):
        by_port.add(Token(GOOD))
        other_port.add(Token(GOOD))
        ports = {"port": by_port.url, "other port": other_port.url}
        names = {
            "host": "https://gitlab.invalid",
            "host at a port": "https://gitlab.invalid:8443",
            "below the domain": "https://git.corp.invalid",
            "no such domain": "https://git.corp.example",
        }
        some = f"{by_port.url.removeprefix('https://')},gitlab.invalid,.corp.invalid"

        def proxied(urls: Mapping[str, str], **env: str) -> list[str]:
            env = {"HTTPS_PROXY": f"http://{proxy.address}", **env}
            tokens = {name: {"url": url} for name, url in urls.items()}
            found = through(run_alone, env, tokens, top={"ca-file": str(tls.ca_file)})
            # What goes through the proxy is refused there; the rest is answered, or not resolved.
            return [name for name, token in found.tokens.items() if "proxy" in words(token)]

        assert proxied(ports) == ["port", "other port"]
        assert sent_to(by_port) == sent_to(other_port) == []
        assert proxied(ports, no_proxy=some, NO_PROXY="*") == ["other port"]
        assert sent_to(by_port) == [GOOD]
        assert proxied({**ports, **names}, NO_PROXY=some) == ["other port", "no such domain"]
        assert sent_to(other_port) == []
        assert proxied(ports, NO_PROXY="*") == []
        assert sent_to(other_port) == [GOOD]


def test_what_only_looks_like_this_machine_gets_no_unencrypted_token(
    gitlab: GitLab, run_alone: Run
) -> None:
    gitlab.add(Token(GOOD))
    env = {"http_proxy": "http://127.0.0.1.example:3128", "NO_PROXY": "gitlab.example"}
    assert through(run_alone, env, {"one": {"url": gitlab.url}}).categories == {"one": "ok"}
    assert sent_to(gitlab) == [GOOD]
