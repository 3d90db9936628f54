"""A sandbox from its start to its end, however it ends: nothing of it stays behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from runbook.errors import RunbookError
from runbook.sandbox import lifecycle, state

UP_SECONDS = 6.0
CHECKOUT = Path(__file__).resolve().parents[2]


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.05)


def processes_of(described: dict[str, Any]) -> list[str]:
    """Every process that names the sandbox's folder or state file, or descends from its world."""
    marks = (str(described["dir"]).encode(), str(described["state"]).encode())
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if any(mark in line for mark in marks):
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def shared_memory() -> set[str]:
    """What servers may leave in the system's shared memory: System V segments and named ones."""
    segments = {" ".join(line.split()[:2]) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}
    return segments | {path.name for path in Path("/dev/shm").glob("PostgreSQL.*")}


def of_this_one(described: dict[str, Any]) -> set[str]:
    """The shared memory of one server, as its lock file tells: segment key and id."""
    lines = (Path(described["dir"]) / "data" / "postmaster.pid").read_text().splitlines()
    key, segment = lines[6].split()
    return {f"{key} {segment}"}


def nothing_is_left(described: dict[str, Any]) -> bool:
    return not processes_of(described) and not Path(described["dir"]).exists() and not Path(described["state"]).exists()


def test_it_is_up_in_time_and_every_file_is_its_owners_alone(tmp_path: Path) -> None:
    began = time.monotonic()
    with lifecycle.own_sandbox(tmp_path) as path:
        seconds = time.monotonic() - began
        described = state.read(path)
        assert described is not None
        mine = [p for p in (*tmp_path.rglob("*"), *Path(described["dir"]).rglob("*")) if p.is_file()]
        assert {"state.json", "state.log", "requests.jsonl", "postgres.out", "valkey.conf"} <= {p.name for p in mine}
        assert [str(p) for p in mine if stat.S_IMODE(p.stat().st_mode) & 0o077] == []
    assert seconds < UP_SECONDS


def test_several_live_side_by_side_and_know_nothing_of_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        places = [tmp_path / name / "state.json" for name in ("one", "two")]
        one, two = (found for found, _ in pool.map(lambda place: lifecycle.up(place, die_with_us=True), places))
    try:
        assert one["ids"]["system_identifier"] != two["ids"]["system_identifier"]
        assert not set(one["urls"].values()) & set(two["urls"].values())
        assert one["secrets"]["SUPABASE_API_KEY"] != two["secrets"]["SUPABASE_API_KEY"]
        lifecycle.break_world("postgres-stopped", places[0])
        assert lifecycle.control("GET", "state", path=places[0])["health"] == 503
        assert lifecycle.control("GET", "state", path=places[1])["health"] == 200
    finally:
        assert [lifecycle.down(place) for place in places] == [True, True]
    assert nothing_is_left(one) and nothing_is_left(two)


def test_up_again_is_the_same_one_and_down_again_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first, already = lifecycle.up(path)
    again, found = lifecycle.up(path)
    assert (already, found, again["pid"]) == (False, True, first["pid"])
    assert lifecycle.down(path) and not lifecycle.down(path)
    assert nothing_is_left(first) and lifecycle.status(path)["up"] is False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_world_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "state.json"
    described, _ = lifecycle.up(path, die_with_us=True)
    segments = of_this_one(described)
    assert segments <= shared_memory() and len(processes_of(described)) >= 3
    os.kill(described["pid"], number)
    until(lambda: nothing_is_left(described))
    until(lambda: not segments & shared_memory())
    assert not lifecycle.status(path)["up"] and not lifecycle.down(path)


def test_a_broken_world_that_is_killed_leaves_nothing_either(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    described, _ = lifecycle.up(path, die_with_us=True)
    lifecycle.control("POST", "break", {"faults": ["replica_lagging", "wrong_target"]}, path)
    os.kill(described["pid"], signal.SIGKILL)
    until(lambda: nothing_is_left(described))
    assert not lifecycle.down(path) and list(tmp_path.iterdir()) == []


def test_it_lives_on_when_the_command_that_started_it_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    start = f"from pathlib import Path; from runbook.sandbox import lifecycle; lifecycle.up(Path({str(path)!r}))"
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", start], capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    try:
        assert lifecycle.control("GET", "state", path=path)["health"] == 200
    finally:
        assert lifecycle.down(path)


def test_one_that_died_without_a_word_is_swept_by_the_next_up(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    folder = Path(tempfile.mkdtemp(prefix=state.MARK))
    (folder / "left").touch()
    state.write(path, {"pid": os.getpid(), "pid_started": "another process", "dir": str(folder)})
    with lifecycle.own_sandbox(tmp_path):
        assert not folder.exists()


def test_folders_of_killed_runs_are_swept_and_those_in_use_are_not() -> None:
    def old(folder: Path) -> Path:
        long_ago = time.time() - state.ABANDONED_SECONDS - 60
        os.utime(folder, (long_ago, long_ago))
        return folder

    empty = old(Path(tempfile.mkdtemp(prefix=state.DRILL)))
    full = Path(tempfile.mkdtemp(prefix=state.MARK))
    (full / "requests.jsonl").touch()
    old(full)
    young = Path(tempfile.mkdtemp(prefix=state.MARK))
    strange = old(Path(tempfile.mkdtemp(prefix="runbook-somebody-else-")))
    held, descriptor = state.new_folder(state.MARK)
    old(held)
    try:
        swept = state.sweep_folders()
        assert {empty, full} <= set(swept) and not {young, strange, held} & set(swept)
        assert [p.exists() for p in (empty, full, young, strange, held)] == [False, False, True, True, True]
    finally:
        os.close(descriptor)
        for folder in (young, strange, held):
            folder.rmdir()


def test_a_drill_that_is_killed_leaves_no_folder(tmp_path: Path) -> None:
    code = "from runbook.sandbox import lifecycle\nwith lifecycle.own_sandbox() as path:\n print(path, flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as drill:
        assert drill.stdout is not None
        path = Path(drill.stdout.readline().strip())
        described = state.read(path)
        assert described is not None
        drill.kill()
    until(lambda: nothing_is_left(described) and not path.parent.exists())


def test_one_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_PG_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(RunbookError, match="did not come up: .*nowhere") as caught:
        lifecycle.up(tmp_path / "state.json")
    assert caught.value.where.endswith("state.log") and not (tmp_path / "state.json").exists()
    assert processes_of({"dir": str(tmp_path), "state": str(tmp_path)}) == []
