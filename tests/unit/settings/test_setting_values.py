"""How the text of each setting is read, wherever it was given."""

from __future__ import annotations

from typing import Any

import pytest
from kit.policies import GOOD

from glcheck.settings.table import SETTINGS

HEX64 = "a" * 32 + "0123456789abcdef" * 2


@pytest.mark.parametrize(("name", "text", "value"), [
    ("url", "https://GitLab.example.com/gitlab/", "https://gitlab.example.com/gitlab"),
    ("token-env", "_", "_"),
    ("token-env", "my_token_2", "my_token_2"),
    ("token-env", "GITLAB_TOKEN_FOR_RELEASES_OF_2026", "GITLAB_TOKEN_FOR_RELEASES_OF_2026"),
    ("token-env", "MyTokenForReleasesOfApp", "MyTokenForReleasesOfApp"),
    ("token-env", "T" * 64, "T" * 64),
    ("token-file", "-", "-"),
    ("token-file", "my files/ü", "my files/ü"),
    ("scopes", "k8s_proxy", "k8s_proxy"),
    ("forbid-scopes", "ai:workflows", "ai:workflows"),
    ("min-validity", "12h", 12 * 3600),
    ("warn-validity", "0", 0),
    ("warn-validity", "2", 2 * 86400),
    ("max-validity", "2w", 14 * 86400),
    ("project", "/group/app/", "group/app"),
    ("project", "4711", "4711"),
    ("group", "team", "team"),
    ("role", "planner", "planner"),
    ("role", "security-manager", "security-manager"),
    ("kind", "service-account", "service-account"),
    ("format", "auto", "auto"),
    ("format", "dotenv", "dotenv"),
    ("report", "json=d=e.json", ("json", "d=e.json")),
    ("timeout", "2m", 120),
    ("max-wait", "1", 1),
    ("hook-max-age", "1", 86400),
    *[("allow-http", text, True) for text in ("true", "True", "yes", "YES", "1")],
    *[("hook-strict", text, False) for text in ("false", "no", "No", "0")],
])  # fmt: skip
def test_a_text_that_means_something(name: str, text: str, value: object) -> None:
    assert SETTINGS[name].read(text) == value


@pytest.mark.parametrize(("name", "text", "says"), [
    ("url", "gitlab.com", "begins with https://"),
    ("url", GOOD, "looks like a token"),
    ("scopes", "5", "names of scopes"),
    ("scopes", "api;sudo", "names of scopes"),
    ("scopes", "a" * 65, "names of scopes"),
    ("forbid-scopes", GOOD, "names of scopes"),
    ("min-validity", "auto", "a bare number is days"),
    ("warn-validity", "often", "a bare number is days"),
    ("max-validity", "1y", "a bare number is days"),
    ("hook-max-age", "-1h", "a bare number is days"),
    ("timeout", "0", "a bare number is seconds"),
    ("max-wait", "later", "a bare number is seconds"),
    ("project", "app", "the whole path"),
    ("project", "https://gitlab.com/group/app", "not an address"),
    ("project", "group//app", "must be a path"),
    ("project", "group/../app", "must be a path"),
    ("project", "group/a b", "must be a path"),
    ("project", f"group/{GOOD}", "looks like a token"),
    ("group", "..", "must be a path"),
    ("group", "/", "must be a path"),
    ("role", "admin", "must be one of guest, planner"),
    ("role", "40", "must be one of"),
    ("role", "maintainr", "did you mean maintainer?"),
    ("kind", "deploy", "must be one of"),
    ("kind", "porject", "did you mean project?"),
    ("allow", "everything", "must be one of"),
    ("allow", "scope-mising", "did you mean scope-missing?"),
    ("allow", "usage-error", "must be one of"),
    ("allow", "config-error", "must be one of"),
    ("allow", "internal-error", "must be one of"),
    ("format", "xml", "must be one of auto, text, json"),
    ("format", "jsn", "did you mean json?"),
    ("report", "report.json", "FORMAT=PATH"),
    ("report", "json=", "FORMAT=PATH"),
    ("report", "=a.json", "must be one of"),
    ("report", "xml=report.xml", "must be one of"),
    ("report", "auto=a", "must be one of"),
    ("report", "json=a\x07", "control character"),
    ("output", "a\x1b[2J", "control character"),
    ("ca-file", GOOD, "looks like a token"),
    ("config", GOOD, "looks like a token"),
    ("token-file", GOOD, "looks like a token"),
    *[("allow-http", text, "true or false") for text in ("on fire", "maybe", "2", "on", "y")],
])  # fmt: skip
def test_a_text_that_means_nothing(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match="^(must|holds) ") as error:
        SETTINGS[name].read(text)
    assert says in str(error.value)
    assert GOOD not in str(error.value)


NO_NAMES = [
    GOOD, "GR1348941aaaaaaaaaaaaaaaaaaaa", "ghp_abcdefghijABCDEFGHIJ0123456789abcdef", "github_pat_11ABCDEFG0123456789",
    HEX64, "aB3dEfGh1jKlMn0pQrSt", "AKIAIOSFODNN7EXAMPLE", "1TOKEN", "MY-TOKEN", "MY TOKEN", "$MY_TOKEN",
    "${{ secrets.X }}", "TÖKEN", "A=B",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_token_env_must_be_a_name_that_is_no_token(name: str) -> None:
    with pytest.raises(ValueError, match="the name of an environment variable") as error:
        SETTINGS["token-env"].read(name)
    assert name not in str(error.value)


@pytest.mark.parametrize(("name", "text", "parts"), [
    ("scopes", "api,sudo", ["api", "sudo"]),
    ("scopes", " api,\n  sudo k8s_proxy, ", ["api", "sudo", "k8s_proxy"]),
    ("allow", "not-found  tls-error\n", ["not-found", "tls-error"]),
    ("report", "json=my report.json,junit=b.xml\ntext=c", ["json=my report.json", "junit=b.xml", "text=c"]),
    ("output", "my other, report.txt", ["my other, report.txt"]),
])  # fmt: skip
def test_where_a_text_is_split(name: str, text: str, parts: list[str]) -> None:
    split: Any = SETTINGS[name].split(text)
    assert [part.strip() for part in split if part.strip()] == parts
