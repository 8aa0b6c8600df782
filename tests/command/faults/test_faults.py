"""Every fault ends with its category, in time and in little memory: docs/faults.md."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kit.command import Run
from kit.cost import Cost
from kit.fault_server import Fault, FaultServer
from kit.faults import NETWORK, TLS, faults
from kit.gitlab_server import Certificates, GitLab, Token
from kit.leaks import leaks
from kit.policies import GOOD
from kit.reports import CODES

pytestmark = pytest.mark.slow
TABLE = Path(__file__).parents[3] / "docs" / "faults.md"
MAX_WAIT = 3  # seconds, for each of these runs
LIMITS = ("--timeout", "1s", "--max-wait", f"{MAX_WAIT}s")
MOST_MEGABYTES = 100
TELLS = ("ok", "token-revoked")  # verdicts that need a description of the token
DOCUMENT = f"""\
# Faults

`make reliability` writes this page. For each line, it runs glcheck as a process of its own against
a server on loopback that has this fault. The token is good, `timeout` is 1 s and `max-wait` {MAX_WAIT} s.
The tests run the same, and fail where a category is another one, where a run takes clearly longer
than `max-wait` or more than {MOST_MEGABYTES} MiB, or where anything shows the token. In short, it is in
[reliability.md](reliability.md).

| fault | category | exit code | it ends |
| --- | --- | --- | --- |
"""


class Found(NamedTuple):
    """What a fault came to."""

    fault: str
    expected: str
    token: dict[str, Any]
    code: int
    cost: Cost

    @property
    def category(self) -> str:
        return str(self.token["category"])

    @property
    def fits(self) -> bool:
        """Whether it is one of the expected; which one may depend on the version of a library."""
        return fits(self.category, self.expected)

    def wrong(self, usual: float) -> list[str]:
        """What is wrong with it; a run in which nothing is amiss takes the `usual` seconds."""
        problems = self.token["problems"]
        flaws = {
            "category": not self.fits,
            "exit code": self.code != CODES[self.category],
            "no fix": not all(problem["message"] and problem["fix"] for problem in problems),
            "nobody described it": self.token["token"] and self.category not in TELLS,
            "time": self.cost.seconds > MAX_WAIT + 1 + 10 * usual,
            "memory": self.cost.megabytes > MOST_MEGABYTES,
        }
        return [what for what, is_so in flaws.items() if is_so]

    @property
    def end(self) -> str:
        """When it ended, in words that are the same on every machine."""
        reasons = [problem["details"].get("reason") for problem in self.token["problems"]]
        if "max-wait" in reasons:
            return "when `max-wait` is over"
        return "at once" if self.token["requests"] < 2 else "after trying again"


def fits(category: str, expected: str) -> bool:
    return category in expected.split(" or ")


def seen(run: Run, url: str, name: str, expected: str, *args: str, **env: str) -> Found:
    """Check a good token at that address."""
    options = ("--url", url, "--format", "json", *LIMITS, *args)
    result, cost = run.costing(*options, token=GOOD, env=env)
    assert (result.err, leaks(result.out, [GOOD])) == ("", []), name
    return Found(name, expected, result.token, result.code, cost)


def of_bytes(run: Run, usual: float) -> list[Found]:
    def one(fault: Fault) -> Found:
        with FaultServer(fault) as server:
            found = seen(run, server.url, fault.name, fault.category)
            if found.wrong(usual):  # on a machine that was busy elsewhere?
                return seen(run, server.url, fault.name, fault.category)
            return found

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(one, faults()))


def of_certificates(run: Run, tls: Certificates) -> list[Found]:
    found, ca_file = [], str(tls.ca_file)
    for name, context in (
        ("a certificate that has expired", tls.expired),
        ("a certificate that is not valid yet", tls.not_yet_valid),
        ("a certificate for another host", tls.wrong_host),
        ("a certificate of an unknown CA", tls.other_ca),
    ):
        with GitLab(tls=context) as server:
            found.append(seen(run, server.url, name, TLS, "--ca-file", ca_file))
            assert server.requests == []
    with GitLab(tls=tls.good) as server, GitLab() as plain:
        server.add(Token(GOOD))
        url, name = server.url, "a private CA, named by"
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": url, "CI_SERVER_TLS_CA_FILE": ca_file}
        bundle = {"REQUESTS_CA_BUNDLE": ca_file}
        tls_to_plain, plain_to_tls = plain.url.replace("p:", "ps:"), url.replace("ps:", "p:")
        found += [
            seen(run, url, "a private CA, not named", TLS),
            seen(run, url, f"{name} `ca-file`", "ok", "--ca-file", ca_file),
            seen(run, url, f"{name} REQUESTS_CA_BUNDLE", "ok", **bundle),
            seen(run, url, f"{name} CI_SERVER_TLS_CA_FILE", "ok", **ci),
            seen(run, plain_to_tls, "TLS on a port for http", NETWORK),
            seen(run, tls_to_plain, "http on GitLab's port for TLS", TLS),
        ]
        assert (len(server.requests), plain.requests) == (3, [])
    return found


def of_addresses(run: Run) -> list[Found]:
    with GitLab() as server:
        gone = server.url
    unknown = "a name that cannot be resolved"
    return [
        seen(run, gone, "refused", NETWORK),
        seen(run, "https://gitlab.invalid", unknown, NETWORK),
    ]


def test_every_fault_ends_with_its_category_in_time_and_in_little_memory(
    run: Run, gitlab: GitLab, tls: Certificates
) -> None:
    gitlab.add(Token(GOOD))
    usual = max(seen(run, gitlab.url, "none", "ok").cost.seconds for _ in range(3))
    found = [*of_addresses(run), *of_bytes(run, usual), *of_certificates(run, tls)]
    if os.environ.get("WRITE_RELIABILITY"):
        rows = [(one.fault, f"`{one.category}`", str(one.code), one.end) for one in found]
        lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        TABLE.write_text(DOCUMENT + lines, encoding="utf-8")
    assert [(one, wrong) for one in found if (wrong := one.wrong(usual))] == []
    table = re.findall(
        r"^\| (.*?) \| `(.*?)` \| \d", TABLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for name, _ in table] == [one.fault for one in found], "run `make reliability`"
    differ = [
        one.fault
        for one, (_, told) in zip(found, table, strict=True)
        if not fits(told, one.expected)
    ]
    assert differ == [], "run `make reliability`"
