"""The manners of a hook: which tokens a push concerns, and what does not stop the push."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from glcheck import providers, run
from glcheck.hook.memory import Memory, place
from glcheck.masking import one_line
from glcheck.policy import Plan, TokenPolicy
from glcheck.problem import ALLOWABLE, Category
from glcheck.report import Report, not_asked

MAX_WAIT = 5.0  # seconds that a push waits for a network that is not there


def check(
    plan: Plan,
    remote: str,
    environ: Mapping[str, str],
    on_progress: Callable[[int, int], None] = run.show_nothing,
) -> Report:
    """The report for a push to that remote (an address, a path, or nothing where it is not known).

    What could not be asked, and a missing token that nobody named, are warnings unless the plan is
    strict. `on_progress` and Interrupted are those of `run.run`.
    """
    host = host_of(remote)
    concerned = [one for one in plan.tokens if not host or host == urlsplit(one.url).hostname]
    tolerant = tuple(_tolerant(policy, plan.hook_strict) for policy in concerned)
    memory = Memory(place(environ), plan.hook_max_age)
    report = run.run(plan._replace(tokens=tolerant), environ, memory.recall, on_progress)
    memory.learn(report)
    there = _shown(host or "", remote)
    elsewhere = (
        not_asked(policy, f"The push goes to {there}, and its `url` is {policy.url}.")
        for policy in plan.tokens
        if policy not in concerned
    )
    return report._replace(tokens=(*report.tokens, *elsewhere))


def _tolerant(policy: TokenPolicy, strict: bool) -> TokenPolicy:
    """The policy with what stops no push: that nobody could be asked, a token that nobody named."""
    if strict:
        return policy
    tolerated = tuple(category for category in ALLOWABLE if category.could_not_ask)
    if not policy.named_in_policy:
        tolerated = (*tolerated, Category.TOKEN_MISSING)
    return policy._replace(tolerated=tolerated)


def host_of(remote: str) -> str | None:
    """The host of a remote as git writes it, or None for a path, which has none.

    It is an URL, `user@host:path`, or the same with `[host:port]` (git's connect.c,
    parse_connect_url).
    """
    if re.match(
        r"file://|[\w.+-]+::", remote
    ):  # a path, and what a remote helper alone understands
        return None
    if "://" in remote:
        try:
            host = unquote(urlsplit(remote).hostname or "")
        except ValueError:
            return None
    else:  # the colon comes before any slash; one letter before it is a drive
        match = re.match(r"(?:[^/:\\\[]*@)?(?:\[([^]/]+)\]|([^/:\\\[]{2,})):", remote)
        host = (match[1] or match[2]).rpartition("@")[2].lower() if match else ""
        host = re.sub(r"^([^:]+):\d+$", r"\1", host)  # more than one colon is an IPv6 address
    host = host.rstrip(".")
    return providers.git_host(host) or None


def _shown(host: str, remote: str) -> str:
    """The host, unless a token stands where a host should be; `remote` has it as it was written."""
    written = re.search(re.escape(host), remote, re.IGNORECASE)
    if providers.looks_like_token(written[0] if written else host):
        return "another host"
    return one_line(host)
