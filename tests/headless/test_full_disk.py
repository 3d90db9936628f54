"""A disk that is really full, in a small file system of the test's own: the record says how it ended, and goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.record.journal import read
from runbook.record.verify import verify
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from checkouts import Home

CHECKOUT = Path(__file__).resolve().parents[2]
FLAG = "new-pricing"
APART = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
MOUNT = "mkdir -p runs && mount -t tmpfs -o size=24m none runs"
# The run on a disk of 24 MiB that one of its cells fills; the record as it is then; room is made; the run goes on.
SCRIPT = f"""
set -e; {MOUNT}
"$PYTHON" -m runbook.cli.main run sample --env sandbox --mode act --approve turn_flag_off --json > first.json && c=0 || c=$?
echo $c > first.code; cp -a runs/routine full
rm runs/filler; "$PYTHON" -m runbook.cli.main resume latest --json > second.json && c=0 || c=$?
echo $c > second.code; cp -a runs/routine whole
"""


def can_mount() -> bool:
    """Whether this machine lets us mount a file system that only we see."""
    tried = subprocess.run([*APART, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not shutil.which("unshare") or not can_mount(), reason="no file systems of one's own here"),
]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


def changes(state: Path) -> list[dict[str, Any]]:
    return [row for row in lifecycle.control("GET", "requests", path=state)["requests"] if row["change"]]


@pytest.mark.parametrize(
    ("moment", "state_of_cell", "outcomes"),
    [
        ("read", {"step-2": "failed", "step-4": "not_run"}, []),
        ("before", {"step-3": "failed", "step-4": "not_run"}, []),
        ("during", {"step-4": "failed"}, ["done"]),
    ],
)
def test_a_full_disk_ends_in_an_honest_record_that_goes_on(
    home: Home, state: Path, moment: str, state_of_cell: dict[str, str], outcomes: list[str]
) -> None:
    lifecycle.control("POST", "break", {"faults": ["flag_raises_errors"]}, state)
    before = len(changes(state))
    shutil.copy(CHECKOUT / "params/environments/sandbox.yaml", home.path / "params/environments")
    home.write(
        "import fatal", f"fatal.at({moment!r}, 'no space')", "run.check(fatal.reading)",
        f"run.plan(fatal.mend, flag={FLAG!r})", "run.apply(fatal.mend)",
    )  # fmt: skip
    told = {
        **os.environ,
        "RUNBOOK_SANDBOX": str(state),
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHON": sys.executable,
    }
    done = subprocess.run([*APART, "sh", "-c", SCRIPT], env=told, cwd=home.path, capture_output=True, text=True, timeout=90,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (full,) = (path.parent for path in (home.path / "full").glob("*/journal.jsonl"))
    assert (home.path / "first.code").read_text().strip() == "74", done.stderr
    summary = json.loads((full / "summary.json").read_text())
    assert (summary["status"], [one["outcome"] for one in summary["actions"]]) == ("unrecorded", outcomes)
    assert home.is_whole(full)
    assert {name: home.states(full)[name] for name in state_of_cell} == state_of_cell
    assert "No space left" in read(full / "journal.jsonl")[-1].data["reason"]
    (whole,) = (path.parent for path in (home.path / "whole").glob("*/journal.jsonl"))
    assert (home.path / "second.code").read_text().strip() == "0", (home.path / "second.json").read_text() + done.stderr
    assert verify(whole).first_broken is None
    assert len(changes(state)) - before == 1


# A disk that is full before anything begins; an incident is open on it. The standby has room.
FULL = """
set -e; mkdir -p runs && mount -t tmpfs -o size=8m none runs
mkdir -p runs/INC-20261123-1; cp incident.jsonl runs/INC-20261123-1/
"$PYTHON" -m runbook.cli.main run sample --env plain {words} > first.json 2> first.err && c=0 || c=$?
echo $c > first.code; ls runs > left
"""


def on_a_full_disk(home: Home, words: str, **told: str) -> tuple[int, str]:
    """The exit code and what was said."""
    log = "incident.jsonl"
    home.write("print(6 * 7)")
    subprocess.run([sys.executable, "-m", "runbook.cli.main", "incident", "open", "--env", "plain", "--type", "database",
                    "--severity", "SEV-1", "INC-20261123-1", "--runs", str(home.path / "before")],
                   cwd=home.path, check=True, capture_output=True)  # fmt: skip
    shutil.copy(home.path / "before/INC-20261123-1" / log, home.path / log)
    done = subprocess.run([*APART, "sh", "-c", FULL.format(words=words)], env={**os.environ, "PYTHON": sys.executable, **told},
                          cwd=home.path, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int((home.path / "first.code").read_text()), (home.path / "first.err").read_text()


def test_a_record_that_has_no_room_goes_to_the_standby_with_its_incident_and_says_so(home: Home) -> None:
    standby = home.path / "standby"
    code, said = on_a_full_disk(home, "--incident INC-20261123-1", RUNBOOK_STANDBY_RUNS=str(standby))
    assert (code, said.count("\n")) == (0, 1)
    assert "MiB are free" in said and f"This record goes to {standby}" in said
    (run_dir,) = (path.parent for path in standby.glob("INC-20261123-1/*/journal.jsonl"))
    assert verify(run_dir).whole
    assert json.loads((run_dir / "summary.json").read_text())["incident"] == "INC-20261123-1"


def test_without_room_anywhere_it_is_74_with_one_line_and_nothing_is_left(home: Home) -> None:
    nowhere = home.path / "runs" / "standby"
    code, said = on_a_full_disk(home, "", RUNBOOK_STANDBY_RUNS=str(nowhere))
    assert (code, said.count("\n")) == (74, 1)
    assert "nor in" in said and "free space, or choose --runs DIR" in said
    assert (home.path / "left").read_text() == "INC-20261123-1\n"
