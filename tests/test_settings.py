"""Every setting by flag, variable and policy file, and which of them wins."""

from __future__ import annotations

import json
import os
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import Answer, Certificates, GitLab, Group, Project, Token, in_days

GOOD = "glpat-aaaaaaaaaaaaaaaaaaaa"
UNKNOWN = "glpat-bbbbbbbbbbbbbbbbbbbb"
LAYERS = ("flag", "environment", "file")
COMMANDS = ((), ("check",), ("explain",), ("config",))
SETTINGS = (
    "url", "token-env", "token-file", "scopes", "forbid-scopes", "min-validity", "warn-validity", "max-validity",
    "project", "group", "role", "kind", "allow", "config", "format", "output", "report", "timeout", "max-wait",
    "ca-file", "allow-http",
)  # fmt: skip


class Given:
    """Settings of several layers on their way to a run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.args: list[str] = []
        self.env: dict[str, str] = {}
        self.file: dict[str, object] = {}

    def add(self, layer: str, **settings: object) -> Given:
        """Set something in a layer; a list is a repeated flag or a text with commas."""
        for key, value in settings.items():
            name = key.replace("_", "-")
            values = value if isinstance(value, list) else [value]
            if layer == "flag":
                self.args += [part for one in values for part in (f"--{name}", str(one))]
            elif layer == "environment":
                self.env["GLCHECK_" + key.upper()] = ",".join(map(str, values))
            else:
                self.file[name] = value
        return self

    def __call__(self, *args: str, token: str | None = GOOD, **env: str) -> Result:
        """Run the command; the file is named, so that it may set everything."""
        more = []
        if self.file:
            # JSON is YAML.
            (self.run.directory / "named.yml").write_text(json.dumps(self.file, indent=1), "utf-8")
            more = ["--config", "named.yml"]
        return self.run(*args, *more, *self.args, token=token, env={**self.env, **env})


@pytest.fixture
def given(gitlab: GitLab, run: Run) -> Given:
    """Settings for runs with a token that may only read the API and lives 100 days more."""
    gitlab.add(Token(GOOD, scopes=("read_api",), expires_at=in_days(100)))
    return Given(run)


def problems(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all problems of a report."""
    return [
        *report["problems"],
        *(problem for token in report["tokens"] for problem in token["problems"]),
    ]


def categories(result: Result) -> list[tuple[str, str]]:
    """Return severity and category of each problem in a JSON report."""
    return [(problem["severity"], problem["category"]) for problem in problems(result.report)]


def refused(result: Result) -> bool:
    """Whether a run ended as a usage or configuration error, in words and not in a traceback."""
    said = result.out + result.err
    return (
        result.code == 2
        and "Traceback" not in said
        and ("usage-error" in said or "config-error" in said)
    )


# Each setting by each layer


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"scopes": ["read_user", "sudo"]}, 21),
        ({"forbid_scopes": ["sudo", "read_api"]}, 22),
        ({"min_validity": "200d"}, 20),
        ({"min_validity": 200}, 20),
        ({"max_validity": "2w"}, 25),
        ({"project": "team/hidden"}, 24),
        ({"project": 4711, "role": "developer"}, 0),
        ({"group": "hidden"}, 24),
        ({"group": "team", "role": "maintainer"}, 23),
        ({"kind": "project"}, 16),
        ({"scopes": ["api"], "allow": ["expires-soon", "scope-missing"]}, 0),
    ],
    ids=str,
)
def test_a_requirement_is_taken_from_every_layer(
    gitlab: GitLab, given: Given, layer: str, settings: dict[str, object], code: int
) -> None:
    gitlab.add_project(Project("team/app", id=4711, members={7: 30}))
    gitlab.add_group(Group("team", members={7: 30}))
    assert given.add(layer, **settings)().code == code


@pytest.mark.parametrize("layer", LAYERS)
def test_url_is_taken_from_every_layer(gitlab: GitLab, given: Given, layer: str) -> None:
    assert given.add(layer, url=gitlab.url)(GITLAB_URL="https://gitlab.example.com").code == 0
    assert len(gitlab.requests) == 1


@pytest.mark.parametrize("layer", LAYERS)
def test_token_env_is_taken_from_every_layer(given: Given, layer: str) -> None:
    result = given.add(layer, token_env="DEPLOY_TOKEN")(
        "--format", "json", token=UNKNOWN, DEPLOY_TOKEN=GOOD
    )
    assert result.code == 0
    assert (result.token["name"], result.token["source"]) == ("DEPLOY_TOKEN", "DEPLOY_TOKEN")


@pytest.mark.parametrize("layer", LAYERS)
def test_token_file_is_taken_from_every_layer(given: Given, layer: str) -> None:
    (given.run.directory / "secret").write_text(GOOD, "utf-8")
    assert given.add(layer, token_file="secret")(token=UNKNOWN).code == 0


@pytest.mark.parametrize("layer", LAYERS)
def test_warn_validity_is_taken_from_every_layer(given: Given, layer: str) -> None:
    result = given.add(layer, warn_validity="200d", format="json")()
    assert (result.code, categories(result)) == (0, [("warning", "expires-soon")])


@pytest.mark.parametrize("layer", LAYERS)
def test_format_output_and_report_are_taken_from_every_layer(given: Given, layer: str) -> None:
    given.add(layer, format="junit", output="out.xml", report=["json=report.json"])
    result = given("--scopes", "api")
    assert (result.code, result.out) == (21, "")
    assert ET.parse(given.run.directory / "out.xml").getroot().tag in {"testsuites", "testsuite"}
    report = json.loads((given.run.directory / "report.json").read_text("utf-8"))
    assert report["category"] == "scope-missing"


@pytest.mark.parametrize(("layer", "value"), [("flag", "1s"), ("environment", "1"), ("file", 1)])
def test_timeout_is_taken_from_every_layer(
    gitlab: GitLab, given: Given, layer: str, value: object
) -> None:
    gitlab.script(Answer(delay=30))
    start = time.monotonic()
    assert given.add(layer, timeout=value)().code == 0
    assert time.monotonic() - start < 8
    assert len(gitlab.requests) == 2


@pytest.mark.parametrize("layer", LAYERS)
def test_max_wait_is_taken_from_every_layer(gitlab: GitLab, given: Given, layer: str) -> None:
    gitlab.always(Answer(delay=30))
    start = time.monotonic()
    assert given.add(layer, max_wait="1s")().code == 30
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("layer", LAYERS)
def test_ca_file_is_taken_from_every_layer(run_alone: Run, tls: Certificates, layer: str) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        settings = Given(run_alone)
        assert settings(GITLAB_URL=gitlab.url).code == 31
        assert not gitlab.requests
        assert settings.add(layer, ca_file=str(tls.ca_file))(GITLAB_URL=gitlab.url).code == 0


YES = [
    ("flag", "true"), ("flag", "1"), ("environment", "true"), ("environment", "yes"), ("environment", "1"),
    ("file", True), ("file", "true"), ("file", "yes"), ("file", 1),
]  # fmt: skip
NO = [
    ("flag", "false"), ("flag", ""), ("flag", "on fire"), ("environment", "no"), ("environment", "0"),
    ("environment", "maybe"), ("file", False), ("file", "no"), ("file", 0), ("file", 2), ("file", "maybe"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "yes"), YES)
def test_allow_http_is_taken_from_every_layer(run_alone: Run, layer: str, yes: object) -> None:
    given = Given(run_alone).add(layer, allow_http=yes)
    assert given(token=None, GITLAB_URL="http://gitlab.example.com").code == 10


@pytest.mark.parametrize(("layer", "no"), NO)
def test_http_stays_refused_unless_allow_http_is_a_yes(
    run_alone: Run, layer: str, no: object
) -> None:
    given = Given(run_alone).add(layer, allow_http=no)
    assert refused(given(token=None, GITLAB_URL="http://gitlab.example.com"))


def test_allow_http_as_a_bare_flag_is_a_yes(gitlab: GitLab, given: Given) -> None:
    # 0.0.0.0 leads to this machine, but is no loopback address.
    url = gitlab.url.replace("127.0.0.1", "0.0.0.0")
    assert refused(given("--url", url))
    assert not gitlab.requests
    assert given("--url", url, "--allow-http").code == 0


@pytest.mark.parametrize("layer", ["flag", "environment"])
def test_config_is_taken_from_flag_and_environment(given: Given, layer: str) -> None:
    (given.run.directory / "elsewhere.yml").write_text("scopes: [api]\n", "utf-8")
    assert given.add(layer, config="elsewhere.yml")().code == 21


# Precedence


@pytest.mark.parametrize(
    ("setting", "passes", "fails"),
    [
        ("scopes", "read_api", "api"),
        ("forbid_scopes", "api", "read_api"),
        ("min_validity", "1d", "200d"),
        ("max_validity", "200d", "1d"),
        ("kind", "personal", "group"),
        ("project", "team/app", "team/hidden"),
        ("group", "team", "hidden"),
    ],
)
def test_flag_beats_environment_beats_file(
    gitlab: GitLab, given: Given, setting: str, passes: str, fails: str
) -> None:
    gitlab.add_project(Project("team/app", members={7: 30}))
    gitlab.add_group(Group("team", members={7: 30}))

    def code(**layers: str) -> int:
        settings = Given(given.run)
        for layer, value in layers.items():
            settings.add(layer, **{setting: value})
        return settings().code

    assert code(file=fails, environment=passes) == 0
    assert code(file=passes, environment=fails) != 0
    assert code(file=fails, environment=fails, flag=passes) == 0


def test_a_weaker_yes_to_http_is_taken_back_by_a_stronger_no(run_alone: Run) -> None:
    url = "http://gitlab.example.com"
    environment = Given(run_alone).add("environment", allow_http="no").add("file", allow_http=True)
    assert refused(environment(token=None, GITLAB_URL=url))
    flag = Given(run_alone).add("flag", allow_http="false").add("environment", allow_http="true")
    assert refused(flag(token=None, GITLAB_URL=url))


def test_allow_of_a_stronger_layer_replaces_that_of_a_weaker(given: Given) -> None:
    given.add("environment", allow="scope-missing").add("flag", allow="not-found")
    assert given("--scopes", "api").code == 21


def test_url_flag_beats_variables(gitlab: GitLab, given: Given) -> None:
    other = "https://gitlab.example.com"
    assert given("--url", gitlab.url, GLCHECK_URL=other, GITLAB_URL=other).code == 0
    assert given(GLCHECK_URL=gitlab.url, GITLAB_URL=other).code == 0


# Empty is not given


def test_empty_flags_are_not_given(gitlab: GitLab, given: Given) -> None:
    assert given(*(part for name in SETTINGS for part in (f"--{name}", ""))).code == 0
    assert len(gitlab.requests) == 1
    assert not list(given.run.directory.iterdir())


def test_empty_variables_are_not_given(gitlab: GitLab, given: Given) -> None:
    names = [f"GLCHECK_{name.replace('-', '_').upper()}" for name in SETTINGS]
    empty = dict.fromkeys(
        [*names, "GLCHECK_TOKEN", "GITLAB_HOST", "CI_API_V4_URL", "CI_SERVER_URL"], ""
    )
    assert given(**empty).code == 0
    assert len(gitlab.requests) == 1


def test_empty_texts_in_the_file_are_not_given(given: Given) -> None:
    texts = [name.replace("-", "_") for name in SETTINGS if name not in {"config", "allow-http"}]
    assert given.add("file", **dict.fromkeys(texts, ""))().code == 0


def test_an_empty_text_for_a_boolean_of_the_file_is_not_given(given: Given) -> None:
    assert given.add("file", allow_http="")().code == 0


def test_an_empty_flag_leaves_the_environment_in_force(given: Given) -> None:
    assert given("--scopes", "", GLCHECK_SCOPES="api").code == 21
    assert given("--scopes=", GLCHECK_SCOPES="api").code == 21


# Lists


@pytest.mark.parametrize(
    "args",
    [
        ("--scopes", "api,sudo,k8s_proxy"),
        ("--scopes", "api sudo  k8s_proxy"),
        ("--scopes", "api\nsudo\nk8s_proxy\n"),
        ("--scopes", " api,\n  sudo, k8s_proxy, "),
        ("--scopes", "api", "--scopes=sudo", "--scopes", "k8s_proxy"),
        ("--scopes", "api,sudo", "--scopes", "k8s_proxy"),
    ],
)
def test_scopes_are_split_and_repeated(given: Given, args: tuple[str, ...]) -> None:
    (problem,) = problems(given("--format", "json", *args).report)
    assert problem["category"] == "scope-missing"
    assert problem["details"]["required"] == ["api", "sudo", "k8s_proxy"]


@pytest.mark.parametrize("value", ["api,sudo", "api sudo", "api\nsudo\n", ["api", "sudo"]])
def test_scopes_are_split_in_the_file_too(given: Given, value: object) -> None:
    (problem,) = problems(given.add("file", scopes=value)("--format", "json").report)
    assert problem["details"]["required"] == ["api", "sudo"]


def test_scopes_are_split_in_the_environment_too(given: Given) -> None:
    (problem,) = problems(given("--format", "json", GLCHECK_SCOPES="api,\nsudo").report)
    assert problem["details"]["required"] == ["api", "sudo"]


@pytest.mark.parametrize(
    "args",
    [
        ("--allow", "scope-missing,lives-too-long"),
        ("--allow", "scope-missing", "--allow", "lives-too-long"),
    ],
)
def test_allow_is_a_list(given: Given, args: tuple[str, ...]) -> None:
    result = given("--format", "json", "--scopes", "api", "--max-validity", "1d", *args)
    assert result.code == 0
    assert sorted(categories(result)) == [
        ("warning", "lives-too-long"),
        ("warning", "scope-missing"),
    ]


def test_allow_of_an_unknown_category_is_refused(gitlab: GitLab, given: Given) -> None:
    assert refused(given("--allow", "scope-mising"))
    assert refused(given(GLCHECK_ALLOW="everything"))
    assert not gitlab.requests


# Flags


@pytest.mark.parametrize(
    "args",
    [
        ("--min-valid", "1d"),
        ("--min-valid=1d",),
        ("--scope", "read_api"),
        ("--allow-h",),
        ("--verb",),
        ("--vers",),
    ],
)
def test_flags_are_never_abbreviated(gitlab: GitLab, given: Given, args: tuple[str, ...]) -> None:
    assert refused(given(*args))
    assert not gitlab.requests


def test_a_flag_takes_its_value_after_an_equals_sign(given: Given) -> None:
    assert given("--min-validity=200d").code == 20


def test_no_flag_takes_a_token_or_turns_checks_off(run_alone: Run) -> None:
    for flag in ("--token", "--password", "--insecure", "--no-verify", "--skip-tls-verify"):
        assert run_alone(flag, "x").code == 2
        assert flag not in run_alone("check", "--help").out.split()


# Pairs of which one is taken


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    "pair",
    [
        {"token_env": "GITLAB_TOKEN", "token_file": "secret"},
        {"project": "team/app", "group": "team"},
    ],
    ids="-".join,
)
def test_a_pair_in_one_layer_is_refused(
    gitlab: GitLab, given: Given, layer: str, pair: dict[str, object]
) -> None:
    (given.run.directory / "secret").write_text(GOOD, "utf-8")
    assert refused(given.add(layer, **pair)())
    assert not gitlab.requests


@pytest.mark.parametrize(
    ("weak", "strong"), [("file", "environment"), ("file", "flag"), ("environment", "flag")]
)
@pytest.mark.parametrize("kept", ["token_env", "token_file"])
def test_a_stronger_layer_replaces_both_sources(
    given: Given, weak: str, strong: str, kept: str
) -> None:
    (given.run.directory / "good").write_text(GOOD, "utf-8")
    (given.run.directory / "bad").write_text(UNKNOWN, "utf-8")
    good = {"token_env": "GOOD", "token_file": "good"}
    bad = {"token_env": "BAD", "token_file": "bad"}
    other = "token_env" if kept == "token_file" else "token_file"
    given.add(weak, **{other: bad[other]}).add(strong, **{kept: good[kept]})
    assert given(token=UNKNOWN, GOOD=GOOD, BAD=UNKNOWN).code == 0


@pytest.mark.parametrize(("weak", "strong"), [("file", "environment"), ("environment", "flag")])
@pytest.mark.parametrize("kept", ["project", "group"])
def test_a_stronger_layer_replaces_project_and_group(
    gitlab: GitLab, given: Given, weak: str, strong: str, kept: str
) -> None:
    gitlab.add_project(Project("team/app", members={7: 30}))
    gitlab.add_group(Group("team", members={7: 30}))
    other = "project" if kept == "group" else "group"
    given.add(weak, **{other: "team/hidden"}).add(
        strong, **{kept: "team/app" if kept == "project" else "team"}
    )
    assert given().code == 0


def test_a_pair_in_a_weaker_layer_is_still_an_error_there(gitlab: GitLab, given: Given) -> None:
    given.add("file", token_env="GITLAB_TOKEN", token_file="secret")
    assert refused(given("--token-env", "GITLAB_TOKEN"))
    assert not gitlab.requests


# Where the token comes from


VARIABLES = (
    "GLCHECK_TOKEN",
    "GITLAB_TOKEN",
    "GL_TOKEN",
    "GITLAB_ACCESS_TOKEN",
    "GITLAB_PRIVATE_TOKEN",
)


@pytest.mark.parametrize("index", range(len(VARIABLES)))
def test_the_first_variable_that_is_set_holds_the_token(given: Given, index: int) -> None:
    env = {
        **dict.fromkeys(VARIABLES[:index], ""),
        VARIABLES[index]: GOOD,
        **dict.fromkeys(VARIABLES[index + 1 :], UNKNOWN),
    }
    result = given("--format", "json", token=None, **env)
    assert (result.code, result.token["source"]) == (0, VARIABLES[index])


def test_the_token_is_read_from_standard_input(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    assert run("--token-file", "-", stdin=GOOD.encode()).code == 0
    assert gitlab.requests[0].headers["private-token"] == GOOD


def test_a_named_variable_that_is_unset_is_not_replaced_by_another(
    gitlab: GitLab, given: Given
) -> None:
    assert given("--token-env", "DEPLOY_TOKEN").code == 10
    assert given("--token-env", "DEPLOY_TOKEN", DEPLOY_TOKEN="").code == 10
    assert not gitlab.requests


# The default of `url`


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "https://gitlab.com"),
        ({"GITLAB_URL": "https://gitlab.example.com"}, "https://gitlab.example.com"),
        ({"GITLAB_URL": "https://example.com/gitlab/"}, "https://example.com/gitlab"),
        ({"GITLAB_HOST": "gitlab.example.com"}, "https://gitlab.example.com"),
        ({"GITLAB_HOST": "gitlab.example.com:8443"}, "https://gitlab.example.com:8443"),
        ({"GITLAB_HOST": "https://gitlab.example.com"}, "https://gitlab.example.com"),
        (
            {"GITLAB_URL": "https://one.example.com", "GITLAB_HOST": "two.example.com"},
            "https://one.example.com",
        ),
        ({"GITLAB_URL": "", "GITLAB_HOST": "two.example.com"}, "https://two.example.com"),
        ({"CI_SERVER_URL": "https://ci.example.com"}, "https://gitlab.com"),
        (
            {"GITLAB_CI": "true", "CI_SERVER_URL": "https://ci.example.com"},
            "https://ci.example.com",
        ),
        (
            {"GITLAB_CI": "true", "CI_API_V4_URL": "https://ci.example.com/gitlab/api/v4"},
            "https://ci.example.com/gitlab",
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": "https://api.example.com/api/v4",
                "CI_SERVER_URL": "https://ci.example.com",
            },
            "https://api.example.com",
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_SERVER_URL": "https://ci.example.com",
                "GITLAB_URL": "https://o.example.com",
            },
            "https://ci.example.com",
        ),
        (
            {"GLCHECK_URL": "https://me.example.com/", "GITLAB_URL": "https://o.example.com"},
            "https://me.example.com",
        ),
    ],
)
def test_the_default_of_url(run_alone: Run, env: dict[str, str], url: str) -> None:
    result = run_alone.json(env=env)
    assert (result.code, result.token["url"]) == (10, url)


def test_a_relative_root_is_kept_in_requests(run_alone: Run) -> None:
    with GitLab(prefix="/tools/gitlab") as gitlab:
        gitlab.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_API_V4_URL": f"{gitlab.url}/api/v4"}
        assert run_alone(token=GOOD, env=ci).code == 0
        assert run_alone("--url", gitlab.url, token=GOOD).code == 0
        assert run_alone("--url", f"{gitlab.url}/", token=GOOD).code == 0
        assert {r.path for r in gitlab.requests} == {
            "/tools/gitlab/api/v4/personal_access_tokens/self"
        }


def test_a_bare_host_is_asked_over_tls(run_alone: Run, tls: Certificates) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        env = {"GITLAB_HOST": gitlab.url.removeprefix("https://")}
        assert run_alone("--ca-file", str(tls.ca_file), token=GOOD, env=env).code == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://gitlab.example.com",
        "https://",
        "https:///gitlab",
        "file:///etc/hosts",
        "https://gitlab.example.com:port",
        "https://[::1",
        "https://host name",
        "javascript:alert(1)",
    ],
)
def test_a_url_that_is_none_is_refused(run_alone: Run, url: str) -> None:
    assert refused(run_alone("--url", url, token=GOOD))


# Plain HTTP


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://LOCALHOST:8080/gitlab",
        "http://127.0.0.1:8080",
        "http://127.8.9.10",
        "http://[::1]:8080",
    ],
)
def test_http_to_loopback_is_accepted(run_alone: Run, url: str) -> None:
    assert run_alone("--url", url).code == 10


@pytest.mark.parametrize(
    "url",
    [
        "http://gitlab.example.com",
        "HTTP://gitlab.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost-gitlab.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost:80@example.com",
        "http://example.com#@localhost",
        "http://example.com?localhost",
        "http://example.com/127.0.0.1",
        "http://example.com\\@localhost",
        "http://[::1].example.com",
        "http://[::ffff:192.0.2.1]",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://10.0.0.1",
        "http://192.168.1.1",
    ],
)
def test_http_to_another_host_is_refused(run_alone: Run, url: str) -> None:
    assert refused(run_alone("--url", url))


@pytest.mark.parametrize("layer", ["environment", "file"])
def test_http_to_another_host_is_refused_from_every_layer(run_alone: Run, layer: str) -> None:
    assert refused(Given(run_alone).add(layer, url="http://127.0.0.1.example.com")(token=None))


@pytest.mark.parametrize("name", ["GITLAB_URL", "GITLAB_HOST"])
def test_http_to_another_host_is_refused_as_a_default_too(run_alone: Run, name: str) -> None:
    result = run_alone(env={name: "http://gitlab.example.com"})
    assert refused(result)
    assert refused(
        run_alone(env={"GITLAB_CI": "true", "CI_SERVER_URL": "http://gitlab.example.com"})
    )


def test_credentials_in_the_url_are_not_shown(gitlab: GitLab, run: Run) -> None:
    url = gitlab.url.replace("//", f"//oauth2:{UNKNOWN}@")
    result = run("-v", "--format", "json", "--url", url, token=GOOD)
    assert UNKNOWN not in result.out + result.err
    assert result.code in {2, 12}


# Certificates


def test_an_absent_ca_file_is_refused(gitlab: GitLab, given: Given) -> None:
    result = given("--ca-file", "absent.pem")
    assert refused(result)
    assert refused(given(GLCHECK_CA_FILE="absent.pem"))
    assert not gitlab.requests


def test_a_ca_file_without_certificates_is_no_bug_of_ours(
    run_alone: Run, tls: Certificates
) -> None:
    (run_alone.directory / "ca.pem").write_text("no certificate\n", "utf-8")
    with GitLab(tls=tls.good) as gitlab:
        result = run_alone("--ca-file", "ca.pem", "--url", gitlab.url, token=GOOD)
    assert result.code in {2, 31}
    assert "Traceback" not in result.err


def test_the_ca_file_of_the_runner_is_used_for_its_own_server_only(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        ci = {
            "GITLAB_CI": "true",
            "CI_SERVER_URL": gitlab.url,
            "CI_SERVER_TLS_CA_FILE": str(tls.ca_file),
        }
        assert run_alone(token=GOOD, env=ci).code == 0
        other_name = gitlab.url.replace("localhost", "127.0.0.1")
        assert run_alone("--url", other_name, token=GOOD, env=ci).code == 31
        absent = {**ci, "CI_SERVER_TLS_CA_FILE": str(run_alone.directory / "absent.pem")}
        assert run_alone(token=GOOD, env=absent).code == 31


def test_the_bundle_of_requests_is_honoured_and_ca_file_beats_it(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good) as gitlab:
        gitlab.add(Token(GOOD))
        ours, other = (
            {"REQUESTS_CA_BUNDLE": str(file)} for file in (tls.ca_file, tls.other_ca_file)
        )
        assert run_alone("--url", gitlab.url, token=GOOD, env=ours).code == 0
        assert run_alone("--url", gitlab.url, token=GOOD, env=other).code == 31
        assert (
            run_alone(
                "--url", gitlab.url, "--ca-file", str(tls.ca_file), token=GOOD, env=other
            ).code
            == 0
        )


# Values


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("min_validity", "soon"),
        ("min_validity", "-1d"),
        ("min_validity", "1y"),
        ("min_validity", "1d2h3"),
        ("min_validity", "nan"),
        ("min_validity", "inf"),
        ("min_validity", "auto"),
        ("warn_validity", "often"),
        ("max_validity", "d"),
        ("timeout", "10x"),
        ("timeout", "-5"),
        ("max_wait", "1.2.3s"),
        ("max_wait", "later"),
        ("role", "admin"),
        ("role", "40"),
        ("kind", "deploy"),
        ("format", "xml"),
        ("report", "report.json"),
        ("report", "xml=report.xml"),
        ("report", "json="),
    ],
)
def test_a_value_that_means_nothing_is_refused(
    gitlab: GitLab, given: Given, setting: str, value: str
) -> None:
    # The layers take turns.
    layer = LAYERS[sum(value.encode()) % 3]
    if setting == "role":
        given.add(layer, project="team/app")
    assert refused(given.add(layer, **{setting: value})())
    assert not gitlab.requests


@pytest.mark.parametrize(
    "setting", ["--min-validity", "--warn-validity", "--max-validity", "--timeout", "--max-wait"]
)
def test_a_huge_duration_is_long_or_refused_but_no_bug(given: Given, setting: str) -> None:
    result = given(setting, "9" * 400)
    assert result.code in {0, 2, 20}
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0", 0),
        ("98", 0),
        ("101", 20),
        ("2352h", 0),
        ("2424h", 20),
        ("141120m", 0),
        ("145440m", 20),
        ("14w", 0),
        ("15w", 20),
    ],
)
def test_units_of_validity(given: Given, value: str, code: int) -> None:
    assert given("--min-validity", value).code == code


@pytest.mark.parametrize("role", ["planner", "security-manager"])
def test_roles_in_between(gitlab: GitLab, given: Given, role: str) -> None:
    gitlab.add_project(Project("team/app", members={7: 30}))
    assert given("--project", "team/app", "--role", role).code == 0


@pytest.mark.parametrize("layer", LAYERS)
def test_a_role_without_project_or_group_is_refused(
    gitlab: GitLab, given: Given, layer: str
) -> None:
    assert refused(given.add(layer, role="developer")())
    assert not gitlab.requests


def test_role_and_project_may_come_from_different_layers(gitlab: GitLab, given: Given) -> None:
    gitlab.add_project(Project("team/app", members={7: 30}))
    given.add("environment", project="team/app").add("flag", role="maintainer")
    assert given().code == 23


def test_the_warning_line_is_by_default_at_most_14_days_and_a_quarter_of_the_lifetime(
    gitlab: GitLab, run: Run
) -> None:
    def warns(born: int, left: int, *args: str) -> bool:
        created = in_days(-born) + "T00:00:00.000Z"
        gitlab.add(Token(GOOD, created_at=created, expires_at=in_days(left)))
        result = run.json(*args, token=GOOD)
        assert result.code == 0
        return categories(result) == [("warning", "expires-soon")]

    assert warns(300, 13)
    assert not warns(300, 16)
    assert not warns(2, 5)
    assert warns(26, 4)
    assert not warns(300, 13, "--warn-validity", "0")
    assert not warns(300, 13, "--warn-validity", "12d")
    assert warns(300, 16, "--warn-validity", "17")
    assert warns(300, 13, "--warn-validity", "auto")


# Reports


def test_format_auto_is_github_where_github_runs_it_and_text_elsewhere(given: Given) -> None:
    text = given("--scopes", "api")
    assert text.out.startswith("error[scope-missing] GITLAB_TOKEN: ")
    github = given("--scopes", "api", GITHUB_ACTIONS="true")
    assert any(line.startswith("::error") for line in github.out.splitlines())
    assert github.out == given("--scopes", "api", "--format", "github").out
    assert given("--scopes", "api", "--format", "auto", GITHUB_ACTIONS="true").out == github.out
    assert given("--scopes", "api", "--format", "text", GITHUB_ACTIONS="true").out == text.out
    assert given("--scopes", "api", GITHUB_ACTIONS="false").out == text.out


def test_several_reports_come_from_one_run(gitlab: GitLab, given: Given) -> None:
    reports = (
        "--report",
        "json=a.json",
        "--report",
        "junit=b.xml",
        "--report=text=c.txt",
        "--report",
        "json=d=e.json",
    )
    result = given("--scopes", "api", "--format", "markdown", "--output", "out.md", *reports)
    assert (result.code, result.out) == (21, "")
    assert len(gitlab.requests) == 1
    here = given.run.directory
    assert sorted(path.name for path in here.iterdir()) == [
        "a.json",
        "b.xml",
        "c.txt",
        "d=e.json",
        "out.md",
    ]
    assert json.loads((here / "a.json").read_text("utf-8"))["exit_code"] == 21
    assert (here / "d=e.json").read_text("utf-8") == (here / "a.json").read_text("utf-8")
    assert ET.parse(here / "b.xml").getroot().iter("testcase")
    assert (here / "c.txt").read_text("utf-8").startswith("error[scope-missing]")
    assert "scope-missing" in (here / "out.md").read_text("utf-8")


def test_a_report_may_stand_beside_the_one_on_standard_output(given: Given) -> None:
    result = given("--report", "json=a.json")
    assert result.out.startswith("ok GITLAB_TOKEN")
    assert json.loads((given.run.directory / "a.json").read_text("utf-8"))["ok"] is True


def test_a_report_path_may_hold_blanks(given: Given) -> None:
    assert given("--report", "json=my report.json", "--output", "my other report.txt").code == 0
    assert sorted(path.name for path in given.run.directory.iterdir()) == [
        "my other report.txt",
        "my report.json",
    ]


def test_several_reports_may_stand_in_the_file(given: Given) -> None:
    assert given.add("file", report=["json=a.json", "junit=b.xml"])().code == 0
    assert {"a.json", "b.xml"} < {path.name for path in given.run.directory.iterdir()}


def test_an_existing_report_is_replaced(given: Given) -> None:
    (given.run.directory / "a.json").write_text("x" * 100_000, "utf-8")
    assert given("--report", "json=a.json").code == 0
    assert json.loads((given.run.directory / "a.json").read_text("utf-8"))["ok"] is True


def test_a_configuration_error_is_in_the_reports_that_were_asked_for(
    gitlab: GitLab, given: Given
) -> None:
    result = given("--format", "json", "--report", "junit=b.xml", "--role", "owner")
    assert (result.code, result.report["exit_code"], result.report["tokens"]) == (2, 2, [])
    assert result.problem["category"] in {"usage-error", "config-error"}
    assert ET.parse(given.run.directory / "b.xml").getroot().tag in {"testsuites", "testsuite"}
    assert not gitlab.requests


# Voice and colour


def test_quiet_says_nothing_about_success_and_everything_about_failure(given: Given) -> None:
    assert given("-q") == Result(0, "", "")
    failure = given("-q", "--scopes", "api")
    assert (failure.code, failure.err) == (21, "")
    assert "scope-missing" in failure.out


def test_verbose_tells_more_on_standard_error_and_keeps_the_report(given: Given) -> None:
    plain, verbose = given(), given("-v")
    assert (verbose.code, verbose.out, plain.err) == (0, plain.out, "")
    assert "/api/v4/personal_access_tokens/self" in verbose.err
    assert GOOD not in verbose.err
    assert json.loads(given("-v", "--format", "json").out)["ok"] is True


@pytest.mark.parametrize(
    ("args", "env", "coloured"),
    [
        ((), {}, False),
        (("--color", "auto"), {}, False),
        (("--color", "always"), {}, True),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        ((), {"FORCE_COLOR": ""}, False),
        (("--color", "always", "--format", "json"), {}, False),
        (("--format", "junit"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(given: Given, args: tuple[str, ...], env: dict[str, str], coloured: bool) -> None:
    result = given("--scopes", "api", *args, **env)
    assert result.code == 21
    assert ("\x1b[" in result.out) is coloured


def test_an_unknown_colour_is_refused(given: Given) -> None:
    assert refused(given("--color", "sometimes"))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals here")
@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal(given: Given, env: dict[str, str], coloured: bool) -> None:
    script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    result = given.run(
        COMMAND,
        "--scopes",
        "api",
        command=(sys.executable, "-c", script),
        token=GOOD,
        env={"TERM": "xterm", **env},
    )
    assert result.code == 21
    assert ("\x1b[" in result.out) is coloured


# Commands


def test_version(run_alone: Run) -> None:
    result = run_alone("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.split()[0] == "glcheck"
    assert result.out.split()[1] == run_alone.json().report["glcheck"]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_help_of_each_command(run_alone: Run, command: tuple[str, ...]) -> None:
    result = run_alone(*command, "--help")
    assert (result.code, result.err) == (0, "")
    assert "usage" in result.out.lower()


def test_help_of_check_names_every_setting(run_alone: Run) -> None:
    words = run_alone("check", "--help").out
    assert [name for name in (*SETTINGS, "only", "color") if f"--{name}" not in words] == []


def test_help_of_the_bare_command_names_the_commands(run_alone: Run) -> None:
    words = run_alone("--help").out.split()
    assert {"check", "explain", "config"} <= set(words)


@pytest.mark.parametrize(
    "command",
    [(COMMAND,), (sys.executable, "-m", "glcheck"), (sys.executable, "-I", "-m", "glcheck")],
)
def test_a_bare_command_is_a_check(gitlab: GitLab, given: Given, command: tuple[str, ...]) -> None:
    result = given.run("--scopes", "api", command=command, token=GOOD)
    assert result.code == 21
    assert result.out.startswith("error[scope-missing] GITLAB_TOKEN: ")
    assert result.out == given("check", "--scopes", "api").out
    assert len(gitlab.requests) == 2


@pytest.mark.parametrize("args", [("--config", "absent.yml"), ("config", "--config", "absent.yml")])
def test_a_named_policy_file_must_exist(
    gitlab: GitLab, given: Given, args: tuple[str, ...]
) -> None:
    assert refused(given(*args))
    assert refused(given(*args[:-2], GLCHECK_CONFIG="absent.yml"))
    assert not gitlab.requests


def test_a_named_policy_file_stands_in_for_the_one_found(given: Given) -> None:
    (given.run.directory / ".glcheck.yml").write_text("scopes: [api]\n", "utf-8")
    other = Path(given.run.directory).parent / "other.yml"
    other.write_text("min-validity: 200d\n", "utf-8")
    assert given().code == 21
    assert given("--config", str(other)).code == 20
