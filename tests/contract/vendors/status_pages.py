"""The vendors' public status pages, all in Statuspage's shape."""

from functools import partial

from runbook.clients.status_page import StatusPage
from runbook.sandbox.doors import STATUS_PAGES
from runbook.sandbox.twins import status_pages
from vendor_contract.recording import Contract


def play(page, sandbox):
    page.summary()
    for name in ("status", "components", "incidents", "incidents/unresolved"):
        page.door.read(f"/api/v2/{name}.json")
    sandbox.break_("status_noise", "vendor_outage")
    page.summary()
    page.door.read("/api/v2/incidents/unresolved.json")


def page_of(name, systems):
    return systems.status_pages[name]


CONTRACTS = [
    Contract(
        f"{name}_status", ("statuspage-public.openapi.json",), StatusPage, (status_pages.vendor(name),),
        partial(page_of, name), play,
    )
    for name in STATUS_PAGES
]  # fmt: skip
