"""In the kernel: every message that leaves is masked first and journaled second, at the one place all of them pass.

ipykernel sends streams, results, displays, updates, errors, widget messages and replies through ``Session.send``
(``kernelbase.py``, ``iostream.py``, ``zmqshell.py``, ``displayhook.py``); wrapping that one method misses none.
Loaded as an IPython extension it works from the first cell; what happens before there is a journal is kept and written
after ``run.opened``.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runbook.errors import RecordError
from runbook.model import Json
from runbook.record.journal import Journal
from runbook.record.mask import Masker, StreamMask
from runbook.record.messages import as_output, joined, message_of, stop_echo
from runbook.record.overflow import Overflow


def running_shell() -> Any:
    """The kernel's shell; None outside a kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if shell is not None and getattr(shell, "kernel", None) is not None else None


def is_interactive(shell: Any) -> bool:
    """Whether a person is at the keyboard: their front end says that it can answer questions."""
    return shell is not None and bool(shell.kernel._allow_stdin)


def inputs(shell: Any) -> list[str]:
    """The sources of the cells run so far, the running one last."""
    if shell is None:
        return []
    if (capture := getattr(shell, "runbook_capture", None)) is not None and capture.sources:
        return list(capture.sources)
    return [source for source in shell.user_ns.get("In", []) if source]


def install(shell: Any, masker: Masker) -> Capture:
    """Begin to mask and capture; a capture that is there already gets the masker."""
    capture: Capture | None = getattr(shell, "runbook_capture", None)
    if capture is None:
        capture = Capture(shell, masker)
        if shell is not None:
            shell.runbook_capture = capture
            capture.hook()
    capture.masker = masker
    return capture


def load_ipython_extension(shell: Any) -> None:
    """For ``--ext runbook.record.capture``: by shape until ``open_run`` brings the secrets of its environment."""
    if getattr(shell, "kernel", None) is not None:
        install(shell, Masker({}, b"before the run is opened"))


class Capture:
    """Masks what leaves one kernel and journals its cells. Without a kernel (plain Python) it does nothing."""

    def __init__(self, shell: Any, masker: Masker) -> None:
        self.masker = masker
        self.sources: list[str] = []
        self._shell = shell
        self._journal: Journal | None = None
        self._waiting: list[tuple[str, dict[str, Json]]] = []
        self._cells: Sequence[Mapping[str, Any]] = ()
        self._overflow: Overflow | None = None
        self._callbacks: list[Callable[[bool], None]] = []
        self._of_message: dict[str, str] = {}  # message id -> cell id
        self._streams: dict[tuple[str, str], tuple[StreamMask, Any, Any]] = {}
        self._current: dict[str, Any] | None = None
        self._writing = threading.RLock()
        self._send: Callable[..., Any] | None = None
        self._unwritten: RecordError | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    def hook(self) -> None:
        """Hang into the kernel, and catch up with the cells that ran before."""
        session = self._shell.kernel.session
        self._send = session.send
        session.send = self._masked_send
        stop_echo()
        self._shell.history_manager.enabled = False  # sources may hold what a person typed by mistake
        self._shell.events.register("pre_run_cell", self._cell_started)
        self._shell.events.register("post_run_cell", self._cell_finished)
        before = [source for source in self._shell.user_ns.get("In", [""]) if source]
        running = self._shell.kernel.get_parent().get("content", {}).get("code", "")
        if before[-1:] == [running]:  # a front end that stores no history (nbval) leaves it out of In
            before.pop()
        for source in before:
            self._begin(source, None, "")
            self._end("completed", None)
        if running:
            self._begin(running, None, self._message_id())

    def attach(self, journal: Journal, cells: Sequence[Mapping[str, Any]]) -> None:
        """Write to this journal from now on; what waited for it comes first."""
        with self._writing:
            self._cells = [cell for cell in cells if cell["cell_type"] == "code"]
            self._overflow = Overflow(journal.path.parent / "outputs")
            self._journal = journal
            waiting, self._waiting = self._waiting, []
            for event, data in joined(waiting):
                self._append(event, self.masker.json(data))  # it was masked by shape only: the secrets came just now

    @property
    def in_kernel(self) -> bool:
        """Whether there are cells to capture."""
        return self._shell is not None

    def on_cell_finished(self, callback: Callable[[bool], None]) -> None:
        """Call back, with whether it failed, after each cell's end is in the journal."""
        self._callbacks.append(callback)

    def detach(self) -> None:
        """Stop journaling; masking goes on."""
        with self._writing:
            self._journal = None
            self._waiting = []

    # -- cells -----------------------------------------------------------------------------------------------------

    def _cell_started(self, info: Any) -> None:
        self._begin(info.raw_cell, getattr(info, "cell_id", None), self._message_id())

    def _begin(self, source: str, cell_id: str | None, message_id: str) -> None:
        with self._writing:
            self.sources.append(source)
            self._current = {
                "source": source,
                "cell_id": cell_id,
                "started": time.monotonic(),
                "index": len(self.sources),
            }
            self._of_message[message_id] = str(len(self.sources))
            self._append("cell.started", {"id": cell_id or "", "index": len(self.sources), "source": source,
                                          "execution_count": self._shell.execution_count})  # fmt: skip

    def _cell_finished(self, result: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._flush_streams()
        error = result.error_before_exec or result.error_in_exec or self._unwritten
        self._end("failed" if error is not None else "completed", error)
        for callback in list(self._callbacks):
            callback(error is not None)

    def _end(self, state: str, error: BaseException | None) -> None:
        with self._writing:
            if self._current is None:
                return
            seconds = time.monotonic() - self._current["started"]
            said = None if error is None else {"ename": type(error).__name__, "evalue": str(error)}
            self._append("cell.finished", {"id": self._current["cell_id"] or "", "index": self._current["index"],
                                           "state": state, "seconds": round(seconds, 6), "error": said})  # fmt: skip
            self._current = None

    # -- messages --------------------------------------------------------------------------------------------------

    def _masked_send(
        self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, ident: Any = None,
        buffers: Any = None, track: bool = False, header: Any = None, metadata: Any = None,
    ) -> Any:  # fmt: skip
        """``Session.send``, whose arguments these are: a whole message, or the parts of one."""
        assert self._send is not None
        whole = isinstance(msg_or_type, dict)
        kind = msg_or_type["header"]["msg_type"] if whole else msg_or_type
        body = msg_or_type["content"] if whole else content
        about = msg_or_type.get("parent_header") if whole else parent
        if kind == "stream":
            text = self._stream_text(body, stream, about)
            if not text:
                return None
            body = {**body, "text": text}
        elif isinstance(body, dict):
            body = self.masker.json(self._honest(kind, body))
        if whole:
            msg_or_type = {
                **msg_or_type,
                "content": body,
                "metadata": self.masker.json(msg_or_type.get("metadata", {})),
            }
            buffers = buffers or msg_or_type.pop("buffers", None)
        if isinstance(body, dict):
            self._journal_output(kind, body, about)
        buffers = [self.masker.raw(bytes(buffer)) for buffer in buffers or ()]
        return self._send(
            stream, msg_or_type, None if whole else body, parent, ident, buffers, track, header,
            self.masker.json(metadata or {}),
        )  # fmt: skip

    def _stream_text(self, body: Mapping[str, str], socket: Any, about: Any) -> str:
        key = (body["name"], message_of(about))
        with self._writing:
            if key not in self._streams:
                self._streams[key] = (self.masker.stream(), socket, about)
            return self._streams[key][0].feed(body["text"])

    def _flush_streams(self) -> None:
        """A cell is over: nothing more will decide what was held back."""
        with self._writing:
            streams, self._streams = self._streams, {}
        for (name, _), (mask, socket, about) in streams.items():
            if rest := mask.flush():
                body = {"name": name, "text": rest}
                self._journal_output("stream", body, about)
                assert self._send is not None
                self._send(socket, "stream", body, about, ident=b"stream." + name.encode())

    def _journal_output(self, kind: str, body: Mapping[str, Any], about: Any) -> None:
        output = as_output(kind, body)
        if output is None:
            return
        with self._writing:
            index = self._of_message.get(message_of(about), str(len(self.sources)))
            self._append("cell.output", {"id": "", "index": int(index), "output": output})

    # -- the journal -----------------------------------------------------------------------------------------------

    def _append(self, event: str, data: dict[str, Json]) -> None:
        """Write, or remember that it was not possible: what is raised here reaches nobody, the reply does."""
        try:
            self._write(event, data)
        except RecordError as error:
            self._unwritten = error
        except OSError as error:  # a file of its own below outputs/
            self._unwritten = RecordError(f"cannot write output: {error.strerror}", where=str(error.filename))

    def _honest(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """A cell whose record could not be written has failed, whatever it answers."""
        if kind != "execute_reply" or self._unwritten is None:
            return body
        said = {"ename": "RecordError", "evalue": str(self._unwritten), "traceback": []}
        return {**body, **said, "status": "error"}

    def _write(self, event: str, data: dict[str, Json]) -> None:
        if self._journal is None:
            if self._shell is not None:
                self._waiting.append((event, data))
            return
        data = {**data, "id": data["id"] or self._id_of(int(data["index"]))}
        if event == "cell.output" and self._overflow is not None:
            shortened = self._overflow.shorten(data["id"], data["output"])
            if shortened is None:
                return
            data["output"] = shortened
        self._journal.append(event, data)

    def _id_of(self, index: int) -> str:
        """The notebook's id of the cell that ran as number ``index``: by its source, the first not met before."""
        met: dict[str, int] = {}
        for source in self.sources[:index]:
            met[source] = met.get(source, 0) + 1
        source = self.sources[index - 1]
        fitting = [str(cell.get("id", "")) for cell in self._cells if "".join(cell["source"]) == source]
        if not fitting:
            return "injected-parameters" if source.lstrip().startswith("# Parameters") else f"not-in-notebook-{index}"
        return fitting[min(met[source], len(fitting)) - 1]

    def _message_id(self) -> str:
        return message_of(self._shell.kernel.get_parent())
