"""A policy with many tokens: all are checked, at once, with little traffic, reported in order."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.policies import GOOD, SELF, Settings, answered, check, describe, secret, verdicts


def many(gitlab: GitLab, number: int, **settings: str) -> dict[str, Settings]:
    """Tokens of so many accounts."""
    values = [gitlab.add(Token(secret(n), user_id=n)) for n in range(number)]
    return {f"token {n}": {"secret": value, **settings} for n, value in enumerate(values)}


def test_the_report_has_the_order_of_the_file(gitlab: GitLab, run: Run) -> None:
    names = ["slow", "Zoe", "10", "9", "absent", "adam", "wrong", "last"]
    slow = answered(gitlab, {"slow": Answer(200, describe(), delay=0.5)})["slow"]
    own: dict[str, Settings] = {"slow": slow, "wrong": {"secret": "ghp_" + "aB3" * 12}}
    own["absent"] = {"token-env": "NOT_SET"}
    gitlab.add(Token(GOOD))
    result = check(run, {name: own.get(name, {}) for name in names})  # which compares the names
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
    failing = {"kind again": "wrong-token-kind", "owner": "role-too-low"}
    assert verdicts(run, tokens) == {**dict.fromkeys(tokens, "ok"), **failing}
    asked = Counter(request.path.partition("?")[0] for request in gitlab.requests)
    project = "/api/v4/projects/group%2Fapp"
    member = f"{project}/members/all/7"  # an owner by a share?
    once = [SELF, "/api/v4/user", project, member, "/api/v4/groups/team"]
    assert asked == dict.fromkeys(once, 1)


def test_memberships_that_are_listed_are_listed_once(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    gitlab.add_project(Project("group/app", members={7: 40}))
    asked = {"project": "group/app", "role": "developer"}
    tokens: dict[str, Settings] = {f"{n}": asked for n in range(5)}
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
    assert len(gitlab.requests) == 2


def test_the_same_secret_is_asked_at_every_place_and_no_secret_strays(
    gitlab: GitLab, run: Run
) -> None:
    here, there = secret(1), secret(2)
    with GitLab() as other:
        for server, value in ((gitlab, here), (other, there)):
            server.add(Token(GOOD))
            server.add(Token(value))
        tokens: dict[str, Settings] = {
            "both here": {},
            "both there": {"url": other.url},
            "here": {"secret": here},
            "there": {"secret": there, "url": other.url},
        }
        assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
        for server, mine, foreign in ((gitlab, here, there), (other, there, here)):
            assert len(server.requests) == 2
            headers = " ".join(" ".join(one.headers.values()) for one in server.requests)
            assert (mine in headers, foreign in headers) == (True, False)


@pytest.mark.slow
def test_a_hundred_tokens_take_little_longer_than_a_few(gitlab: GitLab, run: Run) -> None:
    """At most a quarter of what the server takes for one after the other, by few connections."""
    gitlab.delay = 0.2
    tokens = many(gitlab, 100)

    def seconds(some: dict[str, Settings]) -> float:
        start = time.monotonic()
        gitlab.requests.clear()
        assert verdicts(run, some) == dict.fromkeys(some, "ok")
        assert len(gitlab.requests) == len(some)
        assert len({request.client for request in gitlab.requests}) <= 16
        return time.monotonic() - start

    few = seconds(dict([*tokens.items()][:3]))
    assert any(seconds(tokens) < few + 100 * gitlab.delay / 4 for _ in range(3))
    assert 1 < gitlab.most_open <= 16


def test_one_token_and_its_project_use_one_connection(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("group/app", shared={7: 40}))
    assert run("--project", "group/app", "--role", "developer", token=GOOD).code == 0
    assert len(gitlab.requests) == 3
    assert len({request.client for request in gitlab.requests}) == 1


def test_cookies_of_the_server_are_never_sent_back(gitlab: GitLab, run: Run) -> None:
    gitlab.add_project(Project("group/app", members=dict.fromkeys(range(20), 40)))
    tokens = many(gitlab, 20, project="group/app", role="guest")
    report = check(run, tokens).report
    assert [token["category"] for token in report["tokens"]] == ["ok"] * 20
    # Requests in the report add up to what the server got.
    assert [token["requests"] for token in report["tokens"]] == [2] * 20
    assert len(gitlab.requests) == 40
    assert [request for request in gitlab.requests if "cookie" in request.headers] == []


def test_a_token_that_fails_stops_no_other(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), expires_at=in_days(-3)))
    gitlab.add(Token(secret(2), revoked=True))
    rows: dict[str, tuple[Settings, str]] = {
        "absent": ({"token-env": "NOT_SET"}, "token-missing"),
        "no file": ({"token-file": "nowhere.txt"}, "token-missing"),
        "masked": ({"secret": "[MASKED]"}, "token-malformed"),
        "unknown": ({"secret": secret(3)}, "token-invalid"),
        "expired": ({"secret": secret(1)}, "token-expired"),
        "revoked": ({"secret": secret(2)}, "token-revoked"),
        "deploy": ({"secret": "gldt-3fZ1p5y4XWcCvMGVlfak"}, "wrong-token-kind"),
        "soon": ({"min-validity": "200d"}, "expires-soon"),
        "poor": ({"scopes": ["sudo"]}, "scope-missing"),
        "nowhere": ({"url": "http://127.0.0.1:1"}, "network-error"),
        "no tls": ({"url": gitlab.url.replace("http:", "https:")}, "tls-error"),
        "page": ({"url": f"{gitlab.url}/elsewhere"}, "unexpected-answer"),
        "good": ({}, "ok"),
    }
    result = check(run, {name: settings for name, (settings, _) in rows.items()})
    found = {token["name"]: token["category"] for token in result.report["tokens"]}
    assert found == {name: category for name, (_, category) in rows.items()}
    assert (result.code, result.report["category"]) == (10, "token-missing")
    assert result.report["ok"] is False


def test_a_throttled_server_gets_its_pause_and_all_tokens_their_verdict(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.throttle = 20
    tokens = many(gitlab, 35)
    assert verdicts(run, tokens) == dict.fromkeys(tokens, "ok")
