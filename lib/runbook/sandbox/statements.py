"""Which SQL changes something: for the request log, which marks changes by what was asked, whoever asked."""

from __future__ import annotations

import re

SIGNALS = ("pg_terminate_backend", "pg_cancel_backend")  # changes only where they hit: told by their effect
_READS = re.compile(
    r"^\s*(--[^\n]*\n\s*)*(select|with|show|set|reset|begin|start|commit|rollback|end|explain|deallocate|discard|savepoint"
    r"|release|close|fetch|declare|values|table)\b",
    re.IGNORECASE,
)
_WRITES_INSIDE = re.compile(
    r"\b(insert\s+into|update\s+\S+(\s+as\s+\S+|\s+\S+)?\s+set\b|delete\s+from|merge\s+into|pg_reload_conf|pg_promote"
    r"|pg_wal_replay_(pause|resume)|setval|lo_\w+|pg_drop_replication_slot|pg_stat_statements_reset)\b",
    re.IGNORECASE,
)


def writes(statement: str) -> bool:
    """Whether a statement writes: by its first word, or by what a SELECT or WITH has inside."""
    return not _READS.match(statement) or bool(_WRITES_INSIDE.search(statement))


def signals(statement: str) -> bool:
    """Whether a statement ends sessions or cancels statements."""
    return any(name in statement for name in SIGNALS)
