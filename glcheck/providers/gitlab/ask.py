"""Asks GitLab about a token, its owner and what it reaches; which route tells what stands here.

From GitLab's lib/api/personal_access_tokens/self_information.rb, lib/gitlab/auth/auth_finders.rb
and the REST documentation. An answer that these do not give is `unexpected-answer`, and never a
verdict on the token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import TypeVar
from urllib.parse import quote

from glcheck.description import Access, Description, Owner, Shape, Token
from glcheck.masking import Clean
from glcheck.policy import Requirements
from glcheck.problem import Category, Failure, Problem, attempt
from glcheck.providers.gitlab import answers, roles, scopes
from glcheck.providers.gitlab.kinds import ACCESS_TOKEN, OF_ACCOUNTS
from glcheck.transport.answer import Answer
from glcheck.transport.asked_once import Asker

_API = "/api/v4"
_SELF = f"{_API}/personal_access_tokens/self"
_OAUTH_SELF = "/oauth/token/info"
_PER_PAGE = 100
_MOST_PAGES = 50  # of a megabyte at most, since what was answered is remembered
_HEADERS = {"job": "JOB-TOKEN", "oauth": "Authorization"}
_NO_PERSONAL_TOKEN = "token type to be a personal access token"  # noqa: S105 - words of GitLab's
_EPOCH = datetime.fromtimestamp(0, timezone.utc)
T = TypeVar("T")


def describe(
    asked: Requirements, shape: Shape, asker: Asker, clean: Clean
) -> Iterator[Description]:
    """What GitLab says of a token, as far as the requirements need it.

    Yields what is known each time that more is, so that it counts also where time runs out.
    Raises Failure where GitLab does not describe the token.
    """
    gitlab = _GitLab(shape.kind, asker, clean)
    token = gitlab.token()
    said = Description(token, still_open=_still_open(asked, token))
    yield said
    still_open = dict(said.still_open)
    if "owner" in still_open:
        owner = _about(still_open.pop("owner"), attempt(gitlab.owner))
        if asked.kind and isinstance(owner, Owner):
            said = said._replace(token=token._replace(kind=owner.kind))
        said = said._replace(owner=owner, still_open=still_open)
        yield said
    if "access" in still_open and asked.namespace:
        namespace = asked.namespace
        access = attempt(lambda: gitlab.access(namespace, asked.role, token))
        yield said._replace(access=_about(namespace[0], access), still_open={})


def _still_open(asked: Requirements, token: Token) -> dict[str, str]:
    """What else has to be asked, and for which requirement; a dead token needs nothing."""
    if not token.active or token.revoked or token.kind == "job":
        return {}
    still_open = {}
    if token.kind == ACCESS_TOKEN:
        if asked.kind in OF_ACCOUNTS:
            still_open["owner"] = "kind"
        elif not token.fine_grained and scopes.depends_on_kind(asked.scopes, token.scopes):
            still_open["owner"] = "token"
    if asked.namespace:
        still_open["access"] = asked.namespace[0]
    return still_open


def _about(requirement: str, found: T | Problem) -> T | Problem:
    """What was found; a problem of the way to it is one of the requirement it was asked for."""
    if isinstance(found, Problem) and found.requirement == "token":
        return found._replace(requirement=requirement)
    return found


class _GitLab:
    """What GitLab says about one token, for one entry of a policy."""

    def __init__(self, kind: str, asker: Asker, clean: Clean) -> None:
        self._kind = kind
        self._asker = asker
        self._clean = clean
        self._header = _HEADERS.get(kind, "PRIVATE-TOKEN")

    def _ask(self, path: str) -> tuple[Answer, answers.Json]:
        """The answer to a GET and the JSON object in it. Raises Failure where there is none."""
        answer = self._asker.get(path, self._header)
        return answer, answers.json_object(answer.body)

    def _get(
        self, path: str, lacking: str = "", forbidden: Problem | None = None
    ) -> tuple[Answer, answers.Json]:
        """The same for an answer that has to be a success. Raises Failure with a refusal."""
        answer, body = self._ask(path)
        if answer.status != 200:
            from glcheck.providers.gitlab import refusals  # only where something is refused

            raise Failure(refusals.problem(answer, body, self._clean, lacking, forbidden))
        return answer, body

    def _unexpected(self, answer: Answer) -> Failure:
        from glcheck.providers.refusals import unexpected_answer

        return Failure(unexpected_answer(answer, self._clean))

    # --- the token ---

    def token(self) -> Token:
        """The token as GitLab describes it. Raises Failure with a refusal, or that none was had."""
        if self._kind == "job":
            return self._job_token()
        return self._oauth_token() if self._kind == "oauth" else self._access_token()

    def _access_token(self) -> Token:
        answer, body = self._ask(_SELF)
        if answer.status == 400 and _NO_PERSONAL_TOKEN in answers.message(body):
            self._header = "Authorization"  # the only header in which an OAuth token is taken
            return self._oauth_token()
        if answer.status in (400, 404) and answers.speaks_like_gitlab(answer.status, body):
            from glcheck.providers.gitlab import refusals

            raise Failure(refusals.UNSUPPORTED)
        answer, body = self._get(_SELF)
        held, expires_at = answers.strings(body.get("scopes")), body.get("expires_at", "")
        dies_at = answers.midnight(expires_at)
        revoked, active = body.get("revoked"), body.get("active")
        dated = expires_at is None or dies_at is not None
        flags = all(flag is None or isinstance(flag, bool) for flag in (revoked, active))
        if held is None or not dated or not flags:
            raise self._unexpected(answer)
        user_id = answers.whole(body.get("user_id"))
        return self._described(answer, body, ACCESS_TOKEN, held, user_id)._replace(
            dies_at=dies_at,
            created_at=answers.moment(body.get("created_at")),
            revoked=revoked is True,
            active=active is not False,
        )

    def _job_token(self) -> Token:
        answer, body = self._get(f"{_API}/job")
        names_a_job = any(isinstance(body.get(key), str) for key in ("status", "name"))
        if answers.whole(body.get("id")) is None or not names_a_job:
            raise self._unexpected(answer)
        user = body.get("user")
        user_id = answers.whole(user.get("id")) if isinstance(user, dict) else None
        return self._described(answer, body, "job", [], user_id)._replace(ends_with="its job")

    def _oauth_token(self) -> Token:
        answer, body = self._ask(_OAUTH_SELF)
        known_words = body.get("error") in ("invalid_request", "invalid_token")
        if answer.status in (400, 401) and known_words:
            # Doorkeeper's words for every token that it does not, or no longer, accept, where it
            # does not say more (app/controllers/oauth/token_info_controller.rb).
            from glcheck.providers.gitlab import refusals

            said = refusals.problem(answer, body, self._clean)
            raise Failure(refusals.UNKNOWN if said.category is Category.UNEXPECTED_ANSWER else said)
        answer, body = self._get(_OAUTH_SELF)
        held, expires_in = answers.strings(body.get("scope")), body.get("expires_in", "")
        seconds, created = answers.whole(expires_in), answers.whole(body.get("created_at"))
        if held is None or (expires_in is not None and seconds is None):
            raise self._unexpected(answer)
        user_id = answers.whole(body.get("resource_owner_id"))
        token = self._described(answer, {}, "oauth", held, user_id)
        return token._replace(
            dies_at=None if seconds is None else answers.after(token.now, seconds),
            created_at=None if created is None else answers.after(_EPOCH, created),
        )

    def _described(
        self,
        answer: Answer,
        body: answers.Json,
        kind: str,
        held: Sequence[str],
        user_id: int | None,
    ) -> Token:
        ours, name = datetime.now(timezone.utc), body.get("name")
        return Token(
            kind=kind,
            id=answers.whole(body.get("id")),
            name=self._clean(name) if isinstance(name, str) else None,
            user_id=user_id,
            scopes=tuple(map(self._clean, held)),
            fine_grained=body.get("granular") is True or "granular" in held,
            now=answer.now or ours,
            clock_off=(ours - answer.now).total_seconds() if answer.now else 0.0,
        )

    # --- its owner and what it reaches ---

    def owner(self) -> Owner:
        """The account behind the token (`GET /user`; needs read_user, read_api or api).

        Raises Failure.
        """
        answer, body = self._get(f"{_API}/user", lacking="read_user")
        number, username, bot = answers.whole(body.get("id")), body.get("username"), body.get("bot")
        if number is None or not isinstance(username, str):
            raise self._unexpected(answer)
        match = re.match(r"(project|group)_\d+_bot|service_account_", username, re.ASCII)
        if match and bot is not False:
            return Owner(match[1] or "service-account", number)
        return Owner("service-account" if bot is True else "personal", number)

    def access(self, namespace: tuple[str, str], role: str | None, token: Token) -> Access:
        """How far the token reaches into that project or group.

        `namespace` is ("project" or "group", its path or id). Raises Failure: not-found,
        scope-missing where the token may not ask, or that GitLab could not be asked.
        """
        from glcheck.providers.gitlab import refusals

        what, which = namespace
        needed = roles.LEVELS[role] if role else 0
        if not token.fine_grained and not {"api", "read_api"} & set(token.scopes):
            return self._access_by_associations(what, which, needed, token)
        path = f"{_API}/{what}s/{quote(which, safe='')}"
        too_low = refusals.role_too_low(what, which, role)
        if needed and what == "group":  # which does not tell its role, so it is asked for at once
            level = self._membership(path, token, too_low)
            if level is not None:
                return Access(level)
        if self._is_hidden(path):
            raise Failure(refusals.not_found(what, which))
        answer, body = self._get(path, "read_api", too_low)
        if answers.whole(body.get("id")) is None:
            raise self._unexpected(answer)
        level = answers.level(body.get("permissions"), "project_access", "group_access")
        if needed > (level or 0):
            level = answers.larger(level, self._membership(path, token, too_low))
        return Access(level)

    def _is_hidden(self, path: str) -> bool:
        answer, body = self._ask(path)
        return answer.status == 404 and answers.message(body).startswith("404 ")

    def _membership(self, path: str, token: Token, too_low: Problem) -> int | None:
        """The level as a member, shares and inheritance included; None for no member."""
        user = token.user_id if token.user_id is not None else self.owner().id
        path = f"{path}/members/all/{user}"
        if self._is_hidden(path):
            return None
        answer, body = self._get(path, "read_api", too_low)
        level = answers.whole(body.get("access_level"))
        if level is None:
            raise self._unexpected(answer)
        return level

    def _access_by_associations(self, what: str, which: str, needed: int, token: Token) -> Access:
        """The same without read_api: GitLab lists what any token reaches (17.4 and newer)."""
        from glcheck.providers.gitlab import refusals

        if token.kind != ACCESS_TOKEN:
            why = "this kind of token can ask for it only with that scope"
            raise Failure(refusals.needs_read_api(what, why))
        if what == "group" and not which.isdigit():
            why = "without it, a group can be named only by its numeric id"
            raise Failure(refusals.needs_read_api(what, why, by_id=True))
        for least in sorted({max(needed, roles.LOWEST), roles.LOWEST}, reverse=True):
            entry = self._associated(what, which, least)
            if entry is None:
                continue
            keys = ("project_access_level", "group_access_level")
            level = answers.level(entry.get("access_levels"), *keys) or 0
            # Shares are left out of it, and can give more: who is listed has what was asked for.
            return Access(level) if level >= least else Access(least, exact=False)
        raise Failure(refusals.not_found(what, which))

    def _associated(self, what: str, which: str, least: int) -> answers.Json | None:
        """The entry of that project or group in the list of what the token reaches, or None."""
        from glcheck.providers.gitlab import refusals

        for page in range(1, _MOST_PAGES + 1):
            path = f"{_SELF}/associations?min_access_level={least}&page={page}&per_page={_PER_PAGE}"
            answer, body = self._ask(path)
            if answer.status == 404 and answers.speaks_like_gitlab(404, body):
                why = "this GitLab is older than 17.4 and needs it for that"
                raise Failure(refusals.needs_read_api(what, why))
            answer, body = self._get(path, "read_api")
            lists = [answers.objects(body.get(key)) for key in ("projects", "groups")]
            if None in lists:
                raise self._unexpected(answer)
            for entry in body[f"{what}s"]:
                names = (str(entry.get("id")), str(entry.get("path_with_namespace")).lower())
                if which.lower() in names:
                    return dict(entry)
            if all(len(one) < _PER_PAGE for one in lists if one is not None):
                return None
        why = "its account belongs to more of them than can be looked through"
        raise Failure(refusals.needs_read_api(what, why))
