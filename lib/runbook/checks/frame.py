"""What a check is: a read-only question about the systems, named for a state, answered by a ``Finding``.

A check function takes ``systems`` and keyword arguments and returns an ``Answer``; ``@check`` gives it its name
(``module.function``), its deadline and the systems it asks. ``ask`` never raises because a system is down.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from runbook.errors import Fault, SystemFault
from runbook.model import Finding, Identity, Json, Row, Status
from runbook.systems import Systems
from runbook.times import deadline

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check function returns; the frame adds name and seconds."""

    status: Status
    summary: str
    observed: Json = None
    unit: str = ""
    threshold: Json = None
    source: str = ""
    rows: Sequence[Row] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A question. ``asks`` names the systems whose identity must match before the answer is believed."""

    name: str
    question: str
    function: Callable[..., Answer]
    asks: tuple[str, ...]
    deadline_seconds: float
    required: bool

    def accepted(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Those of ``arguments`` that this check takes."""
        names = set(inspect.signature(self.function).parameters) - {"systems"}
        return {key: value for key, value in arguments.items() if key in names}


def check(
    *, asks: Sequence[str] = (), deadline_seconds: float = 8.0, required: bool = True
) -> Callable[[Callable[..., Answer]], Check]:
    """Make a check of a function; its docstring's first line is the question."""

    def make(function: Callable[..., Answer]) -> Check:
        module = function.__module__.rsplit(".", 1)[-1]
        question = (inspect.getdoc(function) or function.__name__).splitlines()[0]
        return Check(f"{module}.{function.__name__}", question, function, tuple(asks), deadline_seconds, required)

    return make


def unknown(
    question: Check, reason: str, seconds: float = 0.0, *, fault: Fault, system: str, status_code: int | None = None
) -> Finding:
    """The finding of a check that could not tell, with the fault and its system as facts. Never green."""
    facts = {"fault": fault.value, "system": system, "status_code": status_code}
    return Finding(question.name, Status.UNKNOWN, reason, seconds=seconds, required=question.required, facts=facts)


def mismatch(identities: Sequence[Identity]) -> str:
    """One line for the systems that are not the environment's; empty when none is known to be wrong."""
    wrong = [i for i in identities if i.matches is False]
    return "; ".join(f"wrong target: {i.system} says {i.seen}, expected {i.expected}" for i in wrong)


def ask(question: Check, systems: Systems, arguments: Mapping[str, Any]) -> Finding:
    """Answer one check within its deadline. A fault of a system is ``unknown``; a bug in the check raises."""
    started = systems.times.monotonic()
    asked = [identity for name in question.asks if (identity := systems.identity(name)) is not None]
    if wrong := mismatch(asked):
        system = next(identity.system for identity in asked if identity.matches is False)
        return unknown(question, wrong, fault=Fault.WRONG_TARGET, system=system)
    try:
        with deadline(question.deadline_seconds, systems.times):
            answer = question.function(systems, **question.accepted(arguments))
    except SystemFault as fault:
        reason = f"{fault.fault.value}: {fault}" if fault.fault is not Fault.NOT_SET else fault.what
        seconds = systems.times.monotonic() - started
        return unknown(question, reason, seconds, fault=fault.fault, system=fault.system, status_code=fault.status_code)
    return Finding(
        question.name, answer.status, answer.summary, answer.observed, answer.unit, answer.threshold, answer.source,
        systems.times.monotonic() - started, question.required, answer.rows, answer.facts,
    )  # fmt: skip


def ask_all(questions: Sequence[Check], systems: Systems, arguments: Mapping[str, Any]) -> list[Finding]:
    """Ask every check at once, each on its own thread and under its own deadline; in the order given.

    A thread that misses its deadline is left behind and its check is unknown: a hanging vendor costs nobody else.
    """
    findings: list[Finding | BaseException | None] = [None] * len(questions)

    def answer(index: int, question: Check) -> None:
        try:
            findings[index] = ask(question, systems, arguments)
        except BaseException as bug:  # re-raised below, in the caller's thread
            findings[index] = bug

    started = systems.times.monotonic()
    threads = []
    for index, question in enumerate(questions):
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(answer, index, question), daemon=True, name=question.name)
        thread.start()
        threads.append(thread)
    answered: list[Finding] = []
    for index, (thread, question) in enumerate(zip(threads, questions, strict=True)):
        grace = 0.5  # the doors stop by themselves at the deadline; this is for what they cannot stop
        left = question.deadline_seconds + grace - (systems.times.monotonic() - started)
        thread.join(max(0.0, left))
        found = findings[index]
        if isinstance(found, BaseException):
            raise found
        seconds = systems.times.monotonic() - started
        late = f"timeout: no answer within {question.deadline_seconds:g} s"
        system = question.asks[0] if question.asks else ""
        missed = unknown(question, late, seconds, fault=Fault.TIMEOUT, system=system)
        answered.append(missed if found is None else found)
    return answered


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Two questions of one check asked at once, under its deadline; the first one's fault counts, then the other's."""
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(copy_context().run, first), pool.submit(copy_context().run, second)
        return asked[0].result(), asked[1].result()


def required(question: Check, *, is_required: bool) -> Check:
    """The same check, required or not."""
    return replace(question, required=is_required)
