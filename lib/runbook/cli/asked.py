"""What ``run`` and ``open`` are asked for: options, parameters, environment and incident, all checked before anything
is made. Exit 2 leaves nothing behind.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from runbook import approval, catalogue, incident, places, provenance, settings
from runbook.catalogue import Procedure
from runbook.errors import SettingError
from runbook.incident import Desk
from runbook.model import Incident, Json, Mode
from runbook.record import room
from runbook.times import Times

# parameters that are options as well: named by both is a contradiction
OPTIONS = {"incident": "--incident", "environment": "--env", "mode": "--mode", "approve": "--approve"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request: what to run, with which parameters, in which environment, for which incident."""

    procedure: Procedure
    parameters: dict[str, Json]
    incident: str  # as given; empty: the one that is open
    environment: str
    sandbox: bool
    mode: Mode
    severity: str
    runs: Path
    operator: str
    operator_source: str
    opens: bool  # an incident of its own: none is given or open
    elsewhere: str  # why the record does not go where it belongs; empty when it does


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that ``run`` and ``open`` share."""
    parser.add_argument("name", metavar="NAME", help="a procedure, as `runbook list` names it")
    parser.add_argument("--incident", metavar="ID", help="default: the one that is open")
    parser.add_argument("--severity", metavar="SEV-n", help="set the incident's severity")
    parser.add_argument("--env", metavar="NAME", help="a profile in params/environments")
    parser.add_argument("--mode", metavar="rehearse|act", help="rehearse (default) changes nothing")
    parser.add_argument("--approve", metavar="X", action="append", help="ACTION or ACTION@PLAN-ID; repeatable")
    parser.add_argument("--ask", action="store_true", help="ask on the terminal before each change")
    parser.add_argument("-p", dest="given", nargs=2, metavar=("KEY", "VALUE"), action="append", default=[],
                        help="a parameter of the procedure; repeatable")  # fmt: skip
    parser.add_argument("-f", dest="files", metavar="FILE", action="append", default=[],
                        help="parameters from a YAML or JSON file; repeatable")  # fmt: skip
    parser.add_argument("--timeout", type=seconds, metavar="S", help="seconds for the whole run")
    parser.add_argument("--cell-timeout", type=seconds, metavar="S", help="seconds for each cell")
    parser.add_argument("--break-glass", metavar="REASON", help="why a guard is overruled; it goes into the record")
    parser.add_argument("--runs", metavar="DIR", help="where records go")


def seconds(text: str) -> float:
    """A positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value


def check(arguments: argparse.Namespace, times: Times) -> Asked:
    """Everything that can be wrong, found before anything is made."""
    root = places.root()
    runs, elsewhere = room.choose(places.runs_dir(arguments.runs), places.standby_runs_dir())
    procedure = catalogue.get(root, arguments.name)
    parameters = _parameters(procedure, arguments)
    mode = mode_of(str(parameters.get("mode", Mode.REHEARSE)))
    approval.parse(str(parameters.get("approve", "")), approver="", expires_at=times.now())
    if arguments.severity:
        _severity(root, arguments.severity)
    given = str(arguments.incident or parameters.get("incident") or "")
    about = _incident_so_far(runs, procedure, given)
    of_incident = about.environment if about else None
    chosen = settings.choose_profile(str(arguments.env or parameters.get("environment") or "") or None, of_incident)
    profile = settings.load_profile(chosen)
    settings.load_secrets(profile)
    if arguments.severity and about is None and procedure.category != "respond":
        raise SettingError("a severity belongs to an incident", where="--severity", next_step="add --incident ID")
    name, source = provenance.operator()
    if "environment" in parameters:
        parameters["environment"] = chosen
    return Asked(
        procedure, parameters, given, chosen, profile.sandbox, mode, arguments.severity or "", runs, name, source,
        opens=about is None and (procedure.category == "respond" or bool(given)), elsewhere=elsewhere,
    )  # fmt: skip


def take_incident(asked: Asked, times: Times) -> Incident | None:
    """The incident of this run: the given one, the only open one, or a new one. None for a routine run."""
    issue_type = ""
    if asked.opens:
        from runbook import policy  # late: reading the tables takes longer than everything else here

        issue_type = policy.load(places.root()).issue_type_of(asked.procedure.name)
    found = incident.resolve(
        Desk(asked.runs, asked.operator, times), asked.incident, environment=asked.environment, sandbox=asked.sandbox,
        category=asked.procedure.category, severity=asked.severity, issue_type=issue_type,
    )  # fmt: skip
    if found is not None and "incident" in asked.parameters:
        asked.parameters["incident"] = found.incident_id
    return found


def _parameters(procedure: Procedure, arguments: argparse.Namespace) -> dict[str, Json]:
    """Default < ``-f`` in order < ``-p`` in order < options."""
    values = {one.name: one.default for one in procedure.parameters}
    for file in arguments.files:
        values |= catalogue.coerce(procedure, _read(Path(file)), f"-f {file}")
    given = dict(arguments.given)
    values |= catalogue.coerce(procedure, given, "-p")
    options = {
        "incident": arguments.incident, "environment": arguments.env, "mode": arguments.mode,
        "approve": ",".join(arguments.approve) if arguments.approve else None,
    }  # fmt: skip
    for key, value in options.items():
        if value is None:
            continue
        if key in given:
            raise SettingError(f"{key} is given by -p and by {OPTIONS[key]}", where=procedure.name,
                               next_step="keep one of them")  # fmt: skip
        if key in values:
            values[key] = value
        elif key in ("mode", "approve"):
            raise SettingError(f"{procedure.name} takes no {OPTIONS[key]}: it only reads", where=procedure.name,
                               next_step="leave it out")  # fmt: skip
    return values


def _read(path: Path) -> Mapping[str, object]:
    if not path.is_file():
        raise SettingError("no such file", where=str(path), next_step="correct the path")
    if path.suffix != ".json":
        return _named(settings.read_yaml(path), path)
    try:
        data = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(f"not readable as JSON: {reason}", where=str(path), next_step="mend the file") from error
    if not isinstance(data, dict):
        raise SettingError("holds no mapping", where=str(path), next_step="mend the file")
    return _named(data, path)


def _named(data: Mapping[str, object], path: Path) -> Mapping[str, object]:
    for name in data:
        if not isinstance(name, str) or not name.isidentifier():
            raise SettingError(f"{name!r} is not a parameter's name", where=str(path), next_step="mend the file")
    return data


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a value")


def mode_of(text: str) -> Mode:
    """The mode that a word names; exit 2 for any other."""
    if text in tuple(Mode):
        return Mode(text)
    raise SettingError(f"mode is {text!r}", where="mode", next_step="rehearse or act")


def _severity(root: Path, name: str) -> None:
    from runbook import policy

    policy.load(root).severity(name)


def _incident_so_far(runs: Path, procedure: Procedure, given: str) -> Incident | None:
    """The incident that is there already: its environment counts. Nothing is opened here."""
    if given:
        return incident.load(runs, given)
    open_ones = incident.list_open(runs) if procedure.category == "respond" else []
    return open_ones[0] if len(open_ones) == 1 else None
