"""How the world breaks. Every fault is a cause: what hurts is real, and so is what heals it.

A fault is a function of the world and its arguments. It returns when its effect is there, and leaves with
``world.on_repair`` how to take it back. ``CATALOGUE`` has them by the name that scenarios use.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, LiteralString

import psycopg

from runbook.errors import SettingError
from runbook.sandbox import seeds
from runbook.sandbox.postgres import Postgres
from runbook.sandbox.scenarios import FaultSpec
from runbook.sandbox.sessions import connect
from runbook.sandbox.site_pool import APPLICATION
from runbook.sandbox.traffic import BOT, Clients
from runbook.sandbox.twins.status_pages import incident

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Fault = Callable[..., None]
CATALOGUE: dict[str, Fault] = {}
LEAK: LiteralString = (
    "insert into public.leads (email, message) values ('visitor@example.test', 'Call me') returning id"
)
LOCK: LiteralString = "lock table public.site_settings in access exclusive mode"
READ: LiteralString = "select name, value from public.site_settings"
EFFECT_SECONDS = 10.0


def fault(function: Fault) -> Fault:
    """Put a fault into the catalogue under its function's name."""
    CATALOGUE[function.__name__] = function
    return function


def check(specs: Sequence[FaultSpec]) -> None:
    """Every name and every argument is known; else exit 2, before anything is broken."""
    for spec in specs:
        if spec.name not in CATALOGUE:
            raise SettingError(f"no fault {spec.name!r}; there are {', '.join(sorted(CATALOGUE))}", where="faults")
        known = set(inspect.signature(CATALOGUE[spec.name]).parameters) - {"world"}
        if stray := sorted(set(spec.arguments) - known):
            raise SettingError(f"fault {spec.name} takes no {stray[0]!r}", where="faults",
                               next_step=f"known: {', '.join(sorted(known)) or 'none'}")  # fmt: skip


def apply(world: World, specs: Sequence[FaultSpec]) -> None:
    """Break the world, in the order given."""
    check(specs)
    for spec in specs:
        world.faults.append(spec.name)
        CATALOGUE[spec.name](world, **spec.arguments)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until an effect is really there."""
    give_up = time.monotonic() + EFFECT_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise RuntimeError(f"the fault has no effect: {what}")
        time.sleep(0.05)


# -- the database ------------------------------------------------------------------------------------------------------


@fault
def leaked_transactions(world: World, count: int | None = None, minutes_ago: float = 25) -> None:
    """The contact form of a new deployment forgets to commit: its sessions fill the pool, idle in a transaction."""
    if minutes_ago:
        world.deploy("Contact form: save the lead before the mail goes out", "jonas", minutes_ago=minutes_ago)
    dsn = world.parts.pooler.dsn("app")
    for _ in range(world.parts.pooler.default_pool_size if count is None else count):
        world.sessions.hold("leak", dsn, "app", APPLICATION, (LEAK,))
    world.on_repair(lambda: world.sessions.release("leak"))


@fault
def young_neighbour(world: World, application: str = "agency-checkout") -> None:
    """A checkout that looks like the leak but works: each of its transactions is under a second old."""
    world.sessions.hold(
        "young", world.parts.postgres.dsn("app"), "app", application, (READ,), survivor=True, beating=True
    )
    world.on_repair(lambda: world.sessions.release("young"))


@fault
def forgotten_lock(world: World, waiting: int = 3) -> None:
    """Somebody at a terminal locked the settings table, went to lunch, and everybody waits."""
    world.sessions.hold("lock", world.parts.postgres.dsn("app"), "app", "psql", (LOCK,))
    _clients(world, waiting, "agency-worker", READ)
    world.on_repair(lambda: world.sessions.release("lock"))
    until(lambda: _waiting(world) >= waiting, "nobody waits for the lock")


@fault
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


@fault
def postgres_stopped(world: World) -> None:
    """The server is down."""
    world.parts.postgres.stop()
    world.on_repair(lambda: None if world.parts.postgres.alive() else world.parts.postgres.start())


@fault
def disk_full(world: World, percent: int = 97) -> None:
    """The disk is nearly full and the vendor made the database read-only. No disk of this machine is filled."""
    with world.lock:
        world.platform.disk.used_bytes = world.platform.disk.size_bytes * percent // 100
    world.set_read_only(True)
    world.on_repair(lambda: world.set_read_only(False))
    until(world.read_only, "Postgres still writes")


@fault
def busy_clients(world: World, count: int | None = None, statement_seconds: float = 0.15) -> None:
    """More clients than the pool has room for, each really working in short statements."""
    dsn = world.parts.pooler.dsn("app")
    number = world.parts.pooler.default_pool_size if count is None else count

    def work(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with connect(dsn, APPLICATION, seconds=5) as connection:
                    while not stop.is_set():
                        connection.execute("select count(*), pg_sleep(%s) from public.leads", (statement_seconds,))
            except psycopg.Error:
                stop.wait(0.5)

    clients = Clients()
    clients.start(number, work)
    world.on_repair(clients.stop)
    until(
        lambda: world.parts.pooler.figures.servers >= min(number, world.parts.pooler.default_pool_size),
        "the pool has room",
    )


@fault
def pool_full_for_us(world: World) -> None:
    """The leak went past the pooler too: no slot of Postgres is left that an ordinary role could take."""
    leaked_transactions(world)
    direct = world.parts.postgres.dsn
    for role, application, statements in (
        ("app", APPLICATION, (LEAK,)), ("reporting", "bi-dashboard", ()), ("postgres", "supabase-studio", ()),
    ):  # fmt: skip
        while _hold_one_more(world, direct(role), role, application, statements):
            pass
    world.on_repair(lambda: world.sessions.release("full"))
    with contextlib.suppress(psycopg.OperationalError):
        connect(direct("runbook"), "probe").close()
        raise RuntimeError("the fault has no effect: there is room for the runbook")


def _hold_one_more(world: World, dsn: str, role: str, application: str, statements: tuple[LiteralString, ...]) -> bool:
    try:
        world.sessions.hold("full", dsn, role, application, statements, survivor=not statements)
    except psycopg.OperationalError:  # the role's limit, or no slot left
        return False
    return True


@fault
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

    world.on_repair(undo)


# -- the vendors -------------------------------------------------------------------------------------------------------


@fault
def status_noise(world: World) -> None:
    """The vendor's page is red for a region and for parts that we do not use."""
    page = world.pages["supabase"]
    page.components |= {"ap-southeast-1": "major_outage", "Edge Functions": "partial_outage"}
    page.incidents.append(
        incident(page, "Elevated errors in ap-southeast-1", "major", ["ap-southeast-1", "Edge Functions"],
                 world.times.now(), "We are investigating elevated errors for projects in ap-southeast-1.")
    )  # fmt: skip


@fault
def vendor_outage(world: World, services: Sequence[str] = ("auth", "storage")) -> None:
    """Supabase loses services in our region: their sessions go, and the management API refuses every change."""
    page = world.pages["supabase"]
    names = {"auth": "Auth", "storage": "Storage", "realtime": "Realtime", "rest": "API Gateway"}
    hit = [names[service] for service in services]
    page.components |= dict.fromkeys([*hit, seeds.REGION], "major_outage")
    page.incidents.append(
        incident(page, f"{' and '.join(hit)} unavailable in {seeds.REGION}", "critical", [*hit, seeds.REGION],
                 world.times.now(), f"We are investigating errors of {', '.join(hit)} in {seeds.REGION}.")
    )  # fmt: skip
    world.sessions.cut_off(*services)
    world.platform.refuses_changes = True


@fault
def api_hangs(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A vendor's API takes requests and never answers."""
    for system in systems:
        world.set_transport(system, kind="hang")


@fault
def api_html(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A gateway in front of a vendor's API answers 502 with a page of HTML."""
    for system in systems:
        world.set_transport(system, kind="html")


@fault
def api_truncated(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A vendor's API answers half of its JSON."""
    for system in systems:
        world.set_transport(system, kind="truncated")


@fault
def slow_answers(world: World, milliseconds: int = 200, systems: Sequence[str] = ()) -> None:
    """Answers take as long as they do over the Internet."""
    for system in systems or [name for name in world.urls if name not in ("site", "portal", "control")]:
        world.set_transport(system, delay_seconds=milliseconds / 1000)


@fault
def token_revoked(world: World, secret: str = "SUPABASE_API_KEY") -> None:
    """Somebody revoked our token at the vendor."""
    world.revoked.add(secret)


@fault
def pooler_refuses(world: World, kind: str = "circuit_breaker") -> None:
    """The pooler turns every new connection away in its own words; the database behind it is well."""
    world.parts.pooler.refuse(kind)


@fault
def traffic_spike(world: World, visitors: int = 80, seconds: float = 120, most: int = 6000) -> None:
    """A scraper hammers the portal's search: too many real requests for the pool."""
    world.hosting.anomaly_since = world.times.now()
    world.traffic.crowd(world.urls["site"], ("/portal/search?q=a", "/portal/search?q=lead"),
                        visitors=visitors, seconds=seconds, agent=BOT, most=most)  # fmt: skip
    until(lambda: world.parts.pooler.figures.servers >= world.parts.pooler.default_pool_size, "the pool has room")


# -- what faults need --------------------------------------------------------------------------------------------------


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
