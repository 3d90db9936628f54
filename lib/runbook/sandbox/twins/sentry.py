"""Sentry's API: events counted, their time line, issues, outcomes. Its events are the site's own failures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.sandbox.twins.sentry_shapes import issue, listed_project, project_body
from runbook.sandbox.visits import Visit
from runbook.sandbox.watching import SENTRY_ENVIRONMENT, SENTRY_NUMBER, SENTRY_ORGANIZATION, SENTRY_PROJECT

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
PER_MINUTE = 200  # the vendor's differ by call and are not published
DATASETS = ("errors", "logs", "profile_functions", "spans", "tracemetrics", "uptime_results")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
FILTERS = {"", "level:error"}
STEP = 60
MOST = 100
RETIRED = {"rules": "detectors/", "alert-rules": "workflows/"}  # sentry: 410 since 2026-05-14


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise Refusal(401, "Authentication credentials were not provided.")
    if given.startswith("sntrys_"):  # an organization's token, for uploads in CI: its scope is small and fixed
        raise Refusal(403, "You do not have permission to perform this action.")
    if not world.opens("SENTRY_AUTH_TOKEN", given):
        raise Refusal(401, "Invalid token")


def _error(refusal: Refusal, request_id: str) -> Json:
    said = "You are attempting to use this endpoint too frequently." if refusal.status == 429 else refusal.message
    return {"message": said} if refusal.status == 410 else {"detail": said}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """On every answer; the reset is epoch seconds (docs.sentry.io/api/ratelimits)."""
    return {
        "X-Sentry-Rate-Limit-Limit": str(most), "X-Sentry-Rate-Limit-Remaining": str(remaining),
        "X-Sentry-Rate-Limit-Reset": str(int(now + left) + 1), "X-Sentry-Rate-Limit-ConcurrentLimit": "25",
        "X-Sentry-Rate-Limit-ConcurrentRemaining": "24",
    }  # fmt: skip


def _no_route(call: Call) -> Refusal:
    """404, or 410 for what is retired; a path without its last slash is not there either."""
    for name, instead in RETIRED.items():
        if f"/{name}/" in call.path:
            headers = {
                "X-Sentry-Deprecation-Date": "2026-05-14T00:00:00+00:00",
                "X-Sentry-Replacement-Endpoint": f"/api/0/organizations/{{organization_id_or_slug}}/{instead}",
            }
            return Refusal(410, "This API no longer exists.", headers=headers)
    return Refusal(404, "The requested resource does not exist")


VENDOR = Vendor("sentry", _authorize, _error, Limit(PER_MINUTE, 60.0, _limits), unmatched=_no_route)


def organization_route(path: str, *needed: str) -> Callable[[Handler], Handler]:
    """A route below our organization with its needed parameters; the answer says it when the call will be retired."""

    def register(handler: Handler) -> Handler:
        def checked(world: World, call: Call) -> Reply:
            if call.params["organization"] != SENTRY_ORGANIZATION:
                raise Refusal(404, "The requested resource does not exist")
            for name in needed:
                if name not in call.query:
                    raise Refusal(400, f'"{name}" is required.')
            if stray := set(call.query.get("project", [])) - {SENTRY_PROJECT, SENTRY_NUMBER, "-1"}:
                raise Refusal(403, f"You do not have permission to see {sorted(stray)[0]}.")
            reply = handler(world, call)
            until = world.sentry.deprecated_until
            return Reply(reply.body, reply.status, headers={"X-Sentry-Deprecation-Date": until}) if until else reply

        return VENDOR.route("GET", f"/api/0/organizations/{{organization}}/{path}/")(checked)

    return register


@VENDOR.route("GET", "/api/0/")
def index(world: World, call: Call) -> Reply:
    """What the token may do (getsentry/sentry, api/endpoints/index.py)."""
    return Reply({"version": "0", "auth": {"scopes": list(world.tokens.sentry_scopes)}, "user": None})


@VENDOR.route("GET", "/api/0/projects/{organization}/{project}/")
def project(world: World, call: Call) -> Reply:
    """The project, with the organization it is in."""
    if (call.params["organization"], call.params["project"]) != (SENTRY_ORGANIZATION, SENTRY_PROJECT):
        raise Refusal(404, "The requested resource does not exist")
    return Reply(project_body(world.platform.created))


@organization_route("projects")
def projects(world: World, call: Call) -> Reply:
    """The organization's projects: one."""
    return Reply([listed_project(world.platform.created)])


@organization_route("events", "dataset", "field")
def events(world: World, call: Call) -> Reply:
    """A table of events; of its fields ``count()`` is known here."""
    if call.query["field"] != ["count()"]:
        raise Refusal(400, f"Invalid field: {call.one('field')}")
    found = _events(world, call)
    meta = {"fields": {"count()": "integer"}, "units": {"count()": None}, "isMetricsData": False, "tips": {},
            "datasetReason": "unchanged", "dataset": call.one("dataset")}  # fmt: skip
    return Reply({"data": [{"count()": len(found)}], "meta": meta})


@organization_route("events-timeseries", "dataset")
def events_timeseries(world: World, call: Call) -> Reply:
    """Events by minute, those without any too."""
    if call.one("yAxis", "count()") != "count()":
        raise Refusal(400, f"Invalid field: {call.one('yAxis')}")
    found = Counter(int(one.at) // STEP for one in _events(world, call))
    now = world.times.now().timestamp()
    first, last = int(now - _seconds(call)) // STEP, int(now) // STEP
    values = [
        {"timestamp": minute * STEP * 1000, "value": found[minute], "incomplete": minute == last}
        for minute in range(first, last + 1)
    ]
    meta = {"valueType": "integer", "valueUnit": None, "interval": STEP * 1000}
    return Reply({
        "timeSeries": [{"values": values, "yAxis": "count()", "meta": meta}],
        "meta": {"dataset": call.one("dataset"), "start": first * STEP * 1000, "end": (last + 1) * STEP * 1000},
    })  # fmt: skip


@organization_route("issues")
def issues(world: World, call: Call) -> Reply:
    """Events grouped by the page that failed, most first. Its queries may hold ``is:``."""
    limit = call.one("limit", str(MOST))
    if not limit.isdigit() or not 0 < int(limit) <= MOST:
        raise Refusal(400, "Invalid limit")
    words = call.one("query", "is:unresolved").split()
    if unknown := [word for word in words if word not in ("is:unresolved", "level:error")]:
        raise Refusal(400, f"Error parsing search query: {unknown[0]}")
    groups: dict[str, list[Visit]] = {}
    for one in _failures(world, call):
        groups.setdefault(one.path, []).append(one)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    rows = [issue(path, len(seen), _at(seen[0]), _at(seen[-1])) for path, seen in ordered]
    return Reply(
        rows[: int(limit)], headers={"Link": '<https://us.sentry.io/>; rel="next"; results="false"; cursor="0:100:0"'}
    )


@organization_route("stats_v2", "groupBy", "field")
def stats(world: World, call: Call) -> Reply:
    """What became of the events that were sent. The project goes by number here."""
    if call.query["groupBy"] != ["outcome"] or call.one("field") != "sum(quantity)":
        raise Refusal(400, "Invalid groupBy or field")
    if any(not one.lstrip("-").isdigit() for one in call.query.get("project", [])):
        raise Refusal(400, "Invalid project parameter. Values must be numbers.")
    hours = max(1, -(-_seconds(call) // 3600))
    now = world.times.now()
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    start = end - timedelta(hours=hours)
    since = world.sentry.dropping_since
    failed = [one for one in world.visits.rows(now.timestamp()) if one.failed and one.at >= start.timestamp()]
    dropped = [one for one in failed if since is not None and one.at >= since.timestamp()]
    totals = {"accepted": len(failed) - len(dropped), "rate_limited": len(dropped), "filtered": 0}
    return Reply({
        "start": _iso(start), "end": _iso(end), "intervals": [_iso(start + timedelta(hours=hour)) for hour in range(hours)],
        "groups": [
            {"by": {"outcome": name}, "totals": {"sum(quantity)": total},
             "series": {"sum(quantity)": [0] * (hours - 1) + [total]}}
            for name, total in totals.items()
        ],
    })  # fmt: skip


def _events(world: World, call: Call) -> list[Visit]:
    """The events that a query of events finds."""
    if call.one("dataset") not in DATASETS:
        raise Refusal(400, f"dataset must be one of: {', '.join(DATASETS)}")
    if call.one("query") not in FILTERS:  # is: among them: it belongs to issues
        raise Refusal(400, f"Invalid query: {call.one('query')}")
    return _failures(world, call) if call.one("dataset") == "errors" else []


def _failures(world: World, call: Call) -> list[Visit]:
    """The site's failures of the period that were not dropped, in our one environment."""
    now, since = world.times.now().timestamp(), world.sentry.dropping_since
    until = now if since is None else since.timestamp()
    ours = call.one("environment", SENTRY_ENVIRONMENT) == SENTRY_ENVIRONMENT
    rows = world.visits.rows(now) if ours else []
    return [one for one in rows if one.failed and now - _seconds(call) < one.at <= until]


def _seconds(call: Call) -> int:
    found = re.fullmatch(r"(\d{1,4})([smhdw])", call.one("statsPeriod", "90d"))
    if found is None:
        raise Refusal(400, "Invalid statsPeriod")
    return int(found[1]) * UNITS[found[2]]


def _at(one: Visit) -> datetime:
    return datetime.fromtimestamp(one.at, UTC)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
