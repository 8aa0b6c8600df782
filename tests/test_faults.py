"""Every fault ends with its category, in time and in little memory; the table of them is docs/reliability.md."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from kit.command import Run
from kit.cost import Cost
from kit.faults import NETWORK, TLS, Fault, Server, faults
from kit.gitlab_server import Certificates, GitLab, Token
from kit.leaks import leaks
from kit.policies import GOOD
from kit.reports import CODES

pytestmark = pytest.mark.slow
TABLE = Path(__file__).parents[1] / "docs" / "reliability.md"
MAX_WAIT = 3.0  # seconds, for each of these runs; `timeout` is a third of it
GRACE = 2.0
MOST_MEGABYTES = 100


class Found(NamedTuple):
    """What a fault came to."""

    fault: str
    expected: str
    category: str
    code: int
    cost: Cost
    wrong: str  # what is wrong with it besides the category


def seen(run: Run, url: str, name: str, expected: str, *args: str, **env: str) -> Found:
    """Check a good token at that address."""
    limits = ("--timeout", f"{MAX_WAIT / 3:.0f}s", "--max-wait", f"{MAX_WAIT:.0f}s")
    result, cost = run.costing(
        "--url", url, "--format", "json", *limits, *args, token=GOOD, env=env
    )
    (token,) = result.report["tokens"]
    wrong = {
        "exit code": result.code != CODES[token["category"]],
        "stderr": bool(result.err),
        "no fix": not all(problem["message"] and problem["fix"] for problem in token["problems"]),
        "a token that nobody described": token["token"]
        and token["category"] not in ("ok", "token-revoked"),
        "leak": bool(leaks(result.out, [GOOD])),
        "time": cost.seconds > MAX_WAIT + GRACE,
        "memory": cost.megabytes > MOST_MEGABYTES,
    }
    return Found(
        name,
        expected,
        token["category"],
        result.code,
        cost,
        ", ".join(k for k, bad in wrong.items() if bad),
    )


def of_bytes(run: Run) -> list[Found]:
    def one(fault: Fault) -> Found:
        with Server(fault) as server:
            found = seen(run, server.url, fault.name, fault.category)
            if found.wrong or not fits(
                found.category, fault.category
            ):  # on a machine that was busy elsewhere?
                return seen(run, server.url, fault.name, fault.category)
            return found

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(one, faults()))


def of_certificates(run: Run, tls: Certificates) -> list[Found]:
    found = []
    servers = {
        "a certificate that has expired": tls.expired,
        "a certificate that is not valid yet": tls.not_yet_valid,
        "a certificate for another host": tls.wrong_host,
        "a certificate of an unknown CA": tls.other_ca,
    }
    ca_file = str(tls.ca_file)
    for name, context in servers.items():
        with GitLab(tls=context) as server:
            found.append(seen(run, server.url, name, TLS, "--ca-file", ca_file))
            assert server.requests == []
    with GitLab(tls=tls.good) as server, GitLab() as plain:
        server.add(Token(GOOD))
        there = {"GITLAB_CI": "true", "CI_SERVER_URL": server.url, "CI_SERVER_TLS_CA_FILE": ca_file}
        found += [
            seen(run, server.url, "a private CA, not named", TLS),
            seen(run, server.url, "a private CA, named by `ca-file`", "ok", "--ca-file", ca_file),
            seen(
                run,
                server.url,
                "a private CA, named by REQUESTS_CA_BUNDLE",
                "ok",
                REQUESTS_CA_BUNDLE=ca_file,
            ),
            seen(run, server.url, "a private CA, named by CI_SERVER_TLS_CA_FILE", "ok", **there),
            seen(run, server.url.replace("https:", "http:"), "TLS on a port for http", NETWORK),
        ]
        assert len(server.requests) == 3
        found.append(
            seen(run, plain.url.replace("http:", "https:"), "http on GitLab's port for TLS", TLS)
        )
        assert plain.requests == []
    return found


def of_addresses(run: Run) -> list[Found]:
    with GitLab() as server:
        gone = server.url
    return [
        seen(run, gone, "refused", NETWORK),
        seen(run, "https://gitlab.invalid", "a name that cannot be resolved", NETWORK),
    ]


def table(found: list[Found]) -> str:
    """The document about what was found."""
    slowest, largest = (
        max(one.cost.seconds for one in found),
        max(one.cost.megabytes for one in found),
    )
    rows = [
        (
            one.fault,
            f"`{one.category}`",
            one.code,
            f"{one.cost.seconds:.1f}",
            f"{one.cost.megabytes:.0f}",
        )
        for one in found
    ]
    return f"""\
# Reliability

What glcheck makes of what can go wrong on the way to GitLab. `make reliability` writes this page: for each line, it
runs glcheck as a process of its own against a server on loopback that has this fault. The token is good, `max-wait` is
{MAX_WAIT:.0f} s and `timeout` {MAX_WAIT / 3:.0f} s. The tests run the same, and fail where a category is another one,
where a run takes {GRACE:.0f} s more than `max-wait` or {MOST_MEGABYTES} MiB, or where anything shows the token.

A verdict on the token stands only where GitLab's description of it came through whole: `ok` for a good one, and
`token-revoked` for one that says so of itself. The slowest run took {slowest:.1f} s, and the largest {largest:.0f} MiB.

| fault | category | exit code | seconds | MiB |
| --- | --- | --- | --- | --- |
""" + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def documented() -> dict[str, str]:
    """The category of each fault as the document has it."""
    rows = re.findall(
        r"^\| (.*?) \| `(.*?)` \| \d+ \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(rows)


def test_every_fault_ends_with_its_category_in_time_and_in_little_memory(
    run: Run, tls: Certificates
) -> None:
    found = [*of_addresses(run), *of_bytes(run), *of_certificates(run, tls)]
    if os.environ.get("WRITE_RELIABILITY"):
        TABLE.write_text(table(found), encoding="utf-8")
    assert [one for one in found if one.wrong or not fits(one.category, one.expected)] == []
    told = documented()
    assert list(told) == [one.fault for one in found], "run `make reliability`"
    assert [one.fault for one in found if not fits(told[one.fault], one.expected)] == [], (
        "run `make reliability`"
    )


def fits(category: str, expected: str) -> bool:
    """Whether it is one of the expected; which of several it is depends on the version of a library."""
    return category in re.split(" or |, ", expected)
