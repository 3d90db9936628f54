"""``runbook incident``: open, severity, note, handover, close, show."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from runbook import incident, places, policy, provenance, settings
from runbook.cli.screen import Screen
from runbook.clock import read_clock, t_plus
from runbook.errors import SettingError
from runbook.incident import Desk
from runbook.model import Incident, Json
from runbook.times import Times, iso, parse_iso

Command = Callable[[argparse.Namespace, Desk, policy.Policy], Incident]


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """One subcommand each."""
    below = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, about: str, call: Command, *, needs_id: bool = True) -> argparse.ArgumentParser:
        sub = below.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
        sub.add_argument("id", metavar="ID", nargs="?", default="",
                         help="default: the one that is open" if needs_id else "default: INC-<date>-<n>")  # fmt: skip
        sub.add_argument("--runs", metavar="DIR", help="where records go")
        sub.set_defaults(call=lambda given, screen: _do(call, given, screen))
        return sub

    opening = add("open", "open an incident", _open, needs_id=False)
    opening.add_argument("--env", metavar="NAME", help="a profile in params/environments")
    opening.add_argument("--type", metavar="TYPE", default="infrastructure", help="a row of the escalation matrix")
    opening.add_argument("--severity", metavar="SEV-n", default=incident.DEFAULT_SEVERITY)
    opening.add_argument("--lead", metavar="NAME", default="", help="default: you")
    opening.add_argument("--noticed", metavar="TIME", help="when it was noticed, ISO 8601 with a zone; default: now")
    severity = add("severity", "change the severity", _severity)
    severity.add_argument("severity", metavar="SEV-n")
    severity.add_argument("--reason", metavar="TEXT", default="")
    add("note", "add a note to its log", _note).add_argument("text", metavar="TEXT")
    handover = add("handover", "hand the lead over", _handover)
    handover.add_argument("lead", metavar="NAME")
    handover.add_argument("--text", metavar="TEXT", default="", help="what the next one must know")
    add("close", "close it; its records stay", _close).add_argument("--text", metavar="TEXT", default="")
    add("show", "severity, lead, clock, log and runs", lambda given, desk, _: _meant(desk, given.id))


def _do(call: Command, given: argparse.Namespace, screen: Screen) -> int:
    times = Times()
    desk = Desk(places.runs_dir(given.runs), provenance.operator()[0], times)
    rules = policy.load(places.root())
    found = call(given, desk, rules)
    told = _told(found, desk, rules)
    screen.document(told)
    for line in _lines(told):
        screen.line(line)
    return 0


def _open(given: argparse.Namespace, desk: Desk, rules: policy.Policy) -> Incident:
    rules.severity(given.severity)
    rules.issue_type(given.type)
    chosen = settings.choose_profile(given.env)
    if chosen not in places.profile_names():
        settings.load_profile(chosen)  # says which there are
    return incident.open_incident(
        desk, environment=chosen, issue_type=given.type, severity=given.severity, incident_id=given.id,
        lead=given.lead, noticed_at=_moment(given.noticed, desk.times.now()) if given.noticed else None,
    )  # fmt: skip


def _severity(given: argparse.Namespace, desk: Desk, rules: policy.Policy) -> Incident:
    rules.severity(given.severity)
    return incident.set_severity(desk, _meant(desk, given.id).incident_id, given.severity, given.reason)


def _note(given: argparse.Namespace, desk: Desk, rules: policy.Policy) -> Incident:
    return incident.note(desk, _meant(desk, given.id).incident_id, given.text)


def _handover(given: argparse.Namespace, desk: Desk, rules: policy.Policy) -> Incident:
    return incident.handover(desk, _meant(desk, given.id).incident_id, given.lead, given.text)


def _close(given: argparse.Namespace, desk: Desk, rules: policy.Policy) -> Incident:
    return incident.close(desk, _meant(desk, given.id).incident_id, given.text)


def _meant(desk: Desk, given: str) -> Incident:
    """The given incident, or the only one that is open."""
    if given:
        return incident.must_exist(desk.runs, given)
    open_ones = incident.list_open(desk.runs)
    if len(open_ones) == 1:
        return open_ones[0]
    several = ", ".join(one.incident_id for one in open_ones)
    raise SettingError(f"several incidents are open: {several}" if several else "no incident is open",
                       where=str(desk.runs), next_step="give its ID" if several else "runbook incident open")  # fmt: skip


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = parse_iso(text)
    except ValueError as error:
        raise SettingError(f"{text!r} is not a time with a zone", where="--noticed",
                           next_step="write it like 2026-11-23T03:05:00Z") from error  # fmt: skip
    if moment > now:
        raise SettingError(f"{text} is in the future", where="--noticed", next_step="correct it")
    return moment


def _told(found: Incident, desk: Desk, rules: policy.Policy) -> dict[str, Json]:
    """Everything about one incident, as JSON."""
    end = found.closed_at or desk.times.now()
    clock = read_clock(rules, found, end)
    folder = desk.runs / found.incident_id
    return {
        "incident": found.incident_id, "environment": found.environment, "issue_type": found.issue_type,
        "severity": found.severity, "lead": found.lead, "noticed_at": iso(found.noticed_at),
        "closed_at": iso(found.closed_at) if found.closed_at else None, "elapsed": t_plus(clock.elapsed_seconds),
        "escalation": {"primary": clock.primary, "backup": clock.backup, "due_at": iso(clock.due_at),
                       "because": clock.because, "tell": list(clock.tell)},
        "log": [{"at": one.at, "event": one.event, "data": one.data}
                for one in incident.log(desk.runs, found.incident_id)],
        "runs": sorted(one.parent.name for one in folder.glob("*/journal.jsonl")),
    }  # fmt: skip


def _lines(told: dict[str, Any]) -> list[str]:
    state = f"closed {told['closed_at']}" if told["closed_at"] else f"open, {told['elapsed']}"
    after = told["escalation"]
    lines = [f"{told['incident']} {told['severity']} {told['issue_type']} in {told['environment']}: {state}",
             f"lead: {told['lead']}"]  # fmt: skip
    if not told["closed_at"]:
        lines.append(f"next: {after['backup']} at {after['due_at'][11:16]} UTC ({after['because']})")
    for one in told["log"]:
        data = one["data"]
        words = [str(data[key]) for key in ("severity", "lead", "reason", "text") if data.get(key)]
        lines.append(f"{one['at'][:19].replace('T', ' ')} {one['event'].removeprefix('incident.')} "
                     f"by {data['operator']}: {', '.join(words)}".removesuffix(": "))  # fmt: skip
    return [*lines, *(f"run: {name}" for name in told["runs"])]
