"""`glcheck hook` before a GitLab, with an empty memory, and what it remembers."""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit.command import Result, Run
from kit.gitlab_server import Answer, GitLab, Token
from kit.policies import GOOD, Settings
from kit.reports import VALIDATOR

HOUR = 3600
APP = "group/app.git"
HERE = "gitlab.example.com"  # where nobody listens
ELSEWHERE = f"https://github.com/{APP}"
PASSWORD = "hunter2-of-the-address"
MALFORMED = f"ghp_{'a1B2' * 9}"
LAYERS = ("flag", "variable", "policy")  # the strongest first
LATER = (("Content-Type", "text/plain"), ("Retry-After", "3600"))
COULD_NOT = {  # each code of a question without an answer: its category, and what the server does
    30: ("network-error", Answer()),
    31: ("tls-error", Answer()),
    32: ("rate-limited", Answer(429, "Retry later\n", LATER)),
    33: ("server-error", Answer(500, {"message": "500 Internal Server Error"})),
    34: ("unexpected-answer", Answer(200, "<!DOCTYPE html><html><title>Sign in</title></html>")),
    35: ("unsupported-server", Answer(404, {"error": "404 Not Found"})),
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files or modes")


class Entry(NamedTuple):
    """A remembered success as it lies on the disk, with its two moments in seconds since 1970."""

    path: Path
    content: bytes
    written: int
    until: int

    @classmethod
    def at(cls, path: Path) -> Entry:
        """Read the entry there."""
        content = path.read_bytes()
        written, until = re.findall(rb"\b\d{10}\b", content)[:2]
        return cls(path, content, int(written), int(until))

    def shift(self, written: int = 0, until: int = 0) -> None:
        """Move its moments by so many seconds."""
        entry = f"{self.path.name} {self.written + written} {self.until + until}"
        self.path.write_text(f"{entry} {zlib.crc32(entry.encode())}")


class Hook:
    """Runs `glcheck hook` with GITLAB_TOKEN set to a token that the GitLab knows."""

    def __init__(self, run: Run, gitlab: GitLab) -> None:
        gitlab.add(Token(GOOD))
        self.run, self.gitlab, self.requests = run, gitlab, 0
        self.home = run.directory.parent / "home"
        self.environ = {"GITLAB_TOKEN": GOOD, "LOCALAPPDATA": str(self.home)}
        cache = {"win32": "", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
        self.store = self.home / cache / "glcheck" / "hook"

    def __call__(self, *args: str, env: Mapping[str, str] | None = None, **options: Any) -> Result:
        """Run it; `requests` becomes the number of requests that came meanwhile."""
        before = len(self.gitlab.requests)
        result = self.run("hook", *args, env={**self.environ, **(env or {})}, **options)
        self.requests = len(self.gitlab.requests) - before
        shown = result.out + result.err
        assert "Traceback" not in shown
        for value in (GOOD, PASSWORD, *(env or {}).values()):
            if len(value) >= 20 and value.startswith(("glpat-", "glcbt-", "ghp_", PASSWORD)):
                assert value.strip() not in shown
        return result

    def json(self, *args: str, **options: Any) -> Result:
        """The same with the report as JSON, which must agree with itself."""
        result = self(*args, "--format", "json", **options)
        report = result.report
        VALIDATOR.validate(report)
        tokens = report["tokens"]
        assert (report["exit_code"], report["ok"]) == (result.code, result.code == 0)
        assert report["ok"] == (not report["problems"] and all(token["ok"] for token in tokens))
        for token in tokens:
            assert token["ok"] == all(one["severity"] != "error" for one in token["problems"])
        assert all(one["ok"] == (one["category"] == "ok") for one in (report, *tokens))
        return result

    def asks(self, *args: str, token: str = "", **options: Any) -> bool:
        """Run it on tokens that are in order; whether it asked, which the report must tell too."""
        env = {**options.pop("env", {}), **({"GITLAB_TOKEN": token} if token else {})}
        result = self.json(*args, env=env, **options)
        assert (result.code, result.report["category"], result.err) == (0, "ok", "")
        tokens = result.report["tokens"]
        for one in tokens:
            assert (one["token"] is None) == (one["requests"] == 0)
            assert one["requests"] or (one["problems"] == [] and one["notes"]), one
        assert sum(one["requests"] for one in tokens) == self.requests
        return self.requests > 0

    def policy(self, tokens: Mapping[str, Settings] | None, **top: object) -> Callable[..., Result]:
        """Write a policy; how to run the hook with it, the `secret` of each token in a variable."""
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

    def told(self, layer: str, setting: str, value: str, weaker: str) -> Callable[..., Result]:
        """Run it with a setting in one layer, where those below say something else."""
        says = dict.fromkeys(LAYERS[LAYERS.index(layer) :], weaker) | {layer: value}
        variable = f"GLCHECK_{setting.upper().replace('-', '_')}"
        flags = [f"--{setting}={says['flag']}"] if "flag" in says else []
        given = {variable: says["variable"]} if "variable" in says else {}
        policy = self.policy(None, **({setting: says["policy"]} if "policy" in says else {}))

        def hook(*args: str, env: Mapping[str, str] | None = None, text: bool = False) -> Result:
            return policy(*flags, *args, env={**given, **(env or {})}, text=text)

        return hook

    def could_not(self) -> dict[str, Settings]:
        """Tokens by category, each of which cannot be asked about for another reason."""
        for code, (_, answer) in COULD_NOT.items():
            self.gitlab.always(answer, path=f"/at-{code}/")
        urls = {name: f"{self.gitlab.url}/at-{code}" for code, (name, _) in COULD_NOT.items()}
        tls = self.gitlab.url.replace("http:", "https:")
        urls |= {"network-error": "http://127.0.0.1:1", "tls-error": tls}
        return {name: {"url": url} for name, url in urls.items()}

    @property
    def files(self) -> list[Path]:
        """All files below the place of remembered successes, whatever they are."""
        return sorted(path for path in self.store.rglob("*") if not path.is_dir())

    @property
    def entries(self) -> list[Entry]:
        """What is remembered."""
        return [Entry.at(path) for path in self.files]

    @property
    def entry(self) -> Entry:
        """The only success that is remembered."""
        (entry,) = self.entries
        return entry


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
