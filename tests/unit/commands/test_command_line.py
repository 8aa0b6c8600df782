"""Which flags there are, and that nothing else is taken for one of them."""

from __future__ import annotations

import pytest

from glcheck.commands.command_line import parse
from glcheck.problem import Category, Failure


@pytest.mark.parametrize("line", [
    "--min-valid 1d", "--min-valid=1d", "--scope read_api", "--allow-h", "--verb", "--vers",
    "check --min-valid 1d", "config --scope=api", "explain --scopes x", "--allow-http on_fire",
    "--color x", "--token x", "--password x", "--insecure", "--no-verify", "--skip-tls-verify",
])  # fmt: skip
def test_flags_are_never_abbreviated_and_none_takes_a_token_or_turns_checks_off(line: str) -> None:
    with pytest.raises(Failure) as failure:
        parse(line.split())
    assert failure.value.problem.category is Category.USAGE_ERROR
