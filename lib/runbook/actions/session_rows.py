"""Clear rows of the application's own table of sessions, where it has one: what has expired, or one user's. Counted first."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.database import read, source
from runbook.checks.frame import Answer
from runbook.errors import Refused
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems
from runbook.times import iso

SECONDS = 20.0


def preview(systems: Systems, *, user: str = "") -> Preview:
    """How many rows would go: those of one user, or those that have expired by now."""
    table = _table(systems)
    until = iso(systems.times.now())
    (row,) = read(systems, "session_rows", table=table, until=until, user_id=user)
    count, which = (row["of_user"], user) if user else (row["expired"], until)
    shown = {"rows": count, "of": f"user {user}" if user else f"expired before {until}", "in all": row["rows"]}
    item = PlannedObject(f"{table}:{which}", shown, {"table": table, "until": until, "user_id": user})
    costs = [f"{count} of {row['rows']} rows are deleted for good"]
    if user:
        costs.append("that person is signed out where the application reads it; their sessions at Clerk stay")
    left = (f"{row['rows'] - count} other rows",)
    return Preview(
        table,
        (item,) if count else (),
        tuple(costs) if count else ("there is no such row",),
        {"rows": row["rows"]},
        left,
    )


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Delete them; a row that came later than the approved moment has not expired by it."""
    table, user = item.bound["table"], item.bound["user_id"]
    if user:
        gone = systems.database.change("delete_user_sessions", table=table, user_id=user)
    else:
        gone = systems.database.change("delete_expired_sessions", table=table, until=item.bound["until"])
    told = f"deleted {len(gone)} rows of {table} ({item.shown['of']})"
    return Changed(Outcome.DONE if gone else Outcome.UNCHANGED, told, {"deleted": len(gone)})


def verify(systems: Systems, plan: Plan) -> Answer:
    """None of them is there any more."""
    bound = plan.objects[0].bound
    (row,) = read(systems, "session_rows", **bound)
    left = row["of_user"] if bound["user_id"] else row["expired"]
    told = f"{left} such rows are left, {row['rows']} in all"
    return Answer(Status.CRITICAL if left else Status.OK, told, left, "rows", 0, source(systems))


def _table(systems: Systems) -> str:
    target = systems.profile.database
    if target is None or not target.sessions_table:
        raise Refused("this environment names no table of sessions of the application's own", where="database.sessions_table",
                      next_step="nothing to do here: sessions are the vendors', see revoke_sessions")  # fmt: skip
    return target.sessions_table


clear_session_rows = Action(
    "clear_session_rows", "Delete expired rows, or one user's, of the application's own table of sessions",
    Danger.SIDE_EFFECT, "database", preview, change, verify, SECONDS,
    "cannot be undone: the rows are gone; that person signs in again",
)  # fmt: skip
