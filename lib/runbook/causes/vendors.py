"""Causes outside our database: the wrong target, this machine, a vendor, the vendor's management API."""

from __future__ import annotations

from runbook.causes.evidence import cause, faults, is_bad, is_critical, rows
from runbook.causes.frame import Explain, Findings, fact
from runbook.errors import Fault
from runbook.model import Cause

SERVICES = "database.services"
STATUS_PAGE = "database.status_page"
DIRECT = "database.direct_connection"
MACHINE = "machine.this_machine"
BY_DASHBOARD = (
    "Do without the management API: the direct connection still reads and ends sessions; the vendor's dashboard shows "
    "health and restarts the project."
)


def wrong_target(findings: Findings) -> Cause | None:
    """A system answered that is not this environment's: nothing it says counts, and nothing is changed on it."""
    wrong = faults(findings, Fault.WRONG_TARGET)
    if not wrong:
        return None
    systems = sorted({str(findings[name].facts.get("system")) for name in wrong})
    return cause(
        findings, "wrong-target", f"What answers is not this environment's: {', '.join(systems)}", because=tuple(wrong),
        notebooks=("database-failure",),
        by_hand="Compare the profile with the variable that holds the address, correct one of them, open a new run. "
        "Until then no finding about that system counts.",
        weight=100,
    )  # fmt: skip


def this_machine(findings: Findings) -> Cause | None:
    """The machine we look from cannot see: no network, no names, or a wrong clock."""
    if not is_critical(findings, MACHINE):
        return None
    return cause(
        findings, "this-machine", f"This machine: {findings[MACHINE].summary}", because=(MACHINE,),
        by_hand="Run the notebook from another machine or network before you believe a finding about a vendor.",
        weight=90,
    )  # fmt: skip


def vendor_outage(findings: Findings) -> Cause | None:
    """The vendor reports trouble where we are, and what it reports is really down for us."""
    reported = {str(row.get("service")) for row in rows(findings, STATUS_PAGE, "affected")}
    down = fact(findings, SERVICES, "unhealthy", [])
    confirmed = sorted(reported & set(down)) if isinstance(down, list) else []
    if not is_bad(findings, STATUS_PAGE) or not confirmed:
        return None
    return cause(
        findings, "vendor-outage", f"Supabase has an outage that reaches us: {', '.join(confirmed)}",
        because=(STATUS_PAGE, SERVICES), notebooks=("database-failure",),
        by_hand="Nothing here repairs it. Open a ticket, follow the vendor's incident, tell customers on the status "
        "page, switch off what needs the service. Do not restart the project: that adds our downtime to theirs.",
        weight=40,
    )  # fmt: skip


def management_api_hanging(findings: Findings) -> Cause | None:
    """The management API gives no answer at all."""
    silent = [*_of_the_api(findings, Fault.TIMEOUT), *_of_the_api(findings, Fault.DOWN, answered=False)]
    return _management_api(
        findings, "management-api-hanging", "Supabase's management API does not answer", silent,
        f"Look at the vendor's status page. {BY_DASHBOARD}",
    )  # fmt: skip


def management_api_401(findings: Findings) -> Cause | None:
    """The management API does not take our token: that says nothing about the project."""
    return _management_api(
        findings, "management-api-401", "Supabase's management API does not take our token",
        _of_the_api(findings, Fault.AUTH, Fault.PERMISSION),
        "Set SUPABASE_API_KEY to a personal access token (sbp_…) with access to this project; the project's own keys "
        f"do not work there. {BY_DASHBOARD}",
    )  # fmt: skip


def management_api_html(findings: Findings) -> Cause | None:
    """Something answers, and it is an error page or no JSON."""
    odd = [*_of_the_api(findings, Fault.UNREADABLE), *_of_the_api(findings, Fault.DOWN, answered=True)]
    return _management_api(
        findings, "management-api-html", "Supabase's management API answers with an error page", odd,
        "The vendor's gateway, a proxy or a captive portal answers in its place: look at the vendor's status page, "
        f"then try from another network. {BY_DASHBOARD}",
    )  # fmt: skip


def _of_the_api(findings: Findings, *kinds: Fault, answered: bool | None = None) -> list[str]:
    """The checks that could not tell for these faults of the management API; ``answered``: with a status code or not."""
    return [
        check for check in faults(findings, *kinds)
        if findings[check].facts.get("system") == "supabase"
        and (answered is None or answered is (findings[check].facts.get("status_code") is not None))
    ]  # fmt: skip


def _management_api(findings: Findings, name: str, title: str, because: list[str], by_hand: str) -> Cause | None:
    if SERVICES not in because:
        return None
    return cause(findings, name, title, because=tuple(because), notebooks=("database-failure",), by_hand=by_hand,
                 weight=30)  # fmt: skip


EVERY: tuple[Explain, ...] = (
    wrong_target, this_machine, vendor_outage, management_api_hanging, management_api_401, management_api_html,
)  # fmt: skip
