"""A run: every token of the plan is looked at, all at the same time, and the report is put together.

Each goes the same way: secret, GitLab's description, judgement. A step that cannot be done gives the
problem that stopped it, and `_attempt` is the one place that catches it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from glcheck import address, replacement, secret, shapes, text
from glcheck.categories import Category, Failure, Problem
from glcheck.description import Access, Owner, Token
from glcheck.plan import Plan, TokenPolicy
from glcheck.report import Report, TokenReport
from glcheck.secret import STANDARD_INPUT, Secret

if TYPE_CHECKING:
    from glcheck.gitlab import GitLab

_MOST_THREADS = 16

T = TypeVar("T")


class _Task(NamedTuple):
    """One token of the plan: its secret, or the problem with it, and whom to ask about it."""

    policy: TokenPolicy
    secret: Secret | Problem
    gitlab: GitLab | None  # None: there is nothing to ask


def run(plan: Plan, environ: Mapping[str, str]) -> Report:
    """The report of that plan. Problems are in it, none is raised.

    It takes `max_wait` seconds at most; what GitLab has not answered by then is network-error.
    """
    deadline = time.monotonic() + plan.max_wait
    checked_at = datetime.now(timezone.utc)
    if plan.problems:
        return Report(checked_at, (), plan.problems)
    typed = any(policy.source.file == STANDARD_INPUT for policy in plan.tokens)
    standard_input = secret.read_standard_input() if typed else None
    secrets = [_attempt(lambda p=policy: _secret(p, environ, standard_input)) for policy in plan.tokens]  # type: ignore[misc]
    if not any(isinstance(one, Secret) for one in secrets):
        tasks = [_Task(policy, one, None) for policy, one in zip(plan.tokens, secrets, strict=True)]
        return Report(checked_at, tuple(_examine(task) for task in tasks))
    veil = text.Veil(one.value for one in secrets if isinstance(one, Secret))
    tasks = _tasks(plan, secrets, veil, deadline)
    reports = _all_at_once([lambda t=task: _examine(t) for task in tasks], deadline)  # type: ignore[misc]
    tokens = [report or _unfinished(task) for report, task in zip(reports, tasks, strict=True)]
    return Report(checked_at, veil.mask(tuple(tokens)))


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


def _secret(policy: TokenPolicy, environ: Mapping[str, str], standard_input: bytes | None) -> Secret:
    value = secret.read(policy.source, environ, standard_input)
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


def _tasks(plan: Plan, secrets: Sequence[Secret | Problem], veil: text.Veil, deadline: float) -> list[_Task]:
    """What to do for each token. Entries with the same secret at the same GitLab share what is asked."""
    from glcheck.gitlab import Account, GitLab  # requests, for those who have something to ask
    from glcheck.transport import Transport

    transports: dict[tuple[str, str | None], Transport] = {}
    accounts: dict[tuple[str, str | None, str], Account] = {}
    tasks = []
    for policy, one in zip(plan.tokens, secrets, strict=True):
        gitlab = None
        if isinstance(one, Secret):
            place = policy.url, policy.ca_file
            if place not in transports:
                transports[place] = Transport(*place, plan.timeout, deadline)
            whose = (*place, one.value)
            if whose not in accounts:
                presented_as = shapes.shape_of(one.value).kind
                accounts[whose] = Account(transports[place], one.value, presented_as, veil.clean)
            gitlab = GitLab(accounts[whose])
        tasks.append(_Task(policy, one, gitlab))
    return tasks


def _all_at_once(steps: Sequence[Callable[[], TokenReport]], deadline: float) -> list[TokenReport | None]:
    """What the steps return, in their order; None for those that are not done at the deadline.

    Daemon threads and no executor: an executor waits at exit for a server that never stops talking.
    """
    import queue  # only for those who have something to ask
    import threading

    results: list[TokenReport | None] = [None] * len(steps)
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

    for _ in range(min(_MOST_THREADS, len(steps))):
        threading.Thread(target=work, daemon=True).start()
    for _ in steps:
        if not done.acquire(timeout=max(deadline - time.monotonic(), 0)):
            break
    return list(results)


def _examine(task: _Task) -> TokenReport:
    """What can be found out about one token."""
    started = time.monotonic()
    token: Token | None = None
    problems: list[Problem] = []
    notes: list[str] = []
    if task.gitlab is None:
        assert isinstance(task.secret, Problem)  # noqa: S101 - only a secret gives something to ask
        problems.append(task.secret)
    else:
        described = _attempt(task.gitlab.token)
        if isinstance(described, Problem):
            problems.append(described)
        else:
            token, problems, notes = _judged(task.policy, task.gitlab, described)
    return _finished(task, token, problems, notes, started)


def _judged(
    policy: TokenPolicy, gitlab: GitLab, token: Token, over: Problem | None = None
) -> tuple[Token, list[Problem], list[str]]:
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


def _unfinished(task: _Task) -> TokenReport:
    """The report on a token for which the time was too short: what GitLab did say counts."""
    from glcheck.transport import OUT_OF_TIME

    if task.gitlab is None or task.gitlab.described is None:
        return _finished(task, None, [OUT_OF_TIME], [], time.monotonic())
    token, problems, notes = _judged(task.policy, task.gitlab, task.gitlab.described, OUT_OF_TIME)
    return _finished(task, token, problems or [OUT_OF_TIME], notes, time.monotonic())


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
        tuple(_worded(problem, policy, advice) for problem in problems),
        tuple(notes),
        task.gitlab.requests if task.gitlab else 0,
        int((time.monotonic() - started) * 1000),
        policy.requirements,
    )


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
        message=message[0].upper() + message[1:],
        fix=fix,
        severity="warning" if problem.category in policy.allow else problem.severity,
    )
