"""A server that says the secret: encoded, split, cut, at the limits of what is read and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from kit.any_answer import BLOCKED, in_a_header, refusal
from kit.command import Run
from kit.gitlab_server import Answer, GitLab, Token
from kit.leaks import ENCODINGS, SECRET, SPLITS, leaks
from kit.policies import describe
from kit.scripted import Scripted
from kit.shown import DEFINITE, show, tell

Says = Callable[[str], Answer]  # an answer that says a text somewhere
Way = Callable[[str], str]  # the text that holds a token in some way


def redirect(form: str, said: str) -> Answer:
    return Answer(302, "", (("Location", form.replace("{}", in_a_header(said))),))


def raw(form: str) -> Says:
    return lambda said: Answer(raw=form.replace("{}", said).encode())


PLACES: dict[str, Says] = {  # that a report may quote
    "name": lambda said: Answer(200, describe(scopes=["read_api"], name=f"my {said}")),
    "scope": lambda said: Answer(200, describe(scopes=["read_api", f"x{said}"], name=said)),
    "account": lambda said: Answer(403, {"message": BLOCKED + said}),
    "permission": lambda said: Answer(403, refusal(f"[{said}]", "insufficient_granular_scope")),
    "proof": lambda said: Answer(401, refusal(f"DPoP validation error: {said}", "dpop_error")),
    "another error": lambda said: Answer(401, refusal(said, said)),
    "another message": lambda said: Answer(404, {"message": said}, reason=in_a_header(said)),
    "title": lambda said: Answer(
        200,
        f"<html><title>{said}</title>",
        tuple((name, f"a/{in_a_header(said)}") for name in ("Server", "Content-Type")),
    ),
    "host": lambda said: redirect("https://{}/", said),
    "path": lambda said: redirect("https://evil.example/{}?{}#{}", said),
    "port": lambda said: redirect("https://u:{}@evil.example:{}/", said),
    "scheme": lambda said: redirect("{}://evil.example/", said),
}


def said(says: Says, ways: Mapping[str, Way], name: str = "{}") -> dict[str, Says]:
    """Each of these ways of an answer to say a token."""
    return {
        name.format(way): lambda token, way=way: says(ways[way](token))  # type: ignore[misc]
        for way in ways
    }


@pytest.mark.parametrize("ways", [ENCODINGS, SPLITS], ids=["encoded", "split"])
def test_a_secret_that_the_server_says_in_any_way_is_masked_in_every_place(
    scripted: Scripted, run: Run, ways: dict[str, Way]
) -> None:
    cases: dict[str, Says] = {}
    for place, says in PLACES.items():
        cases |= said(says, ways, f"{place}: {{}}")
    assert not tell(scripted, run, cases, max_wait="40s").leaks(whole=ways is SPLITS)


LENGTHS = (*range(0, 560, 9), *range(960, 1040, 9), *range(4060, 4100, 9))
CUT = {f"{length}": f"{'qxz' * (length // 3)}{{}}{'qxz' * 9}".format for length in LENGTHS}
LIMITS = (256, 1000, 1024, 4096, 10_000, 2**16, 100_000, 2**17, 500_000)
BEHIND = {
    f"{filler!r} {limit} {seen}": f"{filler * (limit - seen)}{{}}".format
    for filler in " \0\n" for limit in LIMITS for seen in (15, 20, 25)
}  # fmt: skip
HEAD = '{{"message":"' + BLOCKED
LAST = {f"{n}": f'{HEAD.ljust(2**20 + 1 - n, "a")}{{}}"}}}}'.format for n in range(0, 26, 6)}
PARTLY: dict[str, tuple[Says, Mapping[str, Way]]] = {
    "cut in a message": (PLACES["account"], CUT),
    "cut in a name and a scope": (PLACES["scope"], CUT),
    "cut in a host": (PLACES["host"], CUT),
    "behind much that is not shown": (lambda text: Answer(200, describe(name=text)), BEHIND),
    "at the limit of what is read": (
        lambda text: Answer(403, text, (("Content-Type", "application/json"),)), LAST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", PARTLY)
def test_a_secret_is_not_shown_in_part(scripted: Scripted, run: Run, how: str) -> None:
    assert not tell(scripted, run, said(*PARTLY[how]), max_wait="40s").leaks()


RETRIED: tuple[Says, ...] = (  # after which GitLab is asked again, or which are not HTTP
    lambda said: Answer(429, said, (("Retry-After", said), ("RateLimit-Name", said)), reason=said),
    lambda said: Answer(503, f"<p>{said}</p>", (("Retry-After", said),), reason=said),
    raw("HTTP/1.1 nonsense {}\r\n{}: {}\r\n\r\n{}"),
    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n{}"),
    raw("HTTP/1.1 200 {}\r\nContent-Length: {}\r\n\r\n{}"),
    lambda said: Answer(200, {"message": said}, (("Content-Encoding", "gzip"),)),
    raw("{}\r\n\r\n"),
)


def test_answers_that_are_asked_for_again_bring_no_secret_out(scripted: Scripted, run: Run) -> None:
    cases: dict[str, Says] = {}
    for number, (how, way) in enumerate(ENCODINGS.items()):
        cases |= said(RETRIED[number % len(RETRIED)], {how: way})
    shown = tell(scripted, run, cases, max_wait="3s")
    assert not shown.leaks()
    assert not DEFINITE & set(shown.verdicts.values())


def test_a_token_that_is_a_name_a_scope_and_a_setting_is_masked(gitlab: GitLab, run: Run) -> None:
    token = gitlab.add(Token("ysR2bXk3Qz7LmNpT4vWc", name=SECRET, scopes=("api", SECRET)))
    gitlab.add(Token(SECRET, name=SECRET, scopes=("api", SECRET)))
    for value, args in ((SECRET, ()), (token, ("--project", f"group/{token}"))):
        shown = show(run, "--scopes", "sudo", *args, token=value)
        assert (shown.result.code, "GET " in shown.result.err) == (21, True)
        assert not leaks(shown.text, [value])
