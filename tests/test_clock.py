"""Who is next and when: the earlier of the severity's and the issue type's time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from runbook import policy
from runbook.clock import read_clock, t_plus
from runbook.errors import SettingError
from runbook.model import Incident

POLICY = policy.load(Path(__file__).resolve().parents[1])
NOTICED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def incident(severity="SEV-1", issue_type="database"):
    return Incident("INC-1", "sandbox", issue_type, severity, "ada", NOTICED)


@pytest.mark.parametrize(
    ("severity", "issue_type", "minutes"),
    [("SEV-0", "database", 5), ("SEV-1", "database", 15), ("SEV-2", "database", 15), ("SEV-2", "security", 5),
     ("SEV-3", "payment", 30), ("SEV-1", "payment", 15)],
)  # fmt: skip
def test_the_earlier_of_both_tables_counts(severity, issue_type, minutes):
    clock = read_clock(POLICY, incident(severity, issue_type), NOTICED)
    assert clock.due_at == NOTICED + timedelta(minutes=minutes)


def test_it_is_overdue_from_that_minute_on():
    clock = read_clock(POLICY, incident(), NOTICED + timedelta(minutes=15))
    assert clock.is_overdue(NOTICED + timedelta(minutes=15))
    assert not clock.is_overdue(NOTICED + timedelta(minutes=14, seconds=59))


def test_an_unknown_severity_names_those_there_are():
    with pytest.raises(SettingError, match="SEV-0, SEV-1, SEV-2, SEV-3"):
        read_clock(POLICY, incident("SEV-9"), NOTICED)


def test_the_clock_reads_as_people_say_it():
    assert t_plus(432) == "T+07:12"
    assert t_plus(4032) == "T+1:07:12"
    assert t_plus(-3) == "T+00:00"
