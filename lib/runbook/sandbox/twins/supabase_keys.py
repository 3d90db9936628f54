"""Supabase's Management API, the part about the project's own keys: which there are, the end of one, and who used them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.keys import Key, Use
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.supabase_door import USAGE_PER_MINUTE, VENDOR, project_route
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

__all__ = ["VENDOR"]
Json = Any
KINDS = {"SUPABASE_ANON_KEY": "publishable", "SUPABASE_SERVICE_KEY": "secret"}
MOST = timedelta(hours=24)
SECONDS = 10.0
COLUMNS = (
    "id String, timestamp DateTime64(3, 'UTC'), event_message String, source String, log_attributes Map(String, String)"
)
NO_ROW = "('', toDateTime64(0, 3, 'UTC'), '', '', map())"  # a table of values needs one to know its columns


@project_route("GET", "/api-keys")
def api_keys(world: World, call: Call) -> Reply:
    """The project's keys, without their values: nobody here asks to reveal them."""
    with world.lock:
        return Reply([_key(one) for one in world.keys.alive if one.secret in KINDS])


@project_route("DELETE", "/api-keys/{id}")
def delete_api_key(world: World, call: Call) -> Reply:
    """End one key; what still uses it is refused from now on."""
    if stray := sorted(set(call.query) - {"reveal", "was_compromised", "reason"}):
        raise Refusal(400, f'Unrecognized key: "{stray[0]}"')
    with world.lock:
        found = next((one for one in world.keys.alive if one.secret in KINDS and one.uid == call.params["id"]), None)
        if found is None:
            raise Refusal(404, "API key not found")
        world.keys.end(found.secret, found.uid)
        return Reply(_key(found), change=True, objects=(found.uid,))


def _key(one: Key) -> Json:
    kind = KINDS[one.secret]
    return {
        "api_key": f"{one.prefix}{'·' * 15}" if kind == "secret" else one.value, "id": one.uid, "type": kind,
        "prefix": one.prefix, "name": f"{kind}_{one.uid[:4]}", "description": None, "hash": one.uid,
        "secret_jwt_template": None, "inserted_at": iso(one.made), "updated_at": iso(one.made),
    }  # fmt: skip


def note(world: World, call: Call, given: str, status: int) -> None:
    """What the gateway writes down of a request: the key by its first letters, and who came."""
    prefix = Key("", given, world.times.now()).prefix
    address = call.headers.get("cf-connecting-ip", "127.0.0.1")
    use = Use(world.times.now(), call.method, call.path, status, prefix, call.actor, address,
              call.headers.get("cf-ipcountry", "DE"))  # fmt: skip
    with world.lock:
        world.keys.uses.append(use)


@project_route("GET", "/analytics/endpoints/logs", limit=USAGE_PER_MINUTE)
def logs(world: World, call: Call) -> Reply:
    """The log of a window, asked in ClickHouse's SQL: a failure is 200 with ``error`` filled."""
    start, end = _moment(call, "iso_timestamp_start"), _moment(call, "iso_timestamp_end")
    if not start < end <= start + MOST:
        raise Refusal(400, "The timestamp range must be no more than 24 hours")
    statement = call.one("sql")
    if not re.match(r"\s*select\b", statement, re.IGNORECASE) or ";" in statement:
        return Reply({"result": [], "error": "Only a single SELECT is allowed"})
    with world.lock:
        rows = ", ".join(
            [NO_ROW, *(_row(number, one) for number, one in enumerate(world.keys.uses) if start <= one.at <= end)]
        )
    table = f"with logs as (select * from values('{_quoted(COLUMNS)}', {rows}) where id != '') "
    try:
        return Reply({"result": world.parts.clickhouse.query(f"{table}{statement} format JSON", SECONDS)["data"]})
    except RuntimeError as error:
        return Reply({"result": [], "error": str(error)[:200]})


def _row(number: int, one: Use) -> str:
    facts = {
        "request.method": one.method, "request.path": one.path, "response.status_code": str(one.status),
        "request.headers.user_agent": one.agent, "request.headers.cf_connecting_ip": one.address,
        "request.cf.country": one.country, "request.sb.apikey.apikey.prefix": one.prefix,
    }  # fmt: skip
    pairs = ", ".join(f"'{_quoted(key)}', '{_quoted(value)}'" for key, value in facts.items())
    at, said = f"{one.at:%Y-%m-%d %H:%M:%S.%f}", _quoted(f"{one.method} {one.path}")
    return f"('{number}', toDateTime64('{at}', 3, 'UTC'), '{said}', 'edge_logs', map({pairs}))"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _moment(call: Call, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(call.one(name))
    except ValueError as error:
        raise Refusal(400, f"{name}: Invalid ISO datetime") from error
    if found.tzinfo is None:
        raise Refusal(400, f"{name}: Invalid ISO datetime")
    return found
