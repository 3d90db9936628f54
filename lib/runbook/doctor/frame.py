"""One thing that the doctor looked at, and how a system that does not answer becomes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from runbook.checks.machine import all_at_once
from runbook.errors import Fault, SystemFault
from runbook.model import Json, Status
from runbook.times import Times, deadline

SECONDS = 10.0  # for each question; all are asked at once
NOT_OURS = frozenset(
    {Fault.DOWN, Fault.TIMEOUT, Fault.RATE_LIMITED, Fault.UNREADABLE}
)  # nobody can tell, nothing to fix


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the doctor's: ok, or the exact next step. A warning does not keep anybody from acting tonight."""

    item: str
    status: Status
    summary: str
    next_step: str = ""

    def as_json(self) -> dict[str, Json]:
        """As in the contract."""
        return {"item": self.item, "status": self.status.value, "summary": self.summary, "next": self.next_step}


@dataclass(frozen=True, slots=True)
class Question:
    """Something to look at. ``ask`` may raise SystemFault; ``fix`` is what to do when the system says no.

    ``is_ours``: a server of our own. When it is silent nobody else will mend it.
    """

    item: str
    ask: Callable[[], Sequence[Item]]
    fix: str = ""
    is_ours: bool = False


def ok(item: str, summary: str) -> Item:
    """Nothing to do."""
    return Item(item, Status.OK, summary)


def ask_all(questions: Sequence[Question], times: Times) -> list[Item]:
    """All of them at once, in their order; one that says nothing in time is ``unknown``."""
    silent = [
        [Item(one.item, Status.UNKNOWN, f"no answer within {SECONDS:g} s", "ask again: runbook doctor")]
        for one in questions
    ]
    answers = all_at_once([partial(_ask, one, times) for one in questions], silent, SECONDS + 1, times)
    return [item for answer in answers for item in answer]


def _ask(question: Question, times: Times) -> list[Item]:
    try:
        with deadline(SECONDS, times):
            return list(question.ask())
    except SystemFault as fault:
        return [of_fault(question, fault)]
    except Exception as bug:  # a bug of ours: said here, the other questions go on
        said = f"this question itself failed ({type(bug).__name__})"
        return [Item(question.item, Status.UNKNOWN, said, "report this line, it is a bug")]


def of_fault(question: Question, fault: SystemFault) -> Item:
    """What a system that said no means: a vendor's to mend and so unknown, or ours."""
    if fault.fault in NOT_OURS and not question.is_ours:
        return Item(question.item, Status.UNKNOWN, fault.what, "look at the vendor's status page, then ask again")
    next_step = question.fix or fault.next_step or "mend it, then ask again"
    return Item(question.item, Status.CRITICAL, fault.what, next_step)
