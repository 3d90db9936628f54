"""``runbook approve``: one person's approval of one plan; names are claims, and said to be."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from runbook import approval, incident
from runbook.incident import Desk
from runbook.model import Danger, Plan, PlannedObject
from runbook.record.mask import Masker
from runbook.times import Times, parse_iso

PLAN = Plan(
    "restart_project", Danger.DISRUPTIVE, "production", "ref", {}, (PlannedObject("ref"),), ("minutes of downtime",)
)


@pytest.fixture
def kept(home):
    """A plan beside an open incident, made so many minutes ago."""
    runs = home / "runs"
    desk = Desk(runs, "mira", Times())
    incident.open_incident(desk, environment="production", issue_type="database", severity="SEV-2", incident_id="INC-1")

    def keep(minutes_ago=0.0):
        made_at = Times().now() - timedelta(minutes=minutes_ago)
        return approval.keep_plan(PLAN, runs / "INC-1", Masker({}, b"key"), made_at)

    return keep


def test_it_says_what_it_approves_by_whom_and_until_when(kept, call):
    kept()
    code, out, _ = call("approve", f"restart_project@{PLAN.plan_id}", "--as", "grace", "--reason", "seen it")
    assert code == 0
    assert "restart_project (disruptive) on ref in production, 1 object:" in out
    assert "costs: minutes of downtime" in out
    assert "approved by grace (name taken from --as, unsigned)" in out
    assert "two different people must approve this plan" in out


def test_the_json_is_the_contract_s_and_the_file_is_one_that_counts(kept, call, home):
    kept()
    told = json.loads(call("approve", PLAN.plan_id, "--json")[1])
    assert set(told) == {"plan_id", "approver", "expires_at", "path"}
    assert told["approver"] == "mira"
    row = json.loads(Path(told["path"]).read_text())
    assert {"plan_id", "action", "target", "approver", "at", "expires_at", "reason", "signature"} <= set(row)
    now = parse_iso(row["at"])
    (one,) = approval.from_files(home / "runs/INC-1", PLAN, valid=timedelta(minutes=30), now=now)
    assert (one.approver, one.refused) == ("mira", "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("00000000",), 2, "no plan '00000000'"),
        (("../../etc",), 2, "no plan"),
        ((PLAN.plan_id, "--key", "id_ed25519"), 2, "not signed yet"),
        ((PLAN.plan_id, "--as", ""), 0, ""),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(kept, call, home, words, code, said):
    kept()
    ended, _, err = call("approve", *words)
    assert (ended, len(err.splitlines())) == (code, 1 if code else 0)
    assert said in err
    assert bool(list((home / "runs/INC-1").glob("approvals/*/*"))) == (code == 0)


def test_a_plan_that_is_too_old_or_of_a_closed_incident_is_refused(kept, call, home):
    kept(31)
    code, _, err = call("approve", PLAN.plan_id)
    assert (code, "31 minutes ago" in err) == (3, True)
    kept()
    incident.close(Desk(home / "runs", "mira", Times()), "INC-1")
    code, _, err = call("approve", PLAN.plan_id)
    assert (code, "INC-1 is closed" in err) == (3, True)
    assert not (home / "runs/INC-1/approvals").exists()


def test_a_secret_in_the_reason_is_masked(kept, call, home, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "correct-horse-battery-staple")
    kept()
    told = json.loads(call("approve", PLAN.plan_id, "--reason", "it says correct-horse-battery-staple", "--json")[1])
    assert "battery" not in Path(told["path"]).read_text()
