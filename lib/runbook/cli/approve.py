"""``runbook approve``: one person's approval of one plan, from any terminal that sees the runs folder."""

from __future__ import annotations

import argparse
from datetime import timedelta

from runbook import approval, incident, places, policy, provenance
from runbook.cli.screen import Screen
from runbook.errors import Refused, SettingError
from runbook.times import Times, iso
from runbook.view import plain

SHOWN_OBJECTS = 10


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contract's options."""
    parser.add_argument("plan_id", metavar="PLAN-ID", help="8 hex digits, as the plan's card shows them")
    parser.add_argument("--as", dest="name", metavar="NAME", default="", help="who approves; default: you")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; it goes into the approval")
    parser.add_argument("--key", metavar="FILE", help="reserved for signatures")
    parser.add_argument("--runs", metavar="DIR", help="where the records are")
    parser.set_defaults(call=approve)


def approve(arguments: argparse.Namespace, screen: Screen) -> int:
    """Show what it approves, write the approval, say until when it holds."""
    if arguments.key:
        raise SettingError("approvals are not signed yet", where="--key", next_step="leave it out; names are claims")
    times, rules = Times(), policy.load(places.root())
    runs = places.runs_dir(arguments.runs)
    path = approval.find_plan(runs, arguments.plan_id.rpartition("@")[2])  # as pasted: action@plan-id
    kept = approval.read_plan(path)
    plan, incident_dir = kept.plan, path.parent.parent
    valid = timedelta(minutes=rules.approval_minutes)
    old = times.now() - kept.made_at
    if old > valid:
        raise Refused(f"plan {plan.plan_id} was made {old.total_seconds() / 60:.0f} minutes ago", where=str(path),
                      next_step="plan again: what it shows may be over")  # fmt: skip
    about = None if incident_dir.name == "routine" else incident.load(runs, incident_dir.name)
    if about is not None and about.closed_at is not None:
        raise Refused(f"incident {about.incident_id} is closed", where=str(incident_dir), next_step="open a new one")
    name, source = (arguments.name, "--as") if arguments.name else provenance.operator()
    written, until = approval.write_approval(
        incident_dir, plan, approver=name, reason=arguments.reason, valid=valid, times=times
    )  # fmt: skip
    screen.document({"plan_id": plan.plan_id, "approver": name, "expires_at": iso(until), "path": str(written)})
    many = plain.counted(len(plan.objects), "object")
    screen.line(f"{plan.action} ({plan.danger.value}) on {plan.target} in {plan.environment}, {many}:")
    for item in plan.objects[:SHOWN_OBJECTS]:
        screen.line(f"  {item.identity}")
    if len(plan.objects) > SHOWN_OBJECTS:
        screen.line(f"  … and {len(plan.objects) - SHOWN_OBJECTS} more")
    for cost in plan.costs:
        screen.line(f"costs: {cost}")
    screen.line(f"approved by {name} (name taken from {source}, unsigned) until {until:%H:%M} UTC")
    if rules.people_needed(plan, about.severity if about else "") > 1:
        screen.line("two different people must approve this plan")
    return 0
