"""Causes why nobody, or one of many, can sign in: at Clerk, at Supabase Auth, or between them and our build."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact, status
from runbook.causes.vendors import vendor_outage
from runbook.model import Cause, Status

OURS = "auth.our_test"
FRONTEND, PAGE, KEY, ORIGINS = "clerk.frontend", "clerk.status_page", "clerk.pinned_key", "clerk.origins"
INSTANCE, LOGIN_PAGE, SSO = "clerk.instance", "clerk.login_page", "clerk.single_sign_on"
RUNS, SIGN_IN, KEYS = "auth.supabase_health", "auth.supabase_sign_in", "auth.supabase_keys"
RECENT, LOOPS = "sign_ins.recent", "sign_ins.loops"
VARIABLES = "sign_in_variables.in_place"
NOTEBOOK = ("auth-failure",)
NEW_BUILD = ("set_sign_in_variable", "redeploy")
# what our auth test says when a variable of its build is not there or not to be read; the names are Clerk's own
NO_KEY = frozenset({"jwk-local-missing", "jwk-failed-to-resolve", "publishable-key-invalid", "secret-key-invalid"})


def clerk_outage(findings: Findings) -> Cause | None:
    """Clerk's own frontend API is down or in maintenance."""
    if not is_critical(findings, FRONTEND):
        return None
    return cause(
        findings, "clerk-outage", f"Clerk does not sign anybody in: {fact(findings, FRONTEND, 'why', '')}",
        because=(FRONTEND,), expected=(OURS,), supports=(PAGE, RECENT), notebooks=NOTEBOOK,
        by_hand="Nothing here repairs it, and who is signed in stays so until the token ends. If its status page says nothing: "
        "look up the frontend domain's CNAME (Clerk dashboard, Domains), then open a ticket with Clerk. Tell customers on the "
        "status page. Do not rotate keys and do not deploy.",
        weight=68,
    )  # fmt: skip


def stale_signing_key(findings: Findings) -> Cause | None:
    """The build checks tokens with another key than Clerk signs them with."""
    if fact(findings, KEY, "is_stale") is not True:
        return None
    behind = fact(findings, VARIABLES, "behind", [])
    is_set = isinstance(behind, list) and any("JWT" in str(name) for name in behind)
    return cause(
        findings, "stale-signing-key", f"Our build refuses every token: {findings[KEY].summary}", because=(KEY,),
        expected=(OURS,), supports=(VARIABLES, RECENT), actions=NEW_BUILD[1:] if is_set else NEW_BUILD, notebooks=NOTEBOOK,
        by_hand="The variable has been set since the live build: build again, that is all." if is_set else
        "Ask who rotated the key and why: a rotation signs everybody out, and a leaked key is a reason (leaked-secret).",
        weight=74,
    )  # fmt: skip


def sign_in_variable(findings: Findings) -> Cause | None:
    """A variable of the sign-in is missing, mistyped or no key at all."""
    missing = fact(findings, VARIABLES, "missing", [])
    said = str(fact(findings, OURS, "clerk", ""))
    if not missing and said not in NO_KEY:
        return None
    because = (*((VARIABLES,) if missing else ()), *((OURS,) if said in NO_KEY else ()))
    title = findings[VARIABLES].summary if missing else f"our build says {said}"
    return cause(
        findings, "sign-in-variable", f"The build lacks what it needs to sign people in: {title}", because=because,
        expected=(OURS,), supports=(RECENT,), actions=NEW_BUILD, notebooks=NOTEBOOK,
        by_hand="A secret key is not set by a runbook: copy it from Clerk's dashboard, API keys, into the project's variables, "
        "then build again. Remove the mistyped name afterwards.",
        weight=73,
    )  # fmt: skip


def instances_mixed(findings: Findings) -> Cause | None:
    """Browsers sign in at one instance, our secret key or our build belongs to another."""
    is_other = fact(findings, LOGIN_PAGE, "is_other") is True
    is_foreign = fact(findings, KEY, "token_is_foreign") is True
    if not (is_other or is_foreign or is_critical(findings, INSTANCE)):
        return None
    because = tuple(
        check for check, holds in ((LOGIN_PAGE, is_other), (KEY, is_foreign), (INSTANCE, is_critical(findings, INSTANCE)))
        if holds
    )  # fmt: skip
    return cause(
        findings, "instances-mixed", f"Keys of two Clerk instances are mixed: {findings[because[0]].summary}",
        because=because, expected=(OURS,), supports=(RECENT,), actions=NEW_BUILD if is_other else (), notebooks=NOTEBOOK,
        by_hand="Whoever set the keys compares all three in Clerk's dashboard, API keys, switched to production: "
        "publishable, secret and public key belong together.",
        weight=72,
    )  # fmt: skip


def origin_not_allowed(findings: Findings) -> Cause | None:
    """Clerk refuses browsers that come from our own site."""
    if fact(findings, OURS, "clerk") != "origin_invalid" or not is_bad(findings, ORIGINS):
        return None
    missing = fact(findings, ORIGINS, "missing", [])
    named = ", ".join(map(str, missing)) if isinstance(missing, list) else ""
    return cause(
        findings, "origin-not-allowed", f"Clerk refuses browsers from {named}", because=(OURS, ORIGINS),
        supports=(RECENT,), notebooks=NOTEBOOK,
        by_hand="Whoever holds Clerk's secret key adds it to the list, keeping the others: PATCH "
        f'https://api.clerk.com/v1/instance with {{"allowed_origins": [… every old one, "{named}"]}}. It counts at once.',
        weight=66,
    )  # fmt: skip


def single_sign_on_off(findings: Findings) -> Cause | None:
    """A customer's own sign-in is switched off."""
    if not is_bad(findings, SSO):
        return None
    return cause(
        findings, "single-sign-on-off", f"A customer's own sign-in is {findings[SSO].summary}", because=(SSO,),
        notebooks=NOTEBOOK,
        by_hand="Ask who switched it off and why: a connection that is being set up is off as well. Clerk dashboard, SSO "
        "connections, the connection, Enable; then let one of that customer's people try. If it is on and they cannot get in, "
        "their administrator looks at the certificate and the assignment in their own identity provider.",
        weight=45,
    )  # fmt: skip


def sessions_looping(findings: Findings) -> Cause | None:
    """One user is sent round and round."""
    if not is_bad(findings, LOOPS):
        return None
    who = fact(findings, LOOPS, "user", "")
    return cause(
        findings, "sessions-looping", f"One user signs in again and again: {findings[LOOPS].summary}", because=(LOOPS,),
        actions=("revoke_sessions",), notebooks=NOTEBOOK,
        by_hand=f"Revoke the sessions of {who}, and ask that person to close every tab, delete the site's cookies and sign in "
        "once. If it begins again: their clock is wrong, or the browser blocks third-party cookies.",
        weight=54,
    )  # fmt: skip


def supabase_auth_down(findings: Findings) -> Cause | None:
    """Supabase Auth itself does not answer, and no incident of the vendor's says why."""
    if not is_critical(findings, RUNS) or vendor_outage(findings) is not None:
        return None
    return cause(
        findings, "supabase-auth-down", f"Supabase Auth does not answer: {findings[RUNS].summary}", because=(RUNS,),
        expected=(SIGN_IN, OURS), supports=("database.services",), notebooks=("database-failure",),
        by_hand="Look at the project's health in the dashboard and open a ticket with Supabase. If every way to sign in is "
        "switched off: Authentication, Sign in / Providers. Restart the project only as database-failure says.",
        weight=67,
    )  # fmt: skip


def auth_pool_full(findings: Findings) -> Cause | None:
    """Supabase Auth runs, and cannot reach its database."""
    if fact(findings, SIGN_IN, "layer") != "database" or status(findings, RUNS) is not Status.OK:
        return None
    return cause(
        findings, "auth-without-database", "Supabase Auth runs and does not reach its database", because=(SIGN_IN,),
        expected=(OURS,), supports=("database.services", "database.utilisation", "database.direct_connection"),
        notebooks=("database-failure",),
        by_hand="Go on with database-failure: it says whether Postgres is down or its connections are taken, and ends what "
        "holds them. Sessions of supabase_auth_admin are the vendor's own: if a job of yours logs in as that role, stop the job.",
        weight=69,
    )  # fmt: skip


def third_party_keys_stale(findings: Findings) -> Cause | None:
    """Supabase takes Clerk's tokens, and does not know the key that signs them now."""
    if fact(findings, KEYS, "behind") is not True:
        return None
    return cause(
        findings, "third-party-keys-stale", f"Supabase refuses Clerk's tokens: {findings[KEYS].summary}", because=(KEYS,),
        supports=(KEY,), notebooks=NOTEBOOK,
        by_hand="Supabase dashboard, Authentication, Third-party Auth: remove Clerk and add it again with the same domain; that "
        "fetches its keys anew. Whoever owns the project does that. Until then every Data API call with a Clerk token is 401.",
        weight=56,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (
    clerk_outage, stale_signing_key, sign_in_variable, instances_mixed, origin_not_allowed, single_sign_on_off,
    sessions_looping, supabase_auth_down, auth_pool_full, third_party_keys_stale,
)  # fmt: skip
