"""How the text of each setting is read, wherever it was given."""

from __future__ import annotations

import pytest
from kit.policies import GOOD

from glcheck.settings.table import SETTINGS

LONG_NAME = "GITLAB_TOKEN_FOR_RELEASES_OF_2026"


@pytest.mark.parametrize("name, text, value", [
    ("url", "https://GitLab.example.com/a/", "https://gitlab.example.com/a"),
    *[("token-env", text, text) for text in ("_", "my_token_2", "T" * 64, LONG_NAME)],
    ("token-env", "MyTokenForReleasesOfApp", "MyTokenForReleasesOfApp"),
    *[("token-file", text, text) for text in ("-", "my files/ü")],
    ("scopes", "k8s_proxy", "k8s_proxy"), ("forbid-scopes", "ai:workflows", "ai:workflows"),
    ("min-validity", "12h", 12 * 3600), ("max-validity", "2w", 14 * 86400),
    ("warn-validity", "0", 0), ("warn-validity", "2", 2 * 86400), ("hook-max-age", "1", 86400),
    ("timeout", "2m", 120), ("max-wait", "1", 1),
    ("project", "/group/app/", "group/app"), ("project", "4711", "4711"), ("group", "team", "team"),
    *[("role", text, text) for text in ("planner", "security-manager", "owner")],
    ("kind", "service-account", "service-account"), ("format", "dotenv", "dotenv"),
    ("report", "json=d=e.json", ("json", "d=e.json")),
    *[("allow-http", text, True) for text in ("true", "True", "yes", "YES", "1")],
    *[("hook-strict", text, False) for text in ("false", "no", "No", "0")],
])  # fmt: skip
def test_a_text_that_means_something(name: str, text: str, value: object) -> None:
    assert SETTINGS[name].read(text) == value


# fmt: off
NOTHING = {  # half a sentence, and what it is said of
    "begins with https://": ["url gitlab.com"],
    "looks like a token": [
        f"{name} {GOOD}" for name in ("url", "token-file", "ca-file", "config", "output")
    ] + [f"project group/{GOOD}"],
    "names of scopes": ["scopes 5", "scopes api;sudo", f"scopes {'a' * 65}", f"forbid-scopes {GOOD}"],
    "a bare number is days": [
        "min-validity auto", "warn-validity often", "max-validity 1y", "hook-max-age -1h",
    ],
    "a bare number is seconds": ["timeout 0", "timeout 10x", "max-wait later"],
    "the whole path": ["project app"], "not an address": ["project https://gitlab.com/group/app"],
    "must be a path": ["project a//b", "project a/../b", "project a/b c", "group ..", "group /"],
    "must be one of guest, planner": ["role admin", "role 40"],
    "must be one of personal, project": ["kind deploy"],
    "must be one of token-missing": [  # and of none that says that nothing was checked
        "allow everything", "allow usage-error", "allow config-error", "allow internal-error",
    ],
    "must be one of auto, text, json": ["format xml"],
    "must be one of text, json": ["report xml=report.xml", "report auto=a", "report =a.json"],
    "did you mean maintainer?": ["role maintainr"], "did you mean project?": ["kind porject"],
    "did you mean scope-missing?": ["allow scope-mising"], "did you mean json?": ["format jsn"],
    "FORMAT=PATH": ["report report.json", "report json="],
    "control character": ["report json=a\x07", "output a\x1b[2J"],
    "true or false": [f"allow-http {text}" for text in ("on fire", "maybe", "2", "on", "y")],
    "the name of an environment variable": [f"token-env {text}" for text in (
        GOOD, "GR1348941aaaaaaaaaaaaaaaaaaaa", "ghp_abcdefghijABCDEFGHIJ0123456789abcdef",
        "github_pat_11ABCDEFG0123456789", "a" * 32 + "0123456789abcdef" * 2, "aB3dEfGh1jKlMn0pQrSt",
        "AKIAIOSFODNN7EXAMPLE", "1TOKEN", "MY-TOKEN", "MY TOKEN", "$MY_TOKEN", "${{ secrets.X }}",
        "TÖKEN", "A=B",
    )],
}
# fmt: on


@pytest.mark.parametrize("says, given", [(says, one) for says in NOTHING for one in NOTHING[says]])
def test_a_text_that_means_nothing(says: str, given: str) -> None:
    name, _, text = given.partition(" ")
    with pytest.raises(ValueError, match=r"^(must|holds) ") as error:
        SETTINGS[name].read(text)
    assert says in str(error.value)
    assert len(text) < 8 or text not in str(error.value)


@pytest.mark.parametrize("name, text, parts", [
    ("scopes", "api,sudo", ["api", "sudo"]),
    ("scopes", " api,\n  sudo k8s_proxy, ", ["api", "sudo", "k8s_proxy"]),
    ("allow", "not-found  tls-error\n", ["not-found", "tls-error"]),
    ("report", "json=a b.json,junit=c\ntext=d", ["json=a b.json", "junit=c", "text=d"]),
    ("output", "my other, report.txt", ["my other, report.txt"]),
])  # fmt: skip
def test_where_a_text_is_split(name: str, text: str, parts: list[str]) -> None:
    assert [part.strip() for part in SETTINGS[name].split(text) if part.strip()] == parts
