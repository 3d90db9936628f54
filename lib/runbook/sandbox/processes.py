"""Child processes that end with us, run unprivileged where they must, and listen on loopback only."""

from __future__ import annotations

import ctypes
import os
import pwd
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, BinaryIO

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
UNPRIVILEGED = ("postgres", "nobody")  # any user with a passwd entry: initdb looks it up


def free_port() -> int:
    """A loopback port that was free a moment ago; whoever takes it retries when it is gone."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def unprivileged_user() -> pwd.struct_passwd | None:
    """The user that servers which refuse root run as; None when we are no root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user 'postgres' or 'nobody' to run PostgreSQL as")


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The ``Popen`` arguments that drop to that user."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def spawn(
    command: Sequence[str],
    *,
    user: pwd.struct_passwd | None = None,
    death_signal: int = signal.SIGTERM,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    cwd: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets ``death_signal`` when this process dies, also by kill -9.

    The kernel ties that signal to the thread that forks, so all children are forked by one thread that never ends.
    On systems other than Linux there is no such signal: there a child outlives a killed parent until the next sweep.
    """

    def start() -> subprocess.Popen[bytes]:
        with open_log(log) as out:
            return subprocess.Popen(
                list(command), stdin=stdin, stdout=out, stderr=out, cwd=cwd, env=None if env is None else dict(env),
                start_new_session=True, preexec_fn=_die_with_parent(death_signal), **as_user(user),
            )  # fmt: skip

    process: subprocess.Popen[bytes] = _forker().submit(start).result()
    return process


class Detached:
    """A child in a session of its own that lives on when we end. Nobody has to wait for it; we may."""

    def __init__(self, command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        with open_log(log) as out:
            wiring = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                      (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)]  # fmt: skip
            self.pid = os.posix_spawn(command[0], list(command), dict(env), file_actions=wiring, setsid=True)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Wait for its end; ``subprocess.TimeoutExpired`` when it takes longer."""
        give_up = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > give_up:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


Child = subprocess.Popen[bytes] | Detached


def open_log(path: Path | None) -> BinaryIO:
    """A log file for its owner alone, to be added to."""
    return os.fdopen(os.open(path or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def stop(process: Child, first: int = signal.SIGTERM, seconds: float = 5.0) -> None:
    """End a child that we started: politely, then not."""
    if process.poll() is not None:
        return
    process.send_signal(first)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(seconds)


def readable_by(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether an unprivileged user can reach a path: every parent must let others through."""
    return user is None or all(folder.stat().st_mode & 1 for folder in (path, *path.parents))


def copied_out(tree: Path, name: str) -> Path:
    """A copy of a program's tree where unprivileged users can reach it; made once per version, then reused.

    /var/tmp is open to everybody, so a folder there that is not ours is refused.
    """
    target = Path("/var/tmp") / f"runbook-{name}-{os.getuid()}"
    if target.exists():
        if target.stat().st_uid != os.geteuid() or target.is_symlink():
            raise RuntimeError(f"{target} belongs to somebody else; remove it")
        return target
    building = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(tree, building, symlinks=True)
    building.chmod(0o755)
    try:
        building.rename(target)
    except OSError:  # another sandbox was faster
        shutil.rmtree(building, ignore_errors=True)
    return target


class _Forker:
    """The one thread that forks."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True, name="forker").start()

    def submit(self, start: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._work.put((start, future))
        return future

    def _run(self) -> None:
        while True:
            start, future = self._work.get()
            try:
                future.set_result(start())
            except BaseException as error:  # the caller's, not this thread's
                future.set_exception(error)


_forkers: dict[int, _Forker] = {}
_making = threading.Lock()


def _forker() -> _Forker:
    """This process's forker; a forked child needs one of its own."""
    with _making:
        return _forkers.setdefault(os.getpid(), _Forker()) if os.getpid() not in _forkers else _forkers[os.getpid()]


def _die_with_parent(death_signal: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: afterwards only system calls are safe

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal)

    return prepare
