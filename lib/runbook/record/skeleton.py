"""The notebook as a run begins with it: clean, every cell with an id of its own, the parameters in a cell of theirs."""

from __future__ import annotations

import copy
from typing import Any

from runbook.model import Json

INJECTED = "injected-parameters"


def with_parameters(notebook: dict[str, Any], parameters: dict[str, Json]) -> dict[str, Any]:
    """A clean copy of a notebook with the parameters in a cell of their own, as papermill writes it."""
    clean = copy.deepcopy(notebook)
    where = 0
    met = {INJECTED}
    for index, cell in enumerate(clean["cells"]):
        cell["source"] = "".join(cell["source"])
        if cell.get("id", INJECTED) in met:  # the record knows cells by id: nbformat < 4.5 has none, copies share one
            cell["id"] = f"cell-{index}"
        met.add(cell["id"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if "parameters" in cell["metadata"].get("tags", []):
            where = index + 1
    if parameters:
        lines = [f"{name} = {value!r}" for name, value in parameters.items()]
        clean["cells"].insert(where, {
            "cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "execution_count": None,
            "outputs": [], "source": "\n".join(["# Parameters", *lines]),
        })  # fmt: skip
    clean["nbformat"], clean["nbformat_minor"] = 4, 5
    return clean
