"""``--ask``: between two cells, ask the person at the terminal about the plans that were just made."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from runbook import approval, policy
from runbook.headless.folder import RunRequest
from runbook.model import Danger, Mode, Plan, PlannedObject
from runbook.record.journal import read
from runbook.times import Times

SHOWN_OBJECTS = 10


class Asker:
    """Asks once about every plan of a run that has objects and no approval; a yes becomes a file for the next cell."""

    def __init__(self, run_dir: Path, request: RunRequest, times: Times) -> None:
        self._incident_dir = run_dir.parent
        self._journal = run_dir / "journal.jsonl"
        self._operator = request.operator
        self._times = times
        self._valid = timedelta(minutes=policy.load(request.root).approval_minutes)
        self._acts = request.parameters.get("mode") == Mode.ACT
        self._given = approval.parse(str(request.parameters.get("approve", "")), approver=request.operator,
                                     expires_at=times.now() + self._valid)  # fmt: skip
        self._asked: set[str] = set()

    def ask(self) -> None:
        """Ask about the plans made since the last time. Nothing without a terminal, and nothing in a rehearsal."""
        if not (self._acts and sys.stdin.isatty()):
            return
        entries = read(self._journal)
        settled = {e.data["plan_id"] for e in entries if e.event in ("action.finished", "approval.used")}
        for plan in (Plan.from_json(e.data) for e in entries if e.event == "plan.made"):
            if plan.plan_id in settled | self._asked or not plan.objects or self._is_approved(plan):
                continue
            self._asked.add(plan.plan_id)
            if agreed(plan):
                self._approve(plan)

    def _is_approved(self, plan: Plan) -> bool:
        now = self._times.now()
        lying = approval.from_files(self._incident_dir, plan, valid=self._valid, now=now)
        return bool(approval.permit(plan, [*self._given, *lying], now)[0])

    def _approve(self, plan: Plan) -> None:
        approval.write_approval(self._incident_dir, plan, approver=self._operator, reason="asked on the terminal",
                                valid=self._valid, times=self._times)  # fmt: skip


def agreed(plan: Plan) -> bool:
    """Whether the person typed what consent to this plan takes."""
    lines = [
        "",
        f"{plan.action} ({plan.danger.value}) would change {len(plan.objects)} on {plan.target}:",
        *(f"  {_described(item)}" for item in plan.objects[:SHOWN_OBJECTS]),
    ]
    if len(plan.objects) > SHOWN_OBJECTS:
        lines.append(f"  … and {len(plan.objects) - SHOWN_OBJECTS} more")
    wanted = approval.expected_words(plan)
    how = "type y" if plan.danger is Danger.REVERSIBLE else approval.consent(plan)
    sys.stderr.write("\n".join(lines) + f"\nTo approve {plan.action}@{plan.plan_id}, {how}; Enter for no: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().split()
    yes = typed == wanted.split() if wanted else [word.lower() for word in typed] in (["y"], ["yes"])
    sys.stderr.write("approved\n" if yes else "not approved\n")
    return yes


def _described(item: PlannedObject) -> str:
    shown = ", ".join(f"{key} {value}" for key, value in item.shown.items())
    text = f"{item.identity}  {shown}".rstrip()
    return "".join(c if c.isprintable() else "?" for c in text)  # names from systems must not steer the terminal
