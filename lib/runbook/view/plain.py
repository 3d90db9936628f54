"""Values as plain text: hostile characters out, numbers with units, tables that line up. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runbook.model import Row, canonical_json

# ECMA-48 control sequences and strings (colours, titles, links, cursor), 7- and 8-bit; a string that never ends counts.
_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?"
)
# What a terminal obeys and what lets text read differently from what it is: C0 and C1 controls, zero-width characters,
# bidi marks, overrides and isolates (Unicode TR9, TR36), tag characters, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")

WIDTH = 140  # of a text line that is cut, not wrapped: tables
CELL = 60  # characters of one value in a text table


def clean(text: str) -> str:
    """The text without terminal control, bidi overrides and other characters that nobody sees; lines stay lines."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", _ANSI.sub("", text)))


def line(value: Any) -> str:
    """A value as one clean line."""
    return " ".join(clean(plain(value)).split())


def clip(text: str, characters: int) -> str:
    """The text, cut where it is too long, with an ellipsis."""
    return text if len(text) <= characters else text[: max(0, characters - 1)].rstrip() + "…"


def plain(value: Any) -> str:
    """A JSON value as people write it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return number(value)
        case str():
            return value
        case list() | tuple():
            return ", ".join(plain(one) for one in value)
        case Mapping():
            return ", ".join(f"{key}: {plain(one)}" for key, one in value.items())
        case _:
            return str(value)


def number(value: float) -> str:
    """A number without false precision."""
    if value != value or value in (float("inf"), float("-inf")):
        return "-"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def figure(value: Any, unit: str) -> str:
    """A figure with its unit: ``100 %``."""
    return f"{plain(value)} {unit}".rstrip() if value is not None else "-"


def duration(seconds: float) -> str:
    """A time span in the unit people think in: ``7 ms``, ``0.12 s``, ``41 min``, ``5.2 h``."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def size(count: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{number(count)} {unit}"
        count /= 1000
    return f"{number(count)} TB"


def moment(text: str) -> str:
    """An ISO time as ``2026-11-23 11:41:07``; anything else as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?(?:Z|\+00:00)?", text)
    return f"{found[1]} {found[2]}" if found else text


def shown(key: str, value: Any) -> str:
    """One value of an evidence row, read by the unit in its name: ``_seconds``, ``_bytes``, ``_at``."""
    is_figure = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_figure and key.endswith("_seconds"):
        return duration(float(value))
    if is_figure and key.endswith("_bytes"):
        return size(float(value))
    if (isinstance(value, str) and key.endswith(("_at", "_start"))) or key == "at":
        return moment(line(value))
    return line(canonical_json(value) if isinstance(value, Mapping) else value)


def heading(key: str) -> str:
    """A column's name: the unit stands with the values, not in the name."""
    for unit in ("_seconds", "_bytes"):
        key = key.removesuffix(unit)
    return line(key.replace("_", " "))


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Every key of the rows, in the order first met."""
    return list(dict.fromkeys(key for row in rows for key in row))


def counted(count: int, one: str, many: str = "") -> str:
    """``1 object``, ``3 objects``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], at_most: int = 3) -> str:
    """``a``, ``a, b`` or ``a, b, c and 7 more``."""
    said = ", ".join(names[:at_most])
    return f"{said} and {len(names) - at_most} more" if len(names) > at_most else said


def changes(changed: Sequence[str], *, at_most: int) -> list[str]:
    """What was changed, one line each; nothing when nothing was."""
    if not changed:
        return []
    more = [f"  … {len(changed) - at_most} more, all of them in the record"] if len(changed) > at_most else []
    return [f"Changed ({len(changed)}):", *(f"  - {one}" for one in changed[:at_most]), *more]


def table(rows: Sequence[Row], *, at_most: int, indent: str = "  ", columns: Sequence[str] = ()) -> list[str]:
    """Rows as lines that line up, the first ``at_most`` of them, then how many more there are."""
    if not rows:
        return []
    names = list(columns) or columns_of(rows)
    cells = [[heading(name) for name in names]]
    cells += [[clip(shown(name, row.get(name)), CELL) for name in names] for row in rows[:at_most]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    lines = [
        clip(indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), WIDTH)
        for row in cells
    ]
    return [*lines, f"{indent}… {len(rows) - at_most} more"] if len(rows) > at_most else lines
