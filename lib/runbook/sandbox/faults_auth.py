"""Faults of signing in: at Clerk, at Supabase Auth, between them and the site. What hurts is that real tokens are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, LiteralString

import psycopg

from runbook.sandbox.hosting import Variable
from runbook.sandbox.seeds import DOMAINS
from runbook.sandbox.session_tokens import SigningKey, publishable_key
from runbook.sandbox.sessions import SERVICES, connect
from runbook.sandbox.signing_in import DEVELOPMENT_FRONTEND, INSTANCE, JWT_KEY, PUBLISHABLE_KEY, Connection, person
from runbook.sandbox.twins.status_pages import incident

if TYPE_CHECKING:
    from runbook.sandbox.world import World

ROTATED = "ins_2agencyrotated000000000000"
OTHER_COMPANY = "ins_2othercompany0000000000000"
AUTH_CONNECTIONS = 3  # that Auth's role may have while its pool is full
AT_MOST: LiteralString = "alter role supabase_auth_admin connection limit 3"
EXPIRED: LiteralString = (
    "insert into public.user_sessions (id, user_id, expires_at) select 'old_' || n, 'user_' || (1 + n %% 20),"
    " now() - n * interval '1 hour' from generate_series(1, %s) as n"
)
SEEDED: LiteralString = (  # as in application.sql, where one was deleted
    "insert into public.user_sessions (id, user_id, expires_at) select 'ses_' || n, 'user_' || n, now() + interval '1 day'"
    " from generate_series(1, 20) as n on conflict do nothing"
)
AS_MANY_AS_THERE_ARE: LiteralString = "alter role supabase_auth_admin connection limit -1"


def clerk_outage(world: World, minutes_ago: float = 13) -> None:
    """Clerk signs nobody in any more, says so on its page, and its frontend API answers 503."""
    page = world.pages["clerk"]
    hit = ["Session management", "User and authentication"]
    page.components |= dict.fromkeys(hit, "major_outage")
    page.incidents.append(
        incident(page, "Sign-ins fail", "critical", hit, world.times.now(), "We are investigating failing sign-ins.")
    )
    world.clerk.healthy = False
    _nobody_signs_in(world, minutes_ago)


def signing_key_rotated(world: World, supabase_is_behind: bool = False) -> None:
    """Somebody rotated Clerk's signing key, and the site still checks tokens by the old one. ``supabase_is_behind``: too."""
    with world.lock:
        world.clerk.known_to_supabase = list(world.clerk.keys) if supabase_is_behind else None
        world.clerk.keys = [SigningKey(ROTATED)]


def sign_in_variable_mistyped(world: World, minutes_ago: float = 14) -> None:
    """Somebody wrote CLERK_JWT_PUBLIC_KEY, as the Markdown runbook said, took the old name away, and deployed."""
    _built_with(world, "Portal: new key name", minutes_ago, add={"CLERK_JWT_PUBLIC_KEY": SigningKey(INSTANCE).pem},
                drop=JWT_KEY)  # fmt: skip
    _nobody_signs_in(world, minutes_ago)


def instances_mixed(world: World, minutes_ago: float = 14) -> None:
    """The publishable key of the development instance went into production: browsers sign in there, and are nobody here."""
    other = publishable_key(DEVELOPMENT_FRONTEND, "test")
    _built_with(world, "Portal: sign-in in the header", minutes_ago, add={PUBLISHABLE_KEY: other})
    _nobody_signs_in(world, minutes_ago)


def origin_not_allowed(world: World, minutes_ago: float = 13) -> None:
    """Somebody wrote the list of allowed origins anew and left the portal out: no browser signs in from there."""
    with world.lock:
        world.clerk.allowed_origins = [f"https://{domain}" for domain in DOMAINS[:2]]
    _nobody_signs_in(world, minutes_ago)


def single_sign_on_off(world: World) -> None:
    """A customer's own sign-in was switched off: their people cannot get in, everybody else can."""
    with world.lock:
        world.clerk.connections = [
            Connection(one.uid, one.name, one.provider, active=False) for one in world.clerk.connections
        ]


def user_looping(world: World, name: str = "bo", sessions: int = 24, minutes: float = 10) -> None:
    """One user's browser signs in again and again: a new session each time, none of them ended."""
    with world.lock:
        now = world.times.now()
        for number in range(sessions):
            world.clerk.sign_in(person(name), now - timedelta(minutes=minutes * (sessions - number) / sessions))


def clerk_of_another_company(world: World) -> None:
    """CLERK_API_KEY is that of another company's instance."""
    with world.lock:
        world.clerk.instance_id = OTHER_COMPANY


def auth_lost(world: World) -> None:
    """Supabase loses Auth, and its status page does not know yet."""
    world.sessions.cut_off("auth")


def auth_pool_full(world: World) -> None:
    """A job took every connection that Auth's role may have: Auth runs, is healthy, and reaches no database."""
    role, _ = SERVICES["auth"]
    dsn = world.parts.postgres.dsn(role)

    def widen() -> None:
        world.admin.patient(AS_MANY_AS_THERE_ARE)

    world.on_repair(widen)
    world.on_repair(lambda: world.sessions.release("auth pool"))
    world.admin.patient(AT_MOST)
    world.sessions.lose("auth")
    for _ in range(AUTH_CONNECTIONS):
        world.sessions.hold("auth pool", dsn, role, "auth-backfill", survivor=False)
    try:
        connect(dsn, "probe").close()
    except psycopg.OperationalError:
        return
    raise RuntimeError("the fault has no effect: there is room for Auth")


def session_rows_expired(world: World, rows: int = 300) -> None:
    """The application's own table of sessions has not been cleared for weeks."""

    def back() -> None:
        world.admin.patient("delete from public.user_sessions where id like 'old_%%' and %s", True)
        world.admin.patient(SEEDED)

    world.on_repair(back)
    world.admin.patient(EXPIRED, rows)


def _built_with(world: World, message: str, minutes_ago: float, add: Mapping[str, str], drop: str = "") -> None:
    """A deployment that is live, after somebody changed variables."""
    with world.lock:
        at = world.times.now() - timedelta(minutes=minutes_ago + 1)
        for name, value in add.items():
            world.hosting.variables[name] = Variable(name, value, at, at, ("production",))
        world.hosting.variables.pop(drop, None)
    world.deploy(message, "mira", minutes_ago=minutes_ago)


def _nobody_signs_in(world: World, minutes_ago: float) -> None:
    with world.lock:
        world.clerk.nobody_since = world.times.now() - timedelta(minutes=minutes_ago)


EVERY = (
    clerk_outage, signing_key_rotated, sign_in_variable_mistyped, instances_mixed, origin_not_allowed, single_sign_on_off,
    user_looping, clerk_of_another_company, auth_lost, auth_pool_full, session_rows_expired,
)  # fmt: skip
