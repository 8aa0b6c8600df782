"""How a role is found out, in whatever way an account came by it."""

from __future__ import annotations

import re

import pytest
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token
from kit.policies import GOOD, describe, secret
from kit.told import Rows, expect

GIT = (
    "read_repository",
)  # too little to read the API, so that the list of what it reaches is asked


def test_the_larger_of_all_memberships_counts(gitlab: GitLab, run: Run) -> None:
    """Users 1 to 6: direct, inherited, both (twice), by a share only, and by a share besides."""
    direct, inherited, shared = {1: 30, 3: 20, 4: 30, 6: 20}, {2: 30, 3: 30, 4: 10}, {5: 30, 6: 30}
    gitlab.add_project(Project("a/app", 70, False, direct, inherited, shared))
    gitlab.add_group(Group("team", 71, False, direct, inherited, shared))
    verdicts = {"guest": "ok", "developer": "ok", "maintainer": "role-too-low"}
    rows: Rows = {}
    for user in range(1, 7):
        reads = gitlab.add(Token(secret(user), scopes=("read_api",), user_id=user))
        lists = gitlab.add(Token(secret(user + 50), scopes=GIT, user_id=user))
        for role, verdict in verdicts.items():
            for value, what, which in (
                (reads, "project", "a/app"), (reads, "project", 70), (reads, "group", "team"),
                (reads, "group", "71"), (lists, "project", "a/app"), (lists, "project", 70),
                (lists, "group", 71),
            ):  # fmt: skip
                name = f"{user} {what} {which} {role} {value[-2]}".replace("/", "-")
                rows[name] = {"secret": value, what: which, "role": role}, verdict
    expect(run, rows)


def test_a_token_that_does_not_say_whose_it_is_is_asked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD, user_id=9))
    gitlab.add_project(Project("group/app", shared={9: 30}))
    gitlab.always(Answer(200, describe(user_id=None)), path="/self")
    result = run.json("--project", "group/app", "--role", "developer", token=GOOD)
    assert (result.code, result.token["requests"]) == (0, 4)
    assert gitlab.requests[-1].path == "/api/v4/projects/group%2Fapp/members/all/9"


@pytest.mark.parametrize(
    ("asked", "forbidden", "unmet", "fix"),
    [
        ("--project team/app --role guest", "/members/all/", "role", "the role guest on"),
        ("--group team/app --role guest", "/members/all/", "role", "the role guest on"),
        ("--project team/app", "/projects/", "project", "the role on"),
    ],
)
def test_what_is_forbidden_says_that_the_role_is_too_low(
    gitlab: GitLab, run: Run, asked: str, forbidden: str, unmet: str, fix: str
) -> None:
    gitlab.add(Token(GOOD, user_id=9))
    gitlab.add_project(Project("team/app", public=True))
    gitlab.add_group(Group("team/app", public=True))
    gitlab.always(Answer(403, {"message": "403 Forbidden"}), path=forbidden)
    problem = run.json(*asked.split(), token=GOOD).problem
    assert (problem["category"], fix in problem["fix"]) == ("role-too-low", True)
    cases = run(*asked.split(), "--format", "junit", token=GOOD).out
    assert re.findall(r'name="(\w+)">\s*<failure', cases) == [unmet]


@pytest.mark.parametrize("scope", ["read_repository", "self_rotate", "read_user"])
def test_memberships_are_found_page_by_page(gitlab: GitLab, run: Run, scope: str) -> None:
    gitlab.add(Token(GOOD, scopes=(scope,)))
    for n in range(230):
        gitlab.add_project(Project(f"group/app-{n}", members={7: 40}))
    groups = [gitlab.add_group(Group(f"team-{n}", members={7: 40})).id for n in range(310)]
    rows: Rows = {
        "last": ({"project": "group/app-229", "role": "maintainer"}, "ok"),
        "too low": ({"project": "group/app-228", "role": "owner"}, "role-too-low"),
        "none": ({"project": "group/app-230", "role": "maintainer"}, "not-found"),
        "last group": ({"group": groups[-1], "role": "maintainer"}, "ok"),
        "group too low": ({"group": groups[-1], "role": "owner"}, "role-too-low"),
    }
    expect(run, rows)
    asked = [request.path.partition("associations?")[2] for request in gitlab.requests]
    assert asked.count("min_access_level=40&page=4&per_page=100") == 1
    assert not [query for query in asked if "page=0&" in query]


def test_an_instance_that_lists_no_memberships_gives_no_verdict(run_alone: Run) -> None:
    with GitLab(version="17.3.0") as old:
        old.add(Token(GOOD, scopes=GIT))
        asked = ("--url", old.url, "--project", "group/app", "--role", "developer")
        result = run_alone.json(*asked, token=GOOD)
    assert result.token["category"] in {"scope-missing", "unsupported-server"}
    assert result.token["token"]["scopes"] == ["read_repository"]
    assert "read_api" in result.problem["fix"]
