"""Whom a run asks, and whose certificates it trusts there."""

from __future__ import annotations

from kit.command import Run
from kit.gitlab_server import Certificates, GitLab, Token
from kit.policies import GOOD, SELF, secret


def test_the_address_stands_in_the_report(run_alone: Run) -> None:
    result = run_alone.json(env={"GITLAB_HOST": "gitlab.example.com:8443"})
    assert (result.code, result.token["url"]) == (10, "https://gitlab.example.com:8443")


def test_a_relative_root_is_kept_in_requests(run_alone: Run) -> None:
    with GitLab(prefix="/tools/gitlab") as gitlab:
        gitlab.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_API_V4_URL": f"{gitlab.url}/api/v4"}
        assert run_alone(token=GOOD, env=ci).code == 0
        assert run_alone("--url", f"{gitlab.url}/", token=GOOD).code == 0
        assert [request.path for request in gitlab.requests] == [f"/tools/gitlab{SELF}"] * 2


def test_a_bare_host_is_asked_over_tls(run_alone: Run, tls: Certificates) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        env = {"GITLAB_HOST": gitlab.url.removeprefix("https://")}
        assert run_alone("--ca-file", str(tls.ca_file), token=GOOD, env=env).code == 0


def test_credentials_in_the_url_are_not_shown(gitlab: GitLab, run: Run) -> None:
    url = gitlab.url.replace("//", f"//oauth2:{secret(1)}@")
    result = run("-v", "--format", "json", "--url", url, token=GOOD)
    assert (result.code, secret(1) in result.out + result.err) == (2, False)


def test_the_ca_file_of_the_runner_is_used_for_its_own_server_only(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": gitlab.url}
        trusting = {**ci, "CI_SERVER_TLS_CA_FILE": str(tls.ca_file)}
        absent = {**ci, "CI_SERVER_TLS_CA_FILE": str(run_alone.directory / "absent.pem")}
        other_name = gitlab.url.replace("localhost", "127.0.0.1")
        assert run_alone(token=GOOD, env=trusting).code == 0
        assert run_alone("--url", other_name, token=GOOD, env=trusting).code == 31
        assert run_alone(token=GOOD, env=absent).code == 31


def test_the_bundle_of_requests_is_honoured_and_ca_file_beats_it(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))

        def code(bundle: object, *args: str) -> int:
            env = {"GITLAB_URL": gitlab.url, "REQUESTS_CA_BUNDLE": str(bundle)}
            return run_alone(*args, token=GOOD, env=env).code

        assert (code(tls.ca_file), code(tls.other_ca_file)) == (0, 31)
        assert code(tls.other_ca_file, "--ca-file", str(tls.ca_file)) == 0
