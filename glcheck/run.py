"""A run: each token of the plan goes the same way, and the report is what was found.

Read the secret, let the provider describe the token, judge that, put it into words. A step that
cannot be taken gives the problem that stopped it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache, partial
from typing import TYPE_CHECKING

from glcheck import providers, secret, verdict
from glcheck.at_once import INTERRUPTED, OUT_OF_TIME, all_at_once
from glcheck.ci import github_actions
from glcheck.masking import Masking
from glcheck.policy import STANDARD_INPUT, Plan, TokenPolicy
from glcheck.problem import GUIDE, Category, Problem, attempt, internal_error
from glcheck.report import Report, TokenReport
from glcheck.secret import Secret

if TYPE_CHECKING:
    from glcheck.description import Description, Token
    from glcheck.masking import Clean
    from glcheck.transport.asked_once import Asker

_LINE_END = Problem(
    Category.TOKEN_MALFORMED,
    "{token} ends with a line break, which was left out.",
    "Store it again without the line break: other tools may send it along.",
    severity="warning",
)


class Interrupted(KeyboardInterrupt):
    """A run that somebody stopped; `report` has what was found out until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def remember_nothing(_policy: TokenPolicy, _secret: Secret) -> None:
    """What is known already of a token: nothing."""


def show_nothing(_done: int, _all: int) -> None:
    """What is shown of how far a run is: nothing."""


def run(
    plan: Plan,
    environ: Mapping[str, str],
    recall: Callable[[TokenPolicy, Secret], TokenReport | None] = remember_nothing,
    on_progress: Callable[[int, int], None] = show_nothing,
) -> Report:
    """The report of that plan. Problems are in it, none is raised; Interrupted is.

    It takes `max_wait` seconds at most; what has not been answered by then is network-error.
    `recall` gives the report on a token that need not be asked about; `on_progress` is told now
    and then how many tokens are done, and of how many.
    """
    deadline = time.monotonic() + plan.max_wait
    checked_at = datetime.now(timezone.utc)
    guide = github_actions.guide(environ)
    if plan.problems:
        alone = (verdict.worded_alone(problem, guide) for problem in plan.problems)
        return Report(checked_at, (), tuple(alone))
    checks = _read_secrets(plan, environ, deadline)
    for check in checks:
        if isinstance(check.secret, Secret):
            check.known = recall(check.policy, check.secret)
    asking = [check for check in checks if check.has_to_ask]
    if not asking:
        return Report(checked_at, tuple(_report(check, guide) for check in checks))
    masking = Masking(check.secret.value for check in checks if isinstance(check.secret, Secret))
    _build_askers(asking, plan, masking, deadline)
    describe = [partial(_describe, check, masking.clean) for check in asking]
    why = all_at_once(describe, deadline, on_progress)
    if all(check.done for check in asking):  # in the very last moment, whatever came
        why = None
    tokens = tuple(_report(check, guide, why) for check in checks)
    report = Report(checked_at, masking.mask(tokens), interrupted=why is INTERRUPTED)
    if report.interrupted:
        raise Interrupted(report)
    return report


def failed(error: Exception) -> Report:
    """The report of a run that glcheck itself could not bring to its end."""
    problem = verdict.worded_alone(internal_error(error), GUIDE)
    return Report(datetime.now(timezone.utc), (), (problem,))


def nothing_wrong() -> Report:
    """The report of a run that had nothing to ask and found nothing wrong."""
    return Report(datetime.now(timezone.utc), ())


class _Check:
    """One token of the plan, with what is known of it until now."""

    def __init__(self, policy: TokenPolicy, value: Secret | Problem) -> None:
        self.policy = policy
        self.secret = value
        self.known: TokenReport | None = None  # where it need not be asked about
        self.asker: Asker | None = None  # where it has to be
        self.started = self.ended = time.monotonic()
        self.done = True
        self.said: Description | None = None
        self.stopped: Problem | None = None  # why no more was said

    @property
    def has_to_ask(self) -> bool:
        return isinstance(self.secret, Secret) and self.known is None


# --- read ---


def _read_secrets(plan: Plan, environ: Mapping[str, str], deadline: float) -> list[_Check]:
    typed = any(policy.source.file == STANDARD_INPUT for policy in plan.tokens)
    standard_input = secret.read_standard_input(plan.max_wait) if typed else b""

    def read(policy: TokenPolicy) -> Secret:
        patience = max(deadline - time.monotonic(), 0) / 2  # some of the time is for asking
        return secret.read(policy, environ, standard_input, patience)

    return [_Check(policy, attempt(partial(read, policy))) for policy in plan.tokens]


# --- describe ---


def _build_askers(checks: list[_Check], plan: Plan, masking: Masking, deadline: float) -> None:
    """Give each check somebody to ask. Entries with one secret at one host share what is asked."""
    import logging  # and requests, for those who have something to ask

    from glcheck.transport.asked_once import AskedOnce, Asker
    from glcheck.transport.client import Client

    log = logging.getLogger("glcheck")

    def say(text: str) -> None:
        log.debug("%s", masking.mask(text))

    @cache
    def client(url: str, ca_file: str | None) -> Client:
        return Client(url, ca_file, plan.timeout, deadline, say)

    @cache
    def asked_once(url: str, ca_file: str | None, value: str) -> AskedOnce:
        return AskedOnce(client(url, ca_file), value)

    for check in checks:
        assert isinstance(check.secret, Secret)  # noqa: S101 - there is nothing to ask without one
        policy = check.policy
        check.asker = Asker(asked_once(policy.url, policy.ca_file, check.secret.value))
        check.done = False


def _describe(check: _Check, clean: Clean) -> None:
    """Let the provider describe the token; what it says is noted as soon as it is said."""
    check.started = time.monotonic()

    def ask() -> None:
        assert isinstance(check.secret, Secret) and check.asker  # noqa: S101 - see _build_askers
        describe = providers.describe(check.policy.provider)
        asked, shape = check.policy.requirements, check.secret.shape
        for said in describe(asked, shape, check.asker, clean):
            check.said = said

    check.stopped = found if isinstance(found := attempt(ask), Problem) else None
    check.ended = time.monotonic()
    check.done = True


# --- judge and word ---


def _report(check: _Check, guide: str, why_unfinished: Problem | None = None) -> TokenReport:
    """The report on one token, whatever happened on the way to it."""
    if check.known:
        return check.known
    policy, done = check.policy, check.done
    # What is not done goes on meanwhile: of it, only what was said until now counts.
    stopped = check.stopped if done else why_unfinished or OUT_OF_TIME
    ended = check.ended if done else time.monotonic()
    if why_unfinished is INTERRUPTED:  # nobody may take half a check for a whole one
        policy = policy._replace(tolerated=())
        if not done:
            allow = (one for one in policy.allow if one is not INTERRUPTED.category)
            policy = policy._replace(allow=tuple(allow))
    judged = attempt(partial(_judge, policy, check.secret, check.said, stopped))
    token, problems, notes = (None, (judged,), ()) if isinstance(judged, Problem) else judged
    if isinstance(check.secret, Secret) and check.secret.had_line_end:
        problems = (*problems, _LINE_END)
    return TokenReport(
        name=policy.name,
        source=policy.source.label,
        provider=policy.provider,
        url=policy.url,
        token=token,
        problems=verdict.worded(problems, policy, token, guide),
        notes=(*policy.notes, *notes),
        requests=check.asker.requests if check.asker else 0,
        elapsed_ms=int((ended - check.started) * 1000),
        requirements=policy.requirements,
    )


def _judge(
    policy: TokenPolicy, value: Secret | Problem, said: Description | None, stopped: Problem | None
) -> tuple[Token | None, tuple[Problem, ...], tuple[str, ...]]:
    if isinstance(value, Problem):
        return None, (value,), ()
    if said is None:
        return None, (stopped or OUT_OF_TIME,), ()
    from glcheck import judgement  # only where there is something to judge

    said = said if stopped is None else said.cut_short(stopped)
    provider = providers.face(policy.provider)
    judged = judgement.judge(provider, policy.requirements, said, said.token.now)
    return said.token, judged.problems, judged.notes
