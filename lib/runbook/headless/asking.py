"""``--ask``: between two cells, ask the person at the terminal about the plans that were just made."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path

from runbook import approval
from runbook.headless.folder import RunRequest
from runbook.model import Plan
from runbook.record.folder import write_atomic
from runbook.record.journal import read
from runbook.times import Times, iso

MINUTES = 30


def ask_about_plans(run_dir: Path, request: RunRequest, times: Times | None = None) -> None:
    """Ask about every plan that has objects and no answer yet; a yes becomes an approval file for the next cell."""
    if not sys.stdin.isatty() or request.parameters.get("mode") != "act":
        return
    entries = read(run_dir / "journal.jsonl")
    settled = {e.data["plan_id"] for e in entries if e.event in ("action.finished", "approval.used")}
    for plan in (Plan.from_json(e.data) for e in entries if e.event == "plan.made"):
        folder = run_dir.parent / "approvals" / plan.plan_id
        asked = folder / f"{file_name(request.operator)}.json"
        if plan.plan_id in settled or not plan.objects or asked.exists() or asked.with_suffix(".no").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if agreed(plan):
            write_approval(asked, plan, request.operator, times or Times())
        else:
            asked.with_suffix(".no").touch()


def agreed(plan: Plan) -> bool:
    """Whether the person typed what consent to this plan takes."""
    wanted = approval.expected_words(plan)
    sys.stderr.write(f"\n{plan.action} would change {len(plan.objects)} objects on {plan.target}.\n")
    sys.stderr.write(f"To approve {plan.action}@{plan.plan_id}, {approval.consent(plan) if wanted else 'type yes'}: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().strip()
    return typed.split() == (wanted or "yes").split()


def write_approval(path: Path, plan: Plan, approver: str, times: Times, reason: str = "") -> None:
    """The approval file of the contract."""
    now = times.now()
    content = {
        "plan_id": plan.plan_id, "action": plan.action, "target": plan.target, "approver": approver, "at": iso(now),
        "expires_at": iso(now + timedelta(minutes=MINUTES)), "reason": reason, "signature": None,
    }  # fmt: skip
    write_atomic(path, json.dumps(content, indent=1) + "\n")


def file_name(name: str) -> str:
    """A person's name as a file's name."""
    return re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:64].strip(".") or "somebody"
