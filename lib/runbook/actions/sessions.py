"""Cancel one statement, end sessions idle in a transaction. Victims are chosen once, in the preview, and never again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from runbook.actions.frame import Action
from runbook.checks.database import protected_roles, read, source
from runbook.checks.frame import Answer
from runbook.checks.sessions import age, is_protected
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

Row = dict[str, Any]
CANCEL_SECONDS = 20.0
END_SECONDS = 30.0


def target(systems: Systems) -> str:
    """Whose sessions these are: the project's ref."""
    return str(systems.profile.database.project_ref) if systems.profile.database else ""


# -- one statement ---------------------------------------------------------------------------------------------------


def preview_cancel(systems: Systems, *, older_than_seconds: float, pid: int = 0) -> Preview:
    """The statement of ``pid``, or the one that blocks most, or the longest; never the vendor's own."""
    rows = read(systems, "long_statements", seconds=0.0 if pid else float(older_than_seconds))
    protected = protected_roles(systems)
    asked = [row for row in rows if not pid or row["pid"] == pid]
    fit = [row for row in asked if not _keeps(row, protected)]
    chosen = max(fit, key=lambda row: (row["blocks"], row["running_seconds"]), default=None)
    left = [f"session {r['pid']} ({_who(r)}, {age(r['running_seconds'])}): {_keeps(r, protected) or 'one at a time'}"
            for r in asked if r is not chosen]  # fmt: skip
    if chosen is None:
        return Preview(target(systems), (), left_alone=tuple(left))
    item = PlannedObject(
        f"{chosen['pid']}@{chosen['query_start']}",
        {"role": chosen["role"], "application": chosen["application"], "running": age(chosen["running_seconds"]),
         "blocks": chosen["blocks"], "query": chosen["query"]},
        {key: chosen[key] for key in ("pid", "backend_start", "query_start")},
    )  # fmt: skip
    costs = ("the client gets an error and its transaction is rolled back",)
    return Preview(target(systems), (item,), costs, left_alone=tuple(left))


def change_cancel(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Cancel it if it is still that statement."""
    rows = systems.database.change("cancel_statement", **item.bound, protected_roles=_protected(systems))
    if not rows or not rows[0]["signalled"]:
        return Changed(Outcome.UNCHANGED, f"session {item.bound['pid']}: that statement is over")
    who = f"{item.shown['role']}/{item.shown['application']}, ran {item.shown['running']}"
    return Changed(Outcome.DONE, f"cancelled the statement of session {item.bound['pid']} ({who})")


def verify_cancel(systems: Systems, plan: Plan) -> Answer:
    """The statement does not run any more."""
    still = [
        row["pid"] for item, row in _there(systems, plan)
        if row["query_start"] == item.bound["query_start"] and row["state"] == "active"
    ]  # fmt: skip
    if still:
        return Answer(
            Status.CRITICAL, f"session {still[0]} still runs it", len(still), "statements", 0, source(systems)
        )
    return Answer(Status.OK, "the statement does not run any more", 0, "statements", 0, source(systems))


# -- sessions idle in a transaction ----------------------------------------------------------------------------------


def preview_end(systems: Systems, *, older_than_seconds: float) -> Preview:
    """Sessions idle in a transaction for so long, the longest first, at most as many as policy allows."""
    rows = read(systems, "idle_transactions")
    protected = protected_roles(systems)
    most = systems.policy.at_most["end_idle_transactions"]
    victims: list[Row] = []
    left: Counter[str] = Counter()
    for row in rows:
        reason = _keeps(row, protected)
        if not reason and row["idle_seconds"] < older_than_seconds:
            reason = f"idle for less than {older_than_seconds:g} s"
        if not reason and len(victims) >= most:
            reason = f"more than the {most} that policy allows in one plan"
        if reason:
            left[f"{_who(row)}, idle in a transaction: {reason}"] += 1
        else:
            victims.append(row)
    for row in read(systems, "connections"):
        if row["state"] == "idle":
            left[f"{_who(row)}, idle: holds no transaction, the pool reuses it"] += row["sessions"]
    costs = (f"{len(victims)} open transactions are rolled back; their clients reconnect",) if victims else ()
    return Preview(target(systems), tuple(map(_victim, victims)), costs,
                   left_alone=tuple(f"{count} of {line}" for line, count in left.items()))  # fmt: skip


def change_end(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """End the session if it is still idle in that transaction."""
    rows = systems.database.change("end_session", **item.bound, protected_roles=_protected(systems))
    if not rows or not rows[0]["signalled"]:
        return Changed(Outcome.UNCHANGED, f"session {item.bound['pid']}: gone, or it went on to work")
    who = f"{item.shown['role']}/{item.shown['application']}, idle {item.shown['idle']}"
    return Changed(Outcome.DONE, f"ended session {item.bound['pid']} ({who})")


def verify_end(systems: Systems, plan: Plan) -> Answer:
    """None of the sessions is idle in its transaction any more."""
    still = [row["pid"] for item, row in _there(systems, plan) if row["xact_start"] == item.bound["xact_start"]]
    if still:
        return Answer(Status.CRITICAL, f"{len(still)} of {len(plan.objects)} are still there", len(still), "sessions", 0,
                      source(systems))  # fmt: skip
    return Answer(Status.OK, f"none of the {len(plan.objects)} is there any more", 0, "sessions", 0, source(systems))


cancel_statement = Action(
    "cancel_statement", "Cancel one statement; its session stays", Danger.SIDE_EFFECT, "database",
    preview_cancel, change_cancel, verify_cancel, CANCEL_SECONDS, "cannot be undone: the client runs it again",
)  # fmt: skip
end_idle_transactions = Action(
    "end_idle_transactions", "End sessions that sit idle in a transaction", Danger.SIDE_EFFECT, "database",
    preview_end, change_end, verify_end, END_SECONDS, "cannot be undone: the clients reconnect and begin again",
)  # fmt: skip


def _keeps(row: Row, protected: frozenset[str]) -> str:
    """Why a session or its statement is left alone whatever its age; empty when it may be touched."""
    if is_protected(row, protected):
        return "the vendor's own or a protected role"
    if row["other_database"]:
        return f"of another database, {row['database']}"
    if row.get("waits_for") == "Lock":
        return "waits for a lock: what holds the lock is the problem"
    return ""


def _victim(row: Row) -> PlannedObject:
    shown = {"role": row["role"], "application": row["application"], "idle": age(row["idle_seconds"]),
             "transaction": age(row["transaction_seconds"]), "last_query": row["last_query"]}  # fmt: skip
    bound = {key: row[key] for key in ("pid", "backend_start", "xact_start")}
    return PlannedObject(f"{row['pid']}@{row['backend_start']}", shown, bound)


def _there(systems: Systems, plan: Plan) -> list[tuple[PlannedObject, Row]]:
    """The plan's sessions that are still connected, each with what it does now."""
    items = {f"{item.bound['pid']}@{item.bound['backend_start']}": item for item in plan.objects}
    rows = read(systems, "sessions", identities=",".join(items))
    return [(items[row["identity"]], row) for row in rows]


def _protected(systems: Systems) -> str:
    return ",".join(sorted(protected_roles(systems)))


def _who(row: Row) -> str:
    return f"{row['role']}/{row['application']}"
