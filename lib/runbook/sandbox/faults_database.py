"""Faults of the database and of what asks it: real sessions, real locks, a server that is really stopped."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, LiteralString

import psycopg

from runbook.sandbox.postgres import Postgres
from runbook.sandbox.sessions import connect
from runbook.sandbox.site_pool import APPLICATION
from runbook.sandbox.traffic import BOT, Clients

if TYPE_CHECKING:
    from runbook.sandbox.world import World

LEAK: LiteralString = (
    "insert into public.leads (email, message) values ('visitor@example.test', 'Call me') returning id"
)
LOCK: LiteralString = "lock table public.site_settings in access exclusive mode"
READ: LiteralString = "select name, value from public.site_settings"
EFFECT_SECONDS = 10.0


def leaked_transactions(world: World, count: int | None = None, minutes_ago: float = 25) -> None:
    """The contact form of a new deployment forgets to commit: its sessions fill the pool, idle in a transaction."""
    if minutes_ago:
        world.deploy("Contact form: save the lead before the mail goes out", "jonas", minutes_ago=minutes_ago)
    dsn = world.parts.pooler.dsn("app")
    number = world.parts.pooler.default_pool_size if count is None else count
    world.on_repair(lambda: world.sessions.release("leak"))

    def all_leaked() -> bool:
        with contextlib.suppress(psycopg.OperationalError):  # the site has a connection in hand: it gives it back soon
            while world.sessions.count("leak") < number:
                world.sessions.hold("leak", dsn, "app", APPLICATION, (LEAK,))
        return world.sessions.count("leak") == number

    until(all_leaked, "the pool has no room for the leak")


def young_neighbour(world: World, application: str = "agency-checkout") -> None:
    """A checkout that looks like the leak but works: each of its transactions is under a second old."""
    world.sessions.hold(
        "young", world.parts.postgres.dsn("app"), "app", application, (READ,), survivor=True, beating=True
    )
    world.on_repair(lambda: world.sessions.release("young"))


def forgotten_lock(world: World, waiting: int = 3) -> None:
    """Somebody at a terminal locked the settings table, went to lunch, and everybody waits."""
    world.sessions.hold("lock", world.parts.postgres.dsn("app"), "app", "psql", (LOCK,))
    _clients(world, waiting, "agency-worker", READ)
    world.on_repair(lambda: world.sessions.release("lock"))
    until(lambda: _waiting(world) >= waiting, "nobody waits for the lock")


def runaway_statement(world: World, seconds: int = 600, waiting: int = 3) -> None:
    """A maintenance job that should take a second holds the settings table while it runs and runs."""
    dsn = world.parts.postgres.dsn("app")

    def run(stop: threading.Event) -> None:
        with contextlib.suppress(psycopg.Error), connect(dsn, "agency-maintenance") as connection:
            connection.execute("select public.rebuild_search_index(%s)", (seconds,))

    job = Clients()
    job.start(1, run)
    world.on_repair(job.stop)
    until(lambda: _active(world, "agency-maintenance") == 1, "the job does not run")
    _clients(world, waiting, "agency-worker", READ)
    world.on_repair(lambda: _end(world, "agency-maintenance"))  # the last one is the first: the job, then who waits
    until(lambda: _waiting(world) >= waiting, "nobody waits for the job")


def postgres_stopped(world: World) -> None:
    """The server is down."""
    world.parts.postgres.stop()
    world.on_repair(lambda: None if world.parts.postgres.alive() else world.parts.postgres.start())


def disk_full(world: World, percent: int = 97) -> None:
    """The disk is nearly full and the vendor made the database read-only. No disk of this machine is filled."""
    with world.lock:
        world.platform.disk.used_bytes = world.platform.disk.size_bytes * percent // 100
    world.set_read_only(True)
    world.on_repair(lambda: world.set_read_only(False))
    until(world.read_only, "Postgres still writes")


def busy_clients(world: World, count: int | None = None, statement_seconds: float = 0.15) -> None:
    """More clients than the pool has room for, each really working in short statements."""
    dsn = world.parts.pooler.dsn("app")
    number = world.parts.pooler.default_pool_size if count is None else count
    working: set[int] = set()

    def work(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with connect(dsn, APPLICATION, seconds=5) as connection:
                    working.add(threading.get_ident())
                    while not stop.is_set():
                        connection.execute("select count(*), pg_sleep(%s) from public.leads", (statement_seconds,))
            except psycopg.Error:  # no room: it comes back, as clients do
                stop.wait(0.2)

    clients = Clients()
    clients.start(number, work)
    world.on_repair(clients.stop)
    until(lambda: len(working) == number, "the pool still has room")


def pool_full_for_us(world: World) -> None:
    """The leak went past the pooler too: no slot of Postgres is left that an ordinary role could take."""
    leaked_transactions(world)
    direct = world.parts.postgres.dsn
    world.on_repair(lambda: world.sessions.release("full"))
    for role, application, statements in (
        ("app", APPLICATION, (LEAK,)), ("reporting", "bi-dashboard", ()), ("postgres", "supabase-studio", ()),
    ):  # fmt: skip
        while _hold_one_more(world, direct(role), role, application, statements):
            pass
    with contextlib.suppress(psycopg.OperationalError):
        connect(direct("runbook"), "probe").close()
        raise RuntimeError("the fault has no effect: there is room for the runbook")


def _hold_one_more(world: World, dsn: str, role: str, application: str, statements: tuple[LiteralString, ...]) -> bool:
    try:
        world.sessions.hold("full", dsn, role, application, statements, survivor=not statements)
    except psycopg.OperationalError:  # the role's limit, or no slot left
        return False
    return True


def wrong_target(world: World) -> None:
    """DATABASE_URL points at another company's database, with sessions of its own that look like the leak."""
    other = Postgres(world.parts.dir / f"other-{int(time.monotonic() * 1000)}")
    other.create()
    held = []
    for _ in range(3):
        connection = connect(other.dsn("app"), "other-import")
        connection.autocommit = False
        connection.execute("select 1")
        held.append(connection)
    right = str(world.parts.secrets["DATABASE_URL"])
    world.other_database = other
    world.publish({"DATABASE_URL": other.dsn("runbook")})

    def undo() -> None:
        world.publish({"DATABASE_URL": right})
        world.other_database = None
        for connection in held:
            connection.close()
        other.stop()
        shutil.rmtree(other.folder, ignore_errors=True)

    world.on_repair(undo)


def pooler_refuses(world: World, kind: str = "circuit_breaker") -> None:
    """The pooler turns every new connection away in its own words; the database behind it is well."""
    world.parts.pooler.refuse(kind)
    until(lambda: world.parts.pooler.figures.servers == 0, "connections from before are still in use")


def traffic_spike(world: World, visitors: int = 80, seconds: float = 300, most: int = 9000) -> None:
    """A scraper hammers the portal's search: too many real requests for the pool."""
    world.hosting.anomaly_since = world.times.now()
    world.traffic.crowd(world.urls["site"], ("/portal/search?q=a", "/portal/search?q=lead"),
                        visitors=visitors, seconds=seconds, agent=BOT, most=most)  # fmt: skip
    until(lambda: world.parts.pooler.figures.servers >= world.parts.pooler.default_pool_size, "the pool has room")


# -- what faults need --------------------------------------------------------------------------------------------------


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until an effect is really there."""
    give_up = time.monotonic() + EFFECT_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise RuntimeError(f"the fault has no effect: {what}")
        time.sleep(0.05)


def _clients(world: World, number: int, application: str, statement: LiteralString) -> None:
    """Clients that each run one statement and wait for it, however long it takes."""
    dsn = world.parts.postgres.dsn("app")

    def run(stop: threading.Event) -> None:
        with contextlib.suppress(psycopg.Error), connect(dsn, application) as connection:
            connection.execute(statement)

    clients = Clients()
    clients.start(number, run)
    world.on_repair(clients.stop)
    world.on_repair(lambda: _end(world, application))


def _waiting(world: World) -> int:
    rows = world.admin.patient("select count(*) as n from pg_stat_activity where wait_event_type = 'Lock'")
    return int(rows[0]["n"])


def _active(world: World, application: str) -> int:
    rows = world.admin.patient(
        "select count(*) as n from pg_stat_activity where application_name = %s and state = 'active'", application
    )
    return int(rows[0]["n"])


def _end(world: World, application: str) -> None:
    """Repair's broom for a statement that nobody cancelled."""
    with contextlib.suppress(psycopg.OperationalError):  # Postgres is down: so is the statement
        world.admin.patient(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s", application
        )
