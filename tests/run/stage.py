"""A run on a stage: one thing that is broken, one check that sees it, and actions of every danger that mend it or do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runbook import approval, incident
from runbook.actions.frame import Action
from runbook.checks.frame import Answer, Check, check
from runbook.errors import Fault, SystemFault
from runbook.model import Changed, Danger, Mode, Outcome, Plan, PlannedObject, Preview, Status
from runbook.record.journal import Entry, Journal, read
from runbook.record.mask import Masker
from runbook.record.summary import conclude
from runbook.run import Run
from runbook.run.facts import Facts
from runbook.testing import World
from runbook.view import Views


@dataclass
class Stage:
    """The folder of an incident; ``things`` are what is planned, ``broken`` what the check sees."""

    folder: Path
    world: World = field(default_factory=World)
    broken: bool = True
    things: list[str] = field(default_factory=lambda: ["one"])
    changed: list[str] = field(default_factory=list)
    opened: list[StagedRun] = field(default_factory=list)

    def open(self, approve: str = "", *, mode: Mode = Mode.ACT, interactive: bool = False, run_dir: Path | None = None,
             secrets: dict[str, str] | None = None) -> StagedRun:  # fmt: skip
        """A run of this incident; with ``run_dir`` the same run again, as after a restart of its kernel."""
        run_dir = run_dir or self.folder / f"20260105T030000Z-sample-000{len(self.opened)}"
        run_dir.mkdir(parents=True, exist_ok=True)
        times = self.world.clock.times
        desk = incident.Desk(self.folder.parent, "mira", times)
        about = incident.load(desk.runs, self.folder.name) or incident.open_incident(
            desk, environment="test", issue_type="database", incident_id=self.folder.name
        )
        facts = Facts(
            run=run_dir.name, run_dir=run_dir, runs=desk.runs, notebook="sample", category="respond", incident=about,
            environment="test", sandbox=False, mode=mode, interactive=interactive, supervised=True, drill=False,
            operator="mira", operator_source="test",
        )  # fmt: skip
        self.world.systems.identify_all()
        journal = Journal.open(run_dir / "journal.jsonl", masker=Masker(secrets or {}, b"key"), times=times)
        until = times.now().replace(hour=23)
        run = StagedRun(
            facts, systems=self.world.systems, policy=self.world.systems.policy, journal=journal,
            views=Views(sandbox=False, interactive=interactive, times=times),
            approvals=approval.parse(approve, approver="mira", expires_at=until),
        )  # fmt: skip
        self.opened.append(run)
        return run

    def check(self, name: str = "pressure", seen: Callable[[], Answer] | None = None) -> Check:
        """Critical while it is broken."""

        def asked(systems: Any) -> Answer:
            """Is it well?"""
            if seen is not None:
                return seen()
            return Answer(Status.CRITICAL, "too high") if self.broken else Answer(Status.OK, "as it should be")

        asked.__name__ = name
        asked.__module__ = "stage"
        return check()(asked)

    def action(
        self, name: str = "mend", danger: Danger = Danger.REVERSIBLE, *, mends: bool = True,
        fault: Fault | None = None, proven: bool = True, proposes: bool = False,
    ) -> Action:  # fmt: skip
        """Changes each thing once; a ``fault`` is what the system answers to the change."""

        def preview(systems: Any, **arguments: Any) -> Preview:
            return Preview("testtesttesttesttest", tuple(map(PlannedObject, self.things)), (), {"was": "so"})

        def change(systems: Any, item: PlannedObject, plan: Plan) -> Changed:
            if item.identity not in self.things:
                return Changed(Outcome.UNCHANGED, f"{item.identity} is gone")
            if fault is not None:
                raise SystemFault("it says no", system="supabase", fault=fault)
            self.things.remove(item.identity)
            self.changed.append(f"{name} {item.identity}")
            self.broken = self.broken and not mends
            return Changed(Outcome.DONE, f"changed {item.identity}")

        def verify(systems: Any, plan: Plan) -> Answer:
            """It is as it should be."""
            return Answer(Status.OK if proven else Status.CRITICAL, "seen" if proven else "not seen")

        return Action(
            name,
            "Mend it",
            danger,
            "supabase",
            preview,
            change,
            verify,
            5.0,
            "cannot be undone",
            proposed_target=proposes,
        )


class StagedRun(Run):
    """A run whose end can be looked at."""

    @property
    def journal(self) -> list[Entry]:
        return read(self._journal.path)

    def ended(self, action: Action) -> tuple[str, str]:
        """How the last apply of an action ended, and why."""
        last = [e.data for e in self.journal if e.event == "action.finished" and e.data["action"] == action.name][-1]
        return last["outcome"], last["reason"]

    def result(self, action: Action) -> dict[str, Any]:
        return [e.data for e in self.journal if e.event == "action.finished" and e.data["action"] == action.name][-1]

    def plan_id(self, action: Action) -> str:
        return [e.data["plan_id"] for e in self.journal if e.event == "plan.made" and e.data["action"] == action.name][
            -1
        ]

    def conclusion(self) -> tuple[str, int]:
        return conclude(self.journal)

    def let_go(self) -> None:
        """As when its process is gone."""
        self._journal.close()
