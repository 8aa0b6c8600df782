"""Whatever a server answers, no secret comes out, and no verdict that GitLab did not give."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit.any_answer import BLOCKED, EXPIRED, INVALID, REVOKED, drawn, refusal
from kit.command import Run
from kit.gitlab_server import Answer, in_days
from kit.leaks import ECHOES, ENCODINGS, SECRET, SPLITS, leaks, made_up
from kit.policies import describe
from kit.scripted import Scripted, presented
from kit.shown import DEFINITE, FORMATS, ask_all, calm, policy_of, tell

PARTS, ANSWERS = 5, 1000


@pytest.mark.parametrize("encoding", ECHOES)
def test_the_search_of_these_tests_finds_a_secret_in(encoding: str) -> None:
    secret = "Zq7/Wm3+Xv9\"Kb2&Rt5<Yp8'Nd%41\\x"
    told = ECHOES[encoding](secret)
    for around in ("{}", "error: GitLab says: {}, sorry", "<td>{}</td>", "https://h/{}?a"):
        found = leaks(around.format(told), [secret, "glpat-somethingElse123"], whole=True)
        assert [name for name, _ in found] == [secret]
    if encoding in ENCODINGS:
        assert leaks(told, [secret])
        assert leaks(told[: len(told) * 3 // 4], [secret])


def test_the_search_of_these_tests_finds_a_cut_secret_and_nothing_else() -> None:
    assert leaks(f"says {SECRET[:15]}…", [SECRET])
    assert leaks(f"…{SECRET[-8:]} says", [SECRET])
    assert not leaks("glpat-… " + "The token in GITLAB_TOKEN is unknown. " * 3, [SECRET])


def verdicts_allowed(answer: Answer) -> set[str]:
    """Which of the definite verdicts an answer may lead to, by what GitLab's source says."""
    body = answer.body
    if not isinstance(body, dict):
        return set()
    if answer.status == 401:
        known = {INVALID: "token-invalid", EXPIRED: "token-expired", REVOKED: "token-revoked"}
        said = {verdict for text, verdict in known.items() if body == refusal(text)}
        return said or ({"token-invalid"} if body == {"message": "401 Unauthorized"} else set())
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


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_answer_of_a_thousand_brings_a_secret_out_or_a_false_verdict(
    scripted: Scripted, run: Run, part: int, tmp_path: Path
) -> None:
    scene = drawn(part, ANSWERS // PARTS)
    scripted.answers = {token: answer for token, (_, answer) in scene.items()}
    shown = ask_all(scripted, run, {token: token for token in scene})
    split = {token for token, (how, _) in scene.items() if how in SPLITS}
    assert not shown.leaks(scene.keys() - split)
    assert not shown.leaks(split, whole=True)
    reached = {presented(request) for request in scripted.requests}
    assert len(reached & scene.keys()) > len(scene) // 4
    for token, verdict in shown.verdicts.items():
        if token in reached and verdict in DEFINITE:
            assert verdict in verdicts_allowed(scene[token][1]), (verdict, scene[token])
        assert token in reached or verdict != "ok"
    assert len(DEFINITE & set(shown.verdicts.values())) > 1  # both kinds of answers were drawn
    # What a hook remembers of the same, and says.
    hooked = run("hook", "-v", "--max-wait", "60s", env=policy_of(scripted, run, scene))
    home = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    remembered = "\n".join(f"{path} {path.read_text()}" for path in home)
    assert not leaks(f"{hooked.out}{hooked.err}{remembered}", scene.keys() - split)


JSON = (("Content-Type", "application/json"),)
ROT13 = (("Content-Type", "application/json; charset=rot13"),)


def described(expires_at: object = None, date: str = "", **more: object) -> Answer:
    body = {"scopes": ["api"], "expires_at": expires_at, **more}
    return Answer(200, body, (("Date", date),) if date else ())


# fmt: off
ODD = {  # on which no verdict can be founded
    "deep": Answer(200, "[" * 200_000, JSON),
    "a number of many digits": Answer(200, '{"id":' + "9" * 9000 + "}", JSON),
    "not a number": Answer(200, '{"scopes":["api"],"expires_at":NaN,"id":Infinity}', JSON),
    "half a character": Answer(403, f'{{"message":"{BLOCKED}\\ud800"}}', JSON),
    "half a character as name": described(scopes=["\udfff"], name="\ud800"),
    "no such day": described("2027-02-30"),
    "other digits": described("\u0662\u0660\u0662\u0667-\u0660\u0662-\u0660\u0663"),
    "long scope": described(scopes=["s" * 50_000]),
    "scopes twice": Answer(200, '{"scopes":[],"scopes":{"api":1},"expires_at":null}', JSON),
    "too much": Answer(200, "a" * 3_000_000),
    "bad gzip": Answer(200, b"\x1f\x8b\x08nonsense", (("Content-Encoding", "gzip"),)),
    "bad charset": Answer(200, {"scopes": ["api"]}, ROT13),
    "empty": Answer(200, b""),
    "redirect to nowhere": Answer(302, ""),
    **{f"redirect to {where}": Answer(302, "", (("Location", where),))
       for where in ("https://[::1/%zz", "https://host:99999999/", "javascript:alert(1)")},
}
ODD_BUT_SAID = {  # what GitLab is asked about can be read
    "byte order mark": Answer(401, '\ufeff{"message":"401 Unauthorized"}', JSON),
    "UTF-16": Answer(401, '{"message":"401 Unauthorized"}'.encode("utf-16"), JSON),
    "end of time": described("9999-12-31", created_at="0000-00-00"),
    "beginning of time": described("0001-01-01"),
    "odd creation": described("2999-01-01", created_at={"a": [1]}),
    "long creation": described("2999-01-01", created_at="9" * 5000),
    "creation later than expiry": described("2999-01-01", created_at="2999-04-01"),
    "odd Date": described(date="Mon, 99 Foo 99999 99:99:99 GMT"),
    "Date before time": described("2999-01-01", "Mon, 01 Jan 0001 00:00:00 +2359"),
    "Date after time": described("2999-01-01", "Fri, 31 Dec 9999 23:59:59 -2359"),
    "many scopes": described(scopes=["api", *(f"scope{n}" for n in range(2_000))]),
    "numbers as text": described(id="1", user_id="x", revoked="no"),
    "another script": described(scopes=["api", "\xe9"], name="\u540d\u524d \xe9 \U0001f511"),
}
# fmt: on


def test_odd_answers_are_no_bugs_of_glcheck(scripted: Scripted, run: Run) -> None:
    shown = tell(scripted, run, ODD | ODD_BUT_SAID, max_wait="3s")
    assert not shown.leaks()
    assert not [name for name in ODD if shown.verdicts[name] in DEFINITE]


NARROW = (
    {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


@pytest.mark.parametrize("env", NARROW, ids=["encoding", "locale"])
@pytest.mark.parametrize("form", FORMATS)
def test_narrow_encodings_keep_the_verdict_and_do_not_reach_files(
    scripted: Scripted, run: Run, form: str, env: dict[str, str]
) -> None:
    name = "Überprüfung \u540d\u524d 🔑 \u200e"
    other = Answer(200, describe(scopes=["sudo", "é"], name=name))
    answers = {name: ODD[name] for name in ODD if "half" in name} | {"other script": other}
    scripted.answers = dict(zip(map(made_up, range(3)), answers.values(), strict=True))
    env = policy_of(scripted, run, scripted.answers) | env
    result = run("-v", "--format", form, "--report", "json=json", env=env)
    assert (result.code, bool(result.out), calm(result)) == (15, True, True)
    assert not leaks(result.out + result.err, scripted.answers)
    tokens = json.loads((run.directory / "json").read_text("utf-8"))["tokens"]
    verdicts = ["account-restricted", "scope-missing", "scope-missing"]
    assert [token["category"] for token in tokens] == verdicts
    assert tokens[2]["token"]["name"] == name.removesuffix(" \u200e")
