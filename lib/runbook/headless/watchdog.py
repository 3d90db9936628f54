"""Ends what a kernel began: every process that carries its mark, also those that left its process group.

A mark is a variable in the environment; children inherit it, however they were started. As a program of its own
(``python -I -S watchdog.py MARK GROUP FOLDER``) it waits for the runner's end: a runner that was killed can end
nothing itself. Standard library only, and little of it: it starts beside every run.
"""

# pathlib would double the time that this takes to start.
# ruff: noqa: PTH112, PTH123, PTH208

import contextlib
import os
import signal
import sys
import time

VARIABLE = "RUNBOOK_KERNEL"
DONE = b"done"
ROUNDS, PAUSE_SECONDS = 100, 0.01  # a process may begin another one while it is being ended


def end_all(mark: str, group: int) -> None:
    """End every process with this mark; where none can be seen (no ``/proc``), the kernel's process group if any."""
    if not os.path.isdir("/proc/self"):
        if not group:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        return
    for _ in range(ROUNDS):
        found = marked(mark)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(PAUSE_SECONDS)


def marked(mark: str) -> list[int]:
    """The processes that carry the mark, but for this one."""
    wanted = f"{VARIABLE}={mark}\0".encode()
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read():
                    found.append(int(name))
        except OSError:  # gone meanwhile, or another user's: not ours
            continue
    return found


def main() -> None:
    """Wait until the runner says that it is done, or is gone."""
    mark, group, folder = sys.argv[1:]
    if os.read(0, len(DONE)) != DONE:
        end_all(mark, int(group))
        import shutil  # late: hardly ever needed

        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
