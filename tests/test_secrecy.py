"""A token's value leaves glcheck in one way only: in a header, to the one host of `url`."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import string
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import Answer, GitLab, Token, in_days
from kit.leaks import ECHOES, ENCODINGS, SPLITS, leaks, secrets, views
from kit.scripted import Scripted, presented

FORMATS = ("text", "json", "github", "junit", "markdown", "annotations", "dotenv")
CODES = {
    "ok": 0, "usage-error": 2, "config-error": 2,
    "token-missing": 10, "token-malformed": 11, "token-invalid": 12, "token-expired": 13, "token-revoked": 14,
    "account-restricted": 15, "wrong-token-kind": 16,
    "expires-soon": 20, "scope-missing": 21, "scope-forbidden": 22, "role-too-low": 23, "not-found": 24,
    "lives-too-long": 25, "scope-unknown": 26,
    "network-error": 30, "tls-error": 31, "rate-limited": 32, "server-error": 33, "unexpected-answer": 34,
    "unsupported-server": 35,
    "internal-error": 70,
}  # fmt: skip
SECRET = "glpat-Zq7Wm3Xv9Kb2Rt5Yp8Nd"


# Looking for a secret


@pytest.mark.parametrize("encoding", ECHOES)
def test_the_search_of_these_tests_finds_a_secret_in(encoding: str) -> None:
    secret = "Zq7/Wm3+Xv9\"Kb2&Rt5<Yp8'Nd%41\\x"
    told = ECHOES[encoding](secret)
    for around in (
        told,
        f"error: GitLab says: {told}, sorry",
        f"<td>{told}</td>",
        f"https://h/{told}?a",
    ):
        assert [
            found for found, _ in leaks(around, [secret, "glpat-somethingElse123"], whole=True)
        ] == [secret]
    if encoding in ENCODINGS:
        assert leaks(told, [secret])
        assert leaks(told[: len(told) * 3 // 4], [secret])


def test_the_search_of_these_tests_finds_a_cut_secret_and_nothing_else() -> None:
    assert leaks(f"says {SECRET[:15]}…", [SECRET])
    assert leaks(f"…{SECRET[-8:]} says", [SECRET])
    assert not leaks("glpat-… " + "The token in GITLAB_TOKEN is unknown. " * 3, [SECRET])


# Asking a server that answers each token as it is told


class Shown(NamedTuple):
    """All that a run lets out."""

    result: Result
    files: dict[str, str]
    verdicts: dict[str, str]  # category by the token's name

    @property
    def text(self) -> str:
        return "\n".join((self.result.out, self.result.err, *self.files.values()))

    def where(self, piece: str) -> list[str]:
        """Tell which outputs show a piece, for the message of a failing test."""
        places = {"stdout": self.result.out, "stderr": self.result.err, **self.files}
        return [name for name, text in places.items() if any(piece in view for view in views(text))]


def ask_all(server: GitLab, run: Run, tokens: Mapping[str, str], **top: object) -> Shown:
    """Check many tokens in one process, with every format, `-v`, and the files of GitHub."""
    names = {f"t{number}": name for number, name in enumerate(tokens)}
    entries = [
        {"name": name, "token-env": f"V_{name.upper()}", "scopes": ["api"]} for name in names
    ]
    entries = [
        {**entry, "project": "group/app"} if number % 5 == 0 else entry
        for number, entry in enumerate(entries)
    ]
    policy = {
        "version": 1,
        "url": server.url,
        **{key.replace("_", "-"): value for key, value in top.items()},
    }
    (run.directory / ".glcheck.yml").write_text(json.dumps({**policy, "tokens": entries}))
    files = {name: run.directory / name for name in (*FORMATS, "output", "summary")}
    for path in files.values():
        path.unlink(missing_ok=True)
    reports = [part for kind in FORMATS for part in ("--report", f"{kind}={kind}")]
    env = {f"V_{name.upper()}": tokens[names[name]] for name in names}
    ambient = {
        "GITHUB_OUTPUT": str(files["output"]),
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "GITLAB_URL": server.url,
    }
    result = run("-v", "--format", "github", *reports, env={**env, **ambient})
    texts = {name: path.read_text() for name, path in files.items()}
    report = json.loads(texts["json"])
    assert "Traceback" not in result.err
    assert len(report["tokens"]) == len(tokens), report["problems"]
    assert report["exit_code"] == result.code
    assert result.code == min(
        (CODES[token["category"]] for token in report["tokens"] if not token["ok"]), default=0
    )
    assert {
        problem["category"] for token in report["tokens"] for problem in token["problems"]
    } <= set(CODES)
    verdicts = {names[token["name"]]: token["category"] for token in report["tokens"]}
    assert "internal-error" not in verdicts.values(), [
        name for name, v in verdicts.items() if v == "internal-error"
    ]
    return Shown(result, texts, verdicts)


# What GitLab's source says


EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
REVOKED = "Token was revoked. You have to re-authorize from the user."


def verdicts_allowed(answer: Answer) -> set[str]:
    """Return which of the definite verdicts an answer may lead to."""
    body = answer.body
    if not isinstance(body, dict):
        return set()
    if answer.status == 401:
        said = (
            ({"message": "401 Unauthorized"}, invalid_token("Bad Access Token.")),
            "token-invalid",
        )
        known = (
            said,
            ((invalid_token(EXPIRED),), "token-expired"),
            ((invalid_token(REVOKED),), "token-revoked"),
        )
        return {verdict for bodies, verdict in known if body in bodies}
    scopes, expiry = body.get("scopes"), body.get("expires_at", 0)
    listed = isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)
    dated = expiry is None or (isinstance(expiry, str) and re.match(r"\d{4}-\d\d-\d\d", expiry))
    if answer.status != 200 or not listed or not dated:
        return set()
    if body.get("revoked") is True:
        return {"token-revoked"}
    if body.get("active") is False:
        return {"token-expired"}
    return {"ok"} if expiry is None or str(expiry)[:10] > in_days(0) else {"token-expired"}


def invalid_token(said: str) -> dict[str, str]:
    return {"error": "invalid_token", "error_description": said}


DEFINITE = {"ok", "token-invalid", "token-expired", "token-revoked"}


# Arbitrary answers

words = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FFF), max_size=40)
ascii_words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def answers(draw: st.DrawFn, secret: str) -> tuple[str, Answer]:
    """Draw an answer, nearly GitLab's or nobody's, that says the secret in some way and place."""
    how = draw(st.sampled_from(sorted(ECHOES)))
    before, after = draw(words), draw(words)
    said = f"{before}{ECHOES[how](secret)}{after}"
    header = re.sub(r"[\r\n]", "", said.encode("latin-1", "replace").decode("latin-1"))
    good = {
        "id": 1,
        "name": "ci",
        "user_id": 7,
        "revoked": False,
        "active": True,
        "scopes": ["api"],
        "created_at": in_days(-30),
        "expires_at": in_days(100),
        "description": None,
    }
    field = draw(st.sampled_from(sorted(good)))
    status = draw(
        st.sampled_from(
            [200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 405, 418, 422, 451, 500, 501]
        )
    )
    keys = {"message": said, "error": said, "error_description": said, "scope": said}
    bodies: dict[str, tuple[int, object]] = {
        "good": (200, {**good, "scopes": [said, "api"], "name": said, "description": said}),
        "good but for a field": (200, {**good, field: draw(st.just(said) | values)}),
        "good but for the scopes": (200, {**good, "scopes": [said, "read_api"]}),
        "revoked": (200, {**good, "revoked": True, "name": said}),
        "inactive": (200, {**good, "active": False, "name": said}),
        "bare": (
            draw(st.sampled_from([401, status])),
            {"message": f"401 Unauthorized{draw(st.just('') | st.just(said))}"},
        ),
        "guard": (
            draw(st.sampled_from([400, 401, 403])),
            {
                "error": draw(
                    st.sampled_from(
                        [
                            "invalid_token",
                            "dpop_error",
                            "insufficient_scope",
                            "insufficient_granular_scope",
                        ]
                    )
                ),
                "error_description": draw(
                    st.sampled_from(
                        [
                            said,
                            f"Token is expired. {said}",
                            f"{said} Token was revoked.",
                            EXPIRED + said,
                        ]
                    )
                ),
                "scope": said,
            },
        ),
        "dead": (
            draw(st.sampled_from([400, 401, 401, 401, 403])),
            {
                **invalid_token(draw(st.sampled_from([EXPIRED, REVOKED, "Bad Access Token."]))),
                **draw(st.sampled_from([{}, {}, {"scope": said}])),
            },
        ),
        "account": (403, {"message": f"403 Forbidden - Your account has been blocked. {said}"}),
        "helper": (status, {"message": f"{status} {said}"}),
        "keys": (
            status,
            {key: keys[key] for key in draw(st.sets(st.sampled_from(sorted(keys)), min_size=1))},
        ),
        "key": (status, {said: draw(values)}),
        "any JSON": (status, draw(values)),
        "list": (status, [said, {"message": said}]),
        "text": (status, json.dumps(said)),
        "page": (status, f"<!DOCTYPE html><title>{said}</title><p>{said}</p>"),
        "bytes": (
            status,
            draw(st.binary(max_size=60)) + said.encode() + draw(st.binary(max_size=60)),
        ),
    }
    kind = draw(st.sampled_from(sorted(bodies)))
    status, body = bodies[kind]
    places = {
        "Location": draw(
            st.sampled_from(
                [f"https://{header}/", f"https://evil.example/{header}", f"//{header}", header]
            )
        ),
        "Retry-After": header,
        "WWW-Authenticate": f'Bearer realm="{header}"',
        "Server": header,
        "X-Request-Id": header,
        "RateLimit-Name": header,
        "Content-Type": draw(
            st.sampled_from(
                ["text/html", "application/json", f"text/{header}", f"a/b; charset={header}"]
            )
        ),
        "Date": header,
        "Set-Cookie": f"session={header}",
    }
    sent = draw(st.sets(st.sampled_from(sorted(places)), max_size=5))
    reason = draw(st.none() | st.just(header))
    headers = tuple((name, places[name]) for name in sorted(sent))
    return how, Answer(status, body, headers, reason=reason)


Scene = dict[str, tuple[str, Answer]]  # tokens, each with how its answer says it and that answer
PARTS, ANSWERS = 5, 1000


@st.composite
def told(draw: st.DrawFn, numbers: Iterator[int]) -> tuple[str, tuple[str, Answer]]:
    """Draw a token and its answer. The number keeps tokens apart that would be drawn twice."""
    token = f"{draw(secrets)}{next(numbers)}"
    return token, draw(answers(token))


def drawn(part: int) -> Scene:
    """Draw a part of the answers: one after the other, since of many at once most draws come to nothing."""
    scene: Scene = {}

    @seed(part)
    @settings(
        max_examples=ANSWERS // PARTS,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(told(count()))
    def collect(one: tuple[str, tuple[str, Answer]]) -> None:
        scene.update([one])

    collect()
    assert len(scene) == ANSWERS // PARTS
    return scene


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_answer_of_a_thousand_brings_a_secret_out_or_a_false_verdict(
    scripted: Scripted, run: Run, part: int, tmp_path: Path
) -> None:
    scene = drawn(part)
    scripted.answers = {token: answer for token, (_, answer) in scene.items()}
    shown = ask_all(scripted, run, {token: token for token in scene})
    split = {token for token, (how, _) in scene.items() if how in SPLITS}
    found = leaks(shown.text, scene.keys() - split) + leaks(shown.text, split, whole=True)
    assert not [(secret, piece, shown.where(piece), scene[secret]) for secret, piece in found[:1]]
    reached = {presented(request) for request in scripted.requests}
    assert len(reached & scene.keys()) > len(scene) // 4
    for token, verdict in shown.verdicts.items():
        if token in reached and verdict in DEFINITE:
            assert verdict in verdicts_allowed(scene[token][1]), (verdict, scene[token])
        assert token in reached or verdict != "ok"
    assert len(DEFINITE & set(shown.verdicts.values())) > 1  # both kinds of answers were drawn
    # What a hook remembers of the same, and says.
    env = {f"V_T{number}": token for number, token in enumerate(scene)} | {
        "GITLAB_URL": scripted.url
    }
    hooked = run("hook", "-v", "--max-wait", "60s", env=env)
    home = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    remembered = "\n".join(f"{path} {path.read_text()}" for path in home)
    assert not leaks(f"{hooked.out}{hooked.err}{remembered}", scene.keys() - split)


def saying(said: str) -> dict[str, Answer]:
    """Return answers that say something in each of the places that a report may quote."""
    good = {
        "id": 1,
        "name": "ci",
        "user_id": 7,
        "revoked": False,
        "active": True,
        "expires_at": in_days(100),
    }
    header = re.sub(r"[\r\n]", "", said)
    return {
        "name": Answer(200, {**good, "scopes": ["read_api"], "name": f"my {said}"}),
        "scope": Answer(200, {**good, "scopes": ["read_api", f"x{said}"]}),
        "account": Answer(
            403, {"message": f"403 Forbidden - Your account has been blocked. {said}"}
        ),
        "permission": Answer(
            403, {"error": "insufficient_granular_scope", "error_description": f"[{said}]"}
        ),
        "proof": Answer(
            401, {"error": "dpop_error", "error_description": f"DPoP validation error: {said}"}
        ),
        "another error": Answer(401, {"error": said, "error_description": said}),
        "another message": Answer(404, {"message": said}, reason=header),
        "title": Answer(
            200,
            f"<html><title>{said}</title>",
            (("Server", header), ("Content-Type", f"a/{header}")),
        ),
        "host": Answer(302, "", (("Location", f"https://{header}/"),)),
        "path": Answer(
            302, "", (("Location", f"https://evil.example/{header}?{header}#{header}"),)
        ),
        "port": Answer(302, "", (("Location", f"https://u:{header}@evil.example:{header}/"),)),
        "scheme": Answer(302, "", (("Location", f"{header}://evil.example/"),)),
    }


@pytest.mark.parametrize("ways", [ENCODINGS, SPLITS], ids=["encoded", "split"])
def test_a_secret_that_the_server_says_in_any_way_is_masked_in_every_place(
    scripted: Scripted, run: Run, ways: dict[str, Callable[[str], str]]
) -> None:
    made = random.Random(3)
    tokens = {}
    for way, echo in ways.items():
        for place in saying(""):
            token = "glpat-" + "".join(
                made.choices(string.ascii_letters + string.digits + "_-", k=20)
            )
            scripted.answers[token] = saying(echo(token))[place]
            tokens[f"{place}: {way}"] = token
    shown = ask_all(scripted, run, tokens)
    found = dict(leaks(shown.text, tokens.values(), whole=ways is SPLITS))
    assert [name for name, token in tokens.items() if token in found] == []


def test_a_secret_cut_by_the_length_of_a_text_is_not_shown_in_part(
    scripted: Scripted, run: Run
) -> None:
    good = {
        "id": 1,
        "user_id": 7,
        "revoked": False,
        "active": True,
        "created_at": in_days(-9),
        "expires_at": None,
    }
    made = random.Random(7)
    lengths = [*range(0, 560, 9), *range(960, 1040, 9), *range(4060, 4100, 9)]
    answers: list[Callable[[str], Answer]] = [
        lambda said: Answer(
            403, {"message": f"403 Forbidden - Your account has been blocked. {said}"}
        ),
        lambda said: Answer(200, {**good, "scopes": ["read_api", said], "name": said}),
        lambda said: Answer(302, "", (("Location", f"https://{said}.example/"),)),
    ]
    for answer in answers:
        tokens = {}
        for length in lengths:
            token = "glpat-" + "".join(made.choices(string.ascii_letters + string.digits, k=20))
            filler = "".join(made.choices("qxz", k=length))
            scripted.answers[token] = answer(filler + token + "qxz" * 9)
            tokens[token] = token
        shown = ask_all(scripted, run, tokens)
        assert not [(piece, shown.where(piece)) for _, piece in leaks(shown.text, tokens)]


def test_a_secret_behind_much_that_is_not_shown_is_not_shown_in_part(
    scripted: Scripted, run: Run
) -> None:
    good = {
        "id": 1,
        "user_id": 7,
        "revoked": False,
        "active": True,
        "created_at": in_days(-9),
        "expires_at": None,
    }
    made = random.Random(13)
    tokens = {}
    for limit in (256, 1000, 1024, 4096, 10_000, 2**16, 100_000, 2**17, 500_000):
        for filler in (" ", "\x00", "\n"):
            for shown in (15, 20, 25):
                token = "glpat-" + "".join(made.choices(string.ascii_letters + string.digits, k=20))
                name = filler * (limit - shown) + token
                scripted.answers[token] = Answer(200, {**good, "scopes": ["api"], "name": name})
                tokens[f"{limit} {filler!r} {shown}"] = token
    report = ask_all(scripted, run, tokens, max_wait="30s")
    found = dict(leaks(report.text, tokens.values()))
    assert [(name, found[token]) for name, token in tokens.items() if token in found] == []


def test_a_secret_at_the_limit_of_what_is_read_is_not_shown_in_part(
    scripted: Scripted, run: Run
) -> None:
    tokens = {}
    for short in range(0, 26, 6):
        token = f"glpat-Lm5{short:02}Wq8Rv1Xk6Tb3Zp7Y"
        head = '{"message":"403 Forbidden - Your account has been blocked. '
        body = head + "a" * (2**20 - len(head) - short) + token + '"}'
        scripted.answers[token] = Answer(403, body, JSON)
        tokens[token] = token
    assert not leaks(ask_all(scripted, run, tokens).text, tokens)


def test_answers_that_are_asked_for_again_bring_no_secret_out(scripted: Scripted, run: Run) -> None:
    tokens = {}
    made = random.Random(11)
    for number, (how, echo) in enumerate(ENCODINGS.items()):
        token = "glpat-" + "".join(made.choices(string.ascii_letters + string.digits, k=24))
        said = echo(token)
        raw = f"HTTP/1.1 nonsense {said}\r\n{said}: {said}\r\n\r\n{said}".encode()
        chunked = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{said}\r\n{said}".encode()
        length = f"HTTP/1.1 200 {said}\r\nContent-Length: {said}\r\n\r\n{said}".encode()
        headers = (("Retry-After", said), ("RateLimit-Name", said))
        kinds = (
            Answer(429, said, headers, reason=said),
            Answer(503, f"<p>{said}</p>", headers, reason=said),
            Answer(raw=raw),
            Answer(raw=chunked),
            Answer(raw=length),
            Answer(200, {"message": said}, (("Content-Encoding", "gzip"),)),
            Answer(raw=f"{said}\r\n\r\n".encode()),
        )
        scripted.answers[token] = kinds[number % len(kinds)]
        tokens[f"{how} in {number % len(kinds)}"] = token
    shown = ask_all(scripted, run, tokens, max_wait="3s")
    assert not [(piece, shown.where(piece)) for _, piece in leaks(shown.text, tokens.values())]
    assert not set(shown.verdicts.values()) & DEFINITE


JSON = (("Content-Type", "application/json"),)
ODD: dict[str, Answer] = {
    "deep": Answer(200, "[" * 200_000, JSON),
    "a number of many digits": Answer(200, '{"id":' + "9" * 9000 + "}", JSON),
    "not a number": Answer(200, '{"scopes":["api"],"expires_at":NaN,"id":Infinity}', JSON),
    "half a character": Answer(
        403, '{"message":"403 Forbidden - Your account has been blocked \\ud800"}', JSON
    ),
    "half a character as name": Answer(
        200, '{"scopes":["\\udfff"],"expires_at":null,"name":"\\ud800"}', JSON
    ),
    "byte order mark": Answer(401, '\ufeff{"message":"401 Unauthorized"}', JSON),
    "UTF-16": Answer(401, '{"message":"401 Unauthorized"}'.encode("utf-16"), JSON),
    "end of time": Answer(
        200, {"scopes": ["api"], "expires_at": "9999-12-31", "created_at": "0000-00-00"}
    ),
    "beginning of time": Answer(200, {"scopes": ["api"], "expires_at": "0001-01-01"}),
    "no such day": Answer(200, {"scopes": ["api"], "expires_at": "2027-02-30"}),
    "other digits": Answer(
        200, {"scopes": ["api"], "expires_at": "\u0662\u0660\u0662\u0667-\u0660\u0662-\u0660\u0663"}
    ),
    "odd creation": Answer(
        200, {"scopes": ["api"], "expires_at": in_days(9), "created_at": {"a": [1]}}
    ),
    "long creation": Answer(
        200, {"scopes": ["api"], "expires_at": in_days(9), "created_at": "9" * 5000}
    ),
    "creation later than expiry": Answer(
        200, {"scopes": ["api"], "expires_at": in_days(9), "created_at": in_days(99)}
    ),
    "odd Date": Answer(
        200, {"scopes": ["api"], "expires_at": None}, (("Date", "Mon, 99 Foo 99999 99:99:99 GMT"),)
    ),
    "Date before time": Answer(
        200,
        {"scopes": ["api"], "expires_at": in_days(9)},
        (("Date", "Mon, 01 Jan 0001 00:00:00 +2359"),),
    ),
    "Date after time": Answer(
        200,
        {"scopes": ["api"], "expires_at": in_days(9)},
        (("Date", "Fri, 31 Dec 9999 23:59:59 -2359"),),
    ),
    "many scopes": Answer(
        200, {"scopes": ["api", *(f"scope{n}" for n in range(2_000))], "expires_at": None}
    ),
    "long scope": Answer(200, {"scopes": ["s" * 50_000], "expires_at": None}),
    "scopes twice": Answer(200, '{"scopes":[],"scopes":{"api":1},"expires_at":null}', JSON),
    "numbers as text": Answer(
        200, {"scopes": ["api"], "expires_at": None, "id": "1", "user_id": "x", "revoked": "no"}
    ),
    "too much": Answer(200, "a" * 3_000_000),
    "bad gzip": Answer(200, b"\x1f\x8b\x08nonsense", (("Content-Encoding", "gzip"),)),
    "another script": Answer(
        200, {"scopes": ["api", "\xe9"], "expires_at": None, "name": "\u540d\u524d \xe9 \U0001f511"}
    ),
    "bad charset": Answer(
        200, {"scopes": ["api"]}, (("Content-Type", "application/json; charset=rot13"),)
    ),
    "empty": Answer(200, b""),
    "redirect to nowhere": Answer(302, ""),
    "redirect to a bad host": Answer(302, "", (("Location", "https://[::1/%zz"),)),
    "redirect to a bad port": Answer(302, "", (("Location", "https://host:99999999/"),)),
    "redirect to a script": Answer(302, "", (("Location", "javascript:alert(1)"),)),
}


def test_odd_answers_are_no_bugs_of_glcheck(scripted: Scripted, run: Run) -> None:
    tokens = {name: f"glpat-Odd{number:03}Wq8Rv1Xk6Tb3Zp" for number, name in enumerate(ODD)}
    scripted.answers = {token: ODD[name] for name, token in tokens.items()}
    shown = ask_all(scripted, run, tokens, max_wait="3s")
    assert not leaks(shown.text, tokens.values())
    told = {name: verdict for name, verdict in shown.verdicts.items() if verdict in DEFINITE}
    unsure = {
        "end of time",
        "odd creation",
        "long creation",
        "creation later than expiry",
        "odd Date",
        "Date before time",
    }
    unsure |= {
        "another script",
        "Date after time",
        "many scopes",
        "beginning of time",
        "numbers as text",
    }
    assert not set(told) - unsure - {"byte order mark", "UTF-16"}


@pytest.mark.parametrize("odd", ["half a character as name", "half a character", "another script"])
def test_an_output_that_cannot_show_all_characters_is_no_bug(
    scripted: Scripted, run: Run, odd: str
) -> None:
    scripted.answers = {SECRET: ODD[odd]}
    for kind in FORMATS:
        result = run(
            "-v",
            "--format",
            kind,
            "--scopes",
            "sudo",
            token=SECRET,
            env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "GITLAB_URL": scripted.url},
        )
        assert result.code in {15, 21, 34}, (kind, result.err[-500:])
        assert "Traceback" not in result.err
        assert not leaks(result.out + result.err, [SECRET])


# Values that are refused before anything is sent


def test_what_is_refused_offline_is_not_shown(scripted: Scripted, run: Run) -> None:
    tail = "Zq7Wm3Xv9Kb2Rt5Yp8NdLc4Hs6"
    shapes = (
        f"glpat-{tail[:9]} {tail[9:]}",
        f"glpat-{tail[:9]}\t{tail[9:]}",
        f"glpat-{tail[:9]}\x01{tail[9:]}",
        f"glpat-{tail[:9]}\n{tail[9:]}",
        f'"glpat-{tail}"',
        f"'glpat-{tail}'",
        f"${tail}",
        f"${{{tail}}}",
        f"${{{{ secrets.{tail} }}}}",
        f"%{tail}%",
        f"ghp_{tail}1234567890",
        f"github_pat_{tail}_{tail}",
        f"gho_{tail}",
        f"ghs_{tail}",
        f"AKIA{tail.upper()[:16]}",
        f"xoxb-{tail}",
        f"npm_{tail}",
        f"pypi-{tail}{tail}",
        f"sk-{tail}{tail}",
        f"Bearer glpat-{tail}",
        f"PRIVATE-TOKEN: glpat-{tail}",
        f"glrt-{tail}",
        f"gldt-{tail}",
        f"glptt-{tail}",
        f"glft-{tail}",
        f"GR1348941{tail}",
        f"glagent-{tail}{tail}",
        f"glpat-{tail}{tail[::-1]}.01.1203afake",
        f"glpat-{tail}{tail[::-1]}.01",
        f"é{tail}",
        f"\u200b{tail}",
        f"\udcff{tail}",
    )
    shown = ask_all(scripted, run, {shape: shape for shape in shapes})
    leaked = leaks(shown.text, [tail, tail[::-1], tail.upper()[:16]])
    assert not [(piece, shown.where(piece)) for _, piece in leaked]
    assert set(shown.verdicts.values()) <= {"token-malformed", "wrong-token-kind", "token-invalid"}
    assert not [
        token
        for token in map(presented, scripted.requests)
        if token.startswith(("gh", "npm", "AKIA", "sk-", '"'))
    ]


@pytest.mark.parametrize(
    "args",
    [
        ("--{}",),
        ("--token={}",),
        ("--token", "{}"),
        ("{}",),
        ("check", "{}"),
        ("explain", "{}"),
        ("-{}",),
        ("-v{}",),
        ("--token-env", "{}"),
        ("--token-file", "{}"),
        ("--min-validity", "{}"),
        ("--format", "{}"),
        ("--report", "{}"),
        ("--report", "{}=x"),
        ("--report", "json=nowhere/{}"),
        ("--output", "nowhere/{}"),
        ("--config", "{}"),
        ("--only", "{}"),
        ("--role", "{}"),
        ("--kind", "{}"),
        ("--allow", "{}"),
        ("--timeout", "{}"),
        ("--color", "{}"),
        ("--url", "{}"),
        ("--url", "https://user:{}@127.0.0.1:1/"),
        ("--url", "ftp://{}/"),
        ("--url", "http://gitlab.example.com/?private_token={}"),
        ("--ca-file", "{}"),
        ("--allow-http={}",),
        ("--project", "a", "--group", "{}"),
    ],
    ids=" ".join,
)
def test_a_secret_in_the_wrong_place_is_not_repeated(run_alone: Run, args: tuple[str, ...]) -> None:
    result = run_alone("-v", *(arg.format(SECRET) for arg in args))
    assert result.code in {2, 10}
    assert "Traceback" not in result.err
    assert not leaks(result.out + result.err, [SECRET])


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "{}: 1",
        "token: {}",
        "token-env: {}",
        "token-file: {}",
        "min-validity: {}",
        "role: {}",
        "allow: [{}]",
        "url: https://user:{}@gitlab.com",
        "url: {}",
        "tokens: {}",
        "tokens: [{}]",
        "tokens: [{{name: '{}!'}}]",
        "tokens: [{{name: a, {}: b}}]",
        "tokens: [{{name: a, token: {}}}]",
        "version: {}",
        "scopes: {{a: {}}}",
        "scopes: !!python/{} x",
        "scopes: *{}",
        "scopes: [{}",
        'scopes: "{}\n',
    ],
)
def test_a_secret_in_the_policy_file_is_refused_and_not_repeated(run_alone: Run, line: str) -> None:
    head = "" if line.startswith("version") else "version: 1\n"
    (run_alone.directory / ".glcheck.yml").write_text(head + line.format(SECRET) + "\n")
    for command in (("check", "--format", "json"), ("config",)):
        result = run_alone(*command, "-v", env={"GITLAB_TOKEN": "glpat-aaaaaaaaaaaaaaaaaaaa"})
        assert result.code in ({2, 10} if line == "token-file: {}" else {2}), result
        assert "Traceback" not in result.err
        assert not leaks(result.out + result.err, [SECRET])


@pytest.mark.parametrize(
    "name",
    ["TOKEN_ENV", "MIN_VALIDITY", "FORMAT", "ROLE", "KIND", "ALLOW", "URL", "REPORT", "ALLOW_HTTP"],
)
def test_a_secret_in_a_variable_for_settings_is_not_repeated(run_alone: Run, name: str) -> None:
    result = run_alone("-v", env={f"GLCHECK_{name}": SECRET})
    assert result.code == 2
    assert not leaks(result.out + result.err, [SECRET])


def test_a_name_that_equals_the_token_is_masked(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(SECRET, name=SECRET, scopes=("api", SECRET)))
    for kind in FORMATS:
        result = run("--format", kind, "--scopes", "sudo", "--project", f"a/{SECRET}", token=SECRET)
        assert result.code != 70
        assert not leaks(result.out + result.err, [SECRET]), kind


# To one host, in a header, and nowhere else


def test_the_token_is_in_a_header_and_not_in_the_address(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(SECRET))
    run(
        "--scopes", "api", "--project", "a/b", "--role", "owner", "--kind", "personal", token=SECRET
    )
    assert gitlab.requests
    for request in gitlab.requests:
        carried = [value for value in request.headers.values() if SECRET in value]
        assert len(carried) == 1
        assert not leaks(request.path, [SECRET])


def test_a_redirect_gets_no_request_let_alone_the_token(run: Run, gitlab: GitLab) -> None:
    with GitLab() as other:
        other.add(Token(SECRET))
        tokens = []
        for status in (300, 301, 302, 303, 305, 307, 308):
            where = other.url + "/api/v4/personal_access_tokens/self"
            gitlab.always(
                Answer(status, "", (("Location", where), ("Refresh", f"0; url={where}"))),
                f"/r{status}/",
            )
            tokens.append(
                {
                    "name": f"r{status}",
                    "url": f"{gitlab.url}/r{status}",
                    "token-env": "GITLAB_TOKEN",
                }
            )
        (run.directory / ".glcheck.yml").write_text(json.dumps({"version": 1, "tokens": tokens}))
        result = run.json(token=SECRET)
        assert {token["category"] for token in result.report["tokens"]} == {"unexpected-answer"}
        assert len(gitlab.requests) == len(tokens)
        assert other.requests == []
        for token in result.report["tokens"]:
            assert other.url in json.dumps(token["problems"])


def test_a_netrc_neither_replaces_the_token_nor_is_sent(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    netrc = "default login fromnetrc password Vt3Netrc9Qx7LmBw\nmachine 127.0.0.1 login u password Vt3Netrc9Qx7LmBw\n"
    for path in (tmp_path / "home" / ".netrc", tmp_path / "elsewhere"):
        path.write_text(netrc)
        path.chmod(0o600)
    for env in ({}, {"NETRC": str(tmp_path / "elsewhere")}):
        result = run("-v", token=SECRET, env=env)
        assert result.code == 0
        assert not leaks(result.out + result.err, ["Vt3Netrc9Qx7LmBw"])
    for request in gitlab.requests:
        assert SECRET in json.dumps(request.headers)
        assert not leaks(json.dumps(request.headers), ["Vt3Netrc9Qx7LmBw"])


def test_credentials_in_a_netrc_do_not_replace_a_bearer_token(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    oauth = "0123456789abcdef" * 4
    gitlab.add(Token(oauth, kind="oauth"))
    (tmp_path / "home" / ".netrc").write_text(
        "machine 127.0.0.1 login u password Vt3Netrc9Qx7LmBw\n"
    )
    assert run(token=oauth).code == 0
    assert [request.headers["authorization"] for request in gitlab.requests] == [f"Bearer {oauth}"]


def test_credentials_in_url_are_not_shown_nor_sent(gitlab: GitLab, run: Run) -> None:
    gitlab.add(Token(SECRET))
    password = "Vt3Addr9Qx7LmBw"
    host = urlsplit(gitlab.url).netloc
    for env in (
        {"GITLAB_URL": f"http://oauth2:{password}@{host}"},
        {"CI_API_V4_URL": f"http://u:{password}@{host}/api/v4"},
    ):
        for kind in FORMATS:
            result = run("-v", "--format", kind, "--scopes", "sudo", token=SECRET, env=env)
            assert result.code in {2, 21}
            assert not leaks(result.out + result.err, [password, SECRET])
    assert not leaks(json.dumps([request.headers for request in gitlab.requests]), [password])


@pytest.mark.parametrize("kind", FORMATS)
def test_credentials_of_a_proxy_are_not_shown(run_alone: Run, kind: str) -> None:
    password = "Vt3Proxy9Qx7LmBw"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]  # nobody will listen there once this is closed
    proxy = f"http://proxyuser:{password}@127.0.0.1:{port}"
    env = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "ALL_PROXY": proxy, "GLCHECK_MAX_WAIT": "1s"}
    result = run_alone(
        "-v", "--format", kind, "--url", "https://gitlab.example.com", token=SECRET, env=env
    )
    assert result.code == 30
    assert "Traceback" not in result.err
    assert not leaks(result.out + result.err, [password, SECRET])
    assert "proxyuser" not in result.out + result.err


def test_a_proxy_that_refuses_gets_no_token_and_cannot_bring_its_password_out(
    run_alone: Run,
) -> None:
    password = "Vt3Proxy9Qx7LmBw"
    with GitLab() as proxy:
        address = f"http://proxyuser:{password}@{urlsplit(proxy.url).netloc}"
        env = {"HTTPS_PROXY": address, "GLCHECK_MAX_WAIT": "1s"}
        result = run_alone.json("-v", "--url", "https://gitlab.example.com", token=SECRET, env=env)
    assert result.code == 30
    assert not leaks(result.out + result.err, [password, SECRET])
    assert not leaks(json.dumps([request.headers for request in proxy.requests]), [SECRET])


def test_a_found_policy_cannot_send_the_token_elsewhere(run_alone: Run) -> None:
    with GitLab() as elsewhere:
        port = urlsplit(elsewhere.url).port
        for host in (
            f"http://127.0.0.1.example.com:{port}",
            f"https://localhost.example.com:{port}",
            "https://gitlab.com.evil.example",
        ):
            (run_alone.directory / ".glcheck.yml").write_text(f"version: 1\nurl: {host}\n")
            result = run_alone.json(token=SECRET)
            assert (result.code, result.report["tokens"]) == (2, [])
            assert not leaks(result.out + result.err, [SECRET])
        assert elsewhere.requests == []


# While it runs, and after


def processes(root: int) -> list[int]:
    """Return a process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize("source", ["variable", "file", "stdin"])
def test_the_token_is_in_no_command_line_and_no_other_environment(
    gitlab: GitLab, run: Run, tmp_path: Path, source: str
) -> None:
    gitlab.add(Token(SECRET))
    gitlab.delay = 0.4
    (tmp_path / "secret").write_text(SECRET)
    sources = {
        "variable": (),
        "file": ("--token-file", str(tmp_path / "secret")),
        "stdin": ("--token-file", "-"),
    }
    env = {"PATH": os.defpath, "HOME": str(tmp_path / "home"), "GITLAB_URL": gitlab.url}
    env |= {"GITLAB_TOKEN": SECRET} if source == "variable" else {}
    with subprocess.Popen(
        [COMMAND, *sources[source]],
        env=env,
        cwd=run.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(SECRET)
        process.stdin.close()
        process.stdin = None
        end = time.monotonic() + 20
        while not gitlab.requests:
            assert time.monotonic() < end
            time.sleep(0.01)
        tree = processes(process.pid)
        lines = b"\0".join((Path("/proc") / str(pid) / "cmdline").read_bytes() for pid in tree)
        others = tree[1:] if source == "variable" else tree
        environments = b"\0".join(
            (Path("/proc") / str(pid) / "environ").read_bytes() for pid in others
        )
        out, err = process.communicate(timeout=30)
    assert b"glcheck" in lines
    assert not leaks((lines + b"\n" + environments).decode("latin-1"), [SECRET])
    assert (process.returncode, leaks(out + err, [SECRET])) == (0, [])


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs /proc")
def test_a_crash_leaves_no_core(gitlab: GitLab, run: Run) -> None:
    gitlab.silent.add(gitlab.add(Token(SECRET)))
    env = {
        "PATH": os.defpath,
        "HOME": str(run.directory),
        "GITLAB_URL": gitlab.url,
        "GITLAB_TOKEN": SECRET,
    }
    allowing = ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)" && exec "$@"', "sh", COMMAND]
    with subprocess.Popen(allowing, env=env, cwd=run.directory) as process:
        end = time.monotonic() + 20
        while not gitlab.requests:
            assert time.monotonic() < end
            time.sleep(0.01)
        limits = (Path("/proc") / str(process.pid) / "limits").read_text()
        process.send_signal(signal.SIGABRT)
        process.wait(timeout=20)
    assert process.returncode == -signal.SIGABRT
    # Linux takes 1 byte for "none", also where a program would take the core.
    assert re.search(r"^Max core file size +1 +1 ", limits, re.MULTILINE)
    assert [path.name for path in run.directory.iterdir()] == []


def test_reading_a_token_leaves_no_copy_anywhere(gitlab: GitLab, run: Run, tmp_path: Path) -> None:
    gitlab.add(Token(SECRET, scopes=("read_api",)))
    secret, temporary = tmp_path / "secret", tmp_path / "tmp"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o400)
    temporary.mkdir()
    before = secret.stat()
    reports = [part for kind in FORMATS for part in ("--report", f"{kind}={kind}.out")]
    env = {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    result = run("-v", "--token-file", str(secret), "--scopes", "api", *reports, env=env)
    assert result.code == 21
    after = secret.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_size) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_size,
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != secret]
    assert sorted(path.name for path in files) == sorted(f"{kind}.out" for kind in FORMATS)
    for path in files:
        assert not leaks(path.read_bytes().decode("latin-1"), [SECRET])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_report_that_cannot_be_written_shows_no_secret_and_dies_with_a_code_of_its_own(
    gitlab: GitLab, run: Run, tmp_path: Path, kind: str
) -> None:
    gitlab.add(Token(SECRET))
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "GITLAB_URL": gitlab.url,
        "GITLAB_TOKEN": SECRET,
    }
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, "-v", "--format", kind],
            env=env,
            cwd=run.directory,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in set(CODES.values()) - {0}
    assert not leaks(done.stderr, [SECRET])
    result = run("-v", "--format", kind, "--output", "/dev/full", token=SECRET)
    assert result.code in set(CODES.values()) - {0}
    assert not leaks(result.out + result.err, [SECRET])


def test_an_internal_error_shows_no_secret_and_how_to_report_it(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    library = tmp_path / "broken" / "requests"
    library.mkdir(parents=True)
    # A library that fails in a way that nobody expects, with the secret in its message and its variables.
    (library / "__init__.py").write_text(
        "import os\nsecret = os.environ['GITLAB_TOKEN']\nraise ZeroDivisionError(f'{secret!r} is no divisor')\n"
    )
    for kind in FORMATS:
        for more in ((), ("-v",)):
            result = run(
                "--format", kind, *more, token=SECRET, env={"PYTHONPATH": str(library.parent)}
            )
            assert result.code == 70, result
            assert "internal-error" in result.out + result.err
            assert ('File "' in result.out + result.err) == bool(more)
            assert not leaks(result.out + result.err, [SECRET])


def test_debug_logging_of_the_http_libraries_is_masked(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import http.client, logging\nlogging.basicConfig(level=logging.DEBUG)\n"
        "http.client.HTTPConnection.debuglevel = 1\n"
    )
    result = run("-v", token=SECRET, env={"PYTHONPATH": str(tmp_path / "site")})
    assert result.code == 0
    assert not leaks(result.out + result.err, [SECRET])


def test_the_exit_code_of_an_interrupted_run_and_its_output_hold_no_secret(
    gitlab: GitLab, run: Run, tmp_path: Path
) -> None:
    gitlab.add(Token(SECRET))
    gitlab.delay = 20
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "GITLAB_URL": gitlab.url,
        "GITLAB_TOKEN": SECRET,
    }
    with subprocess.Popen(
        [COMMAND, "-v"],
        env=env,
        cwd=run.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + 20
        while not gitlab.requests:
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(2)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not leaks(out + err, [SECRET])


def test_a_token_in_the_settings_is_masked_in_the_requests_that_verbose_shows(
    gitlab: GitLab, run: Run
) -> None:
    token = "ysR2bXk3Qz7LmNpT4vWc"
    gitlab.add(Token(token))
    result = run("-v", "--project", f"group/{token}", token=token)
    assert "GET " in result.err
    assert token not in result.out + result.err
