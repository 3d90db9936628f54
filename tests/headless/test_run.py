"""Runs that go as the notebook says: to the end, into an error, or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from runbook import headless
from runbook.errors import RecordError
from runbook.headless import folder
from runbook.record import room

FIVE = {"notebook.ipynb", "journal.jsonl", "summary.json", "report.html", "MANIFEST.json"}
SECRET = "correct-horse-battery-staple"


def test_a_run_leaves_five_files_that_verify(home):
    end = home.run("print('so far so good')", "6 * 7")
    assert (end.status, end.exit_code) == ("healthy", 0)
    assert {path.name for path in end.run_dir.iterdir()} == FIVE
    assert home.is_whole(end.run_dir)
    assert set(home.states(end.run_dir).values()) == {"completed"}
    assert end.summary == json.loads((end.run_dir / "summary.json").read_text())


def test_the_log_names_each_cell_and_shows_its_text(home):
    home.run("print('so far so good')", "6 * 7")
    assert "step-0\nso far so good\n" in home.text
    assert "step-1\n42\n" in home.text


def test_a_reader_who_leaves_does_not_stop_the_run(home):
    def gone(_text: str) -> None:
        raise BrokenPipeError

    home.write("1 + 1")
    assert headless.run(home.request(), show=gone).status == "healthy"


def test_parameters_are_injected_behind_their_defaults_and_recorded(home):
    end = home.run("print('count', count)", parameters={"count": 3})
    assert "count 3" in home.outputs(end.run_dir, "step-0")
    notebook = json.loads((end.run_dir / "notebook.ipynb").read_text())
    injected = next(cell for cell in notebook["cells"] if cell["id"] == "injected-parameters")
    assert injected["metadata"]["tags"] == ["injected-parameters"]
    assert "count = 3" in injected["source"]
    assert home.journal(end.run_dir)[0].data["parameters"]["count"] == 3


def test_a_cell_that_raises_stops_the_run_but_the_record_is_closed(home):
    end = home.run("1 / 0", "print('never')")
    assert (end.status, end.exit_code) == ("failed", 1)
    found = home.states(end.run_dir)
    assert [found[name] for name in ("open", "step-0", "step-1", "close")] == [
        "completed", "failed", "not_run", "completed",
    ]  # fmt: skip
    assert home.is_whole(end.run_dir)
    assert home.journal(end.run_dir)[-1].data["reason"] == "step-0: ZeroDivisionError: division by zero"


@pytest.mark.parametrize("leaving", ["import sys; sys.exit(0)", "exit()"])
def test_leaving_in_the_middle_is_a_failure(home, leaving):
    end = home.run(leaving, "print('never')")
    assert (end.status, end.exit_code) == ("failed", 1)
    assert home.states(end.run_dir)["step-1"] == "not_run"


def test_a_question_to_nobody_is_an_error_at_once(home):
    end = home.run("input('sure? ')")
    assert end.exit_code == 1
    assert "StdinNotImplementedError" in home.outputs(end.run_dir, "step-0")


def test_a_wrong_setting_leaves_no_folder_and_one_line(home):
    end = home.run("1 + 1", parameters={"mode": "pretend"})
    assert (end.exit_code, end.run_dir, end.status) == (2, None, "")
    assert end.line == "sample: mode is 'pretend'. Next: rehearse or act"
    assert not home.runs.exists()


def test_a_wrong_setting_after_the_opening_is_a_failure_with_a_record(home):
    end = home.run("from runbook.errors import SettingError\nraise SettingError('later')")
    assert (end.status, end.exit_code) == ("failed", 1)
    assert home.is_whole(end.run_dir)


def test_a_notebook_that_never_opens_its_run_has_a_record_with_its_output(home):
    end = home.run("print('hello')", "from IPython.display import display; display(1); 2", opens=False)
    assert (end.status, end.exit_code) == ("healthy", 0)
    assert home.is_whole(end.run_dir)
    assert "hello" in home.outputs(end.run_dir, "step-0")
    assert end.summary["notebook"] == "sample"
    assert end.summary["seconds"] > 0


def test_an_error_before_the_opening_is_in_the_record(home):
    end = home.run("import no_such_library", opens=False)
    assert end.exit_code == 1
    assert "ModuleNotFoundError" in home.outputs(end.run_dir, "step-0")
    assert home.is_whole(end.run_dir)


def test_a_secret_is_masked_on_the_screen_and_in_every_file_also_without_an_opening(home, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", SECRET)
    end = home.run(
        "import os; print(os.environ['STRIPE_SECRET_KEY'])",
        "print('correct-horse-', end='', flush=True); import time; time.sleep(.3); print('battery-staple')",
        "raise RuntimeError(os.environ['STRIPE_SECRET_KEY'])", opens=False,
    )  # fmt: skip
    assert end.exit_code == 1
    for path in end.run_dir.rglob("*"):
        assert SECRET not in path.read_text(), path
    assert SECRET not in home.outputs(end.run_dir, "step-1").replace('", "', "")
    assert "[STRIPE_SECRET_KEY:" in home.text


def test_the_working_directory_cannot_stand_in_for_a_library(home):
    (home.path / "fractions.py").write_text("raise RuntimeError('not the real one')\n")
    assert home.run("import fractions; fractions.Fraction(1, 2)", opens=False).exit_code == 0


def test_cells_without_ids_and_with_the_same_id_are_told_apart(home):
    home.write("1", "2", opens=False)
    path = home.path / "notebooks" / "routine" / "sample.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["id"] = notebook["cells"][-2]["id"] = "same"
    del notebook["cells"][0]["id"]
    path.write_text(json.dumps(notebook))
    end = headless.run(home.request())
    assert len(set(home.states(end.run_dir))) == 4
    assert home.is_whole(end.run_dir)


def test_what_a_cell_started_ends_with_the_run(home):
    end = home.run(
        "import subprocess",
        "plain = subprocess.Popen(['sleep', '60'])",
        "apart = subprocess.Popen(['sleep', '60'], start_new_session=True)",
        "print(plain.pid, apart.pid)", opens=False,
    )  # fmt: skip
    pids = json.loads(home.outputs(end.run_dir, "step-3"))[0]["text"].split()
    assert all(home.is_gone(int(pid)) for pid in pids)


def test_prepare_makes_the_folder_that_open_shows(home):
    home.write("1")
    run_dir = headless.prepare(home.request(parameters={"count": 2}), folder.Times())
    assert {path.name for path in run_dir.iterdir()} == {"notebook.ipynb", "journal.jsonl"}
    assert (run_dir / "journal.jsonl").stat().st_size == 0
    assert run_dir.stat().st_mode & 0o777 == 0o700


def test_a_disk_that_is_all_but_full_is_said_before_anything_runs(home, monkeypatch):
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 2**80)
    with pytest.raises(RecordError, match="are free"):
        home.run("1")
    assert not home.runs.exists()


def test_a_record_that_cannot_be_begun_is_74_and_leaves_no_folder(home):
    """A file size limit stands for a full disk: the same error from the same call."""
    home.write("1")
    limited = (
        "import resource, sys; from runbook.cli.main import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)); sys.exit(main(['run', 'sample', '--env', 'plain']))"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 74
    assert "cannot begin a record: File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(home.runs.glob("*/*"))


def test_a_journal_that_cannot_be_written_is_unrecorded(home):
    """A file size limit in the kernel stands for a full disk: the same error from the same call."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))"
    end = home.run(limit, "print('x' * 50_000)", "print('never')", cell_timeout_seconds=15)
    assert (end.status, end.exit_code) == ("unrecorded", 74)
    assert home.is_whole(end.run_dir)


def test_cost_of_a_cell_does_not_grow_with_their_number(home):
    end = home.run(*(f"print({number} * 'x')" for number in range(60)), opens=True)
    seconds = [e.data["seconds"] for e in home.journal(end.run_dir) if e.event == "cell.finished"]
    assert len(seconds) == 64
    early, late = sorted(seconds[5:20])[7], sorted(seconds[45:60])[7]
    assert late < 3 * early + 0.005


def test_the_environment_of_the_kernel_names_the_run_and_the_operator(home):
    end = home.run("import os; print({k: os.environ[k] for k in ('RUNBOOK_OPERATOR', 'RUNBOOK_SUPERVISED')})")
    assert "'RUNBOOK_OPERATOR': 'mira', 'RUNBOOK_SUPERVISED': '1'" in home.outputs(end.run_dir, "step-0")
    assert "RUNBOOK_SUPERVISED" not in os.environ
