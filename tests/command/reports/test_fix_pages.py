"""A fix names the page on which the token is replaced, with as much filled in as that page takes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kit.command import Run
from kit.gitlab_server import GitLab, Group, Project, Token, in_days
from kit.reports import pages, value_for, write_policy

PERSONAL = "/-/user_settings/personal_access_tokens"
PROJECT, GROUP = (f"/{path}/-/settings/access_tokens" for path in ("group/app", "groups/group/sub"))
APP = {"kind": "project", "project": "group/app", "scopes": ["api"]}
SUB = {"kind": "group", "group": "group/sub", "scopes": ["api"]}
MINE = {"scopes": ["api", "read_user"], "min-validity": "5d"}


def test_a_token_to_replace_has_the_page_with_name_and_scopes_filled_in(tmp_path: Path) -> None:
    dead, soon = in_days(-1), in_days(3)
    narrow, gone = Token("", scopes=("read_user",)), Token("", expires_at=dead)
    rows = {
        "expired": (MINE, gone, "token-expired", PERSONAL),
        "revoked": (MINE, Token("", revoked=True), "token-revoked", PERSONAL),
        "unknown": (MINE, None, "token-invalid", PERSONAL),
        "short": (MINE, Token("", expires_at=soon), "expires-soon", PERSONAL),
        "narrow": (MINE, narrow, "scope-missing", PERSONAL),
        "project-expired": (APP, gone._replace(kind="project"), "token-expired", PROJECT),
        "project-narrow": (APP, narrow._replace(kind="project"), "scope-missing", PROJECT),
        "group-expired": (SUB, gone._replace(kind="group"), "token-expired", GROUP),
        "group-narrow": (SUB, narrow._replace(kind="group"), "scope-missing", GROUP),
    }
    with GitLab(prefix="/gitlab") as gitlab:  # a path in the address is part of the page
        gitlab.add_project(Project("group/app", members={7: 40}))
        gitlab.add_group(Group("group/sub", members={7: 40}))
        for name, (_, token, *_) in rows.items():
            if token:
                gitlab.add(token._replace(value=value_for(name), name="ci & co: 100%"))
        run = Run(tmp_path, tmp_path, gitlab.url)
        env = write_policy(run, *({"name": name, **wants} for name, (wants, *_) in rows.items()))
        tokens = {token["name"]: token for token in run.json(env=env).report["tokens"]}
    for name, (_, _, category, where) in rows.items():
        decided = tokens[name]["problems"][0]
        assert (tokens[name]["category"], decided["category"]) == (category, category), name
        (page,) = (page for page in pages(decided["fix"]) if "access_tokens" in page)
        assert page.partition("?")[0] == f"{gitlab.url}{where}", name
        if where == PERSONAL:
            query = parse_qs(urlsplit(page).query)
            assert {"api", "read_user"} <= set(query["scopes"][0].split(",")), name
            filled_in = "ci & co: 100%" if name in {"short", "narrow"} else name
            assert query["name"] == [filled_in], name
