"""What is asked of tokens that live: the verdicts, and the requests that it takes to know."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.judged import NOON
from kit.policies import GOOD, answered, check_each, describe, words
from kit.told import FAULT, expect

# Tokens that end in a fortnight but half a day, and never; those that read the API, and others.
API = Token("", expires_at="2027-03-15", created_at="2026-03-15T00:00:00.000Z", name="a b&c")
ENDLESS = API._replace(expires_at=None)
READ, USER, GIT = (API._replace(scopes=(s,)) for s in ("read_api", "read_user", "read_repository"))
BOT, TEAM = READ._replace(kind="project"), READ._replace(kind="group")
IMPERSONATION, SERVICE = (READ._replace(kind=k) for k in ("impersonation", "service-account"))
SUDO = API._replace(scopes=("api", "sudo"))
FINE = API._replace(kind="fine-grained")
OAUTH, JOB = READ._replace(kind="oauth"), API._replace(kind="job")
ENDLESS_OAUTH = OAUTH._replace(expires_in=None)
REGISTRY, SOON = {"scopes": ["read_registry"]}, {"min-validity": "52w"}
# `?` is behind what is a warning only.
ROWS: dict[str, tuple[Token, dict[str, Any], str, int]] = {
    "nothing": (ENDLESS, {}, "ok", 1),
    "implied scope": (READ, {**REGISTRY, "scopes": ["read_user"], "warn-validity": 0}, "ok", 1),
    "mistyped": (USER, {"scopes": ["openid", "read_apis"]}, "scope-missing", 1),
    "missing": (USER, {"scopes": ["read_api"]}, "scope-missing", 1),
    "forbidden": (SUDO, {"forbid-scopes": ["api"]}, "scope-forbidden", 1),
    "literally": (ENDLESS, {"forbid-scopes": ["read_api"]}, "ok", 1),
    # Whose token it is is asked where that decides: read_api opens the registry to persons only.
    "kind": (BOT, {"kind": "project", "warn-validity": 0}, "ok", 2),
    "kind job": (BOT, {"kind": "job"}, "wrong-token-kind", 1),
    "kind oauth": (BOT, {"kind": "oauth"}, "wrong-token-kind", 1),
    "kind untold": (GIT, {"kind": "personal"}, "scope-missing", 2),
    "person": (READ, {**REGISTRY, "warn-validity": 0}, "ok", 2),
    "person - asked": (READ, {**REGISTRY, "kind": "personal", "warn-validity": 0}, "ok", 2),
    "impersonation": (IMPERSONATION, {"kind": "personal"}, "expires-soon?", 2),
    "service account": (SERVICE, {"kind": "personal"}, "wrong-token-kind", 2),
    "person - bot": (READ, {"kind": "project", "project": "a/app"}, "wrong-token-kind", 3),
    "bot": (BOT, REGISTRY, "scope-missing", 2),
    "bot - asked": (BOT, {**REGISTRY, "kind": "project"}, "scope-missing", 2),
    "itself": (BOT._replace(scopes=("read_api", "read_registry")), REGISTRY, "expires-soon?", 1),
    "through api": (BOT._replace(scopes=("read_api", "api")), REGISTRY, "expires-soon?", 1),
    "neither": (USER, REGISTRY, "scope-missing", 1),
    "oauths": (OAUTH, REGISTRY, "scope-missing", 1),
    # Dates, by GitLab's clock and to the beginning of a day in UTC
    "least": (API, {"min-validity": "324h", "warn-validity": 0}, "ok", 1),
    "one hour more": (API, {"min-validity": "325h"}, "expires-soon", 1),
    "a number of days": (API, {"min-validity": 13, "warn-validity": "13d"}, "ok", 1),
    "no least": (API, {"min-validity": 0, "warn-validity": "2w"}, "expires-soon?", 1),
    "a quarter": (API._replace(created_at="2027-03-01T00:00:00.000Z"), {}, "ok", 1),
    "two weeks": (API._replace(created_at="long ago"), {}, "expires-soon?", 1),
    "endless and least": (ENDLESS, {"min-validity": "520w", "warn-validity": "30d"}, "ok", 1),
    "endless and most": (ENDLESS, {"max-validity": "520w"}, "lives-too-long", 1),
    "above the most": (API, {"max-validity": 13}, "lives-too-long", 1),
    "project": (ENDLESS, {"project": "a/app"}, "ok", 2),
    "its role": (ENDLESS, {"project": "a/app", "role": "maintainer"}, "ok", 2),
    "less": (API, {"project": "a/app", "role": "owner"}, "role-too-low", 3),
    "by id": (ENDLESS, {"project": 70, "role": "maintainer"}, "ok", 2),
    "share": (ENDLESS, {"project": "a/shared", "role": "maintainer"}, "ok", 3),
    "public": (ENDLESS, {"project": "open/app"}, "ok", 2),
    "public - role": (API, {"project": "open/app", "role": "guest"}, "role-too-low", 3),
    "group - role": (ENDLESS, {"group": "team", "role": "maintainer"}, "ok", 2),
    "group by id": (ENDLESS, {"group": 71, "role": "maintainer"}, "ok", 2),
    "group - less": (API, {"group": "team", "role": "owner"}, "role-too-low", 2),
    "minimal": (API, {"group": "minimal", "role": "guest"}, "role-too-low", 2),
    "public group - role": (API, {"group": "open", "role": "guest"}, "role-too-low", 3),
    "path": (API, {"project": "Group/sub-group/my.app_1", "warn-validity": 0}, "ok", 2),
    "project bot": (BOT, {"kind": "project", "project": "a/app", **SOON}, "expires-soon", 3),
    "group bot": (TEAM, {"kind": "group", "group": "team", **SOON}, "expires-soon", 3),
    "hidden": (API, {"project": "secret/app"}, "not-found", 2),
    "hidden - role": (API, {"project": "secret/app", "role": "guest"}, "not-found", 2),
    "hidden group": (API, {"group": "secret"}, "not-found", 2),
    "hidden group - role": (API, {"group": "secret", "role": "guest"}, "not-found", 3),
    # The same for a token that may not read the API, and looks into the list of what it reaches
    "listed": (GIT, {"project": "a/app", "warn-validity": 0}, "ok", 2),
    "listed - role": (GIT, {"project": "A/aPP", "role": "maintainer"}, "expires-soon?", 2),
    "listed by id": (GIT, {"project": 70, "role": "guest", "warn-validity": 0}, "ok", 2),
    "listed - less": (GIT, {"project": "a/app", "role": "owner"}, "role-too-low", 3),
    "listed share": (GIT, {"project": "a/shared", "role": "owner"}, "role-too-low", 3),
    "listed group": (GIT, {"group": 71, "role": "maintainer", "warn-validity": 0}, "ok", 2),
    "id of a group": (GIT, {"project": 71, "role": "guest"}, "not-found", 2),
    "id of a project": (GIT, {"group": 70, "role": "developer"}, "not-found", 3),
    "group by path - role": (GIT, {"group": "team", "role": "guest"}, "scope-missing", 1),
    "job": (JOB, {"max-validity": "1d", "kind": "job"}, "ok", 1),
    "job - role": (JOB, {"project": "a/app", "role": "guest"}, "wrong-token-kind", 1),
    "fine": (FINE, {"project": "a/app", "role": "developer", "warn-validity": 0}, "ok", 2),
    "fine - scope": (FINE, {"scopes": ["granular"]}, "scope-unknown", 1),
    "fine - not itself": (FINE._replace(granular_self=False), {}, "scope-missing", 1),
    "fine - not here": (FINE._replace(grants=()), {"project": "a/app"}, "scope-missing", 2),
    "fine only": (API, {"project": "fine/app"}, "scope-missing", 2),
    "fine - less": (FINE, {"project": "a/app", "role": "owner"}, "role-too-low", 3),
    "oauth": (OAUTH, {"kind": "oauth", "min-validity": "1h"}, "expires-soon?", 1),
    "oauth - soon": (OAUTH, {"min-validity": "3h"}, "expires-soon", 1),
    "oauth - long": (OAUTH, {"max-validity": "1h"}, "lives-too-long", 1),
    "oauth - endless": (ENDLESS_OAUTH, {"max-validity": "1w"}, "lives-too-long", 1),
    "oauth - role": (OAUTH, {"project": "a/app", "role": "owner"}, "role-too-low", 3),
    "oauth - unread": (OAUTH._replace(scopes=("read_user",)), {"project": 7}, "scope-missing", 1),
    "oauth - dead": (OAUTH._replace(expires_in=0), {}, "token-invalid", 1),
}  # fmt: skip
SAID = {
    "implied scope": "read_user, through read_api",
    "missing": "lacks the scope read_api; it holds read_user.",
    "no least": "expires in 13 days, on 2027-03-15 at 00:00 UTC; 14 days should be left (warn",
    "two weeks": "(warn-validity, auto)",
    "less": "its account is maintainer there; owner is asked for.",
    "minimal": "its account is a member with minimal access there",
    "public - role": "is no member there; guest is asked for. Give the token's account the role",
    "listed - less": "its account is maintainer there",
    "listed share": "its account has a lower role there",
    "group by path - role": "by its numeric id, or add the scope read_api",
    "oauth - unread": "Add the scope read_api",
    "kind untold": "lacks the scope read_user,",
    "fine - not itself": "the fine-grained permission [Personal Access Token: Read]",
    "fine - not here": "the fine-grained permission [Project: Read]",
    "fine only": "A group can also demand fine-grained tokens.",
}
# The page for a new token, filled in so that it passes.
PERSONAL = "/-/user_settings/personal_access_tokens?name=a%20b%26c&scopes="
PAGES = {
    "missing": f"{PERSONAL}read_api,read_user",
    "mistyped": f"{PERSONAL}openid,read_user",
    "forbidden": f"{PERSONAL}sudo",
    "one hour more": f"{PERSONAL}api",
    "kind untold": f"{PERSONAL}read_user,read_repository",
    "group by path - role": f"{PERSONAL}read_api,read_repository",
    "project bot": "/a/app/-/settings/access_tokens",
    "group bot": "/groups/team/-/settings/access_tokens",
}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_what_is_asked_is_judged_in_few_requests(gitlab: GitLab, run: Run, zone: str) -> None:
    gitlab.date = NOON
    gitlab.add_project(Project("a/app", id=70, members={7: 40}))
    gitlab.add_project(Project("a/shared", shared={7: 40}))
    gitlab.add_project(Project("open/app", public=True, members={8: 50}))
    gitlab.add_project(Project("secret/app", members={8: 50}))
    gitlab.add_project(Project("fine/app", members={7: 40}, granular_only=True))
    gitlab.add_project(Project("Group/sub-group/my.app_1", members={7: 40}))
    gitlab.add_group(Group("team", id=71, members={7: 40}))
    gitlab.add_group(Group("minimal", members={7: 5}))
    gitlab.add_group(Group("open", public=True, members={8: 50}))
    gitlab.add_group(Group("secret", members={8: 50}))
    form = {"oauth": "{:064x}", "job": "glcbt-64_{:020d}"}
    tokens = {}
    for number, (name, (token, asked, *_)) in enumerate(ROWS.items()):
        value = form.get(token.kind, "glpat-{:020d}").format(number)
        gitlab.add(token._replace(value=value))
        tokens[name] = {**asked, "secret": value}
    reports = check_each(run, tokens, env={"TZ": zone})
    found = {}
    for name, report in reports.items():
        warned = [f"{problem['category']}?" for problem in report["problems"]]
        verdict = warned[0] if report["ok"] and warned else report["category"]
        found[name] = (verdict, report["requests"])
    assert found == {name: row[2:] for name, row in ROWS.items()}
    assert {name for name, said in SAID.items() if said not in words(reports[name])} == set()
    pages = {name: f" {gitlab.url}{page} " for name, page in PAGES.items()}
    assert {name for name, page in pages.items() if page not in words(reports[name])} == set()
    paths = [request.path for request in gitlab.requests]
    assert sum(report["requests"] for report in reports.values()) == len(paths)
    assert "/api/v4/projects/Group%2Fsub-group%2Fmy.app_1" in paths


def test_of_a_fine_grained_token_no_scope_depends_on_whose_it_is(gitlab: GitLab, run: Run) -> None:
    body = describe(scopes=["read_api"], granular=True)
    ((name, at),) = answered(gitlab, {"fine": Answer(200, body)}).items()
    token = check_each(run, {name: {**at, **REGISTRY}})[name]
    assert (token["category"], token["requests"]) == ("scope-unknown", 1)


def test_a_kind_that_cannot_be_asked_gives_no_verdict(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, scopes=("read_api",)))
    gitlab.always(FAULT, path="/user")
    for kind in ((), ("--kind", "personal")):
        result = run.json("--scopes", "read_registry", *kind, token=GOOD)
        assert (result.code, result.problem["category"]) == (33, "server-error")


def test_a_clock_that_is_off_is_a_note(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    notes = []
    for minutes in (-6, -4, 4, 6):
        gitlab.date = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        notes.append(" ".join(run.json(token=GOOD).token["notes"]))
    assert [len(note) > 0 for note in notes] == [True, False, False, True]
    assert "ahead of GitLab's" in notes[0]
    assert "behind GitLab's" in notes[3]


def test_without_a_usable_date_the_local_clock_counts(gitlab: GitLab, run: Run) -> None:
    body = describe(expires_at=in_days(3))
    dates = {"none": "", "words": "yesterday", "cut": "Mon, 01 Mar", "no day": "Mon, 32 Jan 2024"}
    answers = {name: Answer(200, body, (("Date", date),)) for name, date in dates.items()}
    tokens = answered(gitlab, {**answers, "absent": Answer(200, body)})
    gitlab.no_date = True
    for least, category in (("1d", "ok"), ("4d", "expires-soon")):
        settings = {"min-validity": least, "warn-validity": 0}
        expect(run, {name: ({**at, **settings}, category) for name, at in tokens.items()})
