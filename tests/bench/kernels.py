"""Round trips of an empty cell: in a kernel with an open run, and in one without anything of ours."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from runbook import catalogue
from runbook.headless import RunRequest, prepare
from runbook.headless.folder import kernel_environment
from runbook.headless.kernel import Kernel
from runbook.headless.stopping import Stop
from runbook.times import Times
from timing import Pair, paired

EMPTY = "pass"


def round_trips(home: Path, cells: int) -> Pair:
    """The same client code on both sides: send, wait for the reply and for idle."""
    with OpenRun(request_of(home, "opening")) as ours:
        ours.run_cell("open")
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(home / "k"))
        manager.start_kernel(env={**os.environ})
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            bare = _Bare(client)
            return paired(lambda: ours.run(EMPTY), lambda: bare.run(EMPTY), cells, warm_up=20)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def request_of(home: Path, name: str) -> RunRequest:
    """A run of one of the bench's own notebooks."""
    procedure = catalogue.get(home, name)
    values = {one.name: one.default for one in procedure.parameters} | {"environment": "plain"}
    return RunRequest(
        procedure=procedure, parameters=values, environment="plain", incident=None, root=home, runs=home / "runs",
        operator="bench", operator_source="bench",
    )  # fmt: skip


class _Bare:
    """A kernel as jupyter_client starts it, driven by our own loop."""

    def __init__(self, client: Any) -> None:
        import zmq

        self.kernel = Kernel.__new__(Kernel)
        self.kernel._stop, self.kernel._client = Stop(), client
        self.kernel._poller = zmq.Poller()
        self.kernel._process = _Alive()
        for channel in (client.iopub_channel, client.shell_channel):
            self.kernel._poller.register(channel.socket, zmq.POLLIN)

    def run(self, source: str) -> None:
        self.kernel.execute(source, "cell", until=time.monotonic() + 60, hear=lambda _message: None)


class _Alive:
    def poll(self) -> None:
        return None


class OpenRun:
    """A kernel of ours with an open run."""

    def __init__(self, request: RunRequest) -> None:
        self.request = request

    def __enter__(self) -> OpenRun:
        run_dir = prepare(self.request, Times())
        self.kernel = Kernel(kernel_environment(self.request, run_dir, supervised=True), self.request.root, Stop())
        self.kernel.connect(time.monotonic() + 60)
        lines = [f"{name} = {value!r}" for name, value in self.request.parameters.items()]
        self.run("\n".join(lines))
        return self

    def __exit__(self, *_error: object) -> None:
        self.kernel.end()

    def run_cell(self, cell_id: str) -> None:
        """Run one of the notebook's own cells."""
        cells = self.request.procedure.notebook["cells"]
        self.run("".join(next(cell["source"] for cell in cells if cell.get("id") == cell_id)))

    def run(self, source: str) -> None:
        """Run some source; an error in it is no measurement."""
        reply = self.kernel.execute(source, "cell", until=time.monotonic() + 60, hear=lambda _message: None)
        if not reply.ok:
            raise RuntimeError(f"{reply.ename}: {reply.evalue}")
