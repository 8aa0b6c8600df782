"""The tokens of a policy file: their names, what each says for itself, which are picked."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, mistake, plan_of, refused, values, wheres
from kit.policies import write

from glcheck.settings.plan import Plan, resolve

DAY = 86400
TWO = "tokens:\n- name: release\n  token-env: RELEASE\n- name: mirror\n  token-env: MIRROR\n"


def names(plan: Plan) -> list[str]:
    """The names of the tokens to check, in order."""
    assert not plan.problems, plan.problems
    return [token.name for token in plan.tokens]


@pytest.mark.parametrize("text", [
    "", "\n", "# nothing\n", "---\n", "---\n...\n", "{}\n", "null\n", "version: 1\n",
    "\ufeffversion: 1\n", "scopes:\n", "scopes: []\n", "scopes: ''\n", "url: null\n",
])  # fmt: skip
def test_a_policy_that_says_nothing_asks_for_nothing(tmp_path: Path, text: str) -> None:
    nothing = values(resolve({}, {}, tmp_path))
    assert values(plan_of(tmp_path, text)) == {**nothing, "config": FILE}


def test_a_policy_without_tokens_describes_the_default_token(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "version: 1\nscopes: [api]\nmin-validity: 2d\n", GL_TOKEN="x")
    assert names(plan) == ["GL_TOKEN"]
    assert (values(plan)["scopes"], values(plan)["min_validity"]) == (("api",), 2 * DAY)


@pytest.mark.parametrize("name", ["a", "A-1_b.c d", "x" * 80, "v1.0", "'1'"])
def test_names_that_may_be(tmp_path: Path, name: str) -> None:
    assert names(plan_of(tmp_path, f"tokens:\n- name: {name}\n")) == [name.strip("'")]


@pytest.mark.parametrize("name", [
    "", "''", "x" * 81, "a/b", "a:b", "ü", "a,b", '"a\\nb"', "'::error::x'", "<b>", "'*'", "null",
    "[a]", "1", "true",
])  # fmt: skip
def test_names_that_may_not_be(tmp_path: Path, name: str) -> None:
    mistake(tmp_path, f"tokens:\n- token-env: A\n  name: {name}\n", 3, "1 to 80 letters")


def test_names_are_required_and_unique(tmp_path: Path) -> None:
    mistake(tmp_path, "tokens:\n- token-env: A\n", 2, "has no `name`")
    mistake(tmp_path, "tokens:\n- name: a\n- name: b\n- name: a\n", 4, "has the same name")


@pytest.mark.parametrize("tokens", [
    "[]", "null", "{}", "{name: a}", "release", "[release]", "[[]]", "[null]", "3", "[1]",
])  # fmt: skip
def test_tokens_must_be_a_list_of_tokens(tmp_path: Path, tokens: str) -> None:
    mistake(tmp_path, f"version: 1\ntokens: {tokens}\n", 2, "must be a ")


@pytest.mark.parametrize("flags, env, expected", [
    ({}, {}, [("api", 3), ("sudo", 5)]),
    ({"min-validity": ["9d"]}, {}, [("api", 9), ("sudo", 5)]),
    ({}, {"GLCHECK_SCOPES": "read_user"}, [("read_user", 3), ("sudo", 5)]),
])  # fmt: skip
def test_a_token_beats_flags_and_variables_which_beat_the_top_level(
    tmp_path: Path, flags: dict[str, list[str]], env: dict[str, str], expected: object
) -> None:
    write(tmp_path, f"min-validity: 3d\nscopes: api\n{TWO}  min-validity: 5d\n  scopes: [sudo]\n")
    asked = [token.requirements for token in resolve(flags, env, tmp_path).tokens]
    assert [(*one.scopes, one.min_validity / DAY) for one in asked] == expected


def test_sources_and_addresses_may_be_of_the_policy_or_of_a_token(tmp_path: Path) -> None:
    own = "- {name: b, token-file: f}\n- {name: c, token-env: C, url: http://localhost}\n"
    plan = plan_of(tmp_path, f"token-env: A\ntokens:\n- name: a\n{own}")
    found = [(token.source.variable, token.source.file, token.url) for token in plan.tokens]
    usual = "https://gitlab.com"
    assert found == [("A", None, usual), (None, "f", usual), ("C", None, "http://localhost")]


@pytest.mark.parametrize("text, owner", [
    ("role: owner\ntokens:\n- {name: a, project: a/b}\n- {name: b, group: c}\n", ["owner"] * 2),
    ("project: a/b\ntokens:\n- {name: a, role: owner}\n- {name: b, group: c}\n", ["owner", None]),
])  # fmt: skip
def test_role_and_project_may_come_from_both_levels(
    tmp_path: Path, text: str, owner: list[str | None]
) -> None:
    asked = [token.requirements for token in plan_of(tmp_path, text).tokens]
    assert [(one.project, one.group) for one in asked] == [("a/b", None), (None, "c")]
    assert [one.role for one in asked] == owner


def test_settings_of_the_run_stand_at_the_top_level(tmp_path: Path) -> None:
    run = "format: json\ntimeout: 3\nmax-wait: 1m\nhook-max-age: 2h\nhook-strict: yes\n"
    found = values(plan_of(tmp_path, f"{run}tokens:\n- name: a\n"))
    of_run = ("format", "timeout", "max_wait", "hook_max_age", "hook_strict")
    assert [found[name] for name in of_run] == ["json", 3, 60, 7200, True]


def test_anchors_within_reason_and_windows_line_ends_are_understood(tmp_path: Path) -> None:
    text = "tokens:\r\n- {name: a, scopes: &s [sudo]}\r\n- {name: b, scopes: *s}\r\n"
    plan = plan_of(tmp_path, text)
    assert [(one.name, one.requirements.scopes) for one in plan.tokens] == [
        ("a", ("sudo",)), ("b", ("sudo",)),
    ]  # fmt: skip
    mistake(tmp_path, f"{text}- name: c\r\n  scops: [api]\r\n", 5, "scopes")


def test_only_picks_tokens_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = f"{TWO}- name: third\n"
    assert names(plan_of(tmp_path, text, only=["mirror"])) == ["mirror"]
    assert names(plan_of(tmp_path, text, only=["third", "mirror"])) == ["mirror", "third"]


def test_only_needs_known_names_of_a_policy_without_mistakes(tmp_path: Path) -> None:
    needs = "needs a policy file with `tokens:`"
    refused(resolve({}, {}, tmp_path, ["release"]), "--only", needs)
    refused(plan_of(tmp_path, "scopes: [api]\n", only=["release"]), "--only", needs)
    plan = plan_of(tmp_path, TWO, only=["release", "miror"])
    assert "miror" not in refused(plan, "--only", "release, mirror")
    plan = plan_of(tmp_path, f"{TWO}  scops: [api]\n", only=["release"])
    assert wheres(plan) == [f"{FILE}:6"]  # in a token that was not picked


@pytest.mark.parametrize("flags, env, noted", [
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
