"""`glcheck hook`: a push with a bad token stops, a push without a network does not, a success is remembered."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest
from kit.command import COMMAND, Result, Run
from kit.gitlab_server import Answer, GitLab, Group, Project, Token, in_days
from kit.policies import GOOD, SELF, Settings, describe, secret

from glcheck.hook.memory import place

SCHEMA = Path(__file__).parent.parent / "docs" / "schema" / "report-v1.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
HOUR = 3600
OAUTH = "0123456789abcdef" * 4
JOB = "glcbt-64_3fZ1p5y4XWcCvMGVlfak"
TEXT = (("Content-Type", "text/plain"),)
LOGIN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Company login</body></html>"
REFUSED = "http://127.0.0.1:1"
ELSEWHERE = "https://github.com/group/app.git"
PASSWORD = "hunter2-of-the-address"

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such files, owners or modes"
)


class Entry(NamedTuple):
    """A remembered success as it lies on the disk, with its two moments in seconds since 1970."""

    path: Path
    content: bytes
    written: int
    until: int

    def shift(self, written: int = 0, until: int = 0) -> None:
        """Move its moments by so many seconds."""
        entry = f"{self.path.name} {self.written + written} {self.until + until}"
        self.path.write_text(f"{entry} {zlib.crc32(entry.encode())}")


class Hook:
    """Runs `glcheck hook` against a GitLab that knows the token in GITLAB_TOKEN, with an empty memory."""

    def __init__(self, run: Run, gitlab: GitLab) -> None:
        gitlab.add(Token(GOOD))
        self.run, self.gitlab, self.requests = run, gitlab, 0
        self.home = run.directory.parent / "home"
        self.environ = {"GITLAB_TOKEN": GOOD, "LOCALAPPDATA": str(self.home)}
        cache = {"win32": "", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
        self.store = self.home / cache / "glcheck" / "hook"

    @property
    def environ_alone(self) -> dict[str, str]:
        """The environment of a process that is not started by `run`."""
        windows = {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}
        own = {"PATH": os.defpath, "HOME": str(self.home), "GITLAB_URL": self.gitlab.url}
        return {**windows, **own, **self.environ}

    def __call__(self, *args: str, env: Mapping[str, str] | None = None, **options: Any) -> Result:
        """Run it; `requests` becomes the number of requests that came meanwhile."""
        before = len(self.gitlab.requests)
        result = self.run("hook", *args, env={**self.environ, **(env or {})}, **options)
        self.requests = len(self.gitlab.requests) - before
        assert "Traceback" not in result.out + result.err
        for value in (GOOD, PASSWORD, *(env or {}).values()):
            if len(value) >= 20 and value.startswith(("glpat-", "glcbt-", "ghp_", PASSWORD)):
                assert value.strip() not in result.out + result.err
        return result

    def json(self, *args: str, **options: Any) -> Result:
        """The same with the report as JSON, which must agree with itself."""
        result = self(*args, "--format", "json", **options)
        report = result.report
        VALIDATOR.validate(report)
        assert (report["exit_code"], report["ok"]) == (result.code, result.code == 0)
        assert report["ok"] == (report["category"] == "ok")
        assert report["ok"] == (
            not report["problems"] and all(token["ok"] for token in report["tokens"])
        )
        for token in report["tokens"]:
            errors = [problem for problem in token["problems"] if problem["severity"] == "error"]
            assert token["ok"] == (not errors) == (token["category"] == "ok")
        return result

    def asks(self, *args: str, **options: Any) -> bool:
        """Run it on tokens that are in order; tell whether it asked, and hold the report against that."""
        result = self.json(*args, **options)
        assert (result.code, result.report["category"], result.err) == (0, "ok", "")
        for token in result.report["tokens"]:
            assert (token["token"] is None) == (token["requests"] == 0)
            assert token["requests"] or (token["problems"] == [] and token["notes"]), token
        assert sum(token["requests"] for token in result.report["tokens"]) == self.requests
        return self.requests > 0

    def concerns(self, *remote: str, url: str, env: Mapping[str, str] | None = None) -> bool:
        """Tell whether the push concerns a GitLab; the token is missing, so that nothing is ever sent."""
        result = self.json("--url", url, *remote, env={"GITLAB_TOKEN": "", **(env or {})})
        assert (result.code, self.requests) == (0, 0)
        return any(token["problems"] for token in result.report["tokens"])

    def policy(self, tokens: Mapping[str, Settings] | None, **top: object) -> Callable[..., Result]:
        """Write a policy; return how to run the hook with it, the `secret` of each token in a variable."""
        variables, entries = {}, []
        for number, (name, settings) in enumerate((tokens or {}).items()):
            variables[f"TOKEN_{number}"] = str(settings.get("secret", GOOD))
            own = {key: value for key, value in settings.items() if key != "secret"}
            entries.append({"name": name, "token-env": f"TOKEN_{number}", **own})
        document = {"version": 1, **top, **({"tokens": entries} if tokens is not None else {})}
        (self.run.directory / "policy.yml").write_text(json.dumps(document), "utf-8")

        def hook(*args: str, text: bool = False, env: Mapping[str, str] | None = None) -> Result:
            run = self.__call__ if text else self.json
            return run("--config", "policy.yml", *args, env={**variables, **(env or {})})

        return hook

    @property
    def files(self) -> list[Path]:
        """All files below the place of remembered successes, whatever they are."""
        return (
            sorted(path for path in self.store.rglob("*") if not path.is_dir())
            if self.store.exists()
            else []
        )

    @property
    def entries(self) -> list[Entry]:
        """What is remembered."""
        found = []
        for path in self.files:
            content = path.read_bytes()
            written, until = re.findall(rb"\b\d{10}\b", content)[:2]
            found.append(Entry(path, content, int(written), int(until)))
        return found

    @property
    def entry(self) -> Entry:
        """The only success that is remembered."""
        (entry,) = self.entries
        return entry

    def forget(self) -> None:
        """Remove everything that is remembered."""
        shutil.rmtree(self.store, ignore_errors=True)


@pytest.fixture
def hook(run: Run, gitlab: GitLab) -> Hook:
    """The hook, with GITLAB_URL and GITLAB_TOKEN set and nothing remembered."""
    return Hook(run, gitlab)


def asked(result: Result) -> set[str]:
    """The names of the tokens that were asked about."""
    return {token["name"] for token in result.report["tokens"] if token["requests"]}


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    """The report on each token."""
    return {token["name"]: token for token in result.report["tokens"]}


def lines(result: Result) -> list[str]:
    """The lines of the report as text; nothing else was printed."""
    assert result.err == ""
    return result.out.splitlines()


# A success is remembered


def test_a_second_push_asks_nothing_and_says_so(hook: Hook) -> None:
    first = hook()
    assert (first.code, hook.requests, first.err) == (0, 1, "")
    assert first.out.startswith("ok GITLAB_TOKEN: ")
    assert "not asked" not in first.out
    second = hook()
    assert (second.code, hook.requests, second.err) == (0, 0, "")
    assert re.fullmatch(r"not asked GITLAB_TOKEN: It was in order \d seconds? ago\.\n", second.out)
    assert (hook("-q"), hook.requests) == (Result(0, "", ""), 0)
    token = hook.json().token
    assert (token["ok"], token["category"], token["token"], token["problems"]) == (
        True,
        "ok",
        None,
        [],
    )
    assert (token["requests"], len(token["notes"])) == (0, 1)


def test_a_check_neither_remembers_nor_relies_on_what_is_remembered(hook: Hook) -> None:
    assert hook.run("check", env=hook.environ).code == 0
    assert hook.files == []
    assert hook.asks()
    before = len(hook.gitlab.requests)
    assert hook.run("check", env=hook.environ).code == 0
    assert len(hook.gitlab.requests) == before + 1


def test_a_failure_is_asked_again(hook: Hook) -> None:
    gitlab = hook.gitlab
    short = gitlab.add(Token(secret(3), expires_at=in_days(3)))
    failures: dict[int, tuple[str, tuple[str, ...]]] = {
        12: (secret(1), ()),
        13: (gitlab.add(Token(secret(2), expires_at=in_days(0))), ()),
        14: (gitlab.add(Token(secret(4), revoked=True)), ()),
        20: (short, ("--min-validity", "30d")),
        21: (GOOD, ("--scopes", "sudo")),
        24: (GOOD, ("--project", "group/none")),
    }
    for code, (value, args) in failures.items():
        for _ in range(2):
            result = hook.json(*args, env={"GITLAB_TOKEN": value})
            assert (result.code, hook.requests > 0) == (code, True)
            assert hook.files == []


def test_a_success_with_a_warning_is_asked_again(hook: Hook) -> None:
    soon = hook.gitlab.add(Token(secret(1), expires_at=in_days(3)))
    tokens: dict[str, Settings] = {
        "soon": {"secret": soon},
        "line end": {"secret": hook.gitlab.add(Token(secret(2))) + "\n"},
        "allowed": {
            "secret": hook.gitlab.add(Token(secret(3))),
            "scopes": ["sudo"],
            "allow": ["scope-missing"],
        },
        "clean": {},
    }
    run = hook.policy(tokens)
    first, second = run(), run()
    for result, names in ((first, set(tokens)), (second, set(tokens) - {"clean"})):
        assert (result.code, asked(result)) == (0, names)
        warned = {name for name, token in by_name(result).items() if token["problems"]}
        assert warned == set(tokens) - {"clean"}
    assert len(hook.files) == 1


def test_a_job_token_is_asked_again(hook: Hook) -> None:
    env = {"GITLAB_TOKEN": hook.gitlab.add(Token(JOB, "job"))}
    assert [hook.asks(env=env) for _ in range(2)] == [True, True]
    assert hook.files == []


def test_a_role_and_a_kind_are_remembered_too(hook: Hook) -> None:
    hook.gitlab.add_project(Project("group/app", members={7: 40}))
    args = (
        "--project",
        "group/app",
        "--role",
        "maintainer",
        "--kind",
        "personal",
        "--scopes",
        "read_api",
    )
    assert hook.asks(*args)
    assert hook.requests >= 3
    assert not hook.asks(*args)


def test_whatever_changes_what_is_asked_is_asked_again(hook: Hook) -> None:
    for path in ("group/app", "group/other"):
        hook.gitlab.add_project(Project(path, members={7: 40}))
    hook.gitlab.add_group(Group("group", members={7: 40}))
    changes: list[tuple[str, ...]] = [
        (),
        ("--url", hook.gitlab.url.replace("127.0.0.1", "localhost")),
        ("--scopes", "api"),
        ("--scopes", "read_api"),
        ("--forbid-scopes", "sudo"),
        ("--min-validity", "1d"),
        ("--min-validity", "2d"),
        ("--warn-validity", "1d"),
        ("--max-validity", "200d"),
        ("--project", "group/app"),
        ("--project", "group/other"),
        ("--project", "group/app", "--role", "developer"),
        ("--project", "group/app", "--role", "maintainer"),
        ("--group", "group"),
        ("--kind", "personal"),
    ]
    assert [change for change in changes if not hook.asks(*change)] == []
    assert hook.asks(env={"GITLAB_TOKEN": hook.gitlab.add(Token(secret(1)))})
    assert len(hook.files) == len(changes) + 1
    # None of them took the place of another.
    assert not hook.asks()


def test_several_tokens_are_remembered_each_on_its_own(hook: Hook) -> None:
    values = {
        name: hook.gitlab.add(Token(secret(n), name=name))
        for n, name in enumerate(("one", "two", "three"))
    }
    run = hook.policy({name: {"secret": value} for name, value in values.items()})
    first = run("--only", "two")
    assert (first.code, asked(first), len(hook.files)) == (0, {"two"}, 1)
    second = run()
    assert (second.code, asked(second), len(hook.files)) == (0, {"one", "three"}, 3)
    assert asked(run()) == set()
    # The same token under another name in another file is the same question.
    assert not hook.asks(env={"GITLAB_TOKEN": values["one"]})


def test_any_failure_drops_all_that_is_remembered(hook: Hook) -> None:
    other = hook.gitlab.add(Token(secret(1)))
    failures: list[tuple[int, tuple[str, ...], str]] = [
        (21, ("--scopes", "sudo"), GOOD),
        (12, (), secret(9)),
        (11, (), f"ghp_{'a1B2' * 9}"),
    ]
    for code, args, value in failures:
        assert hook.asks()
        assert hook.asks(env={"GITLAB_TOKEN": other})
        assert len(hook.files) == 2
        assert hook.json(*args, env={"GITLAB_TOKEN": value}).code == code
        assert (code, hook.files) == (code, [])


def test_a_revocation_is_not_outlived_by_what_is_remembered(hook: Hook) -> None:
    (hook.store / "directory").mkdir(parents=True)
    (hook.store / "key of somebody").write_text("precious")
    value = hook.gitlab.add(Token(secret(1)))
    env = {"GITLAB_TOKEN": value}
    assert hook.asks(env=env)
    hook.gitlab.add(Token(value, revoked=True))
    assert hook("--scopes", "api", env=env).code == 14
    assert hook(env=env).code == 14
    assert sorted(path.name for path in hook.store.iterdir()) == ["directory", "key of somebody"]


def test_a_revocation_that_is_allowed_is_one_for_all_entries_of_the_token(hook: Hook) -> None:
    value = hook.gitlab.add(Token(secret(1)))
    run = hook.policy(
        {
            "a": {"secret": value},
            "b": {"secret": value, "allow": ["token-revoked"], "scopes": ["api"]},
        }
    )
    run("--only", "a")
    assert len(hook.files) == 1
    hook.gitlab.add(Token(value, revoked=True))
    assert run("--only", "b").code == 0
    assert hook.files == []


def test_a_line_break_that_a_token_got_is_told(hook: Hook) -> None:
    assert hook.asks()
    assert "line break" in hook(env={"GITLAB_TOKEN": GOOD + "\n"}).out


def test_a_token_in_place_of_the_host_is_not_shown(hook: Hook) -> None:
    for address in (f"{GOOD}:x@gitlab.com/group/app.git", f"https://{GOOD}/app", f"git@{GOOD}:app"):
        result = hook("origin", address, env={"GITLAB_TOKEN": ""})
        assert result.code == 0
        assert GOOD.lower() not in (result.out + result.err).lower()


def test_a_failure_beside_a_success_leaves_nothing_remembered(hook: Hook) -> None:
    tokens: dict[str, Settings] = {"good": {}, "bad": {"secret": secret(9)}}
    run = hook.policy(tokens)
    for _ in range(2):
        result = run()
        assert (result.code, asked(result), hook.files) == (12, set(tokens), [])


# For how long


def test_a_success_is_remembered_for_an_hour_unless_told_otherwise(hook: Hook) -> None:
    assert hook.asks()
    entry = hook.entry
    assert abs(entry.written - time.time()) < 60
    assert entry.until - entry.written <= HOUR
    entry.shift(-HOUR + 60, 0)
    assert not hook.asks()
    entry.shift(-HOUR - 1, 0)
    assert hook.asks()
    hook.entry.shift(-300, 0)
    assert not hook.asks("--hook-max-age", "10m")
    assert hook.asks("--hook-max-age", "4m")


def test_how_long_can_be_said_in_every_layer_and_0_remembers_nothing(hook: Hook) -> None:
    none = {"GLCHECK_HOOK_MAX_AGE": "0"}
    assert hook.asks("--hook-max-age", "0")
    assert [hook.asks(env=none) for _ in range(2)] == [True, True]
    policy = hook.policy(None, **{"hook-max-age": "0"})
    assert [bool(asked(policy())) for _ in range(2)] == [True, True]
    assert hook.files == []
    assert hook.asks("--hook-max-age", "1h", env=none)
    # What is remembered counts for nobody who wants nothing remembered.
    assert not hook.asks()
    assert hook.asks("--hook-max-age", "0")
    for args, env in (
        ((), {"GLCHECK_HOOK_MAX_AGE": "4m"}),
        (("--hook-max-age", "4m"), {"GLCHECK_HOOK_MAX_AGE": "1h"}),
    ):
        hook.forget()
        assert hook.asks()
        hook.entry.shift(-300, 0)
        assert hook.asks(*args, env=env)
    hook.forget()
    policy = hook.policy(None, **{"hook-max-age": "4m"})
    assert asked(policy())
    hook.entry.shift(-180, 0)
    assert not asked(policy())
    hook.entry.shift(-120, 0)
    assert asked(policy())


def test_a_longer_memory_is_as_long_as_asked_for(hook: Hook) -> None:
    assert hook.asks("--hook-max-age", "1d")
    hook.entry.shift(-20 * HOUR, 0)
    assert not hook.asks("--hook-max-age", "1d")
    assert hook.asks()


END = datetime(2031, 3, 1, tzinfo=timezone.utc)
NEVER_WARN = {"warn-validity": "0"}


class Moment(NamedTuple):
    """A token whose verdict changes in so many seconds."""

    seconds: int
    settings: Settings
    left: timedelta  # until it expires
    lifetime: int = 40  # in days


MOMENTS = {
    "far": Moment(HOUR, {}, timedelta(300), 400),
    "not yet too long": Moment(HOUR, {"max-validity": "21d"}, timedelta(20), 40),
    "expiry": Moment(1200, NEVER_WARN, timedelta(seconds=1200)),
    "expiry at once": Moment(30, NEVER_WARN, timedelta(seconds=30)),
    "min-validity": Moment(900, {**NEVER_WARN, "min-validity": "30m"}, timedelta(minutes=45)),
    "min-validity in days": Moment(
        90, {**NEVER_WARN, "min-validity": "2d"}, timedelta(days=2, seconds=90)
    ),
    "warn-validity": Moment(600, {"warn-validity": "60m"}, timedelta(minutes=70)),
    "both to warn first": Moment(
        660, {"warn-validity": "60m", "min-validity": "30m"}, timedelta(minutes=71)
    ),
    "both to fail first": Moment(
        720, {"warn-validity": "30m", "min-validity": "60m"}, timedelta(minutes=72)
    ),
    "quarter of the lifetime": Moment(300, {}, timedelta(days=10, seconds=300)),
    "14 days": Moment(420, {}, timedelta(days=14, seconds=420), 400),
}


def test_a_success_is_not_remembered_past_its_end_though_the_clocks_differ(hook: Hook) -> None:
    tokens: dict[str, Settings] = {}
    for number, (name, moment) in enumerate(MOMENTS.items()):
        born = f"{END - timedelta(days=moment.lifetime):%Y-%m-%d}T00:00:00.000Z"
        about = describe(expires_at=f"{END:%Y-%m-%d}", created_at=born)
        date = ("Date", format_datetime(END - moment.left, usegmt=True))
        hook.gitlab.always(Answer(200, about, (date,)), path=f"/at-{number}/")
        tokens[name] = {"url": f"{hook.gitlab.url}/at-{number}", **moment.settings}
    run = hook.policy(tokens)
    before = time.time()
    result = run()
    took = time.time() - before
    assert (result.code, asked(result), result.report["category"]) == (0, set(MOMENTS), "ok")
    assert [token["problems"] for token in result.report["tokens"]] == [[]] * len(MOMENTS)
    # The moments are those of this machine's clock, which alone is looked at later, right or wrong.
    entries = sorted(hook.entries, key=lambda entry: entry.until)
    assert all(before - 1 <= entry.written <= before + took for entry in entries)
    ends = [min(entry.until, entry.written + HOUR) - before for entry in entries]
    expected = sorted(moment.seconds for moment in MOMENTS.values())
    assert len(ends) == len(expected)
    late = [
        (end, wanted)
        for end, wanted in zip(ends, expected, strict=True)
        if not -5 < end - wanted <= took + 0.1
    ]
    assert late == []
    assert asked(run()) == set()


def test_a_success_is_not_remembered_past_its_end_by_the_second(hook: Hook) -> None:
    lives: dict[str, tuple[int, Settings]] = {
        "expiry": (1200, NEVER_WARN),
        "min-validity": (1800 + 900, {**NEVER_WARN, "min-validity": "30m"}),
        "warn-validity": (HOUR + 600, {"warn-validity": "60m"}),
        "two hours": (2 * HOUR, NEVER_WARN),
    }
    tokens: dict[str, Settings] = {}
    for number, (name, (left, settings)) in enumerate(lives.items()):
        value = hook.gitlab.add(Token(f"{number:064x}", "oauth", expires_in=left))
        tokens[name] = {"secret": value, **settings}
    run = hook.policy(tokens, **{"hook-max-age": "1d"})
    before = time.time()
    result = run()
    took = time.time() - before
    assert (result.code, asked(result)) == (0, set(tokens))
    ends = sorted(entry.until - before for entry in hook.entries)
    assert [round(end / 10) for end in ends] == [60, 90, 120, 720]
    assert all(
        end <= seconds + took + 0.1
        for end, seconds in zip(ends, (600, 900, 1200, 7200), strict=True)
    )


def test_a_token_without_an_end_is_remembered(hook: Hook) -> None:
    env = {"GITLAB_TOKEN": hook.gitlab.add(Token(secret(1), expires_at=None))}
    assert hook.asks(env=env)
    assert not hook.asks(env=env)


def test_a_token_that_expires_within_the_remembered_hour_stops_the_push(hook: Hook) -> None:
    hook.gitlab.add(Token(GOOD, expires_at=f"{END:%Y-%m-%d}"))
    hook.gitlab.date = END - timedelta(seconds=1)
    start = time.monotonic()
    assert hook.asks("--warn-validity", "0")
    hook.gitlab.date = END
    while (result := hook.json("--warn-validity", "0")).code == 0 and time.monotonic() - start < 10:
        assert hook.requests == 0
    assert (result.code, time.monotonic() - start < 10) == (13, True)
    assert hook.files == []


# What lies on the disk


def forms(value: str) -> Iterator[bytes]:
    """Ways in which a secret could be recognised by anybody who guesses it, or a part of it."""
    raw = value.encode()
    for part in (raw, raw.removeprefix(b"glpat-")):
        yield base64.b64encode(part).rstrip(b"=")
        yield part.hex().encode()
        for name in (
            "md5",
            "sha1",
            "sha224",
            "sha256",
            "sha384",
            "sha512",
            "blake2b",
            "blake2s",
            "sha3_256",
        ):
            digest = hashlib.new(name, part).digest()
            yield digest.hex().encode()[:12]
            yield base64.b64encode(digest)[:10]
            yield base64.urlsafe_b64encode(digest)[:10]
    bare = raw.removeprefix(b"glpat-")
    yield from (bare[start : start + 5] for start in range(len(bare) - 4))


def test_what_is_remembered_tells_nothing_of_the_secret(hook: Hook) -> None:
    result = hook("-v")
    assert GOOD not in result.out + result.err
    entry = hook.entry
    seen = [str(entry.path.relative_to(hook.home)).encode(), entry.content]
    seen += [text.lower() for text in seen]
    assert [form for form in forms(GOOD) if any(form in text for text in seen)] == []
    assert hook.gitlab.url.encode() not in entry.content


@posix
def test_what_is_remembered_is_for_its_owner_only(hook: Hook) -> None:
    wide = ("sh", "-c", 'umask 0; exec "$0" "$@"', COMMAND)
    assert hook.asks(command=wide)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (hook.entry.path, hook.store)}
    assert list(modes.values()) == [0o600, 0o700]


@posix
def test_what_is_remembered_is_replaced_and_not_written_over(hook: Hook) -> None:
    assert hook.asks()
    hook.entry.shift(-2 * HOUR, 0)
    kept = hook.home / "kept"
    os.link(hook.entry.path, kept)
    old = kept.read_bytes()
    assert hook.asks()
    assert (kept.read_bytes(), len(hook.files)) == (old, 1)
    assert hook.entry.content != old


def test_many_pushes_at_once_all_pass_and_leave_nothing_behind(hook: Hook) -> None:
    for number, together in enumerate((2, 8)):
        if number:  # what is remembered is replaced while the others read it
            hook.entry.shift(-2 * HOUR, 0)
        hook.gitlab.requests.clear()
        runs = [
            subprocess.Popen(
                [COMMAND, "hook"],
                env=hook.environ_alone,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for _ in range(together)
        ]
        ended = [(process.communicate(timeout=60)[1], process.returncode) for process in runs]
        assert ended == [(b"", 0)] * together
        assert 1 <= len(hook.gitlab.requests) <= together
        assert len(hook.files) == 1
        assert not hook.asks()


def damages() -> dict[str, Callable[[Entry], object]]:
    """What may have become of a remembered success; those of other users need rights that not everybody has."""

    def link(entry: Entry) -> None:
        target = entry.path.parent.parent / "target"
        target.write_bytes(entry.content)
        target.chmod(0o600)
        entry.path.unlink()
        entry.path.symlink_to(target)

    def pipe(entry: Entry) -> None:
        entry.path.unlink()
        os.mkfifo(entry.path, 0o600)

    def directory(entry: Entry) -> None:
        entry.path.unlink()
        entry.path.mkdir()

    found: dict[str, Callable[[Entry], object]] = {
        "empty": lambda entry: entry.path.write_bytes(b""),
        "cut": lambda entry: entry.path.write_bytes(entry.content.rstrip()[:-8]),
        "cut by a digit": lambda entry: entry.path.write_bytes(entry.content.rstrip()[:-1]),
        "garbage": lambda entry: entry.path.write_bytes(b"what is this?\n"),
        "binary": lambda entry: entry.path.write_bytes(bytes(range(256)) * 4),
        "numbers only": lambda entry: entry.path.write_bytes(
            b"%d %d\n" % (entry.written, entry.until)
        ),
        "huge number": lambda entry: entry.path.write_bytes(
            entry.content.replace(b"%d" % entry.until, b"9" * 5000)
        ),
        "huge": lambda entry: entry.path.write_bytes(entry.content + b" " * 5_000_000),
        "written in the future": lambda entry: entry.shift(HOUR // 2, HOUR),
        "dated in the future": lambda entry: os.utime(entry.path, (time.time() + HOUR,) * 2),
        "another moment": lambda entry: entry.path.write_bytes(
            entry.content.replace(b"%d" % entry.until, b"%d" % (entry.until + 1), 1)
        ),
        "over": lambda entry: entry.shift(-60, -HOUR - 5),
        "of another": lambda entry: entry.path.write_bytes(
            next(
                path.read_bytes()
                for path in sorted(entry.path.parent.iterdir())
                if path != entry.path
            )
        ),
        "directory": directory,
    }
    if sys.platform != "win32":
        found |= {
            "link": link,
            "pipe": pipe,
            "readable by all": lambda entry: entry.path.chmod(0o604),
            "readable by the group": lambda entry: entry.path.chmod(0o640),
            "writable by all": lambda entry: entry.path.chmod(0o602),
            "writable by the group": lambda entry: entry.path.chmod(0o620),
            "unreadable": lambda entry: entry.path.chmod(0),
        }
    return found


def test_what_is_damaged_counts_as_none_and_is_repaired(hook: Hook) -> None:
    root = getattr(os, "geteuid", lambda: 1)() == 0
    # Root reads what has no mode at all; directories are for their makers to remove.
    wanted = {
        name: damage for name, damage in damages().items() if not (root and name == "unreadable")
    }
    hook.gitlab.always(Answer(200, describe()), path=SELF)
    tokens: dict[str, Settings] = {str(n): {"secret": secret(n)} for n in range(len(wanted) + 1)}
    run = hook.policy(tokens)
    assert asked(run()) == set(tokens)
    whole, *entries = hook.entries
    for entry, damage in zip(entries, wanted.values(), strict=True):
        damage(entry)
    result = run()
    assert (result.code, result.err) == (0, "")
    unrepaired = set(wanted)
    for (name, _), entry in zip(wanted.items(), entries, strict=True):
        at = entry.path.lstat()
        private = sys.platform == "win32" or stat.S_IMODE(at.st_mode) == 0o600
        whole_again = rb"[0-9a-f]+ \d{10} \d{10} \d+"
        if (
            private
            and stat.S_ISREG(at.st_mode)
            and re.fullmatch(whole_again, entry.path.read_bytes())
        ):
            unrepaired.discard(name)
    assert unrepaired <= {"directory"}
    assert len(asked(result)) == len(wanted)
    again = run()
    assert (again.code, again.err) == (0, "")
    assert len(asked(again)) <= 1
    assert whole.path.read_bytes() == whole.content
    if "link" in wanted:
        (content,) = (
            entry.content for name, entry in zip(wanted, entries, strict=True) if name == "link"
        )
        assert (hook.store.parent / "target").read_bytes() == content


@posix
@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a file away"
)
def test_what_another_user_wrote_counts_as_none(hook: Hook) -> None:
    assert hook.asks()
    os.chown(hook.entry.path, 65534, -1)
    assert hook.asks()
    assert not hook.asks()
    assert hook.entry.path.stat().st_uid == 0


xdg = pytest.mark.skipif(
    sys.platform in {"win32", "darwin"}, reason="XDG_CACHE_HOME is not looked at there"
)


def without_power() -> tuple[str, ...]:
    """The command under a user whom modes of files stop, as they do not stop root."""
    if os.geteuid() != 0:
        return (COMMAND,)
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("modes do not stop root, and there is no setpriv to give up its powers")
    return (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--", COMMAND)


@xdg
def test_a_directory_that_cannot_be_written_is_passed_over_in_silence(hook: Hook) -> None:
    powerless = without_power()
    cache, file = hook.home / "cache", hook.home / "file"
    (cache / "glcheck" / "hook").mkdir(parents=True, mode=0o700)
    file.touch()
    homeless = ("env", "-u", "HOME", COMMAND)

    def close() -> None:
        (cache / "glcheck").rename(cache / "moved")
        cache.chmod(0o500)

    cases: dict[str, tuple[str, tuple[str, ...], Callable[[], object]]] = {
        "read-only": (str(cache), powerless, lambda: (cache / "glcheck" / "hook").chmod(0o500)),
        "closed": (str(cache), powerless, lambda: (cache / "glcheck" / "hook").chmod(0)),
        "cannot be made": (
            str(cache),
            powerless,
            close,
        ),
        "is a file": (str(file), (COMMAND,), lambda: None),
        "device": ("/dev/null", (COMMAND,), lambda: None),
        "no home": ("", homeless, lambda: None),
    }
    try:
        for name, (directory, command, prepare) in cases.items():
            prepare()
            for _ in range(2):
                result = hook(env={"XDG_CACHE_HOME": directory}, command=command)
                assert (name, result.code, result.err, hook.requests) == (name, 0, "", 1)
                assert "remember" not in result.out
    finally:
        cache.chmod(0o700)
        for below in ("glcheck", "moved"):
            if (cache / below).exists():
                (cache / below / "hook").chmod(0o700)
    assert list(hook.run.directory.iterdir()) == []


@xdg
def test_the_cache_directory_can_be_set_if_it_is_absolute(hook: Hook) -> None:
    own = hook.home / "own"
    assert hook.asks(env={"XDG_CACHE_HOME": str(own)})
    assert len(list((own / "glcheck" / "hook").iterdir())) == 1
    assert not hook.asks(env={"XDG_CACHE_HOME": str(own)})
    assert hook.files == []
    for relative in ("cache", "../cache"):
        hook.forget()
        assert hook.asks(env={"XDG_CACHE_HOME": relative})
        assert not hook.asks(env={"XDG_CACHE_HOME": relative})
        assert len(hook.files) == 1
    assert list(hook.run.directory.iterdir()) == []
    assert sorted(path.name for path in hook.run.directory.parent.iterdir()) == ["home", "work"]


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.cache/glcheck/hook"),
        ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": ""}, "/home/me/.cache/glcheck/hook"),
        ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
        ("linux", {"HOME": "/home/me", "XDG_CACHE_HOME": "me"}, "/home/me/.cache/glcheck/hook"),
        ("linux", {"XDG_CACHE_HOME": "/var/me"}, "/var/me/glcheck/hook"),
        ("linux", {"XDG_CACHE_HOME": "me"}, None),
        ("linux", {"HOME": ""}, None),
        ("linux", {}, None),
        (
            "darwin",
            {"HOME": "/Users/me", "XDG_CACHE_HOME": "/x"},
            "/Users/me/Library/Caches/glcheck/hook",
        ),
        ("darwin", {}, None),
        (
            "win32",
            {"LOCALAPPDATA": "/c/me/AppData/Local", "HOME": "/home/me"},
            "/c/me/AppData/Local/glcheck/hook",
        ),
        ("win32", {"HOME": "/home/me", "XDG_CACHE_HOME": "/x"}, None),
        ("win32", {}, None),
    ],
)
@posix  # where a path without a drive is not absolute
def test_every_platform_has_its_place(
    platform: str, environ: dict[str, str], expected: str | None
) -> None:
    found = place(environ, platform)
    assert (found and str(found)) == expected


# GitLab could not be asked


COULD_NOT = {
    30: ("network-error", Answer()),
    31: ("tls-error", Answer()),
    32: ("rate-limited", Answer(429, "Retry later\n", (*TEXT, ("Retry-After", "3600")))),
    33: ("server-error", Answer(500, {"message": "500 Internal Server Error"})),
    34: ("unexpected-answer", Answer(200, LOGIN)),
    35: ("unsupported-server", Answer(404, {"error": "404 Not Found"})),
}


def could_not(hook: Hook) -> dict[str, Settings]:
    """Tokens, each of which cannot be asked about for another reason."""
    tokens: dict[str, Settings] = {}
    for code, (name, answer) in COULD_NOT.items():
        tokens[name] = {"url": f"{hook.gitlab.url}/at-{code}"}
        hook.gitlab.always(answer, path=f"/at-{code}/")
    tls = hook.gitlab.url.replace("http:", "https:")
    return {**tokens, "network-error": {"url": REFUSED}, "tls-error": {"url": tls}}


def test_what_could_not_be_asked_is_one_line_and_does_not_stop_the_push(hook: Hook) -> None:
    tokens = could_not(hook)
    run = hook.policy({**tokens, "good": {}}, **{"max-wait": "1s"})
    result = run()
    assert (result.code, result.err) == (0, "")
    reports = by_name(result)
    del reports["good"]
    for name, token in reports.items():
        (problem,) = token["problems"]
        assert (name, problem["category"], problem["severity"]) == (name, name, "warning")
        assert problem["fix"]
    # Those that could not be asked are not remembered, and are asked again.
    assert len(hook.files) <= 1
    text = lines(run("-q", text=True))
    assert [line.partition(": ")[0] for line in text] == [
        f"warning[{name}] {name}" for name in tokens
    ]
    assert all("does not stop the push" in line for line in text)
    assert hook.requests >= 4


@pytest.mark.parametrize("code", COULD_NOT)
def test_a_strict_hook_stops_what_could_not_be_asked(hook: Hook, code: int) -> None:
    category, _ = COULD_NOT[code]
    token = could_not(hook)[category]
    layers: list[tuple[tuple[str, ...], dict[str, str], dict[str, object]]] = [
        (("--hook-strict",), {}, {}),
        ((), {"GLCHECK_HOOK_STRICT": "yes"}, {}),
        ((), {}, {"hook-strict": True}),
    ]
    args, env, top = layers[code % 3]
    run = hook.policy({"one": token}, **{"max-wait": "1s", **top})
    result = run(*args, env=env, text=True)
    error, fix, docs = lines(result)
    assert result.code == code
    assert error.startswith(f"error[{category}] one: ")
    assert fix.startswith("  fix: ")
    assert docs.startswith("  docs: ")
    assert "does not stop" not in result.out
    assert hook.files == []
    if top:  # the flag wins
        assert run("--hook-strict=no").code == 0


def test_the_words_of_git_may_follow_any_flag(hook: Hook) -> None:
    for flag in ("--hook-strict", "--allow-http", "--hook-strict=no", "-q"):
        assert (flag, hook(flag, "origin", f"https://127.0.0.1/{APP}").code) == (flag, 0)
    for flag in ("--hook-strict", "-v"):
        assert (flag, hook(flag, "origin", ELSEWHERE).code, hook.requests) == (flag, 0, 0)


def test_a_definite_verdict_beside_a_missing_network_stops_the_push(hook: Hook) -> None:
    down = could_not(hook)["server-error"]
    run = hook.policy({"far": down, "poor": {"scopes": ["sudo"]}})
    result = run()
    assert (result.code, result.report["category"]) == (21, "scope-missing")
    assert {
        name: [p["severity"] for p in token["problems"]] for name, token in by_name(result).items()
    } == {
        "far": ["warning"],
        "poor": ["error"],
    }
    text = lines(run(text=True))
    assert [line.partition(": ")[0].strip() for line in text] == [
        "warning[server-error] far", "error[scope-missing] poor", "fix", "docs",
    ]  # fmt: skip


def test_a_half_answered_question_keeps_what_is_known(hook: Hook) -> None:
    hook.gitlab.always(Answer(500, {"message": "500 Internal Server Error"}), path="/projects/")
    result = hook.json("--project", "group/app")
    assert (result.code, result.problem["category"], result.problem["severity"]) == (
        0,
        "server-error",
        "warning",
    )
    assert result.token["token"]["scopes"] == ["api"]
    assert hook.files == []
    result = hook.json("--project", "group/app", "--scopes", "sudo")
    assert (result.code, result.report["category"]) == (21, "scope-missing")


def test_the_wait_for_a_network_is_short_unless_told_otherwise(hook: Hook) -> None:
    gitlab = hook.gitlab
    gitlab.always(Answer(200, describe(), drip=0.3), path="/at-dripping/")
    gitlab.always(Answer(delay=60), path="/at-silent/")
    gitlab.always(Answer(200, describe(), delay=5.3), path="/at-slow/")

    def timed(run: Callable[..., Result], *args: str) -> tuple[Result, float]:
        start = time.monotonic()
        return run(*args), time.monotonic() - start

    with socket.create_server(("127.0.0.1", 0)) as deaf, ThreadPoolExecutor() as pool:
        names = ("dripping", "silent")
        tokens: dict[str, Settings] = {name: {"url": f"{gitlab.url}/at-{name}"} for name in names}
        tokens["deaf"] = {"url": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        run = hook.policy(tokens)
        usual, shorter = pool.submit(timed, run), pool.submit(timed, run, "--max-wait", "1s")
        longer = hook.json("--url", f"{gitlab.url}/at-slow", env={"GLCHECK_MAX_WAIT": "20s"})
    assert (longer.code, longer.token["problems"], longer.token["requests"]) == (0, [], 1)
    for ended, least, most in ((usual.result(), 3, 8), (shorter.result(), 0.5, 4)):
        result, waited = ended
        assert least < waited < most
        assert (result.code, result.err) == (0, "")
        assert [token["problems"][0]["category"] for token in result.report["tokens"]] == [
            "network-error"
        ] * 3


# What stops a push, and what does not


def test_a_missing_token_does_not_stop_the_push_unless_somebody_asked_for_it(hook: Hook) -> None:
    none = {"GITLAB_TOKEN": ""}
    (line,) = lines(result := hook(env=none))
    assert result.code == 0
    assert line.startswith("warning[token-missing] token: ")
    assert "does not stop the push" in line
    problem = hook.json(env=none).problem
    assert (problem["category"], problem["severity"]) == ("token-missing", "warning")
    for args, env in ((("--hook-strict",), none), ((), {**none, "GLCHECK_HOOK_STRICT": "1"})):
        result = hook(*args, env=env)
        assert result.code == 10
        assert [text.split("[")[0] for text in lines(result)[:1]] == ["error"]
    named = hook.policy({"release": {"secret": ""}, "good": {}})()
    assert (named.code, by_name(named)["release"]["category"], named.report["category"]) == (
        10,
        *["token-missing"] * 2,
    )
    assert hook.policy(None)(env=none).code == 0
    assert hook.policy(None, **{"hook-strict": True})(env=none).code == 10


def test_what_is_wrong_with_a_token_stops_the_push(hook: Hook) -> None:
    soon = hook.gitlab.add(Token(secret(1), expires_at=in_days(3)))
    cases: dict[int, tuple[str, ...]] = {
        11: (f"ghp_{'a1B2' * 9}",),
        12: (secret(9),),
        16: ("gldt-3fZ1p5y4XWcCvMGVlfak",),
        20: (soon, "--min-validity", "7d"),
        25: (GOOD, "--max-validity", "30d"),
    }
    for code, (value, *args) in cases.items():
        result = hook(*args, env={"GITLAB_TOKEN": value})
        assert (result.code, hook.requests) == (code, int(code in {12, 20, 25}))
        error, fix, docs = lines(result)
        assert (error.partition("[")[0], fix[:7], docs[:8]) == ("error", "  fix: ", "  docs: ")
        assert "does not stop" not in result.out


@pytest.mark.parametrize(
    "args",
    [
        ("--hook-max-age", "soon"), ("--hook-strict=perhaps",), ("--scope", "api"), ("--role", "developer"),
        ("--config", "absent.yml"), ("--url", "ftp://127.0.0.1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_mistake_in_the_settings_stops_the_push(hook: Hook, args: tuple[str, ...]) -> None:
    result = hook(*args)
    assert (result.code, hook.requests) == (2, 0)
    assert result.out + result.err


def test_a_mistake_in_a_found_policy_stops_the_push(hook: Hook) -> None:
    (hook.run.directory / ".glcheck.yml").write_text("version: 1\nscops: [api]\n", "utf-8")
    result = hook()
    assert (result.code, hook.requests) == (2, 0)
    assert ".glcheck.yml:2" in result.out


def test_a_token_that_needs_no_answer_is_judged_also_when_the_time_is_over(hook: Hook) -> None:
    hook.gitlab.delay = 60
    silent: dict[str, Settings] = {f"silent {n}": {"secret": secret(n)} for n in range(16)}
    run = hook.policy({**silent, "bad": {"secret": f"ghp_{'a1B2' * 9}"}, "absent": {"secret": ""}})
    result = run("--max-wait", "1s")
    found = {
        name: token["category"] for name, token in by_name(result).items() if name not in silent
    }
    assert found == {"bad": "token-malformed", "absent": "token-missing"}
    assert result.code == 10


@posix
def test_a_pipe_that_stays_silent_leaves_time_for_the_other_tokens(hook: Hook) -> None:
    os.mkfifo(hook.run.directory / "pipe")
    tokens = [{"name": f"pipe {n}", "token-file": "pipe"} for n in range(2)]
    tokens.append({"name": "revoked", "token-env": "REVOKED"})
    (hook.run.directory / "policy.yml").write_text(json.dumps({"tokens": tokens}))
    revoked = hook.gitlab.add(Token(secret(1), revoked=True))
    started = time.monotonic()
    result = hook.json("--config", "policy.yml", "--max-wait", "4s", env={"REVOKED": revoked})
    assert by_name(result)["revoked"]["category"] == "token-revoked"
    assert time.monotonic() - started < 7


def test_a_variable_that_the_policy_names_has_to_be_there(hook: Hook) -> None:
    run = hook.policy(None, **{"token-env": "RELEASE_TOKEN"})
    assert run().code == 10
    assert run(env={"RELEASE_TOKEN": GOOD}).code == 0


# Where the push goes


APP = "group/app.git"
HERE = "gitlab.example.com"
SAME = [
    f"https://{HERE}/{APP}", f"https://{HERE}/{APP}/", f"https://{HERE}", f"http://{HERE}/{APP}",
    f"https://{HERE}:8443/{APP}", f"https://me@{HERE}/{APP}", f"https://me:{PASSWORD}@{HERE}:443/{APP}",
    f"https://me:p@ss@{HERE}/{APP}", f"ssh://{HERE}/{APP}", f"ssh://git@{HERE}:2222/{APP}",
    f"git+ssh://git@{HERE}/{APP}", f"git://{HERE}/{APP}", f"git@{HERE}:{APP}", f"git@{HERE}:~me/app", f"{HERE}:{APP}",
    f"[git@{HERE}:2222]:{APP}", f"git@[{HERE}:2222]:{APP}", f"[{HERE}]:{APP}",
    "ssh://git@gitlab%2eexample.com/app", "HTTPS://GitLab.Example.COM/group/app.git",
    "git@GitLab.Example.Com:group/app.git",
]  # fmt: skip
NO_HOST = [
    "", "origin", "/srv/git/app.git", "../app", "./app", "./a:b", "../a:b", "file:///srv/git/app.git",
    "FILE:///srv/app", "file://localhost/srv/app", r"C:\git\app", "C:/git/app", "c:/git/app", "~/app.git", "sub/a:b",
    "ext::sh -c x", "foo-bar::x", r"\\server\a:b", r"\\?\C:\app",
]  # fmt: skip
OTHER = {
    ELSEWHERE: "github.com",
    "git@github.com:group/app.git": "github.com",
    "ssh://git@github.com:22/group/app.git": "github.com",
    "github.com:group/app.git": "github.com",
    f"https://me:{PASSWORD}@github.com/{APP}": "github.com",
    f"https://{HERE}.evil.example/{APP}": f"{HERE}.evil.example",
    f"https://not{HERE}/{APP}": f"not{HERE}",
    f"git@{HERE}.evil.example:{APP}": f"{HERE}.evil.example",
    f"git@not{HERE}:{APP}": f"not{HERE}",
    f"https://evil.example/{HERE}/{APP}": "evil.example",
    f"git@evil.example:{HERE}/{APP}": "evil.example",
    f"https://{HERE}@evil.example/{APP}": "evil.example",
    f"https://{HERE}:{PASSWORD}@evil.example/{APP}": "evil.example",
    f"ssh://{HERE}@evil.example/{APP}": "evil.example",
    f"https://example.com/{APP}": "example.com",
    f"https://gitlab.com/{APP}": "gitlab.com",
    "git@[::1]:group/app.git": "::1",
}


def test_a_push_to_the_host_of_url_is_asked(hook: Hook) -> None:
    assert [
        address for address in SAME if not hook.concerns("origin", address, url=f"https://{HERE}")
    ] == []
    url = "https://GitLab.example.com:8443/gitlab"
    assert [address for address in SAME[::9] if not hook.concerns("origin", address, url=url)] == []
    for address in (
        f"https://{HERE}/gitlab/{APP}",
        f"https://{HERE}:8443/gitlab/{APP}",
        f"git@{HERE}:{APP}",
    ):
        assert hook.concerns("origin", address, url=url)


def test_a_remote_without_a_host_is_asked(hook: Hook) -> None:
    assert [
        address
        for address in NO_HOST
        if not hook.concerns("origin", address, url=f"https://{HERE}")
    ] == []
    assert hook.concerns("origin", url=f"https://{HERE}")
    assert hook.concerns(url=f"https://{HERE}")


def test_a_push_to_another_host_asks_nothing_and_names_both(hook: Hook) -> None:
    asked_or_stopped = []
    for address, host in OTHER.items():
        result = hook("--url", f"https://{HERE}", "origin", address, env={"GITLAB_TOKEN": ""})
        if (result.code, result.err, hook.requests) != (0, "", 0) or "warning" in result.out:
            asked_or_stopped.append(address)
            continue
        (line,) = (line for line in result.out.splitlines() if "The push goes to" in line)
        assert {host, HERE} <= set(re.split(r"[\s`,/]+", line.rstrip(".").replace("`.", "`")))
        assert "me:" not in line
    assert asked_or_stopped == []
    assert not hook.concerns("origin", ELSEWHERE, url=f"https://{HERE}")
    assert hook("origin", ELSEWHERE).code == hook.requests == 0
    # A hook is not stopped by a token that this push does not need.
    assert hook("--hook-strict=yes", "origin", ELSEWHERE, env={"GITLAB_TOKEN": ""}).code == 0
    assert (
        hook(
            "--hook-strict=yes", "origin", ELSEWHERE, env={"GITLAB_TOKEN": f"ghp_{'a1B2' * 9}"}
        ).code
        == 0
    )


def test_ipv6_addresses_are_compared_too(hook: Hook) -> None:
    addresses = {
        "https://[::1]/app.git": True,
        "https://[::1]:8443/app.git": True,
        "ssh://git@[::1]:22/app.git": True,
        "git@[::1]:app.git": True,
        "[::1]:app.git": True,
        "https://[::2]/app.git": False,
        "git@[::2]:app.git": False,
        "git@[2001:db8::1]:app.git": False,
    }
    found = {
        address: hook.concerns("o", address, url="https://[::1]:8443") for address in addresses
    }
    assert found == addresses
    assert hook.concerns("o", "git@[2001:DB8::1]:app.git", url="https://[2001:db8::1]")


def test_gitlab_com_is_also_reached_at_altssh(hook: Hook) -> None:
    address = "ssh://git@altssh.gitlab.com:443/group/app.git"
    assert hook.concerns("origin", address, url="https://gitlab.com")
    assert not hook.concerns("origin", address, url=f"https://{HERE}")
    assert not hook.concerns(
        "origin", "git@altssh.gitlab.com.evil.example:app", url="https://gitlab.com"
    )
    assert not hook.concerns("origin", "git@altssh.example.com:app", url="https://example.com")


def test_pre_commit_tells_the_address_in_a_variable(hook: Hook) -> None:
    def concerns(address: str, *remote: str) -> bool:
        return hook.concerns(*remote, url=f"https://{HERE}", env={"PRE_COMMIT_REMOTE_URL": address})

    assert concerns(f"git@{HERE}:{APP}")
    assert concerns("")
    assert concerns("/srv/git/app.git")
    assert not concerns(ELSEWHERE)
    # Git's own words come from git itself.
    assert concerns(ELSEWHERE, "origin", f"git@{HERE}:{APP}")
    assert not concerns(f"git@{HERE}:{APP}", "origin", ELSEWHERE)
    # Only git pushes: a check asks wherever the remote is.
    env = {**hook.environ, "PRE_COMMIT_REMOTE_URL": ELSEWHERE}
    assert hook.run("check", env=env).code == 0
    assert len(hook.gitlab.requests) == 1


def test_no_address_breaks_the_hook_or_shows_its_password(hook: Hook) -> None:
    addresses = [
        f"https://me:{PASSWORD}/app", f"https://{PASSWORD}@/", f"https://[{PASSWORD}",
        f"https://me:{PASSWORD}@[::1/app", f"me:{PASSWORD}@github.com:app", f"//me:{PASSWORD}@github.com/app",
        "https://", "https://:443", ":", "@:", "[", "[]:app", "https://host:99999999/app", "ext::sh -c x",
        f"https://me:{PASSWORD}@evil\x1b[31m.example/app", f"https://me:{PASSWORD}@evil\n::error::x/app",
        f"https://{'a' * 50_000}/", "https://m\u00fcller.de/x",
    ]  # fmt: skip
    for address in addresses:
        result = hook("--url", f"https://{HERE}", "origin", address, env={"GITLAB_TOKEN": ""})
        assert (address, result.code) == (address, 0)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.out + result.err)
        assert not re.search(r"^\s*::", result.out + result.err, re.MULTILINE)
        assert len(result.err.splitlines()) <= 1
        assert PASSWORD not in result.out + result.err


def elsewhere(result: Result) -> set[str]:
    """The names of the tokens that the push does not concern."""
    found = {
        name: token["notes"] for name, token in by_name(result).items() if not token["problems"]
    }
    return {
        name for name, notes in found.items() if any("The push goes to" in note for note in notes)
    }


def test_only_the_tokens_of_the_remotes_gitlab_are_asked(hook: Hook) -> None:
    here, there = hook.gitlab.url, hook.gitlab.url.replace("127.0.0.1", "localhost")
    tokens: dict[str, Settings] = {
        "here": {"url": here},
        "there": {"url": there},
        "absent": {"url": f"https://{HERE}", "secret": ""},
    }
    run = hook.policy(tokens)
    for host, name in (("127.0.0.1", "here"), ("localhost", "there")):
        result = run("origin", f"ssh://git@{host}/{APP}")
        assert (result.code, elsewhere(result), asked(result)) == (0, set(tokens) - {name}, {name})
    result = run("origin", f"git@{HERE}:{APP}")
    assert (result.code, elsewhere(result)) == (10, {"here", "there"})
    result = run("origin", "/srv/git/app.git")
    assert (result.code, elsewhere(result)) == (10, set())
    result = run("--hook-strict=yes", "origin", f"https://me:{PASSWORD}@github.com/{APP}")
    assert (result.code, elsewhere(result), hook.requests) == (0, set(tokens), 0)
    assert PASSWORD not in result.out + result.err


def test_every_format_can_tell_of_a_push_that_asked_nothing(hook: Hook) -> None:
    assert hook.asks()
    formats = ("json", "text", "github", "junit", "markdown", "annotations", "dotenv")
    reports = [f"--report={form}={form}.out" for form in formats]
    for remote, again in (((), True), (("origin", ELSEWHERE), False)):
        assert (hook(*reports, *remote).code, hook.requests) == (0, 0)
        told = {form: (hook.run.directory / f"{form}.out").read_text("utf-8") for form in formats}
        assert len(json.loads(told["json"])["tokens"]) == 1
        assert 'tests="1" failures="0" errors="0" skipped="1"' in told["junit"]
        assert json.loads(told["annotations"]) == {"glcheck": []}
        assert told["dotenv"].splitlines()[:2] == ["GLCHECK_OK=true", "GLCHECK_CATEGORY=ok"]
        assert "glcheck: ok" in told["markdown"]
        assert ["It was in order" in told[form] for form in ("text", "github", "junit")] == [
            again
        ] * 3
        assert not any("None" in text for text in told.values())


# What is loaded, read and left alone


def imported(result: Result) -> set[str]:
    """The names of the modules that a run imported."""
    return set(re.findall(r"^import time:.*\|\s+([\w.]+)$", result.err, re.MULTILINE))


def test_neither_a_remembered_success_nor_another_remote_loads_what_it_does_not_need(
    hook: Hook,
) -> None:
    env = {"PYTHONPROFILEIMPORTTIME": "1"}
    heavy = {"requests", "urllib3", "yaml", "ssl", "http.client"}
    assert {"requests", "urllib3"} <= imported(hook(env=env))
    loaded = [imported(hook(*args, env=env)) for args in ((), ("origin", ELSEWHERE))]
    assert [hook.requests, *(names & heavy for names in loaded)] == [0, set(), set()]
    assert all("glcheck" in names for names in loaded)
    (hook.run.directory / ".glcheck.yml").write_text("version: 1\n", "utf-8")
    assert imported(hook(env=env)) & heavy == {"yaml"}


def test_standard_input_is_left_to_other_hooks(hook: Hook) -> None:
    line = b"refs/heads/main 1 refs/heads/main 2\n"
    read, write = os.pipe()
    try:
        os.write(write, line)
        for _ in range(2):  # asked, then remembered; the pipe stays open
            done = subprocess.run(
                [COMMAND, "hook"],
                env=hook.environ_alone,
                cwd=hook.home,
                stdin=read,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0
        assert os.read(read, 1000) == line
    finally:
        os.close(read)
        os.close(write)


def test_a_token_on_standard_input_is_remembered_too(hook: Hook) -> None:
    hook.environ["GITLAB_TOKEN"] = ""
    args = ("--token-file", "-")
    assert hook.asks(*args, stdin=GOOD.encode())
    assert not hook.asks(*args, stdin=GOOD.encode())
    assert hook.asks(*args, stdin=hook.gitlab.add(Token(secret(1))).encode())
    assert hook(*args, stdin=b"").code == 0


def test_the_environment_that_git_gives_its_hooks_changes_nothing(hook: Hook) -> None:
    other = hook.home / "other"
    other.mkdir()
    (other / ".git").mkdir()
    (other / ".glcheck.yml").write_text("version: 1\nscopes: [sudo]\n", "utf-8")
    (hook.run.directory / ".git").mkdir()
    (hook.run.directory / ".glcheck.yml").write_text("version: 1\nscopes: [read_api]\n", "utf-8")
    env = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_PREFIX": "../other/"}
    env |= {
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_CONFIG_PARAMETERS": "'core.worktree=/x'",
    }
    assert hook.asks(env=env)
    assert not hook.asks(env=env)
    assert not hook.asks()


def test_the_secret_is_nowhere_at_any_verbosity(hook: Hook) -> None:
    could_not(hook)
    shown = []
    for args in (
        ("-v",),
        ("-v",),
        ("-v", "--scopes", "sudo"),
        ("-v", "origin", ELSEWHERE),
        ("-v", "--url", f"{hook.gitlab.url}/at-33"),
    ):
        result = hook(*args)
        shown.append(result.out + result.err)
    bare = GOOD.removeprefix("glpat-")
    assert [text for text in shown if bare in text or bare[:8] in text or bare[-8:] in text] == []
    names = [str(path) for path in hook.home.rglob("*")]
    assert [name for name in names if bare[:8] in name] == []


def test_the_hook_has_a_help(run_alone: Run) -> None:
    result = run_alone("hook", "--help")
    assert (result.code, result.err) == (0, "")
    assert {
        word for word in ("hook-max-age", "hook-strict", "push", "REMOTE") if word not in result.out
    } == set()


# glcheck config FILE: as pre-commit passes it


def test_a_policy_file_can_be_named_as_a_word(run: Run, gitlab: GitLab) -> None:
    for name, text, code, says in (
        ("good.yml", "version: 1\nscopes: [api]\n", 0, "good.yml"),
        ("bad.yml", "version: 1\nscops: [api]\n", 2, "bad.yml:2"),
        (".glcheck.yaml", f"version: 1\nurl: https://{HERE}\n", 0, ".glcheck.yaml"),
        (
            ".glcheck.yml",
            f"version: 1\nurl: https://{HERE}\ntokens:\n  - scopes: [api]\n",
            2,
            ".glcheck.yml:4",
        ),
    ):
        (run.directory / name).write_text(text, "utf-8")
        result = run("config", name, token=GOOD)
        assert (name, result.code) == (name, code)
        assert says in result.out + result.err
        assert "Traceback" not in result.out + result.err
    (run.directory / ".glcheck.yml").unlink()
    # Found and not named, the same file may not choose where the secret goes.
    assert run("config", token=GOOD).code == 2
    assert gitlab.requests == []


def test_a_policy_file_that_is_not_there_is_not_repeated_if_it_looks_like_a_token(run: Run) -> None:
    for value in (GOOD, "absent.yml", secret(5), OAUTH):
        result = run("config", value)
        assert (value, result.code) == (value, 2)
        assert value == "absent.yml" or value not in result.out + result.err
        assert "Traceback" not in result.out + result.err
