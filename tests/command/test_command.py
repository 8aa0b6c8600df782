"""The thinnest run that is real: the installed command, a socket, an exit code."""

from __future__ import annotations

from kit.command import Run
from kit.gitlab_server import GitLab, Token
from kit.policies import GOOD, SELF


def test_a_good_token_is_ok_in_one_line_and_one_request(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    result = run(token=GOOD)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("ok GITLAB_TOKEN: ")
    assert [request.path for request in gitlab.requests] == [SELF]
    assert run("check", token=GOOD).out == result.out


def test_an_unknown_token_is_invalid(run: Run) -> None:
    result = run(token=GOOD)
    assert result.code == 12
    assert result.out.startswith("error[token-invalid] GITLAB_TOKEN: ")
