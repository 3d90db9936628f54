"""What is sealed stays as it was, or ``verify`` names what was changed."""

import json
import random
import shutil

import nbformat
import pytest
from record_support import FINDING, ordinary_events, write_record  # type: ignore[import-not-found]
from runbook.record.verify import verify

FILES = ("journal.jsonl", "summary.json", "report.html", "notebook.ipynb", "MANIFEST.json")


def test_an_untouched_record_is_whole(record):
    found = verify(record)
    assert found.whole
    assert {one.result for one in found.checks} == {"ok", "not_provable"}


def test_the_five_files_are_there_and_owner_only(record):
    assert {path.name for path in record.iterdir()} == set(FILES)
    assert all(path.stat().st_mode & 0o077 == 0 for path in record.iterdir())


def test_the_notebook_is_valid_and_tells_honest_states(record):
    notebook = nbformat.read(record / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    states = {cell["id"]: cell["metadata"]["runbook"]["state"] for cell in notebook.cells if cell.cell_type == "code"}
    assert states == {"look": "completed", "change": "completed", "never": "not_run"}
    assert notebook.cells[1].outputs[0]["text"] == "one\ntwo\n"


def test_every_mutation_of_every_file_is_found(record, tmp_path):
    chance = random.Random(20261123)
    missed = []
    for number in range(1_200):
        copy = tmp_path / "copy" / record.name
        shutil.copytree(record, copy)
        name = FILES[number % len(FILES)]
        what = mutate(copy / name, chance)
        if verify(copy).whole and not only_saved_again(copy, record, name):
            missed.append((name, what))
        shutil.rmtree(copy)
    assert missed == []


def mutate(path, chance):
    raw = bytearray(path.read_bytes())
    kind = chance.choice(["flip", "drop", "insert", "cut"])
    at = chance.randrange(len(raw))
    if kind == "flip":
        raw[at] ^= 1 << chance.randrange(7)
    elif kind == "drop":
        del raw[at : at + chance.randrange(1, 20)]
    elif kind == "insert":
        raw[at:at] = bytes(chance.choices(b'abc019{}",: \n', k=chance.randrange(1, 6)))
    else:
        del raw[at:]
    path.write_bytes(raw)
    return kind, at


def only_saved_again(copy, record, name):
    """Another writing of the same notebook is no change; nor is a mutation that changed no byte."""
    if (copy / name).read_bytes() == (record / name).read_bytes():
        return True
    if name != "notebook.ipynb":
        return False
    before, after = (json.loads((folder / name).read_text("utf-8")) for folder in (record, copy))
    return [c["source"] for c in before["cells"]] == [c["source"] for c in after["cells"]]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(record, name):
    (record / name).unlink()
    broken = verify(record).first_broken
    assert broken is not None
    assert broken.file == name


def test_an_added_file_is_named(record):
    (record / "outputs").mkdir()
    (record / "outputs" / "extra.txt").write_text("x")
    assert verify(record).first_broken.file == "outputs/extra.txt"


def test_a_notebook_saved_again_is_whole_and_said(record):
    path = record / "notebook.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=4), "utf-8")
    found = verify(record)
    assert found.whole
    assert any("saved again" in one.reason for one in found.checks)


def test_a_journal_cut_at_a_line_is_found(record):
    path = record / "journal.jsonl"
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    assert "never closed, or was cut" in verify(record).first_broken.reason


@pytest.mark.parametrize(
    ("more", "forced", "status", "code"),
    [
        ([], None, "recovered", 0),
        (
            [("check.finished", {**FINDING, "status": "critical", "required": True, "facts": {}, "asked": "check"})],
            None,
            "unresolved",
            4,
        ),
        (
            [("check.finished", {**FINDING, "status": "unknown", "required": True, "facts": {}, "asked": "check"})],
            None,
            "unknown",
            5,
        ),
        (
            [("check.finished", {**FINDING, "status": "unknown", "required": False, "facts": {}, "asked": "check"})],
            None,
            "recovered",
            0,
        ),
        ([("approval.refused", {"action": "a", "plan_id": "", "reason": "x"})], None, "refused", 3),
        (
            [("cell.finished", {"id": "never", "index": 3, "state": "failed", "seconds": 0, "error": None})],
            None,
            "failed",
            1,
        ),
        ([], "timed_out", "timed_out", 124),
        ([], "kernel_died", "kernel_died", 138),
    ],
)
def test_the_exit_code_is_the_first_that_holds(tmp_path, more, forced, status, code):
    summary = write_record(tmp_path / "r", [*ordinary_events("r"), *more], forced=forced)
    assert (summary["status"], summary["exit_code"]) == (status, code)


def test_a_cell_that_never_ended_is_said_to_have_died_with_the_kernel(tmp_path):
    events = [
        *ordinary_events("r"),
        ("cell.started", {"id": "never", "index": 3, "source": "never()", "execution_count": 3}),
    ]
    summary = write_record(tmp_path / "r", events, forced="kernel_died")
    assert summary["cells"][-1] == {"id": "never", "state": "kernel_died"}


def test_a_change_whose_end_nobody_saw_is_unknown_with_what_had_been_changed_by_then(tmp_path):
    head = {"action": "end_idle_transactions", "plan_id": "3f9a1c20"}
    seen = {"phase": "outcome", "outcome": "done", "line": "ended session 1", "before": {}, "after": {}}
    events = [
        ("run.opened", {"run": "r", "notebook": "n", "started_at": "2026-11-23T10:00:00.000Z", "mode": "act"}),
        ("cell.started", {"id": "change", "index": 1, "source": "change()", "execution_count": 1}),
        ("action.started", {**head, "target": "t", "danger": "side-effect", "approved_by": "mira", "lock": ""}),
        ("action.object", {**head, **seen, "object": "1@a"}),
        ("action.object", {**head, **seen, "object": "2@b", "phase": "intent", "outcome": None, "line": ""}),
    ]
    summary = write_record(tmp_path / "killed", events, forced="kernel_died")
    (ended,) = summary["actions"]
    assert (ended["outcome"], ended["approved_by"]) == ("unknown", "mira")
    assert "do not repeat" in ended["reason"]
    assert summary["changed"] == ["ended session 1"]
    assert {"id": "change", "state": "kernel_died"} in summary["cells"]
