"""An error is one line with the way out; a time has one form; a deadline reaches every door."""

from datetime import UTC, datetime

import pytest
from runbook.errors import RecordError, Refused, RunbookError, SettingError, SystemFault
from runbook.times import Times, deadline, iso, parse_iso, seconds_left


def test_an_error_is_one_line_with_where_what_and_next():
    error = SettingError("no parameter\n'idel'", where="database-failure", next_step="correct it")
    assert str(error) == "database-failure: no parameter 'idel'. Next: correct it"


def test_a_notebook_shows_the_one_line_and_no_stack():
    assert Refused("no").__class__.exit_code == 3
    assert Refused("no", where="lock")._render_traceback_() == ["Refused: lock: no"]


@pytest.mark.parametrize(
    ("kind", "code"), [(RunbookError, 1), (SettingError, 2), (Refused, 3), (RecordError, 74), (SystemFault, 1)]
)
def test_each_class_has_the_contract_s_exit_code(kind, code):
    assert kind.exit_code == code


def test_times_are_utc_with_milliseconds_and_z():
    moment = datetime(2026, 11, 23, 3, 4, 5, 678901, tzinfo=UTC)
    assert iso(moment) == "2026-11-23T03:04:05.678Z"
    assert parse_iso(iso(moment)) == moment.replace(microsecond=678000)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="names no time zone"):
        parse_iso("2026-11-23T03:04:05")


def test_the_nearer_deadline_wins_and_is_never_negative():
    clock = [0.0]
    times = Times(monotonic=lambda: clock[0])
    assert seconds_left(times, 5.0) == 5.0
    with deadline(2.0, times):
        assert seconds_left(times, 5.0) == 2.0
        clock[0] = 3.0
        assert seconds_left(times, 5.0) == 0.0
    assert seconds_left(times, 5.0) == 5.0
