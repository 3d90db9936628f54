"""Tinybird's SQL API; its document was written by hand from the vendor's pages, there is none of the vendor's."""

import pytest
from runbook.clients.tinybird import Tinybird
from runbook.errors import SystemFault
from runbook.sandbox.twins import tinybird as twins
from vendor_contract.recording import Contract


def play(tinybird, sandbox):
    tinybird.rows("SELECT 1 AS one, NULL AS nothing, 'x' AS words")
    tinybird.requests(15)
    tinybird.worst_paths(15, at_least=1, limit=3)
    with pytest.raises(SystemFault):
        tinybird.rows("SELECT count_if(1)")
    assert sandbox.send("POST", "/v0/sql", b"q=SELECT+1+FORMAT+JSON", "application/x-www-form-urlencoded") == 200


CONTRACTS = [
    Contract(
        "tinybird", ("tinybird.openapi.json",), Tinybird, (twins.VENDOR,), lambda systems: systems.tinybird, play,
    )
]  # fmt: skip
