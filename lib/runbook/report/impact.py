"""Whom it hurt, before and after: the checks that count customers, as they were first and last answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runbook.model import Json
from runbook.record.journal import Entry
from runbook.view import plain

FACT, AMOUNTS = "customers_hurt", "amounts"


def customers_hurt(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """A row for each check that counts customers; nothing where none was asked, and never a number that nobody knows."""
    asked: dict[str, list[Mapping[str, Json]]] = {}
    for entry in entries:
        if entry.event == "check.finished":
            asked.setdefault(entry.data["check"], []).append(entry.data)
    counting = {name: answers for name, answers in asked.items() if any(FACT in _facts(one) for one in answers)}
    return [("Customers hurt" if len(counting) == 1 else f"Customers hurt, {plain.line(name)}", "; ".join(_told(answers)))
            for name, answers in counting.items()]  # fmt: skip


def _told(answers: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    yield f"before: {_number(answers[0])}"
    yield f"after: {_number(answers[-1])}" if len(answers) > 1 else "not asked again"


def _number(answer: Mapping[str, Json]) -> str:
    facts = _facts(answer)
    if FACT not in facts:
        return f"not known ({plain.line(answer['summary'])})"
    amounts = facts.get(AMOUNTS) or ()
    paid = f", who paid {', '.join(plain.line(one) for one in amounts)}" if amounts else ""
    at_least = "" if facts.get("whole", True) else "at least "
    return f"{at_least}{plain.line(facts[FACT])}{paid}"


def _facts(answer: Mapping[str, Json]) -> Mapping[str, Json]:
    found = answer.get("facts")
    return found if isinstance(found, Mapping) else {}
