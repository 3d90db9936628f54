"""What a refused connection says, the layer that refused, and what it means; the faults of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.errors import Fault, SystemFault

if TYPE_CHECKING:
    import psycopg

# What libpq or the pooler says -> the layer, and the meaning. Checked in this order.
LAYERS: tuple[tuple[str, str, str], ...] = (
    ("ECIRCUITBREAKER", "pooler",
     "the pooler blocks this address after failed logins; stop who retries, wait 2 minutes"),
    ("EMAXCONNSESSION", "pooler", "the pool is full: every server connection is held by a client"),
    ("EMAXCONN", "pooler", "the pooler has as many clients as it takes"),
    ("Max client connections reached", "pooler", "the pooler has as many clients as it takes"),
    ("no more connections allowed", "pooler", "the pooler has as many clients as it takes"),
    ("ECONNREFUSED", "postgres", "the pooler answers, the database behind it does not"),
    ("server login has been failing", "postgres", "the pooler answers, the database behind it does not"),
    ("ENOTFOUND", "pooler", "the pooler does not know this project or user"),
    ("Tenant or user not found", "pooler", "the pooler does not know this project or user"),
    ("password authentication failed", "login", "the password is wrong; it is not tried again"),
    ("no pg_hba.conf entry", "login", "this address is not allowed"),
    ("remaining connection slots are reserved", "postgres", "all connections that ordinary roles may use are taken"),
    ("sorry, too many clients already", "postgres", "all connections are taken"),
    ("too many connections for role", "postgres", "this role has as many connections as it may have"),
    ("the database system is", "postgres", "the database is starting up, shutting down or recovering"),
    ("terminating connection", "postgres", "the database ended the connection"),
    ("SSL SYSCALL error", "network", "the other side closed the connection"),
    ("SSL connection has been closed", "network", "the other side closed the connection"),
    ("SSL", "tls", "the encrypted connection could not be set up; look at sslmode and the certificate"),
    ("certificate", "tls", "the encrypted connection could not be set up; look at sslmode and the certificate"),
    ("could not translate host name", "name", "the host's name cannot be looked up from here"),
    ("failed to resolve host", "name", "the host's name cannot be looked up from here"),
    ("Network is unreachable", "network", "no route from here; Supabase's direct host is IPv6 only without the add-on"),
    ("No route to host", "network", "no route from here; Supabase's direct host is IPv6 only without the add-on"),
    ("Connection refused", "network", "nothing listens there"),
    ("timed out", "network", "no answer within the time"),
    ("timeout expired", "answer", "the port takes the connection, then nothing answers"),
    ("connection timeout", "answer", "the port takes the connection, then nothing answers"),
    ("server closed the connection", "network", "the other side closed the connection"),
)  # fmt: skip
BLOCKED = "ECIRCUITBREAKER"
KINDS = {"login": Fault.AUTH, "answer": Fault.TIMEOUT}  # every other layer: down


def layer_of(said: str) -> tuple[str, str]:
    """The layer that refused a connection and what it means, from what was said. Never the address."""
    for mark, layer, meaning in LAYERS:
        if mark in said:
            return layer, meaning
    return "network", "the connection could not be made or broke"


def is_over(connection: psycopg.Connection[Any], error: psycopg.Error) -> bool:
    """Whether the connection ended, or its end is what the error says."""
    import psycopg

    ended = error.diag.severity_nonlocalized in (None, "FATAL", "PANIC")
    return connection.closed or (isinstance(error, psycopg.OperationalError) and ended)


def rejected(error: psycopg.Error, name: str) -> SystemFault:
    """The fault of a statement that PostgreSQL refused, over a connection that lives."""
    from psycopg import errors

    late = isinstance(error, errors.QueryCanceled | errors.LockNotAvailable)
    denied = isinstance(error, errors.InsufficientPrivilege)
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
    return fault_at(
        "query", f"{name}: {said}", Fault.TIMEOUT if late else Fault.PERMISSION if denied else Fault.REJECTED
    )


def fault_at(layer: str, what: str, kind: Fault) -> SystemFault:
    """The database's fault, with the layer where it came about."""
    fault = SystemFault(what, system="database", fault=kind)
    fault.where = layer
    return fault
