"""What Supabase says about itself: its status page, and the health of our project and its services. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runbook.checks.frame import Answer
from runbook.checks.judge import worst
from runbook.clients.status_page import Incident, StatusSummary
from runbook.clients.supabase import SERVICES, Project, Service
from runbook.model import Status

# A component of the status page, and the service of the project that it stands for.
COMPONENTS: Mapping[str, str] = {
    "Database": "db", "Connection Pooler": "pooler", "API Gateway": "rest", "Auth": "auth", "Storage": "storage",
    "Realtime": "realtime",
}  # fmt: skip
HEALTHY, COMING_UP = "ACTIVE_HEALTHY", "COMING_UP"


def unhealthy(health: Sequence[Service]) -> list[str]:
    """The services that are not healthy now."""
    return [service.name for service in health if service.status != HEALTHY]


def services(project: Project, health: Sequence[Service]) -> Answer:
    """The project's status stayed ACTIVE_HEALTHY through whole outages (field reports): each service counts."""
    ill = unhealthy(health)
    coming = [service.name for service in health if service.status == COMING_UP]
    statuses = [Status.OK if project.status == HEALTHY else Status.CRITICAL]
    statuses += [Status.WARNING if name in coming else Status.CRITICAL for name in ill]
    told = f"not healthy: {', '.join(ill)}" if ill else f"all {len(health)} services are healthy"
    return Answer(
        worst(statuses), f"project {project.status}; {told}", len(ill), "services", 0,
        "Management API, project and health",
        rows=[{"service": s.name, "status": s.status, "error": s.error[:160]} for s in health],
        facts={"project": project.status, "unhealthy": ill, "coming_up": coming},
    )  # fmt: skip


def status_page(summary: StatusSummary, wanted: Collection[str], region: str) -> Answer:
    """Only the components and the region that matter; a status page alone is a warning at most.

    What matters and is not on the page is ``unknown``: nobody has said that it is well.
    """
    matter = {*wanted, region} - {""}
    ill = [c for c in summary.components if c.name in matter and c.status != "operational"]
    incidents = [incident for incident in summary.incidents if _concerns(incident, matter, region)]
    affected = [{"component": c.name, "status": c.status, "service": COMPONENTS.get(c.name, "")} for c in ill]
    if any(c.name == region for c in ill):  # the whole region: any of our services may be meant
        affected += [{"component": region, "status": "", "service": name} for name in SERVICES]
    other = sum(c.status != "operational" for c in summary.components) - len(ill)
    elsewhere = f"; {other} components that are not ours are affected" if other > 0 else ""
    names = ", ".join(f"{c.name} {c.status.replace('_', ' ')}" for c in ill) or ", ".join(i.name for i in incidents[:2])
    if not names and (missing := sorted(matter - {c.name for c in summary.components})):
        told = f"says nothing of {', '.join(missing)}: the page or the profile names it otherwise"
        return Answer(Status.UNKNOWN, told, source="the vendor's status page")
    return Answer(
        Status.WARNING if names else Status.OK,
        (f"reports {names}" if names else "reports nothing about our components and region") + elsewhere,
        len(ill) + len(incidents), "reports", 0, "the vendor's status page",
        rows=[*({"what": c.name, "status": c.status, "link": ""} for c in ill),
              *({"what": i.name, "status": f"{i.status}, {i.impact}", "link": i.link} for i in incidents)],
        facts={"affected": affected, "incidents": [incident.name for incident in incidents][:10]},
    )  # fmt: skip


def _concerns(incident: Incident, matter: Collection[str], region: str) -> bool:
    """Whether an incident names what is ours; one that names no component may be ours, unless it is in another region."""
    if incident.components:
        return bool(set(incident.components) & set(matter))
    return not region or region in incident.name
