"""The size of the pooler's pool: how many connections to Postgres it may open for each user."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.database import read
from runbook.checks.frame import Answer
from runbook.checks.judge import judged
from runbook.checks.sessions import share
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

BUDGET_SECONDS = 60.0
# Supabase docs, "Connecting to your database": pool size at most 40 % of the maximum when the Data API is used a lot,
# else at most 80 %.
ADVISED, ADVISED_WITHOUT_DATA_API = 40.0, 80.0
SOURCE = "Management API, config/database/pooler"


def size_now(systems: Systems) -> int:
    """The pool size of the primary database, as the management API tells it."""
    for pooler in systems.supabase.pooler_configs():
        if pooler.database_type == "PRIMARY" and pooler.default_pool_size is not None:
            return pooler.default_pool_size
    raise SystemFault("the pooler's size is not told", system="supabase", fault=Fault.UNREADABLE,
                      next_step="set it in the dashboard")  # fmt: skip


def preview(systems: Systems, *, size: int) -> Preview:
    """Old and new size against the room that Postgres has; no plan when Postgres itself is full."""
    if size <= 0:
        raise Refused("no size was asked for", where="pool_size", next_step="set pool_size, plan again")
    old = size_now(systems)
    total = read(systems, "utilisation")[0]
    used, usable = int(total["used"]), int(total["usable"])
    percent = share(used, usable)
    if size > old and judged(percent, systems.policy.threshold("connection_pool")) is Status.CRITICAL:
        raise Refused(
            f"Postgres itself is full: {used} of {usable} usable connections ({percent:.0f} %)", where="pool_size",
            next_step="a larger pool makes it worse; find who holds the connections",
        )  # fmt: skip
    if size > usable:
        raise Refused(f"Postgres has {usable} usable connections, {size} do not fit", where="pool_size",
                      next_step=f"choose at most {usable * ADVISED_WITHOUT_DATA_API / 100:.0f}")  # fmt: skip
    costs = [f"up to {size} of {usable} usable connections ({share(size, usable):.0f} %); now {used} are in use"]
    if share(size, usable) > ADVISED_WITHOUT_DATA_API:
        costs.append("above the vendor's advice of 80 %: other services may find no connection")
    elif share(size, usable) > ADVISED:
        costs.append("above the vendor's advice of 40 % where the Data API is used a lot")
    target = systems.profile.supabase.project_ref if systems.profile.supabase else ""
    item = PlannedObject(target, {"setting": "default_pool_size", "now": old, "then": size},
                         {"expected": old, "size": size})  # fmt: skip
    return Preview(target, (item,) if size != old else (), tuple(costs), {"default_pool_size": old})


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Set it, if it still is what the plan saw."""
    now = size_now(systems)
    if now != item.bound["expected"]:
        return Changed(Outcome.UNCHANGED, f"the pool size is {now}, not {item.bound['expected']} as planned")
    systems.supabase.set_pool_size(int(item.bound["size"]))
    line = f"set the pool size from {now} to {item.bound['size']}"
    return Changed(Outcome.DONE, line, {"default_pool_size": item.bound["size"]})


def verify(systems: Systems, plan: Plan) -> Answer:
    """The pooler has the new size."""
    now, wanted = size_now(systems), int(plan.arguments["size"])
    status = Status.OK if now == wanted else Status.CRITICAL
    return Answer(status, f"the pool size is {now}", now, "connections", wanted, SOURCE)


set_pool_size = Action(
    "set_pool_size", "Set how many connections the pooler may open for each user", Danger.REVERSIBLE, "supabase",
    preview, change, verify, BUDGET_SECONDS, "set_pool_size", lambda plan: {"size": plan.before["default_pool_size"]},
)  # fmt: skip
