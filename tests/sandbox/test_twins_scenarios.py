"""Scenario files: complete, known names only, and what the contract promises is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook import catalogue
from runbook.errors import SettingError
from runbook.places import root
from runbook.sandbox import faults, scenarios

CONTRACT = [
    "healthy",
    "idle-transaction-leak",
    "forgotten-lock",
    "runaway-statement",
    "postgres-stopped",
    "disk-full",
    "status-page-false-alarm",
    "management-api-hanging",
    "management-api-401",
    "management-api-html",
    "pooler-refuses",
    "wrong-target",
    "leak-and-vendor-outage",
    "busy-clients",
]
# PostgreSQL starts anew in these: no session can be the same one afterwards.
NEWLY_STARTED = ("postgres-stopped", "mass-delete-recovered", "recovery-slack-and-mail-down")
EXIT_CODES = {"healthy": 0, "recovered": 0, "refused": 3, "unresolved": 4, "unknown": 5}


def test_the_contracts_scenarios_are_there() -> None:
    assert set(CONTRACT) <= set(scenarios.names())


@pytest.mark.parametrize("name", scenarios.names())
def test_a_scenario_is_complete_and_its_faults_are_known(name: str) -> None:
    scenario = scenarios.load(name)
    faults.check(scenario.faults)
    assert scenario.title and catalogue.get(root(), scenario.notebook) and scenario.mode in ("act", "rehearse")
    assert scenario.expect.exit_code == EXIT_CODES[scenario.expect.status]
    assert scenario.expect.first == (scenario.expect.causes[0] if scenario.expect.causes else None)
    assert {each.split("@")[0] for each in scenario.approve} <= set(scenario.expect.actions)
    assert "nightly-report" in scenario.expect.survives or name in NEWLY_STARTED


def test_a_notebooks_scenarios_are_found() -> None:
    assert "idle-transaction-leak" in scenarios.of_notebook("respond/database-failure")
    assert "bad-deployment" in scenarios.of_notebook("deployment-rollback")
    assert scenarios.of_notebook("nope") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: other\n", "is named 'other'"),
        ("name: odd\nsurprise: 1\n", "unknown key 'surprise'"),
        ("name: odd\ntitle: t\nnotebook: n\nexpect: {status: healthy, exit_code: 0, luck: 7}\n", "unknown key 'luck'"),
        ("name: odd\ntitle: t\nnotebook: n\nexpect: {status: healthy}\n", "not complete"),
        ("name: odd\ntitle: t\nnotebook: n\nexpect: {status: healthy, exit_code: 0}\nfaults: [7]\n", "not a fault"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    folder = tmp_path / scenarios.FOLDER
    folder.mkdir(parents=True)
    (folder / "odd.yaml").write_text(text)
    with pytest.raises(SettingError, match=said) as caught:
        scenarios.load("odd", tmp_path)
    assert "odd.yaml" in caught.value.where


def test_an_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(SettingError, match="idle-transaction-leak"):
        scenarios.load("earthquake")
