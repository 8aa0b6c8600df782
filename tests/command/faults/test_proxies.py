"""The way through real proxies: what they get to see, and what is said when they do not help."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import real_proxy
from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, Token
from kit.policies import GOOD, Settings, secret, words
from kit.real_proxy import PASSWORD, RealProxy
from kit.through import Found, sent_to, through

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, tls: Certificates
) -> Iterator[RealProxy]:
    """Give mitmproxy to all tests of the module."""
    cache = getattr(pytestconfig, "cache", None)
    there = cache.mkdir("mitmproxy") if cache else tmp_path_factory.mktemp("mitmproxy")
    installed = real_proxy.install(Path(there))
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


def host(url: str) -> str:
    """The host of an address, with its port."""
    return url.partition("://")[2]


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
            name: {"url": server.url, "secret": server.add(Token(secret(number)))}
            for number, (name, server) in enumerate(servers.items())
        }
        env = {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url}
        found = through(run_alone, env, tokens, top={"ca-file": str(tls.ca_file)})
        assert (found.code, found.categories) == (0, dict.fromkeys(tokens, "ok"))
        for name, server in servers.items():
            assert sent_to(server) == [tokens[name]["secret"]]
        seen = {request.host: request for request in proxy.seen()}
    assert set(seen) == {host(server.url) for server in servers.values()}
    for name, server in servers.items():
        request, encrypted = seen[host(server.url)], name in {"first", "second"}
        assert request.method == ("CONNECT" if encrypted else "GET")
        # Over TLS the proxy learns the host; the rest it has to pass on, and to that host alone.
        known = [] if encrypted else [tokens[name]["secret"]]
        assert [value for value in request.headers.values() if value.startswith("glpat-")] == known


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
    wrong = {"Vt3%wrong": "other credentials", None: "a user name and a password"}
    for password, wanted in wrong.items():
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
    url = secure.url.replace("localhost", "127.0.0.1")  # under which mitmproxy opens TLS
    env, entry = {"HTTPS_PROXY": proxy.url}, {"url": url}
    for trusted in ({}, {"REQUESTS_CA_BUNDLE": str(tls.ca_file)}):
        found = through(run_alone, env | trusted, {"unknown": entry})
        assert (found.code, found.tokens["unknown"]["requests"]) == (31, 1)
        said = words(found.tokens["unknown"])
        assert f"through the proxy {host(proxy.url)} cannot be trusted" in said
        assert "the proxy's CA" in said
        assert "`ca-file`" in said
    assert [request.method for request in proxy.seen()] == ["CONNECT", "CONNECT"]
    assert secure.requests == []

    authority = str(proxy.authority)
    ci = {"GITLAB_CI": "true", "CI_SERVER_URL": url, "CI_SERVER_TLS_CA_FILE": authority}
    ways: list[tuple[dict[str, str], Settings]] = [
        ({}, {**entry, "ca-file": authority}),
        ({"REQUESTS_CA_BUNDLE": authority}, entry),
        (ci, entry),
    ]
    for more, settings in ways:
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
    ):
        with socket.create_server(("127.0.0.1", 0)) as bound:
            closed = f"https://localhost:{bound.getsockname()[1]}"
        servers = {
            "its certificate has expired": expired,
            "its certificate is for another host name": wrong_host,
            "its certificate comes from a CA that is not trusted here": other_ca,
        }
        tokens: dict[str, Settings] = {why: {"url": at.url} for why, at in servers.items()}
        env, top = {"ALL_PROXY": proxy.url}, {"ca-file": str(tls.ca_file)}
        found = through(run_alone, env, {**tokens, "closed": {"url": closed}}, top=top)
        expected = {**dict.fromkeys(servers, "tls-error"), "closed": "network-error"}
        assert (found.code, found.categories) == (30, expected)
        through_it = f"through the proxy {host(proxy.url)} cannot be trusted"
        for why, server in servers.items():
            assert f"{host(server.url)} {through_it}: {why}." in words(found.tokens[why])
            assert server.requests == []
        said = f"The proxy {host(proxy.url)} does not connect us to {host(closed)} (HTTP 502)."
        assert said in words(found.tokens["closed"])


def test_a_proxy_may_speak_tls_itself_and_has_to_be_trusted_too(
    tls: Certificates, proxy: RealProxy, secure: GitLab, run_alone: Run
) -> None:
    both = run_alone.directory / "both.pem"
    both.write_text(tls.ca_file.read_text() + proxy.authority.read_text())
    files = {"both": both, "host only": tls.ca_file, "proxy only": proxy.authority}
    tokens = {name: {"url": secure.url, "ca-file": str(file)} for name, file in files.items()}
    found = through(run_alone, {"HTTPS_PROXY": proxy.over_tls}, tokens)
    assert found.categories == {"both": "ok", "host only": "tls-error", "proxy only": "tls-error"}
    untrusted = f"proxy {host(proxy.over_tls)} cannot be trusted"
    assert f"The {untrusted}" in words(found.tokens["host only"])
    assert f"{host(secure.url)} through the {untrusted}" in words(found.tokens["proxy only"])
    assert sent_to(secure) == [GOOD]
    assert [request.headers for request in proxy.seen() if GOOD in request.headers.values()] == []
