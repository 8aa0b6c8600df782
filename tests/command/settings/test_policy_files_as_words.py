"""`glcheck config FILE`, as pre-commit passes it."""

from __future__ import annotations

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab
from kit.policies import GOOD, secret

URL = "version: 1\nurl: https://gitlab.example.com\n"


@pytest.mark.parametrize(("name", "text", "code", "says"), [
    ("good.yml", "version: 1\nscopes: [api]\n", 0, "good.yml"),
    ("bad.yml", "version: 1\nscops: [api]\n", 2, "bad.yml:2"),
    (".glcheck.yaml", URL, 0, ".glcheck.yaml"),
    (".glcheck.yml", f"{URL}tokens:\n  - scopes: [api]\n", 2, ".glcheck.yml:4"),
])  # fmt: skip
def test_a_policy_file_can_be_named_as_a_word(
    run: Run, gitlab: GitLab, name: str, text: str, code: int, says: str
) -> None:
    (run.directory / name).write_text(text, "utf-8")
    result = run("config", name, token=GOOD)
    assert result.code == code
    assert says in result.out + result.err
    assert "Traceback" not in result.out + result.err
    # Found and not named, it may not choose where the secret goes.
    assert text != URL or run("config", token=GOOD).code == 2
    assert gitlab.requests == []


@pytest.mark.parametrize("value", [GOOD, "absent.yml", secret(5), "0123456789abcdef" * 4])
def test_a_file_that_is_not_there_is_not_repeated_if_it_looks_like_a_token(
    run: Run, value: str
) -> None:
    result = run("config", value)
    assert result.code == 2
    assert value == "absent.yml" or value not in result.out + result.err
    assert "Traceback" not in result.out + result.err
