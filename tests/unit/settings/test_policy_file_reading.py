"""Where a policy file is found, and files that are broken, hostile or no policy at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, mistake, plan_of, wheres
from kit.policies import write

from glcheck.settings import policy_file
from glcheck.settings.plan import resolve

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
    root = tmp_path / "repository"
    inside = root / "some" / "where"
    inside.mkdir(parents=True)
    for directory in (tmp_path, root / "some"):  # above the root, and on the way to it
        write(directory, "")
    assert policy_file.find(inside) is None
    if git == "directory":
        (root / ".git").mkdir()
    else:
        (root / ".git").write_text("gitdir: /nowhere\n", "utf-8")
    assert policy_file.find(inside) is None
    write(root, "")
    assert policy_file.find(inside) == root / FILE
    write(inside, "", ".glcheck.yaml")
    assert policy_file.find(inside) == inside / ".glcheck.yaml"  # the nearer one
    (inside / ".glcheck.yaml").unlink()
    (inside / ".git").mkdir()
    assert policy_file.find(inside) is None  # the inner repository has none


@pytest.mark.parametrize("text, line, says", [
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
    ("scopes: !!python/object/apply:os.system ['touch marker']\n", 1, "scopes must be"),
    ("tokens: &a\n- name: x\n  allow: *a\n", 2, "allow must be"),
    ("role: " + "x" * 100_000 + "\n", 1, "role must be one of"),
    ("[" * 5000, 1, "nest"),
    ("scopes: " + "[" * 50_000, 1, "nest"),
    ("scopes: " + "[" * 3000 + "]" * 3000 + "\n", 1, "nest"),
    ("{a: " * 3000, 1, "nest"),
    ("- " * 50_000 + "\n", 1, "nest"),
    (b"scopes: [\xff\xfe]\n", 1, "is not UTF-8 text"),
    ("version: 1\nscopes: [ü]\n".encode("latin-1"), 2, "is not UTF-8 text"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", 1, "is not UTF-8 text"),
    (b"\xff\xfea", 1, "is not UTF-8 text"),
    (b"\xed\xa0\x80: 1\n", 1, "is not UTF-8 text"),
    ("# " + "x" * 1024 * 1024, 0, "is larger than 1 MiB"),
    ("# " + "x" * 1_000_000 + "\nscops: [api]\n", 2, "scopes"),
], ids=lambda value: ascii(value)[:40])  # fmt: skip
def test_a_hostile_or_broken_file_is_refused(
    tmp_path: Path, text: str | bytes, line: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a marker would appear
    mistake(tmp_path, text, line, says)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


MANY_KEYS = ", ".join(f"k{number}: 1" for number in range(200))
MANY_TOKENS = "".join(f"- {{name: t{number}, scopes: *a}}\n" for number in range(900))


@pytest.mark.parametrize("text", [
    BILLION,
    f"{BILLION}scopes: *i\n",
    f"tokens:\n- &a {{name: x, {MANY_KEYS}}}\n" + "- *a\n" * 50_000,
    f"scopes: &a [{'api, ' * 20_000}]\ntokens:\n{MANY_TOKENS}",
], ids=["billion", "billion in a list", "many aliases", "large aliases"])  # fmt: skip
def test_aliases_that_stand_for_endlessly_much_are_refused(tmp_path: Path, text: str) -> None:
    found = wheres(plan := plan_of(tmp_path, text))
    assert found
    assert all(where.startswith(FILE) for where in found)
    assert len(str(plan)) < 20_000


@pytest.mark.parametrize("kind", ["directory", "loop", "link to nothing"])
def test_what_is_no_file_is_refused_where_it_is_named(tmp_path: Path, kind: str) -> None:
    if kind == "directory":
        (tmp_path / FILE).mkdir()
    else:
        (tmp_path / FILE).symlink_to(FILE if kind == "loop" else "nowhere")
    plan = resolve({"config": [FILE]}, {}, tmp_path)
    assert wheres(plan) == ["--config"]
    assert "there is no such policy file" in plan.problems[0].message
