"""Output beyond what a notebook can hold: the notebook keeps the head, ``outputs/<cell>.txt`` the whole (masked)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runbook.model import Json

CELL_CHARACTERS = 262_144  # per cell; JupyterLab and browsers stay usable, and an HTML report stays readable


class Overflow:
    """Counts the characters of each cell's outputs and sends what is too much into a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, list[str]] = {}
        self._size: dict[str, int] = {}

    def shorten(self, cell_id: str, output: Mapping[str, Json]) -> dict[str, Json] | None:
        """The output as the notebook keeps it; None when it only goes on in the file."""
        text = _text_of(output)
        before = self._size.get(cell_id, 0)
        self._size[cell_id] = before + len(text)
        if before > CELL_CHARACTERS:
            self._write(cell_id, text)
            return None
        self._kept.setdefault(cell_id, []).append(text)
        if before + len(text) <= CELL_CHARACTERS:
            return dict(output)
        self._write(cell_id, "".join(self._kept.pop(cell_id)))
        head = text[: CELL_CHARACTERS - before]
        note = f"\n… the whole output is in outputs/{cell_id}.txt\n"
        return {"output_type": "stream", "name": "stdout", "text": head + note}

    def _write(self, cell_id: str, text: str) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        with (self._folder / f"{cell_id}.txt").open("a", encoding="utf-8") as file:
            file.write(text)


def _text_of(output: Mapping[str, Json]) -> str:
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        return "\n".join(output["traceback"])
    data = output["data"]
    longest = max((str(value) for value in data.values()), key=len, default="")
    plain = str(data.get("text/plain", ""))
    return longest if len(longest) > CELL_CHARACTERS else plain
