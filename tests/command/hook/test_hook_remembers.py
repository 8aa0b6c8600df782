"""A success is remembered and not asked about again; anything else is, and nothing stays."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from kit.command import Result
from kit.gitlab_server import Project, Token, in_days
from kit.hook import MALFORMED, Hook, asked, by_name, lines
from kit.policies import GOOD, Settings, secret


def test_a_second_push_asks_nothing_and_says_so(hook: Hook) -> None:
    first = hook()
    assert (first.code, hook.requests, first.err) == (0, 1, "")
    assert first.out.startswith("ok GITLAB_TOKEN: ")
    assert "not asked" not in first.out
    second = hook()
    assert (second.code, hook.requests, second.err) == (0, 0, "")
    ago = r"not asked GITLAB_TOKEN: It was in order \d\d? seconds? ago\.\n"
    assert re.fullmatch(ago, second.out)
    assert (hook("-q"), hook.requests) == (Result(0, "", ""), 0)
    assert not hook.asks()
    assert len(hook.json().token["notes"]) == 1


def test_a_check_neither_remembers_nor_relies_on_what_is_remembered(hook: Hook) -> None:
    assert hook.run("check", env=hook.environ).code == 0
    assert hook.files == []
    assert hook.asks()
    before = len(hook.gitlab.requests)
    assert hook.run("check", env=hook.environ).code == 0
    assert len(hook.gitlab.requests) == before + 1


@pytest.mark.parametrize(("code", "token", "args"), [
    (11, lambda: Token(MALFORMED), ()),
    (12, lambda: Token(secret(9)), ()),
    (13, lambda: Token(secret(1), expires_at=in_days(0)), ()),
    (14, lambda: Token(secret(1), revoked=True), ()),
    (16, lambda: Token("gldt-3fZ1p5y4XWcCvMGVlfak"), ()),
    (20, lambda: Token(secret(1), expires_at=in_days(3)), ("--min-validity", "30d")),
    (21, lambda: Token(GOOD), ("--scopes", "sudo")),
    (24, lambda: Token(GOOD), ("--project", "group/none")),
    (25, lambda: Token(GOOD), ("--max-validity", "30d")),
])  # fmt: skip
def test_a_failure_stops_each_push_and_drops_all_that_is_remembered(
    hook: Hook, code: int, token: Callable[[], Token], args: tuple[str, ...]
) -> None:
    if code != 12:  # which nobody knows
        hook.gitlab.add(token())
    assert hook.asks(token=hook.gitlab.add(Token(secret(2))))
    assert len(hook.files) == 1
    for _ in range(2):
        result = hook(*args, env={"GITLAB_TOKEN": token().value})
        assert (result.code, hook.requests > 0) == (code, code not in {11, 16})
        error, fix, docs = lines(result)
        assert (error.partition("[")[0], fix[:7], docs[:8]) == ("error", "  fix: ", "  docs: ")
        assert "does not stop" not in result.out
        assert hook.files == []


def test_a_success_with_a_warning_or_of_a_job_is_asked_again(hook: Hook) -> None:
    add = hook.gitlab.add
    allowed = {"scopes": ["sudo"], "allow": ["scope-missing"]}
    tokens: dict[str, Settings] = {
        "soon": {"secret": add(Token(secret(1), expires_at=in_days(3)))},
        "line end": {"secret": add(Token(secret(2))) + "\n"},
        "allowed": {"secret": add(Token(secret(3))), **allowed},
        "job": {"secret": add(Token("glcbt-64_3fZ1p5y4XWcCvMGVlfak", "job"))},
        "clean": {},
    }
    run = hook.policy(tokens)
    again = set(tokens) - {"clean"}
    for names in (set(tokens), again):
        result = run()
        assert (result.code, asked(result)) == (0, names)
        warned = {name for name, token in by_name(result).items() if token["problems"]}
        assert warned == again - {"job"}
    assert len(hook.files) == 1


def test_whatever_changes_what_is_asked_is_asked_and_remembered_on_its_own(hook: Hook) -> None:
    """A change of each sort; unit/hook/test_memory.py has every one."""
    hook.gitlab.add_project(Project("group/app", members={7: 40}))
    elsewhere = hook.gitlab.url.replace("127.0.0.1", "localhost")
    place = ("--project", "group/app", "--role", "maintainer", "--kind", "personal")
    changes = [(), ("--url", elsewhere), ("--scopes", "api"), ("--min-validity", "1d"), place]
    assert [change for change in changes if not hook.asks(*change)] == []
    assert hook.asks(token=hook.gitlab.add(Token(secret(1))))
    assert len(hook.files) == len(changes) + 1
    assert [change for change in changes if hook.asks(*change)] == []


def test_several_tokens_are_remembered_each_on_its_own(hook: Hook) -> None:
    names = ("one", "two", "three")
    values = {name: hook.gitlab.add(Token(secret(n), name=name)) for n, name in enumerate(names)}
    run = hook.policy({name: {"secret": value} for name, value in values.items()})
    first = run("--only", "two")
    assert (first.code, asked(first), len(hook.files)) == (0, {"two"}, 1)
    second = run()
    assert (second.code, asked(second), len(hook.files)) == (0, {"one", "three"}, 3)
    assert asked(run()) == set()
    # The same token under another name in another file is the same question.
    assert not hook.asks(token=values["one"])


def test_a_revocation_that_is_allowed_is_one_for_all_entries_of_the_token(hook: Hook) -> None:
    value = hook.gitlab.add(Token(secret(1)))
    allowing = {"allow": ["token-revoked"], "scopes": ["api"]}
    run = hook.policy({"a": {"secret": value}, "b": {"secret": value, **allowing}})
    run("--only", "a")
    assert len(hook.files) == 1
    hook.gitlab.add(Token(value, revoked=True))
    assert run("--only", "b").code == 0
    assert hook.files == []


def test_a_failure_beside_a_success_leaves_nothing_remembered(hook: Hook) -> None:
    tokens: dict[str, Settings] = {"good": {}, "bad": {"secret": secret(9)}}
    run = hook.policy(tokens)
    for _ in range(2):
        result = run()
        assert (result.code, asked(result), hook.files) == (12, set(tokens), [])


def test_a_token_on_standard_input_is_remembered_too(hook: Hook) -> None:
    hook.environ["GITLAB_TOKEN"] = ""
    args = ("--token-file", "-")
    assert hook.asks(*args, stdin=GOOD.encode())
    assert not hook.asks(*args, stdin=GOOD.encode())
    assert hook.asks(*args, stdin=hook.gitlab.add(Token(secret(1))).encode())
    assert hook(*args, stdin=b"").code == 0
