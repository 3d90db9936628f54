"""``runbook history``: the runs that were, from their summaries. Fast over ten thousand: names first, then one read each."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from runbook import places
from runbook.cli.screen import Screen
from runbook.errors import ExitStatus, SettingError
from runbook.incident import must_exist
from runbook.record.folder import RUN_NAME
from runbook.record.journal import scan
from runbook.record.summary import summarize

LEFT_OUT = ("findings", "plans", "cells")
NOT_CLOSED = "not closed"  # the record of a run that goes on, or died: `runbook recover`


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Filters; all of them must hold."""
    parser.add_argument("text", metavar="TEXT", nargs="?", default="", help="in names, causes, findings or changes")
    parser.add_argument("--incident", metavar="ID", default="", help="the runs of one incident")
    parser.add_argument("--notebook", metavar="NAME", default="", help="the runs of one procedure")
    parser.add_argument("--status", metavar="S", default="", help="how they ended")
    parser.add_argument("--runs", metavar="DIR", help="where the records are")
    parser.set_defaults(call=history)


def history(arguments: argparse.Namespace, screen: Screen) -> int:
    """Newest first."""
    runs = places.runs_dir(arguments.runs)
    if arguments.incident:
        must_exist(runs, arguments.incident)
    known = (*get_args(ExitStatus), NOT_CLOSED)
    if arguments.status and arguments.status not in known:
        raise SettingError(f"no status {arguments.status!r}", where="--status", next_step=f"one of {', '.join(known)}")
    folders = _folders(runs, arguments.incident)
    names = {_notebook(folder.name) for folder in folders}
    if arguments.notebook and arguments.notebook not in names:
        _must_be_a_notebook(arguments.notebook)
    chosen = [folder for folder in folders if arguments.notebook in ("", _notebook(folder.name))]
    found = list(_matching(chosen, arguments.text.casefold(), arguments.status))
    if screen.json:
        screen.document({"runs": [{k: v for k, v in one.items() if k not in LEFT_OUT} for one in found]})
        return 0
    screen.table([_row(one) for one in found])
    if not found:
        screen.aside("no run fits" if folders else f"no runs in {runs}")
    return 0


def _folders(runs: Path, incident: str) -> list[Path]:
    """Every run's folder, newest first: its name begins with the time."""
    found = []
    for group in _entries(runs):
        if group.is_dir() and incident in ("", group.name):
            found += [Path(one.path) for one in _entries(Path(group.path)) if RUN_NAME.fullmatch(one.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _notebook(run: str) -> str:
    """The notebook's name in ``20261123T030512Z-database-failure-3f9a``."""
    return run.split("-", 1)[1].rsplit("-", 1)[0]


def _must_be_a_notebook(name: str) -> None:
    from runbook import catalogue  # late: only a name that no run has

    catalogue.get(places.root(), name)


def _matching(folders: Iterable[Path], text: str, status: str) -> Iterator[dict[str, Any]]:
    for folder in folders:
        summary = _summary(folder)
        if status in ("", summary["status"]) and (not text or any(text in word for word in _words(summary))):
            yield summary


def _summary(folder: Path) -> dict[str, Any]:
    """The run's summary; of one that was never closed what its journal tells so far."""
    try:
        summary: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
        if isinstance(summary, dict) and summary["status"]:
            return summary
    except (OSError, ValueError, KeyError):
        pass  # told below, as not closed
    told = summarize(scan(folder / "journal.jsonl").entries)
    own = {"run": folder.name, "run_dir": str(folder), "notebook": _notebook(folder.name)}
    return {
        **told,
        **own,
        "status": NOT_CLOSED,
        "incident": "" if folder.parent.name == "routine" else folder.parent.name,
    }


def _words(summary: Mapping[str, Any]) -> Iterator[str]:
    """Everything in a summary that a person would look for."""
    for key in ("run", "notebook", "incident", "severity", "environment", "operator", "status"):
        yield str(summary.get(key, "")).casefold()
    for cause in summary.get("causes", []):
        yield f"{cause['name']} {cause['title']}".casefold()
    for found in summary.get("findings", []):
        yield f"{found['check']} {found['summary']}".casefold()
    for action in summary.get("actions", []):
        yield f"{action['action']}@{action['plan_id']} {action['outcome']} {action['reason']}".casefold()
    for line in summary.get("changed", []):
        yield str(line).casefold()


def _row(summary: Mapping[str, Any]) -> tuple[str, ...]:
    when = str(summary.get("started_at", ""))[:16].replace("T", " ")
    causes = ", ".join(cause["name"] for cause in summary.get("causes", []))
    changed = len(summary.get("changed", []))
    what = "; ".join(
        filter(None, [causes, f"{changed} changed" if changed else "", "drill" if summary["drill"] else ""])
    )
    return (when or "-", str(summary["status"]), str(summary.get("mode", "")), str(summary["run"]),
            str(summary["incident"] or "routine"), what)  # fmt: skip
