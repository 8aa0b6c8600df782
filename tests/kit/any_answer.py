"""Arbitrary answers, nearly GitLab's or nobody's, that say the secret in some way and place."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from kit.gitlab_server import Answer
from kit.leaks import ECHOES, secrets
from kit.policies import describe

EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
REVOKED = "Token was revoked. You have to re-authorize from the user."
INVALID = "Bad Access Token."
BLOCKED = "403 Forbidden - Your account has been blocked. "

words = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FFF), max_size=40)
values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
GUARDS = ("invalid_token", "dpop_error", "insufficient_scope", "insufficient_granular_scope")
KEYS = ("message", "error", "error_description", "scope")
STATUSES = (200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 405, 418, 422, 451, 500, 501)
statuses = st.sampled_from(STATUSES)
blobs = st.binary(max_size=60)


def refusal(said: str, error: str = "invalid_token") -> dict[str, str]:
    return {"error": error, "error_description": said}


def in_a_header(said: str) -> str:
    return re.sub(r"[\r\n]", "", said)


def bodies(said: str) -> st.SearchStrategy[tuple[int, object]]:
    """A status and a body that mostly holds a text."""
    good = describe(description=None)
    changes: tuple[dict[str, object], ...] = (
        {"scopes": [said, "api"], "name": said, "description": said},
        {"scopes": [said, "read_api"]},
        {"revoked": True, "name": said},
        {"active": False, "name": said},
    )
    field = st.tuples(st.sampled_from(sorted(good)), st.just(said) | values)
    descriptions = (said, f"Token is expired. {said}", f"{said} Token was revoked.", EXPIRED + said)
    told = st.tuples(st.sampled_from(GUARDS), st.sampled_from(descriptions), st.just(said))
    guard = told.map(lambda told: dict(zip(KEYS[1:], told, strict=True)))
    cause = st.sampled_from([EXPIRED, REVOKED, INVALID]).map(refusal)
    more = st.sampled_from([{}, {}, {"scope": said}])
    bare = st.sampled_from([{"message": f"401 Unauthorized{end}"} for end in ("", said)])
    any_body: tuple[st.SearchStrategy[object], ...] = (
        st.sets(st.sampled_from(KEYS), min_size=1).map(lambda keys: dict.fromkeys(keys, said)),
        values.map(lambda value: {said: value}),
        values,
        st.just([said, {"message": said}]),
        st.just(json.dumps(said)),
        st.just(f"<!DOCTYPE html><title>{said}</title><p>{said}</p>"),
        st.tuples(blobs, blobs).map(lambda around: said.encode().join(around)),
    )
    return st.one_of(
        *(st.just((200, {**good, **changed})) for changed in changes),
        field.map(lambda field: (200, {**good, field[0]: field[1]})),
        st.tuples(st.just(401) | statuses, bare),
        st.tuples(st.sampled_from([400, 401, 403]), guard),
        st.tuples(st.sampled_from([400, 401, 401, 401, 403]), st.builds(operator.or_, cause, more)),
        st.just((403, {"message": BLOCKED + said})),
        statuses.map(lambda status: (status, {"message": f"{status} {said}"})),
        *(st.tuples(statuses, body) for body in any_body),
    )


@st.composite
def headers(draw: st.DrawFn, said: str) -> tuple[tuple[str, str], ...]:
    locations = (f"https://{said}/", f"https://evil.example/{said}", f"//{said}", said)
    types = ("text/html", "application/json", f"text/{said}", f"a/b; charset={said}")
    places = {
        **dict.fromkeys(("Retry-After", "Server", "X-Request-Id", "RateLimit-Name", "Date"), said),
        "Location": draw(st.sampled_from(locations)),
        "Content-Type": draw(st.sampled_from(types)),
        "WWW-Authenticate": f'Bearer realm="{said}"',
        "Set-Cookie": f"session={said}",
    }
    sent = draw(st.sets(st.sampled_from(sorted(places)), max_size=5))
    return tuple((name, places[name]) for name in sorted(sent))


@st.composite
def told(draw: st.DrawFn, numbers: Iterator[int]) -> tuple[str, tuple[str, Answer]]:
    """A token, how it is said, and an answer that says it so."""
    token = f"{draw(secrets)}{next(numbers)}"  # the number keeps apart what would be drawn twice
    how = draw(st.sampled_from(sorted(ECHOES)))
    said = f"{draw(words)}{ECHOES[how](token)}{draw(words)}"
    header = in_a_header(said.encode("latin-1", "replace").decode("latin-1"))
    reason = draw(st.none() | st.just(header))
    return token, (how, Answer(*draw(bodies(said)), draw(headers(header)), reason=reason))


def drawn(part: int, many: int) -> dict[str, tuple[str, Answer]]:
    """So many tokens, one after the other: of many at once most draws come to nothing."""
    scene: dict[str, tuple[str, Answer]] = {}
    once = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))

    @seed(part)
    @settings(once, max_examples=many, phases=(Phase.generate,))
    @given(told(count()))
    def collect(one: tuple[str, tuple[str, Answer]]) -> None:
        scene.update([one])

    collect()
    assert len(scene) == many
    return scene
