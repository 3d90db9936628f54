"""Every request of every client and every answer of every twin, as the vendors' own documents describe them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from runbook import clients
from runbook.clients.site import Site
from runbook.sandbox import doors
from vendor_contract.exceptions import listed
from vendor_contract.recording import Contract, abilities, contracts
from vendor_contract.report import judged

CONTRACTS = contracts()
OWN = {Site}  # the company's own site: no vendor describes it
each_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=[contract.system for contract in CONTRACTS])


def door_clients() -> set[type]:
    """Every class of ``runbook.clients`` that has an HTTP door."""
    modules = [
        importlib.import_module(f"runbook.clients.{module.name}") for module in pkgutil.iter_modules(clients.__path__)
    ]
    return {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and "HttpDoor(" in inspect.getsource(found)
    }


def test_every_client_and_every_twin_has_a_contract() -> None:
    assert door_clients() - OWN == {contract.client for contract in CONTRACTS}
    twins = {vendor.name for vendor in doors.VENDORS} | {f"{name}_status" for name in doors.STATUS_PAGES}
    assert twins == {twin.name for contract in CONTRACTS for twin in contract.twins}


@each_contract
def test_every_method_of_the_client_is_called_with_every_parameter(contract: Contract, recordings: Any) -> None:
    assert abilities(contract.client) - recordings.of(contract).done == set(), "call these in tests/contract/vendors"


def test_every_route_of_every_twin_is_asked(recordings: Any) -> None:
    routes = {
        (twin.name, f"{endpoint.method} {endpoint.path}")
        for contract in CONTRACTS
        for twin in contract.twins
        for endpoint in twin.endpoints
    }
    asked = {
        (twin.name, exchange.route)
        for contract in CONTRACTS
        for twin in contract.twins
        for exchange in recordings.of(contract).exchanges
        if not exchange.is_refused
    }
    assert routes - asked == set(), "ask these by a client's door in tests/contract/vendors"


@pytest.mark.documents
@each_contract
def test_requests_and_answers_are_as_the_vendor_describes_them(
    contract: Contract, recordings: Any, documents: Any, coverage: Any
) -> None:
    requests, answers, coverage[contract.system] = judged(
        documents.of(contract), recordings.of(contract).exchanges, listed()
    )
    assert requests == [], "our client sends what the vendor does not describe"
    assert answers == [], "our twin answers what the vendor does not describe"


@pytest.mark.documents
def test_every_exception_is_still_needed(recordings: Any, documents: Any) -> None:
    known, needed = listed(), set()
    for contract in CONTRACTS:
        *_, found = judged(documents.of(contract), recordings.of(contract).exchanges, known)
        needed |= found.excepted
    assert [one for one in known if one not in needed] == []
