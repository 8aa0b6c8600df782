"""Where the secret is looked for, and what is wrong with it before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from kit.policies import GOOD
from kit.shapes import MALFORMED, RUNNER, UNCHECKABLE, WHOLE

from glcheck import providers
from glcheck.policy import Requirements, Source, TokenPolicy
from glcheck.problem import Failure
from glcheck.secret import Secret, read
from glcheck.settings.plan import resolve_source

USUAL = ("GLCHECK_TOKEN", "GITLAB_TOKEN", "GL_TOKEN", "GITLAB_ACCESS_TOKEN", "GITLAB_PRIVATE_TOKEN")
MISSING, DAMAGED = "token-missing", "token-malformed"
GITLAB = providers.face("gitlab")
POLICY = TokenPolicy(
    name="one", provider="gitlab", source=Source(), url="https://gitlab.com", ca_file=None,
    requirements=Requirements(), allow=(), named_in_policy=False,
)  # fmt: skip


def whole(value: str, had_line_end: bool = False) -> Secret:
    """What is read where this value stands."""
    return Secret(value, GITLAB.shape_of(value), had_line_end)


def found(
    environ: Mapping[str, str], source: Source | None = None, stdin: bytes = b""
) -> tuple[Secret | None, str, str]:
    """The secret from there; else the category and words of why there is none."""
    policy = POLICY._replace(source=resolve_source(source or Source(), GITLAB, environ))
    try:
        return read(policy, environ, stdin, 30), "", ""
    except Failure as failure:
        problem = failure.problem
        return None, problem.category.label, f"{problem.message} {problem.fix}"


@pytest.mark.parametrize("value", [RUNNER, *UNCHECKABLE], ids=ascii)
def test_a_kind_that_cannot_be_described_is_not_sent(value: str) -> None:
    _, category, words = found({"GITLAB_TOKEN": value})
    assert (category, "Nothing was sent" in words) == ("wrong-token-kind", True)
    assert value not in words


@pytest.mark.parametrize("value", WHOLE.values(), ids=ascii)
def test_a_whole_token_is_taken_as_it_is_and_not_printed(value: str) -> None:
    secret, _, _ = found({"GITLAB_TOKEN": value})
    assert secret == whole(value)
    assert value not in f"{secret!r} {secret} {[secret]}"


@pytest.mark.parametrize(("value", "why"), MALFORMED, ids=ascii)
def test_what_cannot_be_a_token_is_told_why_and_not_repeated(value: str, why: str) -> None:
    _, category, words = found({"GITLAB_TOKEN": value})
    assert (category, why in words, "Nothing was sent" in words) == (DAMAGED, True, True)
    assert len(value) < 9 or value not in words.replace("GITLAB_TOKEN", "")


# fmt: off
CONTENTS = {
    "empty": (b"", MISSING),
    "only a line end": (b"\n", MISSING),
    "only a dos line end": (b"\r\n", MISSING),
    "blanks": (b"   \t  ", MISSING),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), DAMAGED),
    "UTF-16": (GOOD.encode("utf-16"), DAMAGED),
    "UTF-16 without mark": (GOOD.encode("utf-16-le"), DAMAGED),
    "Latin-1": (GOOD.encode() + b"\xe9", DAMAGED),
    "NUL": (GOOD.encode() + b"\0", DAMAGED),
    "no text": (b"\xff\xfe" * 12, DAMAGED),
    "binary": (bytes(range(256)) * 20, DAMAGED),
    "one byte too many": (b"a" * 65_537, DAMAGED),
    "huge": (b"a" * 30_000_000, DAMAGED),
    "two lines": (f"{GOOD}\n{GOOD}\n".encode(), DAMAGED),
    "a setting": (f"GITLAB_TOKEN = {GOOD}\n".encode(), DAMAGED),
}
# fmt: on


@pytest.mark.parametrize(("content", "category"), CONTENTS.values(), ids=CONTENTS)
def test_a_file_or_stream_with_no_token(tmp_path: Path, content: bytes, category: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    for file in (str(tmp_path / "secret"), "-"):
        _, told, words = found({}, Source(file=file), content)
        assert (told, GOOD in words, len(words) < 1000) == (category, False, True)


@pytest.mark.parametrize("name", ["absent", "directory", "file/below", "x" * 5000, "loop"])
def test_a_file_that_cannot_be_read_is_a_missing_token(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text(GOOD)
    _, category, words = found({"GITLAB_TOKEN": GOOD}, Source(file=str(tmp_path / name)))
    assert (category, name in words) == (MISSING, True)


def test_a_file_of_a_user_who_is_not_there_is_a_missing_token() -> None:
    _, category, words = found({}, Source(file="~nobody-has-this-name/token"))
    assert (category, "~nobody-has-this-name/token" in words) == (MISSING, True)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"], ids=["clean", "one", "dos", "two"])
def test_a_line_end_after_the_secret_is_stripped_and_noted(tmp_path: Path, end: str) -> None:
    given, wanted = f"{GOOD}{end}", whole(GOOD, bool(end))
    (tmp_path / "secret").write_bytes(given.encode())
    for source in (Source(file=str(tmp_path / "secret")), Source(file="-"), Source("T")):
        assert found({"T": given}, source, given.encode())[0] == wanted


@pytest.mark.parametrize("first", range(len(USUAL)))
def test_the_usual_variables_are_looked_at_in_their_order(first: int) -> None:
    # One that is empty counts as none.
    environ = dict.fromkeys(USUAL[:first], "") | {name: f"{GOOD}{name}" for name in USUAL[first:]}
    assert resolve_source(Source(), GITLAB, environ).name == USUAL[first]
    assert found(environ)[0] == whole(f"{GOOD}{USUAL[first]}")


def test_what_was_looked_at_is_named_and_a_named_source_is_the_only_one() -> None:
    _, category, words = found({})
    assert (category, [name for name in USUAL if name not in words]) == (MISSING, [])
    environ = {"GITLAB_TOKEN": GOOD, "EMPTY": ""}
    for source, name in (
        (Source("MINE"), "MINE"),
        (Source("EMPTY"), "EMPTY"),
        (Source(file="-"), ""),
    ):
        _, category, words = found(environ, source)
        assert (category, name in words, "GITLAB_TOKEN" in words) == (MISSING, True, False)
