"""A small sealed record, made without a kernel: shared by the tests of this folder."""

import json

from runbook.record.journal import Journal
from runbook.record.mask import Masker
from runbook.record.seal import close_and_seal
from runbook.times import Times

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A title"},
        *(
            {
                "cell_type": "code",
                "id": name,
                "metadata": {},
                "source": f"{name}()",
                "outputs": [],
                "execution_count": None,
            }
            for name in ("look", "change", "never")
        ),
    ],
}
FINDING = {
    "check": "site.health",
    "summary": "x",
    "observed": 1,
    "unit": "s",
    "threshold": 2,
    "source": "",
    "seconds": 0.1,
}


def write_record(run_dir, events, *, forced=None):
    """Seal a record of these events; its summary."""
    run_dir.mkdir(parents=True)
    (run_dir / "notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    masker = Masker({}, b"key")
    journal = Journal.open(run_dir / "journal.jsonl", masker=masker, times=Times())
    for event, data in events:
        journal.append(event, data)
    return close_and_seal(
        run_dir, journal, forced=forced, masker=masker, render_report=lambda *_: "<p>report</p>", times=Times()
    )


def ordinary_events(run):
    """A run that looks, finds something critical, changes something, and finds it well."""
    return [
        ("run.opened", {"run": run, "notebook": "n", "started_at": "2026-11-23T10:00:00.000Z", "mode": "act"}),
        ("cell.started", {"id": "look", "index": 1, "source": "look()", "execution_count": 1}),
        (
            "cell.output",
            {"id": "look", "index": 1, "output": {"output_type": "stream", "name": "stdout", "text": "one\n"}},
        ),
        (
            "cell.output",
            {"id": "look", "index": 1, "output": {"output_type": "stream", "name": "stdout", "text": "two\n"}},
        ),
        ("check.finished", {**FINDING, "status": "critical", "required": True, "facts": {}, "asked": "check"}),
        ("cell.finished", {"id": "look", "index": 1, "state": "completed", "seconds": 0.1, "error": None}),
        ("cell.started", {"id": "change", "index": 2, "source": "change()", "execution_count": 2}),
        ("check.finished", {**FINDING, "status": "ok", "required": True, "facts": {}, "asked": "verify"}),
        ("cell.finished", {"id": "change", "index": 2, "state": "completed", "seconds": 0.1, "error": None}),
    ]
