"""A secret is out: what it opens, who uses it, whether a new one has taken its place, and whether the old one is dead.

The new one stands under the declared name, so that everything of ours works with it; the leaked one beside it as ``NAME_OLD``.
As long as there is no ``NAME_OLD``, what stands under the name counts as the leaked one.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runbook.checks.frame import Answer, check
from runbook.clients.supabase_auth import SupabaseAuth
from runbook.errors import Fault, SystemFault
from runbook.known_secrets import MADE_AT, NEEDED, ONE_AT_A_TIME, OPENS, Opens, old_name
from runbook.model import Identity, Status
from runbook.systems import Systems

NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
SECONDS = 10.0  # the same question twice, with each value


def _asked_who(system: str) -> Callable[[Systems], Identity]:
    return lambda systems: systems.must_identify(system)


def _answers(ask: Callable[[Systems], object], system: str, how: str) -> Callable[[Systems], Identity]:
    """A door that says nothing of who it is: our own address of it is all that is known."""

    def asked(systems: Systems) -> Identity:
        ask(systems)
        return Identity(system, "", "", True, how)

    return asked


def _by_secret_key(systems: Systems) -> SupabaseAuth:
    """The project's own address, opened with its secret key; no other procedure needs that one."""
    return systems.open_vendor(
        "supabase_by_secret_key", "SUPABASE_SERVICE_KEY", "supabase_auth",
        lambda to, key, more: SupabaseAuth(to.url, key, ("", ""), **more),
    )  # fmt: skip


# By secret: a question that only a living value gets answered.
DOORS: Mapping[str, Callable[[Systems], Identity]] = {
    "CALCOM_API_KEY": _asked_who("calcom"),
    "CLERK_API_KEY": _asked_who("clerk"),
    "LD_API_KEY": _asked_who("launchdarkly"),
    "PAGERDUTY_API_KEY": _answers(
        lambda s: s.pagerduty.on_calls(s.profile.pagerduty.escalation_policy_id if s.profile.pagerduty else ""),
        "pagerduty", "GET /oncalls",
    ),
    "SENTRY_AUTH_TOKEN": _asked_who("sentry"),
    "SLACK_BOT_TOKEN": _asked_who("slack"),
    "STATUSPAGE_API_KEY": _asked_who("statuspage"),
    "STRIPE_SECRET_KEY": _asked_who("stripe"),
    "SUPABASE_API_KEY": _asked_who("supabase"),
    "SUPABASE_SERVICE_KEY": _answers(lambda s: _by_secret_key(s).settings(), "supabase_auth", "GET /auth/v1/settings"),
    "TINYBIRD_TOKEN": _answers(lambda s: s.tinybird.rows("SELECT 1 AS n"), "tinybird", "GET /v0/sql"),
    "VERCEL_TOKEN": _asked_who("vercel"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of asking with a value: refused, or let in, and by whom."""

    opens: bool
    told: str


def meant(secret: str) -> Opens:
    """What the secret opens. A SystemFault says what to do where there is none of that name, or no two of its kind."""
    if not NAME.fullmatch(secret):  # not told: it may be a value
        raise _not_set("no secret is named: set the parameter to its name, like STRIPE_SECRET_KEY, never to its value")
    if secret in ONE_AT_A_TIME:
        raise _not_set(f"{secret} has no second one beside it: {ONE_AT_A_TIME[secret]}")
    if secret not in OPENS:
        raise _not_set(f"{secret} is no secret that this procedure knows; there are {', '.join(sorted(OPENS))}")
    return OPENS[secret]


def leaked_name(systems: Systems, secret: str) -> str:
    """Under which name the leaked value stands."""
    return old_name(secret) if systems.has_secret(old_name(secret)) else secret


def tried(systems: Systems, secret: str, name: str) -> Tried:
    """Ask the vendor with the value that stands under a name. A SystemFault where the answer is neither yes nor no.

    Only the vendor's own refusal counts: a value that was not even sent proves nothing.
    """
    with contextlib.closing(systems.opened_by(secret, name)) as opened:
        try:
            who = DOORS[secret](opened)
        except SystemFault as fault:
            if fault.fault is Fault.AUTH and fault.status_code is not None:
                return Tried(False, f"refused: {fault.what}")
            if fault.fault is Fault.PERMISSION:
                return Tried(True, f"let in, but not to everything: {fault.what}")
            raise
    if who.matches is False:
        raise SystemFault(f"{name} is of {who.seen}, this environment is {who.expected}", system=who.system,
                          fault=Fault.WRONG_TARGET, next_step="put this environment's own into it")  # fmt: skip
    return Tried(True, f"let in as {who.seen} ({who.how})" if who.seen else f"let in ({who.how})")


def _supabase_made_at(systems: Systems, secret: str) -> str:
    return next((one.made_at for one in systems.supabase.api_keys() if systems.begins_with(secret, one.prefix)), "")


# Where the vendor tells when a key was made. What was changed before that cannot hold it.
MADE: Mapping[str, Callable[[Systems, str], str]] = {
    "LD_API_KEY": lambda s, _: s.launchdarkly.token_made_at(s.launchdarkly.caller().token_id),
    "SUPABASE_SERVICE_KEY": _supabase_made_at,
    "VERCEL_TOKEN": lambda s, _: s.vercel.token().made_at,
}


def made_at(systems: Systems, secret: str) -> str:
    """When the new one was made; empty where its vendor does not tell, or does not tell us."""
    try:
        return MADE[secret](systems, secret) if secret in MADE else ""
    except SystemFault as fault:
        if fault.fault in (Fault.PERMISSION, Fault.NOT_FOUND):
            return ""
        raise


@check()
def secret_meant(systems: Systems, secret: str = "") -> Answer:
    """Which secret is it, what could somebody do with it, and where is it ended?"""
    known = meant(secret)
    ours = [part for part, names in NEEDED.items() if secret in names]
    rows = [
        {"what": "what it opens", "told": known.system},
        {"what": "what of ours needs it", "told": ", ".join(ours) or "nothing but this procedure"},
        {"what": "what somebody could do with it", "told": known.may},
        {"what": "where a new one is made", "told": MADE_AT[secret]},
        {"what": "where the old one is ended", "told": "here, in step 4" if known.ended_by_api else known.ended_at},
        {"what": "where its use is seen", "told": known.seen_at},
        {"what": "where the leaked one stands", "told": leaked_name(systems, secret)},
    ]
    facts = {"secret": secret, "made_at": MADE_AT[secret], "ended_at": known.ended_at, "by_api": known.ended_by_api}
    return Answer(Status.OK, f"{secret}: whoever has it can {known.may}", source="what this library knows", rows=rows,
                  facts=facts)  # fmt: skip


@check(deadline_seconds=SECONDS)
def old_one(systems: Systems, secret: str = "") -> Answer:
    """Does the leaked one still open anything?"""
    known, name = meant(secret), leaked_name(systems, secret)
    seen = tried(systems, secret, name)
    source = f"{known.system}, asked with {name}"
    facts = {"opens": seen.opens, "name": name}
    if seen.opens:
        return Answer(Status.CRITICAL, f"{name} still opens {known.system}: {seen.told}", source=source, facts=facts)
    told = (
        f"{name} opens nothing any more: {seen.told}. Is it exactly what leaked? Of another value this proves nothing"
    )
    return Answer(Status.OK, told, source=source, facts=facts)


@check(deadline_seconds=SECONDS)
def new_one(systems: Systems, secret: str = "") -> Answer:
    """Is there a new one, and does it open what it must?"""
    known = meant(secret)
    source = f"{known.system}, asked with {secret}"
    if not systems.has_secret(old_name(secret)):
        told = (f"there is none yet: make it at {MADE_AT[secret]}; name the leaked one {old_name(secret)}, put the new one "
                f"under {secret}")  # fmt: skip
        return Answer(Status.WARNING, told, source="our own secrets", facts={"there": False, "opens": False})
    if systems.are_the_same(secret, old_name(secret)):
        told = (f"{secret} and {old_name(secret)} hold the same value: put the new one under {secret}; a variable of this "
                "shell goes before .env")  # fmt: skip
        return Answer(Status.CRITICAL, told, source="our own secrets", facts={"there": False, "opens": False})
    seen = tried(systems, secret, secret)
    facts = {"there": True, "opens": seen.opens}
    if not seen.opens:
        told = (
            f"{secret} opens nothing, {seen.told}. Make another at {MADE_AT[secret]}; nothing is ended before one works"
        )
        return Answer(Status.CRITICAL, told, source=source, facts=facts)
    return Answer(Status.OK, f"{secret} works: {seen.told}", source=source, facts=facts)


def _not_set(what: str) -> SystemFault:
    return SystemFault(what, system="settings", fault=Fault.NOT_SET)
