"""The journal as a story: what happened when, in one line each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from runbook.model import Json
from runbook.record.journal import Entry
from runbook.times import parse_iso
from runbook.view import plain, words
from runbook.view.words import Tone, Word

OBJECTS = 8  # object lines of one action; the journal has all
NOTE = Word("•", "note", Tone.CALM)
RUN = Word("•", "run", Tone.CALM)
PLAN = Word("•", "plan", Tone.CALM)
CLOCK = Word("•", "clock", Tone.CALM)
CAUSE = Word("•", "cause", Tone.CALM)
STARTED = Word("!", "started", Tone.WARN)
APPROVED = Word("✓", "approved", Tone.CALM)
REFUSED = Word("✗", "refused", Tone.BAD)
OWED = Word("!", "owed", Tone.WARN)
QUIET = frozenset({"cell.started", "cell.output", "action.object"})  # objects: by outcome, or by the lack of one


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the story. ``since`` is seconds after the run was opened."""

    at: datetime
    since: float
    word: Word
    line: str


def tell(entries: Sequence[Entry]) -> list[Moment]:
    """What happened, oldest first. A check is told when its answer changed, an object when its change ended."""
    began = next((parse_iso(e.at) for e in entries if e.event == "run.opened"), None)
    seen: dict[str, str] = {}
    plans: set[str] = set()
    objects: Counter[str] = Counter()
    ended = {(e.data["plan_id"], e.data["object"]) for e in entries if _is_object(e, "outcome")}
    moments = []
    for entry in entries:
        at = parse_iso(entry.at)
        since = (at - began).total_seconds() if began else 0.0
        told = list(_lines(entry, seen, plans, objects))
        if _is_object(entry, "intent") and (entry.data["plan_id"], entry.data["object"]) not in ended:
            told.append((words.outcome("unknown"), f"{plain.line(entry.data['object'])}: begun, its end was not seen"))
        moments += [Moment(at, since, word, line) for word, line in told]
    return moments


def _is_object(entry: Entry, phase: str) -> bool:
    return entry.event == "action.object" and entry.data["phase"] == phase


def _lines(entry: Entry, seen: dict[str, str], plans: set[str], objects: Counter[str]) -> Iterator[tuple[Word, str]]:
    data = entry.data
    match entry.event:
        case "run.opened":
            yield RUN, f"opened by {plain.line(data.get('operator', ''))} in {plain.line(data.get('environment', ''))}"
        case "check.finished":
            before, now = seen.get(data["check"]), data["status"]
            seen[data["check"]] = now
            if now != (before or "ok"):
                was = f" (was {before})" if before else ""
                yield words.finding(now), f"{plain.line(data['check'])}{was}: {plain.line(data['summary'])}"
        case "cause.ranked":
            named = ", ".join(plain.line(cause["name"]) for cause in data["causes"])
            yield CAUSE, f"explained by {named}" if named else "nothing explains the findings"
        case "plan.made":
            if data["plan_id"] not in plans and data["objects"]:
                plans.add(data["plan_id"])
                many = plain.counted(len(data["objects"]), "object")
                yield PLAN, f"{_exact(data)} would touch {many} on {plain.line(data['target'])}"
        case "approval.given" | "approval.used":
            given = entry.event == "approval.given"
            yield APPROVED, f"{_exact(data)} {'approved' if given else 'used'}, by {plain.line(data['approver'])}"
        case "approval.refused":
            yield REFUSED, f"{_exact(data)}: {plain.line(data['reason'])}"
        case "action.started":
            yield STARTED, f"{_exact(data)} on {plain.line(data['target'])}, lock: {plain.line(data.get('lock', ''))}"
        case "action.object" if data["phase"] == "outcome":
            objects[data["plan_id"]] += 1
            if objects[data["plan_id"]] <= OBJECTS:
                yield words.outcome(str(data["outcome"])), plain.line(data["line"])
        case "action.finished":
            if (more := objects.pop(data["plan_id"], 0) - OBJECTS) > 0:
                yield NOTE, f"… {more} more objects"
            reason = plain.line(data["reason"])
            yield words.outcome(data["outcome"]), _exact(data) + (f": {reason}" if reason else "")
            if told := [
                f"{row['step']} {row['took_seconds']} of {row['allotted_seconds']:g} s" for row in data.get("steps", ())
            ]:
                yield CLOCK, f"{_exact(data)} took, of what it may: {', '.join(told)}"
        case "cell.finished":
            if data["state"] not in ("completed", "skipped"):
                error = data.get("error") or {}
                said = f": {error['ename']}: {error['evalue']}" if error else ""
                yield words.cell(data["state"]), plain.clip(f"cell {plain.line(data['id'])}{plain.line(said)}", 300)
        case "escalation.owed" | "escalation.sent":
            yield OWED if entry.event.endswith("owed") else NOTE, f"escalation: {_facts(data)}"
        case "note.added" | "followup.added":
            yield NOTE, plain.line(data["text"])
        case "run.closed":
            yield (
                words.end(data["status"]),
                f"closed with exit code {data['exit_code']} {plain.line(data.get('reason', ''))}",
            )
        case event if event not in QUIET:
            yield RUN, f"{event}: {plain.clip(_facts(data), 300)}"


def _exact(data: Mapping[str, Json]) -> str:
    plan_id = data.get("plan_id")
    return f"{plain.line(data['action'])}@{plan_id}" if plan_id else plain.line(data["action"])


def _facts(data: Mapping[str, Json]) -> str:
    return plain.line(dict(data))
