"""What is asked of a token that lives: scopes, dates, kind, project, group and role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Group, Kind, Project, Token, in_days
from kit.policies import GOOD, SELF, answered, check, check_each, describe, secret, verdicts, words

from glcheck.description import Token as Described
from glcheck.judgement import judge
from glcheck.policy import Requirements

OAUTH = "0123456789abcdef" * 4
JOB = "glcbt-64_3fZ1p5y4XWcCvMGVlfak"
NOON = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
ROLES = {
    "guest": 10, "planner": 15, "reporter": 20, "security-manager": 25, "developer": 30, "maintainer": 40, "owner": 50,
}  # fmt: skip
SATISFIED_BY = {
    "api": "api",
    "read_api": "read_api api",
    "read_user": "read_user read_api api",
    "read_repository": "read_repository write_repository api",
    "write_repository": "write_repository api",
    "read_registry": "read_registry api read_api",
    "write_registry": "write_registry api",
    "read_virtual_registry": "read_virtual_registry api",
    "write_virtual_registry": "write_virtual_registry api",
    "create_runner": "create_runner api",
    "manage_runner": "manage_runner api",
    "ai_features": "ai_features api",
    "self_rotate": "self_rotate api",
    "read_service_ping": "read_service_ping read_api api",
    "k8s_proxy": "k8s_proxy",
    "sudo": "sudo",
    "admin_mode": "admin_mode",
    "read_observability": "read_observability",
    "write_observability": "write_observability",
    "brand_new": "brand_new",
}


def paths(gitlab: GitLab) -> list[str]:
    return [request.path for request in gitlab.requests]


# Scopes


def test_each_scope_is_satisfied_by_itself_and_by_what_implies_it_and_by_nothing_else(
    gitlab: GitLab, run: Run
) -> None:
    for number, held in enumerate(SATISFIED_BY):
        gitlab.add(Token(secret(number), scopes=(held,)))
    tokens = {
        f"{required} by {held}": {"secret": secret(number), "scopes": [required]}
        for required in SATISFIED_BY
        for number, held in enumerate(SATISFIED_BY)
    }
    expected = {
        f"{required} by {held}": "ok" if held in by.split() else "scope-missing"
        for required, by in SATISFIED_BY.items()
        for held in SATISFIED_BY
    }
    assert verdicts(run, tokens) == expected


def test_read_api_opens_the_registry_to_persons_and_not_to_bots(gitlab: GitLab, run: Run) -> None:
    tokens: dict[str, dict[str, object]] = {}
    kinds: tuple[Kind, ...] = ("personal", "project", "group")
    for number, kind in enumerate(kinds):
        gitlab.add(Token(secret(number), kind, ("read_api",), user_id=number + 10))
        gitlab.add(Token(secret(number + 50), kind, ("read_registry",), user_id=number + 10))
        tokens[f"{kind}"] = {"secret": secret(number), "scopes": ["read_registry"]}
        tokens[f"{kind} asked for"] = {
            "secret": secret(number),
            "scopes": ["read_registry"],
            "kind": kind,
        }
        tokens[f"{kind} read_registry"] = {
            "secret": secret(number + 50),
            "scopes": ["read_registry"],
        }
    for scope in ("ai_features", "write_registry"):
        tokens[scope] = {"secret": secret(0), "scopes": [scope], "kind": "personal"}
    assert verdicts(run, tokens) == {
        "personal": "ok",
        "personal asked for": "ok",
        "personal read_registry": "ok",
        "project": "scope-missing",
        "project asked for": "scope-missing",
        "project read_registry": "ok",
        "group": "scope-missing",
        "group asked for": "scope-missing",
        "group read_registry": "ok",
        "ai_features": "scope-missing",
        "write_registry": "scope-missing",
    }


def test_satisfied_by_implication_is_said_and_nothing_else_is(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), scopes=("write_repository",)))
    git_only = (
        "read_repository, through write_repository (for git only, not for the repository files API)"
    )
    notes: dict[str, tuple[dict[str, object], list[str]]] = {
        "others": (
            {"scopes": ["read_api", "api", "sudo", "read_user"]},
            ["read_api, through api", "read_user, through api"],
        ),
        "for git": (
            {"secret": secret(1), "scopes": ["write_repository", "read_repository"]},
            [git_only],
        ),
    }
    reports = check_each(run, {name: setting for name, (setting, _) in notes.items()})
    assert {name: token["notes"] for name, token in reports.items()} == {
        n: said for n, (_, said) in notes.items()
    }


def test_missing_scopes_are_told_with_what_is_required_and_held(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user", "read_repository")))
    result = run.json("--scopes", "read_user,api write_repository", "--scopes", "sudo", token=GOOD)
    assert result.code == 21
    details = result.problem["details"]
    assert set(details["required"]) == {"read_user", "api", "write_repository", "sudo"}
    assert set(details["missing"]) == {"api", "write_repository", "sudo"}
    assert set(details["held"]) == {"read_user", "read_repository"}
    assert "personal_access_tokens?name=ci" in result.problem["fix"]


def test_the_page_for_a_new_token_keeps_what_the_old_one_may_hold_and_has_no_mistyped_scope(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user", "read_repository", "sudo")))
    result = run.json("--scopes", "read_registry,read_apis", "--forbid-scopes", "sudo", token=GOOD)
    (page,) = {
        word
        for problem in result.token["problems"]
        for word in problem["fix"].split()
        if "?" in word
    }
    assert page.endswith("?name=ci&scopes=read_registry,read_user,read_repository")


@pytest.mark.parametrize(
    ("where", "page"),
    [
        ({"project": "open/app"}, "on {url}/open/app/-/project_members"),
        ({"group": "open"}, "on {url}/groups/open/-/group_members"),
        ({"project": "42"}, "in the project's member list"),
    ],
)
def test_a_role_is_given_where_members_are_managed(
    gitlab: GitLab, run: Run, where: dict[str, str], page: str
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("open/app", id=42, members={7: 20}))
    gitlab.add_group(Group("open", members={7: 20}))
    flags = [word for name, value in where.items() for word in (f"--{name}", value)]
    result = run.json(*flags, "--role", "maintainer", token=GOOD)
    assert result.token["category"] == "role-too-low"
    assert page.format(url=gitlab.url) in result.problem["fix"]


def test_scopes_that_lack_are_listed_and_a_hint_comes_once_and_only_where_there_is_one(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=()))
    gitlab.add(Token(secret(1), scopes=("read_user", "email")))
    said = {
        "api": "lacks the scope api; it holds none.",
        "api sudo": "lacks the scopes api, sudo; it holds none.",
        "read_apis Read_Apis": "the scopes read_apis, Read_Apis; it holds none. There is a scope read_api.",
        "xyz": "lacks the scope xyz; it holds read_user, email.",
    }
    tokens = {
        name: {"scopes": name.split(), "secret": secret(1) if name == "xyz" else GOOD}
        for name in said
    }
    reports = check_each(run, tokens)
    for name, words_of in said.items():
        (problem,) = reports[name]["problems"]
        assert problem["message"].endswith(words_of)
        assert problem["fix"].startswith(
            "Correct `scopes` if" if "There is" in words_of else "Scopes cannot be added"
        )


@pytest.mark.parametrize(
    ("mistyped", "nearest"), [("read_apis", "read_api"), ("write-repository", "write_repository")]
)
def test_a_mistyped_scope_gets_the_nearest_known_name(
    gitlab: GitLab, run: Run, mistyped: str, nearest: str
) -> None:
    gitlab.add(Token(GOOD))
    result = run.json("--scopes", mistyped, token=GOOD)
    assert result.code == 21
    assert mistyped in words(result.token)
    assert f"{nearest}" in words(result.token).replace(mistyped, "")


def test_forbidden_scopes_are_listed(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("api", "sudo", "email")))
    problem = run.json("--forbid-scopes", "email,read_api,api", token=GOOD).problem
    assert "it holds email, api." in problem["message"]
    assert problem["details"] == {"forbidden": ["email", "api"], "held": ["api", "sudo", "email"]}


def test_forbidden_scopes_are_literal(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(secret(1), scopes=("api", "sudo")))
    tokens = {
        name: {"secret": secret(1), "forbid-scopes": name.split()}
        for name in ("api", "sudo", "read_api", "read_user write_repository", "read_user api")
    }
    assert verdicts(run, tokens) == {
        "api": "scope-forbidden",
        "sudo": "scope-forbidden",
        "read_api": "ok",
        "read_user write_repository": "ok",
        "read_user api": "scope-forbidden",
    }


# Dates


def dated(gitlab: GitLab, ends: Mapping[str, str | None]) -> None:
    """Tokens that end on these days, by the server's clock, which stands at noon on 1 March 2027."""
    gitlab.date = NOON
    for value, end in ends.items():
        gitlab.add(Token(value, expires_at=end, created_at="2027-02-28T00:00:00.000Z"))


TOMORROW, SPRING, NEVER = secret(1), secret(2), secret(3)
ENDS = {TOMORROW: "2027-03-02", SPRING: "2027-03-15", NEVER: None}


def test_least_validity_is_counted_to_midnight_utc_at_the_start_of_the_day(
    gitlab: GitLab, run: Run
) -> None:
    dated(gitlab, ENDS)
    expected: dict[tuple[str, object], str] = {
        (TOMORROW, "12h"): "ok",
        (TOMORROW, "13h"): "expires-soon",
        (TOMORROW, "720m"): "ok",
        (TOMORROW, "721m"): "expires-soon",
        (TOMORROW, "0"): "ok",
        (TOMORROW, 0): "ok",
        (TOMORROW, "0d"): "ok",
        (TOMORROW, "1d"): "expires-soon",
        (TOMORROW, 1): "expires-soon",
        (SPRING, "13d"): "ok",
        (SPRING, "324h"): "ok",
        (SPRING, "325h"): "expires-soon",
        (SPRING, "14d"): "expires-soon",
        (SPRING, 13): "ok",
        (SPRING, "14"): "expires-soon",
        (SPRING, "1w"): "ok",
        (SPRING, "2w"): "expires-soon",
        (NEVER, "520w"): "ok",
    }
    tokens = {
        f"{number} {least}": {"secret": value, "min-validity": least, "warn-validity": 0}
        for number, (value, least) in enumerate(expected)
    }
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        assert list(verdicts(run, tokens, env={"TZ": zone}).values()) == list(expected.values())


def test_largest_validity_and_no_expiry(gitlab: GitLab, run: Run) -> None:
    dated(gitlab, ENDS)
    expected: dict[tuple[str, object], str] = {
        (TOMORROW, "12h"): "ok",
        (TOMORROW, "719m"): "lives-too-long",
        (SPRING, "2w"): "ok",
        (SPRING, 13): "lives-too-long",
        (NEVER, "520w"): "lives-too-long",
    }
    tokens = {
        f"{number} {most}": {"secret": value, "max-validity": most, "warn-validity": 0}
        for number, (value, most) in enumerate(expected)
    }
    assert list(verdicts(run, tokens).values()) == list(expected.values())


def test_what_is_wrong_with_a_date_is_told_in_words_and_in_seconds(
    gitlab: GitLab, run: Run
) -> None:
    dated(gitlab, ENDS)
    left = int(13.5 * 86400)
    soon = "expires in 13 days, on 2027-03-15 at 00:00 UTC;"
    told: dict[str, tuple[dict[str, object], str, str, dict[str, object]]] = {
        "error": (
            {"secret": SPRING, "min-validity": "14d"},
            "error",
            f"{soon} 14 days should be left (min-validity).",
            {"required_seconds": 14 * 86400, "seconds_left": left},
        ),
        "warning": (
            {"secret": SPRING, "warn-validity": "20d"},
            "warning",
            f"{soon} 20 days should be left (warn-validity).",
            {"required_seconds": 20 * 86400, "seconds_left": left},
        ),
        "long": (
            {"secret": SPRING, "max-validity": "13d"},
            "error",
            "lives for another 13 days; it should be no more than 13 days.",
            {"required_seconds": 13 * 86400, "seconds_left": left},
        ),
        "for ever": (
            {"secret": NEVER, "max-validity": "1d"},
            "error",
            "never expires; it should be no more than 1 day.",
            {"required_seconds": 86400, "seconds_left": None},
        ),
    }
    reports = check_each(run, {name: setting for name, (setting, *_) in told.items()})
    for name, (_, severity, end, details) in told.items():
        (problem,) = reports[name]["problems"]
        assert (problem["severity"], problem["details"]) == (severity, details), name
        assert problem["message"].endswith(end), name


@pytest.mark.parametrize(
    ("second", "category"),
    [
        ("2027-03-01T00:00:00", "ok"),
        ("2027-03-01T00:00:01", "expires-soon"),
        ("2027-03-01T23:59:59", "expires-soon"),
        ("2027-03-02T00:00:00", "token-expired"),
    ],
)
def test_a_day_is_a_day_to_the_second(gitlab: GitLab, run: Run, second: str, category: str) -> None:
    gitlab.date = datetime.fromisoformat(f"{second}+00:00")
    # Told as if alive: the verdict is by the date, not by GitLab's refusal.
    gitlab.always(
        Answer(200, describe(expires_at="2027-03-02", created_at="2027-02-01T00:00:00.000Z"))
    )
    token = run.json("--min-validity", "1d", token=GOOD).token
    left = int((datetime(2027, 3, 2, tzinfo=timezone.utc) - gitlab.date).total_seconds())
    assert token["category"] == category
    if left > 0:
        assert (token["token"]["seconds_left"], token["token"]["days_left"]) == (
            left,
            left // 86400,
        )
        assert token["token"]["expires_at_utc"] == "2027-03-02T00:00:00Z"
    assert ("It expired on 2027-03-02 at 00:00 UTC" in words(token)) is (left == 0)


def test_one_second_before_midnight_a_token_lives(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, expires_at="2027-03-02"))
    gitlab.date = datetime(2027, 3, 1, 23, 59, 59, tzinfo=timezone.utc)
    assert run(token=GOOD).code == 0
    gitlab.date = datetime(2027, 3, 2, tzinfo=timezone.utc)
    assert run(token=GOOD).code == 13


@pytest.mark.parametrize(("minutes", "noted"), [(-4, False), (4, False), (-6, True), (6, True)])
def test_a_local_clock_more_than_five_minutes_off_is_a_note(
    gitlab: GitLab, run: Run, minutes: int, noted: bool
) -> None:
    gitlab.add(Token(GOOD))
    now = datetime.now(timezone.utc)
    gitlab.date = datetime.fromtimestamp(now.timestamp() + 60 * minutes, timezone.utc)
    result = run.json(token=GOOD)
    assert (result.code, any("clock" in note for note in result.token["notes"])) == (0, noted)
    assert (f"{'ahead of' if minutes < 0 else 'behind'} GitLab's" in words(result.token)) is noted


def test_five_minutes_are_five_minutes() -> None:
    token = Described("access-token", 1, "ci", 7, ("api",), False, NOON, 0.0)

    def noted(seconds: float) -> bool:
        return bool(
            judge(Requirements(), token._replace(clock_off=seconds), None, None, NOON).notes
        )

    assert [noted(seconds) for seconds in (-301.0, -300.0, 0.0, 300.0, 300.5)] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_without_a_usable_date_of_the_server_the_local_clock_counts(
    gitlab: GitLab, run: Run
) -> None:
    dates = {
        "none": "",
        "words": "yesterday",
        "cut": "Mon, 01 Mar",
        "no day": "Mon, 32 Jan 2024 00:00:00 GMT",
    }
    body = describe(expires_at=in_days(3))
    tokens = answered(
        gitlab, {name: Answer(200, body, (("Date", date),)) for name, date in dates.items()}
    )
    gitlab.no_date = True
    tokens |= answered(gitlab, {"absent": Answer(200, body)})
    for least, category in (("1d", "ok"), ("4d", "expires-soon")):
        found = verdicts(run, tokens, top={"min-validity": least, "warn-validity": 0})
        assert found == dict.fromkeys(tokens, category)


def test_by_default_the_last_two_weeks_or_quarter_of_a_life_give_a_warning(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.date = NOON.replace(hour=0)
    day = 86400
    lives: dict[str, tuple[str | None, str | None, int | None]] = {
        "year with 13 days": ("2026-03-14T00:00:00.000Z", "2027-03-14", 14 * day),
        "year with 14 days": ("2026-03-15T00:00:00.000Z", "2027-03-15", None),
        "year with 15 days": ("2026-03-16T00:00:00.000Z", "2027-03-16", None),
        "8 days with 1 day": ("2027-02-22T00:00:00.000Z", "2027-03-02", 2 * day),
        "8 days with 2 days": ("2027-02-23T00:00:00.000Z", "2027-03-03", None),
        "8 days with 3 days": ("2027-02-24T00:00:00.000Z", "2027-03-04", None),
        "40 days with 9 days": ("2027-01-29T00:00:00.000Z", "2027-03-10", 10 * day),
        "40 days with 11 days": ("2027-01-31T00:00:00.000Z", "2027-03-12", None),
        "birth unknown with 13 days": (None, "2027-03-14", 14 * day),
        "birth unknown with 14 days": (None, "2027-03-15", None),
        "for ever": ("2026-03-15T00:00:00.000Z", None, None),
    }
    answers = {}
    for name, (born, ends, _) in lives.items():
        body = describe(expires_at=ends, created_at=born)
        answers[name] = Answer(
            200, body if born else {k: v for k, v in body.items() if k != "created_at"}
        )
    result = check(run, answered(gitlab, answers))
    assert (result.code, result.report["category"]) == (0, "ok")
    reports = {token["name"]: token for token in result.report["tokens"]}
    expected = {
        name: [("expires-soon", "warning", below)] if below else []
        for name, (*_, below) in lives.items()
    }
    found = {
        name: [
            (p["category"], p["severity"], p["details"]["required_seconds"])
            for p in token["problems"]
        ]
        for name, token in reports.items()
    }
    assert all(
        "(warn-validity, auto)" in words(reports[name])
        for name, (*_, below) in lives.items()
        if below
    )
    assert found == expected
    assert all(token["ok"] for token in reports.values())


def test_the_warning_can_be_set_and_switched_off_and_does_not_hide_the_error(
    gitlab: GitLab, run: Run
) -> None:
    dated(gitlab, ENDS)
    settings: dict[str, tuple[dict[str, object], str, bool]] = {
        "never": ({"secret": TOMORROW, "warn-validity": 0}, "ok", False),
        "set": ({"secret": SPRING, "warn-validity": "2w"}, "ok", True),
        "enough": ({"secret": SPRING, "warn-validity": "13d"}, "ok", False),
        "error": (
            {"secret": SPRING, "warn-validity": "30d", "min-validity": "20d"},
            "expires-soon",
            True,
        ),
        "between": ({"secret": SPRING, "warn-validity": "30d", "min-validity": "10d"}, "ok", True),
        "for ever": ({"secret": NEVER, "warn-validity": "30d"}, "ok", False),
    }
    reports = check_each(run, {name: setting for name, (setting, *_) in settings.items()})
    found = {
        name: (token["category"], any(p["category"] == "expires-soon" for p in token["problems"]))
        for name, token in reports.items()
    }
    assert found == {name: (category, told) for name, (_, category, told) in settings.items()}


# Kinds


def test_what_nobody_asked_gitlab_is_not_judged() -> None:
    token = Described("access-token", 1, "ci", 7, ("api",), False, NOON, 0.0)
    asked = Requirements(kind="project", project="group/app", role="owner")
    assert judge(asked, token, None, None, NOON).problems == ()


def test_each_kind_is_what_it_is_and_nothing_else(gitlab: GitLab, run: Run) -> None:
    kinds: dict[Kind, str] = {
        "personal": "personal",
        "impersonation": "personal",
        "project": "project",
        "group": "group",
        "service-account": "service-account",
    }
    for number, genuine in enumerate(kinds):
        gitlab.add(Token(secret(number), genuine, user_id=100 + number))
    gitlab.add(Token(OAUTH, "oauth"))
    gitlab.add(Token(JOB, "job"))
    wanted = ("personal", "project", "group", "service-account", "job", "oauth")
    tokens, expected = {}, {}
    held_kinds: dict[Kind, str] = {**kinds, "oauth": "oauth", "job": "job"}
    for number, (held, name) in enumerate(held_kinds.items()):
        value = {"oauth": OAUTH, "job": JOB}.get(held, secret(number))
        for kind in wanted:
            tokens[f"{held} as {kind}"] = {"secret": value, "kind": kind}
            expected[f"{held} as {kind}"] = "ok" if kind == name else "wrong-token-kind"
    reports = check_each(run, tokens)
    assert {name: token["category"] for name, token in reports.items()} == expected
    genuine_kinds = {str(kind): name for kind, name in held_kinds.items()}
    for case in [case for case, category in expected.items() if category != "ok"]:
        holding, required = case.split(" as ")
        (problem,) = (p for p in reports[case]["problems"] if p["category"] == "wrong-token-kind")
        unasked = required in ("oauth", "job") and holding not in ("oauth", "job")
        actual = "access-token" if unasked else genuine_kinds[holding]
        assert problem["details"] == {"required": required, "actual": actual}
        assert (problem["fix"] == "Pass CI_JOB_TOKEN here.") is (required == "job")
    told = {name: reports[f"{name} as {name}"]["token"]["kind"] for name in wanted}
    assert told == {name: name for name in wanted}


def test_a_kind_costs_one_more_request_and_no_kind_none(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, "project", resource_id=5))
    result = run.json(token=GOOD)
    assert (result.token["requests"], result.token["token"]["kind"]) == (1, "access-token")
    assert paths(gitlab) == [SELF]
    gitlab.requests.clear()
    result = run.json("--kind", "project", token=GOOD)
    assert (result.code, result.token["requests"], result.token["token"]["kind"]) == (
        0,
        2,
        "project",
    )
    assert paths(gitlab) == [SELF, "/api/v4/user"]
    gitlab.requests.clear()
    for kind in ("job", "oauth"):
        assert run.json("--kind", kind, token=GOOD).token["requests"] == 1


def test_whose_token_it_is_is_asked_only_where_the_verdict_depends_on_it(
    gitlab: GitLab, run: Run
) -> None:
    """Where it is read_registry through read_api, which only a classic access token can hold."""
    gitlab.add(Token(secret(1), scopes=("read_api",)))
    gitlab.add(Token(secret(2), scopes=("read_api", "read_registry")))
    gitlab.add(Token(secret(3), scopes=("read_api", "api")))
    gitlab.add(Token(secret(4), scopes=("read_user",)))
    gitlab.add(Token(OAUTH, "oauth", scopes=("read_api",)))
    (fine,) = answered(
        gitlab, {"fine": Answer(200, describe(scopes=["read_api"], granular=True))}
    ).values()
    registry = {"scopes": ["read_registry"]}
    settings: dict[str, tuple[dict[str, object], str, int]] = {
        "read_api": ({**registry, "secret": secret(1)}, "ok", 2),
        "itself": ({**registry, "secret": secret(2)}, "ok", 1),
        "api": ({**registry, "secret": secret(3)}, "ok", 1),
        "neither": ({**registry, "secret": secret(4)}, "scope-missing", 1),
        "oauth": ({**registry, "secret": OAUTH}, "scope-missing", 1),
        "fine-grained": ({**registry, **fine}, "scope-unknown", 1),
        "fine-grained with a kind": (
            {**fine, "secret": secret(5), "kind": "personal"},
            "unexpected-answer",
            2,
        ),
    }
    gitlab.always(Answer(404, {"message": "404 Not Found"}), path="/at-fine/api/v4/user")
    reports = check_each(run, {name: setting for name, (setting, *_) in settings.items()})
    found = {name: (token["category"], token["requests"]) for name, token in reports.items()}
    assert found == {
        name: (category, requests) for name, (_, category, requests) in settings.items()
    }


def test_a_person_may_be_called_like_a_bot(gitlab: GitLab, run: Run) -> None:
    people: dict[str, tuple[dict[str, object], str]] = {
        "person": ({"username": "project_5_bot_x", "bot": False}, "personal"),
        "bot": ({"username": "project_5_bot_0123456789abcdef", "bot": True}, "project"),
        "bot of long ago": ({"username": "project_5_bot", "bot": True}, "project"),
        "bot of a group": ({"username": "group_5_bot_0123456789abcdef", "bot": True}, "group"),
        "service account": (
            {"username": "service_account_group_5_x", "bot": True},
            "service-account",
        ),
        "bot of another name": ({"username": "deployer", "bot": True}, "service-account"),
        "bot by its name": ({"username": "group_5_bot_0123456789abcdef"}, "group"),
        "service account by its name": ({"username": "service_account_x"}, "service-account"),
        "person by the name": ({"username": "me"}, "personal"),
        "person of another type": ({"username": "me", "bot": 1}, "personal"),
    }
    tokens = {}
    for name, (user, kind) in people.items():
        at = f"/{name.replace(' ', '-')}-here"
        gitlab.always(Answer(200, {"id": 7, **user}), path=f"{at}/api/v4/user")
        gitlab.always(Answer(200, describe()), path=f"{at}/api/v4/personal")
        tokens[name] = {"url": gitlab.url + at, "kind": kind}
    assert verdicts(run, tokens) == dict.fromkeys(people, "ok")


def test_a_token_that_may_not_ask_who_it_is_lacks_a_scope_for_that(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("write_repository",)))
    result = run.json("--kind", "personal", token=GOOD)
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    assert "read_user" in words(result.token)


def test_kinds_that_cannot_be_checked_are_told_by_prefix_and_nothing_is_sent(
    gitlab: GitLab, run: Run
) -> None:
    prefixes = (
        "gldt-", "glrt-", "GR1348941", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "glwt-", "glffct-", "gloas-",
    )  # fmt: skip
    tokens = {prefix: {"secret": f"{prefix}3fZ1p5y4XWcCvMGVlfak"} for prefix in prefixes}
    tokens["glrtr-"] = {"secret": "glrtr-W5m1cHR6skC98Bx7XkuYjmM6MQpnOjgKbzpyegp0OjIQ.01.181uebm4k"}
    result = check(run, tokens)
    assert {token["name"]: token["category"] for token in result.report["tokens"]} == dict.fromkeys(
        tokens, "wrong-token-kind"
    )
    assert result.code == 16
    assert gitlab.requests == []
    assert not any(str(token["secret"]) in result.out + result.err for token in tokens.values())


# Job tokens


def test_a_job_token_is_asked_about_as_one(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(JOB, "job"))
    result = run.json("--kind", "job", "--max-validity", "1d", "--min-validity", "0", token=JOB)
    assert (result.code, result.token["requests"], result.token["token"]["kind"]) == (0, 1, "job")
    assert paths(gitlab) == ["/api/v4/job"]
    assert gitlab.requests[0].headers["job-token"] == JOB
    assert run(token="glcbt-64_9kQ2w8e7RTyUiOpAsDfg").code == 12


def test_a_job_token_can_meet_no_requirement_but_kind_and_longest_validity(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(JOB, "job"))
    gitlab.add_project(Project("group/app", members={7: 50}))
    requirements: dict[str, dict[str, object]] = {
        "scopes": {"scopes": ["api"]},
        "forbid-scopes": {"forbid-scopes": ["sudo"]},
        "min-validity": {"min-validity": "1h"},
        "project": {"project": "group/app"},
        "role": {"project": "group/app", "role": "guest"},
        "group": {"group": "group"},
        "kind": {"kind": "project"},
    }
    tokens = {name: {"secret": JOB, **more} for name, more in requirements.items()}
    reports = check_each(run, tokens)
    assert {name: token["category"] for name, token in reports.items()} == dict.fromkeys(
        tokens, "wrong-token-kind"
    )
    unmet = {
        name: [p["details"].get("requirement") for p in token["problems"]]
        for name, token in reports.items()
    }
    assert unmet == {name: [name] for name in tokens} | {
        "kind": [None],
        "role": ["project", "role"],
    }
    free = {"nothing": {"secret": JOB}, "max-validity": {"secret": JOB, "max-validity": "30d"}}
    assert verdicts(run, free) == dict.fromkeys(free, "ok")


# OAuth tokens


def test_an_oauth_token_is_asked_about_as_one(run_alone: Run) -> None:
    with GitLab(prefix="/gitlab") as server:
        server.add(Token(OAUTH, "oauth", scopes=("read_api", "openid")))
        result = run_alone.json(
            "--url", server.url, "--kind", "oauth", "--scopes", "read_user,openid", token=OAUTH
        )
        assert (result.code, result.token["requests"], result.token["token"]["kind"]) == (
            0,
            1,
            "oauth",
        )
        assert [request.path for request in server.requests] == ["/gitlab/oauth/token/info"]
        assert server.requests[0].headers["authorization"] == f"Bearer {OAUTH}"
        assert set(result.token["token"]["scopes"]) == {"read_api", "openid"}


def test_an_oauth_token_of_another_shape_is_known_once_gitlab_says_so(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, "oauth", scopes=("read_api",)))
    refusal = "400 Bad request - This endpoint requires token type to be a personal access token"
    gitlab.always(Answer(400, {"message": refusal}), path=SELF)
    result = run.json("--kind", "oauth", token=GOOD)
    assert (result.code, result.token["requests"], result.token["token"]["kind"]) == (0, 2, "oauth")
    assert [request.headers.get("authorization") for request in gitlab.requests] == [
        None,
        f"Bearer {GOOD}",
    ]


def test_an_oauth_token_dies_when_its_seconds_are_over(gitlab: GitLab, run: Run) -> None:
    gitlab.date = NOON

    def lived(seconds: int) -> Answer:
        born = int(NOON.timestamp()) - seconds
        return Answer(
            200, {"scope": ["api"], "expires_in": 3600, "created_at": born, "resource_owner_id": 7}
        )

    # A warning from the last quarter on: that of the first began a quarter of a second ago.
    tokens = answered(gitlab, {"warns": lived(3 * 3600 + 1), "does not": lived(3 * 3600)})
    reports = check_each(run, {name: {**at, "secret": OAUTH} for name, at in tokens.items()})
    details = {"required_seconds": 3600, "seconds_left": 3600}
    assert [problem["details"] for problem in reports["warns"]["problems"]] == [details]
    assert reports["does not"]["problems"] == []
    token = reports["warns"]["token"]
    assert (token["user_id"], token["expires_at_utc"]) == (7, "2027-03-01T13:00:00Z")


def test_requirements_hold_for_oauth_tokens_too(gitlab: GitLab, run: Run) -> None:
    def value(number: int) -> str:
        return f"{number:064x}"

    gitlab.add(Token(value(1), "oauth", scopes=("read_api",), expires_in=7200))
    gitlab.add(Token(value(2), "oauth", expires_in=None))
    gitlab.add(Token(value(3), "oauth", expires_in=0))
    gitlab.add_project(Project("group/app", members={7: 30}))
    settings: dict[str, tuple[dict[str, object], str]] = {
        "an hour": ({"min-validity": "1h"}, "ok"),
        "three hours": ({"min-validity": "3h"}, "expires-soon"),
        "at most an hour": ({"max-validity": "1h"}, "lives-too-long"),
        "at most three hours": ({"max-validity": "3h"}, "ok"),
        "scope": ({"scopes": ["api"]}, "scope-missing"),
        "forbidden": ({"forbid-scopes": ["read_api"]}, "scope-forbidden"),
        "developer": ({"project": "group/app", "role": "developer"}, "ok"),
        "maintainer": ({"project": "group/app", "role": "maintainer"}, "role-too-low"),
        "hidden": ({"project": "group/other"}, "not-found"),
        "for ever": ({"secret": value(2), "min-validity": "1w"}, "ok"),
        "for ever at most": ({"secret": value(2), "max-validity": "1w"}, "lives-too-long"),
        "dead": ({"secret": value(3)}, "token-invalid"),
        "unknown": ({"secret": value(4)}, "token-invalid"),
    }
    tokens = {name: {"secret": value(1), **setting} for name, (setting, _) in settings.items()}
    assert verdicts(run, tokens) == {name: category for name, (_, category) in settings.items()}


# Fine-grained tokens


def test_a_fine_grained_token_cannot_be_judged_by_scopes_but_by_all_else(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, "fine-grained", expires_at=in_days(20)))
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.add_group(Group("team", members={7: 30}))
    settings: dict[str, tuple[dict[str, object], str]] = {
        "nothing": ({}, "ok"),
        "scopes": ({"scopes": ["api"]}, "scope-unknown"),
        "its own name": ({"scopes": ["granular"]}, "scope-unknown"),
        "forbidden": ({"forbid-scopes": ["sudo"]}, "scope-unknown"),
        "enough": ({"min-validity": "2w"}, "ok"),
        "soon": ({"min-validity": "30d"}, "expires-soon"),
        "long": ({"max-validity": "1w"}, "lives-too-long"),
        "developer": ({"project": "group/app", "role": "developer"}, "ok"),
        "maintainer": ({"project": "group/app", "role": "maintainer"}, "role-too-low"),
        "hidden": ({"project": "group/other"}, "not-found"),
        "group": ({"group": "team", "role": "developer"}, "ok"),
        "group maintainer": ({"group": "team", "role": "maintainer"}, "role-too-low"),
        "soon and scopes": ({"min-validity": "30d", "scopes": ["api"]}, "expires-soon"),
    }
    found = verdicts(run, {name: setting for name, (setting, _) in settings.items()})
    assert found == {name: category for name, (_, category) in settings.items()}


def test_fine_grained_permissions_that_lack_are_named(gitlab: GitLab, run: Run) -> None:
    gitlab.add_project(Project("group/app", members={7: 30}))
    gitlab.add(Token(secret(1), "fine-grained", granular_self=False))
    gitlab.add(Token(secret(2), "fine-grained", grants=("User: Read",)))
    tokens = {
        "not itself": {"secret": secret(1)},
        "not the project": {"secret": secret(2), "project": "group/app", "role": "developer"},
    }
    reports = check_each(run, tokens)
    assert reports["not itself"]["category"] in {"scope-missing", "scope-unknown"}
    assert "Personal Access Token: Read" in words(reports["not itself"])
    # What the token may read of itself includes its memberships: a verdict is allowed, a false refusal is not.
    assert reports["not the project"]["category"] in {"ok", "scope-missing", "scope-unknown"}


def test_a_classic_token_where_only_fine_grained_ones_count_is_not_ok(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("group/app", members={7: 30}, granular_only=True))
    result = run.json("--project", "group/app", token=GOOD)
    assert result.token["category"] in {"wrong-token-kind", "scope-missing", "scope-unknown"}
    assert "fine-grained" in words(result.token)


# Roles


def test_every_level_against_every_role(gitlab: GitLab, run: Run) -> None:
    levels = (10, 15, 20, 25, 30, 40, 50)
    gitlab.add_project(Project("group/app", members={level: level for level in levels}))
    gitlab.add_group(Group("team", members={level: level for level in (5, *levels)}))
    for level in (5, *levels):
        gitlab.add(Token(secret(level), scopes=("read_api",), user_id=level))
        gitlab.add(Token(secret(level + 100), scopes=("write_repository",), user_id=level))
    tokens, expected = {}, {}
    for role, least in ROLES.items():
        for level in levels:
            for name, value in (
                ("read_api", secret(level)),
                ("write_repository", secret(level + 100)),
            ):
                case = f"{level} as {role} with {name}"
                tokens[case] = {"secret": value, "project": "group/app", "role": role}
                expected[case] = "ok" if level >= least else "role-too-low"
        for level in (5, *levels):
            case = f"{level} as {role} in group"
            tokens[case] = {"secret": secret(level), "group": "team", "role": role}
            expected[case] = "ok" if level >= least else "role-too-low"
    assert verdicts(run, tokens) == expected


def test_the_larger_of_all_memberships_counts(gitlab: GitLab, run: Run) -> None:
    """Users 1 to 6: direct, inherited, both (twice), through a share only, and through a share besides."""
    direct, inherited, shared = {1: 30, 3: 20, 4: 30, 6: 20}, {2: 30, 3: 30, 4: 10}, {5: 30, 6: 30}
    project = gitlab.add_project(
        Project("group/app", members=direct, group_members=inherited, shared=shared)
    )
    group = gitlab.add_group(Group("team", members=direct, group_members=inherited, shared=shared))
    tokens: dict[str, dict[str, object]] = {}
    expected = {}
    for user in range(1, 7):
        gitlab.add(Token(secret(user), scopes=("read_api",), user_id=user))
        gitlab.add(Token(secret(user + 50), scopes=("read_repository",), user_id=user))
        places: dict[str, dict[str, object]] = {
            "project": {"secret": secret(user), "project": "group/app"},
            "project id": {"secret": secret(user), "project": project.id},
            "group": {"secret": secret(user), "group": "team"},
            "group id": {"secret": secret(user), "group": str(group.id)},
            "project without read_api": {"secret": secret(user + 50), "project": "group/app"},
            "project id without read_api": {"secret": secret(user + 50), "project": project.id},
            "group id without read_api": {"secret": secret(user + 50), "group": group.id},
        }
        for name, place in places.items():
            tokens[f"{user} {name} developer"] = {**place, "role": "developer"}
            expected[f"{user} {name} developer"] = "ok"
            tokens[f"{user} {name} maintainer"] = {**place, "role": "maintainer"}
            expected[f"{user} {name} maintainer"] = "role-too-low"
            tokens[f"{user} {name}"] = place
            expected[f"{user} {name}"] = "ok"
    assert verdicts(run, tokens) == expected


def test_a_role_that_is_too_low_is_told_with_the_one_there_is(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), scopes=("write_repository",)))
    gitlab.add_project(Project("group/app", members={7: 20}))
    gitlab.add_project(Project("open/app", public=True))
    gitlab.add_project(Project("guest/app", members={7: 10}))
    gitlab.add_project(Project("shared/app", shared={7: 20}))
    gitlab.add_group(Group("team", members={7: 5}))
    told: dict[str, tuple[dict[str, object], str, str | None]] = {
        "reporter": ({"project": "group/app"}, "is reporter there", "reporter"),
        "minimal": (
            {"group": "team"},
            "is a member with minimal access there",
            "a member with minimal access",
        ),
        "none": ({"project": "open/app"}, "is no member there", None),
        "untold": ({"project": "shared/app", "secret": secret(1)}, "has a lower role there", None),
        "told": ({"project": "group/app", "secret": secret(1)}, "is reporter there", "reporter"),
        "least": ({"project": "guest/app", "secret": secret(1)}, "is guest there", "guest"),
    }
    reports = check_each(
        run, {name: {**setting, "role": "maintainer"} for name, (setting, *_) in told.items()}
    )
    for name, (setting, said, actual) in told.items():
        (problem,) = reports[name]["problems"]
        assert f"but its account {said}; maintainer is asked for." in problem["message"], name
        place = {key: value for key, value in setting.items() if key != "secret"}
        assert problem["details"] == {"required": "maintainer", "actual": actual, **place}, name


def test_visible_without_membership_is_too_low_and_hidden_is_not_found(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), scopes=("write_repository",)))
    project = gitlab.add_project(Project("open/app", public=True, members={8: 50}))
    gitlab.add_group(Group("open", public=True, members={8: 50}))
    gitlab.add_project(Project("secret/app", members={8: 50}))
    gitlab.add_group(Group("secret", members={8: 50}))
    poor: dict[str, object] = {"secret": secret(1), "role": "guest"}
    settings: dict[str, tuple[dict[str, object], str]] = {
        "public": ({"project": "open/app"}, "ok"),
        "public by id": ({"project": project.id}, "ok"),
        "public with role": ({"project": "open/app", "role": "guest"}, "role-too-low"),
        "public group": ({"group": "open"}, "ok"),
        "public group with role": ({"group": "open", "role": "guest"}, "role-too-low"),
        "hidden": ({"project": "secret/app"}, "not-found"),
        "hidden with role": ({"project": "secret/app", "role": "guest"}, "not-found"),
        "hidden group": ({"group": "secret"}, "not-found"),
        "hidden group with role": ({"group": "secret", "role": "guest"}, "not-found"),
        "absent": ({"project": "open/none"}, "not-found"),
        "absent by id": ({"project": 4711}, "not-found"),
        "absent group": ({"group": "none", "role": "owner"}, "not-found"),
        "hidden without read_api": ({**poor, "project": "secret/app"}, "not-found"),
        "absent without read_api": ({**poor, "project": "open/none"}, "not-found"),
        "absent group without read_api": ({**poor, "group": 4711}, "not-found"),
    }
    found = verdicts(run, {name: setting for name, (setting, _) in settings.items()})
    assert found == {name: category for name, (_, category) in settings.items()}


def test_a_path_is_one_part_of_the_address_whatever_is_in_it(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add_project(Project("Group/sub-group/my.app_1", members={7: 40}))
    result = run.json("--project", "Group/sub-group/my.app_1", "--role", "maintainer", token=GOOD)
    assert (result.code, result.token["requests"]) == (0, 2)
    assert (
        gitlab.requests[1].path.partition("?")[0] == "/api/v4/projects/Group%2Fsub-group%2Fmy.app_1"
    )


def test_role_and_place_cost_one_more_request_and_a_share_another(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    gitlab.add(Token(secret(1), scopes=("read_repository",)))
    project = gitlab.add_project(Project("group/app", members={7: 40}))
    gitlab.add_project(Project("group/shared", shared={7: 40}))
    gitlab.add_project(Project("open/app", public=True))
    gitlab.add_group(Group("open", public=True))
    group = gitlab.add_group(Group("team", members={7: 40}))
    poor = {"secret": secret(1)}
    settings: dict[str, tuple[dict[str, object], int]] = {
        "nothing": ({"scopes": ["api"], "min-validity": "1d"}, 1),
        "project": ({"project": "group/app"}, 2),
        "role": ({"project": "group/app", "role": "maintainer"}, 2),
        "more than the role": ({"project": "group/app", "role": "developer"}, 2),
        "public": ({"project": "open/app"}, 2),
        "public group": ({"group": "open"}, 2),
        "role by id": ({"project": project.id, "role": "maintainer"}, 2),
        "share": ({"project": "group/shared", "role": "maintainer"}, 3),
        "group": ({"group": "team"}, 2),
        "group role": ({"group": "team", "role": "maintainer"}, 2),
        "group role by id": ({"group": group.id, "role": "maintainer"}, 2),
        "without read_api": ({**poor, "project": "group/app", "role": "maintainer"}, 2),
        "group without read_api": ({**poor, "group": group.id, "role": "maintainer"}, 2),
    }
    found = {}
    for name, (setting, _) in settings.items():
        gitlab.requests.clear()
        report = check_each(run, {name: setting})[name]
        found[name] = (report["category"], report["requests"], len(gitlab.requests))
    assert found == {name: ("ok", count, count) for name, (_, count) in settings.items()}


# Tokens that may not read the API


@pytest.mark.parametrize("scope", ["read_repository", "self_rotate", "read_user"])
def test_memberships_are_found_page_by_page(gitlab: GitLab, run: Run, scope: str) -> None:
    gitlab.add(Token(GOOD, scopes=(scope,)))
    for number in range(230):
        gitlab.add_project(Project(f"group/app-{number}", members={7: 40}))
    groups = [gitlab.add_group(Group(f"team-{number}", members={7: 40})) for number in range(310)]
    tokens: dict[str, dict[str, object]] = {
        "first": {"project": "group/app-0"},
        "last": {"project": "group/app-229", "role": "maintainer"},
        "too low": {"project": "group/app-228", "role": "owner"},
        "none": {"project": "group/app-230", "role": "maintainer"},
        "first group": {"group": groups[0].id, "role": "maintainer"},
        "last group": {"group": groups[-1].id, "role": "maintainer"},
        "group too low": {"group": groups[-1].id, "role": "owner"},
    }
    found = verdicts(run, tokens)
    asked = Counter(
        request.path.partition("associations?")[2]
        for request in gitlab.requests
        if "?" in request.path
    )
    assert asked["min_access_level=40&page=4&per_page=100"] == 1
    assert not [query for query in asked if "page=0&" in query]
    assert found == {
        "first": "ok",
        "last": "ok",
        "too low": "role-too-low",
        "none": "not-found",
        "first group": "ok",
        "last group": "ok",
        "group too low": "role-too-low",
    }


def test_a_group_by_path_needs_read_api_and_the_report_says_what_to_do(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    gitlab.add_group(Group("team", members={7: 40}))
    for role in ((), ("--role", "developer")):
        result = run.json("--group", "team", *role, token=GOOD)
        assert (result.code, result.report["category"]) == (21, "scope-missing")
        assert "read_api" in words(result.token)
        assert "id" in words(result.token).replace(".", " ").replace(",", " ").split()


def test_an_instance_that_lists_no_memberships_gives_no_verdict_on_the_project(
    run_alone: Run,
) -> None:
    with GitLab(version="17.3.0") as old:
        old.add(Token(GOOD, scopes=("read_repository",)))
        old.add_project(Project("group/app", members={7: 40}))
        result = run_alone.json(
            "--url", old.url, "--project", "group/app", "--role", "developer", token=GOOD
        )
    assert result.token["category"] in {"scope-missing", "unsupported-server"}
    assert result.token["token"]["scopes"] == ["read_repository"]
    assert "read_api" in words(result.token)


def test_an_oauth_token_that_may_not_read_the_api_is_told_what_it_lacks(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(OAUTH, "oauth", scopes=("read_user",), expires_in=None))
    result = run.json("--project", "7", token=OAUTH)
    assert (result.problem["category"], result.token["requests"]) == ("scope-missing", 1)
    assert result.problem["details"] == {"required": ["read_api"], "missing": ["read_api"]}
    assert result.problem["fix"].startswith("Add the scope read_api")


def test_a_place_is_found_in_the_list_by_its_path_in_any_case_and_by_its_id(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_repository",)))
    gitlab.add_project(Project("Group/App", id=70, members={7: 30}))
    gitlab.add_group(Group("team", id=71, members={7: 30}))
    tokens: dict[str, dict[str, object]] = {
        "path": {"project": "Group/App"},
        "another case": {"project": "gROUP/aPP"},
        "id": {"project": 70},
        "id of a group": {"project": 71},
        "id of a project": {"group": 70},
        "group": {"group": 71},
    }
    found = verdicts(run, {name: {**place, "role": "developer"} for name, place in tokens.items()})
    assert found == {
        **dict.fromkeys(tokens, "ok"),
        "id of a group": "not-found",
        "id of a project": "not-found",
    }


def test_a_token_that_does_not_say_whose_it_is_is_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, user_id=9))
    gitlab.add_project(Project("group/app", shared={9: 30}))
    gitlab.always(Answer(200, describe(user_id=None)), path="/self")
    result = run.json("--project", "group/app", "--role", "developer", token=GOOD)
    assert (result.code, result.token["requests"]) == (0, 4)
    assert paths(gitlab)[-1] == "/api/v4/projects/group%2Fapp/members/all/9"


# Spelling of the page that repairs it


def test_the_page_that_repairs_is_the_one_of_the_kind(gitlab: GitLab, run: Run) -> None:
    gitlab.add(
        Token(secret(1), "project", name="deploy bot", scopes=("read_api",), expires_at=in_days(2))
    )
    gitlab.add(Token(secret(2), "group", scopes=("read_api",), expires_at=in_days(2)))
    gitlab.add(
        Token(secret(3), name="a b&c", scopes=("read_api", "read_user"), expires_at=in_days(2))
    )
    gitlab.add_project(Project("group/app", members={7: 40}))
    gitlab.add_group(Group("team", members={7: 40}))
    tokens: dict[str, dict[str, object]] = {
        "project": {"secret": secret(1), "kind": "project", "project": "group/app"},
        "group": {"secret": secret(2), "kind": "group", "group": "team"},
        "personal": {"secret": secret(3), "scopes": ["api"]},
    }
    reports = check_each(run, tokens, top={"min-validity": "1w"})
    assert f"{gitlab.url}/group/app/-/settings/access_tokens" in words(reports["project"])
    assert f"{gitlab.url}/groups/team/-/settings/access_tokens" in words(reports["group"])
    said = words(reports["personal"])
    assert f"{gitlab.url}/-/user_settings/personal_access_tokens?name=a" in said
    assert "b&c" not in said.partition("personal_access_tokens?")[2].split()[0]
    assert "scopes=" in said


def test_the_page_that_repairs_is_filled_in_so_that_the_new_token_passes(
    gitlab: GitLab, run: Run
) -> None:
    held = {
        "a": ("read_api",),
        "b": ("api", "sudo"),
        "c": ("read_repository",),
        "d": ("read_repository", "k8s_proxy"),
    }
    for number, scopes in enumerate(held.values()):
        gitlab.add(Token(secret(number), scopes=scopes, expires_at=in_days(50)))
    gitlab.add_group(Group("team", members={7: 40}))
    settings: dict[str, tuple[dict[str, object], set[str], set[str]]] = {
        "missing": (
            {"secret": secret(0), "scopes": ["write_repository"]},
            {"write_repository"},
            set(),
        ),
        "forbidden": ({"secret": secret(1), "forbid-scopes": ["sudo"]}, {"api"}, {"sudo"}),
        "soon": (
            {"secret": secret(3), "min-validity": "60d"},
            {"read_repository", "k8s_proxy"},
            set(),
        ),
        "kind": (
            {"secret": secret(2), "kind": "personal"},
            {"read_repository", "read_user"},
            set(),
        ),
        "group": ({"secret": secret(2), "group": "team"}, {"read_repository", "read_api"}, set()),
    }
    reports = check_each(run, {name: setting for name, (setting, *_) in settings.items()})
    filled = {
        name: set(re.split(r",|%2C", re.findall(r"[?&]scopes=([\w,%]+)", words(token))[0]))
        for name, token in reports.items()
    }
    lacking = {
        name: wanted - filled[name]
        for name, (_, wanted, _) in settings.items()
        if wanted - filled[name]
    }
    too_many = {
        name: never & filled[name]
        for name, (_, _, never) in settings.items()
        if never & filled[name]
    }
    assert (lacking, too_many) == ({}, {})


# What GitLab could not be asked about


def test_a_scope_that_depends_on_the_kind_has_no_verdict_when_the_kind_cannot_be_asked(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(secret(1), scopes=("read_api",)))
    gitlab.always(Answer(500, {"message": "500 Internal Server Error"}), path="/user")
    for kind in ((), ("--kind", "personal")):
        result = run.json("--scopes", "read_registry", *kind, token=secret(1))
        assert (result.code, result.problem["category"]) == (33, "server-error")


@pytest.mark.parametrize(
    ("error", "description", "code"),
    [
        (
            "invalid_token",
            "Token is expired. You can either do re-authorization or token refresh.",
            13,
        ),
        ("invalid_token", "Token was revoked. You have to re-authorize from the user.", 14),
        ("invalid_token", "The access token is invalid", 12),
        ("invalid_request", "The request is missing a required parameter.", 12),
        ("invalid_request", "400", 12),
        ("invalid_client", "Client authentication failed.", 34),
    ],
)
def test_what_is_said_of_a_dead_oauth_token_counts(
    gitlab: GitLab, run: Run, error: str, description: str, code: int
) -> None:
    status = 400 if description == "400" else 401
    gitlab.always(
        Answer(status, {"error": error, "error_description": description}), path="/oauth/token/info"
    )
    assert run(token="0123456789abcdef" * 4).code == code


@pytest.mark.parametrize("place", ["project", "group"])
def test_a_member_list_that_is_forbidden_says_that_the_role_is_too_low(
    gitlab: GitLab, run: Run, place: str
) -> None:
    gitlab.add(Token(secret(1), user_id=9))
    gitlab.add_project(Project("team/app", public=True))
    gitlab.add_group(Group("team/app", public=True))
    gitlab.always(Answer(403, {"message": "403 Forbidden"}), path="/members/all/")
    result = run.json(f"--{place}", "team/app", "--role", "guest", token=secret(1))
    assert (result.code, result.problem["category"]) == (23, "role-too-low")
    assert "the role guest on" in result.problem["fix"]
    cases = run(
        f"--{place}", "team/app", "--role", "guest", "--format", "junit", token=secret(1)
    ).out
    assert re.findall(r'name="(\w+)">\s*<failure', cases) == ["role"]


def test_a_place_that_is_forbidden_whatever_the_role_is_what_is_not_met(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    gitlab.always(Answer(403, {"message": "403 Forbidden"}), path="/projects/")
    assert "the role on" in run.json("--project", "team/app", token=GOOD).problem["fix"]
    cases = run("--project", "team/app", "--format", "junit", token=GOOD).out
    assert re.findall(r'name="(\w+)">\s*<failure', cases) == ["project"]
