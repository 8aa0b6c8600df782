"""What GitLab's API says of tokens, projects and groups, and how it pages lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kit.gitlab_things import Group, Place, Project, Token, day, in_days
from kit.web_server import Answer

OF_A_TOKEN = (
    "id", "name", "revoked", "created_at", "description", "user_id", "last_used_at", "expires_at",
    "last_used_ips",
)  # fmt: skip


def of_token(token: Token, *, dead: bool, granular: bool | None) -> dict[str, object]:
    """A token as it describes itself; `granular` is None where the version does not know of it."""
    told = {name: getattr(token, name) for name in OF_A_TOKEN}
    told |= {"scopes": ["granular"] if granular else token.scopes, "active": not dead}
    return told if granular is None else {**told, "granular": granular}


def of_oauth(token: Token) -> dict[str, object]:
    left = {"expires_in": token.expires_in, "expires_in_seconds": token.expires_in}
    who = {"resource_owner_id": token.user_id, "application": {"uid": "f" * 64}}
    born = int(day(str(token.created_at)).timestamp())
    return {**who, "scope": token.scopes, "scopes": token.scopes, "created_at": born, **left}


def of_job(token: Token, person: Mapping[str, object]) -> dict[str, object]:
    now = {"status": "running", "ref": "main"}
    own = {"id": token.id, "name": token.name, "stage": "test", "created_at": token.created_at}
    pipeline = {"id": 1, "project_id": token.resource_id, **now}
    project = {"ci_job_token_scope_enabled": False}
    return {**own, **now, "tag": False, "user": person, "pipeline": pipeline, "project": project}


def _of_place(place: Place, url: str) -> dict[str, Any]:
    own = {"id": place.id, "name": place.path.rpartition("/")[2], "web_url": url}
    return {**own, "visibility": "public" if place.public else "private"}


def of_project(url: str, project: Project, user_id: int) -> dict[str, Any]:
    """A project as it stands in the list of associations."""
    above, _, name = project.path.rpartition("/")
    levels = {"project": project.members.get(user_id), "group": project.group_members.get(user_id)}
    return {
        **_of_place(project, f"{url}/{project.path}"),
        "description": None,
        "name_with_namespace": project.path.replace("/", " / "),
        "path": name,
        "path_with_namespace": project.path,
        "created_at": f"{in_days(-90)}T08:00:00.000Z",
        "access_levels": {f"{whose}_access_level": level for whose, level in levels.items()},
        "namespace": {"id": 1, "name": above, "kind": "group", "full_path": above},
    }


def of_project_alone(url: str, project: Project, user_id: int) -> dict[str, Any]:
    """A project as it is told of by itself: with `permissions` in place of `access_levels`."""
    told = of_project(url, project, user_id)
    permissions = {
        name.removesuffix("_level"): level and {"access_level": level, "notification_level": 3}
        for name, level in told.pop("access_levels").items()
    }
    clone = f"{url}/{project.path}.git"
    more = {"default_branch": "main", "archived": project.archived, "http_url_to_repo": clone}
    return {**told, **more, "permissions": permissions}


def of_group(url: str, group: Group, user_id: int) -> dict[str, Any]:
    """A group as it stands in the list of associations."""
    above = {"parent_id": group.parent_id, "organization_id": 1}
    own = _of_place(group, f"{url}/groups/{group.path}")
    return {**own, **above, "access_levels": group.level(user_id) or None}


def of_group_alone(url: str, group: Group, user_id: int) -> dict[str, Any]:
    """A group as it is told of by itself."""
    told = of_group(url, group, user_id)
    del told["access_levels"]
    return {**told, "path": told["name"], "full_name": group.path, "full_path": group.path}


def page(url: str, query: Mapping[str, str], entries: list[Any]) -> Answer:
    """The page of a list that the query asks for; `url` is that of the list."""

    def number(name: str, default: int) -> int:
        text = query.get(name, "")
        return int(text) if text.isdecimal() and int(text) else default

    size, at = min(number("per_page", 20), 100), number("page", 1)
    last = max(-(-len(entries) // size), 1)
    before, after = at - 1 if at > 1 else "", at + 1 if at < last else ""

    def link(relation: str, to: object) -> str:
        asked = urlencode({**query, "page": to, "per_page": size})
        return f'<{url}?{asked}>; rel="{relation}"'

    links = {"prev": before, "next": after, "first": 1, "last": last}
    numbers = {"Next-Page": after, "Page": at, "Per-Page": size, "Prev-Page": before}
    numbers |= {"Total": len(entries), "Total-Pages": last}
    headers = [("Link", ", ".join(link(*one) for one in links.items() if one[1]))]
    headers += [(f"X-{name}", str(number)) for name, number in numbers.items()]
    return Answer(200, entries[(at - 1) * size : at * size], tuple(headers))
