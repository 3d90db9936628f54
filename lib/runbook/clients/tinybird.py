"""Tinybird's SQL API, at the workspace's own region: SELECT only, no ``;``, and plain text unless it ends in ``FORMAT JSON``.

Rates and thresholds are reckoned here, not in ``HAVING``: an empty result there cannot be told from no data. ``now()`` is UTC.
Names of table and columns are the customer's and come from the profile (tinybird.co/docs, query API).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, items, needed, shape
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

LONGEST_QUERY = 4096  # characters, in a GET; the vendor's own command line has the same limit
LOOK_BACK_DAYS = 1  # for the last row of all
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RequestsTable:
    """The table of the site's requests: one row each, ``failed`` 1 or 0."""

    name: str
    at: str
    failed: str
    milliseconds: str
    path: str

    def __post_init__(self) -> None:
        for name in (self.name, self.at, self.failed, self.milliseconds, self.path):
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise SystemFault(f"{name!r} is no name of a table or column", system="tinybird", fault=Fault.NOT_SET,
                                  next_step="correct it in the profile")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Requests:
    """The site's requests in a window. No average without requests; no last row: nothing for a day, or never."""

    count: int
    failed: int
    average_ms: float | None
    p95_ms: float | None
    last_row_seconds_ago: int | None


@dataclass(frozen=True, slots=True)
class PathRequests:
    """The requests to one path in a window."""

    path: str
    count: int
    failed: int
    p95_ms: float | None


class Tinybird:
    """One workspace, by a token that may read the table."""

    def __init__(
        self, url: str, token: str, table: RequestsTable, *, times: Times, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.door = HttpDoor(
            url, system="tinybird", times=times, headers={"Authorization": f"Bearer {token}"}, transport=transport
        )
        self._table = table

    def rows(self, query: str) -> list[dict[str, Json]]:
        """The rows of one SELECT."""
        statement = f"{query.strip().rstrip(';').rstrip()} FORMAT JSON"
        if len(statement) > LONGEST_QUERY:
            raise SystemFault(
                f"the query is longer than {LONGEST_QUERY} characters", system="tinybird", fault=Fault.REJECTED
            )
        (rows,) = fields(self.door.read("/v0/sql", {"q": statement}, seconds=SECONDS).data, "tinybird", "query", "data")
        return items(rows, "tinybird", "query")

    def requests(self, minutes: int) -> Requests:
        """What the site's visitors got in the last minutes."""
        one, since = self._table, f"now() - INTERVAL {int(minutes)} MINUTE"
        rows = self.rows(
            f"SELECT count() AS requests, countIf({one.failed} = 1) AS failed, avg({one.milliseconds}) AS average_ms,"
            f" quantile(0.95)({one.milliseconds}) AS p95_ms, (SELECT if(count() = 0, NULL, dateDiff('second', max({one.at}),"
            f" now())) FROM {one.name} WHERE {one.at} >= now() - INTERVAL {LOOK_BACK_DAYS} DAY) AS last_row_seconds_ago"
            f" FROM {one.name} WHERE {one.at} >= {since}"
        )
        with shape("tinybird", "requests"):
            (row,) = rows
            ago = row["last_row_seconds_ago"]
            return Requests(
                _whole(row["requests"]), _whole(row["failed"]), _real(row["average_ms"]), _real(row["p95_ms"]),
                None if ago is None else _whole(ago),
            )  # fmt: skip

    def worst_paths(self, minutes: int, *, at_least: int = 20, limit: int = 10) -> list[PathRequests]:
        """The paths with most failures in the last minutes, of those that were asked often enough to tell."""
        one = self._table
        rows = self.rows(
            f"SELECT {one.path} AS path, count() AS requests, countIf({one.failed} = 1) AS failed,"
            f" quantile(0.95)({one.milliseconds}) AS p95_ms FROM {one.name}"
            f" WHERE {one.at} >= now() - INTERVAL {int(minutes)} MINUTE GROUP BY path HAVING requests >= {int(at_least)}"
            f" ORDER BY failed DESC, requests DESC LIMIT {int(limit)}"
        )
        with shape("tinybird", "paths"):
            return [
                PathRequests(needed(row, "path"), _whole(row["requests"]), _whole(row["failed"]), _real(row["p95_ms"]))
                for row in rows
            ]


def _whole(value: Json) -> int:
    """A UInt64: a number, or its digits where the server quotes 64 bits."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdigit())):
        raise TypeError("no whole number")
    return int(value)


def _real(value: Json) -> float | None:
    """A Float64; the server writes what is no number as null."""
    if isinstance(value, bool) or not (value is None or isinstance(value, (int, float))):
        raise TypeError("no number")
    return None if value is None else float(value)
