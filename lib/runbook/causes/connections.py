"""Causes in the way to the database: connections that leak, a pool too small, a pooler that refuses, traffic."""

from __future__ import annotations

from runbook.causes.database import forgotten_lock, postgres_stopped, runaway_statement
from runbook.causes.evidence import cause, is_critical
from runbook.causes.frame import Explain, Findings, fact, status
from runbook.model import Cause, Status

DIRECT = "database.direct_connection"
POOLED = "database.pooled_connection"
UTILISATION = "database.utilisation"
IDLE = "database.idle_transactions"
TRAFFIC = "traffic.requests"
SITE = "site.health"


def idle_transaction_leak(findings: Findings) -> Cause | None:
    """Sessions keep opening transactions and never end them: each holds its connection for good."""
    if not is_critical(findings, IDLE):
        return None
    who = fact(findings, IDLE, "worst", "the application")
    return cause(
        findings, "idle-transaction-leak",
        f"{fact(findings, IDLE, 'over')} sessions sit idle in a transaction, most of them {who}",
        because=(IDLE,), expected=(POOLED, SITE), supports=(UTILISATION, DIRECT), actions=("end_idle_transactions",),
        notebooks=("database-failure", "deployment-rollback"),
        by_hand="Ending them buys time. Find the code that opens a transaction and does not end it: the time line says "
        "what was deployed last.",
        weight=70,
    )  # fmt: skip


def traffic_spike(findings: Findings) -> Cause | None:
    """Many more requests come in than before."""
    if not is_critical(findings, TRAFFIC):
        return None
    return cause(
        findings, "traffic-spike", findings[TRAFFIC].summary, because=(TRAFFIC,),
        expected=(SITE,), supports=(UTILISATION, POOLED), actions=("enable_attack_mode",),
        notebooks=("database-failure",),
        by_hand="Ask marketing whether this is a campaign: then raise capacity instead of shutting visitors out.",
        weight=60,
    )  # fmt: skip


def busy_clients(findings: Findings) -> Cause | None:
    """Every connection of the pool works for somebody, and Postgres itself has room for more."""
    pool_is_full = is_critical(findings, POOLED) and fact(findings, POOLED, "layer") == "pool"
    if not pool_is_full or fact(findings, UTILISATION, "server_full") is not False or _explained(findings):
        return None
    return cause(
        findings, "busy-clients", "The pool is used up by clients that work; Postgres itself has room",
        because=(POOLED,), expected=(SITE,), actions=("set_pool_size",), notebooks=("database-failure",),
        by_hand="A larger pool buys time: find out why clients hold connections longer than before.", weight=50,
    )  # fmt: skip


def connections_used_up(findings: Findings) -> Cause | None:
    """Postgres itself, or the role of a site that fails, has no connection left, and every session works."""
    role_is_full = bool(fact(findings, UTILISATION, "full_roles")) and is_critical(findings, SITE)
    if not (is_critical(findings, UTILISATION) or role_is_full) or _explained(findings):
        return None
    return cause(
        findings, "connections-used-up", f"Connections are used up: {findings[UTILISATION].summary}",
        because=(UTILISATION,), expected=(SITE,), supports=(DIRECT, POOLED), notebooks=("database-failure",),
        by_hand="A larger pool makes it worse. Find what got slower (top statements, the time line), roll it back; or "
        "raise the role's connection limit, or take a larger compute size, which restarts the database.",
        weight=48,
    )  # fmt: skip


def pooler_refuses(findings: Findings) -> Cause | None:
    """The pooler itself turns clients away while Postgres answers directly."""
    refused = is_critical(findings, POOLED) and fact(findings, POOLED, "layer") == "pooler"
    if not refused or status(findings, DIRECT) not in (Status.OK, Status.WARNING):
        return None
    return cause(
        findings, "pooler-refuses", f"The pooler refuses clients: {fact(findings, POOLED, 'message', '')}",
        because=(POOLED,), expected=(SITE,), notebooks=("database-failure",),
        by_hand="After too many failed logins the pooler blocks the address they came from for up to 2 minutes, and "
        "every new try extends that. Stop the client with the wrong password, or give it the right one, and wait. A "
        "database restart does not clear it.",
        weight=58,
    )  # fmt: skip


def _explained(findings: Findings) -> bool:
    """Whether something else says why connections are held."""
    others = (idle_transaction_leak, forgotten_lock, runaway_statement, traffic_spike, postgres_stopped)
    return any(other(findings) is not None for other in others)


EVERY: tuple[Explain, ...] = (idle_transaction_leak, traffic_spike, busy_clients, connections_used_up, pooler_refuses)
