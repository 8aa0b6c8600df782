"""Where a policy file is found, and what it says of its tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, plan_of, refused, values, wheres
from kit.policies import write

from glcheck.settings import plan
from glcheck.settings.plan import resolve

TWO = "tokens:\n- name: release\n  token-env: RELEASE\n- name: mirror\n  token-env: MIRROR\n"


@pytest.mark.parametrize("name", [FILE, ".glcheck.yaml"])
@pytest.mark.parametrize("git", ["directory", "worktree"])
def test_the_file_is_found_here_and_at_the_git_root(tmp_path: Path, name: str, git: str) -> None:
    root, inside = tmp_path / "root", tmp_path / "root" / "some" / "where"
    inside.mkdir(parents=True)
    for directory in (tmp_path, root / "some"):  # above the root, and on the way to it
        write(directory, "")
    if git == "directory":
        (root / ".git").mkdir()
    else:
        (root / ".git").write_text("gitdir: /nowhere\n", "utf-8")
    assert plan.find(inside) is None
    write(root, "", name)
    assert plan.find(inside) == plan.find(root) == root / name
    (root / ".git").rename(tmp_path / "elsewhere")
    assert plan.find(inside) is None  # there is no git root
    (inside / ".git").mkdir()
    (tmp_path / "elsewhere").rename(root / ".git")
    assert plan.find(inside) is None  # the inner repository has none
    write(inside, "", name)
    assert plan.find(inside) == inside / name


@pytest.mark.parametrize("text", [
    "", "\n", "# nothing\n", "---\n", "---\n...\n", "{}\n", "null\n", "version: 1\n",
    "\ufeffversion: 1\n", "scopes:\n", "scopes: []\n", "scopes: ''\n", "url: null\n",
])  # fmt: skip
def test_a_policy_that_says_nothing_asks_for_nothing(tmp_path: Path, text: str) -> None:
    nothing = values(resolve({}, {}, tmp_path))
    assert values(plan_of(tmp_path, text)) == {**nothing, "config": FILE}


@pytest.mark.parametrize("name", ["a", "A-1_b.c d", "x" * 80, "v1.0", "'1'"])
def test_names_that_may_be(tmp_path: Path, name: str) -> None:
    (token,) = plan_of(tmp_path, f"tokens:\n- name: {name}\n").tokens
    assert token.name == name.strip("'")


def test_what_a_token_does_not_say_for_itself_the_policy_says(tmp_path: Path) -> None:
    def found(text: str) -> list[tuple[object, ...]]:
        plan = plan_of(tmp_path, text)
        asked = [(token.source, token.requirements, token.url) for token in plan.tokens]
        return [(at.variable, at.file, a.project, a.group, a.role, url) for at, a, url in asked]

    own = "- {name: b, group: c, token-file: f}\n- {name: c, url: http://localhost, project: d/e}\n"
    usual = "https://gitlab.com"
    assert found(f"token-env: A\nrole: owner\nproject: a/b\ntokens:\n- name: a\n{own}") == [
        ("A", None, "a/b", None, "owner", usual),
        (None, "f", None, "c", "owner", usual),
        ("A", None, "d/e", None, "owner", "http://localhost"),
    ]
    own = "- {name: b, role: guest, token-env: B}\n"
    assert found(f"group: c\ntokens:\n- {{name: a, role: owner}}\n{own}") == [
        (None, None, None, "c", "owner", usual),
        ("B", None, None, "c", "guest", usual),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_anchors_within_reason_are_understood_with_any_line_ends(tmp_path: Path, end: str) -> None:
    lines = ["tokens:", "- {name: a, scopes: &s [sudo]}", "- {name: b, scopes: *s}", ""]
    plan = plan_of(tmp_path, end.join(lines))
    asked = [(token.name, *token.requirements.scopes) for token in plan.tokens]
    assert asked == [("a", "sudo"), ("b", "sudo")]


def test_only_picks_known_tokens_in_the_order_of_the_file(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"{TWO}- name: third\n", only=["third", "mirror"])
    assert [token.name for token in plan.tokens] == ["mirror", "third"]
    plan = plan_of(tmp_path, TWO, only=["release", "miror"])
    assert "miror" not in refused(plan, "--only", "release, mirror")
    plan = plan_of(tmp_path, f"{TWO}  scops: [api]\n", only=["release"])
    assert wheres(plan) == [f"{FILE}:6"]  # in a token that was not picked
    for plan in (resolve({}, {}, tmp_path / "empty", ["a"]), plan_of(tmp_path, "", only=["a"])):
        refused(plan, "--only", "needs a policy file with `tokens:`")


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
