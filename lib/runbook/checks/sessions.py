"""What the database's sessions say: used up, idle in a transaction, blocking, running long. Pure: rows in, answer out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from runbook.checks.frame import Answer
from runbook.checks.judge import bar, judged, worst
from runbook.model import Row, Status
from runbook.policy import Threshold

KEPT_AS_FACTS = 20  # rows of a kind that go into the facts; the table shows all
CRITICAL = Status.CRITICAL
Rows = Sequence[dict[str, Any]]


def utilisation(total: Row, connections: Rows, threshold: Threshold, source: str) -> Answer:
    """Sessions against what ordinary roles can use. A role at its own limit is contained by it: a warning."""
    percent = round(share(total["used"], total["usable"]), 1)
    roles = _roles(connections)
    full = [role for role in roles if role["percent"] is not None and judged(role["percent"], threshold) is CRITICAL]
    told = [f"{total['used']} of {total['usable']} usable connections ({percent:.0f} %)"]
    told += [f"role {role['role']} has {role['sessions']} of its {role['limit']}" for role in full]
    told += [f"{total['idle_in_transaction']} idle in a transaction, {total['waiting_on_lock']} waiting for a lock"]
    return Answer(
        worst([judged(percent, threshold), Status.WARNING if full else Status.OK]), "; ".join(told), percent, "%",
        bar(threshold), source,
        rows=[{**row, "oldest_seconds": whole(row["oldest_seconds"])} for row in connections],
        facts={
            "used": total["used"], "usable": total["usable"], "percent": percent, "roles": roles,
            "full_roles": [role["role"] for role in full], "server_full": judged(percent, threshold) is CRITICAL,
        },
    )  # fmt: skip


def idle_transactions(
    rows: Rows, seconds: float, threshold: Threshold, protected: Collection[str], source: str
) -> Answer:
    """Sessions idle in a transaction for longer than ``seconds``; the vendor's own roles are shown, not counted."""
    over = [row for row in rows if row["idle_seconds"] >= seconds and not is_protected(row, protected)]
    groups = Counter(f"{row['role']}/{row['application']}" for row in over)
    named = ", ".join(f"{count} of {name}" for name, count in groups.most_common(3))
    oldest = max((row["idle_seconds"] for row in over), default=0.0)
    summary = f"{len(over)} idle in a transaction for {seconds:g} s and longer: {named}; the oldest {age(oldest)}"
    younger = f"{len(rows)} idle in a transaction, none for {seconds:g} s" if rows else "none idle in a transaction"
    return Answer(
        judged(len(over), threshold), summary if over else younger, len(over), threshold.unit, bar(threshold), source,
        rows=[{
            "pid": row["pid"], "role": row["role"], "application": row["application"],
            "idle_seconds": whole(row["idle_seconds"]), "transaction_seconds": whole(row["transaction_seconds"]),
            "over": row in over, "last_query": row["last_query"],
        } for row in rows],
        facts={"over": len(over), "all": len(rows), "oldest_seconds": round(oldest, 1),
               "worst": groups.most_common(1)[0][0] if groups else ""},
    )  # fmt: skip


def blocking(rows: Rows, threshold: Threshold, source: str) -> Answer:
    """Who blocks whom, the root first."""
    longest = max((row["longest_wait_seconds"] or 0.0 for row in rows), default=0.0)
    waiting = len({pid for row in rows for pid in row["waiting_pids"]})
    roots = [row for row in rows if row["root"]]
    first = roots[0] if roots else (rows[0] if rows else None)
    summary = "nobody waits for a lock"
    if first is not None:
        who = f"session {first['pid']} ({first['role']}/{first['application']}, {first['state']})"
        summary = f"{waiting} wait for a lock, the longest {age(longest)}; at the root {who}"
    facts = [{key: row[key] for key in ("pid", "role", "application", "state", "waiting", "root")} for row in rows]
    return Answer(
        judged(longest, threshold), summary, round(longest, 1), threshold.unit, bar(threshold), source,
        rows=[{
            "root": row["root"], "pid": row["pid"], "role": row["role"], "application": row["application"],
            "state": row["state"], "waiting": row["waiting"], "longest_wait_seconds": whole(row["longest_wait_seconds"]),
            "in_state_seconds": whole(row["state_seconds"]), "query": row["query"],
        } for row in rows],
        facts={"blockers": facts[:KEPT_AS_FACTS], "waiting": waiting},
    )  # fmt: skip


def long_statements(
    rows: Rows, seconds: float, threshold: Threshold, protected: Collection[str], source: str
) -> Answer:
    """The longest statement that runs now, and those that run for longer than ``seconds``."""
    ours = [row for row in rows if not is_protected(row, protected)]
    longest = max((row["running_seconds"] for row in ours), default=0.0)
    over = [row for row in ours if row["running_seconds"] >= seconds]
    waiting = sum(row["waits_for"] == "Lock" for row in ours)
    summary = "no statement runs long"
    if ours:
        summary = f"{len(ours)} run long, the longest {age(longest)}; {waiting} of them wait for a lock"
    return Answer(
        judged(longest, threshold), summary, round(longest, 1), threshold.unit, bar(threshold), source,
        rows=[{
            "pid": row["pid"], "role": row["role"], "application": row["application"],
            "running_seconds": whole(row["running_seconds"]), "waits_for": row["waits_for"], "blocks": row["blocks"],
            "query": row["query"],
        } for row in rows],
        facts={"over": [{
            "pid": row["pid"], "role": row["role"], "application": row["application"], "blocks": row["blocks"],
            "running_seconds": round(row["running_seconds"], 1), "waits_for_lock": row["waits_for"] == "Lock",
        } for row in over][:KEPT_AS_FACTS]},
    )  # fmt: skip


def is_protected(row: Row, protected: Collection[str]) -> bool:
    """Whether a session is the vendor's own, a replication's, or a superuser's."""
    role = str(row["role"])
    return role in protected or role.startswith("supabase_") or bool(row["reserved_role"])


def share(part: float, whole_of: float) -> float:
    """Percent; 100 when there is nothing to have a share of."""
    return 100.0 * part / whole_of if whole_of > 0 else 100.0


def age(seconds: float) -> str:
    """``3 s``, ``41 min``, ``5 h``: one figure is enough to decide."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def whole(seconds: float | None) -> float | None:
    """Seconds as a table shows them."""
    return None if seconds is None else round(seconds, 1)


def _roles(connections: Rows) -> list[dict[str, Any]]:
    count: Counter[str] = Counter()
    limits: dict[str, int] = {}
    for row in connections:
        count[row["role"]] += row["sessions"]
        limits[row["role"]] = row["role_limit"]
    return [
        {"role": role, "sessions": used, "limit": limits[role] if limits[role] > 0 else None,
         "percent": round(share(used, limits[role]), 1) if limits[role] > 0 else None}
        for role, used in count.most_common()
    ]  # fmt: skip
