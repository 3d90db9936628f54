"""The parameters of an opened notebook, checked again in the kernel: plain papermill passes a typo and a wrong type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runbook import catalogue
from runbook.errors import SettingError
from runbook.model import Json

INJECTED = "# Parameters"  # the first line of the cell that papermill injects


def checked(procedure: catalogue.Procedure, namespace: Mapping[str, Any], inputs: Sequence[str]) -> dict[str, Json]:
    """The declared parameters with the values the notebook has; exit 2 for a strange name or a wrong type.

    ``inputs`` are the sources of the cells run so far, in order: among them the cell that papermill injected.
    """
    known = {parameter.name for parameter in procedure.parameters}
    for source in inputs:
        if was_injected([source]):
            for name in catalogue.injected(source):
                if name not in known:
                    raise SettingError(f"no parameter {name!r}", where=procedure.name,
                                       next_step=f"one of {', '.join(sorted(known))}")  # fmt: skip
    values: dict[str, Json] = {}
    for parameter in procedure.parameters:
        value = namespace.get(parameter.name, parameter.default)
        if not catalogue.fits(parameter.type, value):
            raise SettingError(f"{parameter.name} is {value!r}, it takes {parameter.type}", where=procedure.name,
                               next_step=parameter.help)  # fmt: skip
        values[parameter.name] = value
    return values


def was_injected(inputs: Sequence[str]) -> bool:
    """Whether one of the cells run so far is the one that papermill injects."""
    return any(source.lstrip().startswith(INJECTED) for source in inputs)
