"""The report as markdown: a table of the tokens, problems with fixes, and how long each lives."""

from __future__ import annotations

import html
import re
import sys
from itertools import accumulate

from glcheck.masking import ADDRESS
from glcheck.problem import Category, Problem
from glcheck.report import Report, TokenReport
from glcheck.reports.text import lifetime

# How a line of a gantt chart begins that is no task (mermaid, gantt.jison).
_INSTRUCTION = re.compile(
    r"(gantt|title|section|dateFormat|axisFormat|tickInterval|todayMarker|weekday|weekend|excludes|includes|click"
    r"|inclusiveEndDates|topAxis|accTitle|accDescr)\b|\d{4}-\d\d-\d\d|%%|-"
)


_MOST_BARS = 300  # mermaid draws no chart of more than 50,000 characters


def markdown(report: Report, room: int = sys.maxsize) -> str:
    """GitHub-flavoured markdown; nothing in it that came from outside can form markup.

    It stays under `room` bytes, by leaving out what comes last and saying how much.
    """
    verdict = "ok" if report.ok else f"{report.category.label} (exit code {report.exit_code})"
    parts = [f"## glcheck: {verdict}"]
    if report.tokens:
        rows = _fitting(
            [_row(token) for token in report.tokens], room // 3, "| … and {} more | | | |"
        )
        parts.append(
            "\n".join(
                ["| token | verdict | scopes | valid for |", "| --- | --- | --- | --- |", *rows]
            )
        )
    blocks = [_block("", problem) for problem in report.problems]
    blocks += [_block(token.name, problem) for token in report.tokens for problem in token.problems]
    if blocks:
        parts.append(
            "\n".join(_fitting(blocks, room // 2, "- … and {} more, which the JSON report has"))
        )
    mortal = [
        t
        for t in report.tokens
        if t.token and t.token.dies_at and t.seconds_left and t.seconds_left > 0
    ]
    if len(mortal) > 1:
        parts.append(_gantt(sorted(mortal, key=lambda token: token.seconds_left or 0)[:_MOST_BARS]))
    return "\n\n".join(parts) + "\n"


def _fitting(lines: list[str], room: int, rest: str) -> list[str]:
    """The first of the lines that fit into so many bytes, and `rest` with the number of others."""
    sizes = accumulate(len(line.encode()) + 1 for line in lines)
    kept = [line for line, size in zip(lines, sizes, strict=True) if size <= room]
    return kept if len(kept) == len(lines) else [*kept, rest.format(len(lines) - len(kept))]


def _row(token: TokenReport) -> str:
    scopes = " ".join(token.token.scopes) if token.token else ""
    warned = any(problem.severity == "warning" for problem in token.problems)
    mark = "❌" if not token.ok else ("⚠️" if warned else "✅")
    cells = (
        _text(token.name),
        f"{mark} {token.category.label}",
        _text(scopes),
        _text(lifetime(token)),
    )
    return f"| {' | '.join(cells)} |"


def _block(name: str, problem: Problem) -> str:
    whose = f" {_text(name)}:" if name else ""
    return (
        f"- **{problem.severity}[{problem.category.label}]**{whose} {_text(problem.message)}\n"
        f"  - fix: {_text(problem.fix)}\n"
        f"  - docs: {_docs(problem)}"
    )


def _docs(problem: Problem) -> str:
    return f"<{problem.docs}>" if "://" in problem.docs else f"`{problem.docs}`"


def _gantt(tokens: list[TokenReport]) -> str:
    lines = [
        "```mermaid",
        "gantt",
        "    title How long each token lives",
        "    dateFormat YYYY-MM-DD",
    ]
    for token in tokens:
        described = token.token
        if described is None or described.dies_at is None:
            continue
        soon = any(problem.category is Category.EXPIRES_SOON for problem in token.problems)
        name = re.sub(r"[^A-Za-z0-9 _.-]", "_", token.name)
        if _INSTRUCTION.match(name):
            name = f"token {name}"
        state, dies_at = "crit" if soon else "active", described.dies_at
        lines.append(f"    {name} :{state}, {described.now:%Y-%m-%d}, {dies_at:%Y-%m-%d}")
    return "\n".join([*lines, "```"])


def _text(words: str) -> str:
    """Words as plain text, except that addresses stay links."""
    parts = re.split(f"({ADDRESS})", words)
    return "".join(
        f"<{part.replace('|', '%7C')}>" if index % 2 else _plain(part)
        for index, part in enumerate(parts)
    )


def _plain(words: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", html.escape(words, quote=False))
    return escaped.replace("@", "&#64;")
