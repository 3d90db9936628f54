"""Opening a run: what is wrong is one line and leaves nothing; what is open already is gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runbook import catalogue, incident, open_run
from runbook.errors import Refused, RunbookError, SettingError
from runbook.headless import folder
from runbook.incident import Desk
from runbook.record.journal import read


def everything(home):
    return sorted(str(path) for path in home.path.rglob("*"))


@pytest.fixture
def sample(home):
    """The procedure, to be opened in this process."""
    home.write("1 + 1")
    home.opened = []

    def opened(**options):
        run = open_run("sample", **{"environment": "plain", **options})
        home.opened.append(run)
        return run

    home.open = opened
    yield home
    for run in home.opened:
        getattr(run, "_journal", run).close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "pretend"}, "mode is 'pretend'"),
        ({"environment": "../environments/plain"}, "no environment"),
        ({"environment": "prod"}, "no environment 'prod'; there are plain"),
        ({"incident": "../x"}, "'../x' is not an incident id"),
        ({"incident": "a/b"}, "is not an incident id"),
        ({"incident": "routine"}, "is not an incident id"),
        ({"incident": "INC-7", "approve": "end sessions"}, "'end sessions' is not an approval"),
        ({"approve": "end@xyz"}, "'end@xyz' is not an approval"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(sample, options, says):
    before = everything(sample)
    with pytest.raises(RunbookError, match=says) as refused:
        sample.open(**options)
    assert "\n" not in str(refused.value)
    assert everything(sample) == before


def test_a_run_folder_that_is_not_there_is_said_and_not_made(sample, monkeypatch):
    monkeypatch.setenv("RUNBOOK_RUN", str(sample.path / "runs" / "routine" / "gone"))
    before = everything(sample)
    with pytest.raises(SettingError, match="no such run folder"):
        sample.open()
    assert everything(sample) == before


def test_the_folder_of_another_notebook_is_not_gone_on_with(sample, monkeypatch):
    first = sample.open()
    first._journal.close()
    other = sample.path / "notebooks" / "routine" / "other.ipynb"
    other.write_text((sample.path / "notebooks" / "routine" / "sample.ipynb").read_text())
    monkeypatch.setenv("RUNBOOK_RUN", str(first.facts.run_dir))
    before = everything(sample)
    with pytest.raises(SettingError, match="holds a run of sample"):
        open_run("other", environment="plain")
    assert everything(sample) == before


def test_the_same_folder_is_gone_on_with_until_it_is_closed(sample, monkeypatch):
    first = sample.open()
    first._journal.close()
    monkeypatch.chdir(first.facts.run_dir)  # as JupyterLab does with a dated copy
    again = sample.open()
    assert again.facts.run_dir == first.facts.run_dir
    assert [entry.event for entry in read(first.facts.run_dir / "journal.jsonl")] == ["run.opened", "run.attached"]
    again._journal.append(
        "run.closed", {"status": "healthy", "exit_code": 0, "ended_at": "", "seconds": 0, "reason": ""}
    )
    again._journal.close()
    closed = sample.open()
    assert "This run is closed" in repr(closed)
    assert "This run is closed" in repr(closed.check().plan().apply())
    assert len(read(first.facts.run_dir / "journal.jsonl")) == 3


def test_two_processes_cannot_have_one_run(sample, monkeypatch):
    first = sample.open()
    monkeypatch.setenv("RUNBOOK_RUN", str(first.facts.run_dir))
    with pytest.raises(Refused, match="another process writes this record"):
        sample.open()


def test_a_run_about_an_incident_files_under_it_and_opens_it_when_it_is_new(sample):
    first = sample.open(incident="INC-7")
    assert first.facts.run_dir.parent == sample.runs / "INC-7"
    assert incident.load(sample.runs, "INC-7").severity == incident.DEFAULT_SEVERITY
    incident.set_severity(Desk(sample.runs, "mira"), "INC-7", "SEV-2")
    second = sample.open(incident="INC-7")
    assert second.facts.run_dir != first.facts.run_dir
    assert read(second.facts.run_dir / "journal.jsonl")[0].data["severity"] == "SEV-2"


def test_a_closed_incident_takes_no_run(sample):
    desk = Desk(sample.runs, "mira")
    incident.open_incident(desk, environment="plain", issue_type="database", incident_id="INC-8")
    incident.close(desk, "INC-8")
    before = everything(sample)
    with pytest.raises(SettingError, match="incident INC-8 is closed"):
        sample.open(incident="INC-8")
    assert everything(sample) == before


def test_an_incident_of_another_environment_takes_no_run(sample):
    (sample.path / "params" / "environments" / "other.yaml").write_text("sandbox: false\n")
    incident.open_incident(Desk(sample.runs, "mira"), environment="other", issue_type="database", incident_id="INC-9")
    before = everything(sample)
    with pytest.raises(SettingError, match="INC-9 is about other, not plain"):
        sample.open(incident="INC-9")
    assert everything(sample) == before


def test_a_prepared_folder_is_opened_not_attached(sample, monkeypatch):
    run_dir = folder.prepare(sample.request(), folder.Times())
    monkeypatch.setenv("RUNBOOK_RUN", str(run_dir))
    sample.open()
    assert [entry.event for entry in read(run_dir / "journal.jsonl")] == ["run.opened"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-p", "coutn", "2"), "sample: no parameter 'coutn'"),
        (("-p", "count", "two"), "sample: count is 'two', it takes int"),
        (("-p", "mode", "1"), "sample: mode is 1, it takes str"),
        (("-p", "approve", "end sessions"), "'end sessions' is not an approval"),
        (("-p", "incident", "../x"), "'../x' is not an incident id"),
        (("-y", "{names: [1, 2]}"), "sample: names is [1, 2], it takes list[str]"),
        (("-y", "{names: {a: 1}}"), "sample: names is {'a': 1}, it takes list[str]"),
    ],
)
def test_plain_papermill_stops_with_one_line_and_leaves_nothing(home, words, says):
    home.write("print('never')")
    path = home.path / "notebooks" / "routine" / "sample.ipynb"
    notebook = json.loads(path.read_text())
    parameters = next(cell for cell in notebook["cells"] if cell["id"] == "parameters")
    parameters["source"] += "\nnames: list[str] = []  # Whom"
    path.write_text(json.dumps(notebook))
    assert catalogue.get(home.path, "sample").parameters[-1].type == "list[str]"
    out = home.path / "out.ipynb"
    line = [sys.executable, "-m", "papermill", "--no-progress-bar", str(path), str(out), "-p", "environment", "plain"]
    done = subprocess.run([*line, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    opening = next(cell for cell in json.loads(out.read_text())["cells"] if cell["id"] == "open")
    (error,) = opening["outputs"]
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].startswith("SettingError: ")
    assert says in error["traceback"][0]
    assert "\n" not in error["traceback"][0]
    assert not home.runs.exists()
    assert not Path(home.path / ".runbook").exists()
