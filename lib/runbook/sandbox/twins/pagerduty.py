"""PagerDuty's two APIs: events, by a routing key in the body, and REST, by ``Token token=…``. One state behind both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import token
from runbook.sandbox.telling import PAGERDUTY_POLICY, Paged
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
EVENTS_PER_MINUTE, REST_PER_MINUTE = 120, 960  # developer docs: rate limits; events per integration key
KEY_CHARACTERS, LONGEST_KEY, LONGEST_SUMMARY = 32, 255, 1024
SEVERITIES = ("critical", "error", "warning", "info")
FIELDS = {"payload", "routing_key", "event_action", "dedup_key", "client", "client_url", "links", "images"}
OF_PAYLOAD = {"summary", "timestamp", "severity", "source", "component", "group", "class", "custom_details"}
STATUSES = {"acknowledge": "acknowledged", "resolve": "resolved"}
Query = Mapping[str, list[str]]


def _anybody(world: World, call: Call) -> None:
    """Events come without a header of authorization."""


def _event_error(refusal: Refusal, request_id: str) -> Json:
    body = {"status": "throttle exceeded" if refusal.status == 429 else "invalid event", "message": refusal.message}
    return {**body, **refusal.extra}


EVENTS = Vendor("pagerduty_events", _anybody, _event_error, Limit(EVENTS_PER_MINUTE, 60.0, lambda *_: {}))


@EVENTS.route("POST", "/v2/enqueue")
def enqueue(world: World, call: Call) -> Reply:
    """Take one event. Events under one key are one incident until it is resolved; what has no incident is dropped."""
    body = call.json()
    if not isinstance(body, dict):
        raise _invalid("JSON is invalid")
    _check(world, body)
    now, action = world.times.now(), body["event_action"]
    key = body.get("dedup_key") or token(f"dedup {iso(now)}", 32)
    with world.lock:
        known, changed = world.pagerduty.open_page(key), True
        if action == "trigger" and known is None:
            uid = "Q" + token(f"page {key} {len(world.pagerduty.pages)}", 13).upper()
            world.pagerduty.pages.append(Paged(uid, key, body["payload"]["summary"], now))
        elif action == "trigger" and known is not None:
            known.alerts, changed = known.alerts + 1, False  # another alert of the same incident: nobody is paged again
        elif known is not None and known.status != STATUSES[action]:
            known.status = STATUSES[action]
        else:
            changed = False
    said = {"status": "success", "message": "Event processed", "dedup_key": key}
    return Reply(said, 202, change=changed, objects=(key,) if changed else ())


def _check(world: World, body: Mapping[str, Json]) -> None:
    """400 with every reason, as the vendor gives them."""
    if stray := sorted(set(body) - FIELDS):
        raise _invalid(f"'{stray[0]}' is not a recognized field")
    key, action = str(body.get("routing_key") or ""), body.get("event_action")
    if len(key) != KEY_CHARACTERS:
        raise _invalid(f"Length of 'routing_key' is incorrect (should be {KEY_CHARACTERS} characters)")
    if key != world.secret("PAGERDUTY_ROUTING_KEY"):
        raise _invalid("'routing_key' is invalid")
    if action not in ("trigger", *STATUSES):
        raise _invalid("'event_action' must be one of trigger, acknowledge, resolve")
    dedup = body.get("dedup_key") or ""
    if not isinstance(dedup, str) or len(dedup) > LONGEST_KEY or (action != "trigger" and not dedup):
        raise _invalid("'dedup_key' is missing, blank or too long")
    if action == "trigger":
        payload = body.get("payload")
        if not isinstance(payload, dict) or set(payload) - OF_PAYLOAD:
            raise _invalid("'payload' is missing or has a field that is not recognized")
        if not payload.get("source") or not 0 < len(str(payload.get("summary") or "")) <= LONGEST_SUMMARY:
            raise _invalid("'payload.summary' or 'payload.source' is missing, blank or too long")
        if payload.get("severity") not in SEVERITIES:
            raise _invalid("'payload.severity' is invalid (must be one of critical, warning, error or info)")


def _invalid(reason: str) -> Refusal:
    return Refusal(400, "Event object is invalid", errors=[reason])


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition("=")
    if kind != "Token token" or not world.opens("PAGERDUTY_API_KEY", given):
        raise Refusal(401, "Unauthorized")
    if call.method != "GET":
        raise Refusal(403, "Access Denied")  # this key only reads


# Developer docs, Errors: by what went wrong.
CODES = {400: 2001, 401: 2006, 403: 2010, 404: 2100, 429: 2020, 500: 2000}


def _error(refusal: Refusal, request_id: str) -> Json:
    code = CODES.get(refusal.status, 2100)
    return {"error": {"message": refusal.message, "code": code, "errors": refusal.extra.get("errors", [])}}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """The reset is seconds left (developer docs: REST API rate limits)."""
    return {"ratelimit-limit": str(most), "ratelimit-remaining": str(remaining), "ratelimit-reset": str(int(left) + 1)}


VENDOR = Vendor(
    "pagerduty", _authorize, _error, Limit(REST_PER_MINUTE, 60.0, _limits),
    unmatched=lambda call: Refusal(404, "Not Found"),
)  # fmt: skip


@VENDOR.route("GET", "/oncalls")
def oncalls(world: World, call: Call) -> Reply:
    """Who is on call now, by level."""
    wanted = call.query.get("escalation_policy_ids[]", [PAGERDUTY_POLICY])
    until = world.times.now() + timedelta(hours=9)
    with world.lock:
        rows = [
            {
                "escalation_policy": _reference("escalation_policy", PAGERDUTY_POLICY, "Incidents"),
                "escalation_level": level, "user": _reference("user", f"P{token(name, 6).upper()}", name.capitalize()),
                "schedule": _reference("schedule", "PSCHEDULE", "Nights and weekends"),
                "start": iso(until - timedelta(hours=12)), "end": iso(until),
            }
            for level, name in world.pagerduty.on_call if PAGERDUTY_POLICY in wanted
        ]  # fmt: skip
    return Reply({"oncalls": rows, **_paging(call.query)})


@VENDOR.route("GET", "/escalation_policies")
def escalation_policies(world: World, call: Call) -> Reply:
    """The account's escalation policies: one."""
    rule = {"id": "PRULE1", "escalation_delay_in_minutes": 15,
            "targets": [_reference("schedule", "PSCHEDULE", "Nights and weekends")]}  # fmt: skip
    ours = {**_reference("escalation_policy", PAGERDUTY_POLICY, "Incidents"), "type": "escalation_policy",
            "name": "Incidents", "num_loops": 2, "escalation_rules": [rule], "services": [], "teams": []}  # fmt: skip
    return Reply({"escalation_policies": [ours], **_paging(call.query)})


@VENDOR.route("GET", "/incidents")
def incidents(world: World, call: Call) -> Reply:
    """Incidents, newest first, by key and status."""
    key, statuses = call.one("incident_key"), call.query.get("statuses[]", ["triggered", "acknowledged", "resolved"])
    with world.lock:
        rows = [
            _incident(one) for one in reversed(world.pagerduty.pages) if key in ("", one.key) and one.status in statuses
        ]
    return Reply({"incidents": rows, **_paging(call.query)})


def _paging(query: Query) -> dict[str, Json]:
    limit = query.get("limit", ["25"])[-1]
    if not limit.isdigit() or not 0 < int(limit) <= 100:
        raise Refusal(400, "Invalid Input Provided", errors=["Limit must be between 1 and 100"])
    return {"limit": int(limit), "offset": 0, "more": False, "total": None}


def _reference(kind: str, uid: str, summary: str) -> Json:
    return {
        "id": uid, "type": f"{kind}_reference", "summary": summary, "self": f"https://api.pagerduty.com/{kind}s/{uid}",
        "html_url": f"https://agency.pagerduty.com/{kind}s/{uid}",
    }  # fmt: skip


def _incident(one: Paged) -> Json:
    return {
        **_reference("incident", one.uid, one.title), "type": "incident", "title": one.title, "incident_key": one.key,
        "incident_number": int(token(one.uid, 6), 16), "status": one.status, "urgency": "high",
        "created_at": iso(one.created), "alert_counts": {"all": one.alerts, "triggered": one.alerts, "resolved": 0},
        "service": _reference("service", "PSERVICE0", "Agency site"),
        "escalation_policy": _reference("escalation_policy", PAGERDUTY_POLICY, "Incidents"), "assignments": [],
    }  # fmt: skip
