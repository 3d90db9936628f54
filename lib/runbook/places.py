"""Where things are: the checkout, the records, the sandbox's state, the profiles."""

from __future__ import annotations

import os
from pathlib import Path

from runbook.errors import SettingError

PROFILES = Path("params/environments")


def root() -> Path:
    """``$RUNBOOK_HOME``, else the nearest parent with ``params/environments/``, else the checkout we came from."""
    if home := os.environ.get("RUNBOOK_HOME"):
        if not (Path(home) / PROFILES).is_dir():
            raise SettingError(
                f"no {PROFILES}/ in it", where=f"RUNBOOK_HOME={home}", next_step="set it to the checkout"
            )
        return Path(home).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / PROFILES).is_dir():
            return folder
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / PROFILES).is_dir():
        return checkout
    raise SettingError(
        "no params/environments/ here or above",
        where=str(here),
        next_step="run inside the runbooks' checkout, or set RUNBOOK_HOME to it",
    )


def runs_dir(given: str | None = None) -> Path:
    """Where records go: ``--runs``, ``$RUNBOOK_RUNS``, else ``<root>/runs``."""
    chosen = given or os.environ.get("RUNBOOK_RUNS")
    runs = Path(chosen).resolve() if chosen else root() / "runs"
    there = next(path for path in (runs, *runs.parents) if path.exists())
    if not there.is_dir():
        raise SettingError("is no folder", where=str(there), next_step="choose another --runs DIR")
    return runs


def standby_runs_dir() -> Path:
    """Where records go when that has no room: ``$RUNBOOK_STANDBY_RUNS``, else below ``~/.local/state``."""
    chosen = os.environ.get("RUNBOOK_STANDBY_RUNS")
    return Path(chosen).resolve() if chosen else Path.home() / ".local" / "state" / "runbook" / "runs"


def sandbox_state_path() -> Path:
    """The sandbox's state file: ``$RUNBOOK_SANDBOX``, else under the root."""
    chosen = os.environ.get("RUNBOOK_SANDBOX")
    return Path(chosen).resolve() if chosen else root() / ".runbook" / "sandbox" / "state.json"


def profile_names() -> list[str]:
    """The profiles that are there, examples left out."""
    names = (path.name.removesuffix(".yaml") for path in (root() / PROFILES).glob("*.yaml"))
    return sorted(name for name in names if not name.endswith(".example"))
