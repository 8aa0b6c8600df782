"""The number of every category, which of several decides, and what `allow` excuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Kind, Project, State, Token, in_days
from kit.policies import GOOD, Settings, check, secret
from kit.told import FAULT, HTML, Rows, expect, too_many


class Case(NamedTuple):
    category: str
    code: int
    args: str = ""
    presented: str = GOOD
    answer: Answer | None = None
    kind: Kind = "personal"
    days: int = 100
    revoked: bool = False
    state: State = "active"


CASES = [
    Case("ok", 0),
    Case("token-missing", 10, presented=""),
    Case("token-malformed", 11, presented=f"ghp_{'a1B2' * 9}"),
    Case("token-invalid", 12, presented=secret(1)),
    Case("token-expired", 13, "--scopes sudo --project a/b --min-validity 9d", days=0),
    Case("token-revoked", 14, revoked=True),
    Case("account-restricted", 15, state="blocked"),
    Case("wrong-token-kind", 16, presented="gldt-3fZ1p5y4XWcCvMGVlfak"),
    Case("expires-soon", 20, "--min-validity 2w", days=3),
    Case("scope-missing", 21, "--scopes sudo"),
    Case("scope-forbidden", 22, "--forbid-scopes api"),
    Case("role-too-low", 23, "--project group/app --role maintainer"),
    Case("not-found", 24, "--project group/none"),
    Case("lives-too-long", 25, "--max-validity 30d"),
    Case("scope-unknown", 26, "--scopes api", kind="fine-grained"),
    Case("network-error", 30, "--url http://127.0.0.1:1"),
    Case("tls-error", 31, "--url https://127.0.0.1:{port}"),
    Case("rate-limited", 32, answer=too_many("3600")),
    Case("server-error", 33, answer=FAULT),
    Case("unexpected-answer", 34, answer=Answer(200, HTML)),
    Case("unsupported-server", 35, answer=Answer(404, {"error": "404 Not Found"})),
]


@pytest.mark.parametrize("case", CASES, ids=[case.category for case in CASES])
def test_every_category_has_its_exit_code(gitlab: GitLab, run: Run, case: Case) -> None:
    ends = in_days(case.days)
    gitlab.add(Token(GOOD, case.kind, expires_at=ends, revoked=case.revoked, state=case.state))
    gitlab.add_project(Project("group/app", members={7: 30}))
    if case.answer:
        gitlab.always(case.answer)
    args = case.args.format(port=gitlab.url.rpartition(":")[2]).split()
    result = run.json(*args, token=case.presented)
    report, token, fine = result.report, result.token, case.code == 0
    assert (result.code, report["exit_code"], report["category"]) == (case.code, *case[1::-1])
    assert (token["category"], token["ok"], report["ok"]) == (case.category, fine, fine)
    assert fine or (result.problem["severity"] == "error" and result.problem["message"])
    assert fine or result.problem["fix"]
    assert not case.presented or case.presented not in result.out + result.err
    assert bool(gitlab.requests) is (case.code not in (10, 11, 16, 30, 31))


def test_all_unmet_is_reported_and_the_lowest_code_decides(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",), expires_at=in_days(3)))
    gitlab.add_project(Project("group/app", members={7: 30}))
    args = "--scopes write_repository --forbid-scopes read_api --min-validity 14d"
    args += " --max-validity 1d --project group/app --role owner"
    result = run.json(*args.split(), token=GOOD)
    assert [(p["category"], p["severity"]) for p in result.token["problems"]] == [
        ("expires-soon", "error"), ("scope-missing", "error"), ("scope-forbidden", "error"),
        ("role-too-low", "error"), ("lives-too-long", "error"),
    ]  # fmt: skip
    assert (result.code, result.report["category"]) == (20, "expires-soon")


def test_a_verdict_outranks_what_could_not_be_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.always(FAULT, path="/projects/")
    tokens: dict[str, Settings] = {
        "project fails": {"project": "group/app", "scopes": ["sudo"]},
        "page": {"url": f"{gitlab.url}/somewhere"},
        "fine": {},
    }
    result = check(run, tokens)
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    found = [{p["category"] for p in t["problems"]} for t in result.report["tokens"]]
    assert found == [{"scope-missing", "server-error"}, {"unexpected-answer"}, set()]


def test_allow_excuses_only_what_and_where_it_says(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    api, nowhere = {"scopes": ["api"]}, {"url": "http://127.0.0.1:1"}
    both = {**api, "forbid-scopes": ["read_api"]}
    excused: dict[str, dict[str, Any]] = {
        "both": {**both, "allow": ["scope-missing", "scope-forbidden"]},
        "network": {**nowhere, "allow": ["network-error"]},
        "unknown": {"secret": secret(1), "allow": ["token-invalid"]},
        "missing": {"token-env": "NOT_THERE", "allow": ["token-missing"]},
    }
    result = check(run, excused, "--max-wait", "5s")
    assert (result.code, result.report["ok"], result.report["category"]) == (0, True, "ok")
    found = [
        [(p["category"], p["severity"]) for p in t["problems"]] for t in result.report["tokens"]
    ]
    assert found == [[(c, "warning") for c in row["allow"]] for row in excused.values()]
    rows: Rows = {
        "not excused": (api, "scope-missing"),
        "another": ({**api, "allow": ["network-error"]}, "scope-missing"),
        "in part": ({**both, "allow": ["scope-missing"]}, "scope-forbidden"),
        "network not": (nowhere, "network-error"),
    }
    expect(run, {**rows, "network": (excused["network"], "ok")}, "--max-wait", "5s")
