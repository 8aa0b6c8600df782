"""The manners of a hook: which tokens a push concerns, what is not asked again, and what does not stop the push."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from glcheck import durations, run
from glcheck import masking as text
from glcheck.hook import memory as remembered
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import shapes
from glcheck.report import Report, TokenReport
from glcheck.secret import Secret
from glcheck.settings.plan import Plan, TokenPolicy

MAX_WAIT = 5.0  # seconds that a push waits for a network that is not there
# Git over SSH through the HTTPS port (doc/user/ssh.md).
_SAME_HOST = {"altssh.gitlab.com": "gitlab.com"}
_DEAD = (Category.TOKEN_INVALID, Category.TOKEN_EXPIRED, Category.TOKEN_REVOKED)


def check(
    plan: Plan,
    remote: str,
    environ: Mapping[str, str],
    watch: Callable[[int, int], None] = run.nobody,
) -> Report:
    """The report for a push to that remote (an address, a path, or nothing where it is not known).

    What could not be asked, and a missing token that nobody named, are warnings unless the plan is strict. `watch`
    and Interrupted are those of `run.run`.
    """
    host = host_of(remote)
    concerned = tuple(
        policy for policy in plan.tokens if not host or host == urlsplit(policy.url).hostname
    )
    memory = _Memory(remembered.place(environ), plan.hook_max_age)
    report = run.run(plan._replace(tokens=concerned), environ, memory.recall, watch)
    memory.learn(report)
    if not plan.hook_strict:
        report = _softened(report, concerned)
    there = _shown(host or "", remote)
    elsewhere = (
        _not_asked(policy, f"The push goes to {there}, and its `url` is {policy.url}.")
        for policy in plan.tokens
        if policy not in concerned
    )
    return report._replace(tokens=(*report.tokens, *elsewhere))


def _not_asked(policy: TokenPolicy, why: str) -> TokenReport:
    notes = (*policy.notes, why)
    return TokenReport(
        policy.name, policy.source.label, policy.url, None, (), notes, 0, 0, policy.requirements
    )


def host_of(remote: str) -> str | None:
    """The host of a remote as git writes it, or None for a path, which has none.

    It is an URL, `user@host:path`, or the same with `[host:port]` (git's connect.c, parse_connect_url).
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
    return _SAME_HOST.get(host, host) or None


def _shown(host: str, remote: str) -> str:
    """The host, unless it is a token that stands where a host should be; `remote` has it as it was written."""
    written = re.search(re.escape(host), remote, re.IGNORECASE)
    return (
        "another host"
        if shapes.looks_like_token(written[0] if written else host)
        else text.one_line(host)
    )


class _Memory:
    """The tokens of a run that were found in order not long ago."""

    def __init__(self, directory: Path | None, max_age: float) -> None:
        self._directory = directory
        self._max_age = max_age
        self._since = (
            time.time()
        )  # before anything is asked: what an answer says of the future is counted from here
        self._keys: dict[str, str] = {}

    def recall(self, policy: TokenPolicy, secret: Secret) -> TokenReport | None:
        """The report on a token that need not be asked about again."""
        if self._directory is None:
            return None
        self._keys[policy.name] = name = remembered.key(policy, secret)
        age = remembered.age(self._directory, name, self._max_age)
        if age is None:
            return None
        return _not_asked(policy, f"It was in order {durations.say_seconds(age)} ago.")

    def learn(self, report: Report) -> None:
        """Remember the tokens that are in order; nothing at all if one of them is not."""
        if self._directory is None:
            return
        if any(_is_a_failure(problem) for token in report.tokens for problem in token.problems):
            remembered.forget(self._directory)
            return
        for token in report.tokens:
            seconds = min(self._max_age, _good_for(token))
            if seconds > 0:
                remembered.remember(self._directory, self._keys[token.name], self._since, seconds)


def _is_a_failure(problem: Problem) -> bool:
    """Whether GitLab's word, or that of the token itself, is against it; also where the policy allows that."""
    return problem.category in _DEAD or (
        problem.severity == "error" and not problem.category.could_not_ask
    )


def _good_for(token: TokenReport) -> float:
    """Seconds until the verdict on the token would be another; 0 where that is not known."""
    described, asked = token.token, token.requirements
    if (
        described is None or token.problems or described.kind == "job"
    ):  # which dies when its job ends
        return 0
    if token.seconds_left is None:
        return float("inf")
    from glcheck.judgement import warn_below  # only where GitLab was asked

    return token.seconds_left - max(asked.min_validity, warn_below(asked.warn_validity, described))


def _softened(report: Report, policies: Sequence[TokenPolicy]) -> Report:
    named = {policy.name for policy in policies if policy.named_in_policy}

    def soften(problem: Problem, token: TokenReport) -> Problem:
        nobody_named_it = problem.category is Category.TOKEN_MISSING and token.name not in named
        if problem.severity != "error" or not (problem.category.could_not_ask or nobody_named_it):
            return problem
        return problem._replace(
            severity="warning", message=f"{problem.message} This does not stop the push."
        )

    tokens = (
        t._replace(problems=tuple(soften(problem, t) for problem in t.problems))
        for t in report.tokens
    )
    return report._replace(tokens=tuple(tokens))
