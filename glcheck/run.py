"""A run: every token of the plan is looked at, all at the same time, and the report is put together.

Each goes the same way: secret, GitLab's description, judgement. A step that cannot be done gives the
problem that stopped it, and `_attempt` is the one place that catches it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from glcheck import address, secret
from glcheck import masking as text
from glcheck.description import Access, Owner, Token
from glcheck.problem import Category, Failure, Problem
from glcheck.providers.gitlab import pages as replacement
from glcheck.providers.gitlab import shapes
from glcheck.report import Report, TokenReport
from glcheck.secret import STANDARD_INPUT, Secret
from glcheck.settings.plan import Plan, TokenPolicy

if TYPE_CHECKING:
    from glcheck.providers.gitlab.ask import GitLab

_STOPPED = Problem(
    Category.NETWORK_ERROR,
    "The check was interrupted before {host} had answered.",
    "Start it again.",
    details={"reason": "interrupted"},
)
_GLANCE = 0.2  # seconds between two looks at how far it is
T = TypeVar("T")
_Found = tuple[
    Token | None, list[Problem], list[str]
]  # a token, what is wrong with it, and what is worth a note


class _Task(NamedTuple):
    """One token of the plan: its secret, or the problem with it, and whom to ask about it or what is known already."""

    policy: TokenPolicy
    secret: Secret | Problem
    known: TokenReport | None
    gitlab: GitLab | None = None  # None: there is nothing to ask


class Interrupted(KeyboardInterrupt):
    """A run that somebody stopped. `report` is what was found out until then; the rest is network-error in it."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def _nothing(_policy: TokenPolicy, _secret: Secret) -> None:
    """What a check remembers."""


def nobody(_done: int, _all: int) -> None:
    """Who watches."""


def run(
    plan: Plan,
    environ: Mapping[str, str],
    recall: Callable[[TokenPolicy, Secret], TokenReport | None] = _nothing,
    watch: Callable[[int, int], None] = nobody,
) -> Report:
    """The report of that plan. Problems are in it, none is raised; Interrupted is.

    It takes `max_wait` seconds at most; what GitLab has not answered by then is network-error. `recall` gives the
    report on a token that need not be asked about; `watch` is told now and then how many tokens are done, and of
    how many.
    """
    started = time.monotonic()
    deadline = started + plan.max_wait
    checked_at = datetime.now(timezone.utc)
    if plan.problems:
        return Report(checked_at, (), plan.problems)
    typed = any(policy.source.file == STANDARD_INPUT for policy in plan.tokens)
    standard_input = secret.read_standard_input(plan.max_wait) if typed else b""
    secrets = [
        _attempt(partial(_secret, policy, environ, standard_input, deadline))
        for policy in plan.tokens
    ]
    tasks = [
        _Task(policy, one, recall(policy, one) if isinstance(one, Secret) else None)
        for policy, one in zip(plan.tokens, secrets, strict=True)
    ]
    if all(task.known or isinstance(task.secret, Problem) for task in tasks):
        return Report(checked_at, tuple(map(_report, tasks)))
    veil = text.Masking(one.value for one in secrets if isinstance(one, Secret))
    tasks = _with_somebody_to_ask(tasks, plan, veil, deadline)
    from glcheck.transport.client import OUT_OF_TIME

    reports: list[TokenReport | None] = [None] * len(tasks)
    why = OUT_OF_TIME
    try:
        _all_at_once([partial(_report, task) for task in tasks], reports, deadline, watch)
    except KeyboardInterrupt:
        why = _STOPPED
    tokens = [
        report or _unfinished(task, started, why)
        for report, task in zip(reports, tasks, strict=True)
    ]
    interrupted = any(
        problem.details == _STOPPED.details for token in tokens for problem in token.problems
    )
    report = Report(checked_at, veil.mask(tuple(tokens)), interrupted=interrupted)
    if report.interrupted:
        raise Interrupted(report)
    return report


def _attempt(step: Callable[[], T]) -> T | Problem:
    try:
        return step()
    except Failure as failure:
        return failure.problem
    except Exception as error:  # a fault of ours must not cost the other tokens their verdict
        return _internal_error(error)


def failed(error: Exception) -> Report:
    """The report of a run that glcheck itself could not bring to its end."""
    problem = _internal_error(error)
    message = problem.message.replace("{token}", "any token")
    return Report(datetime.now(timezone.utc), (), (problem._replace(message=message),))


def nothing_wrong() -> Report:
    """The report of a run that had nothing to ask and found nothing wrong."""
    return Report(datetime.now(timezone.utc), ())


def _internal_error(error: Exception) -> Problem:
    """A fault of glcheck itself. Only the kind of the exception is told: its text could hold a secret."""
    import logging  # only on the way to an error
    import traceback

    logging.getLogger("glcheck").debug("%s", "".join(traceback.format_tb(error.__traceback__)))
    return Problem(
        Category.INTERNAL_ERROR,
        f"glcheck itself failed ({type(error).__name__}); this says nothing about {{token}}.",
        "Please report it with what `glcheck -v check` prints, which holds no secret: see SECURITY.md and the "
        "issue tracker of the project.",
    )


def _secret(
    policy: TokenPolicy, environ: Mapping[str, str], standard_input: bytes, deadline: float
) -> Secret:
    patience = max(deadline - time.monotonic(), 0) / 2  # some of the time is for asking
    value = secret.read(policy.source, environ, standard_input, patience)
    kind = shapes.shape_of(value.value).uncheckable
    if kind:
        raise Failure(
            Problem(
                Category.WRONG_TOKEN_KIND,
                f"{{token}} is a {kind}, which GitLab cannot describe. Nothing was sent.",
                "Use an access token here: {replace}.",
                details={"actual": kind},
            )
        )
    return value


def _with_somebody_to_ask(
    tasks: Sequence[_Task], plan: Plan, veil: text.Masking, deadline: float
) -> list[_Task]:
    """The tasks with whom to ask. Entries with the same secret at the same GitLab share what is asked."""
    import logging  # and requests, for those who have something to ask

    from glcheck.providers.gitlab.ask import Account, GitLab
    from glcheck.transport.client import Transport

    log = logging.getLogger("glcheck")

    def say(text: str) -> None:
        log.debug("%s", veil.mask(text))

    transport = cache(lambda url, ca_file: Transport(url, ca_file, plan.timeout, deadline, say))
    account = cache(
        lambda url, ca_file, value: Account(
            transport(url, ca_file),
            value,
            presented_as=shapes.shape_of(value).kind,
            clean=veil.clean,
        )
    )
    return [
        task._replace(
            gitlab=GitLab(account(task.policy.url, task.policy.ca_file, task.secret.value))
        )
        if isinstance(task.secret, Secret) and not task.known
        else task
        for task in tasks
    ]


def _all_at_once(
    steps: Sequence[Callable[[], TokenReport]],
    results: list[TokenReport | None],
    deadline: float,
    watch: Callable[[int, int], None],
) -> None:
    """Put what each step returns in its place among the results; None stays for those not done at the deadline.

    Daemon threads and no executor: an executor waits at exit for a server that never stops talking.
    """
    import queue  # only for those who have something to ask
    import threading

    from glcheck.transport.client import MOST_CONNECTIONS

    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done = threading.Semaphore(0)
    for index in range(len(steps)):
        waiting.put(index)

    def work() -> None:
        while time.monotonic() < deadline:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            results[index] = steps[index]()
            done.release()

    for _ in range(min(MOST_CONNECTIONS, len(steps))):
        threading.Thread(target=work, daemon=True).start()
    finished = 0
    while finished < len(steps) and (left := deadline - time.monotonic()) > 0:
        finished += done.acquire(timeout=min(left, _GLANCE))
        watch(finished, len(steps))


def _report(task: _Task) -> TokenReport:
    """The report on one token, whatever happens on the way to it."""
    if task.known:
        return task.known
    started = time.monotonic()
    found = _attempt(partial(_examine, task))
    token, problems, notes = (None, [found], []) if isinstance(found, Problem) else found
    return _finished(task, token, problems, notes, started)


def _examine(task: _Task) -> _Found:
    if isinstance(task.secret, Problem):
        raise Failure(task.secret)
    assert task.gitlab is not None  # noqa: S101 - there is one for every secret
    return _judged(task.policy, task.gitlab, task.gitlab.token())


def _judged(
    policy: TokenPolicy, gitlab: GitLab, token: Token, over: Problem | None = None
) -> _Found:
    """The token, with its kind known more exactly where that was asked for, and what is wrong with it.

    `over` says that the time is: nothing more is asked then.
    """
    from glcheck import judgement

    asked, namespace = policy.requirements, policy.requirements.namespace
    alive = token.active and not token.revoked and token.kind != "job"
    owner: Owner | Problem | None = None
    access: Access | Problem | None = None
    if alive and judgement.needs_owner(asked, token):
        owner = over if over else _attempt(gitlab.owner)
    if alive and namespace:
        access = over if over else _attempt(lambda: gitlab.access(namespace, asked.role, token))
    verdict = judgement.judge(asked, token, owner, access, token.now)
    if asked.kind and isinstance(owner, Owner):
        token = token._replace(kind=owner.kind)
    return token, list(verdict.problems), list(verdict.notes)


def _unfinished(task: _Task, started: float, why: Problem) -> TokenReport:
    """The report on a token for which the time was too short: what GitLab did say counts."""
    gitlab = task.gitlab
    if gitlab is None:  # it needs no time
        return _report(task)
    if why is _STOPPED:  # whatever is allowed: nobody may take half a check for a whole one
        allow = tuple(category for category in task.policy.allow if category is not why.category)
        task = task._replace(policy=task.policy._replace(allow=allow))
    if gitlab.described is None:
        return _finished(task, None, [why], [], started)
    return _finished(task, *_judged(task.policy, gitlab, gitlab.described, why), started)


def _finished(
    task: _Task, token: Token | None, problems: list[Problem], notes: list[str], started: float
) -> TokenReport:
    policy = task.policy
    if isinstance(task.secret, Secret) and task.secret.had_line_end:
        problems.append(
            Problem(
                Category.TOKEN_MALFORMED,
                "{token} ends with a line break, which was left out.",
                "Store it again without the line break: other tools may send it along.",
                severity="warning",
            )
        )
    lacking = [scope for problem in problems for scope in problem.details.get("missing", ())]
    advice = replacement.advice(policy, token, lacking)
    return TokenReport(
        policy.name,
        policy.source.label,
        policy.url,
        token,
        tuple(sorted((_worded(problem, policy, advice) for problem in problems), key=_gravity)),
        (*policy.notes, *notes),
        task.gitlab.requests if task.gitlab else 0,
        int((time.monotonic() - started) * 1000),
        policy.requirements,
    )


def _gravity(problem: Problem) -> tuple[bool, int]:
    """Errors first, and the one that decides before all others."""
    return problem.severity != "error", problem.category.exit_code


def _worded(problem: Problem, policy: TokenPolicy, advice: str) -> Problem:
    """The problem with its blanks filled in, as a warning where the policy allows its category."""
    words = {
        "{token}": policy.source.token,
        "{url}": policy.url,
        "{host}": address.host(policy.url),
        "{replace}": advice,
        "{Replace}": advice[0].upper() + advice[1:],
    }
    message, fix = problem.message, problem.fix
    for blank, word in words.items():
        message, fix = message.replace(blank, word), fix.replace(blank, word)
    return problem._replace(
        message=message
        if problem.message.startswith("{host}")
        else message[0].upper() + message[1:],
        fix=fix,
        severity="warning" if problem.category in policy.allow else problem.severity,
    )
