"""Every fault ends with its category, in time and in little memory: docs/faults.md."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
MAX_WAIT = 6  # seconds: on a busy machine, too, enough to try again what may pass
LIMITS = ("--timeout", "1s", "--max-wait", f"{MAX_WAIT}s")
MOST_MEGABYTES = 100
TELLS = ("ok", "token-revoked")  # verdicts that need a description of the token
DOCUMENT = f"""\
# Faults

`make reliability` writes this page. For each line, it runs glcheck as a process of its own against
a server on loopback that has this fault. The token is good, `timeout` is 1 s and `max-wait`
{MAX_WAIT} s. The tests run the same, and fail where a category is another one, where a run takes
clearly longer than `max-wait` or more than {MOST_MEGABYTES} MiB, or where anything shows the
token. What it means in short is in [reliability.md](reliability.md).

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
        if self.token["requests"] > 1:
            return "after trying again"
        return "when `max-wait` is over" if "max-wait" in reasons else "at once"


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


def of_addresses(run: Run, tls: Certificates) -> list[Found]:
    """Nobody there, and certificates of all sorts."""
    with GitLab() as server:
        gone = server.url
    flawed = {
        "a certificate that has expired": GitLab(tls=tls.expired),
        "a certificate that is not valid yet": GitLab(tls=tls.not_yet_valid),
        "a certificate for another host": GitLab(tls=tls.wrong_host),
        "a certificate of an unknown CA": GitLab(tls=tls.other_ca),
    }
    ca, private = ("--ca-file", str(tls.ca_file)), "a private CA, named by"
    with ExitStack() as servers:
        plain, good = (servers.enter_context(GitLab(tls=how)) for how in (None, tls.good))
        for server in flawed.values():
            servers.enter_context(server)
        good.add(Token(GOOD))
        ci = {"GITLAB_CI": "true", "CI_SERVER_URL": good.url, "CI_SERVER_TLS_CA_FILE": ca[1]}
        found = [
            seen(run, gone, "refused", NETWORK),
            seen(run, "https://gitlab.invalid", "a name that cannot be resolved", NETWORK),
            *(seen(run, server.url, name, TLS, *ca) for name, server in flawed.items()),
            seen(run, good.url, "a private CA, not named", TLS),
            seen(run, good.url, f"{private} `ca-file`", "ok", *ca),
            seen(run, good.url, f"{private} REQUESTS_CA_BUNDLE", "ok", REQUESTS_CA_BUNDLE=ca[1]),
            seen(run, good.url, f"{private} CI_SERVER_TLS_CA_FILE", "ok", **ci),
            seen(run, f"http://{good.address}", "TLS on a port for http", NETWORK),
            seen(run, f"https://{plain.address}", "http on GitLab's port for TLS", TLS),
        ]
    assert [server.requests for server in (*flawed.values(), plain)] == [[]] * 5
    assert len(good.requests) == 3
    return found


def test_every_fault_ends_with_its_category_in_time_and_in_little_memory(
    run: Run, gitlab: GitLab, tls: Certificates
) -> None:
    gitlab.add(Token(GOOD))
    usual = max(seen(run, gitlab.url, "none", "ok").cost.seconds for _ in range(3))
    found = [*of_addresses(run, tls), *of_bytes(run, usual)]
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
