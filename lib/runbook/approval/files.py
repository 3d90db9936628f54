"""Approvals that lie beside an incident: ``<incident>/approvals/<plan id>/<name>.json``, written from another terminal.

Names are claims until signatures come (``signature`` keeps their place). What a hand could change in a file is compared
with what it must be: a file that does not fit is refused with its reason, never used.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

from runbook.approval.rules import Approval
from runbook.errors import Refused
from runbook.model import Json, Plan
from runbook.record.folder import write_atomic
from runbook.record.journal import scan
from runbook.record.mask import Masker, mask_key
from runbook.settings import secrets_of
from runbook.times import Times, iso, parse_iso

CLOCKS_APART = timedelta(minutes=2)  # between two machines that share the runs folder
USED = ".used"


def write_approval(
    incident_dir: Path, plan: Plan, *, approver: str, reason: str, valid: timedelta, times: Times
) -> tuple[Path, datetime]:
    """Write one person's approval of one plan; where it lies and when it expires. A newer one replaces the older."""
    now = times.now()
    folder = incident_dir / "approvals" / plan.plan_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    masker = Masker(secrets_of(plan.environment), mask_key(incident_dir.parent))  # a reason may quote an error
    content = {
        "plan_id": plan.plan_id, "action": plan.action, "target": plan.target, "incident": incident_dir.name,
        "approver": approver, "at": iso(now), "expires_at": iso(now + valid), "reason": masker.text(reason),
        "signature": None,
    }  # fmt: skip
    path = folder / f"{file_name(approver)}.json"
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path, now + valid


def from_files(incident_dir: Path, plan: Plan, *, valid: timedelta, now: datetime) -> list[Approval]:
    """The approvals that lie there for one plan; those that cannot count say why in ``refused``."""
    paths = sorted((incident_dir / "approvals" / plan.plan_id).glob("*.json"))
    used = used_approvals(incident_dir) if paths else {}
    return [_from_file(path, incident_dir, plan, valid, now, used) for path in paths]


def take(given: Approval) -> None:
    """Take a file away: it permits nothing more. Refused when somebody else was faster."""
    if given.path is None:
        return
    try:
        given.path.rename(given.path.with_suffix(USED))
    except FileNotFoundError as gone:
        raise Refused(f"the approval of {given.approver} was used a moment ago", where=str(given.path),
                      next_step=f"runbook approve {given.plan_id}") from gone  # fmt: skip


def used_approvals(incident_dir: Path) -> dict[tuple[str, str, str], str]:
    """(plan id, approver, when it was given) of each approval that a run of this incident used, with the run's name."""
    return {
        (entry.data["plan_id"], entry.data["approver"], entry.data.get("at", "")): journal.parent.name
        for journal in sorted(incident_dir.glob("*/journal.jsonl"))
        for entry in scan(journal).entries
        if entry.event == "approval.used"
    }


def file_name(name: str) -> str:
    """A person's name as a file's name."""
    return re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:64].strip(".") or "somebody"


def _from_file(
    path: Path, incident_dir: Path, plan: Plan, valid: timedelta, now: datetime,
    used: dict[tuple[str, str, str], str],
) -> Approval:  # fmt: skip
    try:
        data: dict[str, Json] = json.loads(path.read_text("utf-8"))
        at, expires_at = parse_iso(data["at"]), parse_iso(data["expires_at"])
        given = Approval(str(data["action"]), str(data["plan_id"]), str(data["approver"]), "file", expires_at, path,
                         at=data["at"])  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{path.name} is no approval: {type(error).__name__}: {error}; remove it"
        return Approval(plan.action, plan.plan_id, path.stem, "file", now, path, reason)
    refused = ""
    if run := used.get((given.plan_id, given.approver, data["at"])):
        refused = f"{path.name} was used already, by {run}"
    elif file_name(given.approver) != path.stem:
        refused = f"{path.name} is of {given.approver}: copied or edited by hand"
    elif data.get("incident", incident_dir.name) != incident_dir.name:
        refused = f"{path.name} was given for incident {data['incident']}"
    elif data.get("target", plan.target) != plan.target:
        refused = f"{path.name} is for {data['target']}: edited by hand"
    elif expires_at - at > valid:
        refused = f"{path.name} would hold for longer than policy's {valid.seconds // 60} minutes: edited by hand"
    elif at > now + CLOCKS_APART:
        refused = f"{path.name} is dated {data['at']}, in the future: compare the two machines' clocks"
    return Approval(given.action, given.plan_id, given.approver, "file", expires_at, path, refused, at=given.at)
