"""Does Clerk sign our customers in, and are its keys, origins and pages those that the site was built for?"""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

from runbook.checks import vendor
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, both, check
from runbook.checks.site import DOWN_FOR_EVERYBODY
from runbook.clients.public_keys import PublicKey
from runbook.errors import SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems

CLERK = ("clerk",)
COMPONENTS = ("User and authentication", "Session management")  # of its status page: what a sign-in needs
LOGIN_PAGE = "/portal/login"
MOST_OF_A_PAGE = 500_000
PUBLISHABLE = re.compile(r"\bpk_(live|test)_([A-Za-z0-9+/]+=*)")
SECONDS = 6.0  # a vendor that hangs holds nobody up for longer


@check(required=False, deadline_seconds=SECONDS)
def status_page(systems: Systems) -> Answer:
    """Does Clerk report trouble with sign-ins or sessions?"""
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    return vendor.status_page(systems.status_pages["clerk"].summary(), COMPONENTS, "")


@check(deadline_seconds=SECONDS)
def frontend(systems: Systems) -> Answer:
    """Does the address answer at which every customer's browser signs in?"""
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    host = urlsplit(systems.profile.clerk.frontend_url).hostname or ""
    source = f"Clerk's frontend API at {host}"
    try:
        healthy, shown = both(systems.clerk_frontend.healthy, systems.clerk_frontend.environment)
    except SystemFault as fault:
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        return Answer(
            Status.CRITICAL,
            f"{fault.fault.value}: {fault.what}",
            source=source,
            facts={"down": True, "why": fault.what},
        )
    ill = "says that it is not healthy" if not healthy else "is in maintenance" if shown.in_maintenance else ""
    told = f"answers, {shown.environment_type} instance" + (f", but {ill}" if ill else "")
    return Answer(
        Status.CRITICAL if ill else Status.OK, told, source=source,
        facts={"down": bool(ill), "why": ill, "environment_type": shown.environment_type},
    )  # fmt: skip


@check(asks=CLERK, deadline_seconds=SECONDS)
def instance(systems: Systems) -> Answer:
    """Is our secret key that of a production instance, the one that browsers meet?"""
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    ours, shown = both(systems.clerk.instance, systems.clerk_frontend.environment)
    facts = {"environment_type": ours.environment_type, "shown": shown.environment_type}
    source = "Clerk, instance; frontend API, environment"
    if ours.environment_type != shown.environment_type:
        told = (
            f"our secret key is of the {ours.environment_type} instance, browsers meet the {shown.environment_type} one"
        )
        return Answer(Status.CRITICAL, told, source=source, facts=facts)
    if ours.environment_type != "production":
        told = f"a {ours.environment_type} instance: its limits are a tenth, its sign-in pages are not for customers"
        return Answer(Status.WARNING, told, source=source, facts=facts)
    return Answer(Status.OK, f"{ours.instance_id} is the production instance", source=source, facts=facts)


@check(asks=CLERK, required=False, deadline_seconds=SECONDS)
def pinned_key(systems: Systems) -> Answer:
    """Does the running build check tokens with the key that Clerk signs them with now?"""
    site = systems.profile.site
    if systems.profile.clerk is None or site is None:
        return not_used("Clerk with a site", systems)
    (keys, shown), tried = both(
        lambda: both(systems.clerk.keys, systems.clerk_frontend.keys),
        lambda: systems.site.auth_test(site.auth_test_path),
    )
    source = "Clerk's JWKS by both ways; our auth test"
    signing = {key.kid: key.thumbprint for key in keys}
    rows: list[Row] = [{"key": key.kid, "algorithm": key.algorithm, "fingerprint": key.thumbprint} for key in keys]
    facts = {
        "kids": list(signing), "pinned": tried.pinned_key, "token_kid": tried.token_kid,
        "token_is_foreign": bool(tried.token_kid) and tried.token_kid not in signing, "is_stale": False,
    }  # fmt: skip
    if not keys:
        return Answer(Status.UNKNOWN, "Clerk lists no key", source=source, facts=facts)
    if [one.kid for one in shown] != list(signing):
        told = f"browsers are given other keys ({_ids(shown)}) than our secret key shows ({_ids(keys)})"
        return Answer(Status.CRITICAL, told, source=source, rows=rows, facts=facts)
    if not tried.pinned_key:
        told = f"Clerk signs with {_ids(keys)}; our auth test does not tell the key it checks with (pinned_key)"
        return Answer(Status.UNKNOWN, told, source=source, rows=rows, facts=facts)
    if tried.pinned_key in signing.values():
        return Answer(Status.OK, f"the build checks with the key that signs: {_ids(keys)}", source=source, rows=rows,
                      facts=facts)  # fmt: skip
    told = f"Clerk signs with {_ids(keys)}; the build checks with another key (fingerprint {tried.pinned_key[:12]}…)"
    return Answer(Status.CRITICAL, told, source=source, rows=rows, facts={**facts, "is_stale": True})


@check(asks=CLERK, required=False, deadline_seconds=SECONDS)
def origins(systems: Systems) -> Answer:
    """May browsers sign in from each of our domains?"""
    if systems.profile.clerk is None or systems.profile.vercel is None:
        return not_used("Clerk with a site on Vercel", systems)
    allowed = systems.clerk.instance().allowed_origins
    ours = [f"https://{domain}" for domain in systems.profile.vercel.domains]
    missing = [origin for origin in ours if allowed and origin not in allowed]
    source = "Clerk, instance, allowed_origins"
    facts = {"missing": missing, "allowed": list(allowed)}
    if missing:
        told = f"the list of allowed origins leaves out {', '.join(missing)}"
        return Answer(Status.WARNING, told, len(missing), "origins", 0, source, facts=facts)
    told = f"all {len(ours)} of ours are allowed" if allowed else "no list is set: any origin of the instance's domains"
    return Answer(Status.OK, told, 0, "origins", 0, source, facts=facts)


@check(asks=CLERK, required=False, deadline_seconds=SECONDS)
def login_page(systems: Systems) -> Answer:
    """Does our sign-in page send browsers to the instance that our secret key belongs to?"""
    if systems.profile.clerk is None or systems.profile.site is None:
        return not_used("Clerk with a site", systems)
    domains, page = both(systems.clerk.domains, lambda: systems.site.get(LOGIN_PAGE, most=MOST_OF_A_PAGE))
    expected = sorted(
        {urlsplit(url).hostname or "" for one in domains for url in (one.frontend_url, one.proxy_url) if url}
    )
    found = PUBLISHABLE.search(page.text)
    source = f"GET {LOGIN_PAGE} of the site; Clerk, domains"
    facts = {"expected": expected, "shown": "", "kind": "", "is_other": False}
    if not expected:
        return Answer(Status.UNKNOWN, "Clerk lists no domain to compare with", source=source, facts=facts)
    if page.status_code != 200 or found is None:
        told = f"answers {page.status_code} and names no publishable key (pk_…)"
        return Answer(Status.UNKNOWN, told, source=source, facts=facts)
    kind, shown = found[1], _host(found[2])
    facts |= {"shown": shown, "kind": kind, "is_other": shown not in expected}
    if shown in expected:
        return Answer(Status.OK, f"sends browsers to {shown}, as Clerk says", source=source, facts=facts)
    told = f"sends browsers to {shown or 'nowhere'} ({kind}); our secret key's instance is at {', '.join(expected)}"
    return Answer(Status.CRITICAL, told, source=source, facts=facts)


@check(asks=CLERK, required=False, deadline_seconds=SECONDS)
def single_sign_on(systems: Systems) -> Answer:
    """Is every customer's own sign-in switched on?"""
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    found = systems.clerk.single_sign_ons()
    off = [one.name for one in found if not one.is_active]
    source = "Clerk, enterprise connections"
    rows: list[Row] = [{"connection": one.name, "provider": one.provider, "on": one.is_active} for one in found]
    if off:
        return Answer(Status.WARNING, f"switched off: {', '.join(off)}", len(off), "connections", 0, source, rows,
                      facts={"off": off})  # fmt: skip
    told = f"{len(found)} of {len(found)} connections are on" if found else "no customer has a sign-in of their own"
    return Answer(Status.OK, told, 0, "connections", 0, source, rows, facts={"off": []})


def _ids(keys: list[PublicKey]) -> str:
    return ", ".join(key.kid for key in keys) or "none"


def _host(encoded: str) -> str:
    """Where a publishable key sends browsers (Clerk docs: base64 of the host and a dollar sign)."""
    try:
        return base64.b64decode(encoded, validate=True).decode().removesuffix("$")[:200]
    except ValueError:
        return ""
