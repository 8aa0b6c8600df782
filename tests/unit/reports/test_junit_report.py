"""The JUnit report: what became of each requirement of each token."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from kit.reports import CODES, HOSTILE, MARKUP, junit_marks
from kit.values import asks, entry, good, problem, refused, report, warning

from glcheck.problem import Problem
from glcheck.report import TokenReport
from glcheck.reports.junit import junit

LIMITS = asks(scopes=("api",), forbid_scopes=("sudo",), min_validity=1.0, max_validity=9.0)
EVERYTHING = LIMITS._replace(project="group/app", role="owner", kind="group")
NAMES = ("token", *EVERYTHING.asked)
UNANSWERED = [label for label, code in CODES.items() if code >= 30]
DEAD = [label for label, code in CODES.items() if 10 <= code < 16]
SCOPES = problem("scope-missing", requirement="scopes")
FORBIDDEN = problem("scope-forbidden", requirement="forbid-scopes")
UNASKED = problem("server-error", requirement="project")
# fmt: off
UNMET = {
    "nothing": ((), {}),
    "min-validity": ([problem("expires-soon", requirement="min-validity")], {"min-validity": "failure"}),
    "max-validity": ([problem("lives-too-long", requirement="max-validity")], {"max-validity": "failure"}),
    "scopes": ([SCOPES], {"scopes": "failure"}),
    "forbid-scopes": ([FORBIDDEN], {"forbid-scopes": "failure"}),
    "kind": ([problem("wrong-token-kind", requirement="kind")], {"kind": "failure"}),
    "role": ([problem("role-too-low", requirement="role")], {"role": "failure"}),
    "account": ([problem("account-restricted")], {"token": "failure"}),
    "several, each at its own": ([SCOPES, FORBIDDEN], {"scopes": "failure", "forbid-scopes": "failure"}),
    # The role of who does not see the project is the same question.
    "one could not be asked": ([SCOPES, UNASKED], {"scopes": "failure", "project": "error", "role": "error"}),
    "no role without a project": ([UNASKED._replace(category=problem("not-found").category)],
                                  {"project": "failure", "role": "skipped"}),
    "allowed": ([SCOPES._replace(severity="warning")], {}),
    "what was not asked": ([problem("scope-unknown", requirement="later")], {"token": "failure"}),
}
UNREACHED = [
    *((entry("x", problem(label)), "failure", "skipped") for label in DEAD),
    *((good("x", problem(f"token-{state}")), "failure", "skipped") for state in ("expired", "revoked")),
    *((entry("x", problem(label)), "error", "error") for label in UNANSWERED),
    *((entry("x", warning(label)), "passed", "skipped") for label in UNANSWERED),
    (entry("x", notes=("was in order",)), "skipped", "skipped"),
]
# fmt: on


def marks(one: TokenReport) -> dict[str, str]:
    return junit_marks(junit(report(one)))[one.name]


@pytest.mark.parametrize(("problems", "found"), UNMET.values(), ids=UNMET)
def test_an_unmet_requirement_fails_for_its_own_problem(
    problems: list[Problem], found: dict[str, str]
) -> None:
    one = good("x", *problems, requirements=EVERYTHING)
    assert marks(one) == dict.fromkeys(NAMES, "passed") | found


@pytest.mark.parametrize(("one", "token", "rest"), UNREACHED)
def test_what_was_not_reached_is_skipped_and_what_could_not_be_asked_an_error(
    one: TokenReport, token: str, rest: str
) -> None:
    wanted = dict.fromkeys(NAMES, rest) | {"token": token}
    assert marks(one._replace(requirements=EVERYTHING)) == wanted
    assert marks(one) == {"token": token}, "who asks for nothing asks that it lives at least"


def test_it_counts_what_it_holds() -> None:
    tokens = [
        good("a"),
        good("b", SCOPES, requirements=EVERYTHING),
        entry("c", problem("token-expired"), requirements=EVERYTHING),
        entry("d", problem("server-error"), requirements=EVERYTHING),
    ]
    root = ET.fromstring(junit(report(*tokens)))
    names = ("tests", "failures", "errors", "skipped")
    counts = [[int(suite.attrib[name]) for name in names] for suite in (root, *root)]
    assert counts == [[25, 2, 8, 7], [1, 0, 0, 0], [8, 1, 0, 0], [8, 1, 0, 7], [8, 0, 8, 0]]
    assert [suite.get("name") for suite in root] == ["a", "b", "c", "d"]


def test_settings_that_cannot_be_used_are_one_error() -> None:
    assert junit_marks(junit(refused("config-error"))) == {"glcheck": {"settings": "error"}}


@pytest.mark.parametrize("text", ["", "]]>", '"><error/>', *HOSTILE, *MARKUP])
def test_it_carries_the_message_and_the_fix_whatever_stands_in_them(text: str) -> None:
    text = "".join(character if character.isprintable() else " " for character in text)
    one = SCOPES._replace(message=f"No {text}.", fix=f"Fix {text}.")
    warned = one._replace(severity="warning")
    root = ET.fromstring(junit(report(good("x", one, warned, requirements=EVERYTHING))))
    ((failure, warnings),) = (case for case in root.iter("testcase") if len(case))
    told = f"No {text}.\nfix: Fix {text}.\ndocs: glcheck explain scope-missing"
    assert failure.attrib == {"type": "scope-missing", "message": f"No {text}."}
    assert (failure.text, warnings.text) == (told, f"warning[scope-missing] {told}")
