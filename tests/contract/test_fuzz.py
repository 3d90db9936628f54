"""Spoiled requests at every route of every twin: each is answered, and none with a crash."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from runbook.sandbox import lifecycle
from vendor_contract.fuzzing import spoiled
from vendor_contract.judging import Exchange
from vendor_contract.recording import Contract, contracts

CONTRACTS = contracts()
TIMES = 60  # for each route
ANSWER_SECONDS = 10.0


@pytest.fixture(scope="module")
def every_recording(recordings: Any) -> Any:
    """All of them before the first spoiled request: what is recorded comes from a world that is whole."""
    for contract in CONTRACTS:
        recordings.of(contract)
    return recordings


@pytest.mark.long
@pytest.mark.parametrize("contract", CONTRACTS, ids=[contract.system for contract in CONTRACTS])
def test_a_spoiled_request_is_answered(contract: Contract, every_recording: Any) -> None:
    met = {one.route: one for one in every_recording.of(contract).exchanges if one.route and not one.is_refused}
    assert met, "the recording holds no request"
    with httpx.Client(timeout=ANSWER_SECONDS) as client:
        crashes = [crash for exchange in met.values() for crash in spoil(client, contract, exchange)]
    # what was spoiled may still restart or restore the project, and Auth is truly out for as long
    lifecycle.control("POST", "repair", {}, every_recording.state)
    assert crashes == []


@pytest.mark.parametrize(
    ("method", "query", "body"), [("GET", "limit=3", b""), ("POST", "", b'{"rules": [{"limit": 3}]}')]
)
def test_a_handler_that_trusts_what_it_is_sent_is_found(method: str, query: str, body: bytes) -> None:
    def trusting(request: httpx.Request) -> httpx.Response:
        try:
            found = request.url.params["limit"] if method == "GET" else json.loads(request.content)["rules"][0]["limit"]
            return httpx.Response(200, json=int(found))
        except Exception as error:
            return httpx.Response(500, text=repr(error))

    right = Exchange("", "", f"{method} /rows", method, f"http://localhost/rows?{query}", (), body, 200, (), b"3")
    with httpx.Client(transport=httpx.MockTransport(trusting)) as client:
        assert send(client, "", right).json() == 3
        assert spoil(client, CONTRACTS[0], right) != []


def spoil(client: httpx.Client, contract: Contract, exchange: Exchange) -> list[str]:
    """The first crash of one route, with the request that made it."""
    crashes: list[str] = []

    @settings(max_examples=TIMES, derandomize=True, database=None, deadline=None)
    @given(spoiled(exchange))
    def ask(wrong: Exchange) -> None:
        answer = send(client, contract.base, wrong)
        if answer.status_code >= 500:
            crashes.append(f"{wrong.method} {wrong.url} {wrong.body!r}: {answer.status_code} {answer.text[:200]}")

    ask()
    return crashes[:1]


def send(client: httpx.Client, base: str, exchange: Exchange) -> httpx.Response:
    """The request as it was spoiled: nothing in its path is tidied up."""
    url = urlsplit(exchange.url)
    target = f"{url.path.removeprefix(base)}?{url.query}".encode()
    headers = [pair for pair in exchange.headers if pair[0].lower() not in ("content-length", "transfer-encoding")]
    address = httpx.URL(f"{url.scheme}://{url.netloc}").copy_with(raw_path=target)
    return client.request(exchange.method, address, content=exchange.body, headers=headers)
