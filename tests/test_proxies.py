"""The way through proxies: real ones and broken ones, what they get to see, and what is said when they do not help."""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kit import real_proxy
from kit.command import COMMAND, Result, Run
from kit.cost import launched, noted
from kit.gitlab_server import Certificates, GitLab, Token
from kit.misbehaving_proxy import Does, MisbehavingProxy
from kit.policies import GOOD, Settings, check, secret, words
from kit.real_proxy import PASSWORD, USER, RealProxy

PARTS = (
    PASSWORD,
    "Vt3",
    "9Q",
    "x7%25Lm",
)  # of the password, as it is and as it stands in addresses: in no output
CREDENTIALS = f"{USER}:Vt3%40Pro9Q"
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
PAGE = b"Content-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
ALLOWED = 2.0  # seconds by which a run may pass its max-wait
MEMORY = 100  # MiB

pytestmark = pytest.mark.slow


class Found(NamedTuple):
    """What a run came to."""

    code: int
    tokens: dict[str, dict[str, Any]]

    @property
    def categories(self) -> dict[str, str]:
        """The category of each token."""
        return {name: token["category"] for name, token in self.tokens.items()}


def through(
    run: Run,
    env: Mapping[str, str],
    tokens: Mapping[str, Settings],
    *args: str,
    max_wait: float = 10,
    **options: Any,
) -> Found:
    """Check the tokens of a policy with these proxies; whatever comes of it, it is in time and tells no secret."""
    started = time.monotonic()
    result = check(
        run,
        tokens,
        "-v",
        "--timeout",
        "1s",
        "--max-wait",
        f"{max_wait}s",
        *args,
        env=env,
        **options,
    )
    assert time.monotonic() - started < max_wait + ALLOWED
    assert [part for part in (*PARTS, GOOD) if part in result.out + result.err] == []
    return Found(result.code, {token["name"]: token for token in result.report["tokens"]})


@pytest.fixture(scope="module")
def started(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, tls: Certificates
) -> Iterator[RealProxy]:
    """Give mitmproxy to all tests of the module."""
    cache = getattr(pytestconfig, "cache", None)
    installed = real_proxy.install(
        Path(cache.mkdir("mitmproxy") if cache else tmp_path_factory.mktemp("mitmproxy"))
    )
    with real_proxy.running(installed, tmp_path_factory.mktemp("proxy"), tls.ca_file) as proxy:
        yield proxy


@pytest.fixture
def proxy(started: RealProxy) -> RealProxy:
    """Give mitmproxy to one test, which sees only its own requests in the log."""
    started.seen()
    return started


@pytest.fixture
def secure(tls: Certificates) -> Iterator[GitLab]:
    """Give a GitLab over TLS that knows the token; mitmproxy passes this name on unread."""
    with GitLab(tls=tls.good) as server:
        server.add(Token(GOOD))
        yield server


def opened(server: GitLab) -> str:
    """Return the address under which mitmproxy opens TLS to that server."""
    return server.url.replace("localhost", "127.0.0.1")


def sent_to(server: GitLab) -> list[str | None]:
    """Return the tokens that a server was sent."""
    return [request.headers.get("private-token") for request in server.requests]


# Real proxies


def test_each_token_goes_to_its_own_gitlab_and_a_proxy_on_the_way_reads_none(
    tls: Certificates, proxy: RealProxy, run_alone: Run
) -> None:
    with (
        GitLab(tls=tls.good) as first,
        GitLab(tls=tls.good) as second,
        GitLab() as plain,
        GitLab() as other,
    ):
        servers = {"first": first, "second": second, "plain": plain, "other": other}
        tokens = {
            name: {"url": server.url, "secret": secret(n)}
            for n, (name, server) in enumerate(servers.items())
        }
        for name, server in servers.items():
            server.add(Token(str(tokens[name]["secret"])))
        env = {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url}
        found = through(run_alone, env, tokens, top={"ca-file": str(tls.ca_file)})
        assert (found.code, found.categories) == (0, dict.fromkeys(tokens, "ok"))
        for name, server in servers.items():
            assert sent_to(server) == [tokens[name]["secret"]]
        seen = {request.host: request for request in proxy.seen()}
    hosts = {name: server.url.partition("://")[2] for name, server in servers.items()}
    assert {host: request.method for host, request in seen.items()} == {
        hosts["first"]: "CONNECT",
        hosts["second"]: "CONNECT",
        hosts["plain"]: "GET",
        hosts["other"]: "GET",
    }
    for name, host in hosts.items():
        # Over TLS the proxy learns the host; what is not encrypted it has to pass on as it is, and to that host alone.
        known = [str(tokens[name]["secret"])] if name in {"plain", "other"} else []
        assert [
            value for value in seen[host].headers.values() if value.startswith("glpat-")
        ] == known


def test_credentials_of_a_proxy_are_sent_and_a_refusal_is_told_and_not_repeated(
    tls: Certificates, proxy: RealProxy, secure: GitLab, gitlab: GitLab, run_alone: Run
) -> None:
    gitlab.add(Token(GOOD))
    tokens = {"tunnel": {"url": secure.url}, "plain": {"url": gitlab.url}}
    top = {"ca-file": str(tls.ca_file)}

    def found(password: str | None) -> Found:
        address = proxy.locked_url(password)
        return through(run_alone, {"https_proxy": address, "http_proxy": address}, tokens, top=top)

    right = found(PASSWORD)
    assert (right.code, right.categories) == (0, dict.fromkeys(tokens, "ok"))
    assert sent_to(secure) == sent_to(gitlab) == [GOOD]
    for password, wanted in (
        ("Vt3%wrong", "other credentials"),
        (None, "a user name and a password"),
    ):
        proxy.seen()
        refused = found(password)
        assert (refused.code, refused.categories) == (30, dict.fromkeys(tokens, "network-error"))
        for name, variable in (("tunnel", "https_proxy"), ("plain", "http_proxy")):
            said = words(refused.tokens[name])
            assert f"The proxy {proxy.locked} wants {wanted} (HTTP 407)." in said
            assert variable in said
        assert sorted(request.method for request in proxy.seen()) == ["CONNECT", "GET"]
    assert len(secure.requests) == len(gitlab.requests) == 1


def test_a_proxy_that_opens_tls_gets_a_token_only_where_its_authority_is_named(
    tls: Certificates, proxy: RealProxy, secure: GitLab, run_alone: Run
) -> None:
    url, env = opened(secure), {"HTTPS_PROXY": proxy.url}
    for trusted in ({}, {"REQUESTS_CA_BUNDLE": str(tls.ca_file)}):
        found = through(run_alone, env | trusted, {"unknown": {"url": url}})
        assert (found.code, found.tokens["unknown"]["requests"]) == (31, 1)
        said = words(found.tokens["unknown"])
        assert f"through the proxy {proxy.url.removeprefix('http://')} cannot be trusted" in said
        assert "the proxy's CA" in said
        assert "`ca-file`" in said
    assert [request.method for request in proxy.seen()] == ["CONNECT", "CONNECT"]
    assert secure.requests == []

    authority = str(proxy.authority)
    ci = {"GITLAB_CI": "true", "CI_SERVER_URL": url, "CI_SERVER_TLS_CA_FILE": authority}
    entry: Settings = {"url": url}
    for more, settings in (
        ({}, {**entry, "ca-file": authority}),
        ({"REQUESTS_CA_BUNDLE": authority}, entry),
        (ci, entry),
    ):
        assert through(run_alone, env | more, {"known": settings}).categories == {"known": "ok"}
        assert sent_to(secure) == [GOOD]
        assert [request.headers.get("PRIVATE-TOKEN") for request in proxy.seen()] == [None, GOOD]
        secure.requests.clear()


def test_a_fault_behind_the_proxy_is_told_as_one_of_the_host(
    tls: Certificates, proxy: RealProxy, run_alone: Run
) -> None:
    with (
        GitLab(tls=tls.expired) as expired,
        GitLab(tls=tls.wrong_host) as wrong_host,
        GitLab(tls=tls.other_ca) as other_ca,
        socket.create_server(("127.0.0.1", 0)) as bound,
    ):
        port = bound.getsockname()[1]
        bound.close()
        tokens = {
            "its certificate has expired": {"url": expired.url},
            "its certificate is for another host name": {"url": wrong_host.url},
            "its certificate comes from a CA that is not trusted here": {"url": other_ca.url},
            "nobody listens": {"url": f"https://localhost:{port}"},
        }
        found = through(
            run_alone, {"ALL_PROXY": proxy.url}, tokens, top={"ca-file": str(tls.ca_file)}
        )
        assert found.code == 30
        assert found.categories == {
            **dict.fromkeys(tokens, "tls-error"),
            "nobody listens": "network-error",
        }
        name = proxy.url.removeprefix("http://")
        for why, token in found.tokens.items():
            host = tokens[why]["url"].removeprefix("https://")
            if why == "nobody listens":
                assert f"The proxy {name} does not connect us to {host} (HTTP 502)." in words(token)
            else:
                assert f"{host} through the proxy {name} cannot be trusted: {why}." in words(token)
        assert expired.requests == wrong_host.requests == other_ca.requests == []


def test_a_proxy_may_speak_tls_itself_and_has_to_be_trusted_too(
    tls: Certificates, proxy: RealProxy, secure: GitLab, run_alone: Run
) -> None:
    both = run_alone.directory / "both.pem"
    both.write_text(tls.ca_file.read_text() + proxy.authority.read_text())
    tokens = {
        "both": {"url": secure.url, "ca-file": str(both)},
        "host only": {"url": secure.url, "ca-file": str(tls.ca_file)},
        "proxy only": {"url": secure.url, "ca-file": str(proxy.authority)},
    }
    found = through(run_alone, {"HTTPS_PROXY": proxy.over_tls}, tokens)
    assert found.categories == {"both": "ok", "host only": "tls-error", "proxy only": "tls-error"}
    name, host = proxy.over_tls.removeprefix("https://"), secure.url.removeprefix("https://")
    assert f"The proxy {name} cannot be trusted" in words(found.tokens["host only"])
    assert f"{host} through the proxy {name} cannot be trusted" in words(found.tokens["proxy only"])
    assert sent_to(secure) == [GOOD]
    assert [request.headers for request in proxy.seen() if GOOD in request.headers.values()] == []


# Proxies that do not work


class Broken(NamedTuple):
    """What a proxy does, and what comes of it."""

    does: Does
    category: str
    requests: int | None  # None: as Python's http.client does it, which limits heads from 3.13 on
    said: str  # {P} is the proxy, {H} the host behind it


NO_TLS = "No TLS connection to {H} through the proxy {P} could be made"
BROKE_OFF = "The connection to {H} through the proxy {P} broke off."
OTHER_CREDENTIALS = "The proxy {P} wants other credentials (HTTP %s)."
BROKEN = {
    "says-nothing": Broken(
        Does(stays=True), "network-error", 2, "{H} through the proxy {P} was silent for 1 second."
    ),
    "silent-later": Broken(
        Does(CONNECTED, stays=True), "network-error", 2, "{H} through the proxy {P} was silent for"
    ),
    "hangs-up": Broken(Does(), "network-error", 3, BROKE_OFF),
    "hangs-up-later": Broken(Does(CONNECTED), "tls-error", 1, NO_TLS),
    "garbage-later": Broken(
        Does(CONNECTED, then=b"\0\1\2" * 99, stays=True), "tls-error", 1, NO_TLS
    ),
    "page-later": Broken(
        Does(CONNECTED, then=b"HTTP/1.1 400 No\r\n" + PAGE), "tls-error", 1, NO_TLS
    ),
    "no-http": Broken(Does(b"SSH-2.0-OpenSSH_9.9\r\n"), "network-error", 3, BROKE_OFF),
    "no-status": Broken(Does(b"HTTP/1.1 fine\r\n\r\n"), "network-error", 3, BROKE_OFF),
    **{
        f"answers-{status}": Broken(
            Does(b"HTTP/1.1 %d No\r\n" % status + PAGE),
            "network-error",
            3 if status in {502, 503, 504} else 1,  # what may pass
            OTHER_CREDENTIALS % status
            if status in {401, 407}
            else f"The proxy {{P}} does not connect us to {{H}} (HTTP {status}).",
        )
        for status in (302, 401, 403, 404, 407, 500, 502, 503, 504)
    },
}
ENDLESS = {
    "line": Broken(
        Does(b"HTTP/1.1 200 " + b"x" * 999, without_end=True), "network-error", 3, BROKE_OFF
    ),
    "head": Broken(
        Does(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99, without_end=True),
        "network-error",
        None,
        "{H}",
    ),
    "flood": Broken(Does(CONNECTED + b"x" * 9999, without_end=True), "tls-error", 1, NO_TLS),
}
# The same without TLS, where a proxy answers in the server's place.
PLAIN = {
    "hangs-up": Broken(Does(), "network-error", 3, "The connection to the proxy {P} broke off."),
    "no-http": Broken(Does(b"SSH-2.0-OpenSSH_9.9\r\n"), "network-error", 3, BROKE_OFF),
    "answers-302": Broken(
        Does(b"HTTP/1.1 302 No\r\nLocation: /portal\r\n" + PAGE),
        "unexpected-answer",
        1,
        "{H} redirects",
    ),
    "answers-403": Broken(
        Does(b"HTTP/1.1 403 No\r\n" + PAGE), "unexpected-answer", 1, "{H} answered"
    ),
    "answers-407": Broken(
        Does(b"HTTP/1.1 407 No\r\n" + PAGE), "network-error", 1, OTHER_CREDENTIALS % 407
    ),
    "answers-502": Broken(Does(b"HTTP/1.1 502 No\r\n" + PAGE), "server-error", 3, "{H} answered"),
    "flood": Broken(
        Does(CONNECTED + b"x" * 9999, without_end=True), "unexpected-answer", 1, "{H} answered"
    ),
}


@pytest.mark.parametrize(
    ("scheme", "cases"),
    [
        pytest.param("https", BROKEN, id="https"),
        pytest.param("https", ENDLESS, id="without end"),
        pytest.param("http", PLAIN, id="http"),
    ],
)
def test_broken_proxies_are_told_from_gitlab_and_never_hold_a_run_or_fill_its_memory(
    run_alone: Run, scheme: str, cases: Mapping[str, Broken]
) -> None:
    tokens = {name: {"url": f"{scheme}://{name}.example", "allow-http": True} for name in cases}
    measured = Measured(run_alone)
    with MisbehavingProxy({f"{name}.example": case.does for name, case in cases.items()}) as proxy:
        # Time for two tries with a second of silence each, and none for the pause before a third.
        env = {f"{scheme}_proxy": f"http://{CREDENTIALS}@{proxy.address}"}
        found = through(measured, env, tokens, max_wait=3.4)
        assert found.code == 30
        assert {
            name: (token["category"], token["requests"]) for name, token in found.tokens.items()
        } == {
            name: (case.category, case.requests or found.tokens[name]["requests"])
            for name, case in cases.items()
        }
        for name, case in cases.items():
            assert case.said.format(P=proxy.address, H=f"{name}.example") in words(
                found.tokens[name]
            )
    assert 0 < measured.most < MEMORY
    assert {host for host, _ in proxy.heard} == {f"{name}.example" for name in cases}
    if (
        scheme == "https"
    ):  # nothing that went through the proxy, before it connected or after, holds the token
        assert [
            host for host, said in proxy.heard if GOOD.encode() in said or b"TOKEN" in said.upper()
        ] == []


class Measured(Run):
    """The same command, and the most memory that it had."""

    def __init__(self, run: Run) -> None:
        self.__dict__ |= vars(run)
        self.most = 0.0  # MiB

    def __call__(self, *args: str, **options: Any) -> Result:
        note = self.directory.with_name("cost")
        result = super().__call__(*args, command=tuple(launched([COMMAND], note)), **options)
        self.most = noted(note).megabytes
        return result


def test_a_proxy_that_is_not_there_is_named_without_its_password(run_alone: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        dead = f"127.0.0.1:{bound.getsockname()[1]}"
    tokens: dict[str, Settings] = {
        "dead": {"url": "https://gitlab.example"},
        "no such proxy": {"url": "http://gitlab.example", "allow-http": True},
    }
    env = {
        "HTTPS_PROXY": f"http://{CREDENTIALS}@{dead}",
        "http_proxy": f"http://{CREDENTIALS}@proxy.invalid:3128",
    }
    found = through(run_alone, env, tokens)
    assert (found.code, found.categories) == (30, dict.fromkeys(tokens, "network-error"))
    said = words(found.tokens["dead"])
    assert f"The proxy {dead} refused the connection." in said
    assert "HTTPS_PROXY" in said
    said = words(found.tokens["no such proxy"])
    assert "The name of the proxy proxy.invalid:3128 cannot be resolved." in said
    assert "http_proxy" in said


def test_a_proxy_called_https_that_does_not_speak_tls_is_told_by_its_scheme(run_alone: Run) -> None:
    with GitLab() as proxy:  # any server that does not speak TLS
        address = proxy.url.removeprefix("http://")
        env = {"HTTPS_PROXY": f"https://{CREDENTIALS}@{address}"}
        found = through(run_alone, env, {"one": {"url": "https://gitlab.example"}})
    assert (found.code, found.categories) == (31, {"one": "tls-error"})
    said = words(found.tokens["one"])
    assert f"No TLS connection to the proxy {address} could be made" in said
    assert "Write HTTPS_PROXY with http:// in front" in said


def test_settings_that_name_no_usable_proxy_are_told_at_once_and_nothing_is_sent(
    run_alone: Run,
) -> None:
    with MisbehavingProxy({}) as proxy:
        there = proxy.address
        soon = [
            f"{scheme}://{CREDENTIALS}@{there}"
            for scheme in ("socks5", "socks5h", "socks4", "SOCKS4a")
        ]
        unreadable = [
            "http://",
            "http://:3128",
            "http://127.0.0.1:99999",
            f"http://{CREDENTIALS}",
            "localhost:3128",  # which curl reads and requests does not
            f"ftp://{CREDENTIALS}@{there}",
            f"http://{USER}:12/Vt3#9Q@{there}",  # a port, to those who do not know that it is a password
            f"http://{USER}:Vt3/9Q@{there}",
            f"http://[::1{there}",
            "http://pro xy:3128",
            "$PROXY",
            "  ",
        ]
        values = [*soon, *unreadable]
        variables = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
        for number, value in enumerate(values):
            variable = variables[number % len(variables)]
            found = through(
                run_alone, {variable: value}, {"one": {"url": "https://gitlab.example"}}, max_wait=1
            )
            said = words(found.tokens["one"])
            assert (found.code, found.categories, found.tokens["one"]["requests"]) == (
                30,
                {"one": "network-error"},
                0,
            )
            wanted = (
                f"proxy {there} is a SOCKS proxy"
                if value in soon
                else f"proxy in {variable} cannot be read"
            )
            assert wanted in said, value
            assert variable in said
        assert proxy.connections == 0


# Which proxy, and whether one at all


def test_every_spelling_of_the_variables_counts(run_alone: Run) -> None:
    both: dict[str, Settings] = {
        "tls": {"url": "https://gitlab.example"},
        "plain": {"url": "http://gitlab.example", "allow-http": True},
    }
    refuses = {"gitlab.example": Does(b"HTTP/1.1 407 No\r\n" + PAGE)}
    with MisbehavingProxy(refuses) as proxy, MisbehavingProxy(refuses) as other:
        one, two = f"http://{proxy.address}", f"http://{other.address}"
        for env, tls, plain in (
            ({"HTTPS_PROXY": one, "HTTP_PROXY": two}, "HTTPS_PROXY", "HTTP_PROXY"),
            (
                {"https_proxy": one, "HTTPS_PROXY": two, "ALL_PROXY": two},
                "https_proxy",
                "ALL_PROXY",
            ),
            ({"HTTPS_PROXY": proxy.address, "all_proxy": two}, "HTTPS_PROXY", "all_proxy"),
        ):
            found = through(run_alone, env, both)
            for name, where, variable in (("tls", proxy, tls), ("plain", other, plain)):
                said = words(found.tokens[name])
                assert f"The proxy {where.address} wants a user name and a password" in said
                assert f"in {variable} as" in said


def test_no_proxy_spares_hosts_ports_domains_and_all(tls: Certificates, run_alone: Run) -> None:
    with (
        GitLab(tls=tls.good) as by_port,
        GitLab(tls=tls.good) as other_port,
        MisbehavingProxy(defaultdict(lambda: Does(b"HTTP/1.1 407 No\r\n\r\n"))) as proxy,
    ):
        by_port.add(Token(GOOD))
        other_port.add(Token(GOOD))
        ports: dict[str, Settings] = {
            "port": {"url": by_port.url},
            "other port": {"url": other_port.url},
        }
        names: dict[str, Settings] = {
            "host": {"url": "https://gitlab.invalid"},
            "host at a port": {"url": "https://gitlab.invalid:8443"},
            "below the domain": {"url": "https://git.corp.invalid"},
            "no such domain": {"url": "https://git.corp.example"},
        }
        some = f"{by_port.url.removeprefix('https://')},gitlab.invalid,.corp.invalid"

        def proxied(tokens: Mapping[str, Settings], **env: str) -> list[str]:
            env = {"HTTPS_PROXY": f"http://{proxy.address}", **env}
            found = through(run_alone, env, tokens, top={"ca-file": str(tls.ca_file)})
            # What goes through the proxy is refused there; the rest gets an answer, or its name cannot be resolved.
            return [name for name, token in found.tokens.items() if "proxy" in words(token)]

        assert proxied(ports) == ["port", "other port"]
        assert sent_to(by_port) == sent_to(other_port) == []
        assert proxied(ports, no_proxy=some, NO_PROXY="*") == ["other port"]
        assert sent_to(by_port) == [GOOD]
        assert proxied({**ports, **names}, NO_PROXY=some) == ["other port", "no such domain"]
        assert sent_to(other_port) == []
        assert proxied(ports, NO_PROXY="*") == []
        assert sent_to(other_port) == [GOOD]


def test_an_unencrypted_token_of_this_machine_goes_through_a_proxy_of_this_machine_only(
    gitlab: GitLab, proxy: RealProxy, run_alone: Run
) -> None:
    gitlab.add(Token(GOOD))
    token: Mapping[str, Settings] = {"one": {"url": gitlab.url}}
    elsewhere = "http://proxy.invalid:3128"
    for env, methods in (
        (
            {"http_proxy": proxy.url, "NO_PROXY": "gitlab.example", "https_proxy": elsewhere},
            ["GET"],
        ),
        ({"http_proxy": elsewhere, "https_proxy": proxy.url}, []),
        ({"ALL_PROXY": elsewhere}, []),
        ({"http_proxy": "http://127.0.0.1.example:3128"}, []),
    ):
        assert through(run_alone, env, token).categories == {"one": "ok"}
        assert [request.method for request in proxy.seen()] == methods
    assert sent_to(gitlab) == [GOOD] * 4
