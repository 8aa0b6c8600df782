"""Every setting by flag, variable and policy file, and which of them wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.gitlab_server import Certificates
from kit.plans import LAYERS, Layers, refused, values, wheres

from glcheck.settings.plan import resolve
from glcheck.settings.table import SETTINGS

DAY = 86400
AWAY = "http://gitlab.example.com"


@pytest.fixture
def given(tmp_path: Path) -> Layers:
    """Settings for a plan."""
    return Layers(tmp_path)


def line(layer: str, name: str, number: int = 1) -> str:
    """Where a message says that a setting of that layer is."""
    variable = f"GLCHECK_{name.upper()}"
    flag = f"--{name.replace('_', '-')}"
    return {"flag": flag, "environment": variable, "file": f"named.yml:{number}"}[layer]


# Each setting by each layer, and by all of them


@pytest.mark.parametrize(("name", "texts", "results"), [
    ("url", ("https://a.com/", "https://b.com", "https://c.com"), ("https://a.com", "https://b.com", "https://c.com")),
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
    ("hook_max_age", ("2h", 1, "1w"), (2 * 3600, DAY, 7 * DAY)),
    ("hook_strict", ("yes", "false", 1), (True, False, True)),
])  # fmt: skip
def test_each_setting_is_taken_from_every_layer_and_flags_win_over_variables_over_the_file(
    given: Layers,
    name: str,
    texts: tuple[object, object, object],
    results: tuple[object, object, object],
) -> None:
    for layer in LAYERS:  # each alone
        for text, result in zip(texts, results, strict=True):
            alone = Layers(given.directory).set(layer, **{name: text})
            assert values(alone.plan())[name] == result, layer
    for layer, text, result in zip(reversed(LAYERS), texts, results, strict=True):
        given.set(layer, **{name: text})  # and each over the weaker ones
        assert values(given.plan())[name] == result, layer


@pytest.mark.parametrize("layer", LAYERS)
def test_a_ca_file_is_taken_from_every_layer(given: Layers, tls: Certificates, layer: str) -> None:
    assert values(given.set(layer, ca_file=str(tls.ca_file)).plan())["ca_file"] == str(tls.ca_file)


@pytest.mark.parametrize("content", [None, "no certificate\n"], ids=["absent", "no certificate"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_ca_file_without_certificates_is_refused(
    given: Layers, layer: str, content: str | None
) -> None:
    if content:
        (given.directory / "ca.pem").write_text(content, "utf-8")
    says = "no CA certificate" if content else "does not exist"
    refused(given.set(layer, ca_file="ca.pem").plan(), line(layer, "ca_file"), says)


@pytest.mark.parametrize("layer", ["flag", "environment"])
def test_the_policy_file_is_named_by_flag_or_variable_and_must_exist(
    given: Layers, layer: str
) -> None:
    plan = given.set(layer, config="elsewhere.yml").plan()
    assert wheres(plan) == [line(layer, "config")]
    assert plan.problems[0].category.label == "config-error"
    (given.directory / "elsewhere.yml").write_text("scopes: [api]\n", "utf-8")
    (given.directory / ".glcheck.yml").write_text("scopes: [sudo]\n", "utf-8")
    found = values(given.plan())
    assert (found["config"], found["scopes"]) == ("elsewhere.yml", ("api",))
    assert values(resolve({}, {}, given.directory))["scopes"] == ("sudo",)


@pytest.mark.parametrize(
    ("strong", "weak"), [("environment", "file"), ("flag", "file"), ("flag", "environment")]
)
@pytest.mark.parametrize(
    ("stays", "goes"),
    [("token_env", "token_file"), ("token_file", "token_env"), ("project", "group"), ("group", "project")],
)  # fmt: skip
def test_a_stronger_layer_replaces_both_of_a_pair(
    given: Layers, strong: str, weak: str, stays: str, goes: str
) -> None:
    value = "a/b" if stays == "project" else "A"
    given.set(weak, **{goes: "c/d" if goes == "project" else "C"})
    found = values(given.set(strong, **{stays: value}).plan())
    assert (found[stays], found[goes]) == (value, None)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    "pair",
    [{"token_env": "A", "token_file": "a"}, {"project": "team/app", "group": "team"}],
    ids="-".join,
)
def test_a_pair_in_one_layer_is_refused_whatever_stands_above_it(
    given: Layers, layer: str, pair: dict[str, object]
) -> None:
    first, second = pair
    where = line(layer, second)
    words = f"{second.replace('_', '-')} cannot be given together with {line(layer, first)}"
    refused(given.set(layer, **pair).plan(), where, words)
    if layer != "flag":
        refused(given.set("flag", **{first: pair[first]}).plan(), where, words)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_role_needs_a_project_or_a_group_of_any_layer(given: Layers, layer: str) -> None:
    given.set(layer, role="developer")
    refused(given.plan(), line(layer, "role"), "role needs a project or a group")
    for other in LAYERS:
        both = values(Layers(given.directory).set(layer, role="owner").set(other, group="a").plan())
        assert (both["role"], both["group"]) == ("owner", "a")


# Plain HTTP to another machine


@pytest.mark.parametrize(("layer", "yes"), [
    *[("flag", text) for text in ("true", "1", "yes")],
    *[("environment", text) for text in ("true", "1", "YES")],
    *[("file", value) for value in (True, "true", "yes", 1)],
])  # fmt: skip
def test_allow_http_is_taken_from_every_layer(given: Layers, layer: str, yes: object) -> None:
    assert values(given.set(layer, allow_http=yes).plan(GITLAB_URL=AWAY))["url"] == AWAY


@pytest.mark.parametrize(("layer", "no", "mistake"), [
    ("flag", "false", False), ("flag", "", False), ("environment", "no", False), ("environment", "0", False),
    ("file", False, False), ("file", "no", False), ("file", 0, False), ("file", "", False), ("file", None, False),
    ("flag", "on fire", True), ("environment", "maybe", True), ("file", 2, True), ("file", "maybe", True),
    ("file", [True], True),
])  # fmt: skip
def test_http_stays_refused_unless_allow_http_is_a_yes(
    given: Layers, layer: str, no: object, mistake: bool
) -> None:
    where = [line(layer, "allow_http")] if mistake else []
    plan = given.set(layer, allow_http=no).plan(GITLAB_URL=AWAY)
    assert sorted(wheres(plan)) == sorted([*where, "GITLAB_URL"])


@pytest.mark.parametrize(
    ("strong", "weak"), [("environment", "file"), ("flag", "environment"), ("flag", "file")]
)
def test_a_weaker_yes_to_http_is_taken_back_by_a_stronger_no(
    given: Layers, strong: str, weak: str
) -> None:
    given.set(weak, allow_http="yes").set(strong, allow_http="no")
    refused(given.plan(GITLAB_URL=AWAY), "GITLAB_URL", "unencrypted")


# Empty is not given


def test_what_is_empty_is_not_given_in_any_layer(given: Layers) -> None:
    nothing = values(resolve({}, {}, given.directory))
    names = [name.replace("-", "_") for name in SETTINGS]
    for layer in ("flag", "environment"):
        empty = Layers(given.directory).set(layer, **dict.fromkeys(names, ""))
        assert values(empty.plan(GITLAB_HOST="", CI_API_V4_URL="", GLCHECK_TOKEN="")) == nothing
    in_file = dict.fromkeys((name for name in names if name != "config"), "")
    assert values(given.set("file", **in_file).plan()) == {**nothing, "config": "named.yml"}


@pytest.mark.parametrize(("strong", "weak"), [("flag", "environment"), ("environment", "file")])
def test_what_is_empty_leaves_the_weaker_layer_in_force(
    given: Layers, strong: str, weak: str
) -> None:
    plan = given.set(weak, scopes="api").set(strong, scopes="").plan()
    assert values(plan)["scopes"] == ("api",)


# Lists


@pytest.mark.parametrize(("layer", "given_as"), [
    ("flag", ["api,sudo"]), ("flag", ["api sudo"]), ("flag", ["api\nsudo\n"]), ("flag", [" api,\n  sudo, "]),
    ("flag", ["api", "sudo"]), ("flag", ["api", "sudo,api"]), ("environment", "api,\nsudo"),
    ("file", "api,sudo"), ("file", "api sudo"), ("file", "api\nsudo\n"), ("file", ["api", "sudo", "api"]),
])  # fmt: skip
def test_lists_are_split_and_repeated_and_name_each_once(
    given: Layers, layer: str, given_as: object
) -> None:
    assert values(given.set(layer, scopes=given_as).plan())["scopes"] == ("api", "sudo")


def test_of_a_flag_that_takes_one_value_the_last_counts(given: Layers) -> None:
    assert values(given.set("flag", kind=["job", "oauth"]).plan())["kind"] == "oauth"


@pytest.mark.parametrize("layer", LAYERS)
def test_a_value_that_means_nothing_is_refused_where_it_stands(given: Layers, layer: str) -> None:
    said = refused(
        given.set(layer, min_validity="soon").plan(),
        line(layer, "min_validity"),
        f"{line(layer, 'min_validity')}: {'min-validity ' * (layer == 'file')}must be a duration",
    )
    assert "soon" not in said


def test_each_mistake_is_named(given: Layers) -> None:
    given.set("flag", role="owner", allow="x").set("environment", kind="x").set("file", report="x")
    assert sorted(wheres(given.plan())) == ["--allow", "--role", "GLCHECK_KIND", "named.yml:1"]
