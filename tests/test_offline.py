"""Where the secret comes from, and what is wrong with it before anything is sent."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any
from zlib import crc32

import pytest
from kit.command import Run
from kit.gitlab_server import GitLab, Token
from kit.policies import GOOD, Settings, check, check_each, secret, verdicts, words

ROUTABLE = "glpat-YWFhYWFhYWFhYWFhYWFhYW86MQp1OjF6EA.01.0y0uah1jj"
OLDER = "glpat-bzoxCnU6MXphYWFhYWFhYWFhYWFhYWFhEA.0y19uvwft"
PREFIXED = "acme-glpat-YWFhYWFhYWFhYWFhYWFhYWM6MQpvOjEKdToxehA.01.130l849hz"
RUNNER = "glrtr-W5m1cHR6skC98Bx7XkuYjmM6MQpnOjgKbzpyegp0OjIQ.01.181uebm4k"
USUAL = ("GLCHECK_TOKEN", "GITLAB_TOKEN", "GL_TOKEN", "GITLAB_ACCESS_TOKEN", "GITLAB_PRIVATE_TOKEN")


def base36(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits.rjust(width, "0")


def routable(payload: bytes, prefix: str = "glpat-") -> str:
    """A token as GitLab makes them."""
    body = urlsafe_b64encode(payload).decode().rstrip("=")
    head = f"{prefix}{body}.01.{base36(len(body), 2)}"
    return head + base36(crc32(head.encode()), 7)


def presented(gitlab: GitLab) -> str:
    """The secret in the only request that came; forgets the request."""
    (request,) = gitlab.requests
    gitlab.requests.clear()
    return request.headers.get("private-token") or request.headers["authorization"].removeprefix(
        "Bearer "
    )


# The shape of the secret


def test_whole_tokens_of_every_shape_are_asked_about(gitlab: GitLab, run: Run) -> None:
    values = {
        "routable": ROUTABLE,
        "older routable": OLDER,
        "routable with prefix": PREFIXED,
        "routable of 27": routable(b"x" * 20),
        "routable of 300": routable(b"x" * 225),
        "routable of a custom prefix": routable(b"o:1\nu:1z" + b"a" * 17, "corp_"),
        "classic": GOOD,
        "no prefix": "3fZ1p5y4XWcCvMGVlfak",
        "no prefix with signs": "-_3fZ1p5y4XWcCvMGVl-",
        "custom prefix": "acme-glpat-3fZ1p5y4XWcCvMGVlfak",
        "another custom prefix": "corp_3fZ1p5y4XWcCvMGVlfak",
        "oauth": "0123456789abcdef" * 4,
    }
    for name, value in values.items():
        gitlab.add(Token(value, "oauth" if name == "oauth" else "personal"))
    assert verdicts(
        run, {name: {"secret": value} for name, value in values.items()}
    ) == dict.fromkeys(values, "ok")
    assert len(gitlab.requests) == len(values)


MALFORMED = {
    "checksum of the vector": "glpat-3fZ1p5y4XWcCvMGVlfakeW86MQp1Oml3Ymg0Cw.01.1203afake",
    "checksum": ROUTABLE[:-1] + "k",
    "checksum of older": OLDER[:-1] + "u",
    "checksum with prefix": PREFIXED[:-1] + "y",
    "checksum of a runner": RUNNER[:-1] + "l",
    "letter in the payload": ROUTABLE.replace("YWFh", "YWFi", 1),
    "letter in the prefix": ROUTABLE.replace("glpat", "glpbt"),
    "cut at the dot": ROUTABLE[: ROUTABLE.index(".")],
    "with prefix cut": PREFIXED[: PREFIXED.rindex(".") + 1],
    "with prefix cut at the dot": PREFIXED[: PREFIXED.index(".")],
    "cut before the version": ROUTABLE[: ROUTABLE.index(".") + 1],
    "cut after the version": ROUTABLE[: ROUTABLE.index(".") + 3],
    "cut after the second dot": ROUTABLE[: ROUTABLE.rindex(".") + 1],
    "cut in the checksum": ROUTABLE[:-3],
    "one letter short": ROUTABLE[:-1],
    "older cut at the dot": OLDER[: OLDER.index(".") + 1],
    "older one letter short": OLDER[:-1],
    "only the prefix": "glpat-",
    "blank inside": "glpat-3fZ1p5y4XWcC vMGVlfak",
    "blank before": f" {GOOD}",
    "blank after": f"{GOOD} ",
    "tab inside": "glpat-3fZ1p5y4\tXWcCvMGVlfak",
    "line break inside": "glpat-3fZ1p5y4\nXWcCvMGVlfak",
    "carriage return inside": "glpat-3fZ1p5y4\rXWcCvMGVlfak",
    "two tokens": f"{GOOD}\n{GOOD}",
    "path of a file": __file__,
    "no-break space": f"{GOOD}\u00a0",
    "zero width space": f"{GOOD}\u200b",
    "zero width inside": "glpat-3fZ1p5y4\u200bXWcCvMGVlfak",
    "bell": f"{GOOD}\x07",
    "escape": f"\x1b[31m{GOOD}",
    "delete": f"{GOOD}\x7f",
    "next line": f"{GOOD}\u0085",
    "bom": f"\ufeff{GOOD}",
    "bearer": f"Bearer {GOOD}",
    "double quotes": f'"{GOOD}"',
    "single quotes": f"'{GOOD}'",
    "curly quotes": f"\u201c{GOOD}\u201d",
    "variable": "$GITLAB_TOKEN",
    "variable in braces": "${GITLAB_TOKEN}",
    "variable after prefix": "glpat-${SECRET}",
    "github expression": "${{ secrets.GITLAB_TOKEN }}",
    "github expression without blanks": "${{secrets.GITLAB_TOKEN}}",
    "stars": "***",
    "more stars": "********",
    "masked": "[MASKED]",
    "classic": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "fine-grained of GitHub": "github_pat_11ABCDEFG0aBcDeFgHiJkL_0123456789abcdefghijklmnopqrstuvwxyz",
    "oauth of GitHub": "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "app of GitHub": "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
    "amazon": "AKIAIOSFODNN7EXAMPLE",
    "slack": "xoxb-1234567890-abcdefghijkl",
    "npm": "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "pypi": "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAw",
    "sk": "sk-abcdefghijklmnopqrstuvwxyz0123456789abcd",
}


def test_what_cannot_be_a_token_is_malformed_and_nothing_is_sent(gitlab: GitLab, run: Run) -> None:
    result = check(run, {name: {"secret": value} for name, value in MALFORMED.items()})
    reports = {token["name"]: token for token in result.report["tokens"]}
    assert {name: token["category"] for name, token in reports.items()} == dict.fromkeys(
        MALFORMED, "token-malformed"
    )
    assert result.code == 11
    assert gitlab.requests == []
    assert {token["requests"] for token in reports.values()} == {0}
    for name, value in MALFORMED.items():
        if len(value) > 30:
            assert value not in result.out, name
    assert GOOD not in result.out


def test_a_name_with_slashes_is_no_file_unless_there_is_one(gitlab: GitLab, run: Run) -> None:
    values = {"absent": "acme/glpat-3fZ1p5y4XWcCvMGVlfak", "too long for a path": "/" + "a" * 5000}
    assert verdicts(
        run, {name: {"secret": value} for name, value in values.items()}
    ) == dict.fromkeys(values, "token-invalid")
    assert len(gitlab.requests) == len(values)


def test_a_malformed_token_is_told_why(run: Run) -> None:
    hints = {
        "checksum": "checksum",
        "double quotes": "quot",
        "variable": "variable|expand|expansion|substitut",
        "github expression": "expression|variable|expand|expansion|substitut",
        "masked": "mask",
        "path of a file": "token-file",
        "classic": "github",
        "amazon": "aws|amazon",
        "slack": "slack",
        "npm": "npm",
        "pypi": "pypi",
    }
    reports = check_each(run, {name: {"secret": MALFORMED[name]} for name in hints})
    said = {name: words(token).lower() for name, token in reports.items()}
    assert {
        name
        for name, hint in hints.items()
        if not any(word in said[name] for word in hint.split("|"))
    } == set()
    assert "sent" in said["checksum"]


# Files


def test_files_that_hold_no_token_are_refused_and_nothing_is_sent(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    files: dict[str, tuple[bytes, set[str]]] = {
        "empty": (b"", {"token-missing"}),
        "only a line end": (b"\n", {"token-missing"}),
        "only a dos line end": (b"\r\n", {"token-missing"}),
        "blanks": (b"   \t  ", {"token-missing", "token-malformed"}),
        "bom": (b"\xef\xbb\xbf" + GOOD.encode(), {"token-malformed"}),
        "utf-16": (GOOD.encode("utf-16"), {"token-malformed"}),
        "utf-16 without bom": (GOOD.encode("utf-16-le"), {"token-malformed"}),
        "latin-1": (GOOD.encode() + b"\xe9", {"token-malformed"}),
        "nul": (GOOD.encode() + b"\0", {"token-malformed"}),
        "binary": (bytes(range(256)) * 20, {"token-malformed"}),
        "huge": (b"a" * 30_000_000, {"token-malformed"}),
        "two lines": (f"{GOOD}\n{GOOD}\n".encode(), {"token-malformed"}),
        "a setting": (f"GITLAB_TOKEN = {GOOD}\n".encode(), {"token-malformed"}),
        "dotted": (b"glpat-", {"token-malformed"}),
    }
    tokens: dict[str, Settings] = {}
    for number, (name, (content, _)) in enumerate(files.items()):
        (run.directory / f"{number}.txt").write_bytes(content)
        tokens[name] = {"token-file": f"{number}.txt"}
    (run.directory / "directory").mkdir()
    tokens |= {"absent": {"token-file": "absent.txt"}, "directory": {"token-file": "directory"}}
    result = check(run, tokens)
    found = {token["name"]: token["category"] for token in result.report["tokens"]}
    expected = {name: categories for name, (_, categories) in files.items()}
    expected |= {"absent": {"token-missing"}, "directory": {"token-missing"}}
    assert {
        name: category for name, category in found.items() if category not in expected[name]
    } == {}
    assert result.code == 10
    assert gitlab.requests == []
    assert GOOD not in result.out + result.err


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["line feed", "dos"])
def test_a_line_end_after_the_secret_is_stripped_with_a_warning(
    gitlab: GitLab, run: Run, end: str
) -> None:
    gitlab.add(Token(GOOD))
    (run.directory / "token.txt").write_bytes(f"{GOOD}{end}".encode())
    sources: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (("--token-file", "token.txt"), {}),
        (("--token-file", "-"), {"stdin": f"{GOOD}{end}".encode()}),
        ((), {"token": f"{GOOD}{end}"}),
    ]
    for args, options in sources:
        result = run.json(*args, **options)
        assert (result.code, result.report["category"]) == (0, "ok")
        assert (result.problem["category"], result.problem["severity"]) == (
            "token-malformed",
            "warning",
        )
        assert presented(gitlab) == GOOD


def test_a_clean_secret_gives_no_warning_from_any_source(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    (run.directory / "token.txt").write_text(GOOD)
    sources: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        (("--token-file", "token.txt"), {}),
        (("--token-file", "-"), {"stdin": GOOD.encode()}),
        (("--token-env", "MY_TOKEN"), {"env": {"MY_TOKEN": GOOD}}),
    ]
    for args, options in sources:
        result = run.json(*args, **options)
        assert (args, result.code, result.token["problems"]) == (args, 0, [])
        assert presented(gitlab) == GOOD
    assert result.token["source"] == "MY_TOKEN"


# Where the secret is looked for


def test_the_usual_variables_are_looked_at_in_their_order(gitlab: GitLab, run: Run) -> None:
    values = {name: gitlab.add(Token(secret(number))) for number, name in enumerate(USUAL)}
    while values:
        first = next(iter(values))
        result = run.json(env=values)
        assert (result.token["source"], result.token["name"]) == (first, first)
        assert presented(gitlab) == values.pop(first)


def test_an_empty_variable_counts_as_none(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    assert run(env={"GLCHECK_TOKEN": "", "GITLAB_TOKEN": "", "GL_TOKEN": GOOD}).code == 0
    assert presented(gitlab) == GOOD


def test_a_named_source_is_the_only_one(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    (run.directory / "empty").touch()
    for flag, place in (("env", "MY_TOKEN"), ("file", "nowhere"), ("file", "empty"), ("file", "-")):
        result = run.json(f"--token-{flag}", place, token=GOOD)
        assert (place, result.code) == (place, 10)
        assert place == "-" or place in words(result.token)
    assert gitlab.requests == []


def test_a_missing_token_names_all_variables_that_were_looked_at(gitlab: GitLab, run: Run) -> None:
    result = run.json()
    assert (result.code, result.report["category"], result.token["token"]) == (
        10,
        "token-missing",
        None,
    )
    assert {name for name in USUAL if name not in words(result.token)} == set()
    assert gitlab.requests == []


# Why it is missing: the surroundings

HUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_ACTOR": "someone"}
LAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "group/app"}


def pull_request(head: object, base: str = "our/app") -> str:
    return json.dumps({"pull_request": {"head": {"repo": head}}, "repository": {"full_name": base}})


def missing(run: Run, env: dict[str, str], event: str | None = None) -> str:
    """What is said about a missing token there, in lower case."""
    if event is not None:
        path = run.directory / "event.json"
        path.write_text(event)
        env = {**env, "GITHUB_EVENT_PATH": str(path)}
    result = run.json(env=env)
    assert (result.code, result.report["category"]) == (10, "token-missing")
    assert "Traceback" not in result.err
    return words(result.token).lower()


def test_a_pull_request_from_a_fork_gets_no_secrets(gitlab: GitLab, run: Run) -> None:
    assert "fork" in missing(run, HUB, pull_request({"full_name": "their/app"}))
    assert "fork" not in missing(run, HUB, pull_request({"full_name": "our/app"}))
    assert "fork" not in missing(run, {})
    assert gitlab.requests == []


@pytest.mark.parametrize(
    "event",
    [
        pull_request(None),
        pull_request("their/app"),
        "[]",
        "null",
        "{",
        "",
        '{"pull_request": []}',
        "[" * 100_000,
    ],
    ids=["deleted fork", "text", "list", "null", "broken", "empty", "list inside", "deep"],
)
def test_an_odd_event_file_changes_nothing_about_the_verdict(run: Run, event: str) -> None:
    missing(run, HUB, event)


def test_an_event_file_that_is_not_there_changes_nothing_about_the_verdict(run: Run) -> None:
    missing(run, {**HUB, "GITHUB_EVENT_PATH": "/no/such/event.json"})
    missing(run, {**HUB, "GITHUB_EVENT_PATH": str(run.directory)})


def test_dependabot_has_secrets_of_its_own(run: Run) -> None:
    ours = pull_request({"full_name": "our/app"})
    assert "dependabot" in missing(run, {**HUB, "GITHUB_ACTOR": "dependabot[bot]"}, ours)
    assert "dependabot" not in missing(run, HUB, ours)


def test_a_reusable_workflow_must_inherit_secrets(run: Run) -> None:
    assert "secrets: inherit" in missing(run, {**HUB, "GITHUB_EVENT_NAME": "push"}, "{}")


def test_an_unprotected_ref_gets_no_protected_variables(run: Run) -> None:
    said = missing(
        run, {**LAB, "CI_COMMIT_REF_PROTECTED": "false", "CI_SERVER_URL": "http://127.0.0.1:1"}
    )
    assert "protected" in said
    on_protected = missing(run, {**LAB, "CI_COMMIT_REF_PROTECTED": "true"})
    assert "unprotected" not in on_protected
    assert "not protected" not in on_protected
    assert "protected" not in missing(run, {})


def test_a_variable_may_be_of_another_environment(run: Run) -> None:
    said = missing(
        run, {**LAB, "CI_COMMIT_REF_PROTECTED": "true", "CI_ENVIRONMENT_NAME": "production"}
    )
    assert "environment" in said
    assert "production" in said


def test_the_surroundings_are_told_for_a_named_variable_and_in_a_policy(run: Run) -> None:
    result = check(
        run,
        {"release": {"token-env": "RELEASE_TOKEN"}},
        env={**LAB, "CI_COMMIT_REF_PROTECTED": "false"},
    )
    said = words(result.report["tokens"][0])
    assert "RELEASE_TOKEN" in said
    assert "protected" in said


@pytest.mark.parametrize(
    "value", ["glpat-****************", "https://oauth2:abcdefghijklmnop@gitlab.com"]
)
def test_what_only_looks_like_a_token_at_its_beginning_is_not_sent(
    gitlab: GitLab, run: Run, value: str
) -> None:
    assert run(token=value).code == 11
    assert not gitlab.requests
