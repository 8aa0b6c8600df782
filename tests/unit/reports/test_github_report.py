"""The report for GitHub Actions: annotations, outputs, and no command of anybody else's."""

from __future__ import annotations

import json

import pytest
from kit.reports import FORMATS, HOSTILE, MARKUP, OUTPUTS, Command, commands, outputs
from kit.values import entry, good, problem, refused, report, token, warning

from glcheck.ci.github_actions import defused
from glcheck.report import TokenReport
from glcheck.reports import github_actions, render
from glcheck.reports.text import Style

UNSEEN = problem("not-found")
NARROW = good("b", problem("scope-missing", details={"missing": ["api", "sudo"]}), days=3)
NAMES = ("ok", "category", "exit-code", "days-left", "expires-at", "scopes", "missing-scopes")
DECIDED = {
    "false|scope-missing|21|3|2031-03-04|api|api sudo": (good("a"), NARROW, good("c", UNSEEN)),
    "true|ok|0|9|2031-03-10|api|": (good("a"), good("b", days=9), good("c", days=None)),
    "true|ok|0|||a b|": (good("x", days=None, token=token(None, scopes=("a", "b"))),),
    "true|ok|0||||": (good("x", token=token(None, scopes=())),),
    "false|token-invalid|12||||": (entry("x", problem("token-invalid")),),
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
        text = render(kind, shown, Style(verbose=True))
        log = github_actions.for_the_log(kind, text)
        found = [*commands(log)]
        ours = [one.properties.get("title") for one in found]
        assert ours == ([shown.category.label] if kind == "github" else [])
        assert all(defused(said) in one.data for one in found)
        if kind in {"json", "annotations"}:
            assert json.loads(log) == json.loads(text)
        elif kind != "junit":
            assert log.count("::") == 2 * len(ours), "nor what others could take for one"


@pytest.mark.parametrize(("told", "tokens"), DECIDED.items())
def test_outputs_describe_the_token_that_decided(
    told: str, tokens: tuple[TokenReport, ...]
) -> None:
    found = outputs(github_actions.outputs(report(*tokens), "out.json"))
    assert found.pop("report") == "out.json"
    assert found == dict(zip(NAMES, told.split("|"), strict=True))


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_words_from_outside_are_no_output_of_their_own(text: str) -> None:
    lost = problem("scope-missing", details={"missing": [text]})
    one = report(good("x", lost, token=token(scopes=(text,))))
    found = outputs(github_actions.outputs(one, text))
    assert (set(found), found["ok"]) == (OUTPUTS, "false")
