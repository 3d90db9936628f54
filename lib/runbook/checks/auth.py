"""Can a test user sign in: on our own site, and at Supabase Auth? Which of its parts says no?"""

from __future__ import annotations

from runbook.checks.clerk import SECONDS
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, both, check
from runbook.checks.judge import bar, judged
from runbook.checks.site import DOWN_FOR_EVERYBODY
from runbook.errors import Fault, SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems

WITHOUT_DATABASE = 500  # Auth itself answers, and "Database error …"; the gateway's words are 502 to 504


@check(asks=("site",))
def our_test(systems: Systems) -> Answer:
    """Does our own auth test sign a test user in?"""
    if systems.profile.site is None:
        return not_used("A site", systems)
    path = systems.profile.site.auth_test_path
    source, threshold = f"POST {path} of the site", systems.policy.threshold("response_time")
    try:
        tried = systems.site.auth_test(path)
    except SystemFault as fault:
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        return Answer(Status.CRITICAL, f"{fault.fault.value}: {fault.what}", source=source,
                      facts={"status_code": None, "clerk": "", "supabase_auth": ""})  # fmt: skip
    facts = {"status_code": tried.status_code, "clerk": tried.clerk, "supabase_auth": tried.supabase_auth}
    seconds = round(tried.seconds, 3)
    parts = [
        f"{name} {said}" for name, said in (("Clerk:", tried.clerk), ("Supabase Auth:", tried.supabase_auth)) if said
    ]
    why = "; ".join(parts) or tried.error
    told = f"answers {tried.status_code} in {tried.seconds:.2f} s" + (f" ({why})" if why else "")
    if tried.status_code == 200:
        return Answer(judged(seconds, threshold), told, seconds, "s", bar(threshold), source, facts=facts)
    if tried.status_code in (404, 405):
        return Answer(Status.UNKNOWN, f"{told}: there is no such test; set auth_test_path", source=source, facts=facts)
    return Answer(Status.CRITICAL, told, seconds, "s", bar(threshold), source, facts=facts)


@check(deadline_seconds=SECONDS)
def supabase_health(systems: Systems) -> Answer:
    """Does Supabase Auth run, and which ways to sign in are on? It does not ask its database for that."""
    if systems.profile.supabase_auth is None:
        return not_used("Supabase Auth", systems)
    source = "Supabase Auth, health and settings"
    try:
        health, settings = both(systems.supabase_auth.health, systems.supabase_auth.settings)
    except SystemFault as fault:
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        return Answer(Status.CRITICAL, f"{fault.fault.value}: {fault.what}", source=source, facts={"down": True})
    told = f"{health.name} {health.version} runs; ways: {', '.join(settings.ways) or 'none'}"
    facts = {"down": False, "ways": list(settings.ways), "saml": settings.saml_is_on}
    if not settings.ways and not settings.saml_is_on:
        return Answer(Status.CRITICAL, f"{told}: every way to sign in is switched off", source=source, facts=facts)
    more = "; nobody can sign up" if settings.signup_is_off else ""
    return Answer(Status.OK, told + more, source=source, facts=facts)


@check(deadline_seconds=SECONDS)
def supabase_sign_in(systems: Systems) -> Answer:
    """Can the test user really sign in at Supabase Auth? Only this asks its database."""
    if systems.profile.supabase_auth is None:
        return not_used("Supabase Auth", systems)
    source = "Supabase Auth, a token for the test user"
    started = systems.times.monotonic()
    try:
        signed_in = systems.supabase_auth.sign_in()
    except SystemFault as fault:
        if fault.fault is Fault.REJECTED and "invalid_credentials" in fault.what:
            told = "it answers, and does not know our test user: AUTH_TEST_USER or AUTH_TEST_PASSWORD is wrong"
            return Answer(Status.WARNING, told, source=source, facts={"layer": "test user"})
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        layer = "database" if fault.status_code == WITHOUT_DATABASE else "service"
        return Answer(Status.CRITICAL, f"{fault.fault.value}: {fault.what}", source=source, facts={"layer": layer})
    seconds, threshold = round(systems.times.monotonic() - started, 3), systems.policy.threshold("response_time")
    told = f"signed in within {seconds:.2f} s; its tokens live {signed_in.expires_in_seconds} s"
    return Answer(judged(seconds, threshold), told, seconds, "s", bar(threshold), source,
                  facts={"layer": "", "token_seconds": signed_in.expires_in_seconds})  # fmt: skip


@check(asks=("supabase", "clerk"), required=False, deadline_seconds=SECONDS)
def supabase_keys(systems: Systems) -> Answer:
    """Has Supabase Auth a key to sign with, and does it know the keys of those whose tokens it takes?"""
    if systems.profile.supabase is None:
        return not_used("Supabase", systems)
    keys, others = both(systems.supabase.auth_keys, systems.supabase.third_parties)
    rows: list[Row] = [{"key": one.key_id, "algorithm": one.algorithm, "status": one.status} for one in keys]
    rows += [
        {"key": ", ".join(one.kids), "algorithm": one.kind, "status": f"fetched {one.fetched_at}"} for one in others
    ]
    source = "Management API, signing keys and third-party auth"
    in_use = [one.key_id for one in keys if one.status == "in_use"]
    facts = {"in_use": len(in_use), "behind": False}
    if not in_use:
        return Answer(
            Status.UNKNOWN, f"none of {len(keys)} keys is in use", len(in_use), "keys", 1, source, rows, facts
        )
    told = f"{len(in_use)} of {len(keys)} keys in use"
    clerks = [one for one in others if one.kind == "clerk"]
    if not clerks or systems.profile.clerk is None:
        return Answer(
            Status.OK, f"{told}; no other vendor's tokens are taken", len(in_use), "keys", 1, source, rows, facts
        )
    clerk_keys = systems.clerk.keys()
    signing = {key.kid for key in clerk_keys}
    behind = [one for one in clerks if not signing <= set(one.kids)]
    if behind:
        told = (
            f"takes Clerk's tokens, and knows {', '.join(behind[0].kids) or 'no key'}, not {', '.join(sorted(signing))}"
        )
        return Answer(Status.CRITICAL, told, len(behind), "vendors", 0, source, rows, {**facts, "behind": True})
    return Answer(Status.OK, f"{told}; knows Clerk's key", len(in_use), "keys", 1, source, rows, facts)
