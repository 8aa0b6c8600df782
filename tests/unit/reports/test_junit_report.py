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
SCOPES = problem("scope-missing", requirement="scopes")
FORBIDDEN = problem("scope-forbidden", requirement="forbid-scopes")
UNASKED = problem("server-error", requirement="project")
STRANGER = problem("not-found", requirement="project")
LATER = problem("scope-unknown", requirement="later")
UNMET = {
    "nothing": ([], {}),
    "each its own": ([SCOPES, FORBIDDEN], {"scopes": "failure", "forbid-scopes": "failure"}),
    "not asked, nor the role there": ([UNASKED], {"project": "error", "role": "error"}),
    "no project, no role": ([STRANGER], {"project": "failure", "role": "skipped"}),
    "allowed": ([SCOPES._replace(severity="warning")], {}),
    "what was not asked": ([LATER], {"token": "failure"}),
}
DEAD = [label for label, code in CODES.items() if 10 <= code < 16]
MUTE = [label for label, code in CODES.items() if code >= 30]
UNREACHED = [
    *((entry("x", problem(one)), "failure", "skipped") for one in DEAD),
    *((good("x", problem(f"token-{how}")), "failure", "skipped") for how in ("expired", "revoked")),
    *((entry("x", problem(one)), "error", "error") for one in MUTE),
    *((entry("x", warning(one)), "passed", "skipped") for one in MUTE),
    (entry("x", notes=("was in order",)), "skipped", "skipped"),
]  # fmt: skip


@pytest.mark.parametrize(("problems", "found"), UNMET.values(), ids=UNMET)
def test_an_unmet_requirement_fails_for_its_own_problem(
    problems: list[Problem], found: dict[str, str]
) -> None:
    shown = junit_marks(junit(report(good("x", *problems, requirements=EVERYTHING))))
    assert shown == {"x": dict.fromkeys(("token", *EVERYTHING.asked), "passed") | found}


@pytest.mark.parametrize(("one", "token", "rest"), UNREACHED)
def test_what_was_not_reached_is_skipped_and_what_could_not_be_asked_an_error(
    one: TokenReport, token: str, rest: str
) -> None:
    for asked in (EVERYTHING, asks()):  # who asks for nothing asks that it lives at least
        shown = junit_marks(junit(report(one._replace(requirements=asked))))
        assert shown == {"x": {"token": token, **dict.fromkeys(asked.asked, rest)}}


def test_it_counts_what_it_holds_in_a_suite_for_each_token() -> None:
    dead, mute = problem("token-expired"), problem("server-error")
    tokens = [good("b", SCOPES), entry("c", dead), entry("d", mute)]
    asked = [token._replace(requirements=EVERYTHING) for token in tokens]
    root = ET.fromstring(junit(report(good("a"), *asked)))
    names = ("name", "tests", "failures", "errors", "skipped")
    assert [" ".join(suite.attrib[name] for name in names) for suite in (root, *root)] == [
        *("glcheck 25 2 8 7", "a 1 0 0 0", "b 8 1 0 0", "c 8 1 0 7", "d 8 0 8 0"),
    ]


def test_settings_that_cannot_be_used_are_one_error() -> None:
    assert junit_marks(junit(refused("config-error"))) == {"glcheck": {"settings": "error"}}


@pytest.mark.parametrize("text", ["", "]]>", '"><error/>', *HOSTILE, *MARKUP])
def test_it_carries_the_message_and_the_fix_whatever_stands_in_them(text: str) -> None:
    text = "".join(character if character.isprintable() else " " for character in text)
    one = SCOPES._replace(message=f"No {text}.", fix=f"Fix {text}.")
    root = ET.fromstring(junit(report(good("x", one, one._replace(severity="warning")))))
    failure, warned = next(root.iter("testcase"))
    told = f"No {text}.\nfix: Fix {text}.\ndocs: glcheck explain scope-missing"
    assert failure.attrib == {"type": "scope-missing", "message": f"No {text}."}
    assert (failure.text, warned.text) == (told, f"warning[scope-missing] {told}")
