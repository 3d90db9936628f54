"""What the run covered: operations used, those in a vendor's document, and the exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vendor_contract.documents import Document
from vendor_contract.exceptions import Listed
from vendor_contract.judging import Exchange, Violation, find, judge_answer, judge_request

_covered: dict[str, Coverage] = {}


@dataclass(frozen=True)
class Coverage:
    """One contract's operations, and the exceptions that were needed."""

    used: frozenset[str]
    described: frozenset[str]
    excepted: frozenset[Listed]

    @property
    def undescribed(self) -> frozenset[str]:
        """The operations that no document has; each must be an exception."""
        return self.used - self.described


def judged(
    documents: Sequence[Document], exchanges: Sequence[Exchange], exceptions: Sequence[Listed]
) -> tuple[list[str], list[str], Coverage]:
    """What is wrong with requests and with answers, without the exceptions, and what was covered.

    A request that was sent by hand and refused is wrong on purpose: only its answer counts. One without a token that was
    answered all the same does count, as what it is.
    """
    wrong: tuple[list[str], list[str]] = ([], [])
    used, described, excepted = set(), set(), set()
    for exchange in exchanges:
        if (found := find(documents, exchange)) is not None:
            described.add(str(found[1]))
        used.add(str(found[1]) if found else exchange.route or f"{exchange.method} {exchange.path}")
        is_ours = bool(exchange.by) or not exchange.is_refused
        for violations, into in (
            (judge_request(documents, exchange) if is_ours else [], wrong[0]),
            (judge_answer(documents, exchange), wrong[1]),
        ):
            for violation in violations:
                if known := _known(exceptions, exchange.system, violation):
                    excepted.add(known)
                else:
                    into.append(f"{violation} ({exchange.by or 'asked by hand'})")
    coverage = Coverage(frozenset(used), frozenset(described), frozenset(excepted))
    return list(dict.fromkeys(wrong[0])), list(dict.fromkeys(wrong[1])), coverage


def _known(exceptions: Sequence[Listed], system: str, violation: Violation) -> Listed | None:
    return next((one for one in exceptions if one.covers(system, violation)), None)


def keep(system: str, coverage: Coverage) -> None:
    """Remember a contract's coverage for the report."""
    _covered[system] = coverage


def lines() -> list[str]:
    """The report; empty when nothing was judged."""
    if not _covered:
        return []
    rows = [("all", list(_covered.values())), *((system, [one]) for system, one in sorted(_covered.items()))]
    return ["vendors' documents: operations covered of total, exceptions (operations without a document, places)"] + [
        f"  {name:24} {sum(len(one.described) for one in of):3} of {sum(len(one.used) for one in of):3}, "
        f"{sum(len(one.undescribed) for one in of)} and "
        f"{sum(1 for one in of for each in one.excepted if each.place != 'operation')}"
        for name, of in rows
    ]
