"""Ctrl-C at any instruction leaves the journal whole and the lock free."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runbook.record.journal import read
from runbook.record.uninterrupted import uninterrupted

WRITER = """
import signal, sys, time
from pathlib import Path
from runbook.record.journal import Journal
from runbook.record.mask import Masker
from runbook.times import Times

def interrupt(number, frame):
    # as Python's own handler does, but only where the journal is at work: the loop around it must live on
    while frame is not None:
        if frame.f_code.co_name == "append":
            raise KeyboardInterrupt
        frame = frame.f_back

signal.signal(signal.SIGINT, interrupt)
journal = Journal.open(Path(sys.argv[1]), masker=Masker({}, b"k"), times=Times())
print("ready", flush=True)
interrupted, until = 0, time.monotonic() + 2
while time.monotonic() < until:
    try:
        journal.append("note.added", {"text": "x" * 50})
    except KeyboardInterrupt:
        interrupted += 1
print(interrupted, journal.length)
"""


def test_interrupts_raining_on_a_writer_leave_a_whole_chain(tmp_path):
    path = tmp_path / "journal.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            writer.send_signal(signal.SIGINT)
            time.sleep(0.002)
        said, _ = writer.communicate(timeout=20)
    interrupted, length = map(int, said.split())
    assert interrupted > 50
    assert len(read(Path(path))) == length > 100


def test_the_interrupt_is_heard_when_the_step_is_over():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("the step")
    assert done == ["the step"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_ignored_interrupts_goes_on_ignoring_them():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted(), contextlib.nullcontext():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
