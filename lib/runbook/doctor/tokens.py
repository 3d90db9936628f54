"""What each token may do: alive, not about to end, enough and not too much. And the systems: are they the ones we mean?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from runbook.doctor.frame import Item, Question, ok
from runbook.doctor.secrets import made_at
from runbook.known_secrets import NEEDED
from runbook.model import Status
from runbook.systems import Systems
from runbook.times import parse_iso

SOON = timedelta(days=14)
POSTING = "chat:write"
# Beyond what a runbook asks of Slack; a bot that may do these is worth stealing.
TOO_MUCH = ("admin", "channels:history", "groups:history", "im:", "mpim:", "files:", "users:read.email")
IDENTIFIED = (
    "calcom",
    "clerk",
    "launchdarkly",
    "sentry",
    "slack",
    "statuspage",
    "stripe",
    "supabase",
    "vercel",
    "database",
)


def questions(systems: Systems) -> Iterator[Question]:
    """Who each system is, and what our token may do there."""
    used = [name for name in IDENTIFIED if getattr(systems.profile, name) is not None]
    for name in used:
        yield Question(name, lambda name=name: [target(systems, name)], _fix(name))  # type: ignore[misc]
    more = {"vercel": vercel, "launchdarkly": launchdarkly, "slack": slack, "database": role}
    for name, look in more.items():
        if name in used:
            yield Question(f"{name}, what we may do", lambda look=look: [look(systems)], _fix(name))  # type: ignore[misc]
    profile = systems.profile
    if profile.tinybird is not None:
        yield Question("tinybird", lambda: [tinybird(systems)], _fix("tinybird"))
    if profile.supabase_auth is not None:
        yield Question(
            "supabase auth", lambda: [signed_in(systems)], "mend the test user: AUTH_TEST_USER, AUTH_TEST_PASSWORD"
        )
    if profile.database is not None:
        for way, variable in (
            ("direct", profile.database.direct_variable),
            ("pooled", profile.database.pooler_variable),
        ):
            yield Question(f"database {way}", lambda way=way: [connection(systems, way)], f"mend {variable}")  # type: ignore[misc]
    if profile.queue is not None:
        yield Question("queue", lambda: [queue(systems)], f"mend {profile.queue.variable}", is_ours=True)
    if profile.site is not None:
        yield Question("site", lambda: [site(systems)], is_ours=True)


def target(systems: Systems, name: str) -> Item:
    """Is the system that answers the one that this environment means?"""
    found = systems.must_identify(name)
    if found.matches:
        return ok(name, f"is {found.seen}, as the profile says")
    return Item(name, Status.CRITICAL, f"is {found.seen}, the profile says {found.expected} (by {found.how})",
                f"mend the profile's {name} part, or the secret that leads there")  # fmt: skip


def vercel(systems: Systems) -> Item:
    """One team, and some time left."""
    item, token = "vercel, what we may do", systems.vercel.token()
    team = systems.profile.vercel.team_id if systems.profile.vercel else ""
    if token.expires_at:
        left = parse_iso(token.expires_at) - systems.times.now()
        if left < SOON:
            return Item(item, Status.CRITICAL if left < timedelta(0) else Status.WARNING,
                        f"the token ends at {token.expires_at}", made_at("VERCEL_TOKEN"))  # fmt: skip
    if not token.team_ids:
        return Item(
            item, Status.WARNING, "the token reaches all that its owner may, in every team", made_at("VERCEL_TOKEN")
        )
    if team not in token.team_ids:
        return Item(item, Status.CRITICAL, f"the token does not reach {team}", made_at("VERCEL_TOKEN"))
    if len(token.team_ids) > 1:
        return Item(item, Status.WARNING, f"the token reaches {len(token.team_ids)} teams", made_at("VERCEL_TOKEN"))
    until = f"until {token.expires_at[:10]}" if token.expires_at else "without an end"
    return ok(item, f"the token reaches this team, {until}")


def launchdarkly(systems: Systems) -> Item:
    """A token of a service outlives the person who made it."""
    item, caller = "launchdarkly, what we may do", systems.launchdarkly.caller()
    if not caller.is_service:
        return Item(item, Status.WARNING, "the token is a person's own and goes when they do", made_at("LD_API_KEY"))
    return ok(item, "the token is a service's own")


def slack(systems: Systems) -> Item:
    """May it post, and little else?"""
    item, scopes = "slack, what we may do", systems.slack.workspace().scopes
    if scopes and POSTING not in scopes:
        return Item(item, Status.CRITICAL, f"the bot may not post: {POSTING} is not among its scopes",
                    f"add {POSTING} at {made_at('SLACK_BOT_TOKEN').rpartition(' at ')[2]}, install again")  # fmt: skip
    if not scopes:
        return Item(item, Status.UNKNOWN, "the answer names no scope", "look at the app's OAuth page")
    if many := [scope for scope in scopes if scope.startswith(TOO_MUCH)]:
        return Item(item, Status.WARNING, f"the bot may do more than it needs: {', '.join(many)}",
                    f"take these scopes away: {made_at('SLACK_BOT_TOKEN').rpartition(' at ')[2]}")  # fmt: skip
    return ok(item, f"scopes {', '.join(scopes)}")


def role(systems: Systems) -> Item:
    """The database's role: it sees everything, may end sessions, and is no superuser."""
    item, (row, *_) = "database, what we may do", systems.database.query("role") or [{}]
    lacking = [
        grant for grant, has in (("pg_monitor", row.get("may_monitor")), ("pg_read_all_data", row.get("may_read")),
                                 ("pg_signal_backend", row.get("may_end_sessions"))) if has is not True
    ]  # fmt: skip
    if systems.database.way == "management API":
        return Item(
            item,
            Status.UNKNOWN,
            "neither connection answers: the rights of our role cannot be read",
            "mend DATABASE_URL",
        )
    if lacking:
        return Item(item, Status.CRITICAL, f"the role {row.get('name')} lacks {', '.join(lacking)}",
                    f"GRANT {', '.join(lacking)} TO {row.get('name')};")  # fmt: skip
    if row.get("is_superuser") or row.get("has_other_powers"):
        return Item(item, Status.WARNING, f"the role {row.get('name')} may do far more than a runbook needs",
                    "use a role of its own with pg_monitor, pg_read_all_data and pg_signal_backend")  # fmt: skip
    return ok(item, f"the role {row.get('name')} sees all, may end sessions, and is no superuser")


def connection(systems: Systems, way: str) -> Item:
    """One way to the database: a login, and a question answered."""
    probe = systems.database.probe(way)
    if not probe.ok:
        database = systems.profile.database
        variable = "" if database is None else database.direct_variable if way == "direct" else database.pooler_variable
        return Item(
            f"database {way}",
            Status.CRITICAL,
            f"{probe.layer}: {probe.message}",
            f"mend {variable}, or this machine's network",
        )
    return ok(f"database {way}", f"answers in {probe.seconds * 1000:.0f} ms")


def tinybird(systems: Systems) -> Item:
    """The table of requests can be read."""
    found = systems.tinybird.requests(60)
    if found.last_row_seconds_ago is None:
        return Item("tinybird", Status.WARNING, "the table has no row: error rates cannot be told",
                    "look whether the site still sends its requests there")  # fmt: skip
    return ok("tinybird", f"{found.count} requests in the last hour")


def signed_in(systems: Systems) -> Item:
    """A real login of the test user."""
    systems.supabase_auth.sign_in()
    return ok("supabase auth", "the test user can log in")


def queue(systems: Systems) -> Item:
    """The queue's server answers, and the profile says where it must be."""
    memory = systems.queue.memory()
    if systems.profile.queue is not None and not systems.profile.queue.host:
        return Item(
            "queue", Status.WARNING, "answers, and no job can be changed there", "name queue.host in the profile"
        )
    return ok("queue", f"answers; when memory is full: {memory.policy}")


def site(systems: Systems) -> Item:
    """Our own site's health."""
    path = systems.profile.site.health_path if systems.profile.site else "/"
    answered = systems.site.get(path)
    if answered.status_code != 200:
        return Item("site", Status.CRITICAL, f"{path} answers {answered.status_code}",
                    "mend health_path in the profile, or open an incident")  # fmt: skip
    return ok("site", "answers 200")


def _fix(name: str) -> str:
    names = NEEDED.get(name, ())
    return made_at(names[0]) if names else ""
