"""PagerDuty: events, and the REST API."""

import pytest
from runbook.clients import choices
from runbook.clients.pagerduty import PagerDuty, PagerDutyEvents
from runbook.errors import SystemFault
from runbook.sandbox.telling import PAGERDUTY_POLICY
from runbook.sandbox.twins import pagerduty as twins
from vendor_contract.recording import Contract


def play_events(events, sandbox):
    events.trigger("INC-1", "Bookings fail", source="agency.test", severity="error")
    events.trigger("INC-1", "Bookings fail", source="agency.test", details={"run": "r"}, link="https://agency.test/r")
    events.acknowledge("INC-1")
    events.resolve("INC-1")
    with pytest.raises(SystemFault):
        events.door.write("POST", "/v2/enqueue", {"routing_key": "short", "event_action": "trigger"})


def play(pagerduty, sandbox):
    pagerduty.on_calls(PAGERDUTY_POLICY)
    assert [one.key for one in choices.pagerduty_policies(pagerduty.door)] == [PAGERDUTY_POLICY]
    pagerduty.pages("INC-1")
    assert pagerduty.door.text("/incidents?limit=101")[0] == 400


CONTRACTS = [
    Contract(
        "pagerduty_events", ("pagerduty-events.openapi.json",), PagerDutyEvents, (twins.EVENTS,),
        lambda systems: systems.pagerduty_events, play_events,
    ),
    Contract(
        "pagerduty", ("pagerduty-rest.openapi.json",), PagerDuty, (twins.VENDOR,), lambda systems: systems.pagerduty, play,
    ),
]  # fmt: skip
