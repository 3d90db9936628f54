"""LaunchDarkly's REST API."""

import time

import pytest
from runbook.clients import choices
from runbook.clients.launchdarkly import LaunchDarkly
from runbook.errors import SystemFault
from runbook.sandbox.twins import launchdarkly_usage as twins
from vendor_contract.recording import Contract


def play(launchdarkly, sandbox):
    launchdarkly.environment()
    assert [one.key for one in choices.launchdarkly_projects(launchdarkly.door)] == ["agency"]
    assert [one.key for one in choices.launchdarkly_environments(launchdarkly.door, "agency")] == ["production"]
    launchdarkly.flags()
    launchdarkly.flag("booking-calendar")
    launchdarkly.turn("booking-calendar", on=False, comment="bookings fail", dry_run=True)
    launchdarkly.turn("booking-calendar", on=False, comment="bookings fail", dry_run=False)
    launchdarkly.evaluations(launchdarkly.flag("booking-calendar"), int(time.time() * 1000) - 3_600_000)
    assert launchdarkly.door.text("/api/v2/usage/evaluations/agency/production/booking-calendar")[0] == 400
    launchdarkly.flag_changes(int(time.time() * 1000) - 86_400_000)
    launchdarkly.ask_approval("booking-calendar", on=True, description="bookings work again")
    launchdarkly.pending_approvals("booking-calendar")
    caller = launchdarkly.caller()
    assert caller.is_service
    assert launchdarkly.role(caller.token_id) == "writer"
    launchdarkly.token_made_at(token_id=caller.token_id)
    made = launchdarkly.changes_by_token(after_ms=int(time.time() * 1000) - 86_400_000)
    assert [(one.comment, one.token_id) for one in made] == [("bookings fail", caller.token_id)]
    (newest, *_) = launchdarkly.door.read("/api/v2/auditlog").data["items"]
    launchdarkly.door.read(f"/api/v2/auditlog/{newest['_id']}")
    assert launchdarkly.door.text("/api/v2/flags/agency/nothing")[0] == 404
    assert launchdarkly.door.text("/api/v2/auditlog?limit=21")[0] == 400
    assert [launchdarkly.door.text("/api/v2/flags/agency")[0] for _ in range(61)][-1] == 429
    sandbox.break_("flag_needs_approval")
    with pytest.raises(SystemFault):
        launchdarkly.turn("new-pricing", on=False, comment="prices are wrong", dry_run=False)
    assert launchdarkly.door.text("/api/v2/tokens/nothing")[0] == 404
    launchdarkly.end_token(token_id=caller.token_id)


CONTRACTS = [
    Contract(
        "launchdarkly", ("launchdarkly.openapi.json",), LaunchDarkly, (twins.VENDOR,),
        lambda systems: systems.launchdarkly, play,
    )
]  # fmt: skip
