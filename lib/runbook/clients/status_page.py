"""A vendor's public status page in Statuspage's shape: the page-wide word is too coarse, components are what counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, needed, shape, text
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Component:
    """One component: ``status`` is operational, degraded_performance, partial_outage, major_outage, under_maintenance."""

    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One open incident."""

    name: str
    impact: str
    status: str
    link: str
    updated_at: str
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusSummary:
    """What the page says. ``indicator``: none, minor, major, critical or maintenance, of the page as a whole."""

    indicator: str
    description: str
    components: tuple[Component, ...]
    incidents: tuple[Incident, ...]


class StatusPage:
    """One vendor's page. It may redirect; it needs no token."""

    def __init__(self, vendor: str, url: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        self.vendor = vendor
        self.door = HttpDoor(
            url, system=f"{vendor} status page", times=times, transport=transport, follow_redirects=True
        )

    def summary(self) -> StatusSummary:
        """Components and open incidents."""
        what = f"{self.vendor} status page"
        data = self.door.read("/api/v2/summary.json", seconds=SECONDS).data
        _, components, incidents = fields(data, what, "summary", "status", "components", "incidents")
        with shape(what, "summary"):
            return StatusSummary(
                indicator=text(inner(data, "status"), "indicator"),
                description=text(inner(data, "status"), "description"),
                components=tuple(
                    Component(needed(row, "name"), needed(row, "status"))
                    for row in items(components, what, "components")
                ),
                incidents=tuple(_incident(row, what) for row in items(incidents, what, "incidents")),
            )


def _incident(row: dict[str, Json], what: str) -> Incident:
    return Incident(
        text(row, "name"), text(row, "impact"), text(row, "status"), text(row, "shortlink"), text(row, "updated_at"),
        tuple(text(part, "name") for part in items(row.get("components") or [], what, "incident")),
    )  # fmt: skip
