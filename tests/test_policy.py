"""The policy: the shipped tables, and the customer's own laid over them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from runbook import catalogue, policy
from runbook.errors import SettingError

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "params" / "policy", tmp_path / "params" / "policy")
    (tmp_path / "params/local/policy").mkdir(parents=True)
    return tmp_path


def test_what_the_customer_says_counts_and_the_rest_stays(home: Path) -> None:
    shipped = policy.load(home)
    (home / "params/local/policy/thresholds.yaml").write_text("connection_pool: {critical: 90}\n")
    (home / "params/local/policy/escalation.yaml").write_text("issue_types: {database: {primary: night shift}}\n")
    (home / "params/local/policy/approvals.yaml").write_text("two_people: []\n")
    ours = policy.load(home)
    assert (ours.threshold("connection_pool").critical, shipped.threshold("connection_pool").critical) == (90, 80)
    assert ours.threshold("connection_pool").warning == shipped.threshold("connection_pool").warning
    assert ours.issue_type("database").primary == "night shift"
    assert ours.issue_type("database").backup == shipped.issue_type("database").backup
    assert ours.issue_type("payment") == shipped.issue_type("payment")
    assert (ours.two_people, ours.approval_minutes) == ((), shipped.approval_minutes)


def test_a_word_that_nobody_knows_is_named(home: Path) -> None:
    (home / "params/local/policy/thresholds.yaml").write_text("connection_pool: {critcal: 90}\n")
    with pytest.raises(SettingError, match="critcal"):
        policy.load(home)


def test_the_customers_folders_are_empty_in_what_we_ship() -> None:
    ours = ["ls-files", "notebooks/local", "params/local", "contacts.yaml", "params/environments/production.yaml"]
    done = subprocess.run(["git", "-C", str(CHECKOUT), *ours], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_a_procedure_of_the_customers_is_found(home: Path) -> None:
    (home / "notebooks/local").mkdir(parents=True)
    shutil.copy(CHECKOUT / "notebooks/respond/database-failure.ipynb", home / "notebooks/local/our-failover.ipynb")
    assert [(one.name, one.category) for one in catalogue.find(home)] == [("our-failover", "local")]
