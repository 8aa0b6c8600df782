"""What a report has to be, how others read it, and texts that try to abuse it."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]

from kit.command import Run
from kit.gitlab_server import Answer, GitLab, in_days

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/report-v1.json").read_text())
DAY = 86_400
CODES = {
    "ok": 0, "usage-error": 2, "config-error": 2,
    "token-missing": 10, "token-malformed": 11, "token-invalid": 12, "token-expired": 13,
    "token-revoked": 14, "account-restricted": 15, "wrong-token-kind": 16,
    "expires-soon": 20, "scope-missing": 21, "scope-forbidden": 22, "role-too-low": 23,
    "not-found": 24, "lives-too-long": 25, "scope-unknown": 26,
    "network-error": 30, "tls-error": 31, "rate-limited": 32, "server-error": 33,
    "unexpected-answer": 34, "unsupported-server": 35, "internal-error": 70,
}  # fmt: skip
OUTPUTS = {
    "ok", "category", "exit-code", "days-left", "expires-at", "scopes", "missing-scopes", "report",
}  # fmt: skip
FORMATS = ("text", "json", "github", "junit", "markdown", "annotations", "dotenv")


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))


def _is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).hostname)


formats = jsonschema.FormatChecker(formats=("date", "regex"))
formats.checks("date-time", raises=ValueError)(_is_moment)
formats.checks("uri", raises=ValueError)(_is_address)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=formats)


def checked(report: dict[str, Any], code: int) -> dict[str, Any]:
    """Return a JSON report after a look at its schema, and at which of its errors decided."""
    VALIDATOR.validate(report)
    errors = [p["category"] for p in report["problems"]]
    for token in report["tokens"]:
        own = [p["category"] for p in token["problems"] if p["severity"] == "error"]
        assert own == [p["category"] for p in token["problems"]][: len(own)], "errors come first"
        assert token["category"] == min(own, key=CODES.__getitem__, default="ok") == [*own, "ok"][0]
        errors += own
    assert report["exit_code"] == code == min((CODES[one] for one in errors), default=0)
    return report


def value_for(name: str) -> str:
    """Return a token value that no other name has."""
    return f"glpat-{hashlib.sha256(name.encode()).hexdigest()[:20]}"


def variable(name: str) -> str:
    return "T_" + re.sub(r"\W", "_", name).upper()


def write_policy(run: Run, *tokens: Mapping[str, object], **top: object) -> dict[str, str]:
    """Write a policy file (JSON is YAML) whose tokens each have a variable of their own."""
    entries = [{"token-env": variable(str(token["name"])), **token} for token in tokens]
    settings = {name.replace("_", "-"): value for name, value in top.items()}
    policy = json.dumps({"version": 1, **settings, "tokens": entries}, indent=1)
    (run.directory / ".glcheck.yml").write_text(policy)
    return {variable(str(token["name"])): value_for(str(token["name"])) for token in tokens}


class Command(NamedTuple):
    """A workflow command as GitHub's runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


def commands(text: str) -> Iterator[Command]:
    """Yield what actions/runner takes for commands, by its own algorithm but with any name."""
    for line in re.split(r"\r\n|\r|\n", text):
        message = line.lstrip()
        end = message.find("::", 2)
        if message.startswith("::") and end > 0:
            name, _, rest = message[2:end].partition(" ")
            pairs = (pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair)
            properties = {key: unescape(value, (":", ",")) for key, value in pairs}
            yield Command(name, properties, unescape(message[end + 2 :]))
        start = line.find("##[")
        if start >= 0 and (end := line.find("]", start)) >= 0:
            yield Command("##" + line[start + 3 : end], {}, line[end + 1 :])


def unescape(text: str, more: tuple[str, ...] = ()) -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


# Texts that would be commands to GitHub's runner if they got into its log as they are.
HOSTILE = (
    "::error::pwn", "\n::error::pwn", "\r\n \t::set-output name=ok::pwn", "\u2028::error::pwn",
    "\x85::error::pwn", "\xa0::add-mask::pwn", "x ##[error]pwn", "##[add-mask]pwn",
    "##\x00[error]pwn", "#\x1b#[error]pwn", ":\x00:error:\x7f:pwn", ":\u200b:error::pwn",
    "%0A::error::pwn", "%250A::error::pwn", "\n::stop-commands::pwn",
    "pwn\n::error title=pwn::pwn", "a,file=pwn::pwn",
)  # fmt: skip
# Texts that would be markup if they got into a summary as they are.
MARKUP = (
    "pwn|pwn|pwn", "pwn\\|pwn", "pwn`pwn", "pwn```\npwn", "\n\n```pwn\npwn",
    "pwn</code><img src=pwn onerror=pwn()>", "pwn<script>pwn()</script>", "pwn<!-- pwn",
    "[pwn](https://evil.example/pwn)", "![pwn](https://evil.example/pwn.png)",
    "\n# pwn", "\n| pwn | pwn |", "pwn\\", "pwn&lt;b&gt;pwn",
)  # fmt: skip


def hostile_answers(text: str) -> Iterator[Answer]:
    """Yield answers with a hostile text in every place that a report may show."""
    body: dict[str, object] = {"id": 1, "name": text, "user_id": 7, "revoked": False}
    body |= {"active": True, "expires_at": in_days(3)}
    yield Answer(200, {**body, "scopes": ["read_user"], "created_at": in_days(-300)})
    said = {"scopes": [text, "read_user"], "description": text, "created_at": text}
    yield Answer(200, {**body, **said})
    yield Answer(200, {**body, "scopes": ["api"], "expires_at": text})
    yield Answer(403, {"message": f"403 Forbidden - Your account has been blocked. {text}"})
    yield Answer(403, {"message": f"403 Forbidden - {text}"})
    granular = {"error": "insufficient_granular_scope"}
    yield Answer(403, {**granular, "error_description": f"Access denied: {text}"})
    proof = f"DPoP validation error: {text}"
    yield Answer(401, {"error": "dpop_error", "error_description": proof})
    yield Answer(401, {"error": "invalid_token", "error_description": text})
    header = re.sub(r"[\r\n]", "", text)
    yield Answer(302, text, (("Location", f"https://evil.example{header}/"),))
    yield Answer(302, text, (("Location", f"https://{header}/"),))
    yield Answer(500, f"<title>{text}</title>", reason=header)
    named = (("Server", header), ("Content-Type", f"text/{header}"))
    yield Answer(200, f"<html><title>{text}</title>{text}", named)
    yield Answer(404, {"message": text}, reason=header)
    yield Answer(429, text, (("Retry-After", f"9{header}"), ("RateLimit-Name", header)))


def hostile_policy(gitlab: GitLab, run: Run, texts: tuple[str, ...]) -> dict[str, str]:
    """Write a policy with a token for each hostile answer, and let the server give them."""
    tokens = []
    for number, answer in enumerate(answer for text in texts for answer in hostile_answers(text)):
        gitlab.always(answer, f"/answer{number}/")
        url = f"{gitlab.url}/answer{number}"
        tokens.append({"name": f"t{number}", "url": url, "scopes": ["api"]})
    return write_policy(run, *tokens, max_wait="20s")


def outputs(text: str) -> dict[str, str]:
    """Read an output file, in which every value must be one line."""
    pairs = [line.partition("=") for line in re.split(r"\r\n|\r|\n", text) if line]
    assert all(equals and "<<" not in name for name, equals, _ in pairs), text
    assert len({name for name, _, _ in pairs}) == len(pairs), text
    return {name: value for name, _, value in pairs}


def pages(text: str) -> list[str]:
    """Return the addresses in a text."""
    return [address.rstrip(".,;)>") for address in re.findall(r"https?://\S+", text)]


def junit_marks(text: str) -> dict[str, dict[str, str]]:
    """Return what became of each requirement of each token in a JUnit report."""
    found: dict[str, dict[str, str]] = {}
    for case in ET.fromstring(text).iter("testcase"):
        (mark,) = [part.tag for part in case if part.tag != "system-out"] or ["passed"]
        own = found.setdefault(case.attrib["classname"], {})
        assert case.attrib["name"] not in own
        own[case.attrib["name"]] = mark
    return found


def table(markdown: str) -> list[list[str]]:
    """Return the rows of the table below its head, split at the pipes that separate cells."""
    lines = [line.strip() for line in markdown.splitlines() if line.startswith("|")]
    head, rule, *body = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    assert {len(row) for row in (head, rule, *body)} == {len(head)}
    assert all(re.fullmatch(r"\s*:?-+:?\s*", cell) for cell in rule)
    return [[cell.strip() for cell in row] for row in body]


def foreign_markup(markdown: str) -> list[str]:
    """Return the lines in which words with "pwn" are more than words, outside of the chart."""
    rest = re.sub(r"^```mermaid\n.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    ours = r"</?code>|<br ?/?>|<https?://[^\s<>]*>"  # a link that shows where it leads is honest
    escaped = r"\\[!-/:-@\[-`{-~]"
    markup = r"^\s*(#|```)|<[A-Za-z/!?]|\]\s*[(\[]|pwn`|`pwn"
    spoken = [line for line in rest.splitlines() if "pwn" in line]
    return [line for line in spoken if re.search(markup, re.sub(f"{ours}|{escaped}", "", line))]
