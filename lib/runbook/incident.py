"""The incident: id, severity over time, lead. One folder under the runs with one append-only ``incident.jsonl``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from runbook.errors import Refused, SettingError
from runbook.model import Incident, Json
from runbook.record.folder import make_runs
from runbook.record.journal import Entry, Journal, read
from runbook.record.mask import Masker, mask_key
from runbook.settings import secrets_of
from runbook.times import Times, iso, parse_iso

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
RESERVED = frozenset({"routine"})  # the folder of runs that belong to no incident
LOG = "incident.jsonl"
DEFAULT_SEVERITY = "SEV-1"  # unsure between two levels: take the higher; a person corrects it
WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Where incidents are kept, who writes, and the time: what every function here needs."""

    runs: Path
    operator: str
    times: Times = field(default_factory=Times)


def valid_id(incident_id: str) -> str:
    """The id itself; exit 2 when it is not one."""
    if ID.fullmatch(incident_id) and ".." not in incident_id and incident_id not in RESERVED:
        return incident_id
    raise SettingError(
        f"{incident_id!r} is not an incident id", where="incident",
        next_step="use letters, digits, dot, underscore and dash, at most 64, beginning with a letter or digit",
    )  # fmt: skip


def load(runs: Path, incident_id: str) -> Incident | None:
    """The incident as its log tells it; None when there is no such incident."""
    path = runs / valid_id(incident_id) / LOG
    if not path.exists():
        return None
    incident: Incident | None = None
    for entry in read(path):
        incident = _after(incident, incident_id, entry)
    return incident


def log(runs: Path, incident_id: str) -> list[Entry]:
    """Every event of the incident, oldest first; exit 2 when there is no such incident."""
    must_exist(runs, incident_id)
    return list(read(runs / incident_id / LOG))


def must_exist(runs: Path, incident_id: str) -> Incident:
    """The incident; exit 2 when there is none of that id."""
    if (incident := load(runs, incident_id)) is not None:
        return incident
    raise SettingError(f"no incident {incident_id}", where=str(runs), next_step="runbook incident open")


def list_open(runs: Path, environment: str | None = None) -> list[Incident]:
    """The incidents that are not closed, oldest first."""
    found = []
    for path in sorted(runs.glob(f"*/{LOG}")):
        incident = load(runs, path.parent.name)
        if incident and incident.closed_at is None and environment in (None, incident.environment):
            found.append(incident)
    return sorted(found, key=lambda incident: incident.noticed_at)


def open_incident(
    desk: Desk,
    *,
    environment: str,
    issue_type: str,
    severity: str = DEFAULT_SEVERITY,
    incident_id: str = "",
    lead: str = "",
    noticed_at: datetime | None = None,
) -> Incident:
    """Open an incident; without an id it gets ``INC-<date>-<n>``. Exit 2 when that id is taken."""
    now = desk.times.now()
    incident_id = _claim(desk.runs, valid_id(incident_id) if incident_id else "", now)
    data = {
        "environment": environment, "issue_type": issue_type, "severity": severity, "lead": lead or desk.operator,
        "noticed_at": iso(noticed_at or now), "operator": desk.operator,
    }  # fmt: skip
    _write(desk, incident_id, "incident.opened", data)
    return must_exist(desk.runs, incident_id)


def set_severity(desk: Desk, incident_id: str, severity: str, reason: str = "") -> Incident:
    """Change the severity; the log keeps the old one."""
    _must_be_open(desk.runs, incident_id)
    _write(desk, incident_id, "incident.severity", {"severity": severity, "reason": reason, "operator": desk.operator})
    return must_exist(desk.runs, incident_id)


def note(desk: Desk, incident_id: str, text: str) -> Incident:
    """Add a note; also to a closed incident."""
    must_exist(desk.runs, incident_id)
    _write(desk, incident_id, "incident.note", {"text": text, "operator": desk.operator})
    return must_exist(desk.runs, incident_id)


def handover(desk: Desk, incident_id: str, lead: str, text: str = "") -> Incident:
    """Hand the lead over."""
    _must_be_open(desk.runs, incident_id)
    _write(desk, incident_id, "incident.handover", {"lead": lead, "text": text, "operator": desk.operator})
    return must_exist(desk.runs, incident_id)


def close(desk: Desk, incident_id: str, text: str = "") -> Incident:
    """Close the incident. Its records stay."""
    _must_be_open(desk.runs, incident_id)
    _write(desk, incident_id, "incident.closed", {"text": text, "operator": desk.operator})
    return must_exist(desk.runs, incident_id)


def withdraw(runs: Path, incident_id: str) -> None:
    """Take back an incident that was opened for a run which never was. It stays when anything is in it by now."""
    folder = runs / incident_id
    if [path.name for path in folder.iterdir()] == [LOG]:
        (folder / LOG).unlink()
        folder.rmdir()


def resolve(
    desk: Desk, given: str, *, environment: str, sandbox: bool, category: str, severity: str, issue_type: str
) -> Incident | None:
    """The incident of a run: the given one (opened if new), the only open one, or in the sandbox a new one.

    None when ``category`` is not ``respond`` and none was given. Exit 2: several or none open, closed, or of another
    environment. A ``severity`` that differs from the incident's is logged as a change.
    """
    incident = load(desk.runs, given) if given else None
    if not given and category != "respond":
        return None
    if incident is None and not given:
        open_ones = list_open(desk.runs, environment)
        if len(open_ones) > 1:
            ids = ", ".join(one.incident_id for one in open_ones)
            raise SettingError(f"several incidents are open: {ids}", where="incident", next_step="add --incident ID")
        if not open_ones and not sandbox:
            raise SettingError("no incident is open", where="incident",
                               next_step="runbook incident open, or add --incident ID")  # fmt: skip
        incident = open_ones[0] if open_ones else None
    if incident is None:
        return open_incident(desk, environment=environment, issue_type=issue_type, incident_id=given,
                             severity=severity or DEFAULT_SEVERITY)  # fmt: skip
    if incident.closed_at is not None:
        raise SettingError(f"incident {incident.incident_id} is closed", where="incident",
                           next_step="open a new one: runbook incident open")  # fmt: skip
    if incident.environment != environment:
        raise SettingError(
            f"incident {incident.incident_id} is about {incident.environment}, not {environment}",
            where="incident", next_step=f"add --env {incident.environment}, or open another incident",
        )  # fmt: skip
    if severity and severity != incident.severity:
        return set_severity(desk, incident.incident_id, severity, "given with a run")
    return incident


def _after(incident: Incident | None, incident_id: str, entry: Entry) -> Incident | None:
    data = entry.data
    if entry.event == "incident.opened":
        return Incident(incident_id, data["environment"], data["issue_type"], data["severity"], data["lead"],
                        parse_iso(data["noticed_at"]))  # fmt: skip
    if incident is None:
        return None
    match entry.event:
        case "incident.severity":
            return replace(incident, severity=data["severity"])
        case "incident.handover":
            return replace(incident, lead=data["lead"])
        case "incident.closed":
            return replace(incident, closed_at=parse_iso(entry.at))
        case _:
            return incident


def _must_be_open(runs: Path, incident_id: str) -> None:
    if must_exist(runs, incident_id).closed_at is not None:
        raise SettingError(f"incident {incident_id} is closed", where="incident", next_step="runbook incident open")


def _claim(runs: Path, incident_id: str, now: datetime) -> str:
    """Make the folder; whoever makes it owns the id."""
    make_runs(runs)
    candidates = [incident_id] if incident_id else [f"INC-{now:%Y%m%d}-{n}" for n in range(1, 1000)]
    for candidate in candidates:
        if (runs / candidate / LOG).exists():
            continue
        try:
            (runs / candidate).mkdir(mode=0o700, exist_ok=bool(incident_id))
            return candidate
        except FileExistsError:
            continue
    raise SettingError(f"incident {candidates[0]} is there already", where=str(runs), next_step="choose another id")


def _write(desk: Desk, incident_id: str, event: str, data: Mapping[str, Json]) -> None:
    path = desk.runs / incident_id / LOG
    environment = data.get("environment") or must_exist(desk.runs, incident_id).environment
    masker = Masker(secrets_of(environment), mask_key(desk.runs))
    give_up = desk.times.monotonic() + WAIT_SECONDS
    while True:
        try:
            journal = Journal.open(path, masker=masker, times=desk.times)
            break
        except Refused:  # another process is writing its own event: a matter of milliseconds
            if desk.times.monotonic() > give_up:
                raise
            desk.times.sleep(0.02)
    try:
        journal.append(event, data)
    finally:
        journal.close()
