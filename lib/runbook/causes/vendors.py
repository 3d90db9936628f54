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
        because=(STATUS_PAGE, SERVICES),
        by_hand="Nothing here repairs it. Open a ticket, follow the vendor's incident, tell customers on the status "
        "page, switch off what needs the service. Do not restart the project: that adds our downtime to theirs.",
        weight=40,
    )  # fmt: skip


def management_api_hanging(findings: Findings) -> Cause | None:
    """The management API gives no answer in time, or only server errors."""
    return _management_api(
        findings, "management-api-hanging", "Supabase's management API does not answer", (Fault.TIMEOUT, Fault.DOWN),
        f"Look at the vendor's status page. {BY_DASHBOARD}",
    )  # fmt: skip


def management_api_401(findings: Findings) -> Cause | None:
    """The management API does not take our token: that says nothing about the project."""
    return _management_api(findings, "management-api-401", "Supabase's management API does not take our token",
                           (Fault.AUTH, Fault.PERMISSION),
                           "Set SUPABASE_API_KEY to a personal access token (sbp_…) with access to this project; the "
                           f"project's own keys do not work there. {BY_DASHBOARD}")  # fmt: skip


def management_api_html(findings: Findings) -> Cause | None:
    """Something between us and the management API answers with a page of its own."""
    return _management_api(findings, "management-api-html", "Supabase's management API answers with something else",
                           (Fault.UNREADABLE,),
                           "A proxy, a captive portal or the vendor's gateway answers in its place: try from another "
                           f"network. {BY_DASHBOARD}")  # fmt: skip


def _management_api(findings: Findings, name: str, title: str, kinds: tuple[Fault, ...], by_hand: str) -> Cause | None:
    broken = [check for check in faults(findings, *kinds) if findings[check].facts.get("system") == "supabase"]
    if SERVICES not in broken:
        return None
    return cause(findings, name, title, because=tuple(broken), by_hand=by_hand, weight=30)


EVERY: tuple[Explain, ...] = (
    wrong_target, this_machine, vendor_outage, management_api_hanging, management_api_401, management_api_html,
)  # fmt: skip
