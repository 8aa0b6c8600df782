"""Where a policy file is found, and files that are broken, hostile or no policy at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import plan_of, refused, wheres
from kit.policies import write

from glcheck.settings import policy_file
from glcheck.settings.plan import resolve

FILE = ".glcheck.yml"
BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("name", [FILE, ".glcheck.yaml"])
def test_the_file_is_found_in_the_working_directory(tmp_path: Path, name: str) -> None:
    assert policy_file.find(tmp_path) is None
    write(tmp_path, "", name)
    assert policy_file.find(tmp_path) == tmp_path / name


@pytest.mark.parametrize("git", ["directory", "worktree"])
def test_the_file_is_found_at_the_git_root(tmp_path: Path, git: str) -> None:
    write(tmp_path, "")
    inside = tmp_path / "some" / "where"
    inside.mkdir(parents=True)
    assert policy_file.find(inside) is None  # there is no git root
    if git == "directory":
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text("gitdir: /nowhere\n", "utf-8")
    assert policy_file.find(inside) == tmp_path / FILE
    write(inside, "", ".glcheck.yaml")
    assert policy_file.find(inside) == inside / ".glcheck.yaml"  # the nearer one
    (inside / ".glcheck.yaml").unlink()
    (inside / ".git").mkdir()
    assert policy_file.find(inside) is None  # the inner repository has none


def test_a_file_between_here_and_the_git_root_or_above_it_is_not_found(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    inside = root / "some" / "where"
    inside.mkdir(parents=True)
    (root / ".git").mkdir()
    write(tmp_path, "")
    write(root / "some", "")
    assert policy_file.find(inside) is None


@pytest.mark.parametrize(("text", "line", "says"), [
    ("tokens: [\n", 2, "is not valid YAML"),
    ("version: 1\ntokens: [\n\n", 4, "is not valid YAML"),
    ("tokens:\n\t- name: a\n", 2, "there is a tab in this line"),
    ("version: 1\ntokens:\n\t- name: a\n", 3, "there is a tab in this line"),
    ("version: 1\na: b: c\n", 2, "is not valid YAML"),
    ('"unfinished\n', 2, "is not valid YAML"),
    ("version: 1\n---\nversion: 1\n", 2, "is not valid YAML"),
    ("scopes: *nowhere\n", 1, "is not valid YAML"),
    ("%YAML 9.9\n---\nversion: 1\n", 1, "is not valid YAML"),
    ("version: 1\x00\n", 0, "a character that YAML does not allow"),
    ("version: 1\x07\n", 0, "a character that YAML does not allow"),
    ("- a\n- b\n", 1, "must be a mapping"),
    ("scopes\n", 1, "must be a mapping"),
    ("3\n", 1, "must be a mapping"),
    ("&a [*a]\n", 1, "must be a mapping"),
    ("!!python/object/new:os.system ['touch marker']\n", 1, "must be a mapping"),
    ("tokens: &a\n- name: x\n  allow: *a\n", 2, "allow must be"),
    ("role: " + "x" * 100_000 + "\n", 1, "role must be one of"),
    ("[" * 5000, 1, "nest"),
    ("scopes: " + "[" * 3000 + "]" * 3000 + "\n", 1, "nest"),
    ("{a: " * 3000, 1, "nest"),
    ("- " * 20_000 + "\n", 1, "nest"),
    (b"scopes: [\xff\xfe]\n", 1, "is not UTF-8 text"),
    ("version: 1\nscopes: [ü]\n".encode("latin-1"), 2, "is not UTF-8 text"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", 1, "is not UTF-8 text"),
    (b"\xff\xfea", 1, "is not UTF-8 text"),
    (b"\xed\xa0\x80: 1\n", 1, "is not UTF-8 text"),
    ("# " + "x" * 1024 * 1024, 0, "is larger than 1 MiB"),
], ids=lambda value: ascii(value)[:40])  # fmt: skip
def test_a_hostile_or_broken_file_is_refused(
    tmp_path: Path, text: str | bytes, line: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a marker would appear
    refused(plan_of(tmp_path, text), f"{FILE}:{line}" if line else FILE, says)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", [
    BILLION,
    f"{BILLION}scopes: *i\n",
    f"tokens:\n- &a {{name: x, {', '.join(f'k{n}: 1' for n in range(200))}}}\n" + "- *a\n" * 50_000,
    f"scopes: &a [{'api, ' * 20_000}]\ntokens:\n" + "".join(f"- {{name: t{n}, scopes: *a}}\n" for n in range(900)),
], ids=["billion", "billion in a list", "many aliases", "large aliases"])  # fmt: skip
def test_aliases_that_stand_for_endlessly_much_are_refused(tmp_path: Path, text: str) -> None:
    plan = plan_of(tmp_path, text)
    assert all(where.startswith(FILE) for where in wheres(plan))
    assert plan.problems
    assert len(str(plan)) < 20_000


@pytest.mark.parametrize("kind", ["directory", "loop", "link to nothing"])
def test_what_is_no_file_is_refused_where_it_is_named_and_not_found(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / FILE
    if kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(FILE if kind == "loop" else "nowhere")
    plan = resolve({"config": [FILE]}, {}, tmp_path)
    assert wheres(plan) == ["--config"]
    assert "there is no such policy file" in plan.problems[0].message
    assert not resolve({}, {}, tmp_path).problems


def test_a_policy_below_the_largest_size_is_read(tmp_path: Path) -> None:
    refused(plan_of(tmp_path, "# " + "x" * 1_000_000 + "\nscops: [api]\n"), f"{FILE}:2", "scopes")
