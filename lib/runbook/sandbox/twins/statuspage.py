"""Our own page at Atlassian Statuspage. An incident mails every subscriber unless it is told not to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import token
from runbook.sandbox.telling import STATUSPAGE, NoticeState
from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
PER_MINUTE = 60  # one request a second and token, over a minute (developer.statuspage.io, rate limiting)
STAGES = ("investigating", "identified", "monitoring", "resolved")
HEALTH = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
IMPACT = {"operational": "none", "under_maintenance": "maintenance", "degraded_performance": "minor", "partial_outage": "major",
          "major_outage": "critical"}  # fmt: skip
FIELDS = {
    "name", "status", "impact_override", "metadata", "deliver_notifications", "body", "components", "component_ids",
    "backfilled", "backfill_date", "auto_tweet_on_creation", "auto_tweet_on_completion",
}  # fmt: skip
KEPT = {"name", "status", "metadata", "impact_override"}
OF_COMPONENT = {"status", "name", "description", "only_show_if_degraded", "group_id", "showcase", "start_date"}
LONGEST_NAME, LONGEST_BODY = 255, 25_000


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind != "OAuth" or not world.opens("STATUSPAGE_API_KEY", given):  # the word is OAuth
        raise Refusal(401, "Could not authenticate")


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"message": refusal.message}


VENDOR = Vendor("statuspage", _authorize, _error, Limit(PER_MINUTE, 60.0, lambda *_: {}))


def page_route(method: str, path: str) -> Callable[[Handler], Handler]:
    """A route below one page; another page is not found."""

    def register(handler: Handler) -> Handler:
        def checked(world: World, call: Call) -> Reply:
            if call.params["page"] != STATUSPAGE:
                raise Refusal(404, "Page not found")
            return handler(world, call)

        return VENDOR.route(method, f"/pages/{{page}}{path}")(checked)

    return register


PAGE = {"id": STATUSPAGE, "name": "Agency", "subdomain": "agency", "domain": "status.agency.test",
        "url": "https://agency.test", "time_zone": "UTC", "allow_email_subscribers": True}  # fmt: skip


@VENDOR.route("GET", "/pages")
def pages(world: World, call: Call) -> Reply:
    """The account's pages: one."""
    return Reply([PAGE])


@page_route("GET", "")
def page(world: World, call: Call) -> Reply:
    """The page itself."""
    return Reply(PAGE)


@page_route("GET", "/components")
def components(world: World, call: Call) -> Reply:
    """Every component."""
    with world.lock:
        return Reply([_component(world, uid) for uid in world.statuspage.components])


@page_route("PATCH", "/components/{component}")
def change_component(world: World, call: Call) -> Reply:
    """Change one component; nobody is mailed."""
    given = _wrapped(call, "component", OF_COMPONENT)
    with world.lock:
        _set(world, {call.params["component"]: given.get("status")})
        return Reply(_component(world, call.params["component"]), change=True, objects=(call.params["component"],))


@page_route("GET", "/incidents/unresolved")
def unresolved(world: World, call: Call) -> Reply:
    """What is not over, newest first."""
    with world.lock:
        return Reply(
            [_notice(world, one) for one in reversed(world.statuspage.notices) if one.fields["status"] != "resolved"]
        )


@page_route("POST", "/incidents")
def create(world: World, call: Call) -> Reply:
    """A new incident, whatever else is there: the vendor has no idempotency key."""
    given = _wrapped(call, "incident", FIELDS)
    if not given.get("name"):
        raise Refusal(422, "Name can't be blank")
    now = world.times.now()
    with world.lock:
        _set(world, given.get("components") or {})
        one = NoticeState(
            token(f"notice {len(world.statuspage.notices)} {now}", 12), now, now, {"status": "investigating"}
        )
        world.statuspage.notices.append(one)
        return _keep(world, one, given, 201)


@page_route("PATCH", "/incidents/{incident}")
def update(world: World, call: Call) -> Reply:
    """An update to an incident. Resolving leaves the components as they are."""
    given = _wrapped(call, "incident", FIELDS)
    with world.lock:
        one = next((one for one in world.statuspage.notices if one.uid == call.params["incident"]), None)
        if one is None:
            raise Refusal(404, "Incident not found")
        _set(world, given.get("components") or {})
        return _keep(world, one, given, 200)


def _keep(world: World, one: NoticeState, given: dict[str, Json], status: int) -> Reply:
    one.fields |= {name: value for name, value in given.items() if name in KEPT}
    one.updated = world.times.now()
    one.words.append((one.updated, one.fields["status"], str(given.get("body") or "")))
    told = given.get("deliver_notifications", True) is not False
    world.statuspage.mailed += told
    return Reply(_notice(world, one), status, change=True, objects=(one.uid, *(("every subscriber",) if told else ())))


def _set(world: World, wanted: Json) -> None:
    """Change components, all or none."""
    if not isinstance(wanted, dict):
        raise Refusal(400, "components must be an object")
    for uid, status in wanted.items():
        if uid not in world.statuspage.components:
            raise Refusal(404, f"Component {uid} not found")
        if status not in HEALTH:
            raise Refusal(422, f"Status is not one of {', '.join(HEALTH)}")
    for uid, status in wanted.items():
        world.statuspage.components[uid] = (world.statuspage.components[uid][0], status)


def _wrapped(call: Call, name: str, known: set[str]) -> dict[str, Json]:
    """The object under its one name, with known fields only."""
    body = call.json()
    given = body.get(name) if isinstance(body, dict) and set(body) == {name} else None
    if not isinstance(given, dict):
        raise Refusal(400, f"{name} is missing")
    if stray := sorted(set(given) - known):
        raise Refusal(400, f"{stray[0]} is not a field of {name}")
    if name == "incident" and given.get("status", STAGES[0]) not in STAGES:
        raise Refusal(422, f"Status is not one of {', '.join(STAGES)}")
    if len(str(given.get("name") or "")) > LONGEST_NAME or len(str(given.get("body") or "")) > LONGEST_BODY:
        raise Refusal(422, "Name or body is too long")
    return given


def _component(world: World, uid: str) -> Json:
    name, status = world.statuspage.components[uid]
    at = iso(world.times.now())
    return {
        "id": uid, "page_id": STATUSPAGE, "group_id": None, "created_at": at, "updated_at": at, "group": False, "name": name,
        "description": "", "position": 1, "status": status, "showcase": True, "only_show_if_degraded": False,
        "automation_email": f"component+{token(uid)}@notifications.statuspage.io", "start_date": at[:10],
    }  # fmt: skip


def _notice(world: World, one: NoticeState) -> Json:
    worst = max((status for _, status in world.statuspage.components.values()), key=HEALTH.index)
    return {
        "id": one.uid, "page_id": STATUSPAGE, "name": one.fields.get("name", ""), "status": one.fields["status"],
        "impact": one.fields.get("impact_override") or IMPACT[worst], "impact_override": one.fields.get("impact_override"),
        "metadata": one.fields.get("metadata", {}), "shortlink": f"https://stspg.io/{one.uid}",
        "created_at": iso(one.created), "updated_at": iso(one.updated),
        "resolved_at": iso(one.updated) if one.fields["status"] == "resolved" else None,
        "components": [_component(world, uid) for uid in world.statuspage.components],
        "incident_updates": [
            {"id": token(f"{one.uid} {number}", 12), "incident_id": one.uid, "status": status, "body": body,
             "created_at": iso(at), "updated_at": iso(at), "display_at": iso(at)}
            for number, (at, status, body) in enumerate(one.words)
        ],
    }  # fmt: skip
