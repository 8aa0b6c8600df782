"""GitLab's own reports, and its jobs: links to the pages that repair, variables for later jobs, notes on the job."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.command import Result, Run
from kit.gitlab_server import Answer, Certificates, GitLab, Project, Token, in_days
from kit.policies import GOOD, SELF, describe
from kit.reports import (
    CODES,
    commands,
    hostile_policy,
    outputs,
    pages,
    value_for,
    write_policy,
)

FORMATS = ("annotations", "dotenv")
JOB = "glcbt-64_3fZ1p5y4XWcCvMGVlfak"
PROJECT = "https://gitlab.example.com/group/app"
LAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "group/app", "CI_PROJECT_URL": PROJECT}

# What GitLab accepts. gitlabhq/gitlabhq: app/services/ci/parse_annotations_artifact_service.rb,
# app/services/ci/parse_dotenv_artifact_service.rb, app/validators/json_schemas/ci_job_annotation_data.json
# and ci_job_external_link_data.json; the limits are those of its plans.
MOST_BYTES = 80 * 1024
MOST_LINKS = 1000
MOST_BYTES_OF_VARIABLES = 5 * 1024
TEXT = {"type": "string"}
LINK = {"type": "object", "properties": {"label": TEXT, "url": TEXT}, "additionalProperties": False}
LINK["required"] = ["label", "url"]
ITEM = {"type": "object", "properties": {"external_link": LINK}, "additionalProperties": False}
ITEM["required"] = ["external_link"]
SECTION = jsonschema.Draft7Validator({"type": "array", "items": ITEM, "maxItems": MOST_LINKS})
VARIABLES = {"GLCHECK_OK", "GLCHECK_CATEGORY", "GLCHECK_EXIT_CODE", "GLCHECK_DAYS_LEFT"}


class Link(NamedTuple):
    """A link of an annotations report."""

    label: str
    url: str


def links(text: str) -> list[Link]:
    """Read an annotations report, refuse what GitLab refuses and what no reader can follow."""
    assert len(text.encode()) <= MOST_BYTES
    sections = json.loads(text)
    assert isinstance(sections, dict)
    assert set(sections) <= {"glcheck"}
    section = sections.get("glcheck", [])
    SECTION.validate(section)
    found = [Link(**item["external_link"]) for item in section]
    for link in found:
        assert urlsplit(link.url).scheme in {"http", "https"}, link
        assert urlsplit(link.url).hostname, link
        assert re.fullmatch(r"[^\s\x00-\x20\x7f-\x9f]+", link.url), link
        assert link.label.strip(), link
        assert not [
            sign for sign in link.label if unicodedata.category(sign) in {"Cc", "Zl", "Zp"}
        ], link
    return found


def variables(text: str) -> dict[str, str]:
    """Read a dotenv report: every line is a variable, none needs quotes, none is expanded again."""
    assert len(text.encode()) < MOST_BYTES_OF_VARIABLES
    pairs = [
        re.fullmatch(r"([A-Z0-9_]{1,255})=([a-z0-9-]*)", line)
        for line in text.removesuffix("\n").split("\n")
    ]
    found = {pair[1]: pair[2] for pair in pairs if pair}
    assert len(found) == len(pairs), text
    assert set(found) == VARIABLES
    return found


class Reported(NamedTuple):
    """What the reports of one run say."""

    result: Result
    links: list[Link]
    variables: dict[str, str]

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        return self.result.report

    def link_of(self, name: str) -> Link:
        """The only link whose label begins with the name of a token."""
        (link,) = (
            link for link in self.links if re.match(rf"(\W|token )*{re.escape(name)}\b", link.label)
        )
        return link

    def token(self, name: str) -> dict[str, Any]:
        """The JSON report on one token."""
        (token,) = (token for token in self.report["tokens"] if token["name"] == name)
        assert isinstance(token, dict)
        return token


def deciding(token: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the problem of a token that decided: the first error by exit code, else the first warning."""
    errors = [problem for problem in token["problems"] if problem["severity"] == "error"]
    errors.sort(key=lambda problem: CODES[problem["category"]])
    problems = [*errors, *token["problems"]]
    return problems[0] if problems else None


def compare(report: Mapping[str, Any], found: list[Link], told: Mapping[str, str]) -> None:
    """Hold GitLab's two reports against the JSON report of the same run."""
    wanted = [(token, problem) for token in report["tokens"] if (problem := deciding(token))]
    assert len(found) == len(wanted)
    for token, problem in wanted:
        addresses = pages(problem["fix"]) or [token["url"]]
        own = [
            link
            for link in found
            if token["name"] in link.label and problem["category"] in link.label
        ]
        assert [link.url for link in own if link.url in addresses], (token["name"], addresses, own)
    assert told["GLCHECK_OK"] == json.dumps(report["ok"])
    assert told["GLCHECK_CATEGORY"] == report["category"]
    assert told["GLCHECK_EXIT_CODE"] == str(report["exit_code"])
    decided = [token for token in report["tokens"] if token["category"] == report["category"]]
    days = [token["token"]["days_left"] if token["token"] else None for token in decided] or [None]
    assert told["GLCHECK_DAYS_LEFT"] in {"" if left is None else str(left) for left in days}


def reported(run: Run, *args: str, **options: Any) -> Reported:
    """Run once for all reports, and hold them against each other."""
    files = {kind: run.directory / f"{kind}.out" for kind in FORMATS}
    for path in files.values():
        path.unlink(missing_ok=True)
    wanted = [part for kind, path in files.items() for part in ("--report", f"{kind}={path.name}")]
    result = run.json(*args, *wanted, **options)
    assert result.report["exit_code"] == result.code
    found = links(files["annotations"].read_text("utf-8"))
    told = variables(files["dotenv"].read_text("utf-8"))
    compare(result.report, found, told)
    return Reported(result, found, told)


# Links: which token gets one, and where it leads


class Shown(NamedTuple):
    """A policy run in a job of GitLab, and where that GitLab is."""

    url: str
    reported: Reported


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Run a policy whose tokens fail in many ways, in a job of GitLab."""
    app: dict[str, object] = {"project": "group/app", "role": "maintainer"}
    tokens: dict[str, tuple[dict[str, object], Token | str | None]] = {
        "good": ({"scopes": ["api"]}, Token("")),
        "forever": ({}, Token("", expires_at=None)),
        "expired": ({"scopes": ["api", "read_user"]}, Token("", expires_at=in_days(-1))),
        "narrow": ({"scopes": ["api"]}, Token("", scopes=("read_user",), name="ci & co: 100%")),
        "bot": (
            {"kind": "project", "project": "group/app"},
            Token("", kind="project", expires_at=in_days(-1)),
        ),
        "low": (app, Token("", user_id=8)),
        "refused": ({"url": "http://127.0.0.1:1"}, value_for("refused")),
        "ending": ({}, Token("", expires_at=in_days(2))),
        "broad": ({**app, "forbid-scopes": ["api"]}, Token("", user_id=8)),
        "lasting": ({**app, "max-validity": "7d"}, Token("", user_id=8)),
        "late": (app, Token("", user_id=8, expires_at=in_days(2))),
        "pardoned": (
            {**app, "scopes": ["sudo"], "allow": ["scope-missing", "role-too-low"]},
            Token("", user_id=8),
        ),
        "absent": ({}, None),
        "quoted": ({}, f'"{GOOD}"'),
    }
    home, directory = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work")
    with GitLab() as gitlab:
        gitlab.add_project(Project("group/app", members={7: 40, 8: 20}))
        run = Run(home, directory, None)
        env = write_policy(
            run, *({"name": name, **settings} for name, (settings, _) in tokens.items())
        )
        secrets = {}
        for variable, (_, token) in zip(env, tokens.values(), strict=True):
            if isinstance(token, Token):
                secrets[variable] = gitlab.add(token._replace(value=env[variable]))
            elif token is not None:
                secrets[variable] = token
        there = {"CI_API_V4_URL": f"{gitlab.url}/api/v4"}
        yield Shown(gitlab.url, reported(run, env={**secrets, **LAB, **there}))


def test_each_token_with_a_problem_gets_one_link_and_one_in_order_gets_none(shown: Shown) -> None:
    report = shown.reported.report
    assert {token["name"]: token["category"] for token in report["tokens"]} == {
        "good": "ok", "forever": "ok", "expired": "token-expired", "narrow": "scope-missing", "bot": "token-expired",
        "low": "role-too-low", "refused": "network-error", "ending": "ok", "broad": "scope-forbidden",
        "lasting": "role-too-low", "late": "role-too-low", "pardoned": "ok", "absent": "token-missing",
        "quoted": "token-malformed",
    }  # fmt: skip
    named = [token["name"] for token in report["tokens"] if token["problems"]]
    assert {"good", "forever"} == {token["name"] for token in report["tokens"]} - set(named)
    assert [shown.reported.link_of(name) for name in named]
    assert len(shown.reported.links) == len(named) == 12


def test_the_label_tells_the_name_of_the_token_and_the_category_that_decided(shown: Shown) -> None:
    decided = {
        "expired": "token-expired", "low": "role-too-low", "refused": "network-error", "ending": "expires-soon",
        "broad": "scope-forbidden", "late": "role-too-low", "absent": "token-missing",
    }  # fmt: skip
    for name, category in decided.items():
        label = shown.reported.link_of(name).label
        assert [other for other in CODES if re.search(rf"(?<![\w-]){other}(?![\w-])", label)] == [
            category
        ]


@pytest.mark.parametrize(
    ("name", "label", "scopes"),
    [("expired", None, {"api", "read_user"}), ("narrow", "ci & co: 100%", {"api", "read_user"})],
)
def test_a_personal_token_is_replaced_on_a_page_with_name_and_scopes_filled_in(
    shown: Shown, name: str, label: str | None, scopes: set[str]
) -> None:
    page = urlsplit(shown.reported.link_of(name).url)
    assert (
        f"{page.scheme}://{page.netloc}{page.path}"
        == f"{shown.url}/-/user_settings/personal_access_tokens"
    )
    query = parse_qs(page.query)
    assert scopes <= set(query["scopes"][0].split(","))
    assert query["name"] == [label] if label else query["name"]


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("bot", "{url}/group/app/-/settings/access_tokens"),
        ("low", "{url}/group/app/-/project_members"),
        ("lasting", "{url}/group/app/-/project_members"),
        ("late", "{url}/group/app/-/project_members"),
        ("broad", "{url}/-/user_settings/personal_access_tokens"),
        ("ending", "{url}/-/user_settings/personal_access_tokens"),
        ("refused", "http://127.0.0.1:1"),
    ],
)
def test_the_link_leads_to_the_page_that_repairs_what_decided(
    shown: Shown, name: str, page: str
) -> None:
    assert shown.reported.link_of(name).url.partition("?")[0] == page.format(url=shown.url)


def test_among_warnings_the_first_one_has_the_link(shown: Shown) -> None:
    problems = shown.reported.token("pardoned")["problems"]
    assert {problem["category"] for problem in problems} >= {"scope-missing", "role-too-low"}
    link = shown.reported.link_of("pardoned")
    assert problems[0]["category"] in link.label
    assert link.url in pages(problems[0]["fix"])
    assert link.url not in pages(problems[1]["fix"])


@pytest.mark.parametrize("name", ["absent", "quoted"])
def test_in_a_job_of_gitlab_a_variable_is_mended_on_the_settings_page_of_the_project(
    shown: Shown, name: str
) -> None:
    page, _, anchor = shown.reported.link_of(name).url.partition("#")
    assert page == f"{PROJECT}/-/settings/ci_cd"
    assert re.fullmatch(r"[\w-]*", anchor)
    (problem,) = shown.reported.token(name)["problems"]
    assert page in problem["fix"]


def test_outside_gitlab_ci_no_project_of_a_job_is_named(run_alone: Run) -> None:
    for token in (None, f'"{GOOD}"'):
        found = reported(run_alone, token=token, env={"CI_PROJECT_URL": PROJECT})
        assert [link.url for link in found.links] == ["https://gitlab.com"]
        assert PROJECT not in found.result.out


@pytest.mark.parametrize(
    "address",
    [
        "",
        "$CI_PROJECT_URL",
        "javascript:alert(1)",
        "group/app",
        "https://",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_a_project_without_a_usable_address_is_replaced_by_gitlab(
    run_alone: Run, address: str
) -> None:
    env = {**LAB, "CI_PROJECT_URL": address, "CI_SERVER_URL": "https://ci.example.com"}
    for token in (None, f'"{GOOD}"'):
        (link,) = reported(run_alone, token=token, env=env).links
        assert link.url == "https://ci.example.com"


def test_credentials_in_the_address_of_the_project_are_not_shown(run_alone: Run) -> None:
    password = "Vt3Proj9Qx7LmBw"
    env = {
        **LAB,
        "CI_PROJECT_URL": f"https://gitlab-ci-token:{password}@gitlab.example.com/group/app",
    }
    reports = ("--report", "annotations=links.json", "--report", "json=report.json")
    for token in (None, f'"{GOOD}"'):
        result = run_alone("-v", *reports, token=token, env=env)
        written = "".join(
            (run_alone.directory / name).read_text("utf-8")
            for name in ("links.json", "report.json")
        )
        assert result.code in {10, 11}
        assert len(links((run_alone.directory / "links.json").read_text("utf-8"))) == 1
        assert password not in result.out + result.err + written


# Links: what GitLab would refuse


def short_names() -> Iterator[str]:
    for first in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ":
        for second in "abcdefghijklmnopqrstuvwxyz0123456789":
            yield first + second


def test_a_thousand_links_are_cut_where_gitlab_would_refuse_them_and_warnings_go_first(
    run_alone: Run,
) -> None:
    pardon = {"allow": ["token-missing"]}
    entries = [{"name": f"token {n:04}", **(pardon if n < 700 else {})} for n in range(1000)]
    write_policy(run_alone, *entries)
    result = run_alone("--format", "annotations", env=LAB)
    assert result.code == 10
    found = links(result.out)
    numbers = [int(number) for link in found for number in re.findall(r"\b\d{4}\b", link.label)]
    assert len(numbers) == len(set(numbers)) == len(found)
    assert set(numbers[:300]) == set(range(700, 1000))
    assert len(found) == 1000 or len(result.out) > MOST_BYTES * 3 // 4


def test_no_more_links_than_gitlab_counts_in_a_section(run_alone: Run) -> None:
    names = [name for name, _ in zip(short_names(), range(1050), strict=False)]
    write_policy(run_alone, *({"name": name} for name in names))
    result = run_alone("--format", "annotations")
    assert result.code == 10
    assert len(links(result.out)) > 700


def test_a_warning_stands_behind_an_error(run_alone: Run) -> None:
    entries = [
        {"name": f"t{n}", **({} if n % 2 else {"allow": ["token-missing"]})} for n in range(6)
    ]
    write_policy(run_alone, *entries)
    order = [
        number
        for link in reported(run_alone).links
        for number in re.findall(r"\bt(\d)\b", link.label)
    ]
    assert (set(order[:3]), set(order[3:])) == ({"1", "3", "5"}, {"0", "2", "4"})


def test_long_words_of_a_server_do_not_make_a_report_that_gitlab_refuses(
    gitlab: GitLab, run: Run
) -> None:
    many = ["api", *(f"scope_number_{n}" for n in range(1500))]
    gitlab.always(Answer(200, describe(scopes=many, expires_at=in_days(3))), "/many/")
    gitlab.always(
        Answer(200, describe(scopes=["read_user", "s" * 90_000], expires_at=in_days(3))), "/long/"
    )
    gitlab.always(
        Answer(200, describe(scopes=["read_user"], name="n" * 90_000, expires_at=in_days(3))),
        "/name/",
    )
    gitlab.always(Answer(302, "", (("Location", f"https://{'h' * 50_000}.example/"),)), "/away/")
    names = [f"{place}{n}" for n in range(5) for place in ("many", "long", "name", "away")]
    entries = [
        {"name": name, "url": f"{gitlab.url}/{name[:-1]}", "scopes": ["sudo"]} for name in names
    ]
    env = write_policy(run, *entries)
    result = run("--format", "annotations", "--report", "dotenv=verdict.env", env=env)
    assert result.code == 21
    assert (
        variables((run.directory / "verdict.env").read_text())["GLCHECK_CATEGORY"]
        == "scope-missing"
    )
    # What is too long takes away no link that is not.
    linked = {link.label.partition(":")[0] for link in links(result.out)}
    assert {name for name in names if "many" not in name} <= linked


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--token-env", "T" * 90_000), 10),
        (("--kind", "project", "--project", "group/" + "p" * 90_000), 12),
        (("--scopes", ",".join(f"scope_{n}" for n in range(9_000))), 12),
    ],
    ids=["name", "project", "scopes"],
)
def test_long_settings_do_not_make_a_report_that_gitlab_refuses(
    run: Run, args: tuple[str, ...], code: int
) -> None:
    result = run(*args, "--format", "annotations", token=GOOD)
    assert result.code == code
    links(result.out)


def test_nothing_that_a_server_says_gets_control_characters_or_commands_into_gitlabs_reports(
    gitlab: GitLab, run: Run
) -> None:
    texts = (
        "\n::error::pwn",
        "\u2028::add-mask::\x85pwn",
        "#\x1b#[error]\x00pwn\x7f",
        '"}],"a":[{"',
    )
    env = {**hostile_policy(gitlab, run, texts), "GITHUB_ACTIONS": "true"}
    more = ("--report", "json=report.json", "--report", "dotenv=verdict.env")
    result = run("-v", "--format", "annotations", *more, env=env)
    report, verdict = (
        (run.directory / name).read_text("utf-8") for name in ("report.json", "verdict.env")
    )
    assert [*commands(result.out), *commands(result.err), *commands(verdict)] == []
    compare(json.loads(report), links(result.out), variables(verdict))


@pytest.mark.parametrize("kind", FORMATS)
def test_no_setting_forms_a_workflow_command_in_gitlabs_reports(
    gitlab: GitLab, run: Run, kind: str
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user",)))
    for flag in ("--scopes", "--project", "--role"):
        for text in ("\n::error::pwn", "x ##[error]pwn"):
            result = run("--format", kind, flag, text, token=GOOD, env={"GITHUB_ACTIONS": "true"})
            assert [*commands(result.out), *commands(result.err)] == []
            assert result.code in {2, 21, 24}


def test_a_secret_in_what_the_server_says_is_in_neither_report(gitlab: GitLab, run: Run) -> None:
    said = f"my {GOOD} and {GOOD[6:]}"
    gitlab.always(
        Answer(200, describe(name=said, scopes=["read_user", GOOD], expires_at=in_days(3))), SELF
    )
    found = reported(run, "--scopes", "api", token=GOOD)
    assert found.result.code == 21
    written = "".join((run.directory / f"{kind}.out").read_text("utf-8") for kind in FORMATS)
    assert GOOD[6:] not in written
    assert "access_tokens?" in written


# Variables


@pytest.mark.parametrize(
    ("expires_at", "args", "told"),
    [
        ("2026-12-01", (), ("true", "ok", "0", "10")),
        ("2026-11-21", (), ("true", "ok", "0", "0")),
        (None, (), ("true", "ok", "0", "")),
        ("2026-12-01", ("--scopes", "sudo"), ("false", "scope-missing", "21", "10")),
        ("2026-12-01", ("--scopes", "sudo", "--allow", "scope-missing"), ("true", "ok", "0", "10")),
        ("2026-11-20", (), ("false", "token-expired", "13", "")),
        (None, ("--max-validity", "1w"), ("false", "lives-too-long", "25", "")),
        ("2026-12-01", ("--role", "owner"), ("false", "usage-error", "2", "")),
        ("2026-12-01", ("--token-env", "NOT_SET"), ("false", "token-missing", "10", "")),
    ],
)
def test_the_variables_tell_the_verdict_and_the_days_that_are_left(
    gitlab: GitLab, run: Run, expires_at: str | None, args: tuple[str, ...], told: tuple[str, ...]
) -> None:
    gitlab.date = datetime(2026, 11, 20, 13, tzinfo=timezone.utc)
    gitlab.add(Token(GOOD, expires_at=expires_at, created_at="2026-01-01T00:00:00.000Z"))
    result = run(*args, "--format", "dotenv", token=GOOD)
    names = ("GLCHECK_OK", "GLCHECK_CATEGORY", "GLCHECK_EXIT_CODE", "GLCHECK_DAYS_LEFT")
    assert variables(result.out) == dict(zip(names, told, strict=True))
    assert str(result.code) == told[2]


@pytest.mark.parametrize(
    "names",
    [("long", "short"), ("short", "long"), ("long", "narrow", "low"), ("low", "short", "narrow"), ("long", "absent"),
     ("never", "short"), ("long", "narrow", "narrow too")],
    ids="-".join,
)  # fmt: skip
def test_of_several_tokens_the_variables_tell_what_the_outputs_of_the_action_tell(
    gitlab: GitLab, run: Run, names: tuple[str, ...]
) -> None:
    lives = {"long": 90, "short": 30, "narrow": 60, "narrow too": 50, "low": 40, "never": None}
    tokens: list[dict[str, object]] = []
    for name in names:
        days = lives.get(name)
        if name != "absent":
            gitlab.add(Token(value_for(name), expires_at=None if days is None else in_days(days)))
        tokens.append({"name": name, "scopes": ["sudo"] if "narrow" in name else []})
        if name == "low":
            tokens[-1]["max-validity"] = "1d"
    env = {
        name: value
        for name, value in write_policy(run, *tokens).items()
        if not name.endswith("ABSENT")
    }
    files = {"GITHUB_OUTPUT": str(run.directory / "output")}
    result = run("--format", "github", "--report", "dotenv=verdict.env", env={**env, **files})
    told = variables((run.directory / "verdict.env").read_text("utf-8"))
    known = outputs((run.directory / "output").read_text("utf-8"))
    assert told == {
        name: known[name.removeprefix("GLCHECK_").lower().replace("_", "-")] for name in VARIABLES
    }
    assert told["GLCHECK_EXIT_CODE"] == str(result.code)


# Ways to have them


@pytest.mark.parametrize("kind", FORMATS)
def test_the_report_goes_to_standard_output_or_to_any_file_that_is_named(
    gitlab: GitLab, run: Run, kind: str
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user",)))
    gitlab.date = datetime.now(timezone.utc)
    wants = ("--scopes", "api")
    printed = run(*wants, "--format", kind, token=GOOD)
    assert (printed.code, printed.err) == (21, "")
    assert printed.out
    (run.directory / "named.yml").write_text(json.dumps({"version": 1, "report": [f"{kind}=file"]}))
    others = {
        "output": run(*wants, "--format", kind, "--output", "output", token=GOOD),
        "variables": run(
            *wants, token=GOOD, env={"GLCHECK_FORMAT": kind, "GLCHECK_OUTPUT": "variables"}
        ),
        "report": run(*wants, "--report", f"{kind}=report", token=GOOD),
        "quiet": run(*wants, "-q", "--report", f"{kind}=quiet", token=GOOD),
        "variable": run(*wants, token=GOOD, env={"GLCHECK_REPORT": f"{kind}=variable"}),
        "file": run(*wants, "--config", "named.yml", token=GOOD),
    }
    assert [result.out for result in others.values()][:2] == ["", ""]
    for name, result in others.items():
        assert (name, result.code) == (name, 21)
        assert (run.directory / name).read_text("utf-8") == printed.out, name
    assert len(gitlab.requests) == 1 + len(others)


@pytest.mark.parametrize("code", [0, 21])
def test_all_reports_come_from_one_run_with_one_request(
    gitlab: GitLab, run: Run, code: int
) -> None:
    gitlab.add(Token(GOOD, scopes=("read_user",)))
    kinds = ("annotations", "dotenv", "junit", "json", "markdown", "github", "text")
    env = {"GLCHECK_REPORT": "\n".join(f"{kind}={kind}.out" for kind in kinds)}
    result = run(
        "--scopes",
        "api" if code else "read_user",
        token=GOOD,
        env={**env, **LAB, "CI_PROJECT_URL": ""},
    )
    assert (result.code, len(gitlab.requests)) == (code, 1)
    written = {kind: (run.directory / f"{kind}.out").read_text("utf-8") for kind in kinds}
    assert result.out == written["text"]
    compare(
        json.loads(written["json"]), links(written["annotations"]), variables(written["dotenv"])
    )
    assert len(links(written["annotations"])) == bool(code)


FAILURES: Mapping[str, tuple[tuple[str, ...], str | None, str | None, str]] = {
    "usage": (("--role", "owner"), GOOD, None, "usage-error"),
    "duration": (("--min-validity", "soon"), GOOD, None, "usage-error"),
    "config": ((), GOOD, "version: 1\nscops: [api]\n", "config-error"),
    "no config": (("--config", "absent.yml"), GOOD, None, "config-error"),
    "http": (("--url", "http://gitlab.example.com"), GOOD, None, "usage-error"),
    "missing": ((), None, None, "token-missing"),
    "no file": (("--token-file", "absent"), None, None, "token-missing"),
    "malformed": ((), "ghp_0123456789abcdefABCDEF0123456789abcd", None, "token-malformed"),
    "unknown": ((), "glpat-bbbbbbbbbbbbbbbbbbbb", None, "token-invalid"),
    "network": (("--url", "http://127.0.0.1:1", "--max-wait", "1s"), GOOD, None, "network-error"),
    "deploy": ((), "gldt-3fZ1p5y4XWcCvMGVlfak", None, "wrong-token-kind"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_both_reports_are_written_however_the_check_fails(
    gitlab: GitLab, run: Run, name: str
) -> None:
    args, token, policy, category = FAILURES[name]
    gitlab.add(Token(GOOD))
    if policy:
        (run.directory / ".glcheck.yml").write_text(policy)
    found = reported(run, *args, token=token)
    assert (found.report["category"], found.variables["GLCHECK_OK"]) == (category, "false")


@pytest.mark.parametrize("name", ["usage", "config", "missing", "malformed"])
def test_both_reports_are_written_where_a_variable_asks_for_them(run: Run, name: str) -> None:
    args, token, policy, category = FAILURES[name]
    if policy:
        (run.directory / ".glcheck.yml").write_text(policy)
    paths = {"json": "report.json", "annotations": "links.json", "dotenv": "verdict.env"}
    env = {"GLCHECK_REPORT": "\n".join(f"{kind}={path}" for kind, path in paths.items())}
    result = run(*args, token=token, env=env)
    written = {kind: (run.directory / path).read_text("utf-8") for kind, path in paths.items()}
    report = json.loads(written["json"])
    assert (result.code, report["category"]) == (CODES[category], category)
    compare(report, links(written["annotations"]), variables(written["dotenv"]))


def test_what_belongs_to_no_token_has_no_link(run: Run) -> None:
    found = reported(run, "--role", "owner", token=GOOD)
    assert (found.result.code, found.links) == (2, [])


def test_a_policy_that_is_only_validated_gives_valid_reports(gitlab: GitLab, run: Run) -> None:
    for text, code in (("version: 1\nscopes: [api]\n", 0), ("version: 1\nscops: [api]\n", 2)):
        (run.directory / ".glcheck.yml").write_text(text)
        result = run("config", "--format", "annotations")
        assert (result.code, links(result.out)) == (code, [])
        result = run("config", "--format", "dotenv")
        told = variables(result.out)
        assert (result.code, told["GLCHECK_OK"], told["GLCHECK_EXIT_CODE"]) == (
            code,
            json.dumps(not code),
            str(code),
        )
    assert not gitlab.requests


def test_in_a_job_of_gitlab_the_report_on_standard_output_is_text(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    assert run(token=GOOD, env=LAB).out == run("--format", "text", token=GOOD).out


# A log that shows variables


def shows_variables(token: Mapping[str, Any]) -> list[str]:
    """Return the notes on a token that tell of a log with all variables in it."""
    return [note for note in token["notes"] if "CI_DEBUG_TRACE" in note]


@pytest.mark.parametrize(
    ("value", "token"),
    [("true", GOOD), ("1", GOOD), ("true", "glpat-bbbbbbbbbbbbbbbbbbbb"), ("1", f'"{GOOD}"')],
    ids=["true", "1", "unknown", "quoted"],
)
def test_a_log_that_shows_variables_is_a_note_and_changes_no_verdict(
    gitlab: GitLab, run: Run, value: str, token: str
) -> None:
    gitlab.add(Token(GOOD))
    plain = run.json(token=token, env=LAB)
    traced = run.json(
        "--report", "text=report.txt", token=token, env={**LAB, "CI_DEBUG_TRACE": value}
    )
    (note,) = shows_variables(traced.token)
    assert "log" in note
    assert re.search(r"\b(off|remove|unset|delete|false)\b", note, re.IGNORECASE)
    assert [other for other in traced.token["notes"] if other != note] == plain.token["notes"]
    kept = ("ok", "category", "problems", "requests")
    assert (traced.code, [traced.token[key] for key in kept]) == (
        plain.code,
        [plain.token[key] for key in kept],
    )
    text = (run.directory / "report.txt").read_text("utf-8")
    assert note in text


@pytest.mark.parametrize("value", ["false", "0", ""])
def test_a_log_that_does_not_show_variables_is_no_note(
    gitlab: GitLab, run: Run, value: str
) -> None:
    gitlab.add(Token(GOOD))
    result = run("--report", "json=report.json", token=GOOD, env={**LAB, "CI_DEBUG_TRACE": value})
    assert result.code == 0
    assert "CI_DEBUG_TRACE" not in result.out + (run.directory / "report.json").read_text("utf-8")


def test_only_a_token_from_a_variable_is_shown_by_the_log(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(GOOD))
    (run.directory / "secret").write_text(GOOD)
    entries = [
        {"name": "variable", "token-env": "ONE"},
        {"name": "same", "token-env": "ONE"},
        {"name": "file", "token-file": "secret"},
        {"name": "absent", "token-env": "NOT_SET"},
        {"name": "empty", "token-env": "EMPTY"},
        {"name": "no file", "token-file": "absent"},
    ]
    (run.directory / "policy.yml").write_text(json.dumps({"version": 1, "tokens": entries}))
    env = {**LAB, "CI_DEBUG_TRACE": "true", "ONE": GOOD, "EMPTY": "", "CI_PROJECT_URL": ""}
    report = run.json("--config", "policy.yml", env=env).report
    assert [token["name"] for token in report["tokens"] if shows_variables(token)] == [
        "variable",
        "same",
    ]
    stdin = run.json("--token-file", "-", stdin=GOOD.encode(), env=env)
    assert (stdin.code, shows_variables(stdin.token)) == (0, [])
    none = run.json(env=env)
    assert (none.code, shows_variables(none.token)) == (10, [])


# The server of the job


def test_the_address_of_the_job_beats_that_of_the_environment_and_keeps_its_path(
    run_alone: Run,
) -> None:
    with GitLab(prefix="/tools/gitlab") as gitlab:
        gitlab.add(Token(GOOD, scopes=("read_user",)))
        env = {
            **LAB,
            "CI_API_V4_URL": f"{gitlab.url}/api/v4",
            "CI_SERVER_URL": "https://other.example.com",
        }
        env |= {"GITLAB_URL": "http://127.0.0.1:1", "GITLAB_HOST": "127.0.0.1:1"}
        found = reported(run_alone, "--scopes", "api", token=GOOD, env=env)
        assert (found.result.code, found.result.token["url"]) == (21, gitlab.url)
        assert [request.path for request in gitlab.requests] == [f"/tools/gitlab{SELF}"]
        (link,) = found.links
        assert link.url.startswith(f"{gitlab.url}/-/user_settings/personal_access_tokens?")


def test_the_authority_of_the_job_is_trusted_for_the_host_of_its_api_only(
    run_alone: Run, tls: Certificates
) -> None:
    with GitLab(tls=tls.good, prefix="/gitlab") as own, GitLab(tls=tls.good) as other:
        for server in (own, other):
            server.add(Token(GOOD))
        env = {
            **LAB,
            "CI_API_V4_URL": f"{own.url}/api/v4",
            "CI_SERVER_TLS_CA_FILE": str(tls.ca_file),
        }
        assert reported(run_alone, token=GOOD, env=env).result.code == 0
        elsewhere = other.url.replace("localhost", "127.0.0.1")
        entries = [
            {"name": "own", "token-env": "ONE"},
            {"name": "other", "token-env": "ONE", "url": elsewhere},
        ]
        (run_alone.directory / "policy.yml").write_text(
            json.dumps({"version": 1, "tokens": entries})
        )
        found = reported(run_alone, "--config", "policy.yml", env={**env, "ONE": GOOD})
        assert [token["category"] for token in found.report["tokens"]] == ["ok", "tls-error"]
        assert [link.url for link in found.links] == [elsewhere]
        assert (len(own.requests), len(other.requests)) == (2, 0)


def test_the_token_of_the_job_is_checked_as_one_when_it_is_named(run_alone: Run) -> None:
    with GitLab(prefix="/gitlab") as gitlab:
        gitlab.add(Token(JOB, kind="job"))
        env = {**LAB, "CI_API_V4_URL": f"{gitlab.url}/api/v4", "CI_JOB_TOKEN": JOB}
        found = reported(run_alone, "--token-env", "CI_JOB_TOKEN", env=env)
        held = found.result.token["token"]
        assert (found.result.code, found.result.token["source"], held["kind"]) == (
            0,
            "CI_JOB_TOKEN",
            "job",
        )
        assert [held[key] for key in ("expires_at", "seconds_left", "days_left")] == [None] * 3
        assert found.variables["GLCHECK_DAYS_LEFT"] == ""
        (request,) = gitlab.requests
        assert (request.path, request.headers["job-token"]) == ("/gitlab/api/v4/job", JOB)
        asked = reported(run_alone, "--token-env", "CI_JOB_TOKEN", "--scopes", "read_api", env=env)
        assert (asked.result.code, asked.result.token["category"]) == (16, "wrong-token-kind")
        assert len(asked.links) == 1


def test_nobody_is_told_to_store_a_token_in_the_variable_of_the_job_token(run_alone: Run) -> None:
    with GitLab() as gitlab:
        env = {**LAB, "CI_API_V4_URL": f"{gitlab.url}/api/v4", "CI_JOB_TOKEN": JOB}
        dead = reported(run_alone, "--token-env", "CI_JOB_TOKEN", env=env)
        assert dead.result.code == 12
        assert "run the job again" in dead.result.problem["fix"]
        assert [link.url for link in dead.links] == [gitlab.url]
        gitlab.add(Token(JOB, kind="job"))
        asked = reported(run_alone, "--token-env", "CI_JOB_TOKEN", "--scopes", "api", env=env)
        assert "/personal_access_tokens" in asked.result.problem["fix"]
        assert "store it" not in asked.result.problem["fix"]


def test_a_file_variable_that_is_not_there_is_told_and_no_other_token_checked(
    gitlab: GitLab, run: Run
) -> None:
    gitlab.add(Token(GOOD))
    result = run.json(token=GOOD, env={**LAB, "GLCHECK_TOKEN_FILE": ""})
    assert (result.code, gitlab.requests) == (2, [])
    assert "GLCHECK_TOKEN_FILE" in result.problem["message"]
    assert run(token=GOOD, env={"GLCHECK_TOKEN_FILE": ""}).code == 0


def test_the_token_of_the_job_is_not_taken_unless_it_is_named(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(JOB, kind="job"))
    found = reported(run, env={**LAB, "CI_JOB_TOKEN": JOB})
    assert (found.result.code, len(gitlab.requests)) == (10, 0)
    assert "CI_JOB_TOKEN" not in found.result.token["problems"][0]["details"]["variables"]
