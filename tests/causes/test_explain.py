"""Which causes explain which findings: none in a healthy world, one per fault, two for two."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.causes import EVERY, explain
from runbook.errors import Fault
from runbook.model import Finding, Status

HEALTHY: dict[str, dict[str, Any]] = {
    "machine.this_machine": {},
    "site.health": {},
    "traffic.requests": {"growth": 1.1},
    "database.status_page": {"affected": []},
    "database.services": {"unhealthy": []},
    "database.direct_connection": {"layer": ""},
    "database.pooled_connection": {"layer": ""},
    "database.utilisation": {"server_full": False},
    "database.idle_transactions": {"over": 0, "worst": ""},
    "database.blocking": {"blockers": []},
    "database.long_statements": {"over": []},
    "database.disk": {"read_only": False},
    "site.pages": {"errors": 0},
    "deployment.live": {"age_seconds": 26 * 3600.0, "message": "older", "auto_assigns": True},
    "deployment.domains": {},
    "deployment.candidates": {"last_good": "dpl_good"},
    "flags.changed": {"suspect": ""},
    "recovery.deleted": {"damaged": []},
    "recovery.window": {"pitr": True},
    "auth.our_test": {"status_code": 200, "clerk": "ok", "supabase_auth": "ok"},
    "auth.supabase_health": {"down": False},
    "auth.supabase_sign_in": {"layer": ""},
    "auth.supabase_keys": {"behind": False},
    "clerk.status_page": {"affected": []},
    "clerk.frontend": {"down": False, "why": ""},
    "clerk.instance": {"environment_type": "production"},
    "clerk.pinned_key": {"is_stale": False, "token_is_foreign": False},
    "clerk.login_page": {"is_other": False},
    "clerk.origins": {"missing": []},
    "sign_in_variables.in_place": {"missing": [], "behind": []},
    "clerk.single_sign_on": {"off": []},
    "sign_ins.recent": {"missing": 0},
    "sign_ins.loops": {"user": ""},
    "leaked.secret_meant": {
        "secret": "LD_API_KEY",
        "made_at": "the vendor's page",
        "ended_at": "there",
        "by_api": True,
    },
    "leaked.old_one": {"opens": False, "name": "LD_API_KEY_OLD"},
    "leaked.new_one": {"there": True, "opens": True},
    "uses.seen": {"strange": False},
    "rotation.environment": {"is_there": True, "stale": False},
    "rotation.pages": {"named": True, "works": True},
    "migrations.newest": {"kind": "expand", "minutes": 30000, "half": False, "undoes": "", "name": "older"},
    "webhooks.endpoints": {"disabled": [], "missing_types": []},
    "webhooks.undelivered": {"count": 0},
    "webhooks.unhandled": {"count": 0, "newest_is_missed": False},
    "webhooks.endpoint_answers": {
        "forgeable": False,
        "redirect": "",
        "wall": False,
        "refuses_ours": False,
        "missing": False,
    },
    "webhooks.customers": {"customers_hurt": 0},
    "jobs.waiting": {"waiting": 0, "active": 0, "workers": 2, "paused": False},
    "jobs.failed": {"count": 0, "may_pass": 0, "never": 0, "older": 0},
    "jobs.memory": {"policy": "noeviction", "full": False},
    "bookings.hooks": {"inactive": [], "unsigned": [], "template": [], "untold": []},
    "bookings.hook_answers": {
        "forgeable": False,
        "redirect": "",
        "wall": False,
        "refuses_ours": False,
        "missing": False,
    },
    "bookings.calendars": {"broken": []},
    "bookings.missed": {"count": 0, "newest_is_missed": False},
    "bookings.status_page": {"indicator": "none"},
}
STATEMENT = {"pid": 7, "role": "app", "application": "export", "running_seconds": 90.0, "blocks": 0}


def world(**changes: tuple[Status, dict[str, Any]]) -> dict[str, Finding]:
    """A healthy world but for the changes: ``database_disk=(CRITICAL, {facts})``."""
    findings = {name: Finding(name, Status.OK, "fine", facts=facts) for name, facts in HEALTHY.items()}
    for key, (status, facts) in changes.items():
        name = next(one for one in HEALTHY if one.replace(".", "_") == key)
        findings[name] = Finding(name, status, f"{name} is {status}", facts={**HEALTHY[name], **facts})
    return findings


def could_not_tell(fault: Fault, system: str = "supabase") -> tuple[Status, dict[str, Any]]:
    return Status.UNKNOWN, {"fault": fault.value, "system": system}


LEAK = (Status.CRITICAL, {"over": 15, "worst": "app/site"})
POOL_FULL = (Status.CRITICAL, {"layer": "pool", "message": "EMAXCONNSESSION"})
FULL = (Status.CRITICAL, {"server_full": True})
BEHIND = (Status.CRITICAL, {"layer": "behind", "message": "the pooler answers, the database behind it does not"})
REFUSED = (Status.CRITICAL, {"layer": "network", "message": "connection refused"})
WAITING = (Status.CRITICAL, {"over": [{**STATEMENT, "waits_for_lock": True}]})
CONTRACT = {"kind": "contract", "minutes": 9, "name": "newer"}
PAGES_FAIL = (Status.CRITICAL, {"errors": 12})
YOUNG = (Status.OK, {"age_seconds": 720.0, "message": "newer"})
RUNNING = (Status.CRITICAL, {"over": [{**STATEMENT, "waits_for_lock": False}]})


GONE = (Status.CRITICAL, {"damaged": ["public.bookings"]})
NOT_BOUGHT = (Status.WARNING, {"pitr": False})
STALE = (Status.CRITICAL, {"is_stale": True})
AUTH_DOWN = (Status.CRITICAL, {"down": True})
NO_TOKEN = (Status.CRITICAL, {"layer": "service"})


def refused(why: str) -> tuple[Status, dict[str, Any]]:
    """Our own auth test, refused at Clerk for this reason."""
    return Status.CRITICAL, {"status_code": 401, "clerk": why}


MISSED = (Status.CRITICAL, {"count": 4, "newest_is_missed": False})
STILL_MISSED = (Status.CRITICAL, {"count": 4, "newest_is_missed": True})
OWED = (Status.WARNING, {"count": 4})
OFF = (Status.CRITICAL, {"disabled": ["we_1"]})
HOOK_OFF = (Status.CRITICAL, {"inactive": ["9001"]})


def answers(**facts: Any) -> tuple[Status, dict[str, Any]]:
    """Our handler, when it was asked like a vendor would."""
    return Status.CRITICAL, facts


STILL_OPENS = (Status.CRITICAL, {"opens": True})
NONE_YET = (Status.WARNING, {"there": False, "opens": False})
NEW_REFUSED = (Status.CRITICAL, {"there": True, "opens": False})


def blocked_by(state: str) -> tuple[Status, dict[str, Any]]:
    root = {"pid": 9, "root": True, "state": state, "application": "site", "waiting": 3}
    return Status.CRITICAL, {"blockers": [root]}


WORLDS: dict[str, tuple[dict[str, Finding], list[str]]] = {
    "healthy": (world(), []),
    "a leak through the pool": (
        world(database_idle_transactions=LEAK, database_utilisation=FULL, database_pooled_connection=POOL_FULL),
        ["idle-transaction-leak"],
    ),
    "a leak seen while locked out": (
        world(database_idle_transactions=LEAK, database_direct_connection=(Status.CRITICAL, {"layer": "slots"})),
        ["idle-transaction-leak"],
    ),
    "one idle transaction": (world(database_idle_transactions=(Status.WARNING, {"over": 1})), []),
    "a forgotten lock": (
        world(database_blocking=blocked_by("idle in transaction"), database_long_statements=WAITING),
        ["forgotten-lock"],
    ),
    "a forgotten lock that fills the pool": (
        world(
            database_blocking=blocked_by("idle in transaction"),
            database_long_statements=WAITING,
            database_utilisation=FULL,
            database_pooled_connection=POOL_FULL,
        ),
        ["forgotten-lock"],
    ),
    "a runaway statement": (world(database_long_statements=RUNNING), ["runaway-statement"]),
    "a runaway statement that blocks": (
        world(database_long_statements=RUNNING, database_blocking=blocked_by("active")),
        ["runaway-statement"],
    ),
    "busy clients": (world(database_pooled_connection=POOL_FULL), ["busy-clients"]),
    "a full server": (
        world(database_utilisation=FULL, database_pooled_connection=POOL_FULL),
        ["connections-used-up"],
    ),
    "a role at its limit": (
        world(
            database_utilisation=(Status.WARNING, {"server_full": False, "full_roles": ["app"]}),
            site_health=(Status.CRITICAL, {}),
        ),
        ["connections-used-up"],
    ),
    "a neighbour's role at its limit": (
        world(database_utilisation=(Status.WARNING, {"server_full": False, "full_roles": ["reporting"]})),
        [],
    ),
    "a traffic spike": (
        world(traffic_requests=(Status.CRITICAL, {"growth": 20.0}), database_pooled_connection=POOL_FULL),
        ["traffic-spike"],
    ),
    "Postgres stopped": (
        world(
            database_direct_connection=REFUSED,
            database_pooled_connection=BEHIND,
            database_services=(Status.CRITICAL, {"unhealthy": ["db"]}),
        ),
        ["postgres-stopped"],
    ),
    "Postgres stopped and the management API with it": (
        world(
            database_direct_connection=REFUSED,
            database_pooled_connection=BEHIND,
            database_services=could_not_tell(Fault.TIMEOUT),
        ),
        ["postgres-stopped", "management-api-hanging"],
    ),
    "a firewall before the direct address": (world(database_direct_connection=REFUSED), []),
    "the disk full": (world(database_disk=(Status.CRITICAL, {"read_only": True})), ["disk-full"]),
    "the pooler refuses": (
        world(database_pooled_connection=(Status.CRITICAL, {"layer": "pooler", "message": "ECIRCUITBREAKER"})),
        ["pooler-refuses"],
    ),
    "a status page that cries wolf": (
        world(database_status_page=(Status.WARNING, {"affected": [{"service": "auth"}]})),
        [],
    ),
    "an outage of the vendor": (
        world(
            database_status_page=(Status.WARNING, {"affected": [{"service": "auth"}]}),
            database_services=(Status.CRITICAL, {"unhealthy": ["auth"]}),
        ),
        ["vendor-outage"],
    ),
    "a leak and an outage": (
        world(
            database_idle_transactions=LEAK,
            database_utilisation=FULL,
            database_status_page=(Status.WARNING, {"affected": [{"service": "auth"}]}),
            database_services=(Status.CRITICAL, {"unhealthy": ["auth"]}),
        ),
        ["idle-transaction-leak", "vendor-outage"],
    ),
    "the management API hangs": (world(database_services=could_not_tell(Fault.TIMEOUT)), ["management-api-hanging"]),
    "the management API says 401": (world(database_services=could_not_tell(Fault.AUTH)), ["management-api-401"]),
    "the management API sends HTML": (
        world(database_services=could_not_tell(Fault.UNREADABLE)),
        ["management-api-html"],
    ),
    "the management API sends errors": (
        world(database_services=(Status.UNKNOWN, {"fault": "down", "system": "supabase", "status_code": 502})),
        ["management-api-html"],
    ),
    "the management API is not there": (
        world(database_services=(Status.UNKNOWN, {"fault": "down", "system": "supabase", "status_code": None})),
        ["management-api-hanging"],
    ),
    "a secret is not set": (world(database_services=could_not_tell(Fault.NOT_SET)), []),
    "another database answers": (
        world(
            database_direct_connection=could_not_tell(Fault.WRONG_TARGET, "database"),
            database_utilisation=could_not_tell(Fault.WRONG_TARGET, "database"),
        ),
        ["wrong-target"],
    ),
    "Postgres starting up": (
        world(database_direct_connection=(Status.CRITICAL, {"layer": "starting", "message": "is starting"})),
        ["postgres-stopped"],
    ),
    "pages fail since a deployment": (world(site_pages=PAGES_FAIL, deployment_live=YOUNG), ["bad-deployment"]),
    "pages fail, what is live is old": (world(site_pages=PAGES_FAIL), []),
    "pages fail since a flag": (
        world(
            site_pages=PAGES_FAIL, flags_changed=(Status.OK, {"suspect": "new-pricing", "minutes": 8, "who": "mira"})
        ),
        ["flag-change"],
    ),
    "a migration that took away what the code reads": (
        world(site_pages=PAGES_FAIL, migrations_newest=(Status.OK, CONTRACT)),
        ["contract-migration"],
    ),
    "a migration that was undone": (
        world(site_pages=PAGES_FAIL, migrations_newest=(Status.OK, {**CONTRACT, "undoes": "20261124000000"})),
        [],
    ),
    "a migration that the code has lived with for days": (
        world(site_pages=PAGES_FAIL, migrations_newest=(Status.OK, {**CONTRACT, "minutes": 3000})),
        [],
    ),
    "a migration that went half the way": (
        world(site_pages=PAGES_FAIL, migrations_newest=(Status.WARNING, {**CONTRACT, "half": True})),
        ["migration-half-applied"],
    ),
    "a domain that did not follow": (world(deployment_domains=(Status.CRITICAL, {})), ["domain-left-behind"]),
    "this machine sees nothing": (
        world(
            machine_this_machine=(Status.CRITICAL, {}),
            database_direct_connection=REFUSED,
            database_pooled_connection=REFUSED,
        ),
        ["this-machine"],
    ),
    "rows are gone": (world(recovery_deleted=GONE), ["mass-delete"]),
    "Clerk is down": (
        world(
            clerk_frontend=(Status.CRITICAL, {"down": True, "why": "503"}), auth_our_test=refused("clerk-unreachable")
        ),
        ["clerk-outage"],
    ),
    "Clerk's key was rotated": (
        world(clerk_pinned_key=STALE, auth_our_test=refused("token-invalid-signature")),
        ["stale-signing-key"],
    ),
    "a variable is missing": (
        world(
            sign_in_variables_in_place=(Status.CRITICAL, {"missing": ["CLERK_JWT_KEY"]}),
            auth_our_test=refused("jwk-local-missing"),
        ),
        ["sign-in-variable"],
    ),
    "a variable holds no key": (world(auth_our_test=refused("jwk-failed-to-resolve")), ["sign-in-variable"]),
    "browsers are sent to another instance": (
        world(clerk_login_page=(Status.CRITICAL, {"is_other": True}), auth_our_test=refused("token-invalid-signature")),
        ["instances-mixed"],
    ),
    "our secret key is another instance's": (world(clerk_instance=(Status.CRITICAL, {})), ["instances-mixed"]),
    "Clerk's page alone cries wolf": (world(clerk_status_page=(Status.WARNING, {})), []),
    "an origin is not allowed": (
        world(auth_our_test=refused("origin_invalid"), clerk_origins=(Status.WARNING, {"missing": ["https://p.test"]})),
        ["origin-not-allowed"],
    ),
    "an origin that nobody signs in from is not allowed": (
        world(clerk_origins=(Status.WARNING, {"missing": ["https://old.test"]})),
        [],
    ),
    "a customer's own sign-in is off": (
        world(clerk_single_sign_on=(Status.WARNING, {"off": ["Big"]})),
        ["single-sign-on-off"],
    ),
    "a user loops": (world(sign_ins_loops=(Status.CRITICAL, {"user": "user_1"})), ["sessions-looping"]),
    "Supabase Auth is down": (
        world(auth_supabase_health=AUTH_DOWN, auth_supabase_sign_in=NO_TOKEN),
        ["supabase-auth-down"],
    ),
    "Supabase Auth is down and the vendor says so": (
        world(
            auth_supabase_health=AUTH_DOWN,
            auth_supabase_sign_in=NO_TOKEN,
            database_status_page=(Status.WARNING, {"affected": [{"service": "auth"}]}),
            database_services=(Status.CRITICAL, {"unhealthy": ["auth"]}),
        ),
        ["vendor-outage"],
    ),
    "Supabase Auth without its database": (
        world(auth_supabase_sign_in=(Status.CRITICAL, {"layer": "database"})),
        ["auth-without-database"],
    ),
    "the test user's password is wrong": (
        world(auth_supabase_sign_in=(Status.WARNING, {"layer": "test user"})),
        [],
    ),
    "Supabase has Clerk's old key": (
        world(auth_supabase_keys=(Status.CRITICAL, {"behind": True})),
        ["third-party-keys-stale"],
    ),
    "a secret is out": (world(leaked_old_one=STILL_OPENS), ["leaked-secret"]),
    "a secret is out and its new one is no good": (
        world(leaked_old_one=STILL_OPENS, leaked_new_one=NEW_REFUSED),
        ["leaked-secret", "new-secret-refused"],
    ),
    "a secret is out and was used": (
        world(leaked_old_one=STILL_OPENS, uses_seen=(Status.WARNING, {"strange": True})),
        ["leaked-secret", "leaked-secret-used"],
    ),
    "a secret was ended before the site had the new one": (
        world(rotation_pages=(Status.CRITICAL, {"works": False})),
        ["site-lost-its-secret"],
    ),
    "the vendor says neither yes nor no": (
        world(
            leaked_old_one=could_not_tell(Fault.DOWN),
            leaked_new_one=could_not_tell(Fault.DOWN),
            rotation_pages=(Status.CRITICAL, {"works": False}),
        ),
        ["secret-cannot-be-tried"],
    ),
    "Stripe's endpoint is off": (
        world(webhooks_endpoints=OFF, webhooks_unhandled=STILL_MISSED),
        ["stripe-endpoint-disabled"],
    ),
    "Stripe sends elsewhere": (
        world(webhooks_endpoints=(Status.CRITICAL, {}), webhooks_unhandled=STILL_MISSED),
        ["stripe-endpoint-elsewhere"],
    ),
    "our build has another signing secret": (
        world(webhooks_endpoint_answers=answers(refuses_ours=True), webhooks_undelivered=OWED),
        ["webhook-secret-differs"],
    ),
    "Stripe signs with a secret that we do not know": (
        world(webhooks_undelivered=OWED, webhooks_unhandled=STILL_MISSED),
        ["webhook-secret-differs-at-stripe"],
    ),
    "the handler fails": (
        world(webhooks_endpoint_answers=answers(fails=True), webhooks_unhandled=STILL_MISSED),
        ["webhook-handler-broken"],
    ),
    "the handler is not there": (world(webhooks_endpoint_answers=answers(missing=True)), ["webhook-handler-broken"]),
    "the handler is slow": (world(webhooks_endpoint_answers=answers(slow=True)), ["webhook-handler-slow"]),
    "the handler takes forgeries": (world(webhooks_endpoint_answers=answers(forgeable=True)), ["webhooks-forgeable"]),
    "webhooks are sent on": (world(webhooks_endpoint_answers=answers(redirect="/x/")), ["webhook-redirected"]),
    "a wall takes vendors for bots": (world(webhooks_endpoint_answers=answers(wall=True)), ["webhook-bot-wall"]),
    "events of yesterday were missed": (world(webhooks_unhandled=MISSED), ["events-missed"]),
    "all is handled, and Stripe counts some as owed": (world(webhooks_undelivered=OWED), []),
    "Stripe does not answer": (
        world(webhooks_endpoints=could_not_tell(Fault.TIMEOUT, "stripe")),
        ["stripe-unreachable"],
    ),
    "nobody works on the queue": (
        world(jobs_waiting=(Status.CRITICAL, {"waiting": 6, "active": 0, "workers": 0, "paused": False})),
        ["queue-worker-stopped"],
    ),
    "the queue is paused": (
        world(jobs_waiting=(Status.CRITICAL, {"waiting": 6, "active": 0, "workers": 2, "paused": True})),
        ["queue-paused"],
    ),
    "the workers do not keep up": (
        world(jobs_waiting=(Status.CRITICAL, {"waiting": 600, "active": 5, "workers": None, "paused": False})),
        ["queue-behind"],
    ),
    "jobs failed while something was away, and one by what is in it": (
        world(jobs_failed=(Status.CRITICAL, {"count": 6, "may_pass": 5, "never": 1, "older": 0})),
        ["queue-poison-job", "queue-jobs-failed"],
    ),
    "the queue's server is full": (
        world(jobs_memory=(Status.CRITICAL, {"policy": "noeviction", "full": True})),
        ["queue-full"],
    ),
    "the queue's server throws keys away": (
        world(jobs_memory=(Status.WARNING, {"policy": "allkeys-lru", "full": False, "evicts": True})),
        ["queue-evicts"],
    ),
    "the queue does not answer": (world(jobs_waiting=could_not_tell(Fault.DOWN, "queue")), ["queue-unreachable"]),
    "Stripe refuses our key": (world(webhooks_endpoints=could_not_tell(Fault.AUTH, "stripe")), ["stripe-key-refused"]),
    "the endpoint is off, and our build has another secret": (
        world(webhooks_endpoints=OFF, webhooks_endpoint_answers=answers(refuses_ours=True)),
        ["webhook-secret-differs", "stripe-endpoint-disabled"],
    ),
    "Cal.com's hook is off": (world(bookings_hooks=HOOK_OFF, bookings_missed=STILL_MISSED), ["cal-hook-inactive"]),
    "Cal.com's hook is off, and another has no secret": (
        world(bookings_hooks=(Status.CRITICAL, {"inactive": ["9001"], "unsigned": ["9002"]})),
        ["cal-hook-inactive"],
    ),
    "Cal.com's hook has no secret": (
        world(bookings_hooks=(Status.CRITICAL, {"unsigned": ["9001"]}), bookings_missed=STILL_MISSED),
        ["cal-hook-unsigned"],
    ),
    "Cal.com's hook has a template": (
        world(bookings_hooks=(Status.CRITICAL, {"template": ["9001"]}), bookings_missed=STILL_MISSED),
        ["cal-hook-template"],
    ),
    "Cal.com tells elsewhere": (
        world(bookings_hooks=(Status.CRITICAL, {"untold": ["BOOKING_CREATED"]}), bookings_missed=STILL_MISSED),
        ["cal-hook-elsewhere"],
    ),
    "our build has another secret of Cal.com's": (
        world(bookings_hook_answers=answers(refuses_ours=True), bookings_missed=STILL_MISSED),
        ["cal-secret-differs"],
    ),
    "Cal.com signs with a secret that we do not know": (
        world(bookings_missed=STILL_MISSED),
        ["cal-secret-differs-at-cal"],
    ),
    "the handler of Cal.com fails": (
        world(bookings_hook_answers=answers(fails=True), bookings_missed=STILL_MISSED),
        ["cal-handler-broken"],
    ),
    "both handlers fail": (
        world(webhooks_endpoint_answers=answers(fails=True), bookings_hook_answers=answers(fails=True)),
        ["webhook-handler-broken"],
    ),
    "the handler of Cal.com takes forgeries": (
        world(bookings_hook_answers=answers(forgeable=True)),
        ["cal-handler-forgeable"],
    ),
    "a calendar cannot be read": (
        world(bookings_calendars=(Status.CRITICAL, {"broken": ["google_calendar (credential 31)"]})),
        ["calendar-credential-broken"],
    ),
    "bookings of yesterday were missed": (world(bookings_missed=MISSED), ["bookings-missed"]),
    "Cal.com does not answer": (world(bookings_hooks=could_not_tell(Fault.DOWN, "calcom")), ["cal-unreachable"]),
    "Cal.com's page alone cries wolf": (world(bookings_status_page=(Status.WARNING, {"indicator": "major"})), []),
    "Cal.com refuses our key": (world(bookings_hooks=could_not_tell(Fault.AUTH, "calcom")), ["cal-key-refused"]),
    "both vendors are silent": (
        world(webhooks_endpoints=OFF, webhooks_unhandled=STILL_MISSED, bookings_hooks=HOOK_OFF),
        ["stripe-endpoint-disabled", "cal-hook-inactive"],
    ),
}


@pytest.mark.parametrize(("findings", "expected"), WORLDS.values(), ids=WORLDS)
def test_the_causes_of_a_world_best_first(findings: dict[str, Finding], expected: list[str]) -> None:
    assert [cause.name for cause in explain(findings)] == expected


def test_nothing_asked_explains_nothing() -> None:
    assert explain({}) == []


def test_every_cause_is_shown_by_some_world_and_says_what_helps() -> None:
    causes = {cause.name: cause for findings, _ in WORLDS.values() for cause in explain(findings)}
    assert len(causes) == len(EVERY)
    for cause in causes.values():
        assert cause.actions or cause.notebooks or cause.by_hand
        assert cause.evidence_for


def test_a_leaked_secret_offers_no_change_before_a_new_one_works_and_names_the_page_instead() -> None:
    for new in (NONE_YET, NEW_REFUSED):
        cause = explain(world(leaked_old_one=STILL_OPENS, leaked_new_one=new))[0]
        assert cause.actions == () and cause.by_hand
    (ready,) = explain(world(leaked_old_one=STILL_OPENS))
    assert ready.actions == ("set_variable", "redeploy", "end_leaked_secret")
    (by_hand,) = explain(world(leaked_old_one=STILL_OPENS, leaked_secret_meant=(Status.OK, {"by_api": False})))
    assert "end_leaked_secret" not in by_hand.actions and "there" in by_hand.by_hand


def test_a_restore_is_offered_only_where_it_was_bought() -> None:
    (bought,) = explain(world(recovery_deleted=GONE))
    (not_bought,) = explain(world(recovery_deleted=GONE, recovery_window=NOT_BOUGHT))
    assert (bought.actions, not_bought.actions) == (("restore_to_moment",), ())
    assert "newest daily backup to a new project" in not_bought.by_hand


def test_without_a_deployment_to_go_back_to_no_rollback_is_offered() -> None:
    nowhere = (Status.WARNING, {"last_good": ""})
    (cause,) = explain(world(site_pages=PAGES_FAIL, deployment_live=YOUNG, deployment_candidates=nowhere))
    assert cause.actions == ()
    assert "no deployment to go back to" in cause.by_hand


def test_what_is_ok_although_the_cause_would_break_it_speaks_against() -> None:
    leak = explain(world(database_idle_transactions=LEAK, database_utilisation=FULL))[0]
    assert leak.evidence_for == ("database.idle_transactions", "database.utilisation")
    assert "site.health" in leak.evidence_against


def test_a_key_that_was_set_after_the_build_needs_a_build_only() -> None:
    set_since = (Status.WARNING, {"behind": ["CLERK_JWT_KEY"]})
    (both,) = explain(world(clerk_pinned_key=STALE))
    (build,) = explain(world(clerk_pinned_key=STALE, sign_in_variables_in_place=set_since))
    assert (both.actions, build.actions) == (("set_sign_in_variable", "redeploy"), ("redeploy",))
