"""``open_run``: check the parameters, find the incident, open or attach to the record, ask every system who it is."""

from __future__ import annotations

import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from runbook import approval, catalogue, places, provenance, settings
from runbook import incident as incidents
from runbook import policy as policies
from runbook.errors import Refused, SettingError
from runbook.model import Json, Mode
from runbook.policy import Policy
from runbook.profile import Profile
from runbook.record import capture
from runbook.record.folder import new_run_dir, write_atomic
from runbook.record.journal import Journal, read
from runbook.record.mask import Masker, mask_key
from runbook.record.seal import text_of
from runbook.record.skeleton import with_parameters
from runbook.run import parameters
from runbook.run.facts import Facts
from runbook.run.permissions import still_given
from runbook.run.sealing import seal_when_closed
from runbook.run.session import Run
from runbook.settings import Secrets
from runbook.systems import Systems
from runbook.times import Times, iso
from runbook.view import Views

MADE = "undo"


def open_run(
    name: str, *, incident: str = "", environment: str = "", mode: str = "rehearse", approve: str = ""
) -> Run | ClosedRun:
    """Open the run of one notebook. Raises SettingError (exit 2) or Refused (exit 3) with one line, and leaves nothing.

    In a folder whose record is closed the answer is a ``ClosedRun``: it says so and calls nothing.
    """
    times = Times()
    root = places.root()
    attached = attached_folder()
    procedure = procedure_of(name, attached, root)
    shell = capture.running_shell()
    values = parameters.checked(procedure, shell.user_ns if shell else {}, capture.inputs(shell))
    if attached is not None and is_closed(attached, procedure.name):
        return ClosedRun(attached)
    if mode not in tuple(Mode):
        raise SettingError(f"mode is {mode!r}", where=name, next_step="rehearse or act")
    interactive = capture.is_interactive(shell)
    if interactive and attached is None and mode == Mode.ACT:
        raise Refused("a notebook without a dated copy can only rehearse", where=name,
                      next_step=f"runbook open {name} --mode act")  # fmt: skip
    runs = attached.parent.parent if attached else places.runs_dir()
    about = incidents.load(runs, incident) if incident else None
    profile = settings.load_profile(settings.choose_profile(environment or None, about.environment if about else None))
    secrets, policy = settings.load_secrets(profile), policies.load(root)
    approvals = approval.parse(
        approve, approver=provenance.operator()[0], expires_at=times.now() + timedelta(minutes=policy.approval_minutes)
    )
    facts = _facts(procedure, runs, attached, profile, policy, Mode(mode), incident, interactive, times)
    return _start(facts, procedure, profile, secrets, policy, approvals, values, shell, root, times)


def attached_folder() -> Path | None:
    """The run folder that this kernel belongs to: ``$RUNBOOK_RUN``, or a working directory with a journal."""
    if chosen := os.environ.get("RUNBOOK_RUN"):
        if not Path(chosen).is_dir():
            raise SettingError("no such run folder", where=chosen, next_step="unset RUNBOOK_RUN")
        return Path(chosen)
    return Path.cwd() if (Path.cwd() / "journal.jsonl").exists() else None


def procedure_of(name: str, attached: Path | None, root: Path) -> catalogue.Procedure:
    """The procedure of the catalogue, or the one that the product wrote into the run's own folder: an undo."""
    if attached is not None and name == MADE:
        return replace(catalogue.load(attached / "notebook.ipynb"), name=name, category="")
    return catalogue.get(root, name)


def is_closed(run_dir: Path, notebook: str) -> bool:
    """Whether the record in a folder has been closed; exit 2 when it is another notebook's."""
    entries = read(run_dir / "journal.jsonl")
    if entries and (other := entries[0].data.get("notebook", notebook)) != notebook:
        raise SettingError(f"this folder holds a run of {other}", where=str(run_dir),
                           next_step=f"open {notebook} elsewhere: runbook open {notebook}")  # fmt: skip
    return bool(entries) and entries[-1].event == "run.closed"


class ClosedRun:
    """A closed run is inert: whatever its notebook asks, it says so and calls nothing."""

    def __init__(self, run_dir: Path) -> None:
        self._line = f"This run is closed ({run_dir.name}): nothing was asked and nothing was changed."

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_args, **_kwargs: self

    def __repr__(self) -> str:
        return self._line


def _facts(
    procedure: catalogue.Procedure, runs: Path, attached: Path | None, profile: Profile, policy: Policy, mode: Mode,
    incident: str, interactive: bool, times: Times,
) -> Facts:  # fmt: skip
    operator, source = provenance.operator()
    if attached is not None:
        group = attached.parent.name
        about = None if group == "routine" else incidents.must_exist(runs, group)
    else:
        about = incidents.resolve(
            incidents.Desk(runs, operator, times), incident, environment=profile.name, sandbox=profile.sandbox,
            category=procedure.category, severity="", issue_type=policy.issue_type_of(procedure.name),
        )  # fmt: skip
        group = about.incident_id if about else "routine"
    run_dir = attached or new_run_dir(runs, group, procedure.name, times)
    return Facts(
        run=run_dir.name, run_dir=run_dir, runs=runs, notebook=procedure.name, category=procedure.category,
        incident=about, environment=profile.name, sandbox=profile.sandbox, mode=mode, interactive=interactive,
        supervised=bool(os.environ.get("RUNBOOK_SUPERVISED")), drill=bool(os.environ.get("RUNBOOK_DRILL")),
        operator=operator, operator_source=source,
        break_glass=os.environ.get("RUNBOOK_BREAK_GLASS", ""),
    )  # fmt: skip


def _start(
    facts: Facts, procedure: catalogue.Procedure, profile: Profile, secrets: Secrets, policy: Policy,
    approvals: list[approval.Approval], values: dict[str, Json], shell: Any, root: Path, times: Times,
) -> Run:  # fmt: skip
    masker = Masker(secrets.known(), mask_key(facts.runs))
    recorder = capture.install(shell, masker)
    systems = Systems(profile, secrets, policy, times)
    journal = Journal.open(facts.run_dir / "journal.jsonl", masker=masker, times=times, keeps_room=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        identities = pool.submit(systems.identify_all)
        commit = pool.submit(provenance.commit, root)
    targets = {
        one.system: {"expected": one.expected, "seen": one.seen, "matches": one.matches, "how": one.how}
        for one in identities.result().values()
    }
    if not (facts.run_dir / "notebook.ipynb").exists():  # plain papermill: nobody has prepared the folder
        injected = values if parameters.was_injected(capture.inputs(shell)) else {}
        write_atomic(facts.run_dir / "notebook.ipynb", text_of(with_parameters(procedure.notebook, injected)))
    if journal.length:
        journal.append("run.attached", {"pid": os.getpid(), "mode": facts.mode.value})
    else:
        journal.append("run.opened", {
            "run": facts.run, "notebook": facts.notebook, "category": facts.category, "incident": facts.incident_id,
            "severity": facts.incident.severity if facts.incident else "",
            "issue_type": facts.incident.issue_type if facts.incident else "",
            "environment": facts.environment, "sandbox": facts.sandbox, "mode": facts.mode.value,
            "interactive": facts.interactive, "supervised": facts.supervised, "drill": facts.drill,
            "operator": facts.operator, "operator_source": facts.operator_source, "host": platform.node(),
            "clock_offset_seconds": systems.clock_offset_seconds(), "git": commit.result(),
            "versions": provenance.versions(), "notebook_digest": procedure.digest, "parameters": values,
            "targets": targets, "started_at": iso(times.now()), "python": sys.executable,
        })  # fmt: skip
    before = tuple(journal.entries)
    told = {(e.data["action"], e.data["plan_id"] or "") for e in before if e.event == "approval.given"}
    approvals = still_given(approvals, before, timedelta(minutes=policy.approval_minutes))
    for given in approvals:
        if (given.action, given.plan_id) in told:
            continue
        journal.append("approval.given", {
            "action": given.action, "plan_id": given.plan_id or None, "approver": given.approver, "via": given.via,
            "at": iso(times.now()),
        })  # fmt: skip
    views = Views(sandbox=profile.sandbox, interactive=facts.interactive, times=times)
    run = Run(facts, systems=systems, policy=policy, journal=journal, views=views, approvals=approvals)
    recorder.attach(journal, procedure.notebook["cells"])
    seal_when_closed(run, recorder, journal, masker, times)
    return run
