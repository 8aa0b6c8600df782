"""A policy that comes to nearly every verdict, run once: what is reported of each of its tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from kit import reports
from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.policies import describe
from kit.reports import CODES, DAY, FORMATS, variable

# The verdict that the contract gives, what is asked, and the token if the server knows it.
Cases = dict[str, tuple[str, Mapping[str, object], Token | None]]
VALUES = {"T_JOB": "glcbt-64_9f2d7c5ab1e84f3c96d0", "T_OAUTH": "c0ffee" * 10 + "beef"}
VALUES["T_FOREIGN"] = "ghp_0123456789abcdefABCDEF0123456789abcd"
# What becomes of the token and of what is asked, up to that exit code.
MARKS = {0: "passed passed", 15: "failure skipped", 29: "passed failure", 99: "error error"}
UNUSABLE = {"usage-error", "config-error"}
PERSONAL, PLACE = "/-/user_settings/personal_access_tokens", "/-/settings/access_tokens"
APP, SUB = f"/group/app{PLACE}", f"/groups/group/sub{PLACE}"
PAGES = dict.fromkeys(("expired", "revoked", "unknown", "short", "narrow"), PERSONAL)
PAGES |= {"dead-app": APP, "narrow-app": APP, "dead-sub": SUB, "narrow-sub": SUB}


class Full(NamedTuple):
    """The run: its report in each format, those on the tokens, and how to run it again."""

    gitlab: GitLab
    cases: Cases
    texts: dict[str, str]
    tokens: dict[str, dict[str, Any]]
    again: Callable[[str], Result]


def cases(gitlab: GitLab, old: GitLab) -> Cases:
    api, sudo, two = {"scopes": ["api"]}, {"scopes": ["sudo"]}, {"scopes": ["api", "sudo"]}
    app, lost, at = {"project": "group/app"}, {"project": "group/nowhere"}, gitlab.url
    bot, group = {"kind": "project", **app, **api}, {"kind": "group", "group": "group/sub", **api}
    bad = {**sudo, "forbid-scopes": ["api"], **lost, "max-validity": "1d"}
    many = {"scopes": ["read_api"], **app, "role": "developer", "min-validity": "30d"}
    https, nobody = f"https://127.0.0.1:{urlsplit(at).port}", {"url": "http://127.0.0.1:1", **api}
    live, never, soon = Token(""), Token("", expires_at=None), Token("", expires_at=in_days(3))
    dead, narrow = Token("", expires_at=in_days(-1)), Token("", scopes=("read_api",))
    odd, oauth = "ci & co: 100%", Token("", kind="oauth", expires_in=90 * DAY)
    return {
        "good": ("ok", many, Token("", expires_at=in_days(100))),
        "forever": ("ok", api, never),
        "job": ("ok", {}, Token("", kind="job")),
        "oauth": ("ok", {}, oauth),
        "ending": ("ok", {}, soon),
        "tolerated": ("ok", {**sudo, "allow": ["scope-missing"]}, live),
        "let": ("ok", {**nobody, "allow": ["network-error"]}, None),
        "clock": ("ok", {"url": f"{at}/clock"}, None),
        "absent": ("token-missing", api, None),
        "foreign": ("token-malformed", api, None),
        "unknown": ("token-invalid", api, None),
        "expired": ("token-expired", {**api, **app, "role": "owner"}, dead),
        "revoked": ("token-revoked", {**api, **app}, Token("", revoked=True)),
        "blocked": ("account-restricted", {**api, **app}, Token("", state="blocked")),
        "kindless": ("wrong-token-kind", {"kind": "project"}, live),
        "short": ("expires-soon", {"min-validity": "14d", **sudo}, soon._replace(name=odd)),
        "narrow": ("scope-missing", two, narrow._replace(name=odd)),
        "broad": ("scope-forbidden", {"forbid-scopes": ["sudo"]}, Token("", scopes=("sudo",))),
        "guest": ("role-too-low", {**app, "role": "maintainer"}, Token("", user_id=8)),
        "stranger": ("not-found", {**lost, "role": "owner"}, live),
        "dead-app": ("token-expired", bot, dead._replace(kind="project")),
        "narrow-app": ("scope-missing", bot, narrow._replace(kind="project")),
        "dead-sub": ("token-expired", group, dead._replace(kind="group")),
        "narrow-sub": ("scope-missing", group, narrow._replace(kind="group")),
        "immortal": ("lives-too-long", {"max-validity": "52w"}, never),
        "granular": ("scope-unknown", api, Token("", kind="fine-grained")),
        "several": ("scope-missing", bad, live),
        "half": ("scope-missing", {**sudo, "project": "group/broken"}, live),
        "refused": ("network-error", nobody, None),
        "plain": ("tls-error", {"url": https, **api}, None),
        "busy": ("rate-limited", {"url": f"{at}/busy", **api}, None),
        "broken": ("server-error", {"url": f"{at}/broken", **api}, None),
        "portal": ("unexpected-answer", {"url": f"{at}/portal", **api}, None),
        "elsewhere": ("unexpected-answer", {"url": f"{at}/elsewhere"}, None),
        "old": ("unsupported-server", {"url": old.url, **api}, live),
    }  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    place = tmp_path_factory.mktemp("work")
    clock, later = "Fri, 30 Nov 2131 00:00:01 GMT", (("Retry-After", "3600"),)
    broken = Answer(500, {"message": "500 Internal Server Error"})
    answers = {
        "/busy/": Answer(429, "Retry later\n", (*later, ("Content-Type", "text/plain"))),
        "/broken/": broken,
        "/projects/group/broken": broken,
        "/portal/": Answer(200, "<!DOCTYPE html><title>Sign in</title>"),
        "/elsewhere/": Answer(302, "", (("Location", "https://git.example.org/api/v4/"),)),
        "/clock/": Answer(200, describe(expires_at="2131-12-01"), (("Date", clock),)),
    }
    with GitLab(prefix="/gitlab") as gitlab, GitLab(version="15.4.0") as old:
        gitlab.date = datetime.now(timezone.utc).replace(microsecond=0)  # a clock that stands still
        gitlab.add_project(Project("group/app", members={7: 30, 8: 20}))
        gitlab.add_group(Group("group/sub", members={7: 40}))
        for path, answer in answers.items():
            gitlab.always(answer, path)
        run, every = Run(place, place, gitlab.url), cases(gitlab, old)
        tokens = ({"name": name, **asked} for name, (_, asked, _) in every.items())
        env = reports.write_policy(run, *tokens) | VALUES
        del env["T_ABSENT"]
        for name, (_, _, held) in every.items():
            if held:
                (old if name == "old" else gitlab).add(held._replace(value=env[variable(name)]))
        result = run(*(f"--report={kind}={kind}.out" for kind in FORMATS), env=env)
        texts = {kind: (place / f"{kind}.out").read_text() for kind in FORMATS}
        assert (result.code, result.out, result.err) == (10, texts["text"], "")
        report = reports.checked(json.loads(texts["json"]), 10)
        found = {token["name"]: token for token in report["tokens"]}
        yield Full(gitlab, every, texts, found, partial(run, "--format", env=env))


def test_every_token_gets_its_verdict_in_the_order_of_the_file(full: Full) -> None:
    verdicts = [(name, token["category"]) for name, token in full.tokens.items()]
    assert verdicts == [(name, category) for name, (category, *_) in full.cases.items()]
    assert set(CODES) - {*dict(verdicts).values()} == {"internal-error"} | UNUSABLE


def test_all_problems_of_a_token_are_reported_and_the_first_decides(full: Full) -> None:
    found = {name: [p["category"] for p in one["problems"]] for name, one in full.tokens.items()}
    assert found["several"] == ["scope-missing", "scope-forbidden", "not-found", "lives-too-long"]
    assert found["short"] == ["expires-soon", "scope-missing"]
    warned = [found[name] for name in ("good", "ending", "tolerated", "let")]
    assert warned == [[], ["expires-soon"], ["scope-missing"], ["network-error"]]


def test_each_problem_names_its_variable_a_fix_and_the_command_that_explains(full: Full) -> None:
    for name, token in full.tokens.items():
        assert token["source"] == variable(name)
        for problem in token["problems"]:
            assert problem["docs"] == f"glcheck explain {problem['category']}"
            assert len(problem["fix"]) > 20
            assert problem["fix"] != problem["message"]
            if CODES[problem["category"]] < 30:  # from there on the fault is not the token's
                assert token["source"] in problem["message"] + problem["fix"], problem


def test_the_description_is_what_gitlab_said(full: Full) -> None:
    held = {name: token["token"] for name, token in full.tokens.items() if token["token"]}
    assert full.gitlab.date
    good, day = held["good"], getattr(full.cases["good"][2], "expires_at", None)
    left = datetime.fromisoformat(f"{day}T00:00:00+00:00") - full.gitlab.date
    assert isinstance(good["id"], int)
    assert good == {
        "kind": "access-token", "id": good["id"], "name": "ci", "user_id": 7, "scopes": ["api"],
        "expires_at": day, "expires_at_utc": f"{day}T00:00:00Z",
        "seconds_left": left.total_seconds(), "days_left": left.days,
    }  # fmt: skip
    kinds = [(held[name]["kind"], held[name]["scopes"]) for name in ("job", "oauth", "narrow-app")]
    assert kinds == [("job", []), ("oauth", ["api"]), ("project", ["read_api"])]
    dates = [field for field in good if field.endswith(("_left", "_at", "_utc"))]
    assert {held[name][date] for name in ("forever", "immortal", "job") for date in dates} == {None}
    assert abs(held["oauth"]["seconds_left"] - 90 * DAY) <= 60
    known = (
        0,
        *range(16, 30),
    )  # GitLab says nothing of a dead token, and of one that it did not see
    seen = {name for name, (category, *_) in full.cases.items() if CODES[category] in known}
    assert set(held) == seen - {"let"}


def test_the_servers_clock_counts_and_one_of_ours_that_is_off_is_a_note(full: Full) -> None:
    held = full.tokens["clock"]["token"]
    assert (held["seconds_left"], held["days_left"]) == (DAY - 1, 0)
    noted = [name for name, token in full.tokens.items() if "clock" in "".join(token["notes"])]
    assert noted == ["clock"]


def test_a_token_to_replace_has_the_page_with_name_and_scopes_filled_in(full: Full) -> None:
    for name, where in PAGES.items():
        fix = full.tokens[name]["problems"][0]["fix"]
        (page,) = (page for page in reports.pages(fix) if "access_tokens" in page)
        assert page.partition("?")[0] == f"{full.gitlab.url}{where}", "with the path of the address"
        query = parse_qs(urlsplit(page).query)
        if where == PERSONAL:
            wanted: Any = full.cases[name][1]["scopes"]
            assert set(query["scopes"][0].split(",")) >= set(wanted), name
            assert query["name"] == ["ci & co: 100%" if name in {"short", "narrow"} else name]


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
    found = reports.junit_marks(full.texts["junit"])["half"]
    assert found == {"token": "passed", "scopes": "failure", "project": "error"}


def test_junit_tells_unmet_from_not_asked_and_not_reached(full: Full) -> None:
    found, wanted = reports.junit_marks(full.texts["junit"]), {}
    for name, (category, asked, _) in full.cases.items():
        marks = next(marks for most, marks in MARKS.items() if CODES[category] <= most)
        token, rest = marks.split()
        own = [setting for setting in asked if setting not in ("url", "allow")]
        wanted[name] = {"token": token, **dict.fromkeys(own, rest)}
    wanted["stranger"]["role"] = wanted["let"]["scopes"] = "skipped"
    wanted["half"]["project"] = "error"
    for met in ("guest project", "narrow-app project kind", "narrow-sub group kind"):
        name, *settings = met.split()
        wanted[name] |= dict.fromkeys(settings, "passed")
    assert [*found.items()] == [*wanted.items()]


def test_several_reports_from_one_run_equal_the_single_ones(full: Full) -> None:
    def plain(text: str) -> str:  # without what differs from run to run
        return re.sub(r'(?m)^ *"(elapsed_ms|checked_at)": .*\n| time="[^"]*"', "", text)

    at_first = len(full.gitlab.requests)
    with ThreadPoolExecutor(2) as pool:
        for kind, result in zip(FORMATS, pool.map(full.again, FORMATS), strict=True):
            assert (result.code, result.err) == (10, ""), kind
            assert plain(result.out) == plain(full.texts[kind]), kind
    assert len(full.gitlab.requests) == at_first * (1 + len(FORMATS))
