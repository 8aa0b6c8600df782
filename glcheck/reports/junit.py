"""The report as JUnit XML: a suite for each token, a test case for each thing asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET  # it writes XML here and reads none

from glcheck.problem import Category, Problem
from glcheck.report import Report, TokenReport


def junit(report: Report) -> str:
    """An unmet requirement is a failure, one that could not be asked about an error.

    One that was not reached because the token is dead is skipped.
    """
    root = ET.Element("testsuites", name="glcheck")
    if report.problems:
        suite = ET.SubElement(root, "testsuite", name="glcheck")
        _case(suite, "glcheck", "settings", report.problems)
    for token in report.tokens:
        suite = ET.SubElement(
            root, "testsuite", name=token.name, time=f"{token.elapsed_ms / 1000:.3f}"
        )
        _cases_of(suite, token)
    for suite in [*root, root]:
        _count(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _cases_of(suite: ET.Element, token: TokenReport) -> None:
    names = ["token", *token.requirements.asked]  # that it works at all, and what is asked of it
    if token.token is None and not token.problems:  # a hook had no need to ask
        for name in names:
            ET.SubElement(
                _case(suite, token.name, name, []), "skipped", message=" ".join(token.notes)
            )
        return
    for name in names:
        stopped_by = _what_stopped(token, name)
        own = [
            p
            for p in token.problems
            if (p.requirement if p.requirement in names else "token") == name
        ]
        if name == "token" or stopped_by is None:
            _case(suite, token.name, name, own)
        elif stopped_by.severity == "error" and _unasked(stopped_by):
            _case(suite, token.name, name, [stopped_by])
        else:
            case = _case(suite, token.name, name, [])
            ET.SubElement(case, "skipped", message=f"not reached: {stopped_by.category.label}")


def _what_stopped(token: TokenReport, name: str) -> Problem | None:
    """The problem after which that requirement was not looked at: the token's, or one before it."""
    for problem in token.problems:
        dead = token.token is None or problem.category in (
            Category.TOKEN_EXPIRED,
            Category.TOKEN_REVOKED,
        )
        if problem.requirement == "token" and dead:
            return problem
        if name == "role" and problem.requirement in ("project", "group"):
            return problem
    return None


def _unasked(problem: Problem) -> bool:
    return problem.category.could_not_ask or problem.category.exit_code in (2, 70)


def _case(suite: ET.Element, classname: str, name: str, problems: Iterable[Problem]) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=classname, name=name)
    warnings = []
    for problem in problems:
        text = f"{problem.message}\nfix: {problem.fix}\ndocs: {problem.docs}"
        if problem.severity == "warning":
            warnings.append(f"warning[{problem.category.label}] {text}")
            continue
        kind = "error" if _unasked(problem) else "failure"
        ET.SubElement(case, kind, type=problem.category.label, message=problem.message).text = text
    if warnings:
        ET.SubElement(case, "system-out").text = "\n".join(warnings)
    return case


def _count(suite: ET.Element) -> None:
    cases = list(suite.iter("testcase"))
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
