"""The JUnit report: what became of each requirement of each token."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from kit.reports import HOSTILE, MARKUP, junit_marks
from kit.values import asks, entry, good, problem, refused, report, warning

from glcheck.report import TokenReport
from glcheck.reports.junit import junit

LIMITS = asks(scopes=("api",), forbid_scopes=("sudo",), min_validity=1.0, max_validity=9.0)
EVERYTHING = LIMITS._replace(project="group/app", role="owner", kind="group")
SCOPES = problem("scope-missing", requirement="scopes")
FORBIDDEN = problem("scope-forbidden", requirement="forbid-scopes")
UNASKED = problem("server-error", requirement="project")
STRANGER = problem("not-found", requirement="project")
LATER = problem("scope-unknown", requirement="later")
BOTH = {"scopes": "failure", "forbid-scopes": "failure"}
DEAD, MUTE, LET = problem("token-expired"), problem("server-error"), warning("tls-error")
MET = {
    "nothing": (good("x"), "passed", {}),
    "each its own": (good("x", SCOPES, FORBIDDEN), "passed", BOTH),
    "one not asked": (good("x", UNASKED), "passed", {"project": "error", "role": "error"}),
    "no project": (good("x", STRANGER), "passed", {"project": "failure", "role": "skipped"}),
    "allowed": (good("x", SCOPES._replace(severity="warning")), "passed", {}),
    "what was not asked": (good("x", LATER), "passed", {"token": "failure"}),
    "dead": (good("x", DEAD), "skipped", {"token": "failure"}),
    "dead and not described": (entry("x", DEAD), "skipped", {"token": "failure"}),
    "could not ask": (entry("x", MUTE), "error", {}),
    "a fault of ours": (entry("x", problem("internal-error")), "error", {}),
    "could not ask, and may": (entry("x", LET), "skipped", {"token": "passed"}),
    "no need to ask": (entry("x", notes=("was in order",)), "skipped", {}),
}  # fmt: skip


@pytest.mark.parametrize(("one", "most", "others"), MET.values(), ids=MET)
def test_what_becomes_of_each_requirement(
    one: TokenReport, most: str, others: dict[str, str]
) -> None:
    shown = junit_marks(junit(report(one._replace(requirements=EVERYTHING))))
    assert shown == {"x": dict.fromkeys(("token", *EVERYTHING.asked), most) | others}


def test_it_counts_what_it_holds_in_a_suite_for_each_token() -> None:
    tokens = [good("b", SCOPES), entry("c", DEAD), entry("d", MUTE)]
    asked = [token._replace(requirements=EVERYTHING) for token in tokens]
    root = ET.fromstring(junit(report(good("a"), *asked)))
    names = ("name", "tests", "failures", "errors", "skipped")
    assert [" ".join(suite.attrib[name] for name in names) for suite in (root, *root)] == [
        *("glcheck 25 2 8 7", "a 1 0 0 0", "b 8 1 0 0", "c 8 1 0 7", "d 8 0 8 0")
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
