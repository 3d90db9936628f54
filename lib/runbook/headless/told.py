"""What the runner saw of a run: its cells, their output while no journal takes it, and how it was ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runbook.headless.kernel import Reply, text_of
from runbook.model import Json
from runbook.record.mask import Masker, StreamMask
from runbook.record.messages import as_output

# Raised before there is a record: the exit code, and no folder is left.
OPENING = {"SettingError": 2, "Refused": 3}
UNMASKED_KEY = b"before the run is opened"  # tags on the screen only; the record's tags have the key of its runs


@dataclass
class Cell:
    """One cell that was begun. ``reply`` is None when it did not end by itself."""

    cell_id: str
    source: str
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    reply: Reply | None = None
    outputs: list[dict[str, Json]] = field(default_factory=list)


@dataclass
class Told:
    """What the journal cannot know. ``forced`` and ``exit_code`` as ``record.summary.conclude`` takes them."""

    started_at: str
    secrets: dict[str, str] = field(default_factory=dict)
    forced: str | None = None
    exit_code: int | None = None
    reason: str = ""
    cells: list[Cell] = field(default_factory=list)

    @property
    def failed(self) -> Cell | None:
        """The first cell that raised."""
        return next((cell for cell in self.cells if cell.reply is not None and not cell.reply.ok), None)

    @property
    def running(self) -> Cell | None:
        """The cell that was running when the run was ended from outside."""
        return self.cells[-1] if self.cells and self.cells[-1].reply is None else None

    @property
    def never_opened(self) -> Reply | None:
        """The opening's own no: a wrong setting, or a guard. Only meant when there is no record yet."""
        failed = self.failed
        return failed.reply if failed is not None and failed.reply and failed.reply.ename in OPENING else None


class Log:
    """Text for whoever watches; keeps the messages of cells that no journal takes yet."""

    def __init__(self, show: Callable[[str], None], journal: Path, told: Told) -> None:
        self._show: Callable[[str], None] | None = show
        self._journal = journal
        self._told = told
        self._masker = Masker(told.secrets, UNMASKED_KEY)
        self._streams: dict[str, StreamMask] = {}

    def has_opened(self) -> bool:
        """Whether the kernel has begun its journal."""
        return self._journal.stat().st_size > 0

    def text(self, text: str) -> None:
        """Show a piece of text. A reader who left (a closed pipe, a terminal that hung up) does not stop a run."""
        if self._show is None or not text:
            return
        try:
            self._show(text)
        except OSError:
            self._show = None

    def hear(self, message: dict[str, Any]) -> None:
        """One message of the running cell. Before the run is open the kernel masks by shape only: we add the values."""
        if self.has_opened() and not self._streams:
            self.text(text_of(message))
            return
        self.text(self._masked(message))
        if not self.has_opened() and (output := as_output(message["msg_type"], message["content"])) is not None:
            _keep(self._told.cells[-1].outputs, output)

    def _masked(self, message: dict[str, Any]) -> str:
        """The message's text; of a stream what cannot be half of a secret, and the rest when the cell is over."""
        content = message["content"]
        if message["msg_type"] == "stream":
            return self._streams.setdefault(content["name"], self._masker.stream()).feed(content["text"])
        if content.get("execution_state") == "idle":
            streams, self._streams = self._streams, {}
            return "".join(stream.flush() for stream in streams.values())
        return self._masker.text(text_of(message))


def _keep(outputs: list[dict[str, Json]], output: dict[str, Json]) -> None:
    """Streams are joined: a secret that came in two pieces must be found when they are masked."""
    if output["output_type"] == "stream" and outputs and outputs[-1].get("name") == output["name"]:
        outputs[-1]["text"] += output["text"]
    else:
        outputs.append(output)
