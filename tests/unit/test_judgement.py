"""Kind, scopes, and the role in a project or group, as judged of what GitLab said."""

from __future__ import annotations

from typing import Any

import pytest
from kit.judged import NOON, ROLES, SILENCE, categories, ending, judged
from kit.values import token

from glcheck.description import Access, Description, Owner
from glcheck.problem import Category, Problem

Asked = dict[str, Any]
PERSON, BOT, TEAM = (Owner(kind, 7) for kind in ("personal", "project", "group"))
NO_ROLE = Problem(Category.ROLE_TOO_LOW, "Refused.", "Ask.", requirement="role")
WORDS = {
    "personal": "a personal access token",
    "project": "a project access token",
    "group": "a group access token",
    "service-account": "a service account's token",
    "job": "a job token",
    "oauth": "an OAuth access token",
    "access-token": "an access token (personal, project, group or service account)",
}
KINDS = list(WORDS)[:-1]


def unmet(asked: Asked, *args: Any) -> list[str]:
    return [problem.requirement for problem in judged(asked, *args).problems]


def test_problems_come_in_the_order_of_kind_scopes_dates_and_place() -> None:
    asked = {"scopes": ("sudo",), "forbid_scopes": ("api",), "min_validity": 9, "max_validity": 1}
    asked |= {"project": "a/b", "role": "owner", "kind": "group"}
    said = {"dies_at": ending(5)}
    assert categories(judged(asked, said, PERSON, Access(None))) == [
        "wrong-token-kind", "scope-missing", "scope-forbidden", "expires-soon", "lives-too-long",
        "role-too-low",
    ]  # fmt: skip
    order = ["kind", "scopes", "forbid-scopes", "min-validity", "max-validity", "role"]
    assert unmet(asked, said, PERSON, Access(None)) == order


def test_what_nobody_asked_gitlab_is_not_judged() -> None:
    assert unmet({"kind": "project", "group": "a", "role": "owner"}) == []
    assert unmet({}, {}, None, Access(None)) == []


@pytest.mark.parametrize("wanted", KINDS)
@pytest.mark.parametrize("held", KINDS)
def test_each_kind_is_itself_and_nothing_else(held: str, wanted: str) -> None:
    told = held in ("job", "oauth")  # by its own form
    said = {"kind": held if told else "access-token"}
    problems = judged({"kind": wanted}, said, None if told else Owner(held, 7)).problems
    assert len(problems) == (held != wanted)
    for problem in problems:
        # Whoever asks for a job or OAuth token does not ask whose access token it is.
        actual = held if told or wanted not in ("job", "oauth") else "access-token"
        assert (problem.category, problem.requirement) == (Category.WRONG_TOKEN_KIND, "kind")
        assert problem.message == f"{{token}} is {WORDS[actual]}, but {WORDS[wanted]} is asked for."
        assert problem.details == {"required": wanted, "actual": actual}
        use = f"Use {WORDS[wanted]} here: {{replace}}."
        assert problem.fix == ("Pass CI_JOB_TOKEN here." if wanted == "job" else use)


def test_an_owner_who_could_not_be_asked_is_told_once_and_where_it_matters() -> None:
    found = judged({"kind": "personal"}, {}, SILENCE).problems
    assert found == (SILENCE._replace(requirement="kind"),)
    assert judged({}, {}, SILENCE).problems == (SILENCE,)
    assert categories(judged({"kind": "job"}, {}, SILENCE)) == ["wrong-token-kind"]


# What a job token has none of, and what a fine-grained one has instead of scopes

JOB = {"kind": "job", "scopes": ()}
FINE = {"fine_grained": True, "scopes": ("granular",), "dies_at": ending(5), "created_at": NOON}
CANNOT: dict[str, tuple[Asked, Asked, list[str]]] = {
    "job: nothing": (JOB, {}, []),
    "job: kind": (JOB, {"kind": "job"}, []),
    "job: max-validity": (JOB, {"max_validity": 1}, []),
    "job: warn-validity": (JOB, {"warn_validity": 1}, []),
    "job: scopes": (JOB, {"scopes": ("api",)}, ["scopes"]),
    "job: forbid-scopes": (JOB, {"forbid_scopes": ("sudo",)}, ["forbid-scopes"]),
    "job: min-validity": (JOB, {"min_validity": 1}, ["min-validity"]),
    "job: project": (JOB, {"project": "a/b"}, ["project"]),
    "job: role": (JOB, {"project": "a/b", "role": "guest"}, ["project", "role"]),
    "job: group": (JOB, {"group": "a"}, ["group"]),
    "fine: nothing": (FINE, {}, []),
    "fine: scopes": (FINE, {"scopes": ("granular",)}, ["scopes"]),
    "fine: forbid-scopes": (FINE, {"forbid_scopes": ("sudo",)}, ["forbid-scopes"]),
    "fine: both": (FINE, {"scopes": ("a",), "forbid_scopes": ("b",)}, ["scopes", "forbid-scopes"]),
}


@pytest.mark.parametrize(("said", "asked", "names"), CANNOT.values(), ids=CANNOT)
def test_what_a_kind_cannot_meet_is_told(said: Asked, asked: Asked, names: list[str]) -> None:
    problems = judged({"warn_validity": 0, **asked}, said, None, Access(50)).problems
    assert [problem.requirement for problem in problems] == names
    for problem, name in zip(problems, names, strict=True):
        if said is JOB:
            assert problem.category is Category.WRONG_TOKEN_KIND
            assert problem.message.endswith(f": {name} cannot be met.")
            assert problem.details == {"requirement": name}
        else:
            assert problem.category is Category.SCOPE_UNKNOWN
            assert f"and {name} cannot be judged" in problem.message
            required = list(asked.get("scopes", ()))
            assert problem.details == {"required": required, "held": ["granular"]}


def test_all_else_is_judged_of_them() -> None:
    assert unmet({"kind": "oauth", "scopes": ("api",)}, JOB) == ["kind", "scopes"]
    assert categories(judged({"scopes": ("sudo",)}, {"kind": "oauth"})) == ["scope-missing"]
    asked = {"min_validity": 9, "project": "a/b", "role": "owner"}
    assert unmet(asked, FINE, None, Access(40)) == ["min-validity", "role"]


SCOPES: dict[str, tuple[str, str, str, Owner | Problem | None, list[str]]] = {
    "through another": ("read_user", "", "api", None, []),
    "forbidden": ("", "api", "sudo api", None, ["scope-forbidden"]),
    "forbidden is literal": ("", "read_api read_user", "api", None, []),
    "missing, forbidden": ("api", "email", "email", None, ["scope-missing", "scope-forbidden"]),
    "registry of a person": ("read_registry", "", "read_api", PERSON, []),
    "registry of a bot": ("read_registry", "", "read_api", BOT, ["scope-missing"]),
    "registry of a group's bot": ("read_registry", "", "read_api", TEAM, ["scope-missing"]),
    "registry of nobody": ("read_registry", "", "read_api", None, ["scope-missing"]),
    "registry, silence": ("read_registry", "", "read_api", SILENCE, ["server-error"]),
    "registry, sudo, silence": (
        "read_registry sudo", "", "read_api", SILENCE, ["server-error", "scope-missing"]),
    "registry through api, silence": ("read_registry", "", "api", SILENCE, ["server-error"]),
    "no registry, silence": ("read_registry", "", "", SILENCE, ["server-error", "scope-missing"]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "forbid", "held", "owner", "found"), SCOPES.values(), ids=SCOPES
)
def test_scopes_are_judged_by_what_is_held(
    scopes: str, forbid: str, held: str, owner: Owner | Problem | None, found: list[str]
) -> None:
    asked = {"scopes": tuple(scopes.split()), "forbid_scopes": tuple(forbid.split())}
    assert categories(judged(asked, {"scopes": tuple(held.split())}, owner)) == found


HINT = "Correct `scopes` if that one is meant. "
MISSING = {
    "one": ("api", "", "scope api; it holds none.", ""),
    "two": ("api sudo", "", "scopes api, sudo; it holds none.", ""),
    "one of two": ("email api", "email", "scope api; it holds email.", ""),
    "unknown": ("xyz", "read_user email", "scope xyz; it holds read_user, email.", ""),
    "mistyped": ("apis", "sudo", "scope apis; it holds sudo. There is a scope api.", HINT),
    "mistyped twice": (
        "read_apis Read_Apis", "",
        "scopes read_apis, Read_Apis; it holds none. There is a scope read_api.", HINT),
}  # fmt: skip


@pytest.mark.parametrize(("required", "held", "said", "hint"), MISSING.values(), ids=MISSING)
def test_missing_scopes_are_told_with_what_is_held_and_a_hint_once(
    required: str, held: str, said: str, hint: str
) -> None:
    wanted, has = required.split(), held.split()
    (problem,) = judged({"scopes": tuple(wanted)}, {"scopes": tuple(has)}).problems
    assert problem.message == f"{{token}} lacks the {said}"
    assert problem.fix == f"{hint}Scopes cannot be added to a token. {{Replace}}."
    missing = [scope for scope in wanted if scope not in has]
    assert problem.details == {"required": wanted, "missing": missing, "held": has}


def test_forbidden_scopes_are_listed_in_the_order_of_the_setting() -> None:
    asked = {"forbid_scopes": ("email", "read_api", "api")}
    (problem,) = judged(asked, {"scopes": ("api", "sudo", "email")}).problems
    assert problem.message.endswith("it holds email, api.")
    held = ["api", "sudo", "email"]
    assert problem.details == {"forbidden": ["email", "api"], "held": held}


def test_what_is_held_through_another_scope_is_noted_with_its_caveat() -> None:
    notes = judged({"scopes": ("read_api", "api", "sudo", "read_user")}).notes
    assert notes == ("read_api, through api", "read_user, through api")
    notes = judged({"scopes": ("read_repository",)}, {"scopes": ("write_repository",)}).notes
    git_only = "(for git only, not for the repository files API)"
    assert notes == (f"read_repository, through write_repository {git_only}",)


NEIGHBOURS = sorted({least + step for least in ROLES.values() for step in (-1, 0, 1)})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("level", [None, 0, 5, *NEIGHBOURS])
def test_a_role_is_held_by_its_level_and_whatever_is_above(level: int | None, role: str) -> None:
    for exact in (True, False):
        found = judged({"project": "a/b", "role": role}, {}, None, Access(level, exact))
        assert categories(found) == ["role-too-low"] * ((level or 0) < ROLES[role])
    assert unmet({"project": "a/b"}, {}, None, Access(level)) == []  # it is visible


MINIMAL = "a member with minimal access"
TOO_LOW: dict[str, tuple[str, str, Access, str, str | None, str]] = {
    "project": ("project", "a/b", Access(20), "is reporter there", "reporter",
                "on {url}/a/b/-/project_members"),
    "group": ("group", "team", Access(10), "is guest there", "guest",
              "on {url}/groups/team/-/group_members"),
    "minimal": ("group", "5", Access(5), f"is {MINIMAL} there", MINIMAL,
                "in the group's member list"),
    "no member": ("project", "7", Access(None), "is no member there", None,
                  "in the project's member list"),
    "level untold": ("project", "7", Access(30, False), "has a lower role there", None, ""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "which", "access", "said", "actual", "page"), TOO_LOW.values(), ids=TOO_LOW
)
def test_a_role_that_is_too_low_is_told_with_the_one_there_is(
    what: str, which: str, access: Access, said: str, actual: str | None, page: str
) -> None:
    (problem,) = judged({what: which, "role": "maintainer"}, {}, None, access).problems
    reaches = f"{{token}} reaches the {what} {which}, but its account"
    assert problem.message == f"{reaches} {said}; maintainer is asked for."
    assert problem.details == {"required": "maintainer", "actual": actual, what: which}
    assert problem.fix.startswith(f"Give the token's account the role maintainer {page}")


@pytest.mark.parametrize("where", ["project", "group"])
def test_a_place_that_could_not_be_asked_about_is_the_requirement(where: str) -> None:
    cut_short = Description(token(), still_open={"access": where}).cut_short(SILENCE)
    assert cut_short.access == SILENCE._replace(requirement=where)
    asked = {where: "team", "role": "guest"}
    assert judged(asked, {}, None, cut_short.access).problems == (cut_short.access,)
    assert judged(asked, {}, None, NO_ROLE).problems == (NO_ROLE,)
    assert judged({}, {}, None, SILENCE).problems == ()
