"""Every setting by flag, variable and policy file, and which of them wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.gitlab_server import Certificates
from kit.plans import FILE, LAYERS, Layers, refused, values, wheres
from kit.policies import write

from glcheck.settings.table import SETTINGS

DAY = 86400
AWAY = "http://gitlab.example.com"
OF_LAYERS = [("environment", "file"), ("flag", "file"), ("flag", "environment")]  # strong and weak
PAIRS = [("token_env", "token_file"), ("project", "group")]  # of which one is taken
VALUES = {"token_env": "A", "token_file": "a", "project": "a/b", "group": "a"}


@pytest.fixture
def given(tmp_path: Path) -> Layers:
    """Settings for a plan."""
    return Layers(tmp_path)


def where(layer: str, name: str) -> str:
    """Where a message says that the only setting of that layer is."""
    flag, variable = SETTINGS[name.replace("_", "-")].flag, f"GLCHECK_{name.upper()}"
    return {"flag": flag, "environment": variable, "file": "named.yml:1"}[layer]


@pytest.mark.parametrize("name, texts, results", [
    ("url", ("https://a/", "https://b", "https://c"), ("https://a", "https://b", "https://c")),
    ("token_env", ("A", "B", "C"), ("A", "B", "C")),
    ("token_file", ("a", "b", "c"), ("a", "b", "c")),
    ("scopes", (["api", "sudo"], "sudo", "api"), (("api", "sudo"), ("sudo",), ("api",))),
    ("forbid_scopes", ("api", ["api", "sudo"], "sudo"), (("api",), ("api", "sudo"), ("sudo",))),
    ("min_validity", ("200d", 2, "12h"), (200 * DAY, 2 * DAY, DAY / 2)),
    ("warn_validity", ("200d", 0, "auto"), (200 * DAY, 0, -1)),
    ("max_validity", ("2w", 3, "1d"), (14 * DAY, 3 * DAY, DAY)),
    ("project", (4711, "team/app", "a/b"), ("4711", "team/app", "a/b")),
    ("group", ("team", 12, "a/b"), ("team", "12", "a/b")),
    ("kind", ("personal", "job", "oauth"), ("personal", "job", "oauth")),
    ("allow", (["tls-error", "not-found"], "tls-error", "not-found"),
     (["tls-error", "not-found"], ["tls-error"], ["not-found"])),
    ("format", ("json", "junit", "text"), ("json", "junit", "text")),
    ("output", ("a", "b", "c d"), ("a", "b", "c d")),
    ("report", (["json=a", "junit=b"], "text=b c", "json=c"),
     ((("json", "a"), ("junit", "b")), (("text", "b c"),), (("json", "c"),))),
    ("timeout", (1, "2s", "1m"), (1, 2, 60)),
    ("max_wait", ("1m", 0.5, "3"), (60, 0.5, 3)),
    ("hook_max_age", ("2h", 1, "1w"), (7200, DAY, 7 * DAY)),
    ("hook_strict", ("yes", "false", 1), (True, False, True)),
])  # fmt: skip
def test_each_setting_is_taken_from_every_layer_and_the_stronger_wins(
    given: Layers, name: str, texts: tuple[object, ...], results: tuple[object, ...]
) -> None:
    for layer in LAYERS:  # each alone
        for text, result in zip(texts, results, strict=True):
            alone = Layers(given.directory).set(layer, **{name: text})
            assert values(alone.plan())[name] == result, layer
    for layer, text, result in zip(reversed(LAYERS), texts, results, strict=True):
        given.set(layer, **{name: text})  # and each over the weaker ones
        assert values(given.plan())[name] == result, layer


@pytest.mark.parametrize("layer", LAYERS)
def test_a_ca_file_of_every_layer(given: Layers, tls: Certificates, layer: str) -> None:
    assert values(given.set(layer, ca_file=str(tls.ca_file)).plan())["ca_file"] == str(tls.ca_file)
    given.set(layer, ca_file="ca.pem")
    refused(given.plan(), where(layer, "ca_file"), "does not exist")
    (given.directory / "ca.pem").write_text("no certificate\n", "utf-8")
    refused(given.plan(), where(layer, "ca_file"), "no CA certificate")


@pytest.mark.parametrize("layer", ["flag", "environment"])
def test_a_named_policy_file_must_exist_and_replaces_a_found_one(given: Layers, layer: str) -> None:
    write(given.directory, "scopes: [sudo]\n")
    assert values(given.plan())["config"] == FILE
    plan = given.set(layer, config="elsewhere.yml").plan()
    assert wheres(plan) == [where(layer, "config")]
    assert plan.problems[0].category.label == "config-error"
    write(given.directory, "scopes: [api]\n", "elsewhere.yml")
    found = values(given.plan())
    assert (found["config"], found["scopes"]) == ("elsewhere.yml", ("api",))


@pytest.mark.parametrize("strong, weak", OF_LAYERS)
@pytest.mark.parametrize("stays, goes", [*PAIRS, *(pair[::-1] for pair in PAIRS)])
def test_a_stronger_layer_replaces_both_of_a_pair(
    given: Layers, strong: str, weak: str, stays: str, goes: str
) -> None:
    given.set(weak, **{goes: VALUES[goes]}).set(strong, **{stays: VALUES[stays]})
    found = values(given.plan())
    assert (found[stays], found[goes]) == (VALUES[stays], None)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("first, second", PAIRS)
def test_a_pair_in_one_layer_is_refused_whatever_stands_above_it(
    given: Layers, layer: str, first: str, second: str
) -> None:
    words = f"{second.replace('_', '-')} cannot be given together with {where(layer, first)}"
    given.set(layer, **{name: VALUES[name] for name in (first, second)})
    refused(given.plan(), where(layer, second), words)
    if layer != "flag":
        refused(given.set("flag", **{first: VALUES[first]}).plan(), where(layer, second), words)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_role_needs_a_project_or_a_group_of_any_layer(given: Layers, layer: str) -> None:
    refused(given.set(layer, role="owner").plan(), where(layer, "role"), "role needs a project or")
    for other in LAYERS:
        both = Layers(given.directory).set(layer, role="owner").set(other, group="a")
        assert values(both.plan())["role"] == "owner"


@pytest.mark.parametrize("layer, text, allowed", [
    ("flag", "true", True), ("flag", "1", True), ("environment", "yes", True), ("file", True, True),
    ("environment", "1", True), ("file", 1, True), ("file", "true", True), ("file", "yes", True),
    ("flag", "false", False), ("flag", "", False), ("environment", "no", False), ("file", 0, False),
    ("environment", "0", False), ("file", False, False), ("file", "no", False), ("file", "", False),
    ("file", None, False), ("environment", "", False), ("flag", "on fire", None), ("file", 2, None),
    ("environment", "maybe", None), ("file", "maybe", None), ("file", [True], None),
])  # fmt: skip
def test_http_is_refused_unless_allow_http_is_a_yes_and_nonsense_is_refused_too(
    given: Layers, layer: str, text: object, allowed: bool | None
) -> None:
    plan = given.set(layer, allow_http=text).plan(GITLAB_URL=AWAY)
    if allowed:
        assert values(plan)["url"] == AWAY
    else:
        nonsense = [where(layer, "allow_http")] if allowed is None else []
        assert sorted(wheres(plan)) == sorted([*nonsense, "GITLAB_URL"])


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_empty_is_not_given(given: Layers, layer: str) -> None:
    nothing = values(given.plan())
    empty = dict.fromkeys((name.replace("-", "_") for name in SETTINGS), "")
    if layer == "file":
        del empty["config"]  # which stands in no file
        nothing["config"] = "named.yml"
    variables = {"GITLAB_URL": "", "GITLAB_HOST": "", "CI_API_V4_URL": "", "GLCHECK_TOKEN": ""}
    assert values(given.set(layer, **empty).plan(GITLAB_CI="", **variables)) == nothing


@pytest.mark.parametrize("strong, weak", OF_LAYERS)
def test_a_no_beats_a_yes_and_nothing_does_not(given: Layers, strong: str, weak: str) -> None:
    given.set(weak, allow_http="yes", scopes="api")
    assert values(given.set(strong, allow_http="", scopes="").plan())["scopes"] == ("api",)
    assert given.plan(GITLAB_URL=AWAY).tokens
    refused(given.set(strong, allow_http="no").plan(GITLAB_URL=AWAY), "GITLAB_URL", "unencrypted")


@pytest.mark.parametrize("layer, text", [
    ("flag", "api sudo"), ("flag", "api\nsudo\n"), ("flag", " api,\n sudo,"), ("file", "api sudo"),
    ("flag", ["api", "sudo"]), ("flag", ["api", "sudo,api"]), ("environment", "api,\nsudo"),
    ("file", "api,sudo"), ("file", "api\nsudo\n"), ("file", ["api", "sudo", "api"]),
])  # fmt: skip
def test_lists_are_split_and_repeated(given: Layers, layer: str, text: object) -> None:
    assert values(given.set(layer, scopes=text).plan())["scopes"] == ("api", "sudo")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_value_that_means_nothing_is_refused_where_it_stands(given: Layers, layer: str) -> None:
    there = where(layer, "min_validity")
    says = f"{there}: {'min-validity ' * (layer == 'file')}must be a duration"
    assert "soon" not in refused(given.set(layer, min_validity="soon").plan(), there, says)


@pytest.mark.parametrize("index", range(5))
def test_the_first_variable_that_is_set_holds_the_token(given: Layers, index: int) -> None:
    last = ("GITLAB_ACCESS_TOKEN", "GITLAB_PRIVATE_TOKEN")
    names = ["GLCHECK_TOKEN", "GITLAB_TOKEN", "GL_TOKEN", *last]
    env = {**dict.fromkeys(names[:index], ""), **dict.fromkeys(names[index:], "x")}
    assert values(given.plan(**env))["token_env"] == names[index]


@pytest.mark.parametrize("actions, flag, form", [
    ("", "", "text"), ("", "auto", "text"), ("", "github", "github"), ("false", "", "text"),
    ("true", "", "github"), ("true", "auto", "github"), ("true", "text", "text"),
])  # fmt: skip
def test_the_form_of_the_report(given: Layers, actions: str, flag: str, form: str) -> None:
    plan = given.set("flag", format=flag).plan(GITHUB_ACTIONS=actions)
    assert values(plan)["format"] == form
