"""Restart the whole project: the last resort, minutes of downtime, never twice."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.database import read, source
from runbook.checks.frame import Answer
from runbook.checks.vendor import unhealthy
from runbook.errors import SystemFault
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems
from runbook.times import seconds_left

# No vendor promises a time. Field post-mortems: about 6 minutes to healthy, 1 to 3 at best; support's text: up to 5.
MINUTES_OF_DOWNTIME = 6
BUDGET_SECONDS = 900.0
READS_IN_A_ROW = 3
PAUSE_SECONDS = 1.0
ON_ITS_WAY = frozenset({"RESTARTING", "COMING_UP", "RESTORING", "PAUSING", "UPGRADING", "RESIZING"})
# It has ended, and not well: nothing more comes by itself (Supabase's API document, status of a project).
FAILED = frozenset({"RESTORE_FAILED", "INIT_FAILED", "PAUSE_FAILED", "REMOVED"})
SOURCE = "Management API, project and health"


def preview(systems: Systems) -> Preview:
    """One object, the project; how long it is down, and since when Postgres runs."""
    project = systems.supabase.project()
    target = systems.profile.supabase.project_ref if systems.profile.supabase else ""
    shown = {"name": project.name, "region": project.region, "status": project.status}
    costs = (
        f"about {MINUTES_OF_DOWNTIME} minutes of downtime for everything in the project (field reports; 1 to 3 at best, "
        "the vendor's support says up to 5, nobody promises)",
        "every session ends, every open transaction is rolled back",
        "not certain to clear the pooler's block after failed logins",
    )
    item = PlannedObject(target, shown)
    return Preview(target, (item,), costs, {"started_at": started_at(systems), "status": project.status})


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask for the restart, unless one is under way or there was one since the plan."""
    status = systems.supabase.project().status
    if status in ON_ITS_WAY:
        return Changed(Outcome.UNCHANGED, f"the project is {status}: wait, do not restart it again")
    seen, now = plan.before.get("started_at"), started_at(systems)
    if seen and now and now != seen:
        return Changed(Outcome.UNCHANGED, f"Postgres was restarted since the plan, at {now}")
    systems.supabase.restart()
    return Changed(Outcome.DONE, f"restarted project {item.identity}", {"started_at_before": now})


def verify(systems: Systems, plan: Plan) -> Answer:
    """Project and services healthy three times in a row, and Postgres started after the plan was made."""
    for number in range(READS_IN_A_ROW):
        status = systems.supabase.project().status
        if status in FAILED:
            told = f"the project is {status}: it has ended so, do not wait; open an urgent ticket at Supabase now"
            return Answer(
                Status.CRITICAL, told, status, threshold="ACTIVE_HEALTHY", source=SOURCE, facts={"final": True}
            )
        if status != "ACTIVE_HEALTHY":
            on_its_way = Status.WARNING if status in ON_ITS_WAY else Status.CRITICAL
            return Answer(on_its_way, f"the project is {status}", status, source=SOURCE)
        if ill := unhealthy(systems.supabase.health()):
            return Answer(
                Status.CRITICAL, f"not healthy yet: {', '.join(ill)}", number, "reads", READS_IN_A_ROW, SOURCE
            )
        if number + 1 < READS_IN_A_ROW:
            systems.times.sleep(seconds_left(systems.times, PAUSE_SECONDS))
    seen, now = plan.before.get("started_at"), started_at(systems)
    if seen and now is None:
        return Answer(
            Status.UNKNOWN, "healthy, but since when Postgres runs cannot be asked", READS_IN_A_ROW, "reads",
            READS_IN_A_ROW, SOURCE,
        )  # fmt: skip
    if seen and now == seen:
        return Answer(
            Status.CRITICAL, "healthy, but Postgres has not restarted yet", 0, "reads", READS_IN_A_ROW, SOURCE
        )
    return Answer(Status.OK, f"healthy {READS_IN_A_ROW} times in a row", READS_IN_A_ROW, "reads", READS_IN_A_ROW,
                  f"{SOURCE}; {source(systems)}")  # fmt: skip


def started_at(systems: Systems) -> Json:
    """Since when Postgres runs; None when it cannot be asked: after a plan that could not, any answer is a new start."""
    try:
        return read(systems, "server")[0]["started_at"]
    except SystemFault:
        return None


restart_project = Action(
    "restart_project", "Restart the whole Supabase project", Danger.DISRUPTIVE, "supabase",
    preview, change, verify, BUDGET_SECONDS, "cannot be undone",
)  # fmt: skip
