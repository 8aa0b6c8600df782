"""The policy file: many tokens in one run, mistakes by file and line, and what a found file may not do."""

from __future__ import annotations

import json

import pytest
from kit.command import Result, Run
from kit.gitlab_server import GitLab, Project, Token, in_days

GOOD = "glpat-aaaaaaaaaaaaaaaaaaaa"
OTHER = "glpat-bbbbbbbbbbbbbbbbbbbb"
SECRET = "glpat-sEcReT0123456789abcd"
ENV = {"RELEASE_TOKEN": GOOD, "MIRROR_TOKEN": OTHER}
TWO = """\
version: 1
tokens:
  - name: release
    token-env: RELEASE_TOKEN
  - name: mirror
    token-env: MIRROR_TOKEN
"""


@pytest.fixture
def two(gitlab: GitLab) -> GitLab:
    """A GitLab with a token that may do all and one that may only read."""
    gitlab.add(Token(GOOD, user_id=7))
    gitlab.add(Token(OTHER, user_id=8, scopes=("read_api",), expires_at=in_days(20)))
    return gitlab


def write(run: Run, text: str | bytes, name: str = ".glcheck.yml") -> None:
    """Put a policy file where the command runs."""
    (run.directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def verdicts(result: Result) -> dict[str, str]:
    """Return the category of each token in a JSON report, in its order."""
    return {token["name"]: token["category"] for token in result.report["tokens"]}


def wrong(
    run: Run, text: str | bytes, *args: str, line: int | None = None, says: str = ""
) -> Result:
    """Validate a policy file offline: it must be refused, at a line, in a few words and with nothing left behind."""
    write(run, text)
    result = run("config", *args, env=ENV, token=GOOD)
    assert result.code == 2, result
    said = result.out + result.err
    assert "Traceback" not in said
    assert "config-error" in said
    assert ".glcheck.yml" + (f":{line}" if line else "") in said
    assert says in said
    assert len(said) < 2000
    assert [path.name for path in run.directory.iterdir()] == [".glcheck.yml"]
    return result


# Several tokens


def test_every_token_is_checked_and_the_order_is_that_of_the_file(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    names = [f"t {index}" for index in range(12)]
    lines = [f"- {{name: {name}, token-env: T{index}}}\n" for index, name in enumerate(names)]
    write(run, "tokens:\n" + "".join(lines))
    env = {f"T{index}": GOOD if index % 3 == 0 else f"{OTHER}{index}" for index in range(11)}
    result = run.json(env=env)
    expected = {
        name: "ok" if index % 3 == 0 else "token-invalid" for index, name in enumerate(names)
    }
    assert list(verdicts(result).items()) == list({**expected, "t 11": "token-missing"}.items())
    assert result.code == 10
    assert (result.report["category"], result.report["exit_code"]) == ("token-missing", 10)


@pytest.mark.usefixtures("two")
def test_what_a_token_says_for_itself_beats_the_top_level_flags_and_environment(run: Run) -> None:
    text = TWO.replace("version: 1\n", "min-validity: 30d\n") + "    min-validity: 5d\n"
    write(run, text)
    assert verdicts(run.json(env=ENV)) == {"release": "ok", "mirror": "ok"}
    stricter = verdicts(run.json("--min-validity", "200d", env=ENV))
    assert stricter == {"release": "expires-soon", "mirror": "ok"}
    assert verdicts(run.json(env={**ENV, "GLCHECK_MIN_VALIDITY": "200d"})) == stricter


@pytest.mark.usefixtures("two")
def test_flags_and_environment_beat_the_defaults_at_the_top_level(run: Run) -> None:
    write(run, TWO.replace("version: 1\n", "scopes: [sudo]\n"))
    assert verdicts(run.json(env=ENV)) == {"release": "scope-missing", "mirror": "scope-missing"}
    assert verdicts(run.json("--scopes", "read_user", env=ENV)) == {"release": "ok", "mirror": "ok"}
    assert verdicts(run.json(env={**ENV, "GLCHECK_SCOPES": "api"})) == {
        "release": "ok",
        "mirror": "scope-missing",
    }


def test_every_requirement_may_be_a_tokens_own(two: GitLab, run: Run) -> None:
    two.add_project(Project("group/app", members={7: 40, 8: 20}))
    more = """\
    scopes: [api]
    project: group/app
    role: maintainer
  - name: reader
    token-env: MIRROR_TOKEN
    project: group/app
    role: developer
  - name: lean
    token-env: RELEASE_TOKEN
    forbid-scopes: [api, sudo]
  - {name: short, token-env: RELEASE_TOKEN, max-validity: 30d}
  - {name: allowed, token-env: RELEASE_TOKEN, max-validity: 30d, allow: [lives-too-long]}
  - {name: bot, token-env: RELEASE_TOKEN, kind: project}
  - {name: last, token-env: MIRROR_TOKEN, min-validity: 3w}
"""
    write(run, TWO + more)
    result = run.json(env=ENV)
    assert verdicts(result) == {
        "release": "ok",
        "mirror": "scope-missing",
        "reader": "role-too-low",
        "lean": "scope-forbidden",
        "short": "lives-too-long",
        "allowed": "ok",
        "bot": "wrong-token-kind",
        "last": "expires-soon",
    }
    assert result.code == 16


def test_a_token_may_name_its_own_file_and_url(two: GitLab, run: Run) -> None:
    (run.directory / "secret").write_text(GOOD, "utf-8")
    write(
        run,
        "token-env: ABSENT\ntokens:\n- {name: a, token-file: secret}\n"
        f"- {{name: b, token-env: B, url: '{two.url}'}}\n",
    )
    result = run.json("--url", "http://127.0.0.1:9", "--max-wait", "1s", env={"B": GOOD})
    assert verdicts(result) == {"a": "network-error", "b": "ok"}
    sources = [token["source"] for token in result.report["tokens"]]
    assert sources[1] == "B"


@pytest.mark.usefixtures("two")
def test_tokens_without_a_source_of_their_own_use_the_default(run: Run) -> None:
    write(run, "tokens:\n- name: a\n- name: b\n  scopes: sudo\n")
    assert verdicts(run.json(token=GOOD)) == {"a": "ok", "b": "scope-missing"}


@pytest.mark.usefixtures("two")
def test_a_policy_without_tokens_describes_the_default_token(run: Run) -> None:
    write(run, "version: 1\nscopes: [api]\nmin-validity: 200d\n")
    result = run.json(token=OTHER)
    assert result.code == 20
    assert sorted(p["category"] for p in result.token["problems"]) == [
        "expires-soon",
        "scope-missing",
    ]
    assert result.token["name"] == "GITLAB_TOKEN"


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# nothing\n", "---\n", "---\n...\n", "{}\n", "version: 1\n", "\ufeffversion: 1\n"],
)
@pytest.mark.usefixtures("two")
def test_a_policy_that_says_nothing_asks_for_nothing(run: Run, text: str) -> None:
    write(run, text)
    assert run(token=GOOD).code == 0


@pytest.mark.parametrize("name", ["a", "A-1_b.c d", "x" * 80, "v1.0"])
def test_names_that_may_be(run: Run, name: str) -> None:
    write(run, f"tokens:\n- name: {name}\n")
    assert run("config").code == 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        "''",
        "x" * 81,
        "a/b",
        "a:b",
        "ü",
        "a,b",
        '"a\\nb"',
        "'::error::x'",
        "<b>",
        "'*'",
        "null",
        "[a]",
        "1",
        "true",
    ],
)
def test_names_that_may_not_be(run: Run, name: str) -> None:
    wrong(run, f"tokens:\n- token-env: A\n  name: {name}\n", line=3)


def test_names_are_required_and_unique(run: Run) -> None:
    wrong(run, "tokens:\n- token-env: A\n", line=2, says="name")
    wrong(run, "tokens:\n- name: release\n- name: mirror\n- name: release\n", line=4)


@pytest.mark.parametrize(
    "tokens", ["[]", "null", "{}", "{name: a}", "release", "[release]", "[[]]", "[null]", "3"]
)
def test_tokens_must_be_a_list_of_tokens(run: Run, tokens: str) -> None:
    wrong(run, f"version: 1\ntokens: {tokens}\n", line=2)


# --only


def test_only_picks_tokens_and_asks_for_them_alone(two: GitLab, run: Run) -> None:
    write(run, TWO + "  - name: third\n    token-env: RELEASE_TOKEN\n")
    assert verdicts(run.json("--only", "mirror", env=ENV)) == {"mirror": "ok"}
    assert [request.headers["private-token"] for request in two.requests] == [OTHER]
    assert list(verdicts(run.json("--only", "third", "--only=mirror", env=ENV))) == [
        "mirror",
        "third",
    ]


def test_only_needs_a_known_name_and_tokens(two: GitLab, run: Run) -> None:
    assert run("--only", "release", token=GOOD).code == 2
    write(run, TWO)
    result = run("--only", "release", "--only", "miror", env=ENV)
    assert result.code == 2
    assert "Traceback" not in result.out + result.err
    write(run, "scopes: [api]\n")
    assert run("--only", "release", token=GOOD).code == 2
    assert not two.requests


def test_a_mistake_in_a_token_that_was_not_picked_is_still_one(two: GitLab, run: Run) -> None:
    write(run, TWO + "    scops: [api]\n")
    assert run("--only", "release", env=ENV).code == 2
    assert not two.requests


# Where the file is found


@pytest.mark.parametrize("name", [".glcheck.yml", ".glcheck.yaml"])
@pytest.mark.usefixtures("two")
def test_the_file_is_found_in_the_working_directory(run: Run, name: str) -> None:
    write(run, "scopes: [sudo]\n", name)
    assert run(token=GOOD).code == 21


@pytest.mark.parametrize("git", ["directory", "worktree"])
@pytest.mark.usefixtures("two")
def test_the_file_is_found_at_the_git_root(run: Run, git: str) -> None:
    write(run, "scopes: [sudo]\n")
    inside = run.directory / "some" / "where"
    inside.mkdir(parents=True)
    root, run.directory = run.directory, inside
    assert run(token=GOOD).code == 0  # there is no git root
    if git == "directory":
        (root / ".git").mkdir()
        (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
    else:
        (root / ".git").write_text("gitdir: /nowhere\n", "utf-8")
    assert run(token=GOOD).code == 21
    write(run, "scopes: [api]\n", ".glcheck.yaml")
    assert run(token=GOOD).code == 0  # the nearer one
    (inside / ".glcheck.yaml").unlink()
    (inside / ".git").mkdir()
    assert run(token=GOOD).code == 0  # the inner repository has none


@pytest.mark.usefixtures("two")
def test_a_file_above_the_git_root_is_not_found(run: Run) -> None:
    write(run, "scopes: [sudo]\n")
    inner = run.directory / "repository"
    (inner / ".git").mkdir(parents=True)
    run.directory = inner
    assert run(token=GOOD).code == 0


# Mistakes, with file and line


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("scops: [api]\n", 1, "scopes"),
        ("version: 1\nmin-validty: 3d\n", 2, "min-validity"),
        ("version: 1\nmin_validity: 3d\n", 2, "min-validity"),
        ("version: 1\nforbid_scopes: [api]\n", 2, "forbid-scopes"),
        ("version: 1\n\n# text\ntokns:\n- name: a\n", 4, "tokens"),
        ("tokens:\n- name: a\n  tokenenv: A\n", 3, "token-env"),
        ("tokens:\n- name: a\n- name: b\n  roll: owner\n", 4, "role"),
        ("allow: [scope-mising]\n", 1, "scope-missing"),
        ("allow:\n- expires-soon\n- tls-eror\n", 3, "tls-error"),
        ("tokens:\n- name: a\n  allow: not-fond\n", 3, "not-found"),
        ("tokens:\n- name: a\n  project: a/b\n  role: maintainr\n", 4, "maintainer"),
        ("kind: porject\n", 1, "project"),
        ("format: jsn\n", 1, "json"),
    ],
)
def test_an_unknown_word_is_named_with_its_line_and_the_nearest_right_one(
    run: Run, text: str, line: int, says: str
) -> None:
    wrong(run, text, line=line, says=says)


def test_a_key_like_no_other_is_refused_without_a_guess(run: Run) -> None:
    wrong(run, "version: 1\nzzzzzzzzzzzz: 1\n", line=2)
    wrong(run, "1: 2\n", line=1)
    wrong(run, "? [a, b]\n: 1\n", line=1)
    wrong(run, "null: 1\n", line=1)


@pytest.mark.parametrize(
    "entry",
    [
        "url: 3", "url: [https://gitlab.com]", "url: {a: 1}", "url: true", "token-env: 5", "token-env: [A]",
        "token-file: 7", "token-file: {a: b}", "scopes: 5", "scopes: {api: true}", "scopes: [api, 5]",
        "scopes: [[api]]", "scopes: true", "forbid-scopes: 1.5", "forbid-scopes: [null]", "min-validity: [1d]",
        "min-validity: true", "min-validity: 2026-01-01", "min-validity: -3", "warn-validity: {}",
        "warn-validity: maybe", "max-validity: yes", "max-validity: .inf", "max-validity: .nan", "project: [a/b]",
        "project: 1.5", "project: true", "group: {}", "role: 40", "role: [owner]", "kind: 1", "kind: [job]",
        "allow: 30",
        "allow: {tls-error: yes}", "allow: [30]", "format: 1", "format: [json]", "output: 1", "report: 3",
        "report: {json: a}", "report: [1]", "timeout: yes", "timeout: [1]", "timeout: -1", "max-wait: {}",
        "max-wait: soon", "ca-file: 1", "ca-file: [a]", "allow-http: maybe", "allow-http: [yes]", "allow-http: 7",
        "version: 2", "version: one", "version: [1]", "version: '2'",
    ],
)  # fmt: skip
def test_a_wrong_type_or_value_is_named_with_its_line(run_alone: Run, entry: str) -> None:
    text = f"# a policy\n\n{entry}\n"
    write(run_alone, text, "named.yml")
    result = run_alone("config", "--config", "named.yml")
    assert result.code == 2, result
    assert "named.yml:3" in result.out + result.err
    assert entry.partition(":")[0] in result.out + result.err


@pytest.mark.parametrize(
    "key",
    [
        "format: json",
        "output: a",
        "report: json=a",
        "timeout: 3",
        "max-wait: 3",
        "hook-max-age: 1h",
        "hook-strict: true",
        "version: 1",
        "tokens: []",
    ],
)
def test_settings_of_the_run_are_no_tokens(run: Run, key: str) -> None:
    wrong(run, f"tokens:\n- name: a\n  {key}\n", line=3, says=key.partition(":")[0])


def test_settings_of_the_run_stand_at_the_top_level(run: Run) -> None:
    text = "format: json\ntimeout: 3\nmax-wait: 1m\nhook-max-age: 2h\nhook-strict: yes\n"
    write(run, text + "tokens:\n- name: a\n")
    assert run("config").code == 0


@pytest.mark.parametrize(
    "text", ["config: other.yml\n", "tokens:\n- name: a\n  config: other.yml\n"]
)
def test_a_policy_names_no_policy(run: Run, text: str) -> None:
    wrong(run, text, line=text.count("\n"), says="config")


@pytest.mark.parametrize(
    "text", ["name: a\n", "only: [a]\ntokens:\n- name: a\n", "verbose: true\n", "color: always\n"]
)
def test_what_is_no_setting_of_the_top_level_is_refused_there(run: Run, text: str) -> None:
    wrong(run, text, line=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("scopes: [api]\nscopes: [sudo]\n", 2),
        ("tokens:\n- name: a\n  role: guest\n  project: a/b\n  role: owner\n", 5),
        ("tokens: [{name: a}]\nversion: 1\ntokens: [{name: b}]\n", 3),
        ('scopes: [api]\n"scopes": [sudo]\n', 2),
    ],
)
def test_a_key_stands_once(run: Run, text: str, line: int) -> None:
    wrong(run, text, line=line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("tokens:\n- name: a\n  token-env: A\n  token-file: b\n", 2),
        ("token-env: A\ntoken-file: b\n", 1),
        ("tokens:\n- name: a\n  project: a/b\n  group: a\n", 2),
        ("tokens:\n- name: a\n  role: owner\n", 2),
        ("tokens:\n- name: a\n  ca-file: absent.pem\n", None),
        ("tokens:\n- name: a\n  url: http://gitlab.example.com\n", 3),
        ("tokens:\n- name: a\n  url: nonsense\n", 3),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    run: Run, text: str, line: int | None
) -> None:
    result = wrong(run, text)
    if line:
        found = int(
            (result.out + result.err).partition(".glcheck.yml:")[2].split(":")[0].split()[0]
        )
        assert line <= found <= text.count("\n")


def test_role_and_project_may_come_from_both_levels(run: Run) -> None:
    write(run, "role: owner\ntokens:\n- name: a\n  project: a/b\n- name: b\n  group: c\n")
    assert run("config").code == 0
    write(run, "project: a/b\ntokens:\n- name: a\n  role: owner\n- name: b\n  group: c\n")
    assert run("config").code == 0


# Secrets do not belong here


@pytest.mark.parametrize(
    "text",
    [
        f"token: {SECRET}\n",
        f"private-token: {SECRET}\n",
        f"token-env: {SECRET}\n",
        f"tokens:\n- name: a\n  token: {SECRET}\n",
        f"tokens:\n- name: a\n  token-env: {SECRET}\n",
        f"tokens:\n- name: a\n  value: {SECRET}\n",
        f"tokens:\n- name: {SECRET}\n",
        f"tokens:\n- {SECRET}\n",
        f"tokens: {SECRET}\n",
        f"{SECRET}: 1\n",
        f"{SECRET}\n",
        f"version: {SECRET}\n",
        f"scopes: {SECRET}\n",
        f"allow: [{SECRET}]\n",
        f"kind: {SECRET}\n",
        f"min-validity: {SECRET}\n",
        f"format: {SECRET}\n",
        f"url: {SECRET}\n",
        f"url: https://oauth2:{SECRET}@gitlab.com\n",
        f"project: a/b\nrole: {SECRET}\n",
        f"allow-http: {SECRET}\n",
        f"version: 1\n  token: {SECRET}\n",
        f'token: "{SECRET}\n',
        f"token: *{SECRET}\n",
        f"token: !{SECRET} x\n",
        f"token: &{SECRET} [\n",
        f"%{SECRET}\n---\n",
        f"token: @{SECRET}\n",
        f"token: |{SECRET}\n",
    ],
)
def test_a_tokens_value_in_the_file_is_refused_and_not_repeated(run: Run, text: str) -> None:
    result = wrong(run, text)
    assert SECRET[6:] not in result.out + result.err


@pytest.mark.parametrize(
    "name",
    [
        "glpat-aaaaaaaaaaaaaaaaaaaa", "GR1348941aaaaaaaaaaaaaaaaaaaa", "ghp_abcdefghijABCDEFGHIJ0123456789abcdef",
        "github_pat_11ABCDEFG0123456789", "a" * 32 + "0123456789abcdef" * 2, "aB3dEfGh1jKlMn0pQrSt",
        "AKIAIOSFODNN7EXAMPLE",
        "1TOKEN", "MY-TOKEN", "MY TOKEN", "$MY_TOKEN", "${{ secrets.X }}", "TÖKEN", "A=B",
    ],
)  # fmt: skip
def test_token_env_must_be_a_name_that_is_no_token(run: Run, name: str) -> None:
    result = wrong(
        run, f"tokens:\n- name: a\n  token-env: {json.dumps(name, ensure_ascii=False)}\n", line=3
    )
    assert name not in result.out + result.err


@pytest.mark.parametrize(
    "name",
    [
        "_",
        "TOKEN_2",
        "my_token",
        "GITLAB_TOKEN_FOR_RELEASES_OF_2026",
        "MyTokenForReleasesOfApp",
        "T" * 64,
    ],
)
def test_token_env_may_be_any_other_name(run: Run, name: str) -> None:
    write(run, f"token-env: {name}\n")
    assert run("config").code == 0


# Hostile and broken files


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        "tokens: [\n",
        "tokens:\n\t- name: a\n",
        "a: b: c\n",
        '"unfinished\n',
        "version: 1\n---\nversion: 1\n",
        "- a\n- b\n",
        "scopes\n",
        "3\n",
        "scopes: *nowhere\n",
        "version: 1\x00\n",
        "version: 1\x07\n",
        "%YAML 9.9\n---\nversion: 1\n",
        BILLION,
        BILLION + "scopes: *i\n",
        "&a [*a]\n",
        "scopes: &a [*a]\n",
        "tokens: &a\n- name: x\n  allow: *a\n",
        "[" * 5000,
        "scopes: " + "[" * 3000 + "]" * 3000 + "\n",
        "{a: " * 3000,
        "- " * 20000 + "\n",
        "scopes: !!python/object/apply:os.system ['touch marker']\n",
        "!!python/object/new:os.system ['touch marker']\n",
        "url: !!python/name:os.system\n",
        "scopes: !custom [api]\n",
        "project: !!binary YWJj\n",
        "scopes: !!set {api}\n",
        "min-validity: !!timestamp 2026-01-01\n",
        "<<: {scopes: [api], scops: [api]}\n",
        "version: &v 1\n<<: *v\n",
        "role: " + "x" * 100_000 + "\n",
    ],
    ids=range(31),
)
def test_a_hostile_or_broken_file_is_refused(run: Run, text: str) -> None:
    wrong(run, text)


@pytest.mark.parametrize(
    "data",
    [
        b"scopes: [\xff\xfe]\n",
        "scopes: [ü]\n".encode("latin-1"),
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xfea",
        b"\xed\xa0\x80: 1\n",
    ],
    ids=range(5),
)
def test_a_file_that_is_no_text_is_refused(run: Run, data: bytes) -> None:
    wrong(run, data)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\ntokens: [\n\n", 4),
        ("version: 1\ntokens:\n\t- name: a\n", 3),
        ("version: 1\na: b: c\n", 2),
    ],
)
def test_broken_yaml_is_refused_at_its_line(run: Run, text: str, line: int) -> None:
    result = wrong(run, text)
    found = int((result.out + result.err).partition(".glcheck.yml:")[2].split(":")[0].split()[0])
    assert line - 1 <= found <= line


def test_a_huge_file_is_refused_or_read_but_no_bug(run: Run) -> None:
    write(run, "# " + "x" * 30_000_000 + "\nscops: [api]\n")
    result = run("config")
    assert result.code == 2
    assert "Traceback" not in result.out + result.err
    assert len(result.out) < 2000


def test_a_file_that_never_ends_is_refused(run: Run) -> None:
    result = run("--config", "/dev/zero", token=GOOD)
    assert result.code == 2
    assert "Traceback" not in result.out + result.err


def test_a_merge_key_does_not_hide_what_is_not_allowed(gitlab: GitLab, run: Run) -> None:
    write(run, "tokens:\n- &a\n  name: a\n- <<: *a\n  name: b\n  format: json\n")
    assert run("config").code == 2
    write(run, "tokens:\n- &a {name: a, url: 'https://gitlab.example.com'}\n- {<<: *a, name: b}\n")
    assert run(token=GOOD).code == 2
    assert not gitlab.requests


@pytest.mark.usefixtures("two")
def test_anchors_within_reason_are_understood(run: Run) -> None:
    write(run, "tokens:\n- {name: a, scopes: &s [sudo]}\n- {name: b, scopes: *s}\n")
    assert verdicts(run.json(token=GOOD)) == {"a": "scope-missing", "b": "scope-missing"}


@pytest.mark.usefixtures("two")
def test_windows_line_ends_are_understood(run: Run) -> None:
    write(run, TWO.replace("\n", "\r\n"))
    assert verdicts(run.json(env=ENV)) == {"release": "ok", "mirror": "ok"}
    wrong(run, TWO.replace("\n", "\r\n") + "    scops: [api]\r\n", line=7)


def test_a_directory_in_place_of_the_file_is_refused(gitlab: GitLab, run: Run) -> None:
    (run.directory / ".glcheck.yml").mkdir()
    result = run("--config", ".glcheck.yml", token=GOOD)
    assert result.code == 2
    assert "Traceback" not in result.out + result.err
    assert not gitlab.requests


@pytest.mark.parametrize("loop", [True, False])
def test_a_link_that_leads_nowhere_is_refused_where_it_is_named(
    gitlab: GitLab, run: Run, loop: bool
) -> None:
    (run.directory / ".glcheck.yml").symlink_to(".glcheck.yml" if loop else "nowhere")
    result = run("--config", ".glcheck.yml", token=GOOD)
    assert result.code == 2
    assert "Traceback" not in result.out + result.err
    assert not gitlab.requests


# glcheck config


def test_config_validates_offline(run: Run, gitlab: GitLab) -> None:
    write(run, TWO)
    result = run("config")  # no token is needed
    assert result.code == 0
    assert "Traceback" not in result.out + result.err
    assert run("config", env=ENV).code == 0
    assert run("config", "--config", ".glcheck.yml").code == 0
    write(run, TWO + "    scops: []\n", "other.yml")
    assert run("config", "--config", "other.yml").code == 2
    assert not gitlab.requests


def test_a_faulty_policy_asks_nothing_and_stands_in_the_json_report(
    run: Run, gitlab: GitLab
) -> None:
    write(run, TWO + "    scops: [api]\n")
    result = run.json(env=ENV)
    assert result.code == 2
    report = result.report
    assert (report["ok"], report["category"], report["exit_code"], report["tokens"]) == (
        False,
        "config-error",
        2,
        [],
    )
    assert ".glcheck.yml:7" in result.problem["message"]
    assert result.problem["fix"]
    assert not gitlab.requests


# What a found file may not do

NAMING = ("GLCHECK_URL", "GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")
AWAY = "https://evil.example.com"
LEVELS = ["url: '{}'\n", "tokens:\n- name: a\n- name: b\n  url: '{}'\n"]


@pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])
@pytest.mark.parametrize(
    "env",
    [
        {},
        {"GITLAB_URL": "https://gitlab.com"},
        {"GITLAB_URL": "http://evil.example.com", "GLCHECK_ALLOW_HTTP": "yes"},
        {"GITLAB_URL": "https://evil.example.com:8443"},
        {"GITLAB_URL": "https://example.com"},
        {"GITLAB_URL": "https://evil.example.com.example.net"},
    ],
    ids=str,
)
def test_a_found_policy_may_not_send_a_secret_elsewhere(
    run_alone: Run, level: str, env: dict[str, str]
) -> None:
    write(run_alone, level.format(AWAY))
    result = run_alone(token=GOOD, env=env)
    assert result.code == 2
    assert "config-error" in result.out
    assert "Traceback" not in result.err
    assert any(name in result.out for name in NAMING)


@pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])
@pytest.mark.parametrize("name", NAMING)
def test_a_found_policy_may_name_the_origin_that_the_environment_names(
    run_alone: Run, level: str, name: str
) -> None:
    write(run_alone, level.format("https://gitlab.example.com/gitlab"))
    value = "https://gitlab.example.com" + ("/api/v4" if name == "CI_API_V4_URL" else "")
    given = value.removeprefix("https://") if name == "GITLAB_HOST" else value
    # Without a token nothing is sent: the refusal would come first.
    assert run_alone(env={name: given}).code == 10
    assert run_alone(env={name: value.replace("gitlab.", "other.")}).code == 2


@pytest.mark.parametrize("level", LEVELS, ids=["top", "token"])
def test_a_found_policy_may_name_the_origin_that_a_flag_names(run_alone: Run, level: str) -> None:
    write(run_alone, level.format("https://GitLab.example.com:443/x"))
    assert run_alone("--url", "https://gitlab.example.com").code == 10
    assert run_alone("--url", "https://other.example.com").code == 2


def test_a_url_that_a_flag_overrides_is_judged_all_the_same(gitlab: GitLab, run: Run) -> None:
    write(run, f"url: {AWAY}\n")
    assert run("--url", gitlab.url, token=GOOD).code == 2
    assert not gitlab.requests


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1:9"]
)
def test_a_found_policy_may_name_loopback(run_alone: Run, url: str) -> None:
    write(run_alone, LEVELS[0].format(url) + LEVELS[1].format(url))
    assert run_alone(env={"GITLAB_URL": "https://gitlab.example.com"}).code == 10


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1.example.com", "https://localhost.example.com", "https://127.0.0.1@evil.example.com",
        "https://gitlab.com@evil.example.com", "https://gitlab.com.evil.example.com", "https://gitlab.com:444",
        "http://gitlab.com", "https://evil.example.com#@gitlab.com", "https://evil.example.com\\@gitlab.com",
        "https://gitlab.com:443@evil.example.com", "//evil.example.com", "https://gitlab.com\\.evil.example.com",
        "https://gitlab.com%2eevil.example.com", "https://gitlab.com%00.evil.example.com",
    ],
)  # fmt: skip
def test_imposters_of_allowed_hosts_are_refused(run_alone: Run, url: str) -> None:
    write(run_alone, LEVELS[len(url) % 2].format(url))  # the levels take turns
    assert run_alone().code == 2


def test_gitlab_com_is_allowed_when_nothing_names_another(run_alone: Run) -> None:
    write(run_alone, "url: https://gitlab.com\n")
    assert run_alone().code == 10
    assert run_alone(env={"GITLAB_URL": "https://gitlab.example.com"}).code == 2
    assert run_alone(env={"CI_SERVER_URL": "https://gitlab.example.com"}).code == 2


@pytest.mark.parametrize(
    "entry",
    ["output: out.txt", "report: json=out.json", "allow-http: true", "ca-file: .glcheck.yml"],
)
@pytest.mark.parametrize("at_root", [False, True])
def test_a_found_policy_may_not_write_or_weaken(
    gitlab: GitLab, run: Run, entry: str, at_root: bool
) -> None:
    gitlab.add(Token(GOOD))
    write(run, entry + "\n")
    before = run.directory
    if at_root:
        (before / ".git").mkdir()
        (before / "inside").mkdir()
        run.directory = before / "inside"
    result = run(token=GOOD)
    assert result.code == 2
    assert "config-error" in result.out
    assert not {"out.txt", "out.json"} & {path.name for path in before.rglob("*")}
    assert not gitlab.requests


@pytest.mark.parametrize("entry", ["allow-http: true", "ca-file: .glcheck.yml"])
def test_nor_may_a_token_of_a_found_policy(gitlab: GitLab, run: Run, entry: str) -> None:
    write(run, f"tokens:\n- name: a\n  {entry}\n")
    assert run(token=GOOD).code == 2
    assert not gitlab.requests


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_the_same_file_may_do_all_that_when_it_is_named(gitlab: GitLab, run: Run, how: str) -> None:
    gitlab.add(Token(GOOD))
    # 0.0.0.0 leads to this machine, but is no loopback address.
    away = gitlab.url.replace("127.0.0.1", "0.0.0.0")
    write(
        run,
        f"url: {away}\nallow-http: true\noutput: out.txt\nreport: [json=out.json]\ntokens:\n- name: a\n",
    )
    refused = run(token=GOOD)
    assert refused.code == 2
    assert not gitlab.requests
    args, env = (
        (("--config", ".glcheck.yml"), {})
        if how == "flag"
        else ((), {"GLCHECK_CONFIG": ".glcheck.yml"})
    )
    result = run(*args, token=GOOD, env=env)
    assert (result.code, result.out) == (0, "")
    assert len(gitlab.requests) == 1
    assert {path.name for path in run.directory.iterdir()} == {
        ".glcheck.yml",
        "out.txt",
        "out.json",
    }


@pytest.mark.parametrize(
    "text",
    [
        "scopes: " + "[" * 50_000,
        "- " * 50_000,
        "tokens:\n- &a {name: x, "
        + ", ".join(f"k{n}: 1" for n in range(200))
        + "}\n"
        + "- *a\n" * 50_000,
        "scopes: &a ["
        + "api, " * 20_000
        + "]\ntokens:\n"
        + "".join(f"- {{name: t{n}, scopes: *a}}\n" for n in range(900)),
    ],
    ids=["deep flow", "deep block", "many aliases", "large aliases"],
)
def test_a_file_that_would_take_for_ever_is_refused_at_once(run: Run, text: str) -> None:
    write(run, text)
    assert run("config").code == 2


def test_a_flag_that_the_policy_outweighs_is_noted(gitlab: GitLab, run: Run) -> None:
    write(run, "tokens:\n- name: a\n  token-env: GITLAB_TOKEN\n  scopes: [read_api]\n")
    gitlab.add(Token(GOOD))
    result = run.json("--scopes", "sudo", token=GOOD)
    assert result.code == 0
    assert any("--scopes" in note for note in result.token["notes"])


def test_a_variable_that_the_policy_outweighs_is_noted_with_the_file(
    gitlab: GitLab, run: Run
) -> None:
    write(
        run, "scopes: [sudo]\ntokens:\n- name: a\n  token-env: GITLAB_TOKEN\n  scopes: [read_api]\n"
    )
    gitlab.add(Token(GOOD))
    result = run.json(token=GOOD, env={"GLCHECK_TOKEN_ENV": "OTHER", "GLCHECK_MIN_VALIDITY": "1d"})
    assert result.code == 0
    (note,) = (said for said in result.token["notes"] if "no effect" in said)
    assert "GLCHECK_TOKEN_ENV" in note
    assert ".glcheck.yml" in note
