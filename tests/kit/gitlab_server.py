"""A GitLab on loopback for tests and demonstrations.

It answers as GitLab's published source and documentation say that GitLab answers. What it is told
to answer instead (`script`, `always`) stands for what else there can be between the two.
"""

from __future__ import annotations

import re
import ssl
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from kit import gitlab_bodies as bodies
from kit.certificates import Certificates, certificates
from kit.gitlab_refusals import DEAD_OAUTH, RefusalError, message, presented, require, require_grant
from kit.gitlab_things import SELF, Group, Kind, Place, Project, State, Token, in_days
from kit.web_server import Answer, Request, WebServer

__all__ = [
    "Answer", "Certificates", "GitLab", "Group", "Kind", "Project", "Request", "State", "Token",
    "certificates", "in_days",
]  # fmt: skip
NO_GITLAB = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>\n"
SIGN_IN = (
    "<!DOCTYPE html>\n<html><head><title>Sign in · GitLab</title></head><body>{}</body></html>\n"
)
P = TypeVar("P", bound=Place)
NO_PERSONAL = "This endpoint requires token type to be a personal access token"


class Call(NamedTuple):
    """A request that found its route and passed authentication."""

    token: Token
    path: str  # below /api/v4/
    query: dict[str, str]
    parts: dict[str, str]  # what the route's pattern names, decoded

    @property
    def user(self) -> int:
        """The account behind the token."""
        return self.token.user_id


class Route(NamedTuple):
    """An API route: the scopes that open it (None: any), and what a fine-grained token needs."""

    pattern: str
    scopes: tuple[str, ...] | None
    grant: str
    answer: Callable[[GitLab, Call], Answer]


class GitLab(WebServer):
    """A GitLab on loopback, built from how GitLab's source and documentation say it answers."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, prefix: str = "", version: str = "18.5.0"
    ) -> None:
        super().__init__(tls=tls)
        self.prefix = prefix.rstrip("/")
        self.url += self.prefix
        self.version = version
        self.throttle: int | None = None  # requests a second that are served
        self.silent: set[str] = set()  # tokens that get no answer
        self.answered: list[Request] = []  # neither too many, nor told something else
        self.rotations: list[Request] = []  # would have replaced a token: there must be none
        self._tokens: dict[str, Token] = {}
        self._places: list[Place] = []
        self._ids = count(1)
        self._served: deque[float] = deque()

    # What there is

    def add(self, token: Token) -> str:
        """Make a token known and return its value."""
        self._tokens[token.value] = token.dated()._replace(id=token.id or next(self._ids))
        return token.value

    def _add_place(self, place: P) -> P:
        """Make a project or group known and return it with its id."""
        place = replace(place, id=place.id or next(self._ids))
        self._places.append(place)
        return place

    add_project = add_group = _add_place

    # Answers

    def respond(self, request: Request) -> Answer:
        """Record a request and find its answer."""
        path, _, query = request.path.partition("?")
        if "://" in request.path:  # as a proxy is asked
            path, query = urlsplit(request.path).path, urlsplit(request.path).query
        silent = not self.silent.isdisjoint(request.headers.values())
        with self._lock:
            self.requests.append(request)
            answer = Answer(delay=60) if silent else self._told(unquote(path)) or self._throttled()
            if answer:
                return answer
            self.answered.append(request)
        try:
            answer = self._route(request, path, {k: v[-1] for k, v in parse_qs(query).items()})
        except RefusalError as refusal:
            answer = refusal.answer
        cookie = ("Set-Cookie", "_gitlab_session=0; path=/; HttpOnly")
        own = (("X-Request-Id", uuid.uuid4().hex), cookie)
        return answer._replace(headers=answer.headers + own)

    def _throttled(self) -> Answer | None:
        if self.throttle is None:
            return None
        moment = time.monotonic()
        while self._served and moment - self._served[0] >= 1:
            self._served.popleft()
        if len(self._served) < self.throttle:
            self._served.append(moment)
            return None
        reset = self.now + timedelta(seconds=1)
        limits = {"Limit": self.throttle, "Observed": self.throttle + 1, "Remaining": 0}
        limits |= {"Reset": int(reset.timestamp())}
        headers = [("Content-Type", "text/plain"), ("Retry-After", "1")]
        headers += [(f"RateLimit-{name}", str(number)) for name, number in limits.items()]
        headers += [("RateLimit-Name", "throttle_authenticated_api")]
        headers += [("RateLimit-ResetTime", format_datetime(reset, usegmt=True))]
        return Answer(429, "Retry later\n", tuple(headers))

    def _route(self, request: Request, path: str, query: dict[str, str]) -> Answer:
        if not path.startswith(self.prefix + "/"):
            return Answer(404, NO_GITLAB)
        path = path[len(self.prefix) :]
        if path.endswith("/rotate") and request.method == "POST":
            self.rotations.append(request)
            raise message(500, "500 Internal Server Error")
        if path == "/oauth/token/info":
            return self._token_info(request.headers)
        if path == "/users/sign_in":
            return Answer(body=SIGN_IN.format("Username or primary email"))
        if not path.startswith("/api/v4/"):
            where = ("Location", f"{self.url}/users/sign_in")
            return Answer(302, SIGN_IN.format("You are being redirected."), (where,))
        for route in ROUTES:
            found = re.fullmatch(route.pattern, path.removeprefix("/api/v4/"))
            if not found:
                continue
            if request.method not in {"GET", "HEAD"}:
                raise RefusalError(405, {"error": "405 Not Allowed"})
            if route.answer is GitLab._associations and self._older(17, 4):
                break
            known = presented(self._tokens, request.headers, route.answer is GitLab._job)
            token = require(known, route.scopes, route.grant, self.now, self.url)
            parts = {name: unquote(part) for name, part in found.groupdict().items()}
            return route.answer(self, Call(token, found[0], query, parts))
        raise RefusalError(404, {"error": "404 Not Found"})

    def _older(self, *version: int) -> bool:
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2]) < version

    # Tokens describe themselves

    def _self(self, call: Call) -> Answer:
        token = _personal(call.token)
        if self._older(15, 5):
            raise message(404, "404 Personal Access Token Not Found")
        fine = token.kind == "fine-grained"
        granular = None if self._older(18, 10) and not fine else fine
        body = bodies.of_token(token, dead=token.dead(self.now), granular=granular)
        return Answer(body=body)

    def _associations(self, call: Call) -> Answer:
        _personal(call.token)
        least = call.query.get("min_access_level", "10")
        if least not in {"10", "15", "20", "25", "30", "40", "50"}:
            raise RefusalError(400, {"error": "min_access_level does not have a valid value"})
        mine = [place for place in self._places if place.level(call.user) >= int(least)]
        groups = [bodies.of_group(self.url, g, call.user) for g in mine if isinstance(g, Group)]
        projects = [
            bodies.of_project(self.url, p, call.user) for p in mine if isinstance(p, Project)
        ]
        page = self._page(call, projects)
        # GitLab pages both lists by the same numbers; the headers of the projects' page stay.
        return page._replace(body={"groups": self._page(call, groups).body, "projects": page.body})

    def _token_info(self, headers: Mapping[str, str]) -> Answer:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        token = self._tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.kind != "oauth" or token.dead(self.now):
            return Answer(401, DEAD_OAUTH)
        return Answer(body=bodies.of_oauth(token))

    def _job(self, call: Call) -> Answer:
        if call.token.kind != "job":
            raise message(404, "404 Job Not Found")
        return Answer(body=bodies.of_job(call.token, self._person(call.user)))

    # People, projects, groups

    def _person(self, user_id: int) -> dict[str, object]:
        owners = (token for token in self._tokens.values() if token.user_id == user_id)
        name = next((token.username for token in owners), f"user{user_id}")
        own = {"id": user_id, "username": name, "name": name, "state": "active", "locked": False}
        return {**own, "avatar_url": None, "web_url": f"{self.url}/{name}"}

    def _user(self, call: Call) -> Answer:
        name, bot = call.token.username, call.token.bot
        own = {"username": name, "bot": bot, "web_url": f"{self.url}/{name}"}
        return Answer(body={**self._person(call.user), **own})

    def _metadata(self, call: Call) -> Answer:  # noqa: ARG002
        kas = {"enabled": False, "externalUrl": None, "version": None}
        own = {"version": self.version, "revision": "0123456789a"}
        return Answer(body={**own, "kas": kas, "enterprise": False})

    def _place(self, call: Call) -> Place:
        what: type[Place] = Project if call.parts["what"] == "projects" else Group
        wanted = call.parts["place"].lower()
        for place in self._places:
            if isinstance(place, what) and wanted in {str(place.id), place.path.lower()}:
                if not place.public and not place.level(call.user):
                    break
                if place.granular_only and call.token.kind != "oauth":
                    require_grant(call.token, f"{what.__name__}: Read")
                return place
        raise message(404, f"404 {what.__name__} Not Found")

    def _project_or_group(self, call: Call) -> Answer:
        place = self._place(call)
        if isinstance(place, Group):
            return Answer(body=bodies.of_group_alone(self.url, place, call.user))
        assert isinstance(place, Project)
        return Answer(body=bodies.of_project_alone(self.url, place, call.user))

    def _group_projects(self, call: Call) -> Answer:
        inside = self._place(call).path
        found = [
            bodies.of_project_alone(self.url, one, call.user)
            for one in self._places
            if isinstance(one, Project) and one.path.rpartition("/")[0] == inside
            if one.public or one.level(call.user)
        ]
        return self._page(call, found)

    def _member(self, call: Call) -> Answer:
        user_id = int(call.parts["user"])
        access = self._place(call).level(user_id)
        if not access:
            raise message(404, "404 Not found")
        since = {"created_at": f"{in_days(-60)}T08:00:00.000Z", "expires_at": None}
        return Answer(body={**self._person(user_id), "access_level": access, **since})

    def _page(self, call: Call, entries: list[Any]) -> Answer:
        return bodies.page(f"{self.url}/api/v4/{call.path}", call.query, entries)


def _personal(token: Token) -> Token:
    if token.kind == "oauth":
        raise message(400, f"400 Bad request - {NO_PERSONAL}")
    return token


READ_API = ("api", "read_api")
READ_USER = ("read_user", "api", "read_api")
PROJECT, GROUP = r"(?P<what>projects)/(?P<place>[^/]+)", r"(?P<what>groups)/(?P<place>[^/]+)"
EITHER = r"(?P<what>projects|groups)/(?P<place>[^/]+)"
ROUTES = (
    Route(r"personal_access_tokens/self", None, SELF, GitLab._self),
    Route(r"personal_access_tokens/self/associations", None, SELF, GitLab._associations),
    Route(r"user", READ_USER, "User: Read", GitLab._user),
    Route(r"version|metadata", READ_USER, "Metadata: Read", GitLab._metadata),
    Route(r"job", READ_API, "Job: Read", GitLab._job),
    Route(PROJECT, READ_API, "Project: Read", GitLab._project_or_group),
    Route(GROUP, READ_API, "Group: Read", GitLab._project_or_group),
    Route(GROUP + "/projects", READ_API, "Project: Read", GitLab._group_projects),
    Route(EITHER + r"/members/all/(?P<user>\d+)", READ_API, "Member: Read", GitLab._member),
)
