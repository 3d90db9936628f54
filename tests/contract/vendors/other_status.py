"""Public status pages that no document describes: Cal.com's (OpenStatus) and Slack's own."""

from runbook.clients.other_status import OpenStatusPage, SlackStatusPage
from runbook.sandbox.twins import other_status as twins
from vendor_contract.recording import Contract


def play_calcom(page, sandbox):
    assert page.summary().indicator == "none"
    assert page.door.text("/api/v2/summary.json")[0] == 404
    sandbox.break_({"vendor_incident": {"system": "calcom"}})
    assert page.summary().indicator == "minor"


def play_slack(page, sandbox):
    assert page.summary().incidents == ()
    sandbox.break_({"vendor_incident": {"system": "slack"}})
    (incident,) = page.summary().incidents
    assert incident.components == ("Apps/Integrations/APIs",)


CONTRACTS = [
    Contract(
        "calcom_status", (), OpenStatusPage, (twins.CALCOM,), lambda systems: systems.status_pages["calcom"], play_calcom,
    ),
    Contract(
        "slack_status", (), SlackStatusPage, (twins.SLACK,), lambda systems: systems.status_pages["slack"], play_slack,
    ),
]  # fmt: skip
