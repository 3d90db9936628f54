"""The report of a run: one HTML file that opens anywhere, years later, without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbook.model import Json
from runbook.record.journal import Entry

__all__ = ["render", "warm"]


def render(summary: Mapping[str, Json], entries: Sequence[Entry], notebook: Mapping[str, Json]) -> str:
    """The report as one self-contained HTML file. Pure: journal, summary and drawn notebook in, text out."""
    from runbook.report import page  # late: template engine and Markdown are needed once, at the end

    return page.render(summary, entries, notebook)


def warm() -> None:
    """Import and compile what ``render`` needs; for a runner that waits for its kernel anyway."""
    from runbook.report import page

    page.template()
