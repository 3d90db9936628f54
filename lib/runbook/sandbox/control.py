"""The sandbox's own door: break the world, repair it, and ask how it is. For drills and the command line, by token."""

from __future__ import annotations

import contextlib
import hmac
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from starlette.types import ASGIApp

from runbook.errors import RunbookError
from runbook.sandbox import faults, faults_data, faults_replica, paying, scenarios, seeds, site_vendors
from runbook.sandbox.scenarios import FaultSpec
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor, vendor_app
from runbook.sandbox.visits import ask_page

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
WATCHER = "sandbox control"
SCHEMA: LiteralString = (
    "select (select array_agg(attname::text order by attname) from pg_attribute where attnum > 0 and not attisdropped"
    " and attrelid = to_regclass('public.site_settings')) as settings_columns,"
    " (select count(*)::int from supabase_migrations.schema_migrations) as migrations"
)


def _authorize(world: World, call: Call) -> None:
    given = call.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), world.secret("CONTROL_TOKEN").encode()):
        raise Refusal(401, "the control token is missing or wrong")


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"error": refusal.message}


def app(world: World) -> ASGIApp:
    """The control door of one world."""
    vendor = Vendor("control", _authorize, _error)
    vendor.route("POST", "/break")(_break)
    vendor.route("POST", "/repair")(_repair)
    vendor.route("GET", "/state")(_state)
    vendor.route("GET", "/requests")(_requests)
    return vendor_app(world, vendor)


def _break(world: World, call: Call) -> Reply:
    """``{scenario}``, or ``{faults: [{name: {arguments}}]}``. A world that is broken is repaired first."""
    body = call.json() or {}
    try:
        if "faults" in body:
            name, wait, specs = "by hand", 0.0, scenarios.faults(body["faults"], "faults")
        else:
            scenario = scenarios.load(str(body.get("scenario", "")), world.root)
            name, wait, specs = scenario.name, scenario.wait_seconds, scenario.faults
        break_world(world, name, specs)
    except RunbookError as error:
        raise Refusal(400, str(error)) from error
    except (RuntimeError, OSError, psycopg.Error) as error:  # half broken is no scenario
        world.repair()
        raise Refusal(500, f"{type(error).__name__}: {error}") from error
    return Reply({"scenario": world.scenario, "faults": world.faults, "wait_seconds": wait})


def break_world(world: World, name: str, specs: tuple[FaultSpec, ...]) -> None:
    """Break the world from a healthy start."""
    faults.check(specs)
    world.repair()
    world.scenario = name
    faults.apply(world, specs)


def _repair(world: World, call: Call) -> Reply:
    world.repair()
    return Reply({"scenario": world.scenario})


def _requests(world: World, call: Call) -> Reply:
    """The request log; ``changes=1`` for the changes only."""
    world.watch.catch_up()
    world.queue_watch.catch_up()
    return Reply({"requests": world.log.rows(changes=call.one("changes") == "1")})


def _state(world: World, call: Call) -> Reply:
    return Reply(figures(world))


def figures(world: World) -> dict[str, Json]:
    """The world as it is now, asked live. Top-level keys are what a scenario's ``expect.world`` compares."""
    alive = world.parts.postgres.alive()
    home, login = (
        world.threads.submit(ask_site, world, path) for path in ("/", "/api/auth/test")
    )  # each may take seconds
    state: dict[str, Json] = {
        "scenario": world.scenario, "faults": list(world.faults), "health": ask_site(world, "/api/health"), "home": home.result(),
        "auth_test": login.result(), "sessions_active": sum(one.status == "active" for one in world.clerk.sessions.values()),
        "postgres_alive": alive, "project_status": world.platform.status,
        "attack_mode": world.traffic.attack_mode(), "busy": world.traffic.busy(), "visitors": world.traffic.answers(),
        "default_pool_size": world.parts.pooler.default_pool_size, "pool_mode": world.parts.pooler.pool_mode,
        "pool_used": world.parts.pooler.figures.servers, "production": world.production().message,
        "domains": sorted({world.production(domain).message for domain in seeds.DOMAINS}),
        "auto_assign": world.hosting.auto_assign, "deployments_frozen": world.hosting.frozen,
        "flags_on": sorted(key for key, flag in world.flags.items() if flag.on),
        "flag_requests": len(world.flag_requests), "slack_messages": len(world.slack.messages),
        "pages_open": sum(one.status != "resolved" for one in world.pagerduty.pages), "status_mails": world.statuspage.mailed,
        "events_owed": sum(one.pending > 0 for one in world.stripe.events),
        "webhook_refusals": world.stripe.refusals(),
        "endpoints_on": sum(one.enabled for one in world.stripe.endpoints.values() if one.livemode),
        "leak_keys": len(world.keys.of(world.leaked)) if world.leaked else None, "leak_page": ask_page_of_leak(world),
        "hooks_on": sum(one.active for one in world.calcom.hooks.values()),
        **world.worker.counts(), "worker_runs": world.worker.runs, "receipts": None,
        "system_identifier": world.parts.postgres.system_identifier, "read_only": None, "connections": None,
        "idle_in_transaction": None, "survivors": [], "lost": [], "other_sessions": other_sessions(world),
        "data_as_before": None, "session_rows": None, "events_unhandled": None, "given_twice": None, "bookings_missed": None,
        "before_damage": None if world.damage is None else f"{world.damage.before:%Y-%m-%dT%H:%M:%SZ}",
        "replica_behind_mb": None, "settings_columns": None, "migrations": None,
    }  # fmt: skip
    with contextlib.suppress(psycopg.Error):  # Postgres is down: its figures stay None
        state |= {"read_only": world.read_only(), "replica_behind_mb": faults_replica.behind_mb(world),
                  "data_as_before": faults_data.as_before(world)}  # fmt: skip
        (row,) = world.admin.patient(
            "select count(*)::int as connections, (count(*) filter (where state like 'idle in transaction%%'))::int"
            " as idle_in_transaction from pg_stat_activity where backend_type = 'client backend' and %s",
            True,
        )
        state |= world.admin.patient(SCHEMA)[0]
        state |= {**row, **world.sessions.survivors()}
        state |= given(world) | {"bookings_missed": bookings_missed(world)}
        (kept,) = world.admin.patient("select count(*)::int as session_rows from public.user_sessions")
        state |= kept
    return state


def given(world: World) -> dict[str, Json]:
    """How many of Stripe's events the application never handled, and how many payments it provisioned more than once."""
    with world.lock:
        wanted = [one.uid for one in world.stripe.events if one.livemode and one.kind in paying.TYPES]
    (row,) = world.admin.patient(
        "select (select count(*)::int from unnest(%s::text[]) as w (id)"
        " where not exists (select from public.processed_events e where e.event_id = w.id)) as events_unhandled,"
        " (select count(*)::int from (select from public.entitlements group by payment_id having count(*) > 1) t)"
        " as given_twice,"
        " (select count(*)::int from public.processed_events where event_id like 'receipt%%') as receipts",
        wanted,
    )
    return row


def bookings_missed(world: World) -> int:
    """How many bookings the application does not hold as they are at Cal.com."""
    with world.lock:
        there = {one.uid: one.status for one in world.calcom.bookings}
    held = {row["uid"]: row["status"] for row in world.admin.patient("select uid, status from public.bookings")}
    return sum(held.get(uid) != status for uid, status in there.items())


def ask_site(world: World, path: str) -> int | None:
    """The site's answer as a stranger gets it; None: no answer."""
    return ask_page(world.urls["site"], path, WATCHER)[0]


def ask_page_of_leak(world: World) -> int | None:
    """The answer of the site's page that needs the leaked secret; None without one."""
    paths = [path for path, need in site_vendors.NEEDS.items() if need.variable == world.leaked]
    return ask_site(world, paths[0]) if paths else None


def other_sessions(world: World) -> int | None:
    """How many sessions of the other company's database are still there; None without one."""
    if world.other_database is None:
        return None
    with psycopg.connect(world.other_database.admin_dsn, connect_timeout=3) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where application_name = 'other-import'"
        ).fetchone()
    return int(row[0]) if row else 0
