"""Open the record of a run that was cut off, so that it can go on: closed honestly first, then marked as resumed."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

from runbook import catalogue, incident, provenance, settings
from runbook.errors import Refused
from runbook.headless.ending import recover, take_over
from runbook.headless.folder import RunRequest
from runbook.record.journal import scan
from runbook.record.mask import Masker, mask_key
from runbook.times import Times

CUT_OFF = frozenset({"interrupted", "timed_out", "kernel_died", "unrecorded", "failed"})


def reopen(run_dir: Path, root: Path, times: Times) -> RunRequest:
    """What the run was asked for, with ``run.resumed`` in its journal. Nothing is touched when it cannot go on.

    Refused for a run that ended by itself or still runs, SettingError when its environment is not there any more.
    """
    entries = scan(run_dir / "journal.jsonl").entries
    if not entries or entries[0].event != "run.opened":
        raise Refused("this run never began", where=str(run_dir), next_step="run it anew")
    opened = entries[0].data
    if entries[-1].event == "run.closed" and entries[-1].data["status"] not in CUT_OFF:
        raise Refused(f"this run ended by itself, {entries[-1].data['status']}", where=run_dir.name,
                      next_step="run it anew: every run asks everything again")  # fmt: skip
    runs = run_dir.parent.parent
    settings.load_secrets(settings.load_profile(opened["environment"]))
    operator, source = provenance.operator()
    request = RunRequest(
        procedure=replace(catalogue.load(run_dir / "notebook.ipynb"), name=opened["notebook"], category=opened["category"]),
        parameters=opened["parameters"], environment=opened["environment"],
        incident=incident.must_exist(runs, opened["incident"]) if opened["incident"] else None,
        root=root, runs=runs, operator=operator, operator_source=source, drill=opened["drill"],
    )  # fmt: skip
    if entries[-1].event != "run.closed":
        recover(run_dir, times)
    masker = Masker(settings.secrets_of(opened["environment"]), mask_key(runs))
    journal, _ = take_over(run_dir, masker, times)
    journal.append("run.resumed", {"operator": operator, "operator_source": source, "host": platform.node()})
    journal.close()
    return request
