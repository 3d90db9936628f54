"""What names people lies in ``evidence/``: owner-only, known to the journal by its digest, and told apart when it is gone."""

from __future__ import annotations

import json

import pytest
from record_support import ordinary_events, write_record  # type: ignore[import-not-found]
from runbook.errors import SettingError
from runbook.record import evidence
from runbook.record.journal import Journal, read
from runbook.record.mask import Masker
from runbook.record.verify import verify
from runbook.times import Times

SECRET = "correct-horse-battery-staple"
WHO = f"grace@agency.test could not log in; her token was {SECRET}\n"
NAME = "evidence/affected-users.csv"


@pytest.fixture
def kept(tmp_path):
    """A closed record with one file of evidence."""
    run_dir = tmp_path / "20261123T100000Z-n-0123"
    run_dir.mkdir()
    masker = Masker({"CLERK_API_KEY": SECRET}, b"key")
    journal = Journal.open(run_dir / "journal.jsonl", masker=masker, times=Times())
    evidence.keep(journal, "affected-users.csv", "users who could not log in", WHO)
    (data,) = evidence.kept(read(journal.path)).values()
    journal.close()
    (run_dir / "journal.jsonl").unlink()
    for path in run_dir.iterdir():
        path.rename(tmp_path / path.name)
    run_dir.rmdir()
    events = ordinary_events(run_dir.name)
    write_record(run_dir, [events[0], ("evidence.kept", data), *events[1:]])
    (tmp_path / "evidence").rename(run_dir / "evidence")
    return run_dir


def result(run_dir, name=NAME):
    return next((one.result, one.reason) for one in verify(run_dir).checks if one.file == name)


def test_it_is_for_its_owner_only_and_whole(kept):
    assert (kept / "evidence").stat().st_mode & 0o777 == 0o700
    assert (kept / NAME).stat().st_mode & 0o777 == 0o600
    assert result(kept) == ("ok", "")
    assert verify(kept).whole


def test_the_journal_and_the_manifest_name_nobody_and_no_secret_is_kept_even_there(kept):
    assert SECRET not in (kept / NAME).read_text() and "grace@agency.test" in (kept / NAME).read_text()
    for name in ("journal.jsonl", "summary.json", "report.html", "notebook.ipynb", "MANIFEST.json"):
        assert "grace" not in (kept / name).read_text()
    assert NAME not in json.loads((kept / "MANIFEST.json").read_text())["files"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.write_text("nobody"), "its bytes were changed"),
        (lambda path: path.unlink(), "the file is missing"),
    ],
)
def test_what_was_changed_or_taken_away_is_named(kept, harm, said):
    harm(kept / NAME)
    assert result(kept) == ("broken", said)


def test_a_file_that_nobody_kept_is_named(kept):
    (kept / "evidence/more.txt").write_text("x")
    assert result(kept, "evidence/more.txt") == ("broken", "the journal does not know it")


@pytest.mark.parametrize("name", ["../x.txt", "a/b.txt", "x", "X.csv", ".x.txt", "x.html", ""])
def test_a_name_that_is_none_is_exit_2(tmp_path, name):
    journal = Journal.open(tmp_path / "journal.jsonl", masker=Masker({}, b"key"), times=Times())
    with pytest.raises(SettingError, match="no name of a file of evidence"):
        evidence.keep(journal, name, "x", "x")
    evidence.keep(journal, "once.txt", "x", "x")
    with pytest.raises(SettingError, match="kept already"):
        evidence.keep(journal, "once.txt", "x", "y")
    journal.close()
    assert (tmp_path / "evidence/once.txt").read_text() == "x"
