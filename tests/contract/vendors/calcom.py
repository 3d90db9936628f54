"""Cal.com's API v2."""

import pytest
from runbook.clients.calcom import Calcom
from runbook.errors import SystemFault
from runbook.sandbox.twins import calcom as twins
from vendor_contract.recording import Contract

LONG_AGO = "2020-01-01T00:00:00.000Z"
BOOKINGS = {"cal-api-version": "2024-08-13"}


def play(calcom, sandbox):
    user = calcom.me()
    (hook,) = calcom.webhooks()
    calcom.webhook(hook.hook_id)
    assert not calcom.update_webhook(hook.hook_id, active=False, url=hook.url).is_active
    assert calcom.organization_webhooks(user.organization_id)
    found = calcom.bookings(LONG_AGO, most=3)
    assert calcom.event_type_webhooks(found.rows[0].event_type_id)
    calcom.booking(found.rows[0].uid)
    assert calcom.whole_booking(found.rows[0].uid)[1]["attendees"]
    assert all(one.is_readable for one in calcom.calendars())
    assert calcom.calendar_complaint("google") == ""
    assert "not found" in calcom.calendar_complaint("office365")
    with pytest.raises(SystemFault):
        calcom.booking("1")
    with pytest.raises(SystemFault):
        calcom.organization_webhooks("78")
    with pytest.raises(SystemFault):
        calcom.event_type_webhooks("102")
    with pytest.raises(SystemFault):
        calcom.door.read("/v2/bookings", {"take": 0}, headers=BOOKINGS)


CONTRACTS = [
    Contract("calcom", ("calcom.openapi.json",), Calcom, (twins.VENDOR,), lambda systems: systems.calcom, play)
]
