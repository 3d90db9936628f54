"""Bookings against a Cal.com and a handler that say little, or something else: what cannot be told is unknown, never green."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from runbook.checks import bookings
from runbook.checks.frame import Check
from runbook.errors import Fault
from runbook.model import Status
from runbook.profile import Profile
from runbook.testing import PROFILE, SECRETS, Asked, Says, World

NOW = 1_767_582_000  # the fake clock's now, in seconds: 2026-01-05T03:00:00Z
TOLD = ["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"]
EVERY = [one for one in vars(bookings).values() if isinstance(one, Check)]
assert PROFILE.database is not None and PROFILE.calcom is not None
TABLE = replace(
    PROFILE,
    database=replace(PROFILE.database, bookings_table="public.bookings"),
    calcom=replace(PROFILE.calcom, event_types=("101",)),
)
NOT_OURS = Says(403, {"status": "error", "error": {"code": "ForbiddenException", "message": "no member"}})


def success(data: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": data, **more}


def hook(number: int = 9001, **changes: Any) -> dict[str, Any]:
    return {"id": number, "subscriberUrl": "https://agency.test/api/webhooks/cal", "active": True, "triggers": TOLD,
            "payloadTemplate": "", "secret": "whatever"} | changes  # fmt: skip


def booking(uid: str, minute: int, **changes: Any) -> dict[str, Any]:
    at = f"2026-01-05T02:{minute:02d}:00.000Z"
    return {"id": 7, "uid": uid, "status": "accepted", "start": "2026-01-06T09:00:00.000Z", "end": "2026-01-06T09:30:00.000Z",
            "createdAt": at, "updatedAt": at, "title": "Call with Somebody", "eventType": {"id": 101},
            "attendees": [{"name": "Somebody", "email": "somebody@example.test"}]} | changes  # fmt: skip


def calcom(user: Any = (), organization: Any = (), event_type: Any = (), **more: Any) -> World:
    def listed(given: Any) -> Any:
        return given if isinstance(given, Says) else success(list(given))

    routes = {
        "GET /v2/webhooks": listed(user), "GET /v2/organizations/77/webhooks": listed(organization),
        "GET /v2/event-types/101/webhooks": listed(event_type),
    }  # fmt: skip
    return World(vendors={"calcom": routes}, profile=TABLE, **more)


def changed(rows: list[dict[str, Any]], held: Any = (), *, more: bool = False, profile: Profile = TABLE) -> World:
    answer = success(rows, pagination={"hasNextPage": more})
    return World(
        vendors={"calcom": {"GET /v2/bookings": answer}}, database={"held_bookings": list(held)}, profile=profile
    )


def held(uid: str, minute: int) -> dict[str, Any]:
    return {"uid": uid, "updated": NOW - 3600 + 60.0 * minute}


@pytest.mark.parametrize("check", EVERY, ids=str)
def test_what_is_not_used_is_ok_and_says_so(check: Check) -> None:
    finding = World(profile=Profile("small")).check(check)
    assert finding.status is Status.OK and "environment small" in finding.summary


@pytest.mark.parametrize(
    ("lists", "status", "says", "fact"),
    [
        ({"user": [hook()]}, Status.OK, "9001 active, signed", ""),
        ({"organization": [hook()]}, Status.OK, "9001 active, signed", ""),
        ({"event_type": [hook()]}, Status.OK, "9001 active, signed", ""),
        ({"user": [hook()], "organization": NOT_OURS}, Status.OK, "9001 active", ""),
        ({"user": [hook(active=False)]}, Status.CRITICAL, "9001 is not active", "inactive"),
        ({"user": [hook(secret="")]}, Status.CRITICAL, "9001 has no secret", "unsigned"),
        ({"user": [hook(payloadTemplate="{}")]}, Status.CRITICAL, "9001 has a payload template", "template"),
        ({"user": [hook(triggers=TOLD[:2])]}, Status.CRITICAL, "no hook of ours tells of BOOKING_CANCELLED", ""),
        ({"user": [hook(), hook(9002, active=False)]}, Status.OK, "9001", ""),
        ({"user": [hook(9002, active=False, triggers=["OOO_CREATED"]), hook()]}, Status.OK, "9001", ""),
        ({"user": [hook(subscriberUrl="https://agency.test/hooks")]}, Status.CRITICAL, "none of Cal.com's 1 hooks", ""),
        ({"user": [hook(subscriberUrl="https://x.test/api/webhooks/cal")]}, Status.CRITICAL, "none of Cal.com's 1", ""),
        ({}, Status.CRITICAL, "none of Cal.com's 0 hooks", ""),
        ({"organization": NOT_OURS}, Status.UNKNOWN, "not read: organization 77", ""),
    ],
)
def test_a_hook_of_ours_is_active_signed_and_tells_of_what_we_act_on(
    lists: Any, status: Status, says: str, fact: str
) -> None:
    finding = calcom(**lists).check(bookings.hooks)
    assert finding.status is status and says in finding.summary, finding.summary
    assert [name for name in ("inactive", "unsigned", "template") if finding.facts[name]] == ([fact] if fact else [])
    assert "whatever" not in repr(finding)


@pytest.mark.parametrize(
    ("row", "status", "says"),
    [
        ({"calendars": [{"email": "who@example.test"}]}, Status.OK, "all 1 can be read"),
        ({"error": {"message": "who@example.test: expired"}}, Status.CRITICAL, "google_calendar (credential 31) cannot be read"),
        (None, Status.WARNING, "none is connected"),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_read_is_named_without_whose_it_is(row: Any, status: Status, says: str) -> None:
    one = {"integration": {"type": "google_calendar"}, "credentialId": 31}
    data = success({"connectedCalendars": [one | row] if row else [], "destinationCalendar": None})
    finding = World(vendors={"calcom": {"GET /v2/calendars": data}}).check(bookings.calendars)
    assert finding.status is status and says in finding.summary and "@" not in repr(finding)


def test_what_the_application_does_not_hold_as_it_is_now_is_missed() -> None:
    rows = [booking("a", 1), booking("b", 2, status="cancelled"), booking("c", 3)]
    finding = changed(rows, [held("a", 1), held("b", 1)]).check(bookings.missed)
    assert (finding.status, finding.facts) == (Status.CRITICAL, {"count": 2, "newest_is_missed": True})
    assert [row["booking"] for row in finding.rows] == ["b", "c"]
    assert "omebody" not in repr(finding)
    finding = changed(rows, [held("b", 2), held("c", 9)]).check(bookings.missed)
    assert (finding.status, finding.facts) == (Status.CRITICAL, {"count": 1, "newest_is_missed": False})
    assert changed(rows, [held(one, 3) for one in "abc"]).check(bookings.missed).status is Status.OK


def test_what_is_on_its_way_or_not_acted_on_is_not_missed() -> None:
    young = booking("a", 1, updatedAt="2026-01-05T02:59:50.000Z")
    for row in (young, booking("b", 1, status="pending"), booking("c", 1, status="rejected")):
        assert changed([row]).check(bookings.missed).status is Status.OK


def test_without_the_applications_table_nothing_is_counted_and_nothing_is_green() -> None:
    finding = changed([booking("a", 1)], profile=PROFILE).check(bookings.missed)
    assert finding.status is Status.UNKNOWN and "database.bookings_table" in finding.summary


TAKEN = {"received": True}


@pytest.mark.parametrize(
    ("unsigned", "signed", "status", "fact"),
    [
        (Says(400), TAKEN, Status.OK, ""),
        (TAKEN, TAKEN, Status.CRITICAL, "forgeable"),
        (Says(401), Says(401), Status.CRITICAL, "refuses_ours"),
        (Says(400), Says(500), Status.CRITICAL, "fails"),
        (Says(404), Says(404), Status.CRITICAL, "missing"),
        (Says(400), Fault.TIMEOUT, Status.CRITICAL, "slow"),
        (Fault.DOWN, Fault.DOWN, Status.UNKNOWN, "none"),
    ],
)
def test_our_handler_refuses_the_word_for_no_secret_and_takes_what_is_signed(
    unsigned: Any, signed: Any, status: Status, fact: str
) -> None:
    def answer(asked: Asked) -> Any:
        given = {name.lower(): value for name, value in asked.headers.items()}["x-cal-signature-256"]
        return unsigned if given == "no-secret-provided" else signed

    secrets = SECRETS | {"CALCOM_WEBHOOK_SECRET": "cal-test-secret"}
    world = World(vendors={"site": {"POST /api/webhooks/cal": answer}}, secrets=secrets, profile=TABLE)
    finding = world.check(bookings.hook_answers)
    assert finding.status is status, finding.summary
    if status is not Status.UNKNOWN:
        names = ("forgeable", "redirect", "wall", "refuses_ours", "missing", "fails", "slow")
        assert [name for name in names if finding.facts[name]] == ([fact] if fact else [])


def test_without_our_signing_secret_nobody_can_say_that_the_handler_is_well() -> None:
    world = World(vendors={"site": {"POST /api/webhooks/cal": Says(400)}}, profile=TABLE)
    assert world.check(bookings.hook_answers).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("indicator", "status", "says"),
    [
        ("none", Status.OK, "proves nothing"),
        ("major", Status.WARNING, "major"),
        ("fine", Status.UNKNOWN, "none of its"),
    ],
)
def test_the_status_page_is_a_warning_at_most(indicator: str, status: Status, says: str) -> None:
    page = {"GET /api/status/summary.json": {"page": {}, "status": {"indicator": indicator, "description": "x"}}}
    finding = World(vendors={"calcom_status": page}).check(bookings.status_page)
    assert finding.status is status and says in finding.summary
