"""A line that is written over while something takes its time. Bounded: a record keeps every update."""

from __future__ import annotations

import sys
from typing import Any

from runbook.times import Times
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.markup import el
from runbook.view.words import Tone

EVERY_SECONDS = 0.5
AT_MOST = 60  # updates of one line; then only every tenth of the way is shown, and the end
BAR = 24


class Progress:
    """One progress line: ``update`` as often as you like, ``done`` once."""

    def __init__(self, label: str, *, sandbox: bool, times: Times) -> None:
        self._label = plain.line(label)
        self._sandbox = sandbox
        self._times = times
        self._started = times.monotonic()
        self._last = float("-inf")
        self._shown = 0
        self._tenth = -1
        self._text = ""
        self._handle: Any = None

    def update(self, fraction: float | None, text: str) -> None:
        """Show how far it is; ``None`` where nobody can tell."""
        now = self._times.monotonic()
        tenth = int(fraction * 10) if fraction is not None else int((now - self._started) // 30)
        end = fraction is not None and fraction >= 1
        due = now - self._last >= EVERY_SECONDS and (self._shown < AT_MOST or tenth != self._tenth)
        if not (due or end) or (end and self._tenth == tenth and text == self._text):
            return
        self._last, self._tenth, self._text = now, tenth, text
        self._shown += 1
        self._show(self._view(fraction, text))

    def done(self, text: str) -> None:
        """Show how it ended."""
        self._shown += 1
        self._show(self._view(1.0, text))

    def _view(self, fraction: float | None, text: str) -> View:
        spent = plain.duration(self._times.monotonic() - self._started)
        share = None if fraction is None else max(0.0, min(1.0, fraction))
        full = 0 if share is None else round(share * BAR)
        bar = "·" * BAR if share is None else "█" * full + "░" * (BAR - full)
        percent = "" if share is None else f" {share * 100:.0f} %"
        said = f"{self._label}: {bar}{percent} · {spent} · {plain.clip(plain.line(text), 200)}"
        body = el(
            "p", f"{self._label}: ", el("code", bar), f"{percent} · {spent} · {plain.clip(plain.line(text), 200)}"
        )
        return View([said], markup.join([body]), self._sandbox, Tone.CALM)

    def _show(self, view: View) -> None:
        """In a kernel one output that is updated; elsewhere a line each."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is None or getattr(shell, "kernel", None) is None:
            sys.stdout.write(f"{view}\n")
            return
        if self._handle is None:
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(view)
        else:
            self._handle.update(view)
