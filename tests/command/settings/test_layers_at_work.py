"""Settings by flag, variable and policy file, at work in a run of the command."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, Certificates, GitLab, Project, Token, in_days
from kit.plans import LAYERS, Layers
from kit.policies import GOOD, check_each, secret

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
    gitlab.script(Answer(delay=30))  # of which `timeout` makes a second request before `max-wait`
    gitlab.add_project(Project("team/app", id=4711, members={7: 30}))
    given.set(layer, url=gitlab.url, token_env="DEPLOY_TOKEN", timeout="1s", max_wait="9s")
    given.set(layer, scopes=["api", "sudo"], forbid_scopes="read_api", warn_validity="200d")
    given.set(layer, max_validity="2w", project=4711, role="owner", allow=["lives-too-long"])
    given.set(layer, format="json", output="out.json", report=["junit=b.xml"])
    away = {"GITLAB_URL": "https://gitlab.example.com"}
    result = given.run(run, token=UNKNOWN, DEPLOY_TOKEN=GOOD, **away)
    assert (result.code, result.out) == (21, "")
    (token,) = json.loads((run.directory / "out.json").read_text("utf-8"))["tokens"]
    assert (token["name"], token["source"]) == ("DEPLOY_TOKEN", "DEPLOY_TOKEN")
    assert sorted((one["category"], one["severity"]) for one in token["problems"]) == [
        ("expires-soon", "warning"), ("lives-too-long", "warning"), ("role-too-low", "error"),
        ("scope-forbidden", "error"), ("scope-missing", "error"),
    ]  # fmt: skip
    assert ET.parse(run.directory / "b.xml").getroot().tag == "testsuites"
    assert (
        given.set(layer, min_validity="200d", kind="group").run(run, DEPLOY_TOKEN=GOOD).code == 16
    )


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


@pytest.mark.parametrize("layer", LAYERS)
def test_a_ca_file_of_every_layer_is_trusted(run_alone: Run, tls: Certificates, layer: str) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        given, url = Layers(run_alone.directory), gitlab.url
        assert given.run(run_alone, GITLAB_URL=url).code == 31
        assert not gitlab.requests
        given.set(layer, ca_file=str(tls.ca_file))
        assert given.run(run_alone, GITLAB_URL=url).code == 0


def test_flag_beats_environment_beats_file(run: Run, given: Layers) -> None:
    for layer, scope in (("file", "api"), ("environment", "sudo"), ("flag", "k8s_proxy")):
        result = given.set(layer, scopes=scope).run(run, "--format", "json")
        assert result.problem["details"]["required"] == [scope]


def test_what_is_empty_is_not_given(gitlab: GitLab, run: Run, given: Layers) -> None:
    empty = dict.fromkeys((name.replace("-", "_") for name in SETTINGS), "")
    for layer in ("flag", "environment"):
        given.set(layer, **empty)
        assert given.run(run, GLCHECK_TOKEN="", GITLAB_HOST="", CI_SERVER_URL="").code == 0
    assert len(gitlab.requests) == 2
    assert not list(run.directory.iterdir())


def test_allow_http_as_a_bare_flag_is_a_yes(gitlab: GitLab, run: Run, given: Layers) -> None:
    # 0.0.0.0 leads to this machine, but is no loopback address.
    url = gitlab.url.replace("127.0.0.1", "0.0.0.0")
    for no in ((), ("--allow-http=no",), ("--allow-http", "on fire")):
        assert given.run(run, "--url", url, *no).code == 2
    assert not gitlab.requests
    assert given.run(run, "--url", url, "--allow-http").code == 0


@pytest.mark.parametrize("args", [
    ("--min-valid", "1d"), ("--role", "owner"), ("--allow", "x"), ("--config", "absent.yml"),
    ("--ca-file", "absent.pem"), ("--only", "a"), ("--token", "x"), ("--url", "ftp://a"),
    ("--token-env", "A", "--token-file", "a"), ("--url", "http://gitlab.example.com"),
])  # fmt: skip
def test_a_mistake_asks_nothing(gitlab: GitLab, run: Run, args: tuple[str, ...]) -> None:
    for result in (run(*args, token=GOOD), run("config", *args, token=GOOD)):
        assert (result.code, "Traceback" in result.err) == (2, False)
        assert any(word in result.out + result.err for word in ("usage-error", "config-error"))
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
    rows = {  # days since it was made and until it ends; what is set
        "warns of 13 days": (300, 13, {}),
        "silent about 16 days": (300, 16, {}),
        "silent about 5 of 7 days": (2, 5, {}),
        "warns of 4 of 30 days": (26, 4, {}),
        "silent about 13 days where never": (300, 13, {"warn-validity": 0}),
        "silent about 13 days with 11d": (300, 13, {"warn-validity": "11d"}),
        "warns of 16 days with 17": (300, 16, {"warn-validity": 17}),
        "warns of 13 days with auto": (300, 13, {"warn-validity": "auto"}),
    }
    tokens = {}
    for number, (name, (born, left, settings)) in enumerate(rows.items()):
        created, ends = f"{in_days(-born)}T00:00:00.000Z", in_days(left)
        gitlab.add(Token(secret(number), created_at=created, expires_at=ends))
        tokens[name] = {"secret": secret(number), **settings}
    for name, token in check_each(run, tokens).items():
        assert bool(token["problems"]) is name.startswith("warns"), name
