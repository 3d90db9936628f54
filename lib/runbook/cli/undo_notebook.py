"""The notebook of an undo: for each change, newest first, what was changed, the plan that takes it back, the proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runbook.actions.inverse import Inverse
from runbook.model import Danger, Json
from runbook.view import plain

NAME = "undo"
PARAMETERS = """incident: str = ""  # Incident id
environment: str = ""  # Profile in params/environments
mode: str = "rehearse"  # rehearse reads and plans, act also makes approved changes
approve: str = ""  # Approvals separated by commas, an action or action@plan-id
undo_of: str = ""  # The run whose changes are taken back"""
OPEN = f'run = open_run("{NAME}", incident=incident, environment=environment, mode=mode, approve=approve)\nrun'


def notebook_for(run: str, opened: Mapping[str, Json], inverses: Sequence[Inverse]) -> dict[str, Any]:
    """The notebook that takes one run's changes back."""
    modules = sorted({one.module for one in inverses if one.module})
    cells = [
        _prose("head", f"| undo | |\n| --- | --- |\n| Changes production? | yes, in `act` |\n\n# {NAME}\n\n"
               f"Takes back what {run} ({opened['notebook']}) changed, newest first. Nothing else is touched."),
        _code("parameters", PARAMETERS, "parameters"),
        _prose("open-help", "## Open the run"),
        _code("imports", f"from runbook import open_run\nfrom runbook.actions import {', '.join(modules)}"),
        _code("open", OPEN),
        _prose("undo", "## Undo"),
    ]  # fmt: skip
    for number, one in enumerate(inverses, start=1):
        cells += _cells(number, one)
    cells += [_prose("close-help", "## Close"), _code("close", "run.close()", "close")]
    return {
        "cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip


def _cells(number: int, one: Inverse) -> Iterator[dict[str, Any]]:
    lines = "\n".join(f"    {plain.line(line)}" for line in one.changed)  # indented: names from systems format nothing
    head = f"### {number}. {one.plan.action}@{one.plan.plan_id}, {one.outcome}\n\n{lines}\n\n"
    if one.why_not:
        yield _prose(f"undo-{number}", f"{head}This {one.why_not}.")
        return
    warning = "" if one.plan.danger is Danger.REVERSIBLE else "**Warning:** read the plan's costs first.\n\n"
    arguments = "".join(f", {name}={value!r}" for name, value in (one.arguments or {}).items())
    yield _prose(f"undo-{number}", f"{head}{warning}`{one.action}` takes it back.")
    yield _code(f"plan-{number}", f"run.plan({one.module}.{one.action}{arguments})")
    yield _prose(f"apply-{number}-help", "Apply it if it is approved. It proves itself.")
    yield _code(f"apply-{number}", f"run.apply({one.module}.{one.action})")


def _prose(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(name: str, source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": {"tags": list(tags)}, "source": source, "outputs": [],
            "execution_count": None}  # fmt: skip
