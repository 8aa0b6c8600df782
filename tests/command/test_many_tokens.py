"""A policy with many tokens: all are checked, at once, with little traffic, and reported in order."""

from __future__ import annotations

import time
from collections import Counter

from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.policies import GOOD, SELF, Settings, answered, check, describe, secret, verdicts


def many(gitlab: GitLab, number: int) -> dict[str, Settings]:
    return {
        f"token {n}": {"secret": gitlab.add(Token(secret(n), user_id=n))} for n in range(number)
    }


def test_the_report_has_the_order_of_the_file(gitlab: GitLab, run: Run) -> None:
    names = ["slow", "Zoe", "10", "9", "absent", "adam", "wrong", "last"]
    slow = answered(gitlab, {"slow": Answer(200, describe(), delay=0.5)})["slow"]
    own: dict[str, Settings] = {
        "slow": slow, "absent": {"token-env": "NOT_SET"}, "wrong": {"secret": "ghp_" + "aB3" * 12},
    }  # fmt: skip
    gitlab.add(Token(GOOD))
    tokens = {name: own.get(name, {}) for name in names}
    result = check(run, tokens)  # which compares the names
    assert result.code == 10
    text = run("--config", "policy.yml", env={f"TOKEN_{n}": GOOD for n in range(len(names))}).out
    lines = [line for line in text.splitlines() if line.startswith(("ok ", "error["))]
    assert [line.partition(" ")[2].partition(":")[0] for line in lines] == names


def test_the_same_secret_at_the_same_place_is_asked_once(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("group/app", members={7: 40}))
    gitlab.add_group(Group("team", members={7: 40}))
    (run.directory / "token.txt").write_text(GOOD)
    tokens: dict[str, Settings] = {
        "plain": {},
        "from a file": {"token-file": "token.txt"},
        "scopes": {"scopes": ["read_api"]},
        "kind": {"kind": "personal"},
        "kind again": {"kind": "project"},
        "developer": {"project": "group/app", "role": "developer"},
        "owner": {"project": "group/app", "role": "owner"},
        "project": {"project": "group/app"},
        "group": {"group": "team"},
    }
    assert verdicts(run, tokens) == {
        **dict.fromkeys(tokens, "ok"),
        "kind again": "wrong-token-kind",
        "owner": "role-too-low",
    }
    assert Counter(request.path.partition("?")[0] for request in gitlab.requests) == {
        SELF: 1,
        "/api/v4/user": 1,
        "/api/v4/projects/group%2Fapp": 1,
        "/api/v4/projects/group%2Fapp/members/all/7": 1,  # an owner by a share?
        "/api/v4/groups/team": 1,
    }


def test_memberships_that_are_listed_are_listed_once(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    gitlab.add_project(Project("group/app", members={7: 40}))
    tokens: dict[str, Settings] = {
        f"{n}": {"project": "group/app", "role": "developer"} for n in range(5)
    }
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
    assert len(gitlab.requests) == 2


def test_the_same_secret_is_asked_at_every_place_and_no_secret_strays(
    gitlab: GitLab, run: Run
) -> None:
    with GitLab() as other:
        both, here, there = GOOD, secret(1), secret(2)
        for value in (both, here):
            gitlab.add(Token(value))
        for value in (both, there):
            other.add(Token(value))
        tokens: dict[str, Settings] = {
            "both here": {},
            "both there": {"url": other.url},
            "here": {"secret": here},
            "there": {"secret": there, "url": other.url},
        }
        assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
        seen = [
            " ".join(value for request in server.requests for value in request.headers.values())
            for server in (gitlab, other)
        ]
        assert (len(gitlab.requests), len(other.requests)) == (2, 2)
        assert (here in seen[0], there in seen[0], here in seen[1], there in seen[1]) == (
            True,
            False,
            False,
            True,
        )


def test_a_hundred_tokens_take_little_longer_than_a_few(gitlab: GitLab, run: Run) -> None:
    """A server that takes 0.1 s to answer: under 2.5 s of wall time, the best of three on a busy machine."""
    gitlab.delay = 0.1
    tokens = many(gitlab, 100)
    spent = []
    for _ in range(3):
        gitlab.requests.clear()
        start = time.monotonic()
        found = verdicts(run, tokens)
        spent.append(time.monotonic() - start)
        assert found == dict.fromkeys(tokens, "ok")
        assert len(gitlab.requests) == 100
        if spent[-1] < 2.5:
            break
    assert min(spent) < 2.5, spent


def test_connections_are_few_and_are_used_again(gitlab: GitLab, run: Run) -> None:
    gitlab.delay = 0.02
    gitlab.add_project(Project("group/app", members=dict.fromkeys(range(100), 40)))
    tokens = {
        name: {**token, "project": "group/app", "role": "developer"}
        for name, token in many(gitlab, 100).items()
    }
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
    assert len(gitlab.requests) == 200
    assert 1 < gitlab.most_open <= 16
    assert len({request.client for request in gitlab.requests}) <= 16


def test_one_token_and_its_project_use_one_connection(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("group/app", shared={7: 40}))
    assert run("--project", "group/app", "--role", "developer", token=GOOD).code == 0
    assert len(gitlab.requests) == 3
    assert len({request.client for request in gitlab.requests}) == 1


def test_cookies_of_the_server_are_never_sent_back(gitlab: GitLab, run: Run) -> None:
    gitlab.add_project(Project("group/app", members=dict.fromkeys(range(20), 40)))
    tokens = {
        name: {**token, "project": "group/app", "role": "guest"}
        for name, token in many(gitlab, 20).items()
    }
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
    assert len(gitlab.requests) == 40
    assert [request for request in gitlab.requests if "cookie" in request.headers] == []


def test_a_token_that_fails_stops_no_other(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), expires_at=in_days(-3)))
    gitlab.add(Token(secret(2), revoked=True))
    tokens: dict[str, Settings] = {
        "absent": {"token-env": "NOT_SET"},
        "no file": {"token-file": "nowhere.txt"},
        "masked": {"secret": "[MASKED]"},
        "unknown": {"secret": secret(3)},
        "expired": {"secret": secret(1)},
        "revoked": {"secret": secret(2)},
        "deploy": {"secret": "gldt-3fZ1p5y4XWcCvMGVlfak"},
        "soon": {"min-validity": "200d"},
        "poor": {"scopes": ["sudo"]},
        "nowhere": {"url": "http://127.0.0.1:1"},
        "no tls": {"url": gitlab.url.replace("http:", "https:")},
        "page": {"url": f"{gitlab.url}/elsewhere"},
        "good": {},
    }
    result = check(run, tokens)
    assert {token["name"]: token["category"] for token in result.report["tokens"]} == {
        "absent": "token-missing",
        "no file": "token-missing",
        "masked": "token-malformed",
        "unknown": "token-invalid",
        "expired": "token-expired",
        "revoked": "token-revoked",
        "deploy": "wrong-token-kind",
        "soon": "expires-soon",
        "poor": "scope-missing",
        "nowhere": "network-error",
        "no tls": "tls-error",
        "page": "unexpected-answer",
        "good": "ok",
    }
    assert (result.code, result.report["category"], result.report["ok"]) == (
        10,
        "token-missing",
        False,
    )


def test_only_the_tokens_that_are_picked_are_asked_about(gitlab: GitLab, run: Run) -> None:
    many(gitlab, 4)
    entries = "".join(f"  - {{name: t{n}, token-env: TOKEN_{n}}}\n" for n in range(4))
    (run.directory / ".glcheck.yml").write_text(f"version: 1\ntokens:\n{entries}")
    result = run.json(
        "--only", "t3", "--only", "t1", env={f"TOKEN_{n}": secret(n) for n in range(4)}
    )
    assert [token["name"] for token in result.report["tokens"]] == ["t1", "t3"]
    assert {
        request.headers.get("private-token", request.headers.get("authorization", ""))[-2:]
        for request in gitlab.requests
    } == {"01", "03"}
    assert run("--only", "t9").code == 2


def test_a_throttled_server_gets_its_pause_and_all_tokens_their_verdict(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.throttle = 20
    tokens = many(gitlab, 35)
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")


def test_requests_in_the_report_add_up_to_what_the_server_got(gitlab: GitLab, run: Run) -> None:
    gitlab.add_project(Project("group/app", members=dict.fromkeys(range(12), 40)))
    tokens = {name: {**token, "project": "group/app"} for name, token in many(gitlab, 12).items()}
    report = check(run, tokens).report
    assert [token["requests"] for token in report["tokens"]] == [2] * 12
    assert len(gitlab.requests) == 24
