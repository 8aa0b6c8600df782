"""Certificates, the authorities behind them, and the way to GitLab."""

from __future__ import annotations

import ssl

import trustme
from kit.command import Run
from kit.gitlab_server import Answer, Certificates, GitLab, Token
from kit.policies import GOOD, describe, verdicts


def test_each_token_may_have_its_own_authority(tls: Certificates, run: Run) -> None:
    with GitLab(tls=tls.good) as ours, GitLab(tls=tls.other_ca) as theirs:
        ours.add(Token(GOOD))
        theirs.add(Token(GOOD))
        tokens = {
            "ours": {"url": ours.url, "ca-file": str(tls.ca_file)},
            "theirs": {"url": theirs.url, "ca-file": str(tls.other_ca_file)},
            "mixed up": {"url": ours.url, "ca-file": str(tls.other_ca_file)},
        }
        assert verdicts(run, tokens) == {"ours": "ok", "theirs": "ok", "mixed up": "tls-error"}


def test_a_bundle_needs_no_root_as_that_of_gitlabs_runner_may_have_none(run: Run) -> None:
    issuing, bundle = trustme.CA().create_child_ca(), str(run.directory / "issuing.pem")
    issuing.cert_pem.write_to_path(bundle)

    def certified(name: str) -> GitLab:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuing.issue_cert(name).configure_cert(context)
        return GitLab(tls=context)

    with certified("localhost") as server, certified("gitlab.example.com") as other:
        server.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": server.url, "CI_SERVER_TLS_CA_FILE": bundle}
        assert run("--url", server.url, "--ca-file", bundle, token=GOOD).code == 0
        assert run(token=GOOD, env=ci).code == 0
        assert run("--url", server.url, token=GOOD).code == 31
        assert run("--url", other.url, "--ca-file", bundle, token=GOOD).code == 31


def test_what_breaks_after_the_handshake_is_retried(tls: Certificates, run: Run) -> None:
    with GitLab(tls=tls.good) as server:
        server.add(Token(GOOD))
        server.script(Answer(raw=b""), Answer(200, describe(), close_after=200))
        there = ("--url", server.url, "--ca-file", str(tls.ca_file))
        result = run.json(*there, token=GOOD)
        assert (result.report["category"], len(server.requests)) == ("ok", 3)
        server.always(Answer(raw=b""))
        assert run.json(*there, token=GOOD).report["category"] == "network-error"


def test_an_unencrypted_token_for_this_machine_passes_no_proxy_elsewhere(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://proxy.invalid:3128")
    assert run(token=GOOD, env=proxies).code == 0
    assert len(gitlab.requests) == 1
