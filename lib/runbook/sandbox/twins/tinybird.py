"""Tinybird's SQL API: the statement is really run, on the embedded ClickHouse engine, over the site's real visits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
QUERIES_PER_SECOND = 20  # a free plan's 10, twice that in bursts (tinybird.co/docs, limits)
SECONDS = 10.0
DOCUMENTATION = "https://www.tinybird.co/docs/api-reference/query-api"
TABLE = "web_requests"
COLUMNS = "timestamp DateTime('UTC'), path String, status UInt16, error UInt8, response_time Float64"
PARAMETERS = {"q", "pipeline", "output_format_json_quote_64bit_integers", "output_format_json_quote_denormals"}
# What the vendor's workspaces do not have: other places, and the engine's own tables.
FORBIDDEN = re.compile(
    r"\b(file|url|s3|remote|remoteSecure|mysql|postgresql|sqlite|executable|input|cluster)\s*\(|\bsystem\.",
    re.IGNORECASE,
)
LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'")


def _authorize(world: World, call: Call) -> None:
    """A bad token, or one of another region, is 403."""
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not world.opens("TINYBIRD_TOKEN", given):
        raise Refusal(403, "invalid authentication token. Invalid token")


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"error": "Too many requests" if refusal.status == 429 else refusal.message, "documentation": DOCUMENTATION}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """Both in seconds (tinybird-sdk-python)."""
    wait = str(int(left) + 1)
    said = {"X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": wait}
    return said if remaining else {**said, "Retry-After": wait}


VENDOR = Vendor("tinybird", _authorize, _error, Limit(QUERIES_PER_SECOND, 1.0, _limits))


@VENDOR.route("GET", "/v0/sql")
def sql(world: World, call: Call) -> Reply:
    """The answer to one SELECT."""
    if stray := sorted(set(call.query) - PARAMETERS):
        raise Refusal(400, f"The parameter {stray[0]} is not known")
    return _answer(world, call.one("q"))


@VENDOR.route("POST", "/v0/sql")
def sql_posted(world: World, call: Call) -> Reply:
    """The same with the statement in the body: a form's ``q``, or the whole of it as text."""
    text = call.raw.decode("utf-8", "replace")
    form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return _answer(world, parse_qs(text).get("q", [""])[-1] if form else text)


def _answer(world: World, statement: str) -> Reply:
    bare = LITERALS.sub("''", statement)
    if not re.match(r"\s*(select|with)\b", bare, re.IGNORECASE):
        raise Refusal(
            400, "DB::Exception: Only SELECT or DESCRIBE queries are supported." if bare.strip() else "The q is empty"
        )
    if ";" in bare:
        raise Refusal(400, "DB::Exception: Syntax error (Multi-statements are not allowed)")
    if found := FORBIDDEN.search(bare):
        raise Refusal(400, f"DB::Exception: Usage of {found[0].strip(' (.')} is restricted.")
    _write_visits(world)
    try:
        answer = world.parts.clickhouse.query(statement, SECONDS)
    except RuntimeError as error:  # ClickHouse's own words
        raise Refusal(400, f"[Error] {' '.join(str(error).split())[:500]}") from error
    except TimeoutError as error:
        raise Refusal(408, "[Error] Timeout: the query took too long") from error
    if not re.search(
        r"\bformat\s+json\s*$", bare, re.IGNORECASE
    ):  # without it the answer is text, tabs between the values
        return Reply(text="\n".join("\t".join(str(value) for value in row.values()) for row in answer["data"]))
    return Reply(answer)


def _write_visits(world: World) -> None:
    """Bring the table up to what the site served."""
    state, visits = world.tinybird, world.visits.rows(world.times.now().timestamp())
    with state.writing:
        run = world.parts.clickhouse.query
        if state.written == 0:
            run(f"DROP TABLE IF EXISTS {TABLE}", SECONDS)
            run(f"CREATE TABLE {TABLE} ({COLUMNS}) ENGINE = MergeTree ORDER BY timestamp", SECONDS)
        until = None if state.silent_since is None else state.silent_since.timestamp()
        new = [one for one in visits if one.serial > state.written]
        values = ",".join(
            f"({int(one.at)},'{one.path.encode().hex()}',{one.status},{int(one.failed)},{one.milliseconds:.1f})"
            for one in new if until is None or one.at <= until
        )  # fmt: skip
        if values:
            source = f"values('at UInt32, path String, status UInt16, error UInt8, took Float64', {values})"
            run(f"INSERT INTO {TABLE} SELECT at, unhex(path), status, error, took FROM {source}", SECONDS)
        state.written = max((one.serial for one in new), default=state.written)
