"""Where a command writes: lines for people, or with ``--json`` one document on stdout and nothing else there."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from runbook.errors import RunbookError
from runbook.model import Json

# What a terminal would obey instead of show: control characters, and the marks that turn the direction of writing.
_OBEYED = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def shown(text: str) -> str:
    """Text from anywhere as a terminal may have it: nothing in it is obeyed."""
    return text.translate(_OBEYED).encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Screen:
    """One command's output."""

    json: bool

    def line(self, text: str = "") -> None:
        """A line for a person; nothing with ``--json``."""
        if not self.json:
            _write(shown(text) + "\n")

    def text(self, text: str) -> None:
        """A piece of output as it comes, with its own line ends; nothing with ``--json``."""
        if not self.json:
            _write(shown(text))

    def aside(self, text: str) -> None:
        """A line that is no result, on stderr: a path, a hint, progress."""
        sys.stderr.write(shown(text) + "\n")

    def table(self, rows: list[tuple[str, ...]]) -> None:
        """Rows in columns as wide as they must be; the last column runs free."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.line("  ".join([*cells, row[-1]]).rstrip())

    def document(self, value: Json) -> None:
        """The JSON document of this command; nothing without ``--json``."""
        if self.json:
            _write(json.dumps(value, indent=1, allow_nan=False) + "\n")

    def error(self, error: RunbookError) -> None:
        """One line on stderr, or the error document on stdout."""
        if self.json:
            self.document(
                {"error": {"exit_code": error.exit_code, "what": error.what, "where": error.where,
                           "next": error.next_step}}
            )  # fmt: skip
        else:
            self.aside(f"runbook: {error}")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
