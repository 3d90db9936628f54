"""Consent on the plan card, in JupyterLab: how much is typed grows with the danger. The only importer of ipywidgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.model import Danger
from runbook.view import markup, plain
from runbook.view.card import View

if TYPE_CHECKING:
    import pandas

OnApprove = Callable[[str], str]
MISSING = "ipywidgets is not installed: approve with --approve, or install the lab extra (make install)."


@dataclass(frozen=True, slots=True, repr=False)
class PlanCard:
    """A plan that can be approved where it is shown; else a ``View`` like every other."""

    shown: View
    danger: Danger
    consent: str
    on_approve: OnApprove

    def __str__(self) -> str:
        """The plan's lines."""
        return str(self.shown)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.shown._repr_html_()

    @property
    def frame(self) -> pandas.DataFrame:
        """The plan's objects."""
        return self.shown.frame

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/plain": str(self), "text/html": self._repr_html_()}, raw=True)  # type: ignore[no-untyped-call]
        display(consent_box(self.danger, self.consent, self.on_approve))  # type: ignore[no-untyped-call]


def consent_box(danger: Danger, consent: str, on_approve: OnApprove) -> Any:
    """A field and a button, or only a button where a confirm is enough; a sentence where there are no widgets."""
    try:
        import ipywidgets as widgets  # type: ignore[import-untyped]  # late: only a person at a notebook needs it
    except ImportError:
        return View([MISSING], markup.el("p", MISSING), sandbox=False)
    typed = widgets.Text(placeholder=plain.line(consent), layout=widgets.Layout(width="26em"))
    style = "danger" if danger in (Danger.DESTRUCTIVE, Danger.DISRUPTIVE) else "warning"
    button = widgets.Button(description="Confirm" if danger is Danger.REVERSIBLE else "Approve", button_style=style)
    answer = widgets.HTML()

    def approve(_button: Any) -> None:
        button.disabled = True  # a second click must not approve twice
        try:
            said = on_approve(typed.value)
        except Exception as error:
            button.disabled = False
            answer.value = markup.text(f"Not approved: {plain.line(str(error))}")
            raise
        answer.value = markup.text(said)
        approved = said.startswith("Approved")
        button.disabled = typed.disabled = approved

    button.on_click(approve)
    fields = [button] if danger is Danger.REVERSIBLE else [typed, button]
    return widgets.VBox([widgets.HTML(markup.text(_asks(danger, consent))), widgets.HBox(fields), answer])


def _asks(danger: Danger, consent: str) -> str:
    return "To approve: confirm." if danger is Danger.REVERSIBLE else f"To approve, {plain.line(consent)}"
