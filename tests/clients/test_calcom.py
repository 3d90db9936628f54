"""Cal.com: pages to their end, an older shape is not taken for no bookings, a broken calendar and a dead key are two things."""

from __future__ import annotations

from typing import Any

import pytest
from calls_booking import BOOKING, HOOK, success
from runbook.errors import Fault, SystemFault
from runbook.testing import Asked, Says, World

CHECK = "GET /v2/calendars/google/check"


def refused(status: int, message: str) -> Says:
    return Says(status, {"status": "error", "error": {"code": "x", "message": message}})


def test_lists_are_read_to_their_end() -> None:
    def bookings(asked: Asked) -> Any:
        first, size = int(asked.query["skip"]), int(asked.query["take"])
        rows = [BOOKING | {"uid": f"bk_{number}"} for number in range(230)][first : first + size]
        return success(rows, pagination={"hasNextPage": first + size < 230})

    def hooks(asked: Asked) -> Any:
        first = int(asked.query["skip"])
        return success([HOOK | {"id": number} for number in range(1, 261)][first : first + int(asked.query["take"])])

    calcom = World(vendors={"calcom": {"GET /v2/bookings": bookings, "GET /v2/webhooks": hooks}}).systems.calcom
    found = calcom.bookings("2026-01-05T02:00:00Z")
    assert (len({one.uid for one in found.rows}), found.is_whole) == (230, True)
    first = calcom.bookings("2026-01-05T02:00:00Z", most=150)
    assert (len(first.rows), first.is_whole) == (150, False)
    assert len({one.hook_id for one in calcom.webhooks()}) == 260


def test_the_older_shape_of_bookings_is_unreadable_and_not_an_empty_list() -> None:
    old = success({"bookings": [], "totalCount": 0, "nextCursor": None})
    for answer in (old, success([]), success([], pagination={"hasNextPage": True})):
        with pytest.raises(SystemFault) as raised:
            World(vendors={"calcom": {"GET /v2/bookings": answer}}).systems.calcom.bookings("2026-01-05T02:00:00Z")
        assert raised.value.fault is Fault.UNREADABLE


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"status": "success"}, ""),
        (refused(400, "Invalid google OAuth credentials."), "Invalid google OAuth credentials."),
        (refused(401, "Google Calendar not connected."), "Google Calendar not connected."),
    ],
)
def test_a_calendar_works_or_says_what_is_wrong(answer: Any, complaint: str) -> None:
    found = World(vendors={"calcom": {CHECK: answer}}).systems.calcom.calendar_complaint("google")
    assert complaint in found and bool(found) is bool(complaint)


@pytest.mark.parametrize(
    ("answer", "me", "fault"),
    [
        (refused(401, "Your api key is not valid"), refused(401, "Your api key is not valid"), Fault.AUTH),
        (refused(500, "no"), success({"id": 4711}), Fault.DOWN),
        ({"status": "error"}, success({"id": 4711}), Fault.UNREADABLE),
    ],
)
def test_a_dead_key_or_an_outage_is_no_complaint_of_a_calendar(answer: Any, me: Any, fault: Fault) -> None:
    world = World(vendors={"calcom": {CHECK: answer, "GET /v2/me": me}})
    with pytest.raises(SystemFault) as raised:
        world.systems.calcom.calendar_complaint("google")
    assert raised.value.fault is fault


def test_a_change_of_nothing_is_not_sent() -> None:
    world = World()
    with pytest.raises(SystemFault):
        world.systems.calcom.update_webhook("9001")
    assert world.vendors["calcom"].asked == []
