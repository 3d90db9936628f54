"""Many runs at once: no race at start-up, no shared port, no mixed record. RUNBOOK_SOAK repeats it so many times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from runbook.record.verify import verify

if TYPE_CHECKING:
    from checkouts import Home

AT_ONCE = 32
ROUNDS = int(os.environ.get("RUNBOOK_SOAK", "1"))
pytestmark = [pytest.mark.long, pytest.mark.timeout(240 * ROUNDS)]


def test_32_runs_at_once_all_end_well_and_each_has_a_whole_record(home: Home) -> None:
    home.write("import os, time; time.sleep(0.2); print('mine is', os.getpid())")
    line = [sys.executable, "-m", "runbook.cli.main", "run", "sample", "--env", "plain", "--json"]
    for _ in range(ROUNDS):
        runs = [
            subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(AT_ONCE)
        ]
        told = [run.communicate(timeout=200) for run in runs]
        assert [(run.returncode, err) for run, (_, err) in zip(runs, told, strict=True)] == [(0, "")] * AT_ONCE
        summaries = [json.loads(out) for out, _ in told]
        assert len({one["run"] for one in summaries}) == AT_ONCE
        folders = [home.runs / "routine" / one["run"] for one in summaries]
        assert all(verify(folder).first_broken is None for folder in folders)
        assert len({home.outputs(folder, "step-0") for folder in folders}) == AT_ONCE
