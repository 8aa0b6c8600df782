"""The tokens of a policy file: their names, what each says for itself, which are picked."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import plan_of, refused, values, wheres
from kit.policies import write

from glcheck.settings.plan import Plan, resolve

DAY = 86400
FILE = ".glcheck.yml"
TWO = "tokens:\n- name: release\n  token-env: RELEASE\n- name: mirror\n  token-env: MIRROR\n"


def names(plan: Plan) -> list[str]:
    """The names of the tokens to check, in order."""
    assert not plan.problems, plan.problems
    return [token.name for token in plan.tokens]


@pytest.mark.parametrize("text", [
    "", "\n", "# nothing\n", "---\n", "---\n...\n", "{}\n", "null\n", "version: 1\n", "\ufeffversion: 1\n",
    "scopes:\n", "scopes: []\n", "scopes: ''\n", "min-validity: ~\n", "url: null\n",
])  # fmt: skip
def test_a_policy_that_says_nothing_asks_for_nothing(tmp_path: Path, text: str) -> None:
    found = values(plan_of(tmp_path, text))
    assert found == {**values(resolve({}, {}, tmp_path / "empty")), "config": FILE}


def test_a_policy_without_tokens_describes_the_default_token(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "version: 1\nscopes: [api]\nmin-validity: 2d\n", GL_TOKEN="x")
    assert names(plan) == ["GL_TOKEN"]
    assert (values(plan)["scopes"], values(plan)["min_validity"]) == (("api",), 2 * DAY)


@pytest.mark.parametrize("name", ["a", "A-1_b.c d", "x" * 80, "v1.0", "'1'"])
def test_names_that_may_be(tmp_path: Path, name: str) -> None:
    assert names(plan_of(tmp_path, f"tokens:\n- name: {name}\n")) == [name.strip("'")]


@pytest.mark.parametrize("name", [
    "", "''", "x" * 81, "a/b", "a:b", "ü", "a,b", '"a\\nb"', "'::error::x'", "<b>", "'*'", "null", "[a]", "1",
    "true",
])  # fmt: skip
def test_names_that_may_not_be(tmp_path: Path, name: str) -> None:
    plan = plan_of(tmp_path, f"tokens:\n- token-env: A\n  name: {name}\n")
    refused(plan, f"{FILE}:3", "1 to 80 letters")


def test_names_are_required_and_unique(tmp_path: Path) -> None:
    refused(plan_of(tmp_path, "tokens:\n- token-env: A\n"), f"{FILE}:2", "has no `name`")
    plan = plan_of(tmp_path, "tokens:\n- name: release\n- name: mirror\n- name: release\n")
    refused(plan, f"{FILE}:4", "the same name")


@pytest.mark.parametrize(
    "tokens", ["[]", "null", "{}", "{name: a}", "release", "[release]", "[[]]", "[null]", "3", "[1]"]
)  # fmt: skip
def test_tokens_must_be_a_list_of_tokens(tmp_path: Path, tokens: str) -> None:
    refused(plan_of(tmp_path, f"version: 1\ntokens: {tokens}\n"), f"{FILE}:2", "must be a ")


def test_a_token_beats_flags_and_variables_which_beat_the_top_level(tmp_path: Path) -> None:
    top = "min-validity: 3d\nscopes: [api]\n"
    write(tmp_path, f"{top}{TWO}  min-validity: 5d\n  scopes: [sudo]\n")

    def found(flags: dict[str, list[str]], env: dict[str, str]) -> list[tuple[object, ...]]:
        plan = resolve(flags, env, tmp_path)
        return [(*t.requirements.scopes, t.requirements.min_validity / DAY) for t in plan.tokens]

    assert found({}, {}) == [("api", 3), ("sudo", 5)]
    assert found({"min-validity": ["9d"]}, {}) == [("api", 9), ("sudo", 5)]
    assert found({}, {"GLCHECK_SCOPES": "read_user"}) == [("read_user", 3), ("sudo", 5)]


def test_sources_and_addresses_may_be_of_the_policy_or_of_a_token(tmp_path: Path) -> None:
    own = "- {name: c, token-file: f}\n- {name: d, token-env: D, url: http://localhost}\n"
    plan = plan_of(tmp_path, f"token-env: A\ntokens:\n- name: a\n{own}")
    found = [(t.name, t.source.variable, t.source.file, t.url) for t in plan.tokens]
    usual = "https://gitlab.com"
    assert found == [
        ("a", "A", None, usual), ("c", None, "f", usual), ("d", "D", None, "http://localhost"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [
    "role: owner\ntokens:\n- name: a\n  project: a/b\n- name: b\n  group: c\n",
    "project: a/b\ntokens:\n- name: a\n  role: owner\n- name: b\n  group: c\n",
])  # fmt: skip
def test_role_and_project_may_come_from_both_levels(tmp_path: Path, text: str) -> None:
    one, other = plan_of(tmp_path, text).tokens
    asked = one.requirements, other.requirements
    assert asked[0][-4:-1] == ("a/b", None, "owner")
    assert (asked[1].project, asked[1].group) == (None, "c")


def test_settings_of_the_run_stand_at_the_top_level(tmp_path: Path) -> None:
    run = "format: json\ntimeout: 3\nmax-wait: 1m\nhook-max-age: 2h\nhook-strict: yes\n"
    found = values(plan_of(tmp_path, f"{run}tokens:\n- name: a\n"))
    expected = {"format": "json", "timeout": 3, "max_wait": 60, "hook_max_age": 7200}
    assert {**found, **expected, "hook_strict": True} == found


def test_anchors_within_reason_are_understood(tmp_path: Path) -> None:
    text = "tokens:\n- {name: a, scopes: &s [sudo]}\n- {name: b, scopes: *s}\n"
    plan = plan_of(tmp_path, text)
    assert [token.requirements.scopes for token in plan.tokens] == [("sudo",)] * 2


def test_windows_line_ends_are_understood(tmp_path: Path) -> None:
    text = TWO.replace("\n", "\r\n")
    assert names(plan_of(tmp_path, text)) == ["release", "mirror"]
    refused(plan_of(tmp_path, f"{text}  scops: [api]\r\n"), f"{FILE}:6", "scopes")


# --only


def test_only_picks_tokens_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = f"{TWO}- name: third\n"
    assert names(plan_of(tmp_path, text, only=["mirror"])) == ["mirror"]
    assert names(plan_of(tmp_path, text, only=["third", "mirror"])) == ["mirror", "third"]


@pytest.mark.parametrize("policy", [None, "scopes: [api]\n"])
def test_only_needs_tokens(tmp_path: Path, policy: str | None) -> None:
    if policy:
        write(tmp_path, policy)
    refused(resolve({}, {}, tmp_path, ["release"]), "--only", "needs a policy file with `tokens:`")


def test_only_needs_known_names_and_tells_them(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, TWO, only=["release", "miror"])
    assert "miror" not in refused(plan, "--only", "release, mirror")


def test_a_mistake_in_a_token_that_was_not_picked_is_still_one(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"{TWO}  scops: [api]\n", only=["release"])
    assert wheres(plan) == [f"{FILE}:6"]


# What has no effect is noted


@pytest.mark.parametrize(("flags", "env", "noted"), [
    ({"scopes": ["sudo"]}, {}, "--scopes"),
    ({}, {"GLCHECK_TOKEN_ENV": "OTHER", "GLCHECK_MIN_VALIDITY": "1d"}, "GLCHECK_TOKEN_ENV"),
    ({"min-validity": ["1d"]}, {"GLCHECK_KIND": "job"}, None),
])  # fmt: skip
def test_what_the_policy_outweighs_is_noted_with_the_file(
    tmp_path: Path, flags: dict[str, list[str]], env: dict[str, str], noted: str | None
) -> None:
    write(tmp_path, "scopes: [api]\ntokens:\n- {name: a, token-env: A, scopes: [read_api]}\n")
    (token,) = resolve(flags, env, tmp_path).tokens
    expected = f"{noted} has no effect here: {FILE} says it for this token"
    assert token.notes == ((expected,) if noted else ())
