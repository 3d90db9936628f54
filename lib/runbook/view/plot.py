"""The time line as a picture. The only importer of matplotlib; no pyplot, so no window and no global state.

Transparent, and drawn in middle tones that can be read on a light and on a dark page. It holds no values from systems:
lanes, numbers and marks only. Text that somebody could hide a secret in stands in the table, where it is masked.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from runbook.model import Status
from runbook.view import plain

if TYPE_CHECKING:
    from runbook.view.events import Event, Mark

INK = "#808994"
MARKS = {  # shape and colour: never colour alone
    None: ("o", "#3f8fd2"), Status.OK: ("o", "#3f8fd2"), Status.WARNING: ("^", "#d99a1c"),
    Status.CRITICAL: ("X", "#d9483b"), Status.UNKNOWN: ("D", "#9273c9"),
}  # fmt: skip
BROKEN = "#d9483b"
DPI = 160
MANY = 24  # with more events numbers would hide each other


def draw(events: Sequence[Event], mark: Mark | None) -> bytes:
    """A PNG: a lane for each system, a numbered mark for each event, a line where it broke or was noticed."""
    from matplotlib import dates, rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lanes = list(dict.fromkeys(event.system for event in events))
    with rc_context({"font.family": "DejaVu Sans", "font.size": 10.5, "text.parse_math": False}):
        figure = Figure(figsize=(9.6, 0.85 + 0.4 * len(lanes)), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for number, event in enumerate(events, start=1):
            shape, colour = MARKS[event.status]
            lane = lanes.index(event.system)
            at = dates.date2num(event.at)  # type: ignore[no-untyped-call]
            axes.plot(at, lane, marker=shape, color=colour, markersize=8, linestyle="none", zorder=3)
            if len(events) <= MANY:
                axes.annotate(str(number), (at, lane), (0, 6), textcoords="offset points", ha="center", color=INK,
                              fontsize=9)  # fmt: skip
        if mark is not None:
            axes.axvline(dates.date2num(mark.at), color=BROKEN, linestyle="--", linewidth=1.4)  # type: ignore[no-untyped-call]
            axes.annotate(f"{mark.word.word} ", (dates.date2num(mark.at), -0.62), color=BROKEN, fontsize=9.5,  # type: ignore[no-untyped-call]
                          ha="right", va="center")  # fmt: skip
        axes.set_yticks(range(len(lanes)), [plain.clip(lane, 24) for lane in lanes])
        axes.set_ylim(len(lanes) - 0.5, -0.9)
        axes.margins(x=0.05)
        locator = dates.AutoDateLocator(tz=UTC, minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]
        axes.set_xlabel("UTC", color=INK, fontsize=9)
        axes.tick_params(colors=INK, length=3)
        axes.grid(axis="y", color=INK, alpha=0.35, linewidth=0.8)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(INK)
        axes.xaxis.get_offset_text().set_color(INK)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", transparent=True, metadata={"Software": None})
    return picture.getvalue()
