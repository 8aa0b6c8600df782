"""What the tests' GitLab does as it is told, with connections, with TLS, and at its end."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time

import pytest
import requests
from kit.ask import ask, connect
from kit.gitlab_server import Answer, Certificates, GitLab, Request, Token
from kit.policies import GOOD, SELF


def test_scripted_answers_come_first_and_once(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    gitlab.always(Answer(503, "<html>"), path="/user")
    gitlab.script(Answer(502, "<html>", reason="Bad"), Answer(body={"a": 1}), path="tokens/self")
    gitlab.script(Answer(418, b"", (("Content-Type", "text/x"),)))
    user = "/api/v4/user"
    replies = [ask(gitlab, path) for path in (user, user, SELF, SELF, SELF, user)]
    assert [reply.status for reply in replies] == [418, 503, 502, 200, 200, 503]
    assert replies[0].headers["Content-Type"] == "text/x"
    assert replies[3].json == {"a": 1}
    assert "X-Request-Id" not in replies[3].headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(raw=b"SSH-2.0-x\r\n"), http.client.BadStatusLine),
        (Answer(close_after=0), http.client.RemoteDisconnected),
        (Answer(body="x" * 50, close_after=150), http.client.IncompleteRead),
    ],
    ids=["raw", "nothing", "a part"],
)
def test_broken_answers(gitlab: GitLab, answer: Answer, error: type[Exception]) -> None:
    gitlab.script(answer)
    with pytest.raises(error):
        ask(gitlab, SELF)


def test_slow_answers(gitlab: GitLab) -> None:
    gitlab.script(Answer(body=b"slow", delay=0.05, drip=0.01))
    started = time.monotonic()
    assert ask(gitlab, SELF).body == b"slow"
    assert time.monotonic() - started >= 0.09


def test_keeps_connections_alive(gitlab: GitLab) -> None:
    gitlab.add(Token(GOOD))
    connection, second, seconds = connect(gitlab), connect(gitlab), []
    for _ in range(60):
        started = time.monotonic()
        connection.request("GET", SELF, headers={"Private-Token": GOOD})
        assert connection.getresponse().read()
        seconds.append(time.monotonic() - started)
    # Where small writes wait for acknowledgements, it is 40 ms for nearly all of them.
    assert sorted(seconds)[30] < 0.03
    assert len({request.client for request in gitlab.requests}) == 1
    first = gitlab.requests[0]
    assert first == Request("GET", SELF, {**first.headers, "private-token": GOOD}, first.client)
    second.request("GET", SELF)
    assert second.getresponse().status == 401
    assert gitlab.most_open == 2
    connection.close()
    second.close()


# TLS and the end


@pytest.mark.parametrize("flaw", ["expired", "not_yet_valid", "wrong_host", "other_ca"])
def test_flawed_certificates(tls: Certificates, flaw: str) -> None:
    with GitLab(tls=getattr(tls, flaw)) as server, pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url, verify=str(tls.ca_file), timeout=20, proxies={"https": ""})
    assert server.requests == []


def test_tls_does_not_wait_for_a_silent_client(tls: Certificates) -> None:
    with GitLab(tls=tls.good, prefix="/gitlab") as server:
        assert server.url.startswith("https://localhost:")
        with socket.create_connection(("127.0.0.1", server.port)):
            page, ca_file = f"{server.url}/users/sign_in", str(tls.ca_file)
            reply = requests.get(page, verify=ca_file, timeout=20, proxies={"https": ""})
            assert reply.status_code == 200


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_stops_under_clients_that_hang(tls: Certificates, encrypted: bool) -> None:
    before = set(threading.enumerate())
    trusting = ssl.create_default_context(cafile=str(tls.ca_file))
    with GitLab(tls=tls.good if encrypted else None) as server:
        server.always(Answer(delay=60))
        address = ("127.0.0.1", server.port)
        sockets = [socket.create_connection(address, timeout=20) for _ in range(3)]
        for number in (1, 2) if encrypted else ():  # the first never shakes hands
            sockets[number] = trusting.wrap_socket(sockets[number], server_hostname="localhost")
        sockets[1].sendall(b"GET / HTTP/1.1\r\nHost:")
        sockets[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.requests:
            server.wait(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=20)
    for each in sockets:
        each.close()
