"""The thinnest run that is real: the installed command, a socket, an exit code."""

from __future__ import annotations

from kit.command import Run
from kit.gitlab_server import GitLab, Token

GOOD = "glpat-aaaaaaaaaaaaaaaaaaaa"


def test_a_good_token_is_ok_in_one_line_and_one_request(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    result = run(token=GOOD)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("ok GITLAB_TOKEN: ")
    assert [request.path for request in gitlab.requests] == ["/api/v4/personal_access_tokens/self"]


def test_an_unknown_token_is_invalid(run: Run) -> None:
    result = run(token=GOOD)
    assert result.code == 12
    assert result.out.startswith("error[token-invalid] GITLAB_TOKEN: ")


def test_the_command_named_and_not_named_is_the_same(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    assert (
        run("check", "--scopes", "read_api", token=GOOD).out
        == run("--scopes", "read_api", token=GOOD).out
    )
