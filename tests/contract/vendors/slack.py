"""Slack's Web API: its document is Swagger 2 of 2021, the newest there is."""

import pytest
from runbook.clients import choices
from runbook.clients.slack import Slack
from runbook.errors import SystemFault
from runbook.sandbox.twins import slack as twins
from vendor_contract.recording import Contract


def play(slack, sandbox):
    slack.workspace()
    assert "C0INCIDENTS" in [one.key for one in choices.slack_channels(slack.door)]
    slack.channel("C0INCIDENTS")
    root = slack.post("C0INCIDENTS", "SEV-1: bookings fail")
    slack.post("C0INCIDENTS", "rolled back", thread_ts=root.ts)
    for refused in ("C0NOWHERE0", "C0LEADERS00", "C0OLDTEAM00"):
        with pytest.raises(SystemFault):
            slack.post(refused, "nobody reads this")
    with pytest.raises(SystemFault):
        slack.channel("C0NOWHERE0")


CONTRACTS = [
    Contract(
        "slack", ("slack.openapi.json",), Slack, (twins.VENDOR,), lambda systems: systems.slack, play, base="/api",
    )
]  # fmt: skip
