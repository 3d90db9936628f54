"""A signal ends a drill wherever it comes: also while the run seals its record, or after it went wrong."""

import os
import signal
import threading

import pytest
from runbook.drill.stopped import Stopped, stopped_by_signals
from runbook.errors import RunbookError
from runbook.headless.stopping import stopping


def tell(number: int) -> None:
    os.kill(os.getpid(), number)


def test_a_signal_that_the_run_took_no_notice_of_still_ends_the_drill():
    with pytest.raises(Stopped) as caught, stopped_by_signals(), stopping():
        tell(signal.SIGTERM)
    assert caught.value.exit_code == 143


def test_an_error_of_the_run_does_not_hide_the_signal():
    with pytest.raises(Stopped) as caught, stopped_by_signals(), stopping():
        tell(signal.SIGHUP)
        raise RunbookError("another process writes the journal", where="record")
    assert caught.value.exit_code == 129
    assert isinstance(caught.value.__cause__, RunbookError)


def test_without_a_signal_nothing_is_changed():
    before = signal.set_wakeup_fd(-1)
    with stopped_by_signals():
        pass
    with pytest.raises(RunbookError, match="its own"), stopped_by_signals():
        raise RunbookError("its own", where="run")
    assert signal.set_wakeup_fd(before) == -1


def test_a_signal_that_ends_nothing_ends_no_drill():
    heard = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
    try:
        with stopped_by_signals():
            tell(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


def test_in_another_thread_it_stays_out_of_the_way():
    seen = []

    def work() -> None:
        with stopped_by_signals():
            seen.append("ran")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert seen == ["ran"]
