"""Asks GitLab about a token, its owner and what it reaches; which route tells what stands here.

From GitLab's lib/api/personal_access_tokens/self_information.rb, lib/gitlab/auth/auth_finders.rb and the
REST documentation. An answer that these do not give is `not-gitlab`, and never a verdict on the token.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import quote

from glcheck import address, answers, refusals, roles
from glcheck.categories import Failure, Problem
from glcheck.description import Access, Owner, Token
from glcheck.refusals import Clean
from glcheck.transport import Answer, Credential, Transport

_API = "/api/v4"
_SELF = f"{_API}/personal_access_tokens/self"
_PER_PAGE = 100
_MOST_PAGES = 1000


class _Once(NamedTuple):
    """A place for the answer to one path: who comes first asks, who comes later waits for it."""

    lock: threading.Lock
    result: list[Answer | Failure]


class Account:
    """One secret at one GitLab. It remembers the answer to each path, so that nothing is asked twice."""

    def __init__(self, transport: Transport, url: str, secret: str, presented_as: str, clean: Clean) -> None:
        """`presented_as` is the kind that the secret's shape names: access-token, job or oauth."""
        self.url = url
        self.presented_as = presented_as
        self.clean = clean
        self._transport = transport
        self._secret = secret
        self._answers: dict[tuple[str, str], _Once] = {}
        self._lock = threading.Lock()

    def ask(self, path: str, header: str, count: Callable[[], None]) -> Answer:
        """The answer to a GET, with the secret in that header. Raises Failure where there is none."""
        with self._lock:
            once = self._answers.setdefault((path, header), _Once(threading.Lock(), []))
        with once.lock:
            if not once.result:
                value = f"Bearer {self._secret}" if header == "Authorization" else self._secret
                try:
                    once.result.append(self._transport.get(path, Credential(header, value), count))
                except Failure as failure:
                    once.result.append(failure)
        result = once.result[0]
        if isinstance(result, Failure):
            raise result
        return result


class GitLab:
    """What GitLab says about one account, for one entry of a policy. Counts the requests it had to send."""

    def __init__(self, account: Account) -> None:
        self.requests = 0
        self._account = account
        self._clean = account.clean
        self._host = address.host(account.url)
        self._header = {"job": "JOB-TOKEN", "oauth": "Authorization"}.get(account.presented_as, "PRIVATE-TOKEN")

    def _count(self) -> None:
        self.requests += 1

    def _get(self, path: str) -> Answer:
        return self._account.ask(path, self._header, self._count)

    # --- the token ---

    def token(self) -> Token:
        """The token as GitLab describes it. Raises Failure with GitLab's refusal, or why it was not asked."""
        if self._account.presented_as == "job":
            return self._job_token()
        if self._account.presented_as == "oauth":
            return self._oauth_token()
        answer = self._get(_SELF)
        if answer.status == 200:
            return self._access_token(answer)
        error = answers.json_object(answer.body)
        if answer.status == 400 and "token type to be a personal access token" in str(error.get("message")):
            self._header = "Authorization"  # the only header in which an OAuth token is taken
            return self._oauth_token()
        if answer.status in (400, 404) and answers.speaks_like_gitlab(answer.status, error):
            raise Failure(refusals.unsupported(self._host))
        raise Failure(self._refusal(answer))

    def _access_token(self, answer: Answer) -> Token:
        body = answers.json_object(answer.body)
        scopes, expires_at = body.get("scopes"), body.get("expires_at", "")
        dies_at = answers.midnight(expires_at)
        revoked, active = body.get("revoked"), body.get("active")
        if (
            not answers.are_strings(scopes)
            or (expires_at is not None and dies_at is None)
            or not all(flag is None or isinstance(flag, bool) for flag in (revoked, active))
        ):
            raise Failure(self._not_gitlab(answer))
        return self._described(
            answer,
            body,
            kind="access-token",
            user_id=answers.whole(body.get("user_id")),
            scopes=scopes,
            dies_at=dies_at,
            created_at=answers.moment(body.get("created_at")),
            revoked=revoked is True,
            active=active is not False,
        )

    def _job_token(self) -> Token:
        answer = self._get(f"{_API}/job")
        if answer.status != 200:
            raise Failure(self._refusal(answer))
        body = answers.json_object(answer.body)
        if answers.whole(body.get("id")) is None or not any(
            isinstance(body.get(key), str) for key in ("status", "name")
        ):
            raise Failure(self._not_gitlab(answer))
        user = body.get("user")
        user_id = answers.whole(user.get("id")) if isinstance(user, dict) else None
        return self._described(answer, body, kind="job", user_id=user_id, scopes=())

    def _oauth_token(self) -> Token:
        answer = self._get("/oauth/token/info")
        body = answers.json_object(answer.body)
        if answer.status in (400, 401) and body.get("error") in ("invalid_request", "invalid_token"):
            # Doorkeeper's words for every token that it does not, or no longer, accept
            # (app/controllers/oauth/token_info_controller.rb).
            raise Failure(self._refusal(answer, otherwise=refusals.invalid()))
        if answer.status != 200:
            raise Failure(self._refusal(answer))
        scopes, expires_in = body.get("scope"), body.get("expires_in", "")
        if not answers.are_strings(scopes) or not (expires_in is None or answers.whole(expires_in) is not None):
            raise Failure(self._not_gitlab(answer))
        created, now = answers.whole(body.get("created_at")), answer.now or datetime.now(timezone.utc)
        return self._described(
            answer,
            {},
            kind="oauth",
            user_id=answers.whole(body.get("resource_owner_id")),
            scopes=scopes,
            dies_at=None if expires_in is None else answers.after(now, expires_in),
            created_at=None
            if created is None
            else answers.after(datetime.fromtimestamp(0, timezone.utc), created),
        )

    def _described(self, answer: Answer, body: answers.Json, **fields: Any) -> Token:
        ours = datetime.now(timezone.utc)
        name = body.get("name")
        scopes = tuple(self._clean(scope) for scope in fields.pop("scopes"))
        defaults: dict[str, Any] = {"dies_at": None, "created_at": None, "revoked": False, "active": True}
        return Token(
            id=answers.whole(body.get("id")),
            name=self._clean(name) if isinstance(name, str) else None,
            scopes=scopes,
            fine_grained=body.get("granular") is True or "granular" in scopes,
            now=answer.now or ours,
            clock_off=(ours - answer.now).total_seconds() if answer.now else 0.0,
            **{**defaults, **fields},
        )

    # --- its owner and what it reaches ---

    def owner(self) -> Owner:
        """The account behind the token (`GET /user`; needs read_user, read_api or api). Raises Failure."""
        answer = self._get(f"{_API}/user")
        if answer.status != 200:
            raise Failure(self._refusal(answer, lacking="read_user"))
        body = answers.json_object(answer.body)
        number, username, bot = answers.whole(body.get("id")), body.get("username"), body.get("bot")
        if number is None or not isinstance(username, str):
            raise Failure(self._not_gitlab(answer))
        kind = "personal"
        if bot is not False:
            match = re.match(r"(project|group)_\d+_bot|(service_account)_", username)
            kind = (match[1] or "service-account") if match else ("service-account" if bot is True else kind)
        return Owner(kind, number)

    def access(self, namespace: tuple[str, str], role: str | None, token: Token) -> Access:
        """How far the token reaches into that project or group.

        `namespace` is ("project" or "group", its path or id). Raises Failure: not-found, scope-missing where
        the token may not ask, or that GitLab could not be asked.
        """
        what, which = namespace
        needed = roles.LEVELS[role] if role else None
        if not token.fine_grained and not {"api", "read_api"} & set(token.scopes):
            return self._access_by_associations(what, which, needed, token)
        path = f"{_API}/{what}s/{quote(which, safe='')}"
        answer = self._get(path)
        if answer.status == 404 and answers.message(answers.json_object(answer.body)).startswith("404 "):
            raise Failure(refusals.not_found(what, which))
        if answer.status != 200:
            raise Failure(
                self._refusal(answer, lacking="read_api", forbidden=refusals.role_too_low(what, which, role))
            )
        body = answers.json_object(answer.body)
        if answers.whole(body.get("id")) is None:
            raise Failure(self._not_gitlab(answer))
        level = answers.level(body.get("permissions"), "project_access", "group_access")
        if needed is None or (level is not None and level >= needed):
            return Access(level)
        return Access(answers.larger(level, self._membership(path, token)))

    def _membership(self, path: str, token: Token) -> int | None:
        """The access level as a member, shares and inheritance included; None for no member."""
        user = token.user_id if token.user_id is not None else self.owner().id
        answer = self._get(f"{path}/members/all/{user}")
        if answer.status == 404 and answers.message(answers.json_object(answer.body)).startswith("404 "):
            return None
        if answer.status != 200:
            raise Failure(self._refusal(answer, lacking="read_api"))
        level = answers.whole(answers.json_object(answer.body).get("access_level"))
        if level is None:
            raise Failure(self._not_gitlab(answer))
        return level

    def _access_by_associations(self, what: str, which: str, needed: int | None, token: Token) -> Access:
        """The same for a token without read_api: GitLab lists what any token reaches (17.4 and newer)."""
        if token.kind != "access-token":
            raise Failure(refusals.needs_read_api(what, "this kind of token can ask for it only with that scope"))
        if what == "group" and not which.isdigit():
            raise Failure(refusals.needs_read_api(what, "without it, a group can be named only by its numeric id"))
        for least in dict.fromkeys((needed or roles.LOWEST, roles.LOWEST)):
            entry = self._associated(f"{what}s", which, least)
            if entry is not None:
                levels = entry.get("access_levels")
                own = answers.level(levels, "project_access_level", "group_access_level")
                return Access(least if own is None else own)
        raise Failure(refusals.not_found(what, which))

    def _associated(self, what: str, which: str, least: int) -> answers.Json | None:
        for page in range(1, _MOST_PAGES):
            query = f"min_access_level={least}&page={page}&per_page={_PER_PAGE}"
            answer = self._get(f"{_SELF}/associations?{query}")
            body = answers.json_object(answer.body)
            if answer.status == 404 and answers.speaks_like_gitlab(404, body):
                raise Failure(
                    refusals.needs_read_api(what[:-1], "this GitLab is older than 17.4, which needs it for that")
                )
            if answer.status != 200:
                raise Failure(self._refusal(answer, lacking="read_api"))
            lists = [body.get("projects"), body.get("groups")]
            if not all(isinstance(one, list) and all(isinstance(entry, dict) for entry in one) for one in lists):
                raise Failure(self._not_gitlab(answer))
            for entry in body[what]:
                if str(entry.get("id")) == which or str(entry.get("path_with_namespace")).lower() == which.lower():
                    return dict(entry)
            if all(len(one) < _PER_PAGE for one in lists if one is not None):
                return None
        return None

    def _refusal(
        self,
        answer: Answer,
        *,
        lacking: str = "",
        forbidden: Problem | None = None,
        otherwise: Problem | None = None,
    ) -> Problem:
        return refusals.problem(
            answer, self._host, self._clean, lacking=lacking, forbidden=forbidden, otherwise=otherwise
        )

    def _not_gitlab(self, answer: Answer) -> Problem:
        return refusals.not_gitlab(answer, self._host, self._clean)
