"""An incident from the command line."""

import json

import pytest


@pytest.fixture
def incident(call):
    def told(*words):
        code, out, err = call("incident", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return told


def test_an_incident_is_opened_with_its_clock(incident):
    told = incident("open", "--env", "production", "--type", "database", "--severity", "SEV-0")
    assert told["incident"].startswith("INC-")
    assert (told["severity"], told["lead"], told["closed_at"]) == ("SEV-0", "mira", None)
    assert told["escalation"]["due_at"] > told["noticed_at"]


def test_severity_notes_and_handover_are_in_the_log(incident):
    incident("open", "INC-7", "--env", "production")
    incident("severity", "INC-7", "SEV-2", "--reason", "only one customer")
    incident("note", "it began after the deployment")
    told = incident("handover", "INC-7", "jonas", "--text", "leak found")
    assert (told["severity"], told["lead"]) == ("SEV-2", "jonas")
    assert [one["event"] for one in told["log"]] == [
        "incident.opened", "incident.severity", "incident.note", "incident.handover",
    ]  # fmt: skip


def test_a_closed_incident_takes_no_more_changes(incident, call):
    incident("open", "INC-7", "--env", "production")
    assert incident("close", "--text", "all is well")["closed_at"]
    code, _, err = call("incident", "severity", "INC-7", "SEV-0")
    assert code == 2
    assert "closed" in err
    assert incident("show", "INC-7")["log"][-1]["data"]["text"] == "all is well"


def test_an_id_is_used_once(incident, call):
    incident("open", "INC-7", "--env", "production")
    code, _, err = call("incident", "open", "INC-7", "--env", "production")
    assert (code, "there already" in err) == (2, True)


def test_with_two_open_the_id_is_asked_for(incident, call):
    incident("open", "INC-7", "--env", "production")
    incident("open", "INC-8", "--env", "production")
    code, _, err = call("incident", "note", "which one")
    assert (code, "INC-7, INC-8" in err) == (2, True)


def test_it_reads_well(call):
    call("incident", "open", "INC-7", "--env", "production", "--type", "database")
    _, out, _ = call("incident", "show")
    assert "INC-7 SEV-1 database in production: open, T+00:00" in out
    assert "next: " in out


def test_a_secret_in_a_note_is_masked(home, call, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "correct-horse-battery-staple")
    call("incident", "open", "INC-1", "--env", "production")
    assert call("incident", "note", "INC-1", "it was correct-horse-battery-staple")[0] == 0
    text = (home / "runs" / "INC-1" / "incident.jsonl").read_text()
    assert "battery" not in text
    assert "[STRIPE_SECRET_KEY:" in text
