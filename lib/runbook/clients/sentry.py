"""Sentry's API, at the organization's own region: errors counted in a window, issues, and what became of the events sent.

Every path ends in a slash. A page of events counts nothing, so events are counted there; and no errors may also mean that events
are dropped, so the outcomes are asked beside them. A call that will be retired says so in a header, long before its 410 and in
turns with it: what was seen is kept in ``deprecations``, to be shown (docs.sentry.io/api, getsentry/sentry deprecation.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.clients.http import HttpDoor
from runbook.clients.reading import REPLACEMENT_HEADER
from runbook.clients.shapes import fields, inner, items, line, moment, needed, segment, shape, text, unreadable, whole
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

ERRORS = "level:error"
UNRESOLVED = "is:unresolved level:error"  # ``is:`` belongs to issues, a query of events must not hold it
MOST = 100  # rows of one page
DEPRECATION_HEADER = "x-sentry-deprecation-date"


@dataclass(frozen=True, slots=True)
class SentryProject:
    """One project: its slug as the profile has it, and its number."""

    slug: str
    number: str


@dataclass(frozen=True, slots=True)
class Minute:
    """Events of one step of a time line; incomplete: more of it may come."""

    at: str
    count: int
    is_incomplete: bool


@dataclass(frozen=True, slots=True)
class Issue:
    """One group of errors; ``count`` is over all of its life."""

    short_id: str
    title: str
    level: str
    count: int
    users: int
    first_seen: str
    last_seen: str
    link: str


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A call that still answers and will not for ever."""

    call: str
    until: str
    instead: str


class Sentry:
    """One project of one organization, in one environment."""

    def __init__(
        self, url: str, token: str, organization: str, project: str, environment: str, *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.door = HttpDoor(
            url, system="sentry", times=times, headers={"Authorization": f"Bearer {token}"}, transport=transport
        )
        organization, self._project = segment("sentry", organization), project
        self._organization = f"/api/0/organizations/{organization}"
        self._own = f"/api/0/projects/{organization}/{segment('sentry', project)}/"
        self._ours = {"project": project, "environment": environment}
        self._deprecated: dict[str, Deprecation] = {}

    @property
    def deprecations(self) -> list[Deprecation]:
        """What of the calls made so far will be retired."""
        return list(self._deprecated.values())

    def scopes(self) -> tuple[str, ...]:
        """What the token may do; empty: not told. The API's root says it (getsentry/sentry, api/endpoints/index.py)."""
        (auth,) = fields(self._read("/api/0/"), "sentry", "token", "auth")
        with shape("sentry", "token"):
            return tuple(sorted(line(str(one), 60) for one in (auth or {}).get("scopes") or ()))

    def project(self) -> SentryProject:
        """The project as Sentry knows it."""
        data = self._read(self._own)
        fields(data, "sentry", "project")
        with shape("sentry", "project"):
            return SentryProject(needed(data, "slug"), needed(data, "id"))

    def count(self, period: str = "5m", query: str = ERRORS) -> int:
        """How many events there were; ``period`` as in ``5m``, ``24h``, ``7d``."""
        params = {**self._ours, "dataset": "errors", "field": "count()", "query": query, "statsPeriod": period}
        (rows,) = fields(self._read(f"{self._organization}/events/", params), "sentry", "events", "data")
        with shape("sentry", "events"):
            (row,) = items(rows, "sentry", "events")
            return _number(row["count()"])

    def time_line(self, period: str = "1h", query: str = ERRORS) -> list[Minute]:
        """How many events there were in each step; Sentry chooses the step, since its unit is not documented."""
        params = {**self._ours, "dataset": "errors", "yAxis": "count()", "query": query, "statsPeriod": period}
        data = self._read(f"{self._organization}/events-timeseries/", params)
        (lines,) = fields(data, "sentry", "time line", "timeSeries")
        with shape("sentry", "time line"):
            (one,) = items(lines, "sentry", "time line")
            return [
                Minute(moment(whole(row, "timestamp")), _number(row["value"]), row.get("incomplete") is True)
                for row in items(one["values"], "sentry", "time line")
            ]

    def issues(self, query: str = UNRESOLVED, period: str = "24h", limit: int = 20) -> list[Issue]:
        """Groups of errors with events in the period, most frequent first."""
        params = {**self._ours, "query": query, "statsPeriod": period, "sort": "freq", "limit": min(limit, MOST)}
        rows = items(self._read(f"{self._organization}/issues/", params), "sentry", "issues")
        with shape("sentry", "issues"):
            return [_issue(row) for row in rows]

    def outcomes(self, period: str = "1h") -> dict[str, int]:
        """What became of the errors that were sent, whole hours: accepted, filtered, rate_limited, invalid, …

        This call takes the project by number only.
        """
        params = {
            "project": self.project().number, "groupBy": "outcome", "field": "sum(quantity)", "category": "error",
            "statsPeriod": period,
        }  # fmt: skip
        (groups,) = fields(self._read(f"{self._organization}/stats_v2/", params), "sentry", "outcomes", "groups")
        with shape("sentry", "outcomes"):
            return {
                needed(inner(row, "by"), "outcome"): _number(inner(row, "totals")["sum(quantity)"])
                for row in items(groups, "sentry", "outcomes")
            }

    def _read(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        reply = self.door.read(path, params)
        if until := reply.headers.get(DEPRECATION_HEADER):
            call = f"GET {path}"
            instead = line(reply.headers.get(REPLACEMENT_HEADER) or "")
            self._deprecated[call] = Deprecation(call, line(until, 40), instead)
        return reply.data


def _issue(row: dict[str, Json]) -> Issue:
    count = row["count"]  # a text, in all of Sentry's answers about issues
    if not isinstance(count, (str, int)) or not str(count).isdigit():
        raise unreadable("sentry", "issues: count is no number")
    return Issue(
        needed(row, "shortId"), text(row, "title"), text(row, "level"), int(count), whole(row, "userCount") or 0,
        text(row, "firstSeen"), text(row, "lastSeen"), text(row, "permalink"),
    )  # fmt: skip


def _number(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("count")
    return int(value)
