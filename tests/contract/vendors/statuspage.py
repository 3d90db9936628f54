"""Our own page at Atlassian Statuspage."""

from runbook.clients import choices
from runbook.clients.statuspage import Statuspage
from runbook.sandbox.telling import STATUSPAGE
from runbook.sandbox.twins import statuspage as twins
from vendor_contract.recording import Contract

BOOKINGS = "cmpbookings1"


def play(statuspage, sandbox):
    statuspage.page()
    assert [one.key for one in choices.statuspage_pages(statuspage.door)] == [STATUSPAGE]
    statuspage.components()
    statuspage.set_component(BOOKINGS, "major_outage")
    opened = statuspage.open_notice(
        "INC-1", "Bookings fail", "We are looking.", components={BOOKINGS: "major_outage"}, notify=True,
        stage="identified",
    )  # fmt: skip
    statuspage.unresolved()
    statuspage.update_notice(
        opened.uid, "It works again.", stage="resolved", components={BOOKINGS: "operational"}, notify=False
    )
    assert statuspage.door.text(f"/pages/{STATUSPAGE}x")[0] == 404


CONTRACTS = [
    Contract(
        "statuspage", ("statuspage.openapi.json",), Statuspage, (twins.VENDOR,), lambda systems: systems.statuspage, play,
        base="/v1",
    )
]  # fmt: skip
