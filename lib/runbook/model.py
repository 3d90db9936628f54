"""The words of the product as frozen dataclasses. No pandas, no HTML, no I/O.

Dataclasses go between modules; ``as_json`` gives the JSON of contract files. Values in ``rows``, ``facts``, ``shown``
and ``arguments`` are JSON values: str, int, float, bool, None, and lists or string-keyed dicts of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = Any  # a JSON value; Python's type system has no exact word for it that mypy reads well
Row = Mapping[str, Json]


class Status(StrEnum):
    """The answer of a check, in the monitoring-plugins words. Unknown is never green."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Danger(StrEnum):
    """What an action costs when it is wrong. Consent grows with it."""

    REVERSIBLE = "reversible"
    SIDE_EFFECT = "side-effect"  # cannot be called back: a mail, a replay, an ended session
    DISRUPTIVE = "disruptive"  # downtime or money
    DESTRUCTIVE = "destructive"


class Outcome(StrEnum):
    """How an action, or its change of one object, ended."""

    DONE = "done"
    UNCHANGED = "unchanged"  # already so, or gone
    PLANNED = "planned"  # rehearsed
    SKIPPED = "skipped"  # with reason
    REFUSED = "refused"
    FAILED = "failed"  # nothing changed
    UNVERIFIED = "unverified"  # changed, effect not seen: do not repeat
    UNKNOWN = "unknown"  # started, end not seen


class Mode(StrEnum):
    """``rehearse`` reads and plans; ``act`` also carries out approved plans."""

    REHEARSE = "rehearse"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Finding:
    """One question about the world, answered.

    ``observed``/``threshold`` are in ``unit``; ``source`` says where the answer came from; ``rows`` are shown as a
    table; ``facts`` are what causes and actions read. ``required`` findings that are unknown end a run with 5.
    """

    check: str  # module.function
    status: Status
    summary: str
    observed: Json = None
    unit: str = ""
    threshold: Json = None
    source: str = ""
    seconds: float = 0.0
    required: bool = True
    rows: Sequence[Row] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """The finding as in ``summary.json``: no rows, no facts."""
        return {
            "check": self.check, "status": self.status.value, "summary": self.summary, "observed": self.observed,
            "unit": self.unit, "threshold": self.threshold, "source": self.source, "seconds": round(self.seconds, 3),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """A named explanation: check names for and against it, and what helps."""

    name: str  # kebab-case
    title: str
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    by_hand: str = ""
    weight: float = 1.0  # rank: higher first

    def as_json(self) -> dict[str, Json]:
        """The cause as in ``summary.json``."""
        return {
            "name": self.name, "title": self.title, "for": list(self.evidence_for),
            "against": list(self.evidence_against), "actions": list(self.actions), "notebooks": list(self.notebooks),
            "by_hand": self.by_hand,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One thing a plan would touch. ``identity`` enters the plan id; ``shown`` is for the reader only."""

    identity: str  # pid@backend_start, dpl_…, evt_…
    shown: Row = field(default_factory=dict)  # age, role, query …: not part of the plan id
    bound: Row = field(default_factory=dict)  # what the change binds: pid, backend_start …


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would touch, as its preview saw it."""

    target: str  # whose change this is: a project ref, a project id, project/environment
    objects: tuple[PlannedObject, ...]
    costs: tuple[str, ...] = ()  # one line each: "about 6 minutes of downtime"
    before: Row = field(default_factory=dict)  # old values, kept for undo
    left_alone: tuple[str, ...] = ()  # what looks similar and stays, with the reason
    target_was_given: bool = False  # by a parameter, where the action could have proposed one itself


@dataclass(frozen=True, slots=True)
class Plan:
    """One action, one target, the objects it would touch. Immutable; its id binds an approval to it."""

    action: str
    danger: Danger
    environment: str
    target: str
    arguments: Row
    objects: tuple[PlannedObject, ...]
    costs: tuple[str, ...] = ()
    before: Row = field(default_factory=dict)
    left_alone: tuple[str, ...] = ()
    undo: str = ""
    verify: str = ""
    budget_seconds: float = 0.0
    proposed_target: bool = False  # the run chose the target itself: approving by action name is not enough

    @property
    def plan_id(self) -> str:
        """First 8 hex of sha256 over the canonical JSON of action, environment, target, arguments, objects."""
        return hashlib.sha256(
            canonical_json(
                {
                    "action": self.action,
                    "environment": self.environment,
                    "target": self.target,
                    "arguments": dict(self.arguments),
                    "objects": sorted(o.identity for o in self.objects),
                }
            ).encode()
        ).hexdigest()[:8]

    def as_json(self) -> dict[str, Json]:
        """The plan as kept at ``<runs>/<incident>/plans/<plan_id>.json``."""
        return {
            "plan_id": self.plan_id, "action": self.action, "danger": self.danger.value,
            "environment": self.environment, "target": self.target, "arguments": dict(self.arguments),
            "objects": sorted(o.identity for o in self.objects),
            "objects_shown": [{"identity": o.identity, **o.shown} for o in self.objects],
            "objects_bound": {o.identity: dict(o.bound) for o in self.objects},
            "costs": list(self.costs), "before": dict(self.before), "left_alone": list(self.left_alone),
            "undo": self.undo, "verify": self.verify, "budget_seconds": self.budget_seconds,
            "proposed_target": self.proposed_target,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Plan:
        """The plan kept in a plan file or in a ``plan.made`` event, its objects in the order in which they are to be changed."""
        shown = {row["identity"]: {k: v for k, v in row.items() if k != "identity"} for row in data["objects_shown"]}
        bound, place = data["objects_bound"], {identity: at for at, identity in enumerate(shown)}
        planned = sorted(data["objects"], key=lambda identity: place.get(identity, len(place)))
        return cls(
            action=data["action"], danger=Danger(data["danger"]), environment=data["environment"],
            target=data["target"], arguments=data["arguments"],
            objects=tuple(PlannedObject(i, shown.get(i, {}), bound.get(i, {})) for i in planned),
            costs=tuple(data["costs"]), before=data["before"], left_alone=tuple(data["left_alone"]),
            undo=data["undo"], verify=data["verify"], budget_seconds=data["budget_seconds"],
            proposed_target=data["proposed_target"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one object: done, unchanged, failed or unknown, with one line for the record."""

    outcome: Outcome
    line: str  # "ended session 4711 (role app, idle 41 min)"
    after: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How an apply ended. ``changed`` has one line per object that really changed, ``steps`` what was allotted and taken."""

    action: str
    plan_id: str
    outcome: Outcome
    reason: str = ""
    approved_by: str = ""
    seconds: float = 0.0
    verify: Finding | None = None
    changed: tuple[str, ...] = ()
    steps: Sequence[Row] = ()

    def as_json(self) -> dict[str, Json]:
        """The action as in ``summary.json``."""
        return {
            "action": self.action, "plan_id": self.plan_id, "outcome": self.outcome.value, "reason": self.reason,
            "approved_by": self.approved_by, "seconds": round(self.seconds, 3),
            "verify": None if self.verify is None else self.verify.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a system says it is, and who this environment expects."""

    system: str  # database, supabase, vercel, launchdarkly …
    expected: str
    seen: str  # empty: no answer
    matches: bool | None  # None: could not tell
    how: str  # where the answer came from, or why there was none


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: what the escalation clock and the guards read."""

    incident_id: str
    environment: str
    issue_type: str  # a key of params/policy/escalation.yaml: database, payment …
    severity: str  # SEV-0 … SEV-3
    lead: str
    noticed_at: datetime
    closed_at: datetime | None = None


def canonical_json(value: Json) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 as is, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
