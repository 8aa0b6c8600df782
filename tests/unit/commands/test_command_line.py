"""Which flags there are, and that nothing else is taken for one of them."""

from __future__ import annotations

import pytest

from glcheck.commands.command_line import parse
from glcheck.problem import Category, Failure


@pytest.mark.parametrize("line", [
    "--min-valid 1d", "--min-valid=1d", "--scope read_api", "--allow-h", "--verb", "--vers",
    "check --min-valid 1d", "config --scope=api", "--allow-http on_fire", "--color sometimes",
    "--token x", "--password x", "--insecure", "--no-verify", "--skip-tls-verify", "explain --scopes x",
])  # fmt: skip
def test_flags_are_never_abbreviated_and_none_takes_a_token_or_turns_checks_off(line: str) -> None:
    with pytest.raises(Failure) as failure:
        parse(line.split())
    assert failure.value.problem.category is Category.USAGE_ERROR


@pytest.mark.parametrize("line, name, texts", [
    ("--min-validity=2d", "min-validity", ["2d"]), ("--scopes a --scopes=b,c", "scopes", ["a", "b,c"]),
    ("--allow-http", "allow-http", ["true"]), ("--allow-http no", "allow-http", ["no"]),
    ("--allow-http --url x", "allow-http", ["true"]), ("--only a --only=b", "only", ["a", "b"]),
])  # fmt: skip
def test_a_flag_takes_its_value_as_a_word_or_after_an_equals_sign(
    line: str, name: str, texts: list[str]
) -> None:
    for command in ("check", "config", "hook"):
        found, given = parse([command, *line.split()])
        assert (found, vars(given)[name]) == (command, texts)
