"""The report in all its forms: what is written is valid, complete, and cannot be abused by who answers."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.reports import (
    CODES,
    HOSTILE,
    OUTPUTS,
    SCHEMA,
    VALIDATOR,
    Command,
    commands,
    hostile_policy,
    outputs,
    pages,
    value_for,
    variable,
    write_policy,
)

FORMATS = ("text", "json", "github", "junit", "markdown", "annotations", "dotenv")
SETTINGS = {
    "scopes",
    "forbid-scopes",
    "min-validity",
    "max-validity",
    "project",
    "group",
    "role",
    "kind",
}
DAY = 86_400


class Case(NamedTuple):
    """A token of the policy and the verdict that the contract gives on it."""

    name: str
    category: str
    wants: Mapping[str, object] = {}
    token: Token | None = (
        None  # as the server knows it; the value is made up from the name unless given
    )
    value: str | None = None  # what the variable holds if the server knows nothing
    warns: tuple[str, ...] = ()

    @property
    def secret(self) -> str | None:
        if self.token is None:
            return self.value
        return self.token.value or value_for(self.name)


class Full(NamedTuple):
    """A policy that shows nearly every category, and the means to run it."""

    gitlab: GitLab
    run: Run
    env: dict[str, str]
    cases: tuple[Case, ...]
    results: dict[str, Result]

    @property
    def report(self) -> dict[str, Any]:
        return self.results["json"].report

    def of(self, name: str) -> dict[str, Any]:
        (found,) = (token for token in self.report["tokens"] if token["name"] == name)
        assert isinstance(found, dict)
        return found


def cases(gitlab: GitLab, old: GitLab) -> tuple[Case, ...]:
    app = {"project": "group/app"}
    asks = {"scopes": ["api"], **app}
    port = urlsplit(gitlab.url).port
    return (
        Case("good", "ok", {"scopes": ["read_api"], **app, "role": "developer", "min-validity": "30d"}, Token("")),
        Case("forever", "ok", {"scopes": ["api"]}, Token("", expires_at=None)),
        Case("job", "ok", {}, Token("glcbt-64_9f2d7c5ab1e84f3c96d0", kind="job")),
        Case("oauth", "ok", {}, Token("c0ffee" * 10 + "beef", kind="oauth", expires_in=90 * DAY)),
        Case("ending", "ok", {}, Token("", expires_at=in_days(3)), warns=("expires-soon",)),
        Case("tolerated", "ok", {"scopes": ["sudo"], "allow": ["scope-missing"]}, Token(""), warns=("scope-missing",)),
        Case("absent", "token-missing", {"scopes": ["api"]}),
        Case("foreign", "token-malformed", {"scopes": ["api"]}, value="ghp_0123456789abcdefABCDEF0123456789abcd"),
        Case("unknown", "token-invalid", {"scopes": ["api"]}, value=value_for("unknown")),
        Case("expired", "token-expired", {**asks, "role": "owner"}, Token("", expires_at=in_days(-1))),
        Case("revoked", "token-revoked", asks, Token("", revoked=True)),
        Case("blocked", "account-restricted", asks, Token("", state="blocked")),
        Case("kindless", "wrong-token-kind", {"kind": "project"}, Token("")),
        Case("short", "expires-soon", {"min-validity": "14d"}, Token("", expires_at=in_days(3))),
        Case("narrow", "scope-missing", {"scopes": ["api", "sudo"]}, Token("", scopes=("read_api",))),
        Case("broad", "scope-forbidden", {"forbid-scopes": ["sudo"]}, Token("", scopes=("api", "sudo"))),
        Case("guest", "role-too-low", {**app, "role": "maintainer"}, Token("", user_id=8)),
        Case("stranger", "not-found", {"project": "group/nowhere"}, Token("")),
        Case("lasting", "lives-too-long", {"max-validity": "7d"}, Token("")),
        Case("immortal", "lives-too-long", {"max-validity": "52w"}, Token("", expires_at=None)),
        Case("granular", "scope-unknown", {"scopes": ["api"]}, Token("", kind="fine-grained")),
        Case(
            "several", "scope-missing",
            {"scopes": ["sudo"], "forbid-scopes": ["api"], "project": "group/nowhere", "max-validity": "1d"},
            Token(""),
        ),
        Case("refused", "network-error", {"url": "http://127.0.0.1:1", "scopes": ["api"]}, value=value_for("a")),
        Case("plain", "tls-error", {"url": f"https://127.0.0.1:{port}", "scopes": ["api"]}, value=value_for("b")),
        Case("busy", "rate-limited", {"url": f"{gitlab.url}/busy", "scopes": ["api"]}, value=value_for("c")),
        Case("broken", "server-error", {"url": f"{gitlab.url}/broken", "scopes": ["api"]}, value=value_for("d")),
        Case("portal", "unexpected-answer", {"url": f"{gitlab.url}/portal", "scopes": ["api"]}, value=value_for("e")),
        Case("elsewhere", "unexpected-answer", {"url": f"{gitlab.url}/elsewhere"}, value=value_for("f")),
        Case("old", "unsupported-server", {"url": old.url, "scopes": ["api"]}, Token(value_for("old"))),
    )  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """Run the whole policy once in each format."""
    home, directory = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work")
    with GitLab() as gitlab, GitLab(version="15.4.0") as old:
        gitlab.date = datetime.now(timezone.utc).replace(microsecond=0)  # a clock that stands still
        gitlab.add_project(Project("group/app", members={7: 30, 8: 20}))
        gitlab.always(
            Answer(429, "Retry later\n", (("Retry-After", "3600"), ("Content-Type", "text/plain"))),
            "/busy/",
        )
        gitlab.always(Answer(500, {"message": "500 Internal Server Error"}), "/broken/")
        gitlab.always(Answer(200, "<!DOCTYPE html><title>Sign in</title>"), "/portal/")
        gitlab.always(
            Answer(302, "", (("Location", "https://git.example.org/api/v4/"),)), "/elsewhere/"
        )
        everything = cases(gitlab, old)
        for case in everything:
            if case.token is not None:
                (old if case.name == "old" else gitlab).add(
                    case.token._replace(value=str(case.secret))
                )
        run = Run(home, directory, gitlab.url)
        write_policy(run, *({"name": case.name, **case.wants} for case in everything))
        env = {variable(case.name): case.secret for case in everything if case.secret}
        with ThreadPoolExecutor() as pool:
            done = pool.map(lambda kind: run("--format", kind, env=env), FORMATS)
        results = dict(zip(FORMATS, done, strict=True))
        yield Full(gitlab, run, env, everything, results)


# JSON


def check_consistency(result: Result) -> None:
    """Hold the fields of a report against each other."""
    report = result.report
    assert report["exit_code"] == result.code == CODES[report["category"]]
    assert report["ok"] == (report["category"] == "ok")
    errors = [p["category"] for p in report["problems"]]
    for token in report["tokens"]:
        own = [p["category"] for p in token["problems"] if p["severity"] == "error"]
        assert token["ok"] == (not own)
        assert token["category"] in (own or ["ok"])
        assert CODES[token["category"]] == min((CODES[category] for category in own), default=0)
        errors += own
        held = token["token"]
        if held and held["expires_at"]:
            assert held["expires_at_utc"][:10] == held["expires_at"]
            assert held["days_left"] == held["seconds_left"] // DAY
    assert report["exit_code"] == min((CODES[category] for category in errors), default=0)


def test_the_schema_is_a_schema_without_an_invented_address() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "://" not in SCHEMA.get("$id", "")


def test_a_report_on_nearly_every_category_is_valid_and_consistent(full: Full) -> None:
    VALIDATOR.validate(full.report)
    check_consistency(full.results["json"])
    shown = {token["category"] for token in full.report["tokens"]}
    assert set(CODES) - shown == {"usage-error", "config-error", "internal-error"}


def test_every_token_gets_its_verdict_in_the_order_of_the_file(full: Full) -> None:
    verdicts = [(token["name"], token["category"]) for token in full.report["tokens"]]
    assert verdicts == [(case.name, case.category) for case in full.cases]
    warned = {
        t["name"]: {p["category"] for p in t["problems"] if p["severity"] == "warning"}
        for t in full.report["tokens"]
    }
    for case in full.cases:
        assert set(case.warns) <= warned[case.name]


def test_the_exit_code_is_the_same_in_every_format(full: Full) -> None:
    assert {kind: result.code for kind, result in full.results.items()} == dict.fromkeys(
        FORMATS, 10
    )


def test_several_problems_of_one_token_are_all_reported(full: Full) -> None:
    found = {problem["category"] for problem in full.of("several")["problems"]}
    assert found >= {"scope-missing", "scope-forbidden", "not-found", "lives-too-long"}


def test_each_problem_of_a_token_names_the_variable_it_comes_from(full: Full) -> None:
    for token in full.report["tokens"]:
        assert token["source"] == variable(token["name"])
        for problem in token["problems"]:
            if CODES[problem["category"]] < 30:  # from there on the fault is not the token's
                assert token["source"] in problem["message"] + problem["fix"], problem


def test_the_description_is_what_gitlab_said(full: Full) -> None:
    assert full.gitlab.date is not None
    left = full.of("good")["token"]
    end = datetime.strptime(in_days(100), "%Y-%m-%d").replace(tzinfo=timezone.utc)
    seconds = int((end - full.gitlab.date).total_seconds())
    told = {
        "kind": "access-token",
        "name": "ci",
        "user_id": 7,
        "scopes": ["api"],
        "expires_at": in_days(100),
    }
    told |= {
        "expires_at_utc": f"{in_days(100)}T00:00:00Z",
        "seconds_left": seconds,
        "days_left": seconds // DAY,
    }
    assert {key: value for key, value in left.items() if key != "id"} == told
    assert isinstance(left["id"], int)


def test_a_token_without_expiry_has_null_for_every_date(full: Full) -> None:
    for name in ("forever", "immortal", "job"):
        held = full.of(name)["token"]
        assert [
            held[key] for key in ("expires_at", "expires_at_utc", "seconds_left", "days_left")
        ] == [None] * 4


def test_job_and_oauth_tokens_are_named_by_their_kind(full: Full) -> None:
    assert full.of("job")["token"]["kind"] == "job"
    assert full.of("job")["token"]["scopes"] == []
    oauth = full.of("oauth")["token"]
    assert (oauth["kind"], oauth["scopes"]) == ("oauth", ["api"])
    assert abs(oauth["seconds_left"] - 90 * DAY) <= 60


def test_token_is_null_when_gitlab_did_not_describe_it(full: Full) -> None:
    for case in full.cases:
        if CODES[case.category] >= 30 or case.category in {
            "token-missing",
            "token-malformed",
            "token-invalid",
        }:
            assert full.of(case.name)["token"] is None, case


def test_nothing_is_sent_for_a_token_that_is_missing_or_malformed(full: Full) -> None:
    assert [full.of(name)["requests"] for name in ("absent", "foreign", "good")] == [0, 0, 2]


def test_details_of_a_missing_scope_name_what_is_required_missing_and_held(full: Full) -> None:
    (problem,) = full.of("narrow")["problems"]
    details = {key: problem["details"][key] for key in ("required", "missing", "held")}
    assert details == {
        "required": ["api", "sudo"],
        "missing": ["api", "sudo"],
        "held": ["read_api"],
    }


def test_the_report_has_the_asked_kind_where_one_was_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("bot"), kind="project"))
    env = write_policy(run, {"name": "bot", "kind": "project"})
    result = run.json(env=env)
    VALIDATOR.validate(result.report)
    assert (result.code, result.token["token"]["kind"]) == (0, "project")


def test_days_left_is_rounded_down_from_the_servers_clock(gitlab: GitLab, run: Run) -> None:
    born = "2026-01-01T00:00:00.000Z"
    clocks = {
        "a second": ("Mon, 30 Nov 2026 23:59:59 GMT", 1, 0),
        "a day less a second": ("Mon, 30 Nov 2026 00:00:01 GMT", DAY - 1, 0),
        "a day": ("Mon, 30 Nov 2026 00:00:00 GMT", DAY, 1),
        "ten days and a bit": ("Fri, 20 Nov 2026 13:00:00 GMT", 10 * DAY + 11 * 3600, 10),
    }
    body = {
        "id": 1,
        "name": "ci",
        "user_id": 7,
        "revoked": False,
        "active": True,
        "created_at": born,
    }
    for index, (date, _, _) in enumerate(clocks.values()):
        answer = Answer(
            200, {**body, "scopes": ["api"], "expires_at": "2026-12-01"}, (("Date", date),)
        )
        gitlab.always(answer, f"/clock{index}/")
    env = write_policy(
        run, *({"name": n, "url": f"{gitlab.url}/clock{i}"} for i, n in enumerate(clocks))
    )
    result = run.json(env=env)
    VALIDATOR.validate(result.report)
    found = {
        t["name"]: (t["token"]["seconds_left"], t["token"]["days_left"])
        for t in result.report["tokens"]
    }
    assert found == {name: (seconds, days) for name, (_, seconds, days) in clocks.items()}
    assert {t["token"]["expires_at_utc"] for t in result.report["tokens"]} == {
        "2026-12-01T00:00:00Z"
    }


def test_a_local_clock_that_is_off_is_a_note(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x"), expires_at=None))
    now = datetime.now(timezone.utc)
    notes = []
    for minutes in (0, 20):
        gitlab.date = now + timedelta(minutes=minutes)
        notes.append(
            [note for note in run.json(token=value_for("x")).token["notes"] if "clock" in note]
        )
    assert notes[0] == []
    assert len(notes[1]) == 1


def test_a_scope_satisfied_by_another_is_said(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    for kind in ("text", "json"):
        result = run("--format", kind, "--scopes", "read_repository", token=value_for("x"))
        assert result.code == 0
        assert re.search(r"read_repository\W.*\bapi\b", result.out), kind


@pytest.mark.parametrize(
    ("args", "policy", "category"),
    [
        (("--role", "owner"), None, "usage-error"),
        (("--min-validity", "soon"), None, "usage-error"),
        ((), "version: 1\nscops: [api]\n", "config-error"),
        ((), "version: 1\ntokens: [\n", "config-error"),
    ],
)
def test_a_report_on_settings_that_cannot_be_used_is_valid_in_every_format(
    run: Run, args: tuple[str, ...], policy: str | None, category: str
) -> None:
    if policy:
        (run.directory / ".glcheck.yml").write_text(policy)
    reports = [part for kind in FORMATS for part in ("--report", f"{kind}={kind}.out")]
    result = run.json(*args, *reports, token=value_for("x"))
    VALIDATOR.validate(result.report)
    check_consistency(result)
    assert (result.code, result.report["tokens"]) == (2, [])
    assert result.problem["category"] == category
    written = {kind: (run.directory / f"{kind}.out") for kind in FORMATS}
    if not any(path.exists() for path in written.values()):
        written = {}  # settings in doubt may name files in doubt: then each format on standard output has to do
    texts = {kind: run(*args, "--format", kind, token=value_for("x")).out for kind in FORMATS}
    texts |= {f"report {kind}": path.read_text() for kind, path in written.items()}
    for kind, text in texts.items():
        if kind.endswith("annotations"):
            assert not any(json.loads(text).values()), kind  # no token, no link
        else:
            assert category in text, kind
    suites = ET.fromstring(texts["junit"])
    assert len([*suites.iter("error"), *suites.iter("failure")]) == 1


def test_a_command_line_that_cannot_be_parsed_goes_to_stderr(run: Run) -> None:
    result = run.json("--no-such-flag")
    assert (result.code, result.out) == (2, "")
    assert "usage-error" in result.err


def test_the_name_is_the_policys_else_the_source_else_token(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    assert run.json(token=value_for("x")).token["name"] == "GITLAB_TOKEN"
    stdin = run.json("--token-file", "-", stdin=value_for("x").encode())
    missing = run.json()
    assert [stdin.token["name"], missing.token["name"]] == ["token", "token"]
    for result in (stdin, missing):
        VALIDATOR.validate(result.report)


def mistakes(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield spoiled copies of a report, each with one mistake that a schema should see."""

    def places(
        value: Any, path: tuple[str | int, ...] = ()
    ) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield (*path, key), inner
                yield from places(inner, (*path, key))
        elif isinstance(value, list) and value:
            yield from places(value[0], (*path, 0))

    for path, value in places(report):
        if "details" in path[:-1]:
            continue
        wrong: list[object] = ["DROP", object, {"a": 1} if isinstance(value, list) else ["a"]]
        if path[-1] in {
            "category",
            "severity",
            "kind",
            "expires_at",
            "expires_at_utc",
            "checked_at",
            "url",
            "exit_code",
        }:
            wrong.append("nonsense")
        if path[-1] in {"requests", "elapsed_ms"}:
            wrong.append(-1)
        if path[-1] == "ok":
            wrong.append(not value)
        for bad in wrong:
            spoiled = copy.deepcopy(report)
            holder: Any = spoiled
            for step in path[:-1]:
                holder = holder[step]
            if bad == "DROP":
                del holder[path[-1]]
            else:
                holder[path[-1]] = 1.5 if bad is object else bad
            yield f"{'.'.join(map(str, path))}: {bad}", spoiled


def test_the_schema_sees_mistakes_and_allows_additions(full: Full) -> None:
    one = copy.deepcopy(full.report)
    one["tokens"] = [copy.deepcopy(full.of("narrow"))]
    one |= {"category": "scope-missing", "exit_code": 21}
    VALIDATOR.validate(one)
    missed = [what for what, spoiled in mistakes(one) if VALIDATOR.is_valid(spoiled)]
    assert not missed
    one["later"] = one["tokens"][0]["later"] = one["tokens"][0]["token"]["later"] = {"more": 1}
    VALIDATOR.validate(one)


# Text


def test_text_has_every_problem_with_fix_and_docs(full: Full) -> None:
    lines = full.results["text"].out.splitlines()
    for token in full.report["tokens"]:
        for problem in token["problems"]:
            start = f"{problem['severity']}[{problem['category']}] {token['name']}: "
            (at,) = (number for number, line in enumerate(lines) if line.startswith(start))
            assert [lines[at + 1][:7], lines[at + 2][:8]] == ["  fix: ", "  docs: "]


def test_text_has_one_line_for_each_good_token(full: Full) -> None:
    lines = full.results["text"].out.splitlines()
    for case in full.cases:
        mentions = [line for line in lines if re.match(rf"\S+ {case.name}: ", line)]
        good = [line for line in mentions if not re.match(r"(error|warning)\[", line)]
        assert len(good) == (case.category == "ok"), case.name


def test_text_keeps_the_order_of_the_file(full: Full) -> None:
    found = re.findall(r"^(?:\S+) ([\w-]+): ", full.results["text"].out, re.MULTILINE)
    assert list(dict.fromkeys(found)) == [case.name for case in full.cases]


def test_stdout_is_the_report_and_stderr_has_the_messages(full: Full) -> None:
    assert {kind: result.err for kind, result in full.results.items()} == dict.fromkeys(FORMATS, "")


def test_verbose_adds_to_stderr_only(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    for kind in FORMATS:
        quiet, loud = (run("--format", kind, *more, token=value_for("x")) for more in ((), ("-v",)))
        if kind == "json":
            VALIDATOR.validate(loud.report)
        else:
            assert plain(kind, loud.out) == plain(kind, quiet.out)
        assert quiet.err == ""
        assert "personal_access_tokens/self" in loud.err


def test_colour_is_for_text_only_and_only_when_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    env = {"FORCE_COLOR": "1"}
    assert "\x1b[" in run("--color", "always", "--format", "text", token=value_for("x")).out
    assert (
        "\x1b" not in run("--color", "never", "--format", "text", token=value_for("x"), env=env).out
    )
    for kind in ("json", "junit", "markdown", "annotations", "dotenv"):
        assert (
            "\x1b"
            not in run("--color", "always", "--format", kind, token=value_for("x"), env=env).out
        )


def test_output_takes_the_report_away_from_stdout(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    result = run("--format", "json", "--output", "report.json", token=value_for("x"))
    assert (result.code, result.out) == (0, "")
    VALIDATOR.validate(json.loads((run.directory / "report.json").read_text()))


# JUnit


def junit_of(full: Full, name: str) -> dict[str, str]:
    """Return the requirements of one token and what became of each."""
    suites = ET.fromstring(full.results["junit"].out)
    found = {}
    for case in suites.iter("testcase"):
        if case.get("classname") == name:
            marks = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
            assert len(marks) <= 1
            found[str(case.get("name"))] = marks[0] if marks else "passed"
    return found


def test_junit_has_one_testcase_for_each_requirement_of_each_token(full: Full) -> None:
    for case in full.cases:
        names = set(junit_of(full, case.name))
        assert names & SETTINGS == set(case.wants) & SETTINGS, case.name
        assert names, "a token without requirements is asked to live at least"


def test_junit_counts_what_it_holds(full: Full) -> None:
    root = ET.fromstring(full.results["junit"].out)
    suites = [root, *root.iter("testsuite")]
    for suite in suites:
        held = [*suite.iter("testcase")]
        kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        for attribute, tag in kinds.items():
            assert int(suite.get(attribute, "0")) == len([*suite.iter(tag)]), attribute
        assert int(suite.get("tests", "-1")) == len(held)
        names = [(case.get("classname"), case.get("name")) for case in held]
        assert len(names) == len(set(names))


def test_junit_tells_unmet_from_not_asked_and_not_reached(full: Full) -> None:
    for case in full.cases:
        found = junit_of(full, case.name)
        wanted = {name: mark for name, mark in found.items() if name in SETTINGS}
        code = CODES[case.category]
        if code == 0:
            assert set(found.values()) == {"passed"}, case.name
        elif code >= 30:
            assert set(found.values()) <= {"error", "skipped"}, case.name
            assert "error" in found.values()
            assert set(wanted.values()) <= {"error"}, case.name
        elif code < 20 and case.category != "wrong-token-kind":
            assert set(wanted.values()) <= {"skipped"}, case.name
            assert sorted(mark for name, mark in found.items() if name not in SETTINGS) == [
                "failure"
            ], case.name
        else:
            assert "failure" in found.values(), case.name
            assert "error" not in found.values(), case.name


def test_junit_fails_each_requirement_for_its_own_problem(full: Full) -> None:
    assert junit_of(full, "several") | {"token": "passed"} == {
        "token": "passed",
        "scopes": "failure",
        "forbid-scopes": "failure",
        "project": "failure",
        "max-validity": "failure",
    }
    assert junit_of(full, "guest")["role"] == "failure"
    assert junit_of(full, "kindless")["kind"] == "failure"
    assert junit_of(full, "short")["min-validity"] == "failure"


def test_junit_says_error_for_the_one_requirement_that_could_not_be_asked(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(value_for("x")))
    gitlab.always(Answer(500, {"message": "500 Internal Server Error"}), "/projects/")
    wants = ("--scopes", "sudo", "--project", "group/app")
    result = run(*wants, "--format", "junit", token=value_for("x"))
    assert result.code == 21
    marks = {
        case.get("name"): [child.tag for child in case]
        for case in ET.fromstring(result.out).iter("testcase")
    }
    assert (marks["scopes"], marks["project"]) == (["failure"], ["error"])


def test_junit_carries_the_message_and_the_fix(full: Full) -> None:
    suites = ET.fromstring(full.results["junit"].out)
    for token in full.report["tokens"]:
        if not token["ok"]:
            told = "\n".join(
                "\n".join([part.get("message", ""), part.text or ""])
                for case in suites.iter("testcase")
                if case.get("classname") == token["name"]
                for part in case
            )
            for problem in token["problems"]:
                if problem["severity"] == "error":
                    assert problem["category"] in ET.tostring(suites, "unicode")
                    assert problem["message"] in told
                    assert problem["fix"] in told


# GitHub


def test_the_command_parser_of_these_tests_finds_commands() -> None:
    text = "a ::error::no\n \t::error title=a%2Cb,file=c::x%0Ay%250A\rwhat ##[add-mask]z"
    assert [*commands(text)] == [
        Command("error", {"title": "a,b", "file": "c"}, "x\ny%0A"),
        Command("##add-mask", {}, "z"),
    ]


def test_github_has_at_most_one_annotation_for_each_token_and_severity(full: Full) -> None:
    found = [*commands(full.results["github"].out)]
    assert {command.name for command in found} <= {"error", "warning", "notice"}
    by = {(command.name, command.data.partition(":")[0]) for command in found}
    assert len(by) == len(found)
    for token in full.report["tokens"]:
        for severity in ("error", "warning"):
            categories = {p["category"] for p in token["problems"] if p["severity"] == severity}
            own = [
                c for c in found if c.name == severity and c.data.startswith(f"{token['name']}:")
            ]
            assert len(own) <= 1
            for command in own:
                assert command.properties["title"] in categories
                if severity == "error":
                    assert command.properties["title"] == token["category"]
            assert bool(own) == bool(categories), (token["name"], severity)


def test_github_has_the_text_report_around_its_annotations(full: Full) -> None:
    rest = [line for line in full.results["github"].out.splitlines() if not line.startswith("::")]
    assert set(full.results["text"].out.splitlines()) <= set(rest)


def test_auto_is_github_in_github_actions_only(run: Run) -> None:
    args = ("--scopes", "api")
    assert [*commands(run(*args, token=value_for("x"), env={"GITHUB_ACTIONS": "true"}).out)]
    assert not [*commands(run(*args, token=value_for("x"), env={"GITHUB_ACTIONS": "false"}).out)]


def test_nothing_that_a_server_says_forms_a_workflow_command(gitlab: GitLab, run: Run) -> None:
    env = hostile_policy(gitlab, run, HOSTILE)
    output, summary = run.directory / "output", run.directory / "summary"
    output.write_text("before=1\n")
    summary.write_text("# before\n")
    files = {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_ACTIONS": "true",
    }
    result = run("-v", "--report", "json=report.json", env={**env, **files})
    report = json.loads((run.directory / "report.json").read_text())
    VALIDATOR.validate(report)
    assert len(report["tokens"]) == len(env)
    assert "internal-error" not in {token["category"] for token in report["tokens"]}
    expected = [
        (severity, token["name"])
        for token in report["tokens"]
        for severity in ("error", "warning")
        if any(problem["severity"] == severity for problem in token["problems"])
    ]
    found = [*commands(result.out), *commands(result.err)]
    assert sorted((command.name, command.data.partition(":")[0]) for command in found) == sorted(
        expected
    )
    assert {command.properties["title"] for command in found} <= set(CODES)
    assert {*outputs(output.read_text())} == OUTPUTS | {"before"}
    assert summary.read_text().startswith("# before\n")


def test_nothing_that_a_policy_says_forms_a_workflow_command(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    for setting in (
        "--scopes",
        "--project",
        "--group",
        "--token-file",
        "--role",
        "--url",
        "--min-validity",
    ):
        for text in ("##[error]pwn", "\n::error::pwn"):
            result = run("--format", "github", setting, text, token=value_for("x"))
            found = [*commands(result.out), *commands(result.err)]
            assert len(found) <= 1, (setting, text)
            assert {command.name for command in found} <= {"error"}
            assert {command.properties.get("title") for command in found} <= set(CODES)


def test_github_outputs_and_summary_are_appended(gitlab: GitLab, run: Run) -> None:
    expiry = in_days(40)
    gitlab.add(Token(value_for("x"), scopes=("read_user", "read_repository"), expires_at=expiry))
    output, summary = run.directory / "output", run.directory / "summary"
    output.write_text("before=1\n")
    summary.write_text("# before\n")
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    wants = (
        "--scopes",
        "api,sudo,read_user",
        "--report",
        "json=report.json",
        "--report",
        "markdown=report.md",
    )
    result = run("--format", "github", *wants, token=value_for("x"), env=files)
    found = outputs(output.read_text())
    days = json.loads((run.directory / "report.json").read_text())["tokens"][0]["token"][
        "days_left"
    ]
    assert (run.directory / found.pop("report")).samefile(run.directory / "report.json")
    assert found == {
        "before": "1", "ok": "false", "category": "scope-missing", "exit-code": "21", "days-left": str(days),
        "expires-at": expiry, "scopes": "read_user read_repository", "missing-scopes": "api sudo",
    }  # fmt: skip
    assert result.code == 21
    assert summary.read_text().startswith("# before\n")
    assert (run.directory / "report.md").read_text().strip() in summary.read_text()


def test_github_outputs_are_empty_where_nothing_is_known(gitlab: GitLab, run: Run) -> None:
    output = run.directory / "output"
    for token in (None, value_for("never"), value_for("unknown")):
        gitlab.add(Token(value_for("never"), expires_at=None, scopes=()))
        output.unlink(missing_ok=True)
        result = run("--format", "github", token=token, env={"GITHUB_OUTPUT": str(output)})
        found = outputs(output.read_text())
        assert set(found) == OUTPUTS
        assert found["exit-code"] == str(result.code)
        for name in ("days-left", "expires-at", "scopes", "missing-scopes", "report"):
            assert found[name] == "", name


def test_github_outputs_describe_the_token_that_decided(full: Full) -> None:
    output = full.run.directory / "decided"
    env = {**full.env, "GITHUB_OUTPUT": str(output)}
    only = [part for name in ("good", "guest", "narrow", "broad") for part in ("--only", name)]
    result = full.run("--format", "github", *only, env=env)
    found = outputs(output.read_text())
    assert result.code == 21
    assert (found["ok"], found["category"], found["exit-code"]) == ("false", "scope-missing", "21")
    assert (found["scopes"], found["missing-scopes"]) == ("read_api", "api sudo")


def test_outputs_of_an_error_that_belongs_to_no_token(run: Run) -> None:
    output, summary = run.directory / "output", run.directory / "summary"
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    result = run("--format", "github", "--role", "owner", token=value_for("x"), env=files)
    found = outputs(output.read_text())
    assert (result.code, found["ok"], found["category"], found["exit-code"]) == (
        2,
        "false",
        "usage-error",
        "2",
    )
    assert set(found) == OUTPUTS
    assert "usage-error" in summary.read_text()


# Markdown


def table(text: str) -> list[list[str]]:
    """Return the rows of the table below its head, split at the pipes that separate cells."""
    rows = [
        re.split(r"(?<!\\)\|", line.strip())[1:-1]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    head, rule, *body = rows
    assert {len(row) for row in rows} == {len(head)}
    assert all(re.fullmatch(r"\s*:?-+:?\s*", cell) for cell in rule)
    return [[cell.strip() for cell in row] for row in body]


def test_markdown_has_a_row_for_each_token_and_all_problems(full: Full) -> None:
    text = full.results["markdown"].out
    rows = table(text)
    assert [row[0].replace("\\", "") for row in rows] == [case.name for case in full.cases]
    assert [
        case.category
        for case, row in zip(full.cases, rows, strict=True)
        if case.category not in " ".join(row)
    ] == []
    for token in full.report["tokens"]:
        for problem in token["problems"]:
            assert f"{problem['severity']}[{problem['category']}]" in text
    assert text.count("fix:") == sum(len(token["problems"]) for token in full.report["tokens"])


def gantt(text: str) -> list[str]:
    blocks = re.findall(r"^```mermaid\n(gantt\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def test_markdown_draws_how_long_tokens_live(full: Full) -> None:
    lines = gantt(full.results["markdown"].out)
    for token in full.report["tokens"]:
        tasks = [line for line in lines if re.match(rf"{token['name']}\s*:", line)]
        lives = bool(token["token"] and token["token"]["expires_at"])
        assert len(tasks) == lives, token["name"]
        if lives:
            assert token["token"]["expires_at"] in tasks[0]


def test_one_token_with_expiry_is_not_drawn(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("one")))
    gitlab.add(Token(value_for("never"), expires_at=None))
    gitlab.add(Token(value_for("two")))
    for others, drawn in ((("never",), False), (("never", "two"), True)):
        env = write_policy(run, *({"name": name} for name in ("one", *others)))
        result = run("--format", "markdown", env=env)
        assert result.code == 0
        assert bool(gantt(result.out)) == drawn == ("mermaid" in result.out)


def test_the_names_of_tokens_cannot_become_instructions_to_mermaid(
    gitlab: GitLab, run: Run
) -> None:
    words = (
        "title one",
        "section two",
        "dateFormat X",
        "axisFormat x",
        "todayMarker off",
        "excludes x",
        "click x",
    )
    names = (*words, "2026-01-01 release", "gantt", "inclusiveEndDates")
    for name in names:
        gitlab.add(Token(value_for(name)))
    result = run("--format", "markdown", env=write_policy(run, *({"name": name} for name in names)))
    assert result.code == 0
    tasks = [line for line in gantt(result.out) if re.search(rf":.*{in_days(100)}", line)]
    assert len(tasks) == len(names)
    for task in tasks:
        keywords = "|".join(word.split()[0] for word in words)
        assert not re.match(rf"({keywords})\s|gantt|inclusiveEndDates|\d{{4}}-\d\d-\d\d", task), (
            task
        )


MARKUP = (
    "pwn|pwn|pwn",
    "pwn\\|pwn",
    "pwn`pwn",
    "pwn```\npwn",
    "\n\n```pwn\npwn",
    "pwn</code><img src=pwn onerror=pwn()>",
    "pwn<script>pwn()</script>",
    "pwn<!-- pwn",
    "[pwn](https://evil.example/pwn)",
    "![pwn](https://evil.example/pwn.png)",
    "\n# pwn",
    "\n| pwn | pwn |",
    "pwn\\",
    "pwn&lt;b&gt;pwn",
)


def test_nothing_that_a_server_says_forms_markup(gitlab: GitLab, run: Run) -> None:
    env = hostile_policy(gitlab, run, MARKUP)
    text = run("--format", "markdown", env=env).out
    assert "pwn" in text
    assert len(table(text)) == len(env)
    rest = re.sub(r"^```mermaid\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    ours = r"</?code>|<br ?/?>|<https?://[^\s<>]*>"  # a link that shows where it leads is honest
    markup = r"^\s*(#|```)|<[A-Za-z/!?]|\]\s*[(\[]|pwn`|`pwn"
    spoken = [line for line in rest.splitlines() if "pwn" in line]
    bare = [
        re.sub(r"\\[!-/:-@\[-`{-~]", "", re.sub(ours, "", line)) for line in spoken
    ]  # no escaped punctuation
    assert [line for line in bare if re.search(markup, line)] == []


def test_a_character_reference_from_the_server_stays_text(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x"), name="&lt;b&gt;", scopes=("&lt;i&gt;",)))
    result = run("--format", "markdown", "--scopes", "api", token=value_for("x"))
    assert "&lt;i" not in result.out.replace("\\&lt;", "").replace("&amp;lt;", "")


# Several reports from one run


def plain(kind: str, text: str) -> object:
    """Return a report without what differs from run to run."""
    if kind == "json":
        report = json.loads(text)
        for token in report["tokens"]:
            del token["elapsed_ms"]
        del report["checked_at"]
        return report
    return re.sub(r' (time|timestamp)="[^"]*"', "", text) if kind == "junit" else text


def test_several_reports_from_one_run_equal_the_single_ones(full: Full) -> None:
    more = [part for kind in FORMATS for part in ("--report", f"{kind}=several.{kind}")]
    before = len(full.gitlab.requests)
    result = full.run("--format", "text", *more, env=full.env)
    several = len(full.gitlab.requests) - before
    full.run("--format", "text", env=full.env)
    assert several == len(full.gitlab.requests) - before - several
    assert result.out == full.results["text"].out
    for kind in FORMATS:
        written = (full.run.directory / f"several.{kind}").read_text()
        assert plain(kind, written) == plain(kind, full.results[kind].out), kind


# Fixes


def fix_page(token: dict[str, Any], category: str) -> str:
    (problem,) = (problem for problem in token["problems"] if problem["category"] == category)
    (page,) = (page for page in pages(problem["fix"]) if "access_tokens" in page)
    return page


def test_a_token_to_replace_has_the_page_with_name_and_scopes_filled_in(
    gitlab: GitLab, run: Run
) -> None:
    wants = {"scopes": ["api", "read_user"]}
    dead = {"expired": Token("", expires_at=in_days(-1)), "revoked": Token("", revoked=True)}
    living = {"short": Token("", expires_at=in_days(3)), "narrow": Token("", scopes=("read_user",))}
    for name, token in (dead | living).items():
        gitlab.add(token._replace(value=value_for(name), name="ci & co: 100%"))
    env = write_policy(
        run, *({"name": n, **wants, "min-validity": "5d"} for n in (*dead, *living, "unknown"))
    )
    tokens = {token["name"]: token for token in run.json(env=env).report["tokens"]}
    assert {name: token["category"] for name, token in tokens.items()} == {
        "expired": "token-expired", "revoked": "token-revoked", "unknown": "token-invalid",
        "short": "expires-soon", "narrow": "scope-missing",
    }  # fmt: skip
    for name, token in tokens.items():
        page = urlsplit(fix_page(token, token["category"]))
        assert (
            f"{page.scheme}://{page.netloc}{page.path}"
            == f"{gitlab.url}/-/user_settings/personal_access_tokens"
        )
        query = parse_qs(page.query)
        assert {"api", "read_user"} <= set(query["scopes"][0].split(",")), name
        assert len(query["name"]) == 1
        if name in living:
            assert query["name"] == ["ci & co: 100%"]


def test_the_page_of_a_project_or_group_token_is_that_projects_or_groups(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add_project(Project("group/app", members={7: 40}))
    gitlab.add_group(Group("group/sub", members={7: 40}))
    places = {"project": ("group/app", "group/app"), "group": ("group/sub", "groups/group/sub")}
    tokens = []
    for kind, (path, _) in places.items():
        for state in ("expired", "narrow"):
            name = f"{kind}-{state}"
            expiry = in_days(-1) if state == "expired" else in_days(200)
            token = Token(value_for(name), expires_at=expiry, scopes=("read_api",))
            gitlab.add(token._replace(kind="project" if kind == "project" else "group"))
            tokens.append({"name": name, "kind": kind, kind: path, "scopes": ["api"]})
    env = write_policy(run, *tokens)
    for token in run.json(env=env).report["tokens"]:
        kind, _, state = token["name"].partition("-")
        assert token["category"] == {"expired": "token-expired", "narrow": "scope-missing"}[state]
        page = urlsplit(fix_page(token, token["category"]))
        assert (
            f"{page.scheme}://{page.netloc}{page.path}"
            == f"{gitlab.url}/{places[kind][1]}/-/settings/access_tokens"
        )


def test_a_path_in_url_is_part_of_the_page(tmp_path: Path) -> None:
    with GitLab(prefix="/gitlab") as gitlab:
        gitlab.add(Token(value_for("x"), scopes=("read_api",)))
        result = Run(tmp_path, tmp_path, gitlab.url).json("--scopes", "api", token=value_for("x"))
        assert fix_page(result.token, "scope-missing").startswith(
            f"{gitlab.url}/-/user_settings/personal_access_"
        )


def test_the_report_on_a_redirect_names_where_it_points(full: Full) -> None:
    (problem,) = full.of("elsewhere")["problems"]
    assert "https://git.example.org" in problem["message"] + problem["fix"]


def test_a_refused_connection_is_called_so_and_not_silence(full: Full) -> None:
    (problem,) = full.of("refused")["problems"]
    assert "refused" in problem["message"]
    assert "seconds" not in problem["message"]


def test_docs_is_the_command_that_explains_and_no_address(full: Full) -> None:
    for token in full.report["tokens"]:
        for problem in token["problems"]:
            assert problem["docs"] == f"glcheck explain {problem['category']}"


def test_every_problem_has_a_fix_of_its_own(full: Full) -> None:
    for token in full.report["tokens"]:
        for problem in token["problems"]:
            assert len(problem["fix"]) > 20
            assert problem["fix"] != problem["message"]


def test_junit_skips_what_was_not_looked_at(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x")))
    missing = run(
        "--format", "junit", "--project", "group/absent", "--role", "owner", token=value_for("x")
    )
    cases = {case.get("name"): case for case in ET.fromstring(missing.out).iter("testcase")}
    assert cases["project"].find("failure") is not None
    assert cases["role"].find("skipped") is not None
    allowed = run(
        "--format",
        "junit",
        "--scopes",
        "api",
        "--allow",
        "network-error",
        "--url",
        "http://127.0.0.1:1",
        token=value_for("x"),
    )
    cases = {case.get("name"): case for case in ET.fromstring(allowed.out).iter("testcase")}
    assert (allowed.code, cases["scopes"].find("skipped") is not None) == (0, True)


def test_the_first_problem_is_the_one_that_decides(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(value_for("x"), scopes=("read_user",), expires_at=in_days(3)))
    result = run.json("--scopes", "api", "--min-validity", "14d", token=value_for("x"))
    assert [p["category"] for p in result.token["problems"]] == ["expires-soon", "scope-missing"]
    assert result.code == 20
