"""The runs that were."""

import json
import time

import pytest


def summary(run: str, **change):
    return {
        "schema": 1, "run": run, "run_dir": "", "notebook": "sample-failure", "incident": "INC-1", "severity": "SEV-1",
        "environment": "production", "mode": "act", "interactive": False, "drill": False, "operator": "mira",
        "started_at": "2026-11-23T03:05:12.000Z", "ended_at": "", "seconds": 4.2, "status": "recovered", "exit_code": 0,
        "findings": [{"check": "site.health", "status": "ok", "summary": "answers 200"}],
        "causes": [{"name": "leak", "title": "sessions leak"}], "plans": [{"plan_id": "3f9a1c20"}],
        "actions": [{"action": "end_sessions", "plan_id": "3f9a1c20", "outcome": "done", "reason": ""}],
        "changed": ["ended session 4711"], "cells": [{"id": "a", "state": "completed"}], "versions": {}, "events": 9, "head": "",
        **change,
    }  # fmt: skip


@pytest.fixture
def runs(home):
    def add(number: int, group: str = "INC-1", notebook: str = "sample-failure", **change):
        name = f"20261123T{number:06d}Z-{notebook}-{number:04x}"
        folder = home / "runs" / group / name
        folder.mkdir(parents=True)
        told = summary(name, notebook=notebook, incident="" if group == "routine" else group, **change)
        (folder / "summary.json").write_text(json.dumps(told))
        return folder

    return add


def names(call, *words):
    code, out, _ = call("history", *words, "--json")
    assert code == 0
    return [one["run"][-4:] for one in json.loads(out)["runs"]]


def test_the_newest_comes_first_and_the_bulk_is_left_out(runs, call):
    runs(1), runs(2, "routine", "sample-check")
    _, out, _ = call("history", "--json")
    told = json.loads(out)["runs"]
    assert [one["run"][-4:] for one in told] == ["0002", "0001"]
    assert not {"findings", "plans", "cells"} & set(told[0])
    assert {"status", "causes", "actions", "changed"} <= set(told[0])


def test_filters_must_all_hold(runs, call):
    runs(1), runs(2, "routine", "sample-check"), runs(3, status="unresolved", exit_code=4)
    assert names(call, "--notebook", "sample-check") == ["0002"]
    assert names(call, "--status", "unresolved") == ["0003"]
    assert names(call, "--status", "healthy") == []
    assert names(call, "--notebook", "sample-failure", "--status", "recovered") == ["0001"]


@pytest.mark.parametrize("text", ["leak", "SESSION 4711", "3f9a1c20", "answers 200", "mira", "0001"])
def test_text_is_looked_for_in_what_people_remember(runs, call, text):
    runs(1)
    runs(2, causes=[], changed=[], actions=[], findings=[], operator="jonas")
    assert names(call, text) == ["0001"]


def test_a_run_that_was_never_closed_is_there(runs, call):
    folder = runs(1)
    (folder / "summary.json").unlink()
    (runs(2) / "summary.json").write_text("{torn")
    assert names(call, "--status", "not closed") == ["0002", "0001"]
    assert "not closed" in call("history")[1]


def test_one_incident_alone(runs, call):
    call("incident", "open", "INC-7", "--env", "production")
    runs(1), runs(2, "INC-7")
    assert names(call, "--incident", "INC-7") == ["0002"]


def test_no_runs_is_no_error(call):
    assert call("history", "--json") == (0, json.dumps({"runs": []}, indent=1) + "\n", "")
    assert "no runs" in call("history")[2]


def test_other_folders_are_no_runs(home, runs, call):
    runs(1)
    (home / "runs" / "INC-1" / "plans").mkdir()
    (home / "runs" / ".locks").mkdir()
    (home / "runs" / "notes.txt").touch()
    assert names(call) == ["0001"]


def test_ten_thousand_runs_take_less_than_five_seconds(runs, call):
    bulk = [{"check": f"module.check_{n}", "status": "ok", "summary": "x" * 80, "observed": n} for n in range(20)]
    for number in range(10_000):
        runs(number, f"INC-{number % 50}", findings=bulk)
    began = time.monotonic()
    assert len(names(call, "--status", "recovered")) == 10_000
    assert time.monotonic() - began < 5
