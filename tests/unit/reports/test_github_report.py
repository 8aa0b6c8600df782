"""The report for GitHub Actions: annotations, outputs, and no command of anybody else's."""

from __future__ import annotations

import pytest
from kit.reports import FORMATS, HOSTILE, MARKUP, OUTPUTS, Command, commands, outputs
from kit.values import entry, good, problem, refused, report, token, warning

from glcheck.report import TokenReport
from glcheck.reports import github_actions
from glcheck.reports.text import Style, render

NARROW = good("b", problem("scope-missing", details={"missing": ["api", "sudo"]}), days=3)
MANY, BARE = token(None, scopes=("a", "b")), token(None, scopes=())
OK = {"ok": "true", "exit-code": "0", "category": "ok"}
SOON = {**OK, "days-left": "9", "expires-at": "2031-03-10", "scopes": "api"}
FAILS = {"ok": "false", "exit-code": "21", "category": "scope-missing", "report": "out.json"}
FAILS |= {"days-left": "3", "expires-at": "2031-03-04", "missing-scopes": "api sudo"}
DEAD = {"ok": "false", "exit-code": "12", "category": "token-invalid"}
DECIDED = {
    "fails": ((good("a"), NARROW, good("c", problem("not-found"))), {**FAILS, "scopes": "api"}),
    "the first to die": ((good("a"), good("b", days=9), good("c", days=None)), SOON),
    "no expiry, no scope": ((entry("x", token=BARE),), OK),
    "two scopes": ((entry("x", token=MANY),), {**OK, "scopes": "a b"}),
    "not described": ((entry("x", problem("token-invalid")),), DEAD),
}


def test_the_command_parser_of_these_tests_finds_commands() -> None:
    text = "a ::error::no\n \t::error title=a%2Cb,file=c::x%0Ay%250A\rwhat ##[add-mask]z"
    error = Command("error", {"title": "a,b", "file": "c"}, "x\ny%0A")
    assert [*commands(text)] == [error, Command("##add-mask", {}, "z")]


def test_each_token_has_one_annotation_for_each_severity_after_the_text() -> None:
    problems = [problem("scope-missing"), problem("tls-error")]
    warnings = [warning("not-found"), warning("expires-soon")]
    many = report(good("a"), good("b", *problems, *warnings))
    text = render("github", many, Style())
    assert text.startswith(render("text", many, Style()))
    said = ["\n".join((p.message, f"fix: {p.fix}", f"docs: {p.docs}")) for p in problems + warnings]
    assert [*commands(text)] == [
        Command("error", {"title": "scope-missing"}, f"b: {said[0]}\nb: {said[1]}"),
        Command("warning", {"title": "expires-soon"}, f"b: {said[2]}\nb: {said[3]}"),
    ]
    (only,) = commands(render("github", refused(), Style()))
    assert (only.properties["title"], only.data[:8]) == ("usage-error", "This is ")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_words_from_outside_form_no_workflow_command(text: str, kind: str) -> None:
    said = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    bad = problem("scope-missing", message=f"{said} is not there.", fix=f"{said} as well")
    seen = token(scopes=(said,), name=said)
    one = report(good("x", bad, token=seen, notes=(said,)), good(said, token=seen))
    for shown in (one, refused(message=said, fix=said)):
        log = github_actions.for_the_log(kind, render(kind, shown, Style(verbose=True)))
        titles = [found.properties.get("title") for found in commands(log)]
        assert titles == ([shown.category.label] if kind == "github" else [])


@pytest.mark.parametrize(("tokens", "told"), DECIDED.values(), ids=DECIDED)
def test_outputs_describe_the_token_that_decided(
    tokens: tuple[TokenReport, ...], told: dict[str, str]
) -> None:
    found = outputs(github_actions.outputs(report(*tokens), told.get("report", "")))
    assert found == dict.fromkeys(OUTPUTS, "") | told


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_words_from_outside_are_no_output_of_their_own(text: str) -> None:
    lost = problem("scope-missing", details={"missing": [text]})
    one = report(good("x", lost, token=token(scopes=(text,))))
    found = outputs(github_actions.outputs(one, text))
    assert (set(found), found["ok"]) == (OUTPUTS, "false")
