"""Sentry: dropped events are not the absence of errors, and what will be retired is told before it is."""

from __future__ import annotations

import pytest
from runbook.clients.sentry import Deprecation
from runbook.errors import Fault, SystemFault
from runbook.testing import Says, World

OUTCOMES = "GET /api/0/organizations/agency/stats_v2/"
EVENTS = "GET /api/0/organizations/agency/events/"


def test_outcomes_are_asked_by_the_number_of_the_project() -> None:
    groups = [{"by": {"outcome": name}, "totals": {"sum(quantity)": n}, "series": {}}
              for name, n in (("accepted", 3), ("rate_limited", 900))]  # fmt: skip
    said = {"start": "x", "end": "y", "intervals": [], "groups": groups}
    world = World(vendors={"sentry": {OUTCOMES: said}})
    assert world.systems.sentry.outcomes() == {"accepted": 3, "rate_limited": 900}
    asked = world.vendors["sentry"].asked[-1].query
    assert (asked["project"], asked["groupBy"], asked["category"]) == ("7", "outcome", "error")


@pytest.mark.parametrize("groups", [None, [{}], [{"by": {"outcome": "accepted"}, "totals": {}}], "x"])
def test_outcomes_in_another_shape_are_unreadable(groups: object) -> None:
    world = World(vendors={"sentry": {OUTCOMES: {"groups": groups}}})
    with pytest.raises(SystemFault) as raised:
        world.systems.sentry.outcomes()
    assert raised.value.fault is Fault.UNREADABLE


def test_a_call_that_will_be_retired_is_told_while_it_still_answers() -> None:
    headers = {"X-Sentry-Deprecation-Date": "2026-12-01T00:00:00+00:00", "X-Sentry-Replacement-Endpoint": "/api/0/new/"}
    world = World(vendors={"sentry": {EVENTS: Says(200, {"data": [{"count()": 0}]}, headers)}})
    assert world.systems.sentry.deprecations == []
    assert [world.systems.sentry.count() for _ in range(2)] == [0, 0]
    assert world.systems.sentry.deprecations == [
        Deprecation("GET /api/0/organizations/agency/events/", "2026-12-01T00:00:00+00:00", "/api/0/new/")
    ]


def test_a_retired_call_is_asked_once_though_a_brownout_would_pass() -> None:
    headers = {"X-Sentry-Replacement-Endpoint": "/api/0/new/"}
    world = World(vendors={"sentry": {EVENTS: Says(410, {"message": "This API no longer exists."}, headers)}})
    with pytest.raises(
        SystemFault, match="no longer exists. instead: /api/0/new/.*runbook must be corrected"
    ) as raised:
        world.systems.sentry.count()
    assert (raised.value.fault, len(world.vendors["sentry"].asked), world.clock.slept) == (Fault.RETIRED, 1, [])
