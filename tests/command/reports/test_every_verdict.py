"""A policy that comes to nearly every verdict, run once: what each format tells of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, Project, Token, in_days
from kit.reports import (
    CODES,
    DAY,
    FORMATS,
    checked,
    commands,
    junit_marks,
    table,
    value_for,
    variable,
    write_policy,
)  # fmt: skip

# Up to which exit code of the error that decides what becomes of the token and of what is asked.
MARKS = {
    0: ("passed", "passed"),
    15: ("failure", "skipped"),
    29: ("passed", "failure"),
    99: ("error", "error"),
}


class Case(NamedTuple):
    """A token of the policy and the verdict that the contract gives on it."""

    name: str
    category: str
    wants: Mapping[str, object]
    held: Token | str | None  # as the server knows it, or a value that it does not know


class Full(NamedTuple):
    """The run: its report in each format, those on the tokens, and how to run it again."""

    gitlab: GitLab
    cases: tuple[Case, ...]
    texts: dict[str, str]
    tokens: dict[str, dict[str, Any]]
    again: Callable[[str], Result]


def cases(gitlab: GitLab, old: GitLab) -> tuple[Case, ...]:
    app, api, sudo = {"project": "group/app"}, {"scopes": ["api"]}, {"scopes": ["sudo"]}
    lost, at = {"project": "group/nowhere"}, gitlab.url
    bad = {**sudo, "forbid-scopes": ["api"], **lost, "max-validity": "1d"}
    many = {"scopes": ["read_api"], **app, "role": "developer", "min-validity": "30d"}
    https, nobody = f"https://127.0.0.1:{urlsplit(at).port}", {"url": "http://127.0.0.1:1", **api}
    live, never, soon = Token(""), Token("", expires_at=None), Token("", expires_at=in_days(3))
    dead = Token("", expires_at=in_days(-1))
    narrow = Token("", scopes=("read_api",))
    oauth = Token("c0ffee" * 10 + "beef", kind="oauth", expires_in=90 * DAY)
    return (
        Case("good", "ok", many, Token("", expires_at=in_days(100))),
        Case("forever", "ok", api, never),
        Case("job", "ok", {}, Token("glcbt-64_9f2d7c5ab1e84f3c96d0", kind="job")),
        Case("oauth", "ok", {}, oauth),
        Case("bot", "ok", {"kind": "project"}, Token("", kind="project")),
        Case("ending", "ok", {}, soon),
        Case("tolerated", "ok", {**sudo, "allow": ["scope-missing"]}, live),
        Case("let", "ok", {**nobody, "allow": ["network-error"]}, ""),
        Case("absent", "token-missing", api, None),
        Case("foreign", "token-malformed", api, "ghp_0123456789abcdefABCDEF0123456789abcd"),
        Case("unknown", "token-invalid", api, ""),
        Case("expired", "token-expired", {**api, **app, "role": "owner"}, dead),
        Case("revoked", "token-revoked", {**api, **app}, Token("", revoked=True)),
        Case("blocked", "account-restricted", {**api, **app}, Token("", state="blocked")),
        Case("kindless", "wrong-token-kind", {"kind": "project"}, live),
        Case("short", "expires-soon", {"min-validity": "14d", **sudo}, soon),
        Case("narrow", "scope-missing", {"scopes": ["api", "sudo"]}, narrow),
        Case("broad", "scope-forbidden", {"forbid-scopes": ["sudo"]}, Token("", scopes=("sudo",))),
        Case("guest", "role-too-low", {**app, "role": "maintainer"}, Token("", user_id=8)),
        Case("stranger", "not-found", {**lost, "role": "owner"}, live),
        Case("lasting", "lives-too-long", {"max-validity": "7d"}, live),
        Case("immortal", "lives-too-long", {"max-validity": "52w"}, never),
        Case("granular", "scope-unknown", api, Token("", kind="fine-grained")),
        Case("several", "scope-missing", bad, live),
        Case("half", "scope-missing", {**sudo, "project": "group/broken"}, live),
        Case("refused", "network-error", nobody, ""),
        Case("plain", "tls-error", {"url": https, **api}, ""),
        Case("busy", "rate-limited", {"url": f"{at}/busy", **api}, ""),
        Case("broken", "server-error", {"url": f"{at}/broken", **api}, ""),
        Case("portal", "unexpected-answer", {"url": f"{at}/portal", **api}, ""),
        Case("elsewhere", "unexpected-answer", {"url": f"{at}/elsewhere"}, ""),
        Case("old", "unsupported-server", {"url": old.url, **api}, live),
    )  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    run_in, env = tmp_path_factory.mktemp("work"), {}
    with GitLab() as gitlab, GitLab(version="15.4.0") as old:
        gitlab.date = datetime.now(timezone.utc).replace(microsecond=0)  # a clock that stands still
        gitlab.add_project(Project("group/app", members={7: 30, 8: 20}))
        later = (("Retry-After", "3600"), ("Content-Type", "text/plain"))
        gitlab.always(Answer(429, "Retry later\n", later), "/busy/")
        broken = Answer(500, {"message": "500 Internal Server Error"})
        gitlab.always(broken, "/broken/")
        gitlab.always(broken, "/projects/group/broken")
        gitlab.always(Answer(200, "<!DOCTYPE html><title>Sign in</title>"), "/portal/")
        there = (("Location", "https://git.example.org/api/v4/"),)
        gitlab.always(Answer(302, "", there), "/elsewhere/")
        everything = cases(gitlab, old)
        for name, _, _, held in everything:
            value = held.value if isinstance(held, Token) else held
            if isinstance(held, Token):
                server = old if name == "old" else gitlab
                server.add(held._replace(value=value or value_for(name)))
            if value is not None:
                env[variable(name)] = value or value_for(name)
        run = Run(run_in, run_in, gitlab.url)
        write_policy(run, *({"name": case.name, **case.wants} for case in everything))
        result = run(*(f"--report={kind}={kind}.out" for kind in FORMATS), env=env)
        texts = {kind: (run_in / f"{kind}.out").read_text() for kind in FORMATS}
        assert (result.code, result.out, result.err) == (10, texts["text"], "")
        tokens = {one["name"]: one for one in checked(json.loads(texts["json"]), 10)["tokens"]}
        again = partial(run, "--format", env=env)
        yield Full(gitlab, everything, texts, tokens, again)


def test_every_token_gets_its_verdict_in_the_order_of_the_file(full: Full) -> None:
    verdicts = {name: token["category"] for name, token in full.tokens.items()}
    assert [*verdicts.items()] == [(case.name, case.category) for case in full.cases]
    assert set(CODES) - {*verdicts.values()} == {"usage-error", "config-error", "internal-error"}


def test_all_problems_of_a_token_are_reported_and_the_first_decides(full: Full) -> None:
    found = {name: [p["category"] for p in one["problems"]] for name, one in full.tokens.items()}
    assert found["several"] == ["scope-missing", "scope-forbidden", "not-found", "lives-too-long"]
    assert found["short"] == ["expires-soon", "scope-missing"]
    warned = [found[name] for name in ("good", "ending", "tolerated", "let")]
    assert warned == [[], ["expires-soon"], ["scope-missing"], ["network-error"]]


def test_each_problem_names_its_variable_a_fix_and_the_command_that_explains(full: Full) -> None:
    for token in full.tokens.values():
        assert token["source"] == variable(token["name"])
        assert not [note for note in token["notes"] if "clock" in note]
        for problem in token["problems"]:
            assert problem["docs"] == f"glcheck explain {problem['category']}"
            assert len(problem["fix"]) > 20
            assert problem["fix"] != problem["message"]
            if CODES[problem["category"]] < 30:  # from there on the fault is not the token's
                assert token["source"] in problem["message"] + problem["fix"], problem


def test_the_description_is_what_gitlab_said(full: Full) -> None:
    held = {name: token["token"] for name, token in full.tokens.items() if token["token"]}
    good = full.cases[0].held
    assert isinstance(good, Token)
    assert full.gitlab.date
    left = datetime.fromisoformat(f"{good.expires_at}T00:00:00+00:00") - full.gitlab.date
    told = {"kind": "access-token", "name": "ci", "user_id": 7, "scopes": ["api"]}
    told |= {"expires_at": good.expires_at, "expires_at_utc": f"{good.expires_at}T00:00:00Z"}
    told |= {"seconds_left": int(left.total_seconds()), "days_left": left.days}
    assert isinstance(held["good"].pop("id"), int)
    assert held["good"] == told
    kinds = [(held[name]["kind"], held[name]["scopes"]) for name in ("job", "oauth", "bot")]
    assert kinds == [("job", []), ("oauth", ["api"]), ("project", ["api"])]
    assert [held[name]["days_left"] for name in ("forever", "immortal", "job")] == [None] * 3
    assert abs(held["oauth"]["seconds_left"] - 90 * DAY) <= 60
    unseen = {"absent", "foreign", "unknown", "expired", "revoked", "blocked", "let"}
    unseen |= {case.name for case in full.cases if CODES[case.category] >= 30}
    assert set(full.tokens) - set(held) == unseen


def test_messages_notes_details_and_requests_say_what_exactly_it_was(full: Full) -> None:
    assert [full.tokens[name]["requests"] for name in ("absent", "foreign", "good")] == [0, 0, 2]
    names = ("narrow", "refused", "elsewhere")
    narrow, refused, moved = (full.tokens[name]["problems"][0] for name in names)
    wanted = {"required": ["api", "sudo"], "missing": ["api", "sudo"], "held": ["read_api"]}
    assert narrow["details"].items() >= wanted.items()
    assert "refused" in refused["message"]
    assert "seconds" not in refused["message"], "it was no silence"
    assert "https://git.example.org" in moved["message"] + moved["fix"]
    (note,) = full.tokens["good"]["notes"]
    assert re.search(r"read_api\W.*\bapi\b", note), "another scope includes the one that is asked"
    assert f"  note: {note}\n" in full.texts["text"]


def test_junit_says_error_for_the_one_requirement_that_could_not_be_asked(full: Full) -> None:
    found = junit_marks(full.texts["junit"])["half"]
    assert found == {"token": "passed", "scopes": "failure", "project": "error"}


def test_junit_tells_unmet_from_not_asked_and_not_reached(full: Full) -> None:
    found = junit_marks(full.texts["junit"])
    wanted = {}
    for name, category, wants, _ in full.cases:
        code = CODES[category]
        token, rest = next(marks for most, marks in MARKS.items() if code <= most)
        asked = [setting for setting in wants if setting not in ("url", "allow")]
        wanted[name] = {"token": token, **dict.fromkeys(asked, rest)}
    wanted["stranger"]["role"] = wanted["let"]["scopes"] = "skipped"
    wanted["guest"]["project"] = "passed"
    wanted["half"]["project"] = "error"
    assert found == wanted
    assert [*found] == [*wanted]


def test_each_format_tells_of_each_token_that_is_not_in_order(full: Full) -> None:
    heads = re.findall(r"(?m)^(?:ok|(\w+)\[(.*)\]) (.*?): ", full.texts["text"])
    told = [(one.name, one.data.partition(":")[0]) for one in commands(full.texts["github"])]
    rows = [(row[0], row[1].split()[1]) for row in table(full.texts["markdown"])]
    links = [link["external_link"] for link in json.loads(full.texts["annotations"])["glcheck"]]
    problems = [
        (p["severity"], p["category"], name)
        for name, one in full.tokens.items()
        for p in one["problems"]
    ]
    assert rows == [(name, one["category"]) for name, one in full.tokens.items()]
    assert [head for head in heads if head[0]] == problems
    assert [name for severity, _, name in heads if not severity] == [
        case.name for case in full.cases if case.category == "ok"
    ]
    assert set(told) == {(severity, name) for severity, _, name in problems}
    assert len(set(told)) == len(told)
    assert {link["label"].partition(":")[0] for link in links} == {name for *_, name in problems}


def test_several_reports_from_one_run_equal_the_single_ones(full: Full) -> None:
    def plain(text: str) -> str:  # without what differs from run to run
        return re.sub(r'(?m)^ *"(elapsed_ms|checked_at)": .*\n| time="[^"]*"', "", text)

    at_first = len(full.gitlab.requests)
    with ThreadPoolExecutor(2) as pool:
        for kind, result in zip(FORMATS, pool.map(full.again, FORMATS), strict=True):
            assert (result.code, result.err) == (10, ""), kind
            assert plain(result.out) == plain(full.texts[kind]), kind
    assert len(full.gitlab.requests) == at_first * (1 + len(FORMATS))
