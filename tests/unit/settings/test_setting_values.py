"""How the text of each setting is read, wherever it was given."""

from __future__ import annotations

import pytest
from kit.policies import GOOD

from glcheck.durations import say_seconds
from glcheck.settings.table import SETTINGS

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize("name, text, value", [
    ("provider", "gitlab", "gitlab"),
    ("url", "https://GitLab.Example.com//", "https://gitlab.example.com"),
    ("url", "HTTPS://gitlab.example.com:", "https://gitlab.example.com"),
    ("url", "https://gitlab.com:8443", "https://gitlab.com:8443"),
    ("url", "https://gitlab.com/tools/GitLab/", "https://gitlab.com/tools/GitLab"),
    ("url", "https://gitlab.com/a/", "https://gitlab.com/a"),
    ("url", "http://[::1]:8080/", "http://[::1]:8080"),
    *[("token-env", name, name) for name in (
        "_", "my_token_2", "T" * 64, "MyTokenForReleasesOfApp", "GITLAB_TOKEN_FOR_RELEASES_OF_2026",
    )],
    *[("token-file", text, text) for text in ("-", "my files/ü")],
    ("scopes", "k8s_proxy", "k8s_proxy"), ("forbid-scopes", "ai:workflows", "ai:workflows"),
    *[("min-validity", text, seconds) for text, seconds in {
        "0": 0, "98": 98 * DAY, "90s": 90, "90m": 5400, "12h": 12 * HOUR, "14d": 14 * DAY,
        "2w": 14 * DAY, "0.5": DAY / 2, "1.5h": 5400, "007d": 7 * DAY, "999999": 999999 * DAY,
    }.items()],
    ("warn-validity", "2", 2 * DAY), ("max-validity", "1.5", 36 * HOUR), ("hook-max-age", "1", DAY),
    *[("timeout", text, seconds) for text, seconds in {
        "10": 10, "10s": 10, "0.25s": 0.25, "2m": 120, "1h": HOUR, "1d": DAY, "1w": 7 * DAY,
    }.items()],
    ("max-wait", "0.5", 0.5),
    ("project", "/group/app/", "group/app"), ("group", "4711", "4711"),
    *[("role", text, text) for text in ("planner", "security-manager", "owner")],
    ("kind", "service-account", "service-account"), ("format", "dotenv", "dotenv"),
    ("report", "json=d=e.json", ("json", "d=e.json")),
    *[("allow-http", text, True) for text in ("true", "True", "yes", "YES", "1")],
    *[("hook-strict", text, False) for text in ("false", "no", "No", "0")],
])  # fmt: skip
def test_a_text_that_means_something(name: str, text: str, value: object) -> None:
    assert SETTINGS[name].read(text) == value


# fmt: off
NO_DURATIONS = [
    "d", "soon", "nan", "inf", "-3", "-1d", "+1d", "1y", "1D", "1 d", " 1d", "1d\n", "10x", "1d2h3",
    "1.2.3s", "1e3", ".5", "5.", "1_000", "1,5h", "1.2345d", "1234567", "9" * 400, "٣d", "²d",
]
NOTHING = {  # half a sentence, and what it is said of
    "begins with https://": [f"url {text}" for text in (
        "nonsense", "gitlab.com", "//evil.example.com", "ftp://gitlab.example.com",
        "file:///etc/hosts", "javascript:alert(1)",
    )],
    "plain address": [f"url https://{text}" for text in (
        "", "/gitlab", "host name", "-gitlab.com", "gitlab..com", "gitlab.com?a=b", "gitlab.com#a",
        "gitlab.com/a b", "gitlab.com/%2e%2e", "gitläb.com", "gitlab.com%2eevil.com",
        "gitlab.com\\.evil.com",
    )],
    "must not hold . or ..": ["url https://gitlab.com/a/../b", "url https://gitlab.com/."],
    "such as https://host": [f"url https://{text}" for text in ("a:port", "a:65536", "[::1")],
    "a user name or password": [f"url https://{text}" for text in (
        "oauth2:word@gitlab.com", "gitlab.com@evil.com", "evil.com\\@gitlab.com",
    )],
    "looks like a token": [f"project group/{GOOD}"] + [
        f"{name} {GOOD}" for name in ("url", "token-file", "ca-file", "config", "output")
    ],
    "must be one of gitlab": ["provider GitLab", "provider github", "provider git lab"],
    "names of scopes": ["scopes 5", "scopes a;b", f"scopes {'a' * 65}", f"forbid-scopes {GOOD}"],
    "a bare number is days": [f"min-validity {text}" for text in (*NO_DURATIONS, "auto")] + [
        "warn-validity often", "max-validity 1y", "hook-max-age -1h",
    ],
    "a bare number is seconds": [f"timeout {text}" for text in (*NO_DURATIONS, "0", "0s")] + [
        "max-wait 0.0", "max-wait later",
    ],
    "the whole path": ["project app"], "not an address": ["project https://gitlab.com/group/app"],
    "must be a path": ["project a//b", "project a/../b", "project a/b c", "group ..", "group /"],
    "must be one of guest, planner": ["role admin", "role 40"],
    "must be one of personal, project": ["kind deploy"],
    "must be one of token-missing": [  # and of none that says that nothing was checked
        "allow everything", "allow usage-error", "allow config-error", "allow internal-error",
    ],
    "must be one of auto, text, json": ["format xml"],
    "must be one of text, json": ["report xml=report.xml", "report auto=a", "report =a.json"],
    "FORMAT=PATH": ["report report.json", "report json="],
    "control character": ["report json=a\x07", "output a\x1b[2J", "url https://gitlab.com/\x1b"],
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
    assert len(text) < 9 or text not in str(error.value)


@pytest.mark.parametrize("seconds, said", [
    (-5, "0 seconds"), (0.9, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"),
    (61, "1 minute 1 second"), (179, "2 minutes 59 seconds"), (185, "3 minutes"), (HOUR, "1 hour"),
    (DAY - 1, "23 hours"), (DAY + HOUR, "1 day 1 hour"), (3 * DAY - 1, "2 days 23 hours"),
])  # fmt: skip
def test_a_length_of_time_is_said_rounded_down(seconds: float, said: str) -> None:
    assert say_seconds(seconds) == said
