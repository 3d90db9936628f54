"""The journal: one writer, a chain, and nothing that is not on disk."""

import json
import subprocess
import sys

import pytest
from runbook.errors import RecordError, Refused
from runbook.record.journal import ZERO, Journal, digest, read, scan
from runbook.record.mask import Masker
from runbook.times import Times

NO_SECRETS = Masker({}, b"key")


@pytest.fixture
def journal(tmp_path):
    opened = Journal.open(tmp_path / "run" / "journal.jsonl", masker=NO_SECRETS, times=Times())
    yield opened
    opened.close()


def test_a_line_is_canonical_json_chained_from_zeros(journal):
    journal.append("run.opened", {"b": 1, "a": "ä"})
    line = journal.path.read_text("utf-8")
    data = json.loads(line)
    assert list(data) == ["at", "data", "event", "hash", "prev", "seq"]
    assert (data["seq"], data["prev"]) == (1, ZERO)
    assert '"data":{"a":"ä","b":1}' in line
    assert data["hash"] == digest(ZERO, 1, data["at"], "run.opened", {"a": "ä", "b": 1})


def test_each_entry_follows_the_one_before(journal):
    first, second = journal.append("a", {}), journal.append("b", {})
    assert second.prev == first.hash
    assert (journal.length, journal.head) == (2, second.hash)


def test_a_second_writer_is_refused_in_another_process(journal):
    journal.append("run.opened", {})
    code = (
        "import sys; from pathlib import Path; from runbook.record.journal import Journal; from runbook.record.mask import Masker;"
        "from runbook.times import Times; Journal.open(Path(sys.argv[1]), masker=Masker({}, b'k'), times=Times())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False)
    assert "another process writes this record since" in done.stderr


def test_a_reader_needs_no_lock(journal):
    journal.append("a", {})
    assert [entry.event for entry in read(journal.path)] == ["a"]


def test_a_torn_last_line_is_seen_and_not_believed(journal):
    journal.append("a", {})
    journal.append("b", {})
    journal.close()
    journal.path.write_bytes(journal.path.read_bytes()[:-7])
    found = scan(journal.path)
    assert len(found.entries) == 1
    assert found.torn_bytes > 0
    with pytest.raises(RecordError, match="torn"):
        Journal.open(journal.path, masker=NO_SECRETS, times=Times())


def test_what_is_no_json_is_not_written(journal):
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append("a", {"x": float("nan")})
    journal.append("b", {})
    assert [entry.seq for entry in read(journal.path)] == [1]


def test_a_secret_never_reaches_the_file(tmp_path):
    journal = Journal.open(tmp_path / "j.jsonl", masker=Masker({"VERCEL_TOKEN": "hunter2hunter2"}, b"k"), times=Times())
    journal.append("a", {"said": ["token is hunter2hunter2"], "hunter2hunter2": 1})
    journal.close()
    assert "hunter2" not in journal.path.read_text("utf-8")
    assert "[VERCEL_TOKEN:" in journal.path.read_text("utf-8")


@pytest.mark.parametrize("broken", ["edit", "drop", "swap", "insert"])
def test_a_changed_line_is_named(journal, broken):
    for event in "abcd":
        journal.append(event, {"n": event})
    journal.close()
    lines = journal.path.read_text("utf-8").splitlines(keepends=True)
    if broken == "edit":
        lines[1] = lines[1].replace('"n":"b"', '"n":"x"')
    elif broken == "drop":
        del lines[1]
    elif broken == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines.insert(1, lines[0])
    journal.path.write_text("".join(lines), "utf-8")
    assert scan(journal.path).broken_seq == 2
    with pytest.raises(RecordError, match="entry 2"):
        read(journal.path)


def test_refused_is_what_a_second_writer_of_the_same_process_gets(journal):
    with pytest.raises(Refused):
        Journal.open(journal.path, masker=NO_SECRETS, times=Times())
