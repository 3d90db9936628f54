"""Causes why events do not reach our application: at Stripe, in front of our handler, or in it."""

from __future__ import annotations

from runbook.causes.evidence import cause, faults, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact, status
from runbook.errors import Fault
from runbook.model import Cause, Status

ENDPOINTS, OWED = "webhooks.endpoints", "webhooks.undelivered"
MISSED, ANSWERS, CUSTOMERS = "webhooks.unhandled", "webhooks.endpoint_answers", "webhooks.customers"
NOTEBOOK = ("webhook-failure",)
HURT = (MISSED, CUSTOMERS)
BACKFILL = ("backfill_events",)


def endpoint_disabled(findings: Findings) -> Cause | None:
    """Stripe sends nothing to our endpoint."""
    if not fact(findings, ENDPOINTS, "disabled"):
        return None
    return cause(
        findings, "stripe-endpoint-disabled", findings[ENDPOINTS].summary, because=(ENDPOINTS,), supports=HURT,
        actions=("enable_endpoint", *BACKFILL), notebooks=NOTEBOOK,
        by_hand="Ask who disabled it, and why: Stripe does so itself after days of failures, and writes a mail first.",
        weight=72,
    )  # fmt: skip


def endpoint_elsewhere(findings: Findings) -> Cause | None:
    """No endpoint of Stripe's is at our handler, or none gets the types that we act on."""
    if not is_critical(findings, ENDPOINTS) or fact(findings, ENDPOINTS, "disabled"):
        return None
    return cause(
        findings, "stripe-endpoint-elsewhere", findings[ENDPOINTS].summary, because=(ENDPOINTS,), supports=HURT,
        actions=BACKFILL, notebooks=NOTEBOOK,
        by_hand="Whoever holds the Stripe account sets the endpoint's address and types: dashboard.stripe.com/webhooks, the "
        "endpoint, Update details. A list of types replaces the whole list. Then hand over what was missed.",
        weight=70,
    )  # fmt: skip


def secret_differs(findings: Findings) -> Cause | None:
    """Our handler refuses what is signed with the secret that we have: its build has another."""
    if fact(findings, ANSWERS, "refuses_ours") is not True:
        return None
    return cause(
        findings, "webhook-secret-differs", "Our handler refuses what is signed with our secret: its build has another",
        because=(ANSWERS,), supports=(OWED, *HURT), actions=("set_variable", "redeploy", *BACKFILL), notebooks=NOTEBOOK,
        by_hand="First compare STRIPE_WEBHOOK_SECRET in .env with Stripe (dashboard.stripe.com/webhooks, the endpoint, Signing "
        "secret, live mode): what is put into the build must be that one.",
        weight=74,
    )  # fmt: skip


def secret_differs_at_stripe(findings: Findings) -> Cause | None:
    """Our handler takes what we sign, the endpoint is on, and Stripe's own deliveries fail."""
    if status(findings, ANSWERS) is not Status.OK or status(findings, ENDPOINTS) is not Status.OK:
        return None
    if not is_bad(findings, OWED) or fact(findings, MISSED, "newest_is_missed") is not True:
        return None
    return cause(
        findings, "webhook-secret-differs-at-stripe", "Our handler takes what we sign, and not what Stripe signs",
        because=(OWED, MISSED), supports=(CUSTOMERS,), actions=BACKFILL, notebooks=NOTEBOOK,
        by_hand="Somebody rotated the endpoint's secret at Stripe. Copy it from dashboard.stripe.com/webhooks, the endpoint, "
        "Signing secret, into .env as STRIPE_WEBHOOK_SECRET, and open this notebook again: it then goes into the build. If it "
        "is the same: the endpoint's address leads elsewhere (DNS, another project).",
        weight=60,
    )  # fmt: skip


def handler_broken(findings: Findings) -> Cause | None:
    """Our handler fails, or is not there."""
    missing = fact(findings, ANSWERS, "missing") is True
    if fact(findings, ANSWERS, "fails") is not True and not missing:
        return None
    return cause(
        findings, "webhook-handler-broken",
        "There is no handler at the webhooks' path" if missing else "Our handler fails", because=(ANSWERS,),
        expected=("deployment.live",), supports=(OWED, *HURT), actions=BACKFILL,
        notebooks=("deployment-rollback", *NOTEBOOK),
        by_hand="Roll the deployment back first (deployment-rollback), or mend and deploy; then come back here and hand over "
        "what was missed. If pages fail as well, it is not the handler.",
        weight=73,
    )  # fmt: skip


def handler_slow(findings: Findings) -> Cause | None:
    """Our handler does its work before it answers, and no vendor waits for that."""
    if fact(findings, ANSWERS, "slow") is not True:
        return None
    return cause(
        findings, "webhook-handler-slow", "Our handler refuses at once and takes nothing in time: it works before it answers",
        because=(ANSWERS,), supports=(OWED, *HURT), actions=BACKFILL, notebooks=("deployment-rollback", *NOTEBOOK),
        by_hand="Since a deployment: roll it back (deployment-rollback). Else a developer answers 200 first and puts the work "
        "into the queue; if the database is slow: database-failure. Then come back here and hand over what was missed.",
        weight=73,
    )  # fmt: skip


def handler_forgeable(findings: Findings) -> Cause | None:
    """Our handler takes what nobody has signed."""
    if fact(findings, ANSWERS, "forgeable") is not True:
        return None
    return cause(
        findings, "webhooks-forgeable", "Our handler takes events that nobody has signed", because=(ANSWERS,),
        notebooks=("deployment-rollback",),
        by_hand="A security incident: anybody can say that they paid. Roll back to a build that checks, tell the security team, "
        "and compare what was provisioned with Stripe's payments.",
        weight=80,
    )  # fmt: skip


def redirected(findings: Findings) -> Cause | None:
    """Something redirects webhooks; no vendor follows."""
    if not fact(findings, ANSWERS, "redirect"):
        return None
    return cause(
        findings, "webhook-redirected", f"Webhooks are sent on to {fact(findings, ANSWERS, 'redirect')}; Stripe does not follow",
        because=(ANSWERS,), supports=(OWED, *HURT), actions=BACKFILL, notebooks=("deployment-rollback", *NOTEBOOK),
        by_hand="If a deployment brought the redirect: deployment-rollback. Else set the endpoint's address to where it leads: "
        "dashboard.stripe.com/webhooks, the endpoint, Update details. Then hand over what was missed.",
        weight=73,
    )  # fmt: skip


def bot_wall(findings: Findings) -> Cause | None:
    """Something in front of our handler takes the vendors for bots."""
    if fact(findings, ANSWERS, "wall") is not True:
        return None
    return cause(
        findings, "webhook-bot-wall", "A wall in front of our handler takes vendors for bots", because=(ANSWERS,),
        supports=(OWED, *HURT), actions=("disable_attack_mode", *BACKFILL), notebooks=("database-failure", *NOTEBOOK),
        by_hand="Vercel: Firewall, Attack mode off, or a bypass rule for the webhooks' path. Cloudflare: Security, WAF, a skip "
        "rule for it. Then hand over what was missed.",
        weight=71,
    )  # fmt: skip


def events_missed(findings: Findings) -> Cause | None:
    """Everything works now, and events of before were never handled."""
    if not is_bad(findings, MISSED) or fact(findings, MISSED, "newest_is_missed") is True:
        return None
    if status(findings, ENDPOINTS) is not Status.OK or status(findings, ANSWERS) is not Status.OK:
        return None
    return cause(
        findings, "events-missed", f"All works now, and {findings[MISSED].summary}", because=(MISSED,),
        supports=(CUSTOMERS,), actions=BACKFILL, notebooks=NOTEBOOK,
        by_hand="Stripe never sends them again. Hand them over; older than 30 days it does not know them any more.", weight=58,
    )  # fmt: skip


def stripe_unreachable(findings: Findings) -> Cause | None:
    """Stripe's API does not answer us."""
    if ENDPOINTS not in faults(findings, Fault.TIMEOUT, Fault.DOWN):
        return None
    return cause(
        findings, "stripe-unreachable", f"Stripe does not answer: {findings[ENDPOINTS].summary}", because=(ENDPOINTS,),
        supports=("webhooks.status_page",), notebooks=NOTEBOOK,
        by_hand="Wait. What customers pay meanwhile comes by itself: Stripe tries for three days, and our handler knows each "
        "event by its id. Tell customers on the status page, then run this notebook again. Do not deploy and do not rotate keys.",
        weight=50,
    )  # fmt: skip


def stripe_key_refused(findings: Findings) -> Cause | None:
    """Our key is refused, or is of the other mode."""
    if ENDPOINTS not in faults(findings, Fault.AUTH, Fault.PERMISSION):
        return None
    return cause(
        findings, "stripe-key-refused", f"Our key at Stripe is of no use: {findings[ENDPOINTS].summary}",
        because=(ENDPOINTS,), notebooks=NOTEBOOK,
        by_hand="Put a restricted key of this environment's mode into .env as STRIPE_SECRET_KEY "
        "(dashboard.stripe.com/apikeys: Events and PaymentIntents read, Webhook Endpoints write), then run this again.",
        weight=76,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (
    endpoint_disabled, endpoint_elsewhere, secret_differs, secret_differs_at_stripe, handler_broken, handler_slow,
    handler_forgeable, redirected, bot_wall, events_missed, stripe_unreachable, stripe_key_refused,
)  # fmt: skip
