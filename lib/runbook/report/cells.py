"""The notebook's cells as HTML: prose, sources, and outputs that can be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from runbook.report import prose, trust
from runbook.view import markup, plain, words
from runbook.view.markup import Html, el

AT_MOST = 20_000  # characters of one output; the notebook and outputs/ hold the whole
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
WIDGET = "application/vnd.jupyter.widget-view+json"


def render(cells: Iterable[Mapping[str, Any]]) -> list[Html]:
    """Every cell that says or did something."""
    return [html for cell in cells if (html := _cell(cell))]


def _cell(cell: Mapping[str, Any]) -> Html:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return el("div", prose.html(source), cls="prose")
    if cell["cell_type"] != "code" or not source.strip():
        return Html()
    about = cell["metadata"].get("runbook", {})
    word = words.cell(str(about.get("state", "")))
    took = plain.duration(float(about["seconds"])) if about.get("seconds") else ""
    outputs = [_output(output) for output in cell.get("outputs", ())]
    return el("div", el("div", markup.chip(word), " ", el("span", took, cls="quiet"), cls="state"),
              el("pre", source.rstrip(), cls="source"), *outputs, cls="cell")  # fmt: skip


def _output(output: Mapping[str, Any]) -> Html:
    if output["output_type"] == "stream":
        kind = "output stderr" if output["name"] == "stderr" else "output"
        return el("pre", shortened(_joined(output["text"])), cls=kind)
    if output["output_type"] == "error":
        trace = plain.clean("\n".join(output["traceback"]))
        said = el(
            "p", markup.chip(words.cell("failed")), f" {plain.line(output['ename'])}: {plain.line(output['evalue'])}"
        )
        return el("div", said, markup.fold("traceback", el("pre", shortened(trace))) if "\n" in trace else Html(),
                  cls="output")  # fmt: skip
    return _display(output.get("data", {}))


def _display(data: Mapping[str, Any]) -> Html:
    """The richest form that can be trusted: a view of ours, a picture, else plain text."""
    if "text/html" in data and (view := trust.ours(_joined(data["text/html"]))) is not None:
        return el("div", view, cls="output")
    picture = _joined(data.get("image/png", ""))
    if picture and BASE64.fullmatch(picture):
        inside = "".join(picture.split())
        return el("div", el("img", src=f"data:image/png;base64,{inside}", alt="picture"), cls="output")
    if WIDGET in data or not data.get("text/plain"):
        return Html()
    return el("pre", shortened(_joined(data["text/plain"])), cls="output")


def shortened(text: str) -> str:
    """The text, its middle left out when it is too long to read."""
    if len(text) <= AT_MOST:
        return plain.clean(text).rstrip()
    half = AT_MOST // 2
    head, tail = plain.clean(text[:half]), plain.clean(text[-half:]).rstrip()  # cleaning all of it would take long
    return f"{head}\n\n… {len(text) - AT_MOST} characters left out; the notebook has them …\n\n{tail}"


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)
