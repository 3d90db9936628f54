"""One scenario for each cause a notebook must find: right cause first, recovered where it can be, nobody else hurt.

`runbook drill --all` runs every scenario; `.ci/run` calls it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runbook.sandbox import scenarios

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = {"notebook.ipynb", "journal.jsonl", "summary.json", "report.html", "MANIFEST.json"}
pytestmark = pytest.mark.timeout(240)


def drill(*words: object, runs: Path, **options) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "runbook.cli.main", "drill", *map(str, words), "--runs", str(runs)]
    return subprocess.run(line, capture_output=True, text=True, timeout=200, check=False, cwd=CHECKOUT, **options)


def clean(**change: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")} | change


def one_for_each_cause() -> list[str]:
    chosen: dict[tuple[str, str | None], str] = {}
    every = [scenarios.load(name, CHECKOUT) for name in scenarios.names(CHECKOUT)]
    for scenario in sorted(every, key=lambda one: one.expect.recovered is not True):  # those that are cured say more
        chosen.setdefault((scenario.notebook, scenario.expect.first), scenario.name)
    return sorted(chosen.values())


@pytest.mark.parametrize("name", one_for_each_cause())
def test_scenario(name, tmp_path):
    done = drill(name, "--json", runs=tmp_path, env=clean())
    (result,) = json.loads(done.stdout)
    assert result["failures"] == []
    assert (done.returncode, done.stderr) == (0, "")
    assert result["passed"]
    assert result["collateral"] == result["unjournaled"] == []
    assert {path.name for path in Path(result["run_dir"]).iterdir()} >= FILES


def test_a_drill_to_watch_ends_with_the_five_lines(tmp_path):
    done = drill(runs=tmp_path, env=clean())
    lines = done.stdout.splitlines()[-5:]
    assert done.returncode == 0
    assert [line.split(": ")[0] for line in lines] == ["cause", "action", "before/after", "times", "record"]
    assert lines[0].startswith("cause: idle-transaction-leak")
    assert "503 → 200" in lines[2]
    assert {path.name for path in Path(lines[4].removeprefix("record: ")).iterdir()} >= FILES


def test_a_drill_is_marked_and_leaves_no_open_incident(tmp_path):
    done = drill("healthy", "--json", runs=tmp_path, env=clean())
    (result,) = json.loads(done.stdout)
    assert json.loads((Path(result["run_dir"]) / "summary.json").read_text())["drill"]
    log = (Path(result["run_dir"]).parent / "incident.jsonl").read_text()
    assert '"incident.closed"' in log


def test_a_drill_takes_no_notice_of_a_run_or_sandbox_around_it(tmp_path):
    around = clean(RUNBOOK_RUN=str(tmp_path / "other"), RUNBOOK_SANDBOX=str(tmp_path / "other.json"), DATABASE_URL="postgresql://x@127.0.0.1:1/x")  # fmt: skip
    assert drill("healthy", runs=tmp_path, env=around).returncode == 0
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_drill_that_is_ended_leaves_no_process_behind(tmp_path, number):
    line = [sys.executable, "-m", "runbook.cli.main", "drill", "--runs", str(tmp_path)]
    mark = f"{time.time_ns()}"
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT, env=clean(DRILL_MARK=mark)) as process:  # fmt: skip
        for told in process.stdout:
            if "first-look" in told:
                break
        assert len(marked(mark)) > 2
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    give_up = time.monotonic() + 15
    while (left := marked(mark)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert left == []


def marked(mark: str) -> list[str]:
    """The processes that still live and were started with our mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_scenario_that_cannot_be_run_fails_and_the_others_go_on(tmp_path):
    home = tmp_path / "home"
    for part in ("notebooks", "params"):
        shutil.copytree(CHECKOUT / part, home / part)
    (home / "params/scenarios/broken.yaml").write_text("name: broken\ntitle: b\nnotebook: nope\nexpect: {status: healthy, exit_code: 0}\n")  # fmt: skip
    done = drill("broken", "healthy", "--json", runs=tmp_path / "runs", env=clean(RUNBOOK_HOME=str(home)))
    broken, healthy = json.loads(done.stdout)
    assert done.returncode == 4
    assert (broken["passed"], healthy["passed"]) == (False, True)
    assert "no notebook 'nope'" in broken["failures"][0]
