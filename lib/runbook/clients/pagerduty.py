"""PagerDuty: events that page people, and the REST API that says who is on call and whether a page arrived.

Two hosts with two keys. An event has no header of authorization: its routing key is in the body, and 202 means taken, not
paged. ``dedup_key`` makes it one incident however often it is sent, so an event is repeated like a read (PagerDuty
developer docs, Events API v2). REST wants ``Token token=…``, not Bearer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, line, needed, shape, text, unreadable, whole
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

ACCEPT = "application/vnd.pagerduty+json;version=2"
LONGEST_SUMMARY, LONGEST_KEY = 1024, 255  # characters
MOST = 100  # rows of one page
Urgency = Literal["critical", "error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at one level of an escalation policy; ``until`` is empty when it never ends."""

    level: int
    who: str
    schedule: str
    until: str


@dataclass(frozen=True, slots=True)
class Page:
    """An incident at PagerDuty: triggered, acknowledged or resolved."""

    uid: str
    status: str
    title: str
    link: str


class PagerDutyEvents:
    """One service, by its routing key."""

    def __init__(
        self, url: str, routing_key: str, *, times: Times, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.door = HttpDoor(url, system="pagerduty_events", times=times, transport=transport)
        self._key = routing_key

    def trigger(
        self, dedup_key: str, summary: str, *, source: str, severity: Urgency = "critical",
        details: Mapping[str, Json] | None = None, link: str = "",
    ) -> None:  # fmt: skip
        """Page whoever is on call; once, however often it is said under one key. A side effect: people are woken."""
        payload: dict[str, Json] = {
            "summary": line(summary, LONGEST_SUMMARY), "source": source, "severity": severity,
            "custom_details": dict(details or {}),
        }  # fmt: skip
        more: dict[str, Json] = {"payload": payload, "client": "runbook"}
        if link:
            more["links"] = [{"href": link, "text": "runbook"}]
        self._enqueue("trigger", dedup_key, more)

    def acknowledge(self, dedup_key: str) -> None:
        """Say that somebody is at it: no further level is paged."""
        self._enqueue("acknowledge", dedup_key, {})

    def resolve(self, dedup_key: str) -> None:
        """Say that it is over. By another routing key, or once it is resolved, the vendor drops it silently."""
        self._enqueue("resolve", dedup_key, {})

    def _enqueue(self, event: str, dedup_key: str, more: Mapping[str, Json]) -> None:
        if not 0 < len(dedup_key) <= LONGEST_KEY:  # without a key each repetition would be a new page
            raise SystemFault(f"a dedup key has 1 to {LONGEST_KEY} characters", system="pagerduty_events",
                              fault=Fault.REJECTED)  # fmt: skip
        body = {"routing_key": self._key, "event_action": event, "dedup_key": dedup_key, **more}
        status, said = fields(
            self.door.write_keyed("POST", "/v2/enqueue", body).data, "pagerduty_events", event, "status", "dedup_key"
        )
        if (status, said) != ("success", dedup_key):
            raise unreadable("pagerduty_events", f"{event}: the answer is no success for this key")


class PagerDuty:
    """One account, by an API key that only reads."""

    def __init__(self, url: str, token: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Token token={token}", "Accept": ACCEPT, "Content-Type": "application/json"}
        self.door = HttpDoor(url, system="pagerduty", times=times, headers=headers, transport=transport)

    def on_calls(self, escalation_policy_id: str) -> list[OnCall]:
        """Who is on call now for one escalation policy, first level first; empty: nobody."""
        params = {"escalation_policy_ids[]": escalation_policy_id, "earliest": "true", "limit": MOST}
        (rows,) = fields(self.door.read("/oncalls", params).data, "pagerduty", "on-calls", "oncalls")
        with shape("pagerduty", "on-calls"):
            found = [_on_call(row) for row in items(rows, "pagerduty", "on-calls")]
        return sorted(found, key=lambda one: one.level)

    def pages(self, dedup_key: str) -> list[Page]:
        """The incidents that came of one dedup key: the proof that an event arrived."""
        params = {"incident_key": dedup_key, "date_range": "all", "limit": MOST}
        (rows,) = fields(self.door.read("/incidents", params).data, "pagerduty", "incidents", "incidents")
        with shape("pagerduty", "incidents"):
            return [
                Page(needed(row, "id"), needed(row, "status"), text(row, "title"), text(row, "html_url"))
                for row in items(rows, "pagerduty", "incidents")
            ]


def _on_call(row: dict[str, Json]) -> OnCall:
    level = whole(row, "escalation_level")
    if level is None:
        raise KeyError("escalation_level")
    return OnCall(
        level, needed(inner(row, "user"), "summary"), text(inner(row, "schedule"), "summary"), text(row, "end")
    )
