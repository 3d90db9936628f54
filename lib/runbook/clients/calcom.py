"""Cal.com's API v2: whose key it is, the webhooks and where they go, bookings that changed, calendars that answer.

Bookings want their version in a header: without it an older shape comes, and no error. There is no log of deliveries and nothing
sends a booking again: what was missed is pulled and written by uid. A webhook's secret is in the answer and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, line, needed, segment, shape, text, unreadable
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

BOOKINGS_VERSION = {"cal-api-version": "2024-08-13"}  # of this family; webhooks, me and calendars have none
MOST_HOOKS, PAGE = 250, 100  # of one page


@dataclass(frozen=True, slots=True)
class CalUser:
    """Whose key it is; no organization: empty."""

    user_id: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook. Without a secret its deliveries are not signed; a template of its own changes what is in them."""

    hook_id: str
    url: str
    is_active: bool
    triggers: tuple[str, ...]
    has_secret: bool
    has_template: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking, without whoever booked."""

    uid: str
    status: str
    start: str
    end: str
    updated_at: str
    event_type_id: str
    rescheduled_from: str
    rescheduled_to: str


@dataclass(frozen=True, slots=True)
class Bookings:
    """Bookings, the longest unchanged first. Not whole: there are later ones that were not asked for."""

    rows: tuple[Booking, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar that somebody has connected; not readable: its credential is broken, and its bookings go nowhere."""

    kind: str
    credential_id: str
    is_readable: bool


class Calcom:
    """One user of Cal.com, by an API key."""

    def __init__(self, url: str, token: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.door = HttpDoor(url, system="calcom", times=times, headers=headers, transport=transport)

    def me(self) -> CalUser:
        """Whose key ours is."""
        data = self._read("/v2/me", "me")
        fields(data, "calcom", "me")
        with shape("calcom", "me"):
            return CalUser(needed(data, "id"), text(data, "organizationId"))

    def webhooks(self) -> list[Hook]:
        """The user's own webhooks. Those of an event type and of the organization are asked for apart."""
        return self._hooks("/v2/webhooks")

    def event_type_webhooks(self, event_type_id: str) -> list[Hook]:
        """The webhooks of one event type."""
        return self._hooks(f"/v2/event-types/{segment('calcom', event_type_id)}/webhooks")

    def organization_webhooks(self, organization_id: str) -> list[Hook]:
        """The webhooks of the organization."""
        return self._hooks(f"/v2/organizations/{segment('calcom', organization_id)}/webhooks")

    def webhook(self, hook_id: str) -> Hook:
        """One of the user's own webhooks."""
        return _hook(self._read(f"/v2/webhooks/{segment('calcom', hook_id)}", "webhook"))

    def update_webhook(self, hook_id: str, *, active: bool | None = None, url: str = "") -> Hook:
        """Repair one of the user's own webhooks: switch it, or send it to another address. What it missed stays missed."""
        body = ({} if active is None else {"active": active}) | ({"subscriberUrl": url} if url else {})
        if not body:
            raise SystemFault("nothing to change", system="calcom", fault=Fault.REJECTED)
        path = f"/v2/webhooks/{segment('calcom', hook_id)}"
        return _hook(_data(self.door.write("PATCH", path, body).data, "webhook"))

    def bookings(self, updated_after: str, *, most: int = 2000) -> Bookings:
        """Bookings that were made or changed after a moment, as ISO 8601: what webhooks since then were about."""
        rows: list[dict[str, Json]] = []
        while True:
            take = min(PAGE, most - len(rows))
            params = {"afterUpdatedAt": updated_after, "sortUpdatedAt": "asc", "take": take, "skip": len(rows)}
            reply = self.door.read("/v2/bookings", params, headers=BOOKINGS_VERSION).data
            page = items(_data(reply, "bookings"), "calcom", "bookings")
            (pagination,) = fields(reply, "calcom", "bookings", "pagination")
            (more,) = fields(pagination, "calcom", "bookings", "hasNextPage")
            if not isinstance(more, bool) or (more and not page):
                raise unreadable("calcom", "bookings: the answer does not say whether there are more")
            rows += page
            if not more or len(rows) >= most:
                with shape("calcom", "bookings"):
                    return Bookings(tuple(_booking(row) for row in rows), not more)

    def booking(self, uid: str) -> Booking:
        """One booking by its uid; of a series the first."""
        return self.whole_booking(uid)[0]

    def whole_booking(self, uid: str) -> tuple[Booking, dict[str, Json]]:
        """One booking, and all that Cal.com says of it: personal data, for our own handler and nobody else."""
        reply = self.door.read(f"/v2/bookings/{segment('calcom', uid)}", headers=BOOKINGS_VERSION).data
        data = _data(reply, "booking")
        with shape("calcom", "booking"):
            row = items(data if isinstance(data, list) else [data], "calcom", "booking")[0]
            return _booking(row), dict(row)

    def calendars(self) -> list[Calendar]:
        """The calendars that are connected."""
        (rows,) = fields(self._read("/v2/calendars", "calendars"), "calcom", "calendars", "connectedCalendars")
        with shape("calcom", "calendars"):
            return [
                Calendar(
                    needed(inner(row, "integration"), "type"), needed(row, "credentialId"),
                    isinstance(row.get("calendars"), list) and not row.get("error"),
                )
                for row in items(rows, "calcom", "calendars")
            ]  # fmt: skip

    def calendar_complaint(self, calendar: str) -> str:
        """What is wrong with the connection to a calendar (google, office365, apple); empty when it works.

        A broken one is answered with 400 or with 401, which is also what a dead key gets: so the key is tried beside it.
        """
        path = f"/v2/calendars/{segment('calcom', calendar)}/check"
        try:
            status = fields(self.door.read(path).data, "calcom", "calendar", "status")
        except SystemFault as fault:
            if fault.fault not in (Fault.REJECTED, Fault.AUTH):
                raise
            if fault.fault is Fault.AUTH:
                self.me()
            return fault.what
        if status != ["success"]:
            raise unreadable("calcom", "calendar: the answer is no success")
        return ""

    # -- inside ----------------------------------------------------------------------------------------------------

    def _read(self, path: str, what: str, params: Mapping[str, Any] | None = None) -> Json:
        return _data(self.door.read(path, params).data, what)

    def _hooks(self, path: str) -> list[Hook]:
        """Every page of a list that does not say whether it ends."""
        rows: list[dict[str, Json]] = []
        while True:
            params = {"take": MOST_HOOKS, "skip": len(rows)}
            page = items(self._read(path, "webhooks", params), "calcom", "webhooks")
            rows += page
            if len(page) < MOST_HOOKS:
                return [_hook(row) for row in rows]


def _data(answer: Json, what: str) -> Json:
    """What is in the envelope. One that does not say success holds an error, whatever its status code."""
    status, data = fields(answer, "calcom", what, "status", "data")
    if status != "success":
        raise unreadable("calcom", f"{what}: the answer is no success")
    return data


def _hook(row: Json) -> Hook:
    fields(row, "calcom", "webhook", "active", "triggers")
    with shape("calcom", "webhook"):
        if not isinstance(row["active"], bool) or not isinstance(row["triggers"], list):
            raise TypeError("active")
        return Hook(
            needed(row, "id"), needed(row, "subscriberUrl"), row["active"], tuple(line(str(one)) for one in row["triggers"]),
            bool(row.get("secret")), bool(row.get("payloadTemplate")),
        )  # fmt: skip


def _booking(row: dict[str, Json]) -> Booking:
    return Booking(
        needed(row, "uid"), needed(row, "status"), needed(row, "start"), text(row, "end"), text(row, "updatedAt"),
        text(inner(row, "eventType"), "id"), text(row, "rescheduledFromUid"), text(row, "rescheduledToUid"),
    )  # fmt: skip
