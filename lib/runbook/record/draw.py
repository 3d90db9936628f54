"""The notebook of a run, drawn from its journal onto the notebook that was run. Pure."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import Any

from runbook.model import canonical_json
from runbook.record.journal import Entry

JOINED = "stream"


def draw_notebook(skeleton: dict[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    """The skeleton's cells with the outputs and states that the journal tells; nothing else is believed."""
    notebook = copy.deepcopy(skeleton)
    outputs, states, counts, sources = _by_cell(entries)
    known = set()
    for cell in notebook["cells"]:
        cell["source"] = _text(cell["source"])
        if cell["cell_type"] != "code":
            continue
        cell_id = cell.get("id", "")
        known.add(cell_id)
        cell["outputs"] = outputs.get(cell_id, [])
        cell["execution_count"] = counts.get(cell_id)
        cell["source"] = sources.get(cell_id, cell["source"])
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "papermill"}
        cell["metadata"]["runbook"] = states.get(cell_id, {"state": "not_run"})
    for cell_id in sources:
        if cell_id not in known:  # typed by hand into the open notebook: it is part of what happened
            notebook["cells"].append({
                "cell_type": "code", "id": cell_id[:64], "source": sources[cell_id],
                "metadata": {"runbook": states.get(cell_id, {})}, "outputs": outputs.get(cell_id, []),
                "execution_count": counts.get(cell_id),
            })  # fmt: skip
    opened = next((e.data for e in entries if e.event == "run.opened"), {})
    closed = next((e.data for e in reversed(entries) if e.event == "run.closed"), {})
    notebook["metadata"] = {k: v for k, v in notebook["metadata"].items() if k not in ("papermill", "widgets")}
    notebook["metadata"]["runbook"] = {
        **notebook["metadata"].get("runbook", {}),
        "run": opened.get("run", ""), "status": closed.get("status", ""),
        "exit_code": closed.get("exit_code"), "journal_head": entries[-1].hash if entries else "",
    }  # fmt: skip
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def canonical_digest(notebook: dict[str, Any]) -> str:
    """sha256 over the cells' sources and outputs: equal for a notebook that JupyterLab only saved again."""
    cells = [
        {
            "type": cell["cell_type"], "id": cell.get("id"), "source": _text(cell["source"]),
            "outputs": [_bare(output) for output in _joined(cell)], "runbook": cell["metadata"].get("runbook"),
        }
        for cell in notebook["cells"]
    ]  # fmt: skip
    content = {"cells": cells, "runbook": notebook["metadata"].get("runbook")}
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()


def _by_cell(
    entries: Sequence[Entry],
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]], dict[str, Any], dict[str, str]]:
    outputs: dict[str, list[Any]] = {}
    states: dict[str, dict[str, Any]] = {}
    counts: dict[str, Any] = {}
    sources: dict[str, str] = {}
    shown: dict[str, dict[str, Any]] = {}  # display id -> the output that updates replace
    for entry in entries:
        data = entry.data
        cell_id = data.get("id", "")
        if entry.event == "cell.started":
            outputs[cell_id] = []
            counts[cell_id], sources[cell_id] = data["execution_count"], data["source"]
            states[cell_id] = {"state": "not_ended", "started": entry.at}
        elif entry.event == "cell.output":
            _put(outputs.setdefault(cell_id, []), data["output"], shown)
        elif entry.event == "cell.finished":
            states.setdefault(cell_id, {})
            states[cell_id] |= {"state": data["state"], "ended": entry.at, "seconds": data["seconds"]}
    return outputs, states, counts, sources


def _put(outputs: list[Any], output: dict[str, Any], shown: dict[str, dict[str, Any]]) -> None:
    """Add one output as a front end would: streams are joined, an update replaces what it updates."""
    output = copy.deepcopy(output)
    display_id = output.pop("display_id", None)
    if output["output_type"] == "update_display_data":
        if display_id in shown:
            shown[display_id]["data"], shown[display_id]["metadata"] = output["data"], output["metadata"]
        return
    if output["output_type"] == JOINED and outputs and outputs[-1].get("name") == output["name"]:
        outputs[-1]["text"] += output["text"]
        return
    if display_id:
        shown[display_id] = output
    outputs.append(output)


def _joined(cell: dict[str, Any]) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    for output in cell.get("outputs", []):
        if "text" in output:
            output = {**output, "text": _text(output["text"])}
        if output["output_type"] == JOINED and outputs and outputs[-1].get("name") == output["name"]:
            outputs[-1] = {**outputs[-1], "text": outputs[-1]["text"] + output["text"]}
        else:
            outputs.append(output)
    return outputs


def _bare(output: dict[str, Any]) -> dict[str, Any]:
    """An output without what a front end may add or split differently."""
    kept = {key: value for key, value in output.items() if key != "execution_count"}
    if "data" in kept:
        kept["data"] = {k: "".join(v) if isinstance(v, list) else v for k, v in kept["data"].items()}
    return kept


def _text(value: str | list[str]) -> str:
    """A text that nbformat may keep as a list of lines. Joining a text letter by letter would take long."""
    return value if isinstance(value, str) else "".join(value)
