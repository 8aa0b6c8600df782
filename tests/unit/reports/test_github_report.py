"""The report for GitHub Actions: annotations, outputs, and no command of anybody else's."""

from __future__ import annotations

import pytest
from kit.reports import CODES, HOSTILE, MARKUP, OUTPUTS, Command, commands, outputs
from kit.values import NOW, entry, good, problem, refused, report, token, warning

from glcheck.report import Report
from glcheck.reports import github_actions
from glcheck.reports.text import Style, render

NARROW = good("b", problem("scope-missing", details={"missing": ["api", "sudo"]}), days=3)
TOLD = {"ok": "false", "exit-code": "21", "category": "scope-missing", "report": "out.json"}
TOLD |= {"days-left": "3", "expires-at": "2031-03-04", "scopes": "api"}
# fmt: off
DECIDED = {
    "the one that fails": ((good("a"), NARROW, good("c", problem("scope-forbidden"))),
                           {**TOLD, "missing-scopes": "api sudo"}),
    "the first that dies": ((good("a"), good("b", days=9), good("c", days=None)),
                            {"ok": "true", "exit-code": "0", "category": "ok", "days-left": "9",
                             "expires-at": "2031-03-10", "scopes": "api"}),
    "no expiry and no scope": ((entry("x", token=token(None, scopes=())),), {"ok": "true", "exit-code": "0", "category": "ok"}),
    "two scopes": ((entry("x", token=token(None, scopes=("a", "b"))),),
                   {"ok": "true", "exit-code": "0", "category": "ok", "scopes": "a b"}),
    "not described": ((entry("x", problem("token-invalid")),), {"ok": "false", "exit-code": "12", "category": "token-invalid"}),
}
# fmt: on


def test_the_command_parser_of_these_tests_finds_commands() -> None:
    text = "a ::error::no\n \t::error title=a%2Cb,file=c::x%0Ay%250A\rwhat ##[add-mask]z"
    error = Command("error", {"title": "a,b", "file": "c"}, "x\ny%0A")
    assert [*commands(text)] == [error, Command("##add-mask", {}, "z")]


def test_each_token_has_one_annotation_for_each_severity_after_the_text() -> None:
    both = (warning("not-found"), warning("expires-soon"))
    many = report(good("a"), good("b", problem("scope-missing"), problem("tls-error"), *both))
    text = render("github", many, Style())
    assert text.startswith(render("text", many, Style()))
    error, warned = commands(text)
    assert (error.name, error.properties) == ("error", {"title": "scope-missing"})
    assert (warned.name, warned.properties) == ("warning", {"title": "expires-soon"})
    for found, labels in ((error, ("scope-missing", "tls-error")), (warned, ("not-found",))):
        assert found.data.startswith(f"b: This is {labels[0]}.\nfix: Mend what is {labels[0]} soon.\ndocs: ")
        assert all(f"This is {label}." in found.data for label in labels)
    (only,) = commands(render("github", refused(), Style()))
    assert (only.properties["title"], only.data[:8]) == ("usage-error", "This is ")


@pytest.mark.parametrize("kind", ["text", "json", "junit", "markdown", "github", "annotations"])
@pytest.mark.parametrize("text", HOSTILE)
def test_words_from_outside_form_no_workflow_command(text: str, kind: str) -> None:
    said = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    bad = problem("scope-missing", message=f"{said} is missing.", fix=f"{said} https://a.example/{said}")
    seen = token(scopes=(said,), name=said)
    one = report(good("x", bad, token=seen, notes=(said,)), good(said, token=seen))
    for shown in (one, report(problems=(bad,))):
        text = github_actions.for_the_log(kind, render(kind, shown, Style(verbose=True)))
        titles = [found.properties.get("title") for found in commands(text)]
        assert titles == (["scope-missing"] if kind == "github" else [])


@pytest.mark.parametrize(("tokens", "found"), DECIDED.values(), ids=DECIDED)
def test_outputs_describe_the_token_that_decided(tokens: tuple[TokenReport, ...], found: dict[str, str]) -> None:
    told = outputs(github_actions.outputs(report(*tokens), found.get("report", "")))
    assert told == dict.fromkeys(OUTPUTS, "") | found


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_words_from_outside_are_no_output_of_their_own(text: str) -> None:
    lost = problem("scope-missing", details={"missing": [text]})
    told = outputs(github_actions.outputs(report(good("x", lost, token=token(scopes=(text,)))), text))
    assert (set(told), told["ok"]) == (OUTPUTS, "false")
