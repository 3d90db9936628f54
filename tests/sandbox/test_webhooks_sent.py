"""Webhooks really go to the company's site: tried again by Stripe, told once by Cal.com, and lost where the vendors lose them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from runbook.sandbox.paying import ENDPOINT, TYPES, StripeState
from runbook.systems import Systems

STRIPE, CAL = "/api/webhooks/stripe", "/api/webhooks/cal"


def received(world: Any, path: str, status: int = 200) -> list[dict[str, Any]]:
    return list(world.rows(system="site", path=path, status=status))


def processed(world: Any, ids: list[str]) -> int:
    with world.connect() as us:
        row = us.execute("select count(*) from public.processed_events where event_id = any(%s)", (ids,)).fetchone()
    return int(row[0])


def owed(systems: Systems) -> list[str]:
    return [one.event_id for one in systems.stripe.events(delivered=False).rows]


def newest(systems: Systems, count: int) -> list[str]:
    return [one.event_id for one in systems.stripe.events(most=count).rows]


def test_a_payment_reaches_the_site_and_is_nobodys_change(world: Any, systems: Systems) -> None:
    before, changes = len(received(world, STRIPE)), len(world.changes())
    world.break_({"customers_pay": {"events": 5}})
    rows = received(world, STRIPE)[before:]
    assert len(rows) == 5 and all(row["actor"].startswith("Stripe/") for row in rows)
    assert (processed(world, newest(systems, 5)), owed(systems), world.state()["events_owed"]) == (5, [], 0)
    assert world.changes(changes) == []


def test_a_receiver_that_fails_is_tried_again_until_it_is_well_and_each_event_counts_once(
    world: Any, systems: Systems
) -> None:
    good = world.vercel("GET", "/v9/projects/prj_agencysite").body
    world.break_({"webhook_receiver_failing": {"events": 4, "paying_minutes": 0}})
    before = len(received(world, STRIPE, 500))
    ids = owed(systems)
    assert len(ids) == 4 and world.state()["events_owed"] == 4 and world.state()["webhook_refusals"] == [500]
    world.until(lambda: len(received(world, STRIPE, 500)) >= before + 4)
    assert processed(world, ids) == 0
    uid = good["targets"]["production"]["id"]
    assert world.vercel("POST", f"/v1/projects/prj_agencysite/rollback/{uid}").status == 201
    world.until(lambda: owed(systems) == [], 20)
    assert processed(world, ids) == 4


def test_a_secret_that_was_rotated_on_one_side_is_refused_as_forged(world: Any, systems: Systems) -> None:
    world.break_({"webhook_secret_rotated": {"events": 3}})
    assert len(owed(systems)) == 3 and processed(world, owed(systems)) == 0
    assert world.state()["webhook_refusals"] == [400]


def test_what_was_made_while_the_endpoint_was_disabled_is_never_sent_by_itself(world: Any, systems: Systems) -> None:
    world.break_({"webhook_endpoint_disabled": {"events": 3, "minutes_ago": 60}})
    before = len(received(world, STRIPE))
    assert (systems.stripe.endpoint(ENDPOINT).is_enabled, owed(systems)) == (False, [])
    ids = newest(systems, 3)
    assert systems.stripe.set_enabled(ENDPOINT, True, key="enable-1").is_enabled
    world.control("GET", "state")
    assert (len(received(world, STRIPE)), processed(world, ids)) == (before, 0)
    for _ in range(2):
        systems.stripe.resend(ids[0], ENDPOINT, key="resend-1")
    world.until(lambda: processed(world, ids) == 1)
    assert len(received(world, STRIPE)) == before + 1


def test_an_endpoint_that_is_disabled_gets_no_further_tries(world: Any, systems: Systems) -> None:
    world.break_({"webhook_receiver_failing": {"events": 2}})
    systems.stripe.set_enabled(ENDPOINT, False, key="disable-1")
    tries: list[int] = []

    def quiet() -> bool:
        tries.append(len(received(world, STRIPE, 500)))
        return len(tries) > 30 and tries[-1] == tries[-30]  # for longer than the first pauses

    world.until(quiet, 20)
    assert len(owed(systems)) == 2


def test_a_booking_is_told_once_signed_and_not_again(world: Any, systems: Systems) -> None:
    before = len(received(world, CAL))
    world.break_({"customers_book": {"bookings": 2}})
    rows = received(world, CAL)[before:]
    assert [row["actor"] for row in rows] == ["node", "node"]
    assert len(systems.calcom.bookings("2020-01-01T00:00:00Z").rows) == 42


def test_a_hook_that_is_off_tells_nobody_and_the_bookings_can_be_pulled(world: Any, systems: Systems) -> None:
    before, since = len(received(world, CAL)), (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    world.break_({"cal_hook_inactive": {"bookings": 3}})
    (hook,) = systems.calcom.webhooks()
    assert (hook.is_active, world.state()["hooks_on"]) == (False, 2)
    assert systems.calcom.update_webhook(hook.hook_id, active=True).is_active
    assert len(received(world, CAL)) == before
    assert len(systems.calcom.bookings(since).rows) == 4  # three were made, one was called off


START = datetime(2026, 1, 5, 3, tzinfo=UTC)


def test_tries_come_further_and_further_apart_and_end_after_three_days_shortened() -> None:
    state = StripeState(START, "whsec_x")
    event = state.make(TYPES[0], {"id": "pi_1"}, START)
    at, tries = START, []
    while event.deliveries[0].due is not None:
        at = event.deliveries[0].due
        (one,) = state.owed(at)
        one.heard(500, at)
        tries.append(at)
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(tries)]
    assert pauses == sorted(pauses) and (pauses[0], pauses[-1]) == (0.25, 12.0) and at <= START + timedelta(seconds=72)
    assert (event.pending, state.endpoints[ENDPOINT].enabled, state.owed(at + timedelta(days=1))) == (1, True, [])


def test_an_endpoint_that_only_fails_is_disabled_and_one_success_begins_anew() -> None:
    state = StripeState(START, "whsec_x")

    def tried(status: int | None, seconds: float) -> bool:
        at = START + timedelta(seconds=seconds)
        state.make(TYPES[0], {"id": "pi_1"}, at)
        state.owed(at)[-1].heard(status, at)
        return state.endpoints[ENDPOINT].enabled

    assert tried(None, 0) and tried(500, 200) and tried(200, 210)
    assert tried(500, 220) and tried(301, 400)
    assert not tried(None, 437)
    assert state.make(TYPES[0], {"id": "pi_1"}, START).deliveries == []


@pytest.mark.parametrize("kind", ["customer.created", "charge.dispute.created"])
def test_an_endpoint_is_owed_only_what_it_wants(kind: str) -> None:
    event = StripeState(START, "whsec_x").make(kind, {"id": "x"}, START)
    assert [one.endpoint for one in event.deliveries] == ([ENDPOINT] if kind in TYPES else [])
