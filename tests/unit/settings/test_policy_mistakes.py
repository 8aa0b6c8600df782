"""Mistakes in a policy file: each is refused at its line, in a few words, and nothing is done."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kit.plans import FILE, mistake, plan_of, refused, wheres
from kit.policies import GOOD, write

from glcheck.settings.plan import resolve

A = "tokens:\n- name: a\n"
OF_RUN = ("format", "output", "report", "timeout", "max-wait", "hook-max-age", "hook-strict")
OF_SECRETS = ("token", "private-token", "private_token", "secret", "password")
NO_NAMES = ("", "''", "x" * 81, "a/b", "a:b", "ü", "a,b", '"a\\nb"', "'::error::x'", "<b>", "'*'",
            "null", "[a]", "1", "true")  # fmt: skip
NO_TOKENS = ("[]", "null", "{}", "{name: a}", "release", "[release]", "[[]]", "[null]", "3", "[1]")
BROKEN, NO_YAML = "is not valid YAML", "a character that YAML does not allow"
MAPPING, UTF8, TWICE = "must be a mapping", "is not UTF-8 text", "cannot be given together with"


@pytest.mark.parametrize("text, line, says", [
    # a word that is nearly right
    ("scops: [api]\n", 1, "unknown key `scops`; did you mean scopes?"),
    ("version: 1\nmin-validty: 3d\n", 2, "did you mean min-validity?"),
    ("version: 1\nmin_validity: 3d\n", 2, "did you mean min-validity?"),
    ("version: 1\nforbid_scopes: [api]\n", 2, "did you mean forbid-scopes?"),
    ("version: 1\n\n# text\ntokns:\n- name: a\n", 4, "did you mean tokens?"),
    (f"{A}  tokenenv: A\n".replace("\n", "\r\n"), 3, "did you mean token-env?"),
    (f"{A}- name: b\n  roll: owner\n", 4, "did you mean role?"),
    ("tokens:\n- {name: a, nme: b}\n", 2, "did you mean name?"),
    ("allow: [scope-mising]\n", 1, "did you mean scope-missing?"),
    ("allow:\n- expires-soon\n- tls-eror\n", 3, "did you mean tls-error?"),
    (f"{A}  allow: not-fond\n", 3, "did you mean not-found?"),
    (f"{A}  project: a/b\n  role: maintainr\n", 4, "did you mean maintainer?"),
    ("kind: porject\n", 1, "did you mean project?"), ("format: jsn\n", 1, "did you mean json?"),
    # a key like no other
    ("version: 1\nzzzzzzzzzzzz: 1\n", 2, "unknown key `zzzzzzzzzzzz`."),
    ("1: 2\n", 1, "unknown key."), ("null: 1\n", 1, "unknown key"),
    ("? [a, b]\n: 1\n", 1, "a key must be a plain word"),
    *[(f"{key}: x\n", 1, "a token's value does not belong in a file") for key in OF_SECRETS],
    # a key in the wrong place
    ("config: other.yml\n", 1, "`config` cannot stand in a policy file"),
    (f"{A}  config: other.yml\n", 3, "`config` cannot stand in a policy file"),
    *[(f"{A}  {key}: 3\n", 3, f"`{key}` belongs at the top level, not to one ") for key in OF_RUN],
    *[(f"{A}  {key}: 1\n", 3, f"unknown key `{key}`") for key in ("version", "tokens")],
    *[(f"{key}: a\n{A}", 1, "unknown key") for key in ("name", "only", "verbose", "color")],
    # a key or a name that stands twice, or is none
    ("scopes: [api]\nscopes: [sudo]\n", 2, "the same key stands here and on line 1"),
    (f"{A}  role: guest\n  project: a/b\n  role: owner\n", 5, "and on line 3"),
    ("tokens: [{name: a}]\nversion: 1\ntokens: [{name: b}]\n", 3, "and on line 1"),
    ('scopes: [api]\n"scopes": [sudo]\n', 2, "and on line 1"),
    (f"{A}- name: b\n- name: a\n", 4, "another token of this policy has the same name"),
    ("tokens:\n- token-env: A\n", 2, "this token has no `name`"),
    *[(f"tokens:\n- role:\n  name: {name}\n", 3, "1 to 80 letters") for name in NO_NAMES],
    *[(f"version: 1\ntokens: {tokens}\n", 2, "must be a ") for tokens in NO_TOKENS],
    # what does not go together
    (f"{A}  token-env: A\n  token-file: b\n", 4, f"token-file {TWICE} {FILE}:3"),
    ("token-env: A\ntoken-file: b\n", 2, f"token-file {TWICE} {FILE}:1"),
    (f"{A}  project: a/b\n  group: a\n", 4, f"group {TWICE} {FILE}:3"),
    (f"{A}  role: owner\n", 3, "role needs a project or a group"),
    (f"{A}  ca-file: absent.pem\n", 3, "`ca-file` is taken only from a file that was named"),
    (f"{A}  allow-http: yes\n", 3, "`allow-http` is taken only from a file that was named"),
    (f"{A}  url: nonsense\n", 3, "url must be an address"),
    # what hides in a merge, a loop or a tag
    ("tokens:\n- &a\n  name: a\n- <<: *a\n  name: b\n", 4, "merge keys"),
    ("<<: {scopes: [api], scops: [api]}\n", 1, "merge keys"),
    ("version: &v 1\n<<: *v\n", 2, "merge keys"), ("&a [*a]\n", 1, MAPPING),
    ("tokens: &a\n- name: x\n  allow: *a\n", 2, "allow must be"),
    ("!!python/object/new:os.system ['touch marker']\n", 1, MAPPING),
    ("scopes: !!python/object/apply:os.system ['touch marker']\n", 1, "scopes must be"),
    # no YAML, or none that a policy can be
    ("tokens: [\n", 2, BROKEN), ("version: 1\na: [\n\n", 4, BROKEN), ('"unfinished\n', 2, BROKEN),
    ("version: 1\na: b: c\n", 2, BROKEN), ("version: 1\n---\nversion: 1\n", 2, BROKEN),
    ("scopes: *nowhere\n", 1, BROKEN), ("%YAML 9.9\n---\nversion: 1\n", 1, BROKEN),
    ("version: 1\ntokens:\n\t- name: a\n", 3, "there is a tab in this line"),
    ("version: 1\x00\n", 0, NO_YAML), ("version: 1\x07\n", 0, NO_YAML),
    ("- a\n- b\n", 1, MAPPING), ("scopes\n", 1, MAPPING), ("3\n", 1, MAPPING),
    ("[" * 5000, 1, "nest"), ("scopes: " + "[" * 50_000, 1, "nest"), ("{a: " * 3000, 1, "nest"),
    ("kind: " + "[" * 30 + "]" * 30, 1, "is nested too deeply"), ("- " * 50_000 + "\n", 1, "nest"),
    (b"scopes: [\xff\xfe]\n", 1, UTF8), ("version: 1\nscopes: [ü]\n".encode("latin-1"), 2, UTF8),
    (b"\x89PNG\r\n\x1a\n\x00", 1, UTF8), (b"\xff\xfea", 1, UTF8), (b"\xed\xa0\x80: 1\n", 1, UTF8),
    ("# " + "x" * 1024 * 1024, 0, "is larger than 1 MiB"),
    ("# " + "x" * 1_000_000 + "\nscops: [api]\n", 2, "scopes"),
    ("role: " + "x" * 100_000 + "\n", 1, "role must be one of"),
], ids=lambda value: ascii(value)[:50])  # fmt: skip
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a marker would appear
    mistake(tmp_path, text, line, says)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text, lines", [
    (f"{A}  url: http://gitlab.example.com\n", [3, 3]),  # not confirmed, and not encrypted
    ("tokens:\n- &a\n  name: a\n- <<: *a\n  name: b\n  format: json\n", [4, 6]),
    ("tokens:\n- &a {name: a, url: 'https://evil.com'}\n- {<<: *a, name: b}\n", [2, 3]),
    ("tokens:\n" + "".join(f"- {{name: t{n}, kind: x}}\n" for n in range(200)), range(2, 52)),
], ids=["two in one line", "merge", "merged url", "very many"])  # fmt: skip
def test_several_mistakes_are_named(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert wheres(plan_of(tmp_path, text)) == [f"{FILE}:{line}" for line in lines]


@pytest.mark.parametrize("entry", [
    "url: 3", "url: [https://a.com]", "url: {a: 1}", "url: true", "url: !!python/name:os.system",
    "token-env: 5", "token-env: [A]", "token-file: 7", "token-file: {a: b}", "scopes: 5",
    "scopes: {api: true}", "scopes: [api, 5]", "scopes: [[api]]", "scopes: true", "scopes: &a [*a]",
    "scopes: !custom [api]", "scopes: !!set {api}", "forbid-scopes: 1.5", "forbid-scopes: [null]",
    "min-validity: [1d]", "min-validity: true", "min-validity: 2026-01-01", "min-validity: -3",
    "min-validity: !!timestamp 2026-01-01", "warn-validity: {}", "warn-validity: maybe",
    "max-validity: yes", "max-validity: .inf", "max-validity: .nan", "project: [a/b]",
    "project: 1.5", "project: true", "project: !!binary YWJj", "group: {}", "role: 40",
    "role: [owner]", "kind: 1", "kind: [job]", "allow: 30", "allow: {tls-error: yes}",
    "allow: [30]", "format: 1", "format: [json]", "output: 1", "report: 3", "report: {json: a}",
    "report: [1]", "timeout: yes", "timeout: [1]", "timeout: -1", "max-wait: {}", "max-wait: soon",
    "ca-file: 1", "ca-file: [a]", "allow-http: maybe", "allow-http: [yes]", "allow-http: 7",
    "version: 2", "version: one", "version: [1]", "version: '2'", "version: '1'", "version: 1.0",
])  # fmt: skip
def test_a_wrong_type_or_value_is_named_with_its_line(tmp_path: Path, entry: str) -> None:
    policy = write(tmp_path, f"# a policy\n\n{entry}\n", "named.yml")
    plan = resolve({"config": [policy]}, {}, tmp_path)
    refused(plan, "named.yml:3", entry.partition(":")[0], " must be ")


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MANY_KEYS = ", ".join(f"k{number}: 1" for number in range(200))
MANY_TOKENS = "".join(f"- {{name: t{number}, scopes: *a}}\n" for number in range(900))


@pytest.mark.parametrize("text", [
    BILLION, f"{BILLION}scopes: *i\n", f"scopes: &a [{'api, ' * 20_000}]\ntokens:\n{MANY_TOKENS}",
    f"tokens:\n- &a {{name: x, {MANY_KEYS}}}\n" + "- *a\n" * 50_000,
], ids=["billion", "billion in a list", "large aliases", "many aliases"])  # fmt: skip
def test_aliases_that_stand_for_endlessly_much_are_refused(tmp_path: Path, text: str) -> None:
    plan = plan_of(tmp_path, text)
    assert {where.partition(":")[0] for where in wheres(plan)} == {FILE}
    assert len(str(plan)) < 20_000


@pytest.mark.parametrize("text", [
    "token: {}\n", "private-token: {}\n", "token-env: {}\n", f"{A}  token: {{}}\n",
    f"{A}  token-env: {{}}\n", f"{A}  value: {{}}\n", "tokens:\n- name: {}\n", "tokens:\n- {}\n",
    "tokens: {}\n", "{}: 1\n", "{}\n", "version: {}\n", "scopes: {}\n", "allow: [{}]\n",
    "kind: {}\n", "min-validity: {}\n", "format: {}\n", "url: {}\n", "url: https://me:{}@a.com\n",
    "project: a/b\nrole: {}\n", "allow-http: {}\n", "version: 1\n  token: {}\n", "token: *{}\n",
    'token: "{}\n', "token: !{} x\n", "token: &{} [\n", "%{}\n---\n", "token: @{}\n",
    "token: |{}\n",
])  # fmt: skip
def test_a_tokens_value_in_the_file_is_refused_and_not_repeated(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path, text.format(GOOD))
    assert {where.partition(":")[0] for where in wheres(plan)} == {FILE}
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for one in (plan, plan_of(tmp_path, text.format(GOOD))):  # and again without libyaml
        assert GOOD[6:] not in str(one)
