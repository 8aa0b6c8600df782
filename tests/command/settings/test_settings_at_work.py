"""Settings by flag, variable and policy file, at work in a run of the command."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, Certificates, GitLab, Project, Token, in_days
from kit.plans import LAYERS, Layers
from kit.policies import GOOD, SELF, check_each, secret

from glcheck.settings.table import SETTINGS

UNKNOWN = secret(404)


@pytest.fixture
def given(gitlab: GitLab, run: Run) -> Layers:
    """Settings for runs with a token that may only read the API and lives 100 days more."""
    gitlab.add(Token(GOOD, scopes=("read_api",), expires_at=in_days(100)))
    return Layers(run.directory)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_settings_of_every_layer_are_at_work(
    gitlab: GitLab, run: Run, given: Layers, layer: str
) -> None:
    gitlab.script(Answer(delay=30))  # `timeout` leaves time to ask again within `max-wait`
    gitlab.add_project(Project("team/app", id=4711, members={7: 30}))
    given.set(layer, url=gitlab.url, token_env="DEPLOY_TOKEN", timeout="1s", max_wait="9s")
    given.set(layer, scopes=["api", "sudo"], forbid_scopes="read_api", warn_validity="200d")
    given.set(layer, max_validity="2w", project=4711, role="owner", allow=["lives-too-long"])
    given.set(layer, format="json", output="out.json", report=["junit=b.xml"])
    env = {"DEPLOY_TOKEN": GOOD, "GITLAB_URL": "https://gitlab.example.com"}
    result = given.run(run, token=UNKNOWN, **env)
    assert (result.code, result.out) == (21, "")
    (token,) = json.loads((run.directory / "out.json").read_text("utf-8"))["tokens"]
    assert (token["name"], token["source"]) == ("DEPLOY_TOKEN", "DEPLOY_TOKEN")
    assert sorted(f"{one['severity']} {one['category']}" for one in token["problems"]) == [
        "error role-too-low", "error scope-forbidden", "error scope-missing",
        "warning expires-soon", "warning lives-too-long",
    ]  # fmt: skip
    assert ET.parse(run.directory / "b.xml").getroot().tag == "testsuites"
    assert given.set(layer, min_validity="200d").run(run, **env).code == 20
    assert given.set(layer, kind="group").run(run, **env).code == 16


@pytest.mark.parametrize("layer", LAYERS)
def test_a_token_file_and_max_wait_of_every_layer(
    gitlab: GitLab, run: Run, given: Layers, layer: str
) -> None:
    (run.directory / "secret").write_text(GOOD, "utf-8")
    assert given.set(layer, token_file="secret").run(run, token=UNKNOWN).code == 0
    gitlab.always(Answer(delay=60))
    start = time.monotonic()
    assert given.set(layer, max_wait="1s").run(run).code == 30
    assert time.monotonic() - start < 30  # the default is 60


@pytest.fixture
def secure(tls: Certificates) -> Iterator[GitLab]:
    """A GitLab with a certificate of a private CA."""
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        yield gitlab


@pytest.mark.parametrize("layer", LAYERS)
def test_a_ca_file_of_every_layer_is_trusted(
    secure: GitLab, run_alone: Run, tls: Certificates, layer: str
) -> None:
    given, host = Layers(run_alone.directory), secure.url.removeprefix("https://")
    assert given.run(run_alone, GITLAB_HOST=host).code == 31
    assert not secure.requests
    given.set(layer, ca_file=str(tls.ca_file))
    assert given.run(run_alone, GITLAB_HOST=host).code == 0


def test_other_bundles_are_trusted_where_they_are_meant(
    secure: GitLab, run_alone: Run, tls: Certificates
) -> None:
    def code(*args: str, **env: object) -> int:
        return run_alone(*args, token=GOOD, env={key: str(env[key]) for key in env}).code

    ci = {"GITLAB_CI": "true", "CI_SERVER_URL": secure.url}
    other_name = secure.url.replace("localhost", "127.0.0.1")
    assert code(**ci, CI_SERVER_TLS_CA_FILE=tls.ca_file) == 0
    assert code("--url", other_name, **ci, CI_SERVER_TLS_CA_FILE=tls.ca_file) == 31
    assert code(**ci, CI_SERVER_TLS_CA_FILE="absent.pem") == 31
    assert code(**ci, REQUESTS_CA_BUNDLE=tls.ca_file) == 0
    assert code(**ci, REQUESTS_CA_BUNDLE=tls.other_ca_file) == 31
    assert code("--ca-file", str(tls.ca_file), **ci, REQUESTS_CA_BUNDLE=tls.other_ca_file) == 0


def test_a_relative_root_is_kept_in_requests(run_alone: Run) -> None:
    with GitLab(prefix="/tools/gitlab") as gitlab:
        gitlab.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_API_V4_URL": f"{gitlab.url}/api/v4"}
        for args, env in (((), ci), (("--url", f"{gitlab.url}/"), {})):
            result = run_alone.json(*args, token=GOOD, env=env)
            assert (result.code, result.token["url"]) == (0, gitlab.url)
        assert [request.path for request in gitlab.requests] == [f"/tools/gitlab{SELF}"] * 2


def test_credentials_in_the_url_are_not_shown(gitlab: GitLab, run: Run) -> None:
    url = gitlab.url.replace("//", f"//oauth2:{UNKNOWN}@")
    result = run.json("-v", "--url", url, token=GOOD)
    assert (result.code, UNKNOWN in result.out + result.err) == (2, False)


def test_flag_beats_environment_beats_file(run: Run, given: Layers) -> None:
    for layer, scope in (("file", "api"), ("environment", "sudo"), ("flag", "k8s_proxy")):
        result = given.set(layer, scopes=scope).run(run, "--format", "json")
        assert result.problem["details"]["required"] == [scope]


def test_what_is_empty_is_not_given(gitlab: GitLab, run: Run, given: Layers) -> None:
    words = [word for name in SETTINGS for word in (f"--{name}", "")]
    env = {setting.variable: "" for setting in SETTINGS.values()}
    assert run(*words, token=GOOD).code == 0
    assert given.run(run, **env, GLCHECK_TOKEN="", GITLAB_HOST="", CI_SERVER_URL="").code == 0
    assert len(gitlab.requests) == 2
    assert not list(run.directory.iterdir())


def test_allow_http_as_a_bare_flag_is_a_yes(gitlab: GitLab, run: Run, given: Layers) -> None:
    # 0.0.0.0 leads to this machine, but is no loopback address.
    url = gitlab.url.replace("127.0.0.1", "0.0.0.0")
    for no in ((), ("--allow-http=no",), ("--allow-http", "on fire")):
        assert given.run(run, "--url", url, *no).code == 2
    assert not gitlab.requests
    assert given.run(run, "--url", url, "--allow-http").code == 0


@pytest.mark.parametrize("line", [
    "--min-valid 1d", "--role owner", "--allow x", "--config absent.yml", "--ca-file absent.pem",
    "--only a", "--token x", "--url ftp://a", "--url http://gitlab.example.com",
    "--token-env A --token-file a",
])  # fmt: skip
def test_a_mistake_asks_nothing(gitlab: GitLab, run: Run, line: str) -> None:
    for result in (run(*line.split(), token=GOOD), run("config", *line.split(), token=GOOD)):
        said = result.out + result.err
        assert (result.code, "Traceback" in said) == (2, False)
        assert "usage-error" in said or "config-error" in said
    assert not gitlab.requests


def test_a_token_of_standard_input_and_of_a_variable_that_is_unset(
    gitlab: GitLab, run: Run, given: Layers
) -> None:
    assert run("--token-file", "-", stdin=GOOD.encode()).code == 0
    assert gitlab.requests[0].headers["private-token"] == GOOD
    given.set("flag", token_env="DEPLOY_TOKEN")  # GITLAB_TOKEN does not stand in for it
    assert [given.run(run).code, given.run(run, DEPLOY_TOKEN="").code] == [10, 10]
    assert len(gitlab.requests) == 1


def test_the_warning_line_is_by_default_at_most_14_days_and_a_quarter_of_the_lifetime(
    gitlab: GitLab, run: Run
) -> None:
    rows = [  # days since it was made, days that are left, what is set, whether there is a warning
        (300, 13, "", True), (300, 16, "", False), (2, 5, "", False), (26, 4, "", True),
        (300, 13, "0", False), (300, 13, "11d", False), (300, 16, "17", True),
        (300, 13, "auto", True),
    ]  # fmt: skip
    tokens = {}
    for number, (born, left, setting, _) in enumerate(rows):
        created, ends = f"{in_days(-born)}T00:00:00.000Z", in_days(left)
        gitlab.add(Token(secret(number), created_at=created, expires_at=ends))
        tokens[f"t{number}"] = {"secret": secret(number), "warn-validity": setting}
    for row, token in zip(rows, check_each(run, tokens).values(), strict=True):
        said = [(problem["severity"], problem["category"]) for problem in token["problems"]]
        assert said == [("warning", "expires-soon")] * row[-1], row
