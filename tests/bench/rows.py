"""The rows of the table: what is measured, against what, and the design's budget."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import checkout
import kernels
from rollback import ALIAS_SECONDS, ANSWER_MILLISECONDS
from rollback import measure as measure_rollback
from timing import Pair, command, median, paired, plain_environment
from triage import measure as measure_triage

FIVE_FILES = {"notebook.ipynb", "journal.jsonl", "summary.json", "report.html", "MANIFEST.json"}


@dataclass(frozen=True)
class Row:
    """One line of the table. ``met`` is None where there is no budget or nothing was measured."""

    work: str
    ours: str
    compared: str
    ratio: str
    budget: str
    met: bool | None

    def line(self) -> str:
        """The row in Markdown."""
        met = {True: "yes", False: "**no**", None: "-"}[self.met]
        return f"| {self.work} | {self.ours} | {self.compared} | {self.ratio} | {self.budget} | {met} |"


def empty_notebook(commands: Path, home: Path, where: str, budget: float, rounds: int) -> Row:
    """A notebook without work, from the command to all five files, against bare papermill on the same notebook."""
    pair = _against_papermill(commands, home, "empty", "empty", rounds)
    _must_have_five_files(home, "empty")
    return _row(f"headless run of an empty notebook, {where}", "bare papermill", pair, budget)


def empty_without_lab(home: Path, rounds: int) -> Row:
    """The same in an environment without JupyterLab."""
    commands = checkout.slim()
    work = "headless run of an empty notebook, without the lab extra"
    if commands is None:
        return Row(work, "not measured: the environment could not be installed", "", "", "≤ 0.8", None)
    return empty_notebook(commands, home, "without the lab extra", 0.8, rounds)


def opening_notebook(commands: Path, home: Path, rounds: int) -> Row:
    """Ours opens and closes its run; papermill runs the empty notebook."""
    pair = _against_papermill(commands, home, "opening", "empty", rounds)
    return _row("the same, and it opens and closes its run", "bare papermill, empty notebook", pair, None)


def wide_notebook(commands: Path, home: Path, cells: int, rounds: int) -> Row:
    """Many cells with much output. Ours opens and closes its run as well, so that the kernel journals each cell."""
    pair = _against_papermill(commands, home, f"wide-opening-{cells}", f"wide-{cells}", rounds)
    return _row(f"headless run of {cells} cells of 100 KB", "bare papermill", pair, 0.1)


def linear(commands: Path, home: Path, cells: int, rounds: int) -> Row:
    """Twice the cells in at most twice the time (and something for noise)."""
    environment = plain_environment(RUNBOOK_HOME=home, RUNBOOK_ENV="plain")
    twice, once = (
        command([commands / "runbook", "run", f"wide-opening-{n}"], home, environment) for n in (2 * cells, cells)
    )
    pair = paired(twice, once, max(3, rounds), warm_up=0)
    return _row(f"{2 * cells} cells against {cells}, ours", f"{cells} cells", pair, 2.1)


def cell_overhead(home: Path, cells: int) -> Row:
    """One empty cell in an open run, journaled and on disk, against one in a kernel without anything of ours."""
    pair = kernels.round_trips(home, cells)
    milliseconds = pair.difference * 1000
    return Row(
        "our overhead in a cell", f"{median(pair.ours) * 1000:.1f} ms", f"{median(pair.theirs) * 1000:.1f} ms (bare ipykernel)",
        f"{milliseconds:+.1f} ms", "≤ 5 ms", milliseconds <= 5,
    )  # fmt: skip


def importing(commands: Path, home: Path, rounds: int) -> Row:
    """``import runbook`` against a Python that imports nothing."""
    environment = plain_environment()
    pair = paired(
        command([commands / "python", "-c", "import runbook"], home, environment),
        command([commands / "python", "-c", "pass"], home, environment), rounds,
    )  # fmt: skip
    milliseconds = pair.difference * 1000
    return Row("`import runbook`", f"{median(pair.ours) * 1000:.0f} ms", f"{median(pair.theirs) * 1000:.0f} ms (bare Python)",
               f"{milliseconds:+.0f} ms", "≤ 150 ms", milliseconds <= 150)  # fmt: skip


def triage(rounds: int) -> Row:
    """The triage cell against the Markdown runbook's commands, both against the same stand-ins with 200 ms answers."""
    work = "triage, answers take 200 ms"
    if sys.platform == "win32":
        return Row(work, "not measured here", "", "", "", None)
    found = measure_triage(rounds)
    slowest = 0.2  # as slow as every answer of the vendors
    return Row(
        f"{work}: {found.questions} questions at once",
        f"{median(found.pair.ours):.2f} s", f"{median(found.pair.theirs):.2f} s (the Markdown runbook's {found.commands} commands)",
        f"{found.pair.ratio:.2f}", f"≤ {slowest + 0.1:.1f} s", median(found.pair.ours) <= slowest + 0.1,
    )  # fmt: skip


def rolled_back(commands: Path, rounds: int) -> Row:
    """A deployment rollback as one command, from the keyboard to the proof, against the Markdown runbook's own budget."""
    found = measure_rollback(commands, rounds)
    seconds, budget = median(found.seconds), 180
    return Row(
        f"a deployment rolled back and proven: answers take {ANSWER_MILLISECONDS} ms, the domains {ALIAS_SECONDS} s",
        f"{seconds:.1f} s, {median(found.action_seconds):.1f} s of it the change", f"{budget} s (the Markdown runbook's budget)",
        f"{seconds / budget:.2f}", "≤ 15 s", seconds <= 15,
    )  # fmt: skip


def _against_papermill(commands: Path, home: Path, ours: str, theirs: str, rounds: int) -> Pair:
    environment = plain_environment(RUNBOOK_HOME=home, RUNBOOK_ENV="plain")
    out = home / "out.ipynb"
    return paired(
        command([commands / "runbook", "run", ours], home, environment),
        command([commands / "papermill", "--no-progress-bar", checkout.notebook(home, theirs), out], home, environment),
        rounds,
    )  # fmt: skip


def _row(work: str, compared: str, pair: Pair, budget: float | None) -> Row:
    met = None if budget is None else pair.ratio <= budget
    return Row(work, f"{median(pair.ours):.2f} s", f"{median(pair.theirs):.2f} s ({compared})", f"{pair.ratio:.2f}",
               "" if budget is None else f"≤ {budget:g}", met)  # fmt: skip


def _must_have_five_files(home: Path, name: str) -> None:
    run_dir = max((home / "runs" / "routine").glob(f"*-{name}-*"), key=lambda path: path.name)
    missing = FIVE_FILES - {path.name for path in run_dir.iterdir()}
    if missing:
        raise RuntimeError(f"{run_dir} lacks {missing}")
