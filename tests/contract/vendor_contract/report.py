"""What the run covered: operations used, those in a vendor's document, and the exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vendor_contract.documents import Document
from vendor_contract.exceptions import Listed
from vendor_contract.judging import Exchange, Violation, find, judge_answer, judge_request


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

    @property
    def places(self) -> frozenset[Listed]:
        """The exceptions for single places of operations that are described."""
        return frozenset(one for one in self.excepted if one.place != "operation")


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
        is_ours = bool(exchange.by) or not exchange.is_refused
        if not is_ours and not exchange.route:
            continue  # of a call that does not exist even a refusal is nobody's
        if (found := find(documents, exchange)) is not None:
            described.add(str(found[1]))
        used.add(str(found[1]) if found else exchange.route or f"{exchange.method} {exchange.path}")
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


def lines(coverage: Mapping[str, Coverage]) -> list[str]:
    """The report, by contract; empty when nothing was judged."""
    if not coverage:
        return []
    rows = {"all": list(coverage.values()), **{system: [one] for system, one in sorted(coverage.items())}}
    return ["vendors' documents: operations used and covered; exceptions: operations, single places", *(
        f"  {name:24} {_sum(of, 'described'):4} of {_sum(of, 'used'):4}   {_sum(of, 'undescribed'):4} {_sum(of, 'places'):4}"
        for name, of in rows.items()
    )]  # fmt: skip


def _sum(of: Sequence[Coverage], what: str) -> int:
    return sum(len(getattr(one, what)) for one in of)
