"""GitLab's links from a run: which token gets one, and where it leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest
from kit.command import Run
from kit.gitlab_reports import LAB, PROJECT, Link, reported
from kit.gitlab_server import GitLab, Project, Token, in_days
from kit.policies import GOOD
from kit.reports import pages, value_for, write_policy

QUOTED = f'"{GOOD}"'


class Shown(NamedTuple):
    """A policy run in a job of GitLab, and where that GitLab is."""

    url: str
    links: list[Link]
    tokens: dict[str, dict[str, Any]]

    def url_of(self, name: str) -> str:
        """Where the link of a token leads."""
        (url,) = (link.url for link in self.links if link.label.startswith(f"{name}: "))
        return url


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Run a policy whose tokens fail in many ways, in a job of GitLab."""
    app: dict[str, object] = {"project": "group/app", "role": "maintainer"}
    own, low = Token(""), Token("", user_id=8)
    dead, soon = in_days(-1), in_days(2)
    pardon = {"scopes": ["sudo"], "allow": ["scope-missing", "role-too-low"]}
    narrow = own._replace(scopes=("read_user",), name="ci & co: 100%")
    bot = own._replace(kind="project", expires_at=dead)
    tokens: dict[str, tuple[dict[str, object], Token | str | None]] = {
        "good": ({"scopes": ["api"]}, own),
        "forever": ({}, own._replace(expires_at=None)),
        "ending": ({}, own._replace(expires_at=soon)),
        "pardoned": ({**app, **pardon}, low),
        "expired": ({"scopes": ["api", "read_user"]}, own._replace(expires_at=dead)),
        "narrow": ({"scopes": ["api"]}, narrow),
        "bot": ({"kind": "project", "project": "group/app"}, bot),
        "low": (app, low),
        "refused": ({"url": "http://127.0.0.1:1"}, value_for("refused")),
        "broad": ({**app, "forbid-scopes": ["api"]}, low),
        "lasting": ({**app, "max-validity": "7d"}, low),
        "late": (app, low._replace(expires_at=soon)),
        "absent": ({}, None),
        "quoted": ({}, QUOTED),
    }
    run = Run(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"), None)
    with GitLab(prefix="/tools/gitlab") as gitlab:
        gitlab.add_project(Project("group/app", members={7: 40, 8: 20}))
        env = write_policy(run, *({"name": name, **asked} for name, (asked, _) in tokens.items()))
        for (variable, value), (_, token) in zip([*env.items()], tokens.values(), strict=True):
            if isinstance(token, Token):
                gitlab.add(token._replace(value=value))
            elif token is None:
                del env[variable]
            else:
                env[variable] = token
        # The address of the job's API beats all others, and keeps its path.
        others = dict.fromkeys(("CI_SERVER_URL", "GITLAB_URL", "GITLAB_HOST"), "http://127.0.0.1:1")
        there = {**LAB, **others, "CI_API_V4_URL": f"{gitlab.url}/api/v4"}
        found = reported(run, env={**env, **there})
        told = {token["name"]: token for token in found.result.report["tokens"]}
        yield Shown(gitlab.url, found.links, told)


LABELS = [
    "expired: token-expired", "narrow: scope-missing", "bot: token-expired", "low: role-too-low",
    "refused: network-error", "broad: scope-forbidden", "lasting: role-too-low",
    "late: role-too-low", "absent: token-missing", "quoted: token-malformed",
    # What only warns stands behind what fails.
    "ending: expires-soon", "pardoned: scope-missing",
]  # fmt: skip


def test_each_token_with_a_problem_gets_one_link_and_one_in_order_gets_none(shown: Shown) -> None:
    assert [link.label for link in shown.links] == LABELS
    categories = dict(label.split(": ") for label in LABELS[:-2])
    categories |= dict.fromkeys(("good", "forever", "ending", "pardoned"), "ok")
    assert {name: token["category"] for name, token in shown.tokens.items()} == categories


@pytest.mark.parametrize(("name", "label"), [("expired", None), ("narrow", "ci & co: 100%")])
def test_a_personal_token_is_replaced_on_a_page_with_name_and_scopes_filled_in(
    shown: Shown, name: str, label: str | None
) -> None:
    page, _, query = shown.url_of(name).partition("?")
    assert page == f"{shown.url}/-/user_settings/personal_access_tokens"
    filled = parse_qs(query)
    assert {"api", "read_user"} <= set(filled["scopes"][0].split(","))
    assert filled["name"] == [label] if label else filled["name"]


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
    assert shown.url_of(name).partition("?")[0] == page.format(url=shown.url)


def test_among_warnings_the_first_one_has_the_link(shown: Shown) -> None:
    first, second, *_ = shown.tokens["pardoned"]["problems"]
    assert [first["category"], second["category"]] == ["scope-missing", "role-too-low"]
    url = shown.url_of("pardoned")
    assert url in pages(first["fix"])
    assert url not in pages(second["fix"])


@pytest.mark.parametrize("name", ["absent", "quoted"])
def test_in_a_job_of_gitlab_a_variable_is_mended_on_the_settings_page_of_the_project(
    shown: Shown, name: str
) -> None:
    page, _, anchor = shown.url_of(name).partition("#")
    assert page == f"{PROJECT}/-/settings/ci_cd"
    assert re.fullmatch(r"[\w-]*", anchor)
    (problem,) = shown.tokens[name]["problems"]
    assert page in problem["fix"]


def test_outside_gitlab_ci_no_project_of_a_job_is_named(run_alone: Run) -> None:
    for token in (None, QUOTED):
        found = reported(run_alone, token=token, env={"CI_PROJECT_URL": PROJECT})
        assert found.urls == ["https://gitlab.com"]
        assert PROJECT not in found.result.out


@pytest.mark.parametrize(
    "address",
    ["", "$CI_PROJECT_URL", "javascript:alert(1)", "group/app", "https://", "https://[::1", "file:///etc"],
)  # fmt: skip
def test_a_project_without_a_usable_address_is_replaced_by_gitlab(
    run_alone: Run, address: str
) -> None:
    env = {**LAB, "CI_PROJECT_URL": address, "CI_SERVER_URL": "https://ci.example.com"}
    for token in (None, QUOTED):
        assert reported(run_alone, token=token, env=env).urls == ["https://ci.example.com"]


@pytest.mark.parametrize("token", [None, QUOTED])
def test_credentials_in_the_address_of_the_project_are_not_shown(
    run_alone: Run, token: str | None
) -> None:
    password = "Vt3Proj9Qx7LmBw"
    address = PROJECT.replace("://", f"://gitlab-ci-token:{password}@")
    found = reported(run_alone, "-v", token=token, env={**LAB, "CI_PROJECT_URL": address})
    assert found.result.code in {10, 11}
    assert len(found.links) == 1
    files = [path.read_text("utf-8") for path in run_alone.directory.iterdir()]
    assert password not in "".join((found.result.out, found.result.err, *files))
