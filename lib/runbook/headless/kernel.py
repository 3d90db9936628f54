"""One kernel of our own: started before anything heavy is imported, reached over private sockets, ended with all it began.

Sockets are files in a folder of ours: no port, no clear text on the network, no race at start-up. The client's library
is imported while the kernel starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.headless import watchdog
from runbook.headless.stopping import Stop

START_SECONDS = 30.0
LOOK_MILLISECONDS = 100  # how often signals, time limits and the kernel's life are looked at
IDLE_SECONDS = 2.0  # after a reply: how long its last output may still be on the way
GRACE_SECONDS = 0.5  # after an interrupt: to show where the cell was and to let go of connections
LONGEST_FOLDER = 80  # a socket's path has 107 characters at most (unix(7)), 103 on macOS
SOCKETS = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4, "hb": 5}
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class KernelDied(Exception):
    """The kernel's process ended, or never answered."""


class OverTime(Exception):
    """A cell or the run took longer than it may."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How a cell ended, as the kernel said (masked there)."""

    ok: bool
    ename: str = ""
    evalue: str = ""


class Kernel:
    """A running kernel. ``end`` must be called."""

    def __init__(self, environment: Mapping[str, str], folder: Path, stop: Stop) -> None:
        self._stop = stop
        self._mark = secrets.token_hex(16)
        self._home = _private_folder()
        self._file = self._home / "connection.json"
        _write_connection(self._file, str(self._home / "k"))
        self._client: Any = None
        self._poller: Any = None
        self._log = self._home / "kernel.log"
        try:
            self._process = self._started(environment, folder)
            self._watchdog = self._watched()
        except BaseException:
            watchdog.end_all(self._mark, 0)
            shutil.rmtree(self._home, ignore_errors=True)
            raise

    def connect(self, until: float) -> None:
        """Import the client and wait until the kernel answers. KernelDied when it ends before."""
        import zmq
        from jupyter_client.blocking.client import BlockingKernelClient

        client = BlockingKernelClient()
        client.load_connection_file(str(self._file))
        give_up = time.monotonic() + START_SECONDS

        def look() -> None:
            self._stop.check()
            if self._process.poll() is not None:
                raise KernelDied(self._last_words())
            if time.monotonic() > until:
                raise OverTime
            if time.monotonic() > give_up:
                raise KernelDied("the kernel does not answer")

        while not all(Path(f"{self._home}/k-{port}").exists() for port in SOCKETS.values()):
            look()  # connecting too early costs 100 ms: libzmq waits that long before it tries again
            time.sleep(0.002)
        client.start_channels(stdin=False, hb=False)
        self._client = client
        self._poller = zmq.Poller()
        for channel in (client.iopub_channel, client.shell_channel):
            self._poller.register(channel.socket, zmq.POLLIN)
        client.kernel_info()
        heard = answered = False
        while not (heard and answered):
            self._poller.poll(LOOK_MILLISECONDS)
            look()
            answered = self._receive(client.shell_channel) is not None or answered
            heard = self._receive(client.iopub_channel) is not None or heard
            if answered and not heard:  # the subscription was late: ask once more, so that no output is missed
                client.kernel_info()
                answered = False

    def execute(self, source: str, cell_id: str, *, until: float, hear: Callable[[dict[str, Any]], None]) -> Reply:
        """Run one cell; its messages are heard as they come. KernelDied, OverTime or Interrupted if it never ends."""
        # Nothing is queued behind this cell, so nothing is to be dropped when it fails (stop_on_error).
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": False}  # fmt: skip
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        self._client.shell_channel.send(message)
        mine = message["header"]["msg_id"]
        try:
            return self._follow(mine, until, hear, self._stop.check)
        except KernelDied:
            raise
        except Exception:  # over time, a signal, or a bug of ours: the cell is still running
            self._interrupt(mine, hear)
            raise

    def end(self) -> None:
        """End the kernel and everything it started, at once: its record is on disk already."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        watchdog.end_all(self._mark, self._process.pid)
        if self._client is not None:
            self._client.stop_channels()
        self._watchdog.communicate(watchdog.DONE)
        shutil.rmtree(self._home, ignore_errors=True)

    def _started(self, environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("launch.py")), "-f", str(self._file),
                 "--ext=runbook.record.capture", "--HistoryManager.enabled=False", "--InteractiveShell.colors=nocolor",
                 "--InteractiveShellApp.ignore_cwd=True"],  # a file in the checkout must not stand in for a library
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
                preexec_fn=_die_with_parent(),
                env={**environment, "IPYTHONDIR": str(self._home), "JPY_PARENT_PID": str(os.getpid()),
                     "PYDEVD_DISABLE_FILE_VALIDATION": "1", watchdog.VARIABLE: self._mark},
            )  # fmt: skip

    def _watched(self) -> subprocess.Popen[bytes]:
        """Beside us, in a session of its own: what ends us must not end it."""
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, self._mark, str(self._process.pid), str(self._home)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name != watchdog.VARIABLE},
        )  # fmt: skip

    def _follow(
        self, mine: str, until: float, hear: Callable[[dict[str, Any]], None], check: Callable[[], None]
    ) -> Reply:
        """Listen until the request is answered and all its output is here."""
        reply: Reply | None = None
        idle = False
        while reply is None or not idle:
            self._poller.poll(LOOK_MILLISECONDS)
            said = self._receive(self._client.iopub_channel)
            if said is not None and said["parent_header"].get("msg_id") == mine:
                idle = idle or (said["msg_type"] == "status" and said["content"]["execution_state"] == "idle")
                hear(said)
            answer = self._receive(self._client.shell_channel)
            if answer is not None and answer["parent_header"].get("msg_id") == mine:
                reply = _reply(answer["content"])
                until = time.monotonic() + IDLE_SECONDS
            dead = said is None and answer is None and self._process.poll() is not None
            late = time.monotonic() > until
            if reply is not None and (dead or late):
                return reply
            if dead:
                raise KernelDied(self._last_words())
            if late:
                raise OverTime
            if reply is None:
                check()
        return reply

    def _interrupt(self, mine: str, hear: Callable[[dict[str, Any]], None]) -> None:
        """As Ctrl-C would, also for what the cell has started; then listen for where it was."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGINT)
        with contextlib.suppress(KernelDied, OverTime):
            self._follow(mine, time.monotonic() + GRACE_SECONDS, hear, lambda: None)

    def _receive(self, channel: Any) -> dict[str, Any] | None:
        if not channel.socket.poll(0):
            return None
        message: dict[str, Any] = channel.get_msg(timeout=1)
        return message

    def _last_words(self) -> str:
        code = self._process.returncode
        if code >= 0:
            said = self._log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            return f"the kernel ended with exit code {code}" + "".join(f": {line[:300]}" for line in said)
        name = signal.Signals(-code).name
        return f"the kernel was ended by {name}" + (" (often: out of memory)" if name == "SIGKILL" else "")


def _reply(content: Mapping[str, Any]) -> Reply:
    if any(part.get("source") == "ask_exit" for part in content.get("payload", [])):
        return Reply(False, "SystemExit", "the cell called exit()")
    return Reply(content["status"] == "ok", content.get("ename", ""), content.get("evalue", ""))


def _private_folder() -> Path:
    """Owner-only, with a path short enough for sockets."""
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="rbk-", dir=usual if len(usual) < LONGEST_FOLDER else "/tmp"))


def _write_connection(path: Path, address: str) -> None:
    connection = {
        "transport": "ipc", "ip": address, "key": secrets.token_hex(32), "signature_scheme": "hmac-sha256",
        "kernel_name": "python3",
        **{f"{name}_port": number for name, number in SOCKETS.items()},
    }  # fmt: skip
    path.touch(mode=0o600)
    path.write_text(json.dumps(connection))


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: afterwards only system calls are safe
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def text_of(message: Mapping[str, Any]) -> str:
    """What a log shows of an output message; empty for those that are none."""
    content = message["content"]
    match message["msg_type"]:
        case "stream":
            return str(content["text"])
        case "execute_result" | "display_data":
            return str(content["data"].get("text/plain", "")) + "\n"
        case "error":
            return "\n".join(content["traceback"][-1:]) + "\n"
        case _:
            return ""
