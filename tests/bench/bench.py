"""``make bench``: measure the design's budgets, paired, and write the README's table.

python tests/bench/bench.py            everything, some minutes
python tests/bench/bench.py --quick    fewer rounds, nothing written: to see that it runs
"""

from __future__ import annotations

import platform
import re
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import checkout
import many
import rows
from rows import Row

README = checkout.ROOT / "README.md"
BETWEEN = re.compile(r"(<!-- bench:start -->).*(<!-- bench:end -->)", re.DOTALL)


@dataclass(frozen=True)
class Effort:
    """How many rounds."""

    short: int
    long: int


def main() -> int:
    """Measure, print, write; 0 when every budget is met, 4 when one is not."""
    quick = "--quick" in sys.argv[1:]
    effort = Effort(3, 1) if quick else Effort(15, 3)
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="runbook-bench-") as folder:
        home = checkout.make(Path(folder))
        lab = Path(sys.executable).parent
        steps = [
            lambda: rows.empty_notebook(lab, home, "lab extra installed", 0.35, effort.short),
            lambda: rows.empty_without_lab(home, effort.short),
            lambda: rows.opening_notebook(lab, home, effort.short),
            lambda: rows.wide_notebook(lab, home, 50 if quick else 200, effort.long),
            lambda: rows.linear(lab, home, 50 if quick else 100, effort.long),
            lambda: many.at_once(lab, home, 4 if quick else 32),
            lambda: rows.cell_overhead(home, 50 if quick else 300),
            lambda: rows.importing(lab, home, effort.short),
            lambda: rows.triage(effort.short),
            lambda: rows.rolled_back(lab, effort.long),
        ]
        for step in steps:
            row = step()
            found.append(row)
            print(row.line(), flush=True)
    if not quick:
        text = README.read_text("utf-8")
        README.write_text(BETWEEN.sub(lambda match: f"{match[1]}\n{table(found)}\n{match[2]}", text), "utf-8")
    return 0 if all(row.met is not False for row in found) else 4


def table(found: list[Row]) -> str:
    """The README's table."""
    lines = ["| work | ours | compared with | ratio | budget | met |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [row.line() for row in found]
    day = datetime.now(UTC).date().isoformat()
    lines.append("")
    lines.append(
        f"Medians of paired runs in one go on a shared machine ({platform.machine()}, Python {platform.python_version()}, "
        f"{day}); ratios are taken round by round. `make bench` measures again."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
