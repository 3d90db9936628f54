"""Sentry's API."""

import time

from runbook.clients import choices
from runbook.clients.sentry import Sentry
from runbook.sandbox.twins import sentry as twins
from vendor_contract.recording import Contract

ORGANIZATION = "/api/0/organizations/agency"


def play(sentry, sandbox):
    sandbox.break_("flag_raises_errors")
    give_up = time.monotonic() + 20
    while not sentry.issues(query="is:unresolved", period="24h", limit=5):  # an empty list would prove nothing of a row
        assert time.monotonic() < give_up, "the broken site raised no error"
        time.sleep(0.2)
    sentry.project()
    sentry.scopes()
    assert [one.key for one in choices.sentry_projects(sentry.door, "agency")] == ["agency-site"]
    sentry.count(period="2h", query="level:error")
    sentry.time_line(period="1h", query="level:error")
    sentry.outcomes(period="24h")
    assert sentry.door.text(f"{ORGANIZATION}/events/?dataset=errors")[0] == 400
    assert sentry.door.text("/api/0/projects/agency/other/")[0] == 404


CONTRACTS = [
    Contract("sentry", ("sentry.openapi.json",), Sentry, (twins.VENDOR,), lambda systems: systems.sentry, play)
]
