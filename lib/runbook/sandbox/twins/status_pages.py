"""The vendors' public status pages (Statuspage's ``/api/v2``): no token, read by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from runbook.sandbox.seeds import StatusPage, token
from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor, vendor_app
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
# a page's indicator follows its worst component or incident (Statuspage's own rule)
WORST = ("none", "minor", "major", "critical")
OF_COMPONENT = {
    "operational": "none", "degraded_performance": "minor", "under_maintenance": "none", "partial_outage": "major",
    "major_outage": "critical",
}  # fmt: skip
SAID = {
    "none": "All Systems Operational", "minor": "Minor Service Outage", "major": "Partial System Outage",
    "critical": "Major Service Outage",
}  # fmt: skip


def component(page: StatusPage, name: str, at: str) -> Json:
    """One component as the page lists it."""
    return {
        "id": token(f"component {page.name} {name}", 12), "name": name, "status": page.components[name], "group": False,
        "group_id": None, "updated_at": at, "only_show_if_degraded": False,
    }  # fmt: skip


def incident(page: StatusPage, name: str, impact: str, components: list[str], since: datetime, body: str) -> Json:
    """One unresolved incident."""
    at = iso(since)
    uid = token(f"incident {page.name} {name}", 12)
    update = {"id": token(f"update {uid}", 12), "status": "investigating", "body": body}
    return {
        "id": uid, "name": name, "status": "investigating", "impact": impact, "shortlink": f"{page.url}/incidents/{uid}",
        "created_at": at, "updated_at": at, "started_at": at, "monitoring_at": None, "resolved_at": None,
        "components": [component(page, each, at) for each in components],
        "incident_updates": [{**update, "created_at": at, "updated_at": at, "display_at": at}],
    }  # fmt: skip


def indicator_of(page: StatusPage) -> Json:
    """A page's own word: that of its worst component or incident."""
    all_of = [OF_COMPONENT[status] for status in page.components.values()]
    all_of += [each["impact"] for each in page.incidents]
    worst = max(all_of, key=WORST.index)
    return {"indicator": worst, "description": SAID[worst]}


def app(world: World, name: str) -> ASGIApp:
    """One vendor's page, served."""
    return vendor_app(world, vendor(name))


def vendor(name: str) -> Vendor:
    """One vendor's page."""

    def head(page: StatusPage, now: str) -> Json:
        return {
            "id": token(page.name, 12), "name": page.name, "url": page.url, "time_zone": "Etc/UTC", "updated_at": now,
        }  # fmt: skip

    def components(page: StatusPage, now: str) -> Json:
        return [component(page, each, now) for each in page.components]

    def summary(world: World, call: Call) -> Reply:
        page, now = world.pages[name], iso(world.times.now())
        return Reply({
            "page": head(page, now), "components": components(page, now), "incidents": page.incidents,
            "scheduled_maintenances": [], "status": indicator_of(page),
        })  # fmt: skip

    answers: dict[str, Callable[[StatusPage, str], Json]] = {
        "status": lambda page, now: indicator_of(page), "components": components,
        "incidents": lambda page, now: page.incidents,
    }  # fmt: skip

    def only(key: str) -> Handler:
        def answer(world: World, call: Call) -> Reply:
            page, now = world.pages[name], iso(world.times.now())
            return Reply({"page": head(page, now), key: answers[key](page, now)})

        return answer

    made = Vendor(f"{name}_status", _everybody, _no)
    made.route("GET", "/api/v2/summary.json")(summary)
    made.route("GET", "/api/v2/status.json")(only("status"))
    made.route("GET", "/api/v2/components.json")(only("components"))
    made.route("GET", "/api/v2/incidents.json")(only("incidents"))
    made.route("GET", "/api/v2/incidents/unresolved.json")(only("incidents"))
    return made


def _everybody(world: World, call: Call) -> None:
    return


def _no(refusal: Refusal, request_id: str) -> Json:
    return {"error": refusal.message}
