"""Our own status page at Atlassian Statuspage: what we tell customers. Other vendors' public pages are ``status_page``.

``Authorization: OAuth …``, not Bearer. ``deliver_notifications`` is always sent, since the vendor's default mails every
subscriber, which cannot be called back. Resolving does not set components back: they go along. There is no idempotency key,
so our incident's id is left in ``metadata``, to find it again before a second one is made (developer.statuspage.io).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, needed, segment, shape, text
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

LONGEST_NAME, LONGEST_BODY = 255, 25_000  # characters
MOST = 100  # rows of one page
Stage = Literal["investigating", "identified", "monitoring", "resolved"]
Health = Literal["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]


@dataclass(frozen=True, slots=True)
class PageComponent:
    """One component of our page."""

    uid: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One incident on our page; ``ours`` is the id of our incident that it is about, empty when a person wrote it."""

    uid: str
    name: str
    status: str
    impact: str
    link: str
    ours: str


class Statuspage:
    """One page."""

    def __init__(
        self, url: str, token: str, page_id: str, *, times: Times, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.door = HttpDoor(
            url, system="statuspage", times=times, headers={"Authorization": f"OAuth {token}"}, transport=transport
        )
        self._base = f"/pages/{segment('statuspage', page_id)}"

    def page(self) -> str:
        """The id of the page as the vendor knows it."""
        data = self.door.read(self._base).data
        fields(data, "statuspage", "page")
        with shape("statuspage", "page"):
            return needed(data, "id")

    def components(self) -> list[PageComponent]:
        """The components of the page, without the groups that hold them."""
        data = self.door.read(f"{self._base}/components", {"per_page": MOST}).data
        rows = items(data, "statuspage", "components")
        with shape("statuspage", "components"):
            return [_component(row) for row in rows if row.get("group") is not True]

    def unresolved(self) -> list[Notice]:
        """Incidents on the page that are not over."""
        data = self.door.read(f"{self._base}/incidents/unresolved", {"per_page": MOST}).data
        return [_notice(row) for row in items(data, "statuspage", "incidents")]

    def open_notice(
        self, ours: str, name: str, words: str, *, components: Mapping[str, Health], notify: bool, stage: Stage = "investigating"
    ) -> Notice:  # fmt: skip
        """Put an incident on the page, with components by id as they are now. ``notify`` mails every subscriber. Sent once."""
        body = {"name": name[:LONGEST_NAME], "metadata": {"runbook": {"incident": ours}}}
        return self._say("POST", f"{self._base}/incidents", body, words, components, notify=notify, stage=stage)

    def update_notice(
        self, uid: str, words: str, *, stage: Stage, components: Mapping[str, Health], notify: bool
    ) -> Notice:
        """Say what is new about an incident on the page, or that it is over, with its components. Sent once."""
        path = f"{self._base}/incidents/{segment('statuspage', uid)}"
        return self._say("PATCH", path, {}, words, components, notify=notify, stage=stage)

    def set_component(self, uid: str, status: Health) -> PageComponent:
        """Change one component without an incident; nobody is mailed."""
        path = f"{self._base}/components/{segment('statuspage', uid)}"
        data = self.door.write("PATCH", path, {"component": {"status": status}}).data
        fields(data, "statuspage", "component")
        with shape("statuspage", "component"):
            return _component(data)

    def _say(
        self, method: str, path: str, body: Mapping[str, Json], words: str, components: Mapping[str, Health], *,
        notify: bool, stage: Stage,
    ) -> Notice:  # fmt: skip
        incident: dict[str, Json] = {
            **body, "status": stage, "body": words[:LONGEST_BODY], "deliver_notifications": notify,
            "components": dict(components), "component_ids": sorted(components),
        }  # fmt: skip
        data = self.door.write(method, path, {"incident": incident}).data
        fields(data, "statuspage", "incident")
        return _notice(data)


def _component(row: dict[str, Json]) -> PageComponent:
    return PageComponent(needed(row, "id"), needed(row, "name"), needed(row, "status"))


def _notice(row: dict[str, Json]) -> Notice:
    with shape("statuspage", "incident"):
        ours = inner(inner(row, "metadata"), "runbook")
        return Notice(
            needed(row, "id"), text(row, "name"), needed(row, "status"), text(row, "impact"), text(row, "shortlink"),
            text(ours, "incident"),
        )  # fmt: skip
