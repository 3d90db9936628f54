"""Vercel's REST API: deployments, project, aliases, activity, and the attack challenge in front of the site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import DOMAINS, TEAM, VERCEL_PROJECT, Deployment, millis, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.sandbox.twins.vercel_shapes import NAME, creator, crons, is_candidate, listed, meta, whole
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
NODE = "22.x"
LIST_USUAL, LIST_MOST = 20, 100
# docs: limits; list 1000, get 500, events 60 a minute; aliases 300 in ten minutes
LISTS, GETS, ALIASES, EVENTS = 1000, 500, 300, 60
ALIASES_SECONDS = 600.0


def _authorize(world: World, call: Call) -> None:
    """A missing or wrong token is 403, not 401; a wrong team is 403 too."""
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise Refusal(403, "The request is missing an authentication token", code="forbidden", missingToken=True)
    if not world.opens("VERCEL_TOKEN", given):
        raise Refusal(403, "Not authorized", code="forbidden", invalidToken=True)
    if call.path not in ("/v2/user", "/v2/teams", "/v5/user/tokens/current") and (team := call.one("teamId")) not in (
        "",
        TEAM,
    ):
        raise Refusal(403, f'Not authorized: Trying to access resource under scope "{team}"', code="forbidden")


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"error": {"code": refusal.code or "bad_request", "message": refusal.message, **refusal.extra}}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(int(now + left)),
    } | ({} if remaining else {"Retry-After": str(int(left) + 1)})  # fmt: skip


VENDOR = Vendor(
    "vercel", _authorize, _error, Limit(GETS, 60.0, _limits),
    headers=lambda request_id: {"x-vercel-id": f"fra1::{request_id}", "server": "Vercel"},
    unmatched=lambda call: Refusal(404, "The requested API endpoint was not found", code="not_found"),
)  # fmt: skip


def in_team(call: Call) -> bool:
    """Whether the call names our team: Vercel looks in the personal account without one."""
    return call.one("teamId") == TEAM or call.one("slug") == "agency"


def our_project(call: Call, given: str) -> None:
    """Without the team the project is not there."""
    if not in_team(call) or given not in (VERCEL_PROJECT, NAME):
        raise Refusal(404, "Project not found", code="not_found")


@VENDOR.route("GET", "/v7/deployments", limit=LISTS)
@VENDOR.route("GET", "/v6/deployments", limit=LISTS)
def deployments(world: World, call: Call) -> Reply:
    """A page of deployments, newest first. Without the team it is an empty page, not an error."""
    limit = call.one("limit", str(LIST_USUAL))
    if not limit.isdigit() or not 0 < int(limit) <= LIST_MOST:
        raise Refusal(400, f"Invalid request: `limit` should be <= {LIST_MOST}", code="bad_request")
    with world.lock:
        every = list(world.hosting.deployments) if in_team(call) else []
        found = [each for each in every if _wanted(each, call) and _candidate_if_asked(world, each, call)]
        page = found[: int(limit)]
        more = len(found) > len(page)
        pagination = {
            "count": len(page), "next": millis(page[-1].created) if more else None,
            "prev": millis(page[0].created) if page else None,
        }  # fmt: skip
        return Reply({"deployments": [listed(world, each) for each in page], "pagination": pagination})


def _wanted(each: Deployment, call: Call) -> bool:
    at = millis(each.created)
    states = [state for text in call.query.get("state", []) for state in text.upper().split(",")]
    project = call.one("projectId", VERCEL_PROJECT)
    return (
        project in (VERCEL_PROJECT, NAME)
        and call.one("app", NAME) == NAME
        and (not call.one("target") or call.one("target") == (each.target or "preview"))
        and (not states or each.state in states)
        and call.one("sha", each.sha) == each.sha
        and call.one("branch", each.branch) == each.branch
        and (not call.one("since").isdigit() or at > int(call.one("since")))
        and (not call.one("until").isdigit() or at < int(call.one("until")))
    )


def _candidate_if_asked(world: World, each: Deployment, call: Call) -> bool:
    return call.one("rollbackCandidate") != "true" or is_candidate(world, each)


@VENDOR.route("GET", "/v13/deployments/{deployment}")
def deployment(world: World, call: Call) -> Reply:
    """One deployment by id, host or production domain: the id is called ``id`` here."""
    given = call.params["deployment"]
    with world.lock:
        uid = world.hosting.production if given in DOMAINS else given
        for each in world.hosting.deployments if in_team(call) else []:
            if uid in (each.uid, each.url):
                return Reply(whole(world, each))
    raise Refusal(404, "Deployment not found", code="not_found")


@VENDOR.route("GET", "/v9/projects/{project}")
def project(world: World, call: Call) -> Reply:
    """The project: what is live, whether it is paused, the attack challenge."""
    our_project(call, call.params["project"])
    live = _live(world)
    security: Json = {"attackModeEnabled": world.traffic.attack_mode(), "firewallEnabled": True}
    if world.traffic.attack_until:
        security["attackModeActiveUntil"] = int(world.traffic.attack_until * 1000)
    return Reply({
        "accountId": TEAM, "id": VERCEL_PROJECT, "name": NAME, "nodeVersion": NODE, "framework": "nextjs",
        "directoryListing": False, "resourceConfig": {"functionDefaultRegions": ["fra1"]},
        "defaultResourceConfig": {"functionDefaultRegions": ["fra1"]}, "autoAssignCustomDomains": world.hosting.auto_assign,
        "paused": False, "live": True, "lastAliasRequest": world.hosting.last_alias_request, "security": security,
        "createdAt": millis(world.platform.created), "updatedAt": millis(live.created), "crons": crons(live),
        "targets": {
            "production": {
                "id": live.uid, "alias": [name for name, uid in world.hosting.domains.items() if uid == live.uid],
                "aliasAssigned": millis(live.created), "url": live.url,
                "createdAt": millis(live.created), "createdIn": "fra1", "creator": creator(live),
                "deploymentHostname": live.url.split(".")[0], "forced": False, "name": NAME, "meta": meta(live),
                "plan": "pro", "private": True, "readyState": "READY", "readySubstate": "PROMOTED",
                "target": "production", "teamId": TEAM, "type": "LAMBDAS", "userId": token(live.author),
                "withCache": False,
            },
        },
    })  # fmt: skip


def _live(world: World) -> Deployment:
    """The deployment that the project calls production, whatever single domains serve."""
    with world.lock:
        world.hosting.settle(world.times.now())
        found = world.hosting.find(world.hosting.production)
    assert found is not None
    return found


@VENDOR.route("GET", "/v4/aliases/{alias}", limit=ALIASES, window_seconds=ALIASES_SECONDS)
def alias(world: World, call: Call) -> Reply:
    """Which deployment one domain serves."""
    given = call.params["alias"]
    if given not in DOMAINS or not in_team(call):
        raise Refusal(404, "Couldn't find the alias", code="not_found")
    live = world.production(given)
    row = {
        "alias": given, "created": iso(live.created), "createdAt": millis(live.created), "creator": creator(live),
        "deployment": {"id": live.uid, "url": live.url}, "deploymentId": live.uid, "projectId": VERCEL_PROJECT,
        "uid": token(f"alias {given}"), "updatedAt": millis(live.created),
    }  # fmt: skip
    return Reply([row])  # the vendor's document says a list; its answers were seen in both shapes


@VENDOR.route("GET", "/v3/events", limit=EVENTS)
def events(world: World, call: Call) -> Reply:
    """Who did what: every deployment that went out, newest first."""
    since, until, limit = call.one("since"), call.one("until"), call.one("limit", str(LIST_USUAL))
    with world.lock:
        rows = [
            {
                "id": token(f"event {each.uid}"), "text": f"{each.author} deployed {NAME} to {each.target or 'preview'}",
                "entities": [{"type": "author", "start": 0, "end": len(each.author)}], "createdAt": millis(each.created),
                "userId": token(each.author), "principalId": token(each.author),
            }
            for each in world.hosting.deployments
            if in_team(call) and _between(millis(each.created), since, until)
        ]  # fmt: skip
    return Reply({"events": rows[: int(limit) if limit.isdigit() else LIST_USUAL]})


def _between(at: int, since: str, until: str) -> bool:
    """``since`` and ``until`` may be epoch milliseconds or ISO times."""

    def edge(text: str, otherwise: int) -> int:
        if not text:
            return otherwise
        try:
            return int(text) if text.isdigit() else millis(datetime.fromisoformat(text))
        except ValueError as error:
            raise Refusal(400, "Invalid request: not a date", code="bad_request") from error

    return edge(since, 0) <= at <= edge(until, at)


@VENDOR.route("GET", "/v1/security/firewall/attack-status")
def attack_status(world: World, call: Call) -> Reply:
    """Anomalies that Vercel saw in the traffic of the last day."""
    our_project(call, call.one("projectId"))
    since = world.hosting.anomaly_since
    if since is None:
        return Reply({"anomalies": []})
    at = since.replace(second=0, microsecond=0)
    alert = {
        "at_minute": iso(at), "zscore": 9.4, "total_requests_minute": world.traffic.per_minute(world.times.now()),
        "avg_requests": 24, "stddev_requests": 4,
    }  # fmt: skip
    anomaly = {
        "projectId": VERCEL_PROJECT, "ownerId": TEAM, "startTime": millis(since), "endTime": None, "atMinute": millis(at),
        "state": "active", "affectedHostMap": {DOMAINS[0]: {"anomalyAlerts": {iso(at): alert}}},
    }  # fmt: skip
    return Reply({"anomalies": [anomaly]})


@VENDOR.route("POST", "/v1/security/attack-mode")
def attack_mode(world: World, call: Call) -> Reply:
    """Challenge visitors at the edge, or stop. The challenge really keeps the crowd off the site."""
    body = call.json()
    if not isinstance(body, dict) or not isinstance(body.get("attackModeEnabled"), bool):
        raise Refusal(400, "Invalid request: missing required property `attackModeEnabled`", code="bad_request")
    if stray := sorted(set(body) - {"projectId", "attackModeEnabled", "attackModeActiveUntil"}):
        raise Refusal(400, f"Invalid request: should NOT have additional property `{stray[0]}`", code="bad_request")
    our_project(call, str(body.get("projectId", "")))
    until = body.get("attackModeActiveUntil")
    with world.lock:
        before = world.traffic.attack_mode()
        world.traffic.attack_until = (until / 1000 if until else 0.0) if body["attackModeEnabled"] else None
        now = world.traffic.attack_mode()
    answer = {"attackModeEnabled": now, "attackModeUpdatedAt": millis(world.times.now())}
    return Reply(answer, change=before != now, objects=(VERCEL_PROJECT,))
