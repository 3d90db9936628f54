"""``View``: what a cell returns. Reads as text, as HTML and as a DataFrame; holds nothing but what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.model import Row
from runbook.view import markup, plain
from runbook.view.markup import Html
from runbook.view.words import Tone

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """Lines for terminals and logs, a body for browsers, and rows for who wants to compute."""

    lines: Sequence[str]
    body: Html | Callable[[], Html]  # called when a front end first asks for HTML: a picture takes its time
    sandbox: bool
    tone: Tone = Tone.CALM
    rows: Sequence[Row] = ()
    columns: Sequence[str] = ()

    def __str__(self) -> str:
        """The lines; the first says ``SANDBOX`` when it is one."""
        return ("SANDBOX · " if self.sandbox else "") + plain.clean("\n".join(self.lines))

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        body = self.body if isinstance(self.body, Html) else self.body()
        return str(markup.card(body, sandbox=self.sandbox, tone=self.tone))

    @property
    def frame(self) -> pandas.DataFrame:
        """The rows as a DataFrame with stable columns; raw values, no units added."""
        import pandas  # late: it takes longer to import than everything else together

        return pandas.DataFrame([dict(row) for row in self.rows], columns=list(self.columns) or None)
