"""The append-only, hash-chained event log of a run. One writer at a time, held by ``flock``; readers need no lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.errors import RecordError, Refused
from runbook.model import Json, canonical_json
from runbook.record import reserve
from runbook.record.mask import Masker
from runbook.record.uninterrupted import uninterrupted
from runbook.times import Times, iso

ZERO = "0" * 64
# What must be on disk before the next thing happens: opening and closing, and both ends of cells, actions and objects.
DURABLE = frozenset(
    {"run.opened", "run.closed", "run.recovered", "run.resumed", "cell.started", "cell.finished", "action.started",
     "action.object", "action.finished", "approval.used", "incident.opened", "incident.closed"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal."""

    seq: int
    at: str
    event: str
    data: dict[str, Json]
    prev: str
    hash: str

    def line(self) -> str:
        """The canonical JSON line, without its newline."""
        return _line(self, canonical_json(self.data))


@dataclass(frozen=True, slots=True)
class Scan:
    """What a journal file holds: its whole entries, the bytes of a torn last line, and where the chain breaks."""

    entries: tuple[Entry, ...]
    torn_bytes: int
    broken_seq: int | None
    reason: str


def digest(prev: str, seq: int, at: str, event: str, data: Mapping[str, Json]) -> str:
    """sha256 hex of the previous hash and the canonical JSON of this entry's content."""
    return _digest(prev, seq, at, event, canonical_json(dict(data)))


def _digest(prev: str, seq: int, at: str, event: str, data: str) -> str:
    """The same for data that is canonical JSON already: large outputs are encoded once, not twice."""
    content = f'{{"at":{canonical_json(at)},"data":{data},"event":{canonical_json(event)},"seq":{canonical_json(seq)}}}'
    return hashlib.sha256((prev + content).encode("utf-8")).hexdigest()


def _line(entry: Entry, data: str) -> str:
    """An entry's line around its data, which is canonical JSON already; names in the order that canonical JSON has."""
    at, event, hash_, prev, seq = map(canonical_json, (entry.at, entry.event, entry.hash, entry.prev, entry.seq))
    return f'{{"at":{at},"data":{data},"event":{event},"hash":{hash_},"prev":{prev},"seq":{seq}}}'


class Journal:
    """The one writer of a journal. Every string is masked before it is written; ``entries`` is all that it holds."""

    def __init__(
        self, path: Path, handle: int, entries: tuple[Entry, ...], masker: Masker, times: Times, keeps_room: bool
    ) -> None:
        self.path = path
        self.masker = masker
        self.entries = list(entries)
        self._handle = handle
        self._times = times
        self._keeps_room = keeps_room
        self._writing = threading.Lock()

    @property
    def length(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.entries[-1].hash if self.entries else ZERO

    @classmethod
    def open(cls, path: Path, *, masker: Masker, times: Times, keeps_room: bool = False) -> Journal:
        """Take the file for writing. Refused when another process holds it; RecordError when it is not whole.

        ``keeps_room`` is for a run's record, which can still say how it ended when the disk is full.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Refused(f"another process writes this record{_writer(path)}", where=str(path.parent),
                              next_step="wait for it, or end it") from error  # fmt: skip
            found = scan(path)
            if found.broken_seq is not None or found.torn_bytes:
                raise RecordError(found.reason, where=str(path), next_step="runbook recover, or runbook verify")
            return cls(path, handle, found.entries, masker, times, keeps_room)
        except BaseException:
            os.close(handle)
            raise

    def append(self, event: str, data: Mapping[str, Json]) -> Entry:
        """Write one event; on disk before this returns where it must be. RecordError when it cannot be written."""
        masked: dict[str, Json] = self.masker.json(dict(data))
        text = canonical_json(masked)
        with uninterrupted(), self._writing:
            seq, at = self.length + 1, iso(self._times.now())
            entry = Entry(seq, at, event, masked, self.head, _digest(self.head, seq, at, event, text))
            try:
                self._write((_line(entry, text) + "\n").encode("utf-8"), reserve.is_last_word(event, masked))
                if event in DURABLE:
                    os.fsync(self._handle)
            except OSError as error:
                raise RecordError(f"cannot write the journal: {error.strerror}", where=str(self.path),
                                  next_step="free space or permissions, then runbook recover") from error  # fmt: skip
            self.entries.append(entry)
            return entry

    def _write(self, line: bytes, is_last_word: bool) -> None:
        """Write a line; a last word uses the reserve when the disk is full, anything else only while that is kept."""
        if self._keeps_room and not is_last_word:
            reserve.keep(self.path.parent)
        try:
            _write_all(self._handle, line)
        except OSError as error:
            if error.errno not in reserve.FULL or not (self._keeps_room and is_last_word):
                raise
            reserve.release(self.path.parent)
            _write_all(self._handle, line)

    def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        with self._writing:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1


def read(path: Path) -> list[Entry]:
    """The whole entries of a journal, also while it is being written. RecordError when the chain is broken."""
    found = scan(path)
    if found.broken_seq is not None:
        raise RecordError(found.reason, where=str(path), next_step="runbook verify names what was changed")
    return list(found.entries)


def scan(path: Path) -> Scan:
    """Read a journal as far as it is whole, and say where and why it stops being."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Scan((), 0, None, "")
    whole, _, torn = raw.rpartition(b"\n")
    entries: list[Entry] = []
    prev = ZERO
    for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
        entry, reason = _read_line(line, number, prev)
        if entry is None:
            return Scan(tuple(entries), len(torn), number, reason)
        entries.append(entry)
        prev = entry.hash
    return Scan(tuple(entries), len(torn), None, "the last line is torn" if torn else "")


def _read_line(line: bytes, number: int, prev: str) -> tuple[Entry | None, str]:
    try:
        data: dict[str, Any] = json.loads(line)
        entry = Entry(data["seq"], data["at"], data["event"], data["data"], data["prev"], data["hash"])
    except (ValueError, KeyError, TypeError):
        return None, f"entry {number} is not a journal line"
    if entry.seq != number:
        return None, f"entry {number} says it is {entry.seq}"
    if entry.prev != prev:
        return None, f"entry {number} does not follow the one before it"
    text = canonical_json(entry.data)
    if _line(entry, text).encode("utf-8") != line:
        return None, f"entry {number} is not written as a journal writes"
    if entry.hash != _digest(prev, entry.seq, entry.at, entry.event, text):
        return None, f"entry {number} was changed: its hash does not fit"
    return entry, ""


def _write_all(handle: int, data: bytes) -> None:
    """All of it or an error: a full disk may take a part."""
    start = os.lseek(handle, 0, os.SEEK_END)
    done = 0
    try:
        while done < len(data):
            done += os.write(handle, data[done:])
    except OSError:
        os.ftruncate(handle, start)
        raise


def _writer(path: Path) -> str:
    """Since when the other process writes, as its journal tells."""
    entries = scan(path).entries
    opened = [entry for entry in entries if entry.event in ("run.opened", "run.attached")]
    return f" since {opened[-1].at}" if opened else ""
