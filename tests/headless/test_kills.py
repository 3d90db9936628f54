"""Whatever ends a run: the record is closed and honest, the exit code says what it was, and nothing goes on running."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from runbook import headless
from runbook.errors import Refused

BUSY = """import os, pathlib, subprocess, time
here = pathlib.Path(os.environ["RUNBOOK_HOME"])
child = subprocess.Popen(["sleep", "60"])
apart = subprocess.Popen(["sleep", "60"], start_new_session=True)
(here / "child").write_text(str(child.pid))
(here / "apart").write_text(str(apart.pid))
print("begun", flush=True)
time.sleep(.1)
(here / "kernel").write_text(str(os.getpid()))
time.sleep(60)"""
PIDS = ("child", "apart", "kernel")


def honest(home, status: str, state: str) -> None:
    """The running cell has this state, the rest never ran, its output is kept, and the record is whole."""
    found = home.states(home.only_run)
    assert [found[name] for name in ("open", "step-0", "step-1", "close")] == ["completed", state, "not_run", "not_run"]
    assert home.is_whole(home.only_run)
    closed = home.journal(home.only_run)[-1]
    assert (closed.event, closed.data["status"]) == ("run.closed", status)
    assert "begun" in home.outputs(home.only_run, "step-0")


def eventually(true: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + 2
    while not true() and time.monotonic() < give_up:
        time.sleep(0.02)
    return true()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_closes_the_record_and_ends_everything(home, number, code):
    runner = home.start(BUSY, "print('never')")
    pids = [runner.wait_for(name) for name in PIDS]
    begun = time.monotonic()
    assert runner.end(number) == code
    assert time.monotonic() - begun < 4
    assert all(home.is_gone(pid) for pid in pids)
    honest(home, "interrupted", "interrupted")
    assert home.journal(home.only_run)[-1].data["reason"] == number.name
    assert "KeyboardInterrupt" in home.outputs(home.only_run, "step-0")  # where it was


def test_more_signals_while_closing_change_nothing(home):
    runner = home.start(BUSY, "print('never')")
    runner.wait_for("kernel")
    sealed = home.only_run / "MANIFEST.json"
    while runner.process.poll() is None and not sealed.exists():
        runner.process.send_signal(signal.SIGTERM)
        runner.process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert runner.process.wait(20) in (143, 130, -signal.SIGTERM, -signal.SIGINT)  # the last may come after the end
    assert home.is_whole(home.only_run)


def test_a_cell_that_ignores_the_interrupt_is_ended_all_the_same(home):
    stubborn = BUSY.replace(
        "time.sleep(60)", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    )
    runner = home.start(stubborn, "print('never')")
    runner.wait_for("kernel")
    assert runner.end(signal.SIGTERM) == 143
    honest(home, "interrupted", "interrupted")


@pytest.mark.parametrize(
    ("how", "reason"),
    [("os.kill(os.getpid(), 9)", "SIGKILL"), ("os._exit(7)", "exit code 7"), ("os._exit(0)", "exit code 0")],
)
def test_a_kernel_that_dies_is_told_apart_from_a_cell_that_ends(home, how, reason):
    end = home.run(f"import os, time; print('begun', flush=True); time.sleep(.1); {how}", "print('never')")
    assert (end.status, end.exit_code) == ("kernel_died", 138)
    honest(home, "kernel_died", "kernel_died")
    assert reason in home.journal(end.run_dir)[-1].data["reason"]


def test_the_children_of_a_killed_kernel_end(home):
    end = home.run(BUSY.replace("time.sleep(60)", "os.kill(os.getpid(), 9)"), "print('never')")
    assert end.exit_code == 138
    assert all(home.is_gone(int((home.path / name).read_text())) for name in PIDS)


def test_a_kernel_killed_in_the_middle_of_a_line_loses_only_that_line(home):
    torn = """import os
path = os.environ["RUNBOOK_RUN"] + "/journal.jsonl"
with open(path, "a") as file:
    file.write('{"seq": 99, "ha')
os.kill(os.getpid(), 9)"""
    end = home.run("print('begun')", torn)
    assert end.status == "kernel_died"
    assert home.is_whole(end.run_dir)
    assert "15 bytes of a torn last line were cut" in home.journal(end.run_dir)[-1].data["reason"]


def test_a_cell_over_its_time(home):
    end = home.run("print('begun', flush=True); import time; time.sleep(60)", "print('never')", cell_timeout_seconds=2)
    assert (end.status, end.exit_code) == ("timed_out", 124)
    honest(home, "timed_out", "timed_out")
    assert home.journal(end.run_dir)[-1].data["reason"] == "step-0 ran longer than 2 s"


def test_a_run_over_its_time_also_while_it_prints_without_end(home):
    endless = "print('begun')\nwhile True: print('more', flush=True)"
    end = home.run(endless, "print('never')", timeout_seconds=3)
    assert (end.status, end.exit_code) == ("timed_out", 124)
    honest(home, "timed_out", "timed_out")
    assert end.summary["seconds"] < 8


def test_a_run_ended_before_its_opening_has_a_record(home):
    end = home.run("print('begun', flush=True); import time; time.sleep(60)", opens=False, cell_timeout_seconds=2)
    assert (end.status, home.states(end.run_dir)["step-0"]) == ("timed_out", "timed_out")
    assert home.is_whole(end.run_dir)


def test_after_kill_9_of_the_runner_nothing_goes_on_and_recover_closes_the_record(home):
    runner = home.start(BUSY, "print('never')")
    pids = [runner.wait_for(name) for name in PIDS]
    private = Path(f"/proc/{pids[-1]}/fd/1").readlink().parent
    runner.end(signal.SIGKILL)
    assert all(home.is_gone(pid) for pid in pids)
    summary = headless.recover(home.only_run)
    assert (summary["status"], summary["exit_code"]) == ("interrupted", 130)
    honest(home, "interrupted", "interrupted")
    assert home.journal(home.only_run)[-3].event == "run.recovered"
    assert eventually(lambda: not private.exists())


def test_recover_of_a_run_killed_before_its_first_event(home):
    home.write("1")
    run_dir = headless.prepare(home.request(), headless.folder.Times())
    summary = headless.recover(run_dir)
    assert (summary["run"], summary["notebook"], summary["status"]) == (run_dir.name, "sample", "interrupted")
    assert set(home.states(run_dir).values()) == {"not_run"}
    assert home.is_whole(run_dir)


def test_recover_draws_a_closed_record_again_and_adds_nothing(home):
    end = home.run("print('begun')")
    before = (end.run_dir / "journal.jsonl").read_bytes()
    for name in ("notebook.ipynb", "summary.json", "report.html", "MANIFEST.json"):
        if name != "notebook.ipynb":
            (end.run_dir / name).unlink()
    assert headless.recover(end.run_dir)["status"] == "healthy"
    assert (end.run_dir / "journal.jsonl").read_bytes() == before
    assert home.is_whole(end.run_dir)


def test_recover_leaves_a_run_alone_that_is_still_going_on(home):
    runner = home.start(BUSY, "print('never')")
    runner.wait_for("kernel")
    with pytest.raises(Refused, match="another process writes"):
        headless.recover(home.only_run)
    assert runner.end(signal.SIGTERM) == 143
    assert home.is_whole(home.only_run)
