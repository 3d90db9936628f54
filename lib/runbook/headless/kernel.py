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

START_SECONDS = 30.0
LOOK_MILLISECONDS = 100  # how often time limits and the kernel's life are looked at


class KernelDied(Exception):
    """The kernel's process ended while a cell ran."""


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

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="rbk-"))
        connection = {
            "transport": "ipc", "ip": str(self._home / "k"), "key": secrets.token_hex(32),
            "signature_scheme": "hmac-sha256", "kernel_name": "python3",
            **{f"{name}_port": n for n, name in enumerate(("shell", "iopub", "stdin", "control", "hb"), start=1)},
        }  # fmt: skip
        self._file = self._home / "connection.json"
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(connection))
        self._client: Any = None
        self._log = self._home / "kernel.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ipykernel_launcher", "-f", str(self._file), "--ext=runbook.record.capture",
                 "--HistoryManager.enabled=False", "--InteractiveShell.colors=nocolor"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
                preexec_fn=_die_with_parent(),
                env={**environment, "IPYTHONDIR": str(self._home), "JPY_PARENT_PID": str(os.getpid()),
                     "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
            )  # fmt: skip

    def connect(self) -> None:
        """Import the client and wait until the kernel answers. KernelDied when it ends before."""
        from jupyter_client.blocking.client import BlockingKernelClient

        client = BlockingKernelClient()
        client.load_connection_file(str(self._file))
        client.start_channels(stdin=False, hb=False)
        self._client = client
        give_up = time.monotonic() + START_SECONDS
        client.kernel_info()
        heard = answered = False
        while not (heard and answered):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise KernelDied(self._last_words())
            answered = self._receive(client.shell_channel, LOOK_MILLISECONDS) is not None or answered
            heard = self._receive(client.iopub_channel, 0) is not None or heard
            if answered and not heard:  # the subscription was late: ask once more, so that no output is missed
                client.kernel_info()
                answered = False

    def execute(self, source: str, cell_id: str, *, until: float, show: Callable[[str], None]) -> Reply:
        """Run one cell; its text is shown as it comes. KernelDied or OverTime when it does not end by itself."""
        client = self._client
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        message = client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        client.shell_channel.send(message)
        mine = message["header"]["msg_id"]
        reply: Reply | None = None
        idle = False
        while reply is None or not idle:
            if (said := self._receive(client.iopub_channel, LOOK_MILLISECONDS if reply is None else 500)) is not None:
                if said["parent_header"].get("msg_id") == mine:
                    idle = idle or (said["msg_type"] == "status" and said["content"]["execution_state"] == "idle")
                    if text := text_of(said):
                        show(text)
            elif reply is not None:
                break
            if (answer := self._receive(client.shell_channel, 0)) and answer["parent_header"].get("msg_id") == mine:
                body = answer["content"]
                reply = Reply(body["status"] == "ok", body.get("ename", ""), body.get("evalue", ""))
            if reply is None and self._process.poll() is not None:
                raise KernelDied(self._last_words())
            if reply is None and time.monotonic() > until:
                raise OverTime
        return reply

    def end(self) -> None:
        """End the kernel and everything it started, at once: its record is on disk already."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)
        if self._client is not None:
            self._client.stop_channels()
        shutil.rmtree(self._home, ignore_errors=True)

    def _receive(self, channel: Any, milliseconds: int) -> dict[str, Any] | None:
        if not channel.socket.poll(milliseconds):
            return None
        message: dict[str, Any] = channel.get_msg(timeout=1)
        return message

    def _last_words(self) -> str:
        code = self._process.poll()
        return f"the kernel ended with {code}" if code is not None else "the kernel does not answer"


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


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h
