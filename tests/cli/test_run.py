"""``runbook run`` with a real kernel: parameters, incident, closing lines, exit codes, and the record it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENV = ("--env", "production")
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def summary(call):
    def run(*words):
        code, out, err = call("run", *words, *ENV, "--json")
        assert err == ""
        told = json.loads(out)
        assert "error" not in told, told
        assert told["exit_code"] == code
        return told

    return run


def injected(told):
    notebook = json.loads((Path(told["run_dir"]) / "notebook.ipynb").read_text())
    return next(cell["source"] for cell in notebook["cells"] if cell["id"] == "injected-parameters")


def test_a_routine_run_leaves_its_five_files(home, summary):
    told = summary("sample-check")
    assert (told["status"], told["exit_code"], told["mode"]) == ("healthy", 0, "rehearse")
    run_dir = home / "runs" / "routine" / told["run"]
    assert told["run_dir"] == str(run_dir)
    assert {path.name for path in run_dir.iterdir() if not path.name.startswith(".")} == {
        "notebook.ipynb", "journal.jsonl", "summary.json", "report.html", "MANIFEST.json",
    }  # fmt: skip


def test_the_record_verifies_silently_and_names_what_was_touched(home, summary, call):
    told = summary("sample-check")
    assert call("verify", "latest") == (0, "", "")
    assert call("verify", told["run"][-4:]) == (0, "", "")
    report = home / "runs" / "routine" / told["run"] / "report.html"
    report.write_text(report.read_text() + " ")
    code, out, err = call("verify", "latest")
    assert (code, out) == (4, "")
    assert "report.html" in err
    assert err.count("\n") == 1
    code, out, _ = call("verify", "latest", "--json")
    assert (code, json.loads(out)["whole"]) == (4, False)
    assert "ok journal" in call("verify", "latest", "-v")[1]


def test_a_run_recovers_only_once_it_is_closed_already(summary, call):
    told = summary("sample-check")
    code, out, _ = call("recover", "latest", "--json")
    assert (code, json.loads(out)["status"]) == (0, "healthy")
    assert json.loads(out)["run"] == told["run"]
    assert call("verify", "latest") == (0, "", "")


def test_later_sources_of_a_parameter_win(home, tmp_path, summary):
    (tmp_path / "a.yaml").write_text("count: 1\nshare: 0.25\nnames: [x]")
    (tmp_path / "b.json").write_text('{"count": 2, "mode": "act"}')
    told = summary("sample-check", "-f", "a.yaml", "-f", "b.json", "-p", "deep", "false", "-p", "deep", "true",
                   "--mode", "rehearse")  # fmt: skip
    source = injected(told)
    for line in ("count = 2", "share = 0.25", "names = ['x']", "deep = True", "mode = 'rehearse'"):
        assert line in source.splitlines()


def test_a_respond_run_files_under_the_open_incident(home, summary, call):
    call("incident", "open", "INC-7", *ENV)
    told = summary("sample-failure", "--severity", "SEV-0")
    assert (told["incident"], told["severity"]) == ("INC-7", "SEV-0")
    assert (home / "runs" / "INC-7" / told["run"]).is_dir()


def test_a_new_incident_is_opened_by_its_id(summary):
    assert summary("sample-failure", "--incident", "INC-9")["incident"] == "INC-9"


def test_the_incident_says_the_environment(call):
    call("incident", "open", "INC-7", *ENV)
    code, out, _ = call("run", "sample-failure", "--json")
    assert (code, json.loads(out)["environment"]) == (0, "production")


def test_the_variable_says_the_environment_and_the_option_beats_it(call, monkeypatch):
    monkeypatch.setenv("RUNBOOK_ENV", "production")
    assert json.loads(call("run", "sample-check", "--json")[1])["environment"] == "production"
    monkeypatch.setenv("RUNBOOK_ENV", "nope")
    assert call("run", "sample-check")[0] == 2
    assert call("run", "sample-check", *ENV)[0] == 0


def test_records_go_where_they_are_asked_to(home, tmp_path, summary, call):
    told = summary("sample-check", "--runs", tmp_path / "elsewhere")
    assert Path(told["run_dir"]).parent == tmp_path / "elsewhere" / "routine"
    assert not (home / "runs").exists()
    assert call("verify", "latest", "--runs", tmp_path / "elsewhere")[0] == 0
    assert call("verify", told["run_dir"])[0] == 0


def test_an_approval_that_matched_nothing_is_refused(summary):
    told = summary("sample-check", "--mode", "act", "--approve", "end_sessions")
    assert (told["status"], told["exit_code"]) == ("refused", 3)


def test_a_cell_that_fails_is_exit_1_and_the_notebook_still_closes(new_notebook, summary):
    new_notebook("routine", "broken", "1 / 0")
    told = summary("broken")
    assert (told["status"], told["exit_code"]) == ("failed", 1)
    states = {cell["id"]: cell["state"] for cell in told["cells"]}
    assert (states["body"], states["close"]) == ("failed", "completed")


def test_a_notebook_that_cannot_open_its_run_leaves_no_folder(home, new_notebook, call):
    path = new_notebook("respond", "odd", "1")
    path.write_text(path.read_text().replace('open_run(\\"odd\\"', 'open_run(\\"nope\\"'))
    code, _, err = call("run", "odd", *ENV, "--incident", "INC-3")
    assert code == 2
    assert "no notebook 'nope'" in err
    assert err.count("\n") == 1
    assert not list((home / "runs").glob("*/*"))
    assert not (home / "runs" / "INC-3").exists()


def test_time_is_bounded(new_notebook, summary):
    new_notebook("routine", "slow", "import time; time.sleep(60)")
    began = time.monotonic()
    told = summary("slow", "--cell-timeout", "3")
    assert (told["status"], told["exit_code"]) == ("timed_out", 124)
    assert time.monotonic() - began < 20


def test_the_closing_lines_say_how_it_ended_and_where_the_record_is(call):
    code, out, _ = call("run", "sample-check", *ENV)
    lines = out.splitlines()
    assert code == 0
    assert "status: healthy (exit code 0)" in lines
    assert "changed: nothing" in lines
    assert lines[-1].startswith("record: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_a_closed_record(home, new_notebook, number, code):
    new_notebook(
        "routine", "slow", f"import os, time; open({str(home / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    line = [sys.executable, "-m", "runbook.cli.main", "run", "slow", *ENV, "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        give_up = time.monotonic() + 30
        while not (home / "pid").exists() or not (home / "pid").read_text():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert json.loads(out)["status"] == "interrupted"
    with pytest.raises(ProcessLookupError):
        os.kill(int((home / "pid").read_text()), 0)


def test_a_run_whose_runner_was_killed_is_closed_by_recover(home, new_notebook, call):
    new_notebook("routine", "slow", f"open({str(home / 'began')!r}, 'w').close()\nimport time; time.sleep(60)")
    line = [sys.executable, "-m", "runbook.cli.main", "run", "slow", *ENV, "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        give_up = time.monotonic() + 30
        while not (home / "began").exists():
            assert time.monotonic() < give_up
            time.sleep(0.05)
        process.kill()
    code, out, _ = call("history", "--json")
    assert (code, json.loads(out)["runs"][0]["status"]) == (0, "not closed")
    assert call("verify", "latest")[0] == 4
    code, out, err = call("recover", "latest", "--json")
    assert (code, err, json.loads(out)["status"]) == (130, "", "interrupted")
    assert {cell["id"]: cell["state"] for cell in json.loads(out)["cells"]}["body"] == "interrupted"
    assert call("verify", "latest") == (0, "", "")


def test_an_incident_that_was_opened_a_moment_before_outlives_a_run_that_never_was(home, new_notebook, call):
    path = new_notebook("respond", "odd", "1")
    path.write_text(path.read_text().replace('open_run(\\"odd\\"', 'open_run(\\"nope\\"'))
    call("incident", "open", "INC-1", *ENV)
    assert call("run", "odd", "--incident", "INC-1", *ENV)[0] == 2
    assert [path.name for path in (home / "runs" / "INC-1").iterdir()] == ["incident.jsonl"]
