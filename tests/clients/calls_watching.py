"""The calls of the systems that watch the site."""

from __future__ import annotations

from calls import MS, SECRET, Call
from runbook.clients.sentry import Issue, Minute, SentryProject
from runbook.clients.tinybird import PathRequests, Requests

OURS = {"project": "agency-site", "environment": "production"}
EVENTS = OURS | {"dataset": "errors", "query": "level:error"}
ORGANIZATION = "/api/0/organizations/agency"
ISSUE = {
    "id": "1", "shortId": "AGENCY-SITE-1", "title": "TypeError:\n x is undefined", "culprit": "/contact", "level": "error",
    "count": "120", "userCount": 7, "firstSeen": "2026-01-05T02:00:00Z", "lastSeen": "2026-01-05T03:00:00Z",
    "permalink": "https://agency.sentry.io/issues/1/", "status": "unresolved", "assignedTo": {"email": SECRET},
}  # fmt: skip

CALLS = {
    "sentry.scopes": Call(
        "sentry", lambda s: s.sentry.scopes(), "GET /api/0/",
        {"version": "0", "auth": {"scopes": ["org:read", "event:read"]}, "user": {"email": SECRET}},
        ("event:read", "org:read"),
    ),
    "sentry.project": Call(
        "sentry", lambda s: s.sentry.project(), "GET /api/0/projects/agency/agency-site/",
        {"id": "7", "slug": "agency-site", "name": "Site", "securityToken": SECRET, "organization": {"slug": "agency"}},
        SentryProject("agency-site", "7"),
    ),
    "sentry.count": Call(
        "sentry", lambda s: s.sentry.count("5m"), f"GET {ORGANIZATION}/events/",
        {"data": [{"count()": 12}], "meta": {"fields": {"count()": "integer"}}}, 12,
        EVENTS | {"field": "count()", "statsPeriod": "5m"},
    ),
    "sentry.time_line": Call(
        "sentry", lambda s: s.sentry.time_line(), f"GET {ORGANIZATION}/events-timeseries/",
        {"timeSeries": [{"yAxis": "count()", "meta": {"interval": 60000, "valueType": "integer", "valueUnit": None},
                         "values": [{"timestamp": MS, "value": 3, "incomplete": False},
                                    {"timestamp": MS + 60_000, "value": 0, "incomplete": True}]}],
         "meta": {"dataset": "errors", "start": MS, "end": MS}},
        [Minute("2026-01-05T03:00:00.000Z", 3, False), Minute("2026-01-05T03:01:00.000Z", 0, True)],
        EVENTS | {"yAxis": "count()", "statsPeriod": "1h"},
    ),
    "sentry.issues": Call(
        "sentry", lambda s: s.sentry.issues(), f"GET {ORGANIZATION}/issues/", [ISSUE],
        [Issue("AGENCY-SITE-1", "TypeError: x is undefined", "error", 120, 7, "2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z",
               "https://agency.sentry.io/issues/1/")],
        OURS | {"query": "is:unresolved level:error", "sort": "freq", "limit": "20", "statsPeriod": "24h"}, may_be_empty=True,
    ),
    "tinybird.rows": Call(
        "tinybird", lambda s: s.tinybird.rows("SELECT 1 AS n;"), "GET /v0/sql",
        {"meta": [{"name": "n", "type": "UInt8"}], "data": [{"n": 1}], "rows": 1, "statistics": {"elapsed": 0.1}},
        [{"n": 1}], {"q": "SELECT 1 AS n FORMAT JSON"},
    ),
    "tinybird.requests": Call(
        "tinybird", lambda s: s.tinybird.requests(5), "GET /v0/sql",
        {"data": [{"requests": "150", "failed": 8, "average_ms": 508, "p95_ms": 4000.5, "last_row_seconds_ago": 1}], "rows": 1},
        Requests(150, 8, 508.0, 4000.5, 1),
    ),
    "tinybird.worst_paths": Call(
        "tinybird", lambda s: s.tinybird.worst_paths(15), "GET /v0/sql",
        {"data": [{"path": "/contact", "requests": 40, "failed": 39, "p95_ms": None}], "rows": 1},
        [PathRequests("/contact", 40, 39, None)],
    ),
}  # fmt: skip
