"""Status pages of another make: Cal.com's by OpenStatus, and Slack's own. No token, read by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.status_pages import indicator_of
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
OPEN_WORDS = {"none": "none", "minor": "minor", "major": "major", "critical": "major"}  # it has no word above major


def _everybody(world: World, call: Call) -> None:
    return


def _no(refusal: Refusal, request_id: str) -> Json:
    return {"error": refusal.message}


CALCOM = Vendor("calcom_status", _everybody, _no)
SLACK = Vendor("slack_status", _everybody, _no)


@CALCOM.route("GET", "/api/status/summary.json")
def open_status(world: World, call: Call) -> Reply:
    """OpenStatus' summary; ``/api/v2/…`` is not there."""
    page = world.pages["calcom"]
    said = indicator_of(page)
    return Reply({
        "page": {"name": page.name, "url": page.url, "updated_at": iso(world.times.now())},
        "status": {"indicator": OPEN_WORDS[said["indicator"]], "description": said["description"]},
    })  # fmt: skip


@SLACK.route("GET", "/api/v2.0.0/current")
def slack_current(world: World, call: Call) -> Reply:
    """What is wrong now; ``active`` as soon as anything is."""
    page, now = world.pages["slack"], iso(world.times.now())
    rows = [
        {
            "id": number, "date_created": one["created_at"], "date_updated": one["updated_at"], "title": one["name"],
            "type": "outage" if one["impact"] == "critical" else "incident", "status": "active", "url": one["shortlink"],
            "services": [component["name"] for component in one["components"]], "notes": [],
        }
        for number, one in enumerate(page.incidents, start=1)
    ]  # fmt: skip
    return Reply({
        "status": "active" if rows else "ok", "date_created": now, "date_updated": now, "active_incidents": rows,
    })  # fmt: skip
