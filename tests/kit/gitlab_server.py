"""A GitLab on loopback for tests and demonstrations.

It answers as GitLab's published source and documentation say that GitLab answers: token kinds, scopes,
account states, projects, groups, members and job tokens. What it is told to answer instead (`script`,
`always`) stands for everything else between a client and GitLab: proxies, faults, silence.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from socketserver import BaseServer
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Kind = Literal[
    "personal", "impersonation", "project", "group", "service-account", "fine-grained",
    "oauth", "job", "deploy", "runner",
]  # fmt: skip
State = Literal[
    "active",
    "blocked",
    "deactivated",
    "pending",
    "terms",
    "unconfirmed",
    "password-expired",
    "internal",
]
Members = Mapping[int, int]  # user id -> access level
NOBODY: Members = MappingProxyType({})
SELF = "Personal Access Token: Read"


def in_days(days: int) -> str:
    """Return the date that many days from today in UTC, as GitLab writes dates."""
    return f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%d}"


class Token(NamedTuple):
    """A credential that the server knows; `scopes` do not matter for job, deploy and runner tokens."""

    value: str
    kind: Kind = "personal"
    scopes: tuple[str, ...] = ("api",)
    expires_at: str | None = in_days(100)  # dead from 00:00 UTC of that date; None never expires
    created_at: str = in_days(-30) + "T09:30:00.000Z"
    name: str = "ci"
    id: int = 0  # 0 becomes a fresh number
    user_id: int = 7
    resource_id: int = 1  # the project or group that a bot belongs to
    description: str | None = None
    last_used_at: str | None = None
    last_used_ips: tuple[str, ...] = ()
    revoked: bool = False
    state: State = "active"
    impersonation_disabled: bool = False
    dpop: bool = False  # the account demands proofs of possession
    granular_self: bool = True  # a fine-grained token that may read itself
    grants: tuple[str, ...] = (
        "User: Read",
        "Metadata: Read",
        "Project: Read",
        "Group: Read",
        "Member: Read",
    )
    expires_in: int | None = 7200  # OAuth: seconds from now, None never; 0 is dead

    @property
    def username(self) -> str:
        """The name of the account, which tells the kind of bot."""
        digest = f"{self.user_id:032x}"
        match self.kind:
            case "project" | "group":
                return f"{self.kind}_{self.resource_id}_bot_{digest}"
            case "service-account":
                return f"service_account_{digest}"
            case _:
                return f"user{self.user_id}"

    @property
    def bot(self) -> bool:
        """Whether the account is no person's."""
        return self.kind in {"project", "group", "service-account"}

    @property
    def granted(self) -> tuple[str, ...]:
        """What a fine-grained token may do."""
        return (*self.grants, SELF) if self.granular_self else self.grants


class Project(NamedTuple):
    """A project; the three kinds of membership differ in how the API tells of them."""

    path: str
    id: int = 0  # 0 becomes a fresh number
    public: bool = False
    members: Members = NOBODY  # direct
    group_members: Members = NOBODY  # inherited from the group
    shared: Members = NOBODY  # through shares: absent from `permissions`, present in members/all
    granular_only: bool = False  # its top-level group refuses classic tokens
    archived: bool = False


class Group(NamedTuple):
    """A group; its memberships are those of a project."""

    path: str
    id: int = 0
    public: bool = False
    members: Members = NOBODY
    group_members: Members = NOBODY
    shared: Members = NOBODY
    granular_only: bool = False
    parent_id: int | None = None


def level(place: Project | Group, user_id: int) -> int:
    """Return a user's effective access level, 0 for no member."""
    return max(who.get(user_id, 0) for who in (place.members, place.group_members, place.shared))


class Request(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str  # raw target with its query
    headers: dict[str, str]  # names in lower case
    client: tuple[str, int]


class Answer(NamedTuple):
    """An answer; a body that is neither text nor bytes is sent as JSON, text as HTML unless a header says."""

    status: int = 200
    body: object = ""
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    raw: bytes | None = None  # exactly these bytes, then the connection is closed
    close_after: int | None = (
        None  # only so many bytes of the answer, then the connection is closed
    )
    delay: float = 0.0  # seconds before the answer
    drip: float = 0.0  # seconds between single bytes of the body


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
    """An API route: the scopes that open it (None: any token will do) and what a fine-grained token needs."""

    pattern: str
    scopes: tuple[str, ...] | None
    grant: str
    answer: Callable[[GitLab, Call], Answer]


class RefusalError(Exception):
    """Ends a request with an answer that is an error."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.answer = Answer(status, body)


def message(status: int, text: str) -> RefusalError:
    """Return an error of the API helpers' family."""
    return RefusalError(status, {"message": text})


def guard(status: int, error: str, text: str, **more: str) -> RefusalError:
    """Return an error of the API guard's family."""
    return RefusalError(status, {"error": error, "error_description": text, **more})


def hang_up(connection: socket.socket) -> None:
    """End a connection, also under a thread that reads from it; TLS has no say in this."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


DEAD_OAUTH = Answer(
    401,
    {
        "error": "invalid_request",
        "error_description": "The request is missing a required parameter, includes an unsupported parameter "
        "value, or is otherwise malformed.",
    },
)
ACCOUNT = {
    "blocked": "Your account has been blocked.",
    "deactivated": "Your account has been deactivated by your administrator. "
    "Please log back in from a web browser to reactivate your account at {url}",
    "pending": "Your account is pending approval from your administrator and hence blocked.",
    "terms": "You (@{user}) must accept the Terms of Service in order to perform this action. "
    "To accept these terms, please access GitLab from a web browser at {url}.",
    "unconfirmed": "Your primary email address is not confirmed. "
    "Please check your inbox for the confirmation instructions. "
    "In case the link is expired, you can request a new confirmation email at {url}/users/confirmation/new",
    "password-expired": "Your password expired. Please access GitLab from a web browser to update your password.",
    "internal": "This action cannot be performed by internal users",
}
SIGN_IN = (
    "<!DOCTYPE html>\n<html><head><title>Sign in · GitLab</title></head><body>{}</body></html>\n"
)


class GitLab:
    """A GitLab on loopback, built from how GitLab's source and documentation say it answers."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, prefix: str = "", version: str = "18.5.0"
    ) -> None:
        self.tls = tls
        self.prefix = prefix.rstrip("/")
        self.version = version
        self.date: datetime | None = None  # of the Date header, and the clock that tokens die by
        self.no_date = False
        self.delay = 0.0
        self.throttle: int | None = None  # requests a second that are served
        self.silent: set[str] = set()  # tokens that get no answer
        self.requests: list[Request] = []
        self.answered: list[
            Request
        ] = []  # those that were not refused for their number, nor told something else
        self.rotations: list[
            Request
        ] = []  # calls that would have replaced a token: there must be none
        self.most_open = 0
        self._tokens: dict[str, Token] = {}
        self._places: list[Project | Group] = []
        self._ids = count(1)
        self._scripted: list[tuple[str | None, Answer]] = []
        self._standing: list[tuple[str | None, Answer]] = []
        self._served: deque[float] = deque()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._thread = threading.Thread(target=self._accept, name="gitlab", daemon=True)
        origin = "https://localhost" if tls else "http://127.0.0.1"
        self.url = f"{origin}:{self._listener.getsockname()[1]}{self.prefix}"

    def __enter__(self) -> GitLab:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        # Closing a listening socket does not wake accept() everywhere; a connection does.
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self._listener.getsockname(), timeout=1),
        ):
            self._thread.join()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                hang_up(connection)
        for thread in self._threads:
            thread.join()

    # What there is

    def add(self, token: Token) -> str:
        """Make a token known and return its value."""
        self._tokens[token.value] = token._replace(id=token.id or next(self._ids))
        return token.value

    def add_project(self, project: Project) -> Project:
        """Make a project known and return it with its id."""
        project = project._replace(id=project.id or next(self._ids))
        self._places.append(project)
        return project

    def add_group(self, group: Group) -> Group:
        """Make a group known and return it with its id."""
        group = group._replace(id=group.id or next(self._ids))
        self._places.append(group)
        return group

    def script(self, *answers: Answer, path: str | None = None) -> None:
        """Give these answers, one each, to the next requests whose decoded path contains `path`."""
        with self._lock:
            self._scripted += [(path, answer) for answer in answers]

    def always(self, answer: Answer, path: str | None = None) -> None:
        """Give this answer to every request whose decoded path contains `path`; the latest rule wins."""
        with self._lock:
            self._standing.insert(0, (path, answer))

    # Connections

    def _accept(self) -> None:
        while True:
            connection, address = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            if self.tls:
                # The handshake waits for the client: it belongs in the connection's own thread.
                try:
                    connection = self.tls.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                except OSError:  # already gone
                    continue
            thread = threading.Thread(target=self._serve, args=(connection, address), daemon=True)
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]
            with self._lock:
                self._open.add(connection)
                self.most_open = max(self.most_open, len(self._open))
            thread.start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        # OSError covers clients that hang up, and TLS handshakes that fail.
        with contextlib.suppress(OSError):
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            _Connection(connection, address, self)
        with self._lock:
            self._open.discard(connection)
        hang_up(connection)
        connection.close()

    def wait(self, seconds: float) -> bool:
        """Let time pass; tell whether the server is still wanted after it."""
        return not self._stopping.wait(seconds) if seconds else not self._stopping.is_set()

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return self.date or datetime.now(timezone.utc)

    # Answers

    def respond(self, request: Request) -> Answer:
        """Record a request and find its answer."""
        target = urlsplit(request.path) if "://" in request.path else None
        path, _, query = (
            request.path.partition("?") if target is None else (target.path, "", target.query)
        )
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
        own = (
            ("X-Request-Id", uuid.uuid4().hex),
            ("Set-Cookie", "_gitlab_session=0; path=/; HttpOnly"),
        )
        return answer._replace(headers=answer.headers + own)

    def _told(self, path: str) -> Answer | None:
        for rules in (self._scripted, self._standing):
            for index, (part, answer) in enumerate(rules):
                if part is None or part in path:
                    if rules is self._scripted:
                        del rules[index]
                    return answer
        return None

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
        headers = {
            "Content-Type": "text/plain",
            "Retry-After": "1",
            "RateLimit-Limit": str(self.throttle),
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Observed": str(self.throttle + 1),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(int(reset.timestamp())),
            "RateLimit-ResetTime": format_datetime(reset, usegmt=True),
        }
        return Answer(429, "Retry later\n", tuple(headers.items()))

    def _route(self, request: Request, path: str, query: dict[str, str]) -> Answer:
        if not path.startswith(self.prefix + "/"):
            return Answer(
                404, "<html><head><title>404 Not Found</title></head><body>nginx</body></html>\n"
            )
        path = path[len(self.prefix) :]
        if path.endswith("/rotate") and request.method == "POST":
            self.rotations.append(request)
            raise message(500, "500 Internal Server Error")
        if path == "/oauth/token/info":
            return self._token_info(request.headers)
        if not path.startswith("/api/v4/"):
            if path == "/users/sign_in":
                return Answer(body=SIGN_IN.format("Username or primary email"))
            where = ("Location", f"{self.url}/users/sign_in")
            return Answer(302, SIGN_IN.format("You are being redirected."), (where,))
        for route in ROUTES:
            found = re.fullmatch(route.pattern, path.removeprefix("/api/v4/"))
            if not found:
                continue
            if request.method not in {"GET", "HEAD"}:
                raise RefusalError(405, {"error": "405 Not Allowed"})
            if "associations" in route.pattern and self._older(17, 4):
                break
            token = self._authenticate(request.headers, route)
            parts = {name: unquote(part) for name, part in found.groupdict().items()}
            return route.answer(self, Call(token, found[0], query, parts))
        raise RefusalError(404, {"error": "404 Not Found"})

    def _older(self, *version: int) -> bool:
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2]) < version

    # Authentication: one place, in GitLab's order

    def _presented(self, headers: Mapping[str, str], route: Route) -> Token | None:
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        bearer = self._tokens.get(credentials.strip() if scheme.lower() == "bearer" else "")
        job = self._tokens.get(headers["job-token"]) if "job-token" in headers else bearer
        if route.answer is GitLab._job and job and job.kind == "job":
            return job
        if bearer and bearer.kind == "oauth":
            return bearer
        private = (
            self._tokens.get(headers["private-token"]) if "private-token" in headers else bearer
        )
        return (
            private
            if private and private.kind not in {"oauth", "job", "deploy", "runner"}
            else None
        )

    def _authenticate(self, headers: Mapping[str, str], route: Route) -> Token:
        token = self._presented(headers, route)
        if token is None or (
            token.kind == "job" and (self._dead(token) or token.state != "active")
        ):
            raise message(401, "401 Unauthorized")
        if token.kind == "job":
            return token
        if token.state != "active":
            raise message(
                403,
                f"403 Forbidden - {ACCOUNT[token.state].format(url=self.url, user=token.username)}",
            )
        if token.dpop:
            raise guard(401, "dpop_error", "DPoP validation error: DPoP header is missing")
        if self._expired(token):
            text = "Token is expired. You can either do re-authorization or token refresh."
            raise guard(401, "invalid_token", text)
        if token.revoked:
            raise guard(
                401, "invalid_token", "Token was revoked. You have to re-authorize from the user."
            )
        if token.kind == "fine-grained":
            self._require_grant(token, route.grant)
        elif route.scopes and not set(route.scopes) & set(token.scopes):
            text = "The request requires higher privileges than provided by the access token."
            raise guard(403, "insufficient_scope", text, scope=" ".join(route.scopes))
        if token.kind == "impersonation" and token.impersonation_disabled:
            text = "Token is an impersonation token but impersonation was disabled."
            raise guard(401, "invalid_token", text)
        return token

    def _require_grant(self, token: Token, grant: str) -> None:
        if token.kind != "fine-grained" or grant not in token.granted:
            boundary = {"Project: Read": "project", "Group: Read": "group"}.get(grant, "user")
            text = "Access denied: This operation requires a fine-grained personal access token with the"
            text += f" following {boundary} permissions: [{grant}]."
            raise guard(403, "insufficient_granular_scope", text)

    def _expired(self, token: Token) -> bool:
        if token.kind == "oauth":
            return token.expires_in is not None and token.expires_in <= 0
        if token.expires_at is None:
            return False
        end = datetime.strptime(token.expires_at[:10], "%Y-%m-%d").replace(tzinfo=timezone.utc)
        return end <= self.now

    def _dead(self, token: Token) -> bool:
        return token.revoked or self._expired(token)

    # Tokens describe themselves

    def _describe(self, token: Token) -> dict[str, object]:
        granular = token.kind == "fine-grained"
        return {
            "id": token.id,
            "name": token.name,
            "revoked": token.revoked,
            "created_at": token.created_at,
            "description": token.description,
            "scopes": ["granular"] if granular else list(token.scopes),
            "user_id": token.user_id,
            "last_used_at": token.last_used_at,
            "active": not self._dead(token),
            "expires_at": token.expires_at,
            **({"granular": granular} if granular or not self._older(18, 10) else {}),
            "last_used_ips": list(token.last_used_ips),
        }

    def _self(self, call: Call) -> Answer:
        self._require_personal(call.token)
        if self._older(15, 5):
            raise message(404, "404 Personal Access Token Not Found")
        return Answer(body=self._describe(call.token))

    def _associations(self, call: Call) -> Answer:
        self._require_personal(call.token)
        least = call.query.get("min_access_level", "10")
        if least not in {"10", "15", "20", "25", "30", "40", "50"}:
            raise RefusalError(400, {"error": "min_access_level does not have a valid value"})
        mine = [place for place in self._places if level(place, call.user) >= int(least)]
        # GitLab paginates both lists with the same numbers; the headers of the second, the projects, stay.
        groups = self._page(
            call, [self._group_entry(g, call.user) for g in mine if isinstance(g, Group)]
        )
        projects = self._page(
            call, [self._project_entry(p, call.user) for p in mine if isinstance(p, Project)]
        )
        return projects._replace(body={"groups": groups.body, "projects": projects.body})

    def _require_personal(self, token: Token) -> None:
        if token.kind == "oauth":
            text = "This endpoint requires token type to be a personal access token"
            raise message(400, f"400 Bad request - {text}")

    def _token_info(self, headers: Mapping[str, str]) -> Answer:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        token = self._tokens.get(value.strip())
        if (
            scheme.lower() != "bearer"
            or token is None
            or token.kind != "oauth"
            or self._dead(token)
        ):
            return DEAD_OAUTH
        born = datetime.strptime(token.created_at[:10], "%Y-%m-%d").replace(tzinfo=timezone.utc)
        info = {
            "resource_owner_id": token.user_id,
            "scope": list(token.scopes),
            "expires_in": token.expires_in,
            "application": {"uid": "f" * 64},
            "created_at": int(born.timestamp()),
            "scopes": list(token.scopes),
            "expires_in_seconds": token.expires_in,
        }
        return Answer(body=info)

    def _job(self, call: Call) -> Answer:
        if call.token.kind != "job":
            raise message(404, "404 Job Not Found")
        job = {
            "id": call.token.id,
            "status": "running",
            "stage": "test",
            "name": call.token.name,
            "ref": "main",
            "tag": False,
            "created_at": call.token.created_at,
            "user": self._person(call.token.user_id),
            "pipeline": {
                "id": 1,
                "project_id": call.token.resource_id,
                "ref": "main",
                "status": "running",
            },
            "project": {"ci_job_token_scope_enabled": False},
        }
        return Answer(body=job)

    # People, projects, groups

    def _person(self, user_id: int) -> dict[str, object]:
        username = next(
            (t.username for t in self._tokens.values() if t.user_id == user_id), f"user{user_id}"
        )
        own = {
            "id": user_id,
            "username": username,
            "name": username,
            "state": "active",
            "locked": False,
        }
        return {**own, "avatar_url": None, "web_url": f"{self.url}/{username}"}

    def _user(self, call: Call) -> Answer:
        person = {
            **self._person(call.token.user_id),
            "username": call.token.username,
            "bot": call.token.bot,
        }
        return Answer(body={**person, "web_url": f"{self.url}/{call.token.username}"})

    def _metadata(self, call: Call) -> Answer:  # noqa: ARG002
        more = {
            "kas": {"enabled": False, "externalUrl": None, "version": None},
            "enterprise": False,
        }
        return Answer(body={"version": self.version, "revision": "0123456789a", **more})

    def _place(self, call: Call) -> Project | Group:
        what = Project if call.parts["what"] == "projects" else Group
        for place in self._places:
            if isinstance(place, what) and call.parts["place"].lower() in {
                str(place.id),
                place.path.lower(),
            }:
                if not place.public and not level(place, call.user):
                    break
                if place.granular_only and call.token.kind != "oauth":
                    self._require_grant(call.token, f"{what.__name__}: Read")
                return place
        raise message(404, f"404 {what.__name__} Not Found")

    def _project_or_group(self, call: Call) -> Answer:
        place = self._place(call)
        if isinstance(place, Project):
            return Answer(body=self._project_details(place, call.user))
        details = {
            **self._group_entry(place, call.user),
            "full_name": place.path,
            "full_path": place.path,
        }
        del details["access_levels"]
        return Answer(body={**details, "path": details["name"]})

    def _group_projects(self, call: Call) -> Answer:
        inside = f"{self._place(call).path}/"
        found = [
            p
            for p in self._places
            if isinstance(p, Project) and p.path.rpartition("/")[0] + "/" == inside
        ]
        seen = [p for p in found if p.public or level(p, call.user)]
        return self._page(call, [self._project_details(p, call.user) for p in seen])

    def _member(self, call: Call) -> Answer:
        user_id = int(call.parts["user"])
        access = level(self._place(call), user_id)
        if not access:
            raise message(404, "404 Not found")
        more = {
            "access_level": access,
            "created_at": f"{in_days(-60)}T08:00:00.000Z",
            "expires_at": None,
        }
        return Answer(body={**self._person(user_id), **more})

    def _project_details(self, project: Project, user_id: int) -> dict[str, Any]:
        details = self._project_entry(project, user_id)
        permissions = {
            name.removesuffix("_level"): access
            and {"access_level": access, "notification_level": 3}
            for name, access in details.pop("access_levels").items()
        }
        clone = f"{self.url}/{project.path}.git"
        more = {"default_branch": "main", "archived": project.archived, "http_url_to_repo": clone}
        return {**details, **more, "permissions": permissions}

    def _project_entry(self, project: Project, user_id: int) -> dict[str, Any]:
        namespace, _, name = project.path.rpartition("/")
        return {
            "id": project.id,
            "description": None,
            "name": name,
            "name_with_namespace": project.path.replace("/", " / "),
            "path": name,
            "path_with_namespace": project.path,
            "created_at": f"{in_days(-90)}T08:00:00.000Z",
            "access_levels": {
                "project_access_level": project.members.get(user_id),
                "group_access_level": project.group_members.get(user_id),
            },
            "visibility": "public" if project.public else "private",
            "web_url": f"{self.url}/{project.path}",
            "namespace": {"id": 1, "name": namespace, "kind": "group", "full_path": namespace},
        }

    def _group_entry(self, group: Group, user_id: int) -> dict[str, Any]:
        return {
            "id": group.id,
            "web_url": f"{self.url}/groups/{group.path}",
            "name": group.path.rpartition("/")[2],
            "parent_id": group.parent_id,
            "organization_id": 1,
            "access_levels": level(group, user_id) or None,
            "visibility": "public" if group.public else "private",
        }

    def _page(self, call: Call, entries: list[Any]) -> Answer:
        def number(name: str, default: int) -> int:
            text = call.query.get(name, "")
            return int(text) if text.isdecimal() and int(text) else default

        size = min(number("per_page", 20), 100)
        page = number("page", 1)
        pages = max(-(-len(entries) // size), 1)

        def link(to: int, relation: str) -> str:
            query = urlencode({**call.query, "page": to, "per_page": size})
            return f'<{self.url}/api/v4/{call.path}?{query}>; rel="{relation}"'

        near = [link(page - 1, "prev")] if page > 1 else []
        near += [link(page + 1, "next")] if page < pages else []
        headers = {
            "Link": ", ".join([*near, link(1, "first"), link(pages, "last")]),
            "X-Next-Page": str(page + 1) if page < pages else "",
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Prev-Page": str(page - 1) if page > 1 else "",
            "X-Total": str(len(entries)),
            "X-Total-Pages": str(pages),
        }
        return Answer(200, entries[(page - 1) * size : page * size], tuple(headers.items()))


READ_API = ("api", "read_api")
READ_USER = ("read_user", "api", "read_api")
PLACE = r"(?P<what>projects|groups)/(?P<place>[^/]+)"
ROUTES = (
    Route(r"personal_access_tokens/self", None, SELF, GitLab._self),
    Route(r"personal_access_tokens/self/associations", None, SELF, GitLab._associations),
    Route(r"user", READ_USER, "User: Read", GitLab._user),
    Route(r"version|metadata", READ_USER, "Metadata: Read", GitLab._metadata),
    Route(r"job", READ_API, "Job: Read", GitLab._job),
    Route(PLACE.replace("|groups", ""), READ_API, "Project: Read", GitLab._project_or_group),
    Route(PLACE.replace("projects|", ""), READ_API, "Group: Read", GitLab._project_or_group),
    Route(
        PLACE.replace("projects|", "") + "/projects",
        READ_API,
        "Project: Read",
        GitLab._group_projects,
    ),
    Route(PLACE + r"/members/all/(?P<user>\d+)", READ_API, "Member: Read", GitLab._member),
)


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept alive for as many requests as the client makes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: tuple[str, int], gitlab: GitLab) -> None:
        self.gitlab = gitlab
        super().__init__(connection, address, cast(BaseServer, gitlab))

    def _handle(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.gitlab.respond(Request(self.command, self.path, headers, self.client_address))
        if not (self.gitlab.wait(self.gitlab.delay) and self.gitlab.wait(answer.delay)):
            self.close_connection = True
            return
        if answer.raw is not None:
            self.close_connection = True
            self.wfile.write(answer.raw)
            return
        head, body = self._render(answer)
        if answer.close_after is not None:
            self.close_connection = True
            self.wfile.write((head + body)[: answer.close_after])
        elif answer.drip:
            self.wfile.write(head)
            for byte in body:
                if not self.gitlab.wait(answer.drip):
                    self.close_connection = True
                    return
                self.wfile.write(bytes((byte,)))
        else:
            # One write: two small ones can wait for each other (Nagle, delayed acknowledgement).
            self.wfile.write(head + body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _render(self, answer: Answer) -> tuple[bytes, bytes]:
        given = {name.lower(): value for name, value in answer.headers}
        lines = list(answer.headers)
        if isinstance(answer.body, bytes | str):
            body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
            kind = "text/html; charset=utf-8"
        else:
            body = json.dumps(answer.body, separators=(",", ":")).encode()
            kind = "application/json"
        if "content-type" not in given:
            lines.append(("Content-Type", kind))
        if "date" not in given and not self.gitlab.no_date:
            lines.append(("Date", format_datetime(self.gitlab.now, usegmt=True)))
        if not {"content-length", "transfer-encoding"} & set(given) and answer.status not in {
            204,
            304,
        }:
            lines.append(("Content-Length", str(len(body))))
        if given.get("connection", "").lower() == "close":
            self.close_connection = True
        reason = (
            http.client.responses.get(answer.status, "") if answer.reason is None else answer.reason
        )
        head = (
            f"HTTP/1.1 {answer.status} {reason}\r\n"
            + "".join(f"{k}: {v}\r\n" for k, v in lines)
            + "\r\n"
        )
        return head.encode("latin-1", "replace"), b"" if self.command == "HEAD" else body

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet; `GitLab.requests` is the log."""


class Certificates(NamedTuple):
    """Server sides of TLS, and the authority that a client should trust."""

    ca_file: Path  # the authority of all but `other_ca`
    other_ca_file: Path
    good: ssl.SSLContext
    expired: ssl.SSLContext
    not_yet_valid: ssl.SSLContext
    wrong_host: ssl.SSLContext
    other_ca: ssl.SSLContext


def certificates(directory: Path) -> Certificates:
    """Write authorities into a directory and make a server context of every kind."""
    import trustme

    ours, other = trustme.CA(), trustme.CA()
    now = datetime.now(timezone.utc)

    def context(
        authority: trustme.CA, *names: str, start: int = -1, end: int = 30
    ) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begins, ends = now + timedelta(days=start), now + timedelta(days=end)
        authority.issue_cert(*names, not_before=begins, not_after=ends).configure_cert(made)
        return made

    ca_file, other_ca_file = directory / "ca.pem", directory / "other-ca.pem"
    ours.cert_pem.write_to_path(str(ca_file))
    other.cert_pem.write_to_path(str(other_ca_file))
    here = ("localhost", "127.0.0.1")
    return Certificates(
        ca_file,
        other_ca_file,
        good=context(ours, *here),
        expired=context(ours, *here, start=-30, end=-1),
        not_yet_valid=context(ours, *here, start=1),
        wrong_host=context(ours, "gitlab.example.com"),
        other_ca=context(other, *here),
    )
