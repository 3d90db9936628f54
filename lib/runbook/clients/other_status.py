"""Public status pages that are not Statuspage's: OpenStatus, which Cal.com uses, and Slack's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, line, needed, shape, text, unreadable
from runbook.clients.status_page import SECONDS, Incident, StatusSummary
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

# OpenStatus' words (openstatusHQ/openstatus, status-page, status-vocab). It says ``none`` of a state that it does not know, too.
OPEN_STATUS_WORDS = ("none", "minor", "major", "maintenance")
SLACK_WORDS = {"ok": "none", "active": "major"}  # docs: Slack Status API; the kind of each incident stands with it


class OpenStatusPage:
    """A page made by OpenStatus. Its ``none`` is no proof of health: our own probe decides."""

    def __init__(self, vendor: str, url: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        self.vendor = vendor
        self.door = HttpDoor(
            url, system=f"{vendor} status page", times=times, transport=transport, follow_redirects=True
        )

    def summary(self) -> StatusSummary:
        """The page as a whole; it names no component that could be ours."""
        what = f"{self.vendor} status page"
        data = self.door.read("/api/status/summary.json", seconds=SECONDS).data
        fields(data, what, "summary", "status")
        with shape(what, "summary"):
            status = inner(data, "status")
            indicator = needed(status, "indicator")
            if indicator not in OPEN_STATUS_WORDS:
                raise unreadable(what, f"summary: {line(indicator)!r} is none of its words")
            return StatusSummary(indicator, text(status, "description"), (), ())


class SlackStatusPage:
    """Slack's own page."""

    def __init__(self, vendor: str, url: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        self.vendor = vendor
        self.door = HttpDoor(
            url, system=f"{vendor} status page", times=times, transport=transport, follow_redirects=True
        )

    def summary(self) -> StatusSummary:
        """The incidents that are open, each with the features that it touches."""
        what = f"{self.vendor} status page"
        data = self.door.read("/api/v2.0.0/current", seconds=SECONDS).data
        word, incidents = fields(data, what, "current", "status", "active_incidents")
        if word not in SLACK_WORDS:
            raise unreadable(what, "current: the status is neither ok nor active")
        with shape(what, "current"):
            found = tuple(_incident(row) for row in items(incidents, what, "incidents"))
        return StatusSummary(SLACK_WORDS[str(word)], "", (), found)


def _incident(row: dict[str, Json]) -> Incident:
    services = row.get("services") or []
    if not isinstance(services, list):
        raise TypeError("services")
    return Incident(
        text(row, "title"), text(row, "type"), text(row, "status"), text(row, "url"), text(row, "date_updated"),
        tuple(line(str(one)) for one in services),
    )  # fmt: skip
