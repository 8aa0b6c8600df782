"""Asks GitLab about a token, its owner and what it reaches; which route tells what stands here.

From GitLab's lib/api/personal_access_tokens/self_information.rb, lib/gitlab/auth/auth_finders.rb and the
REST documentation. An answer that these do not give is `unexpected-answer`, and never a verdict on the token.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote

from glcheck.description import Access, Owner, Token
from glcheck.masking import Clean
from glcheck.problem import Category, Failure, Problem
from glcheck.providers.gitlab import answers, refusals, roles
from glcheck.transport.client import Answer, Credential, Transport

_API = "/api/v4"
_SELF = f"{_API}/personal_access_tokens/self"
_PER_PAGE = 100
_MOST_PAGES = 50  # of a megabyte at most, since what was answered is remembered


class _Once(NamedTuple):
    """A place for the answer to one path: who comes first asks, who comes later waits for it."""

    lock: threading.Lock
    result: list[Answer | Failure]


class Account:
    """One secret at one GitLab. It remembers the answer to each path, so that nothing is asked twice."""

    def __init__(self, transport: Transport, secret: str, presented_as: str, clean: Clean) -> None:
        """`presented_as` is the kind that the secret's shape names: access-token, job or oauth."""
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
        self.described: Token | None = None  # what was said of the token, once it was
        self._account = account
        self._clean = account.clean
        self._header = {"job": "JOB-TOKEN", "oauth": "Authorization"}.get(
            account.presented_as, "PRIVATE-TOKEN"
        )

    def _ask(self, path: str) -> tuple[Answer, answers.Json]:
        """The answer to a GET and the JSON object in it. Raises Failure where there is no answer."""
        answer = self._account.ask(path, self._header, self._count)
        return answer, answers.json_object(answer.body)

    def _get(
        self, path: str, lacking: str = "", forbidden: Problem | None = None
    ) -> tuple[Answer, answers.Json]:
        """The same for an answer that has to be a success. Raises Failure with the refusal if it is none."""
        answer, body = self._ask(path)
        if answer.status != 200:
            raise Failure(refusals.problem(answer, body, self._clean, lacking, forbidden))
        return answer, body

    def _count(self) -> None:
        self.requests += 1

    def _unexpected_answer(self, answer: Answer) -> Failure:
        return Failure(refusals.unexpected_answer(answer, self._clean))

    # --- the token ---

    def token(self) -> Token:
        """The token as GitLab describes it. Raises Failure with GitLab's refusal, or why it was not asked."""
        ways = {"job": self._job_token, "oauth": self._oauth_token}
        self.described = ways.get(self._account.presented_as, self._access_token)()
        return self.described

    def _access_token(self) -> Token:
        answer, body = self._ask(_SELF)
        if answer.status == 400 and "token type to be a personal access token" in answers.message(
            body
        ):
            self._header = "Authorization"  # the only header in which an OAuth token is taken
            return self._oauth_token()
        if answer.status in (400, 404) and answers.speaks_like_gitlab(answer.status, body):
            raise Failure(refusals.UNSUPPORTED)
        answer, body = self._get(_SELF)
        scopes, expires_at = answers.strings(body.get("scopes")), body.get("expires_at", "")
        dies_at = answers.midnight(expires_at)
        flags = body.get("revoked"), body.get("active")
        dated = expires_at is None or dies_at is not None
        if (
            scopes is None
            or not dated
            or not all(flag is None or isinstance(flag, bool) for flag in flags)
        ):
            raise self._unexpected_answer(answer)
        token = self._described(
            answer, body, "access-token", scopes, answers.whole(body.get("user_id"))
        )
        created_at = answers.moment(body.get("created_at"))
        return token._replace(
            dies_at=dies_at,
            created_at=created_at,
            revoked=flags[0] is True,
            active=flags[1] is not False,
        )

    def _job_token(self) -> Token:
        answer, body = self._get(f"{_API}/job")
        if answers.whole(body.get("id")) is None or not any(
            isinstance(body.get(key), str) for key in ("status", "name")
        ):
            raise self._unexpected_answer(answer)
        user = body.get("user")
        return self._described(
            answer,
            body,
            "job",
            [],
            answers.whole(user.get("id")) if isinstance(user, dict) else None,
        )

    def _oauth_token(self) -> Token:
        path = "/oauth/token/info"
        answer, body = self._ask(path)
        if answer.status in (400, 401) and body.get("error") in (
            "invalid_request",
            "invalid_token",
        ):
            # Doorkeeper's words for every token that it does not, or no longer, accept, where it does not say more
            # (app/controllers/oauth/token_info_controller.rb).
            said = refusals.problem(answer, body, self._clean)
            raise Failure(refusals.UNKNOWN if said.category is Category.UNEXPECTED_ANSWER else said)
        answer, body = self._get(path)
        scopes, expires_in = answers.strings(body.get("scope")), body.get("expires_in", "")
        seconds, created = answers.whole(expires_in), answers.whole(body.get("created_at"))
        if scopes is None or (expires_in is not None and seconds is None):
            raise self._unexpected_answer(answer)
        token = self._described(
            answer, {}, "oauth", scopes, answers.whole(body.get("resource_owner_id"))
        )
        return token._replace(
            dies_at=None if seconds is None else answers.after(token.now, seconds),
            created_at=None
            if created is None
            else answers.after(datetime.fromtimestamp(0, timezone.utc), created),
        )

    def _described(
        self,
        answer: Answer,
        body: answers.Json,
        kind: str,
        scopes: Sequence[str],
        user_id: int | None,
    ) -> Token:
        ours, name = datetime.now(timezone.utc), body.get("name")
        return Token(
            kind=kind,
            id=answers.whole(body.get("id")),
            name=self._clean(name) if isinstance(name, str) else None,
            user_id=user_id,
            scopes=tuple(map(self._clean, scopes)),
            fine_grained=body.get("granular") is True or "granular" in scopes,
            now=answer.now or ours,
            clock_off=(ours - answer.now).total_seconds() if answer.now else 0.0,
        )

    # --- its owner and what it reaches ---

    def owner(self) -> Owner:
        """The account behind the token (`GET /user`; needs read_user, read_api or api). Raises Failure."""
        answer, body = self._get(f"{_API}/user", lacking="read_user")
        number, username, bot = answers.whole(body.get("id")), body.get("username"), body.get("bot")
        if number is None or not isinstance(username, str):
            raise self._unexpected_answer(answer)
        match = (
            re.match(r"(project|group)_\d+_bot|service_account_", username, re.ASCII)
            if bot is not False
            else None
        )
        if match:
            return Owner(match[1] or "service-account", number)
        return Owner("service-account" if bot is True else "personal", number)

    def access(self, namespace: tuple[str, str], role: str | None, token: Token) -> Access:
        """How far the token reaches into that project or group.

        `namespace` is ("project" or "group", its path or id). Raises Failure: not-found, scope-missing where
        the token may not ask, or that GitLab could not be asked.
        """
        what, which = namespace
        needed = roles.LEVELS[role] if role else 0
        if not token.fine_grained and not {"api", "read_api"} & set(token.scopes):
            return self._access_by_associations(what, which, needed, token)
        path = f"{_API}/{what}s/{quote(which, safe='')}"
        too_low = refusals.role_too_low(what, which, role)
        if (
            needed and what == "group"
        ):  # a group does not tell its role, so the role is asked for at once
            level = self._membership(path, token, too_low)
            if level is not None:
                return Access(level)
        if self._is_hidden(path):
            raise Failure(refusals.not_found(what, which))
        answer, body = self._get(path, "read_api", too_low)
        if answers.whole(body.get("id")) is None:
            raise self._unexpected_answer(answer)
        level = answers.level(body.get("permissions"), "project_access", "group_access")
        if needed > (level or 0):
            level = answers.larger(level, self._membership(path, token, too_low))
        return Access(level)

    def _is_hidden(self, path: str) -> bool:
        answer, body = self._ask(path)
        return answer.status == 404 and answers.message(body).startswith("404 ")

    def _membership(self, path: str, token: Token, too_low: Problem) -> int | None:
        """The access level as a member, shares and inheritance included; None for no member."""
        user = token.user_id if token.user_id is not None else self.owner().id
        path = f"{path}/members/all/{user}"
        if self._is_hidden(path):
            return None
        answer, body = self._get(path, "read_api", too_low)
        level = answers.whole(body.get("access_level"))
        if level is None:
            raise self._unexpected_answer(answer)
        return level

    def _access_by_associations(self, what: str, which: str, needed: int, token: Token) -> Access:
        """The same for a token without read_api: GitLab lists what any token reaches (17.4 and newer)."""
        if token.kind != "access-token":
            raise Failure(
                refusals.needs_read_api(
                    what, "this kind of token can ask for it only with that scope"
                )
            )
        if what == "group" and not which.isdigit():
            raise Failure(
                refusals.needs_read_api(
                    what, "without it, a group can be named only by its numeric id"
                )
            )
        for least in sorted({max(needed, roles.LOWEST), roles.LOWEST}, reverse=True):
            entry = self._associated(what, which, least)
            if entry is not None:
                # Without shares, which can give more: who stands in the list has the least role asked for at least.
                level = (
                    answers.level(
                        entry.get("access_levels"), "project_access_level", "group_access_level"
                    )
                    or 0
                )
                return Access(level) if level >= least else Access(least, exact=False)
        raise Failure(refusals.not_found(what, which))

    def _associated(self, what: str, which: str, least: int) -> answers.Json | None:
        """The entry of that project or group in the list of what the token reaches; None if it is not there."""
        for page in range(1, _MOST_PAGES + 1):
            path = f"{_SELF}/associations?min_access_level={least}&page={page}&per_page={_PER_PAGE}"
            answer, body = self._ask(path)
            if answer.status == 404 and answers.speaks_like_gitlab(404, body):
                raise Failure(
                    refusals.needs_read_api(
                        what, "this GitLab is older than 17.4 and needs it for that"
                    )
                )
            answer, body = self._get(path, "read_api")
            lists = [body.get("projects"), body.get("groups")]
            if not all(
                isinstance(one, list) and all(isinstance(entry, dict) for entry in one)
                for one in lists
            ):
                raise self._unexpected_answer(answer)
            for entry in body[f"{what}s"]:
                if which.lower() in (
                    str(entry.get("id")),
                    str(entry.get("path_with_namespace")).lower(),
                ):
                    return dict(entry)
            if all(len(one) < _PER_PAGE for one in lists if one is not None):
                return None
        raise Failure(
            refusals.needs_read_api(
                what, "its account belongs to more of them than can be looked through"
            )
        )
