"""Is a vendor out tonight? Their own pages, all of them; none of it keeps us from acting, but it is good to know before."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.clients.status_page import StatusSummary
from runbook.doctor.frame import Item, Question, ok
from runbook.model import Status
from runbook.systems import Systems

CALM = ("none", "maintenance", "")


def questions(systems: Systems) -> Iterator[Question]:
    """One page of each vendor that has one."""
    for vendor, page in systems.status_pages.items():
        yield Question(f"status page {vendor}", lambda vendor=vendor, page=page: [said(vendor, page.summary())])  # type: ignore[misc]


def said(vendor: str, summary: StatusSummary) -> Item:
    """What a page says of today."""
    item = f"status page {vendor}"
    trouble = [one.name for one in summary.incidents]
    trouble += [
        f"{one.name}: {one.status}"
        for one in summary.components
        if one.status not in ("operational", "under_maintenance")
    ]
    if not trouble and summary.indicator in CALM:
        return ok(item, "tells of no trouble")
    told = "; ".join(trouble[:3]) or summary.description or summary.indicator
    return Item(item, Status.WARNING, told, "keep it in mind: a finding of tonight may be theirs")
