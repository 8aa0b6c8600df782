"""Mistakes in a policy file: each is refused at its line, in a few words, and nothing is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.plans import FILE, mistake, plan_of, refused, wheres
from kit.policies import GOOD, write

from glcheck.settings.plan import resolve

A = "tokens:\n- name: a\n"
OF_RUN = ("format", "output", "report", "timeout", "max-wait", "hook-max-age", "hook-strict")
OF_SECRETS = ("token", "private-token", "private_token", "secret", "password")


@pytest.mark.parametrize("text, line, says", [
    # a word that is nearly right
    ("scops: [api]\n", 1, "unknown key `scops`; did you mean scopes?"),
    ("version: 1\nmin-validty: 3d\n", 2, "did you mean min-validity?"),
    ("version: 1\nmin_validity: 3d\n", 2, "did you mean min-validity?"),
    ("version: 1\nforbid_scopes: [api]\n", 2, "did you mean forbid-scopes?"),
    ("version: 1\n\n# text\ntokns:\n- name: a\n", 4, "did you mean tokens?"),
    (f"{A}  tokenenv: A\n", 3, "did you mean token-env?"),
    (f"{A}- name: b\n  roll: owner\n", 4, "did you mean role?"),
    ("tokens:\n- {name: a, nme: b}\n", 2, "did you mean name?"),
    ("allow: [scope-mising]\n", 1, "did you mean scope-missing?"),
    ("allow:\n- expires-soon\n- tls-eror\n", 3, "did you mean tls-error?"),
    (f"{A}  allow: not-fond\n", 3, "did you mean not-found?"),
    (f"{A}  project: a/b\n  role: maintainr\n", 4, "did you mean maintainer?"),
    ("kind: porject\n", 1, "did you mean project?"),
    ("format: jsn\n", 1, "did you mean json?"),
    # a key like no other
    ("version: 1\nzzzzzzzzzzzz: 1\n", 2, "unknown key `zzzzzzzzzzzz`."),
    ("1: 2\n", 1, "unknown key."),
    ("null: 1\n", 1, "unknown key"),
    ("? [a, b]\n: 1\n", 1, "a key must be a plain word"),
    *[(f"{key}: x\n", 1, "a token's value does not belong in a file") for key in OF_SECRETS],
    # a key in the wrong place
    ("config: other.yml\n", 1, "`config` cannot stand in a policy file"),
    (f"{A}  config: other.yml\n", 3, "`config` cannot stand in a policy file"),
    *[(f"{A}  {key}: 3\n", 3, f"`{key}` belongs at the top level, not to one ") for key in OF_RUN],
    (f"{A}  version: 1\n", 3, "unknown key `version`"),
    (f"{A}  tokens: []\n", 3, "unknown key `tokens`"),
    *[(f"{key}: a\n{A}", 1, f"unknown key `{key}`") for key in ("name", "only", "verbose", "color")],
    # a key that stands twice
    ("scopes: [api]\nscopes: [sudo]\n", 2, "the same key stands here and on line 1"),
    (f"{A}  role: guest\n  project: a/b\n  role: owner\n", 5, "and on line 3"),
    ("tokens: [{name: a}]\nversion: 1\ntokens: [{name: b}]\n", 3, "and on line 1"),
    ('scopes: [api]\n"scopes": [sudo]\n', 2, "and on line 1"),
    # what does not go together
    (f"{A}  token-env: A\n  token-file: b\n", 4, f"cannot be given together with {FILE}:3"),
    ("token-env: A\ntoken-file: b\n", 2, f"cannot be given together with {FILE}:1"),
    (f"{A}  project: a/b\n  group: a\n", 4, f"cannot be given together with {FILE}:3"),
    (f"{A}  role: owner\n", 3, "role needs a project or a group"),
    (f"{A}  ca-file: absent.pem\n", 3, "`ca-file` is taken only from a file that was named"),
    (f"{A}  url: nonsense\n", 3, "url must be an address"),
    # what hides in a merge
    ("tokens:\n- &a\n  name: a\n- <<: *a\n  name: b\n", 4, "merge keys"),
    ("<<: {scopes: [api], scops: [api]}\n", 1, "merge keys"),
    ("version: &v 1\n<<: *v\n", 2, "merge keys"),
])  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    mistake(tmp_path, text, line, says)


@pytest.mark.parametrize("text, lines", [
    (f"{A}  url: http://gitlab.example.com\n", [3, 3]),  # not confirmed, and not encrypted
    ("tokens:\n- &a\n  name: a\n- <<: *a\n  name: b\n  format: json\n", [4, 6]),
    ("tokens:\n- &a {name: a, url: 'https://evil.com'}\n- {<<: *a, name: b}\n", [2, 3]),
    ("tokens:\n" + "".join(f"- {{name: t{n}, kind: x}}\n" for n in range(200)), range(2, 52)),
], ids=["two in one line", "merge", "merged url", "very many"])  # fmt: skip
def test_several_mistakes_are_named(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert wheres(plan_of(tmp_path, text)) == [f"{FILE}:{line}" for line in lines]


@pytest.mark.parametrize("entry", [
    "url: 3", "url: [https://gitlab.com]", "url: {a: 1}", "url: true", "url: !!python/name:os.system",
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


@pytest.mark.parametrize("text", [
    "token: {}\n", "private-token: {}\n", "token-env: {}\n", f"{A}  token: {{}}\n",
    f"{A}  token-env: {{}}\n", f"{A}  value: {{}}\n", "tokens:\n- name: {}\n", "tokens:\n- {}\n",
    "tokens: {}\n", "{}: 1\n", "{}\n", "version: {}\n", "scopes: {}\n", "allow: [{}]\n", "kind: {}\n",
    "min-validity: {}\n", "format: {}\n", "url: {}\n", "url: https://oauth2:{}@gitlab.com\n",
    "project: a/b\nrole: {}\n", "allow-http: {}\n", "version: 1\n  token: {}\n", 'token: "{}\n',
    "token: *{}\n", "token: !{} x\n", "token: &{} [\n", "%{}\n---\n", "token: @{}\n", "token: |{}\n",
])  # fmt: skip
def test_a_tokens_value_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    found = wheres(plan := plan_of(tmp_path, text.format(GOOD)))
    assert found
    assert all(where.startswith(FILE) for where in found)
    assert GOOD[6:] not in str(plan)
