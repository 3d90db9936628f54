"""A contract that cannot fail holds nothing: every recorded exchange is made wrong by hand, in each way, and each is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from vendor_contract.documents import FORM, Document, Operation
from vendor_contract.exceptions import listed
from vendor_contract.judging import ORDINARY, Exchange, find
from vendor_contract.recording import TOKENS, Contract, abilities, contracts
from vendor_contract.report import judged

pytestmark = pytest.mark.documents
CONTRACTS = [
    contract for contract in contracts() if contract.documents
]  # what no document describes can be no test of one
each_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=[contract.system for contract in CONTRACTS])
Wrong = Iterator[tuple[str, Exchange]]


def with_query(exchange: Exchange, query: str) -> Exchange:
    return replace(exchange, url=urlsplit(exchange.url)._replace(query=query).geturl())


def wrong_requests(document: Document, operation: Operation, exchange: Exchange) -> Wrong:
    """The request with one thing wrong, and what that is."""
    parts = urlsplit(exchange.url)
    yield "a parameter that nobody knows", with_query(exchange, f"{parts.query}&nonsense=1".lstrip("&"))
    fixed = max(number for number, part in enumerate(operation.template.split("/")) if part and "{" not in part)
    segments = parts.path.split("/")
    segments[fixed] += "x"
    yield "a path with a typing error", replace(exchange, url=parts._replace(path="/".join(segments)).geturl())
    yield "a method that the path does not have", replace(exchange, method="TRACE")
    yield "a header that nobody knows", exchange.with_header("X-Nonsense", "1")
    for name, parameter in operation.named("header").items():
        if parameter.get("required") and name not in ORDINARY:
            yield f"no {name}", exchange.with_header(name, None)
    for name, parameter in operation.named("query").items():
        if parameter.get("required"):
            left = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0] != name)
            yield f"no {name}", with_query(exchange, left)
    for name in TOKENS:
        if exchange.header(name) and (document.content.get("security") or operation.described.get("security")):
            yield "no token", exchange.with_header(name, None)
    if exchange.header("content-type").startswith(FORM):
        yield "a field that nobody knows", replace(exchange, body=exchange.body + b"&nonsense=1")
    elif exchange.body:
        body = json.dumps({**json.loads(exchange.body), "nonsense": 1}).encode()
        yield "a field that nobody knows", replace(exchange, body=body)
        yield "a list for an object", replace(exchange, body=b"[1]")
    else:
        body_of = replace(exchange, body=b'{"nonsense": 1}').with_header("content-type", "application/json")
        yield "a body that nobody wants", body_of


def names_something(document: Document, operation: Operation, exchange: Exchange) -> bool:
    """Whether the answer is described by names: Cal.com has calls that answer "an object"."""
    answers = operation.described["responses"]
    described = document.resolved(answers.get(str(exchange.status)) or answers.get("default") or {})
    schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    return document.resolved(schema) != {"type": "object"}


def wrong_answers(document: Document, operation: Operation, exchange: Exchange) -> Wrong:
    """The answer with one thing wrong, and what that is."""
    yield "a status that nobody knows", replace(exchange, status=218)
    if not exchange.answer:
        return
    data = json.loads(exchange.answer)
    rows = data if isinstance(data, list) else [data]
    for row in rows[:1] if names_something(document, operation, exchange) else ():
        row["nonsense"] = 1
        yield "a name that nobody knows", replace(exchange, answer=json.dumps(data).encode())
    yield "text for an object", replace(exchange, answer=b'"nonsense"')
    yield "no JSON", replace(exchange, answer=b"<html>")


def unnoticed(
    contract: Contract, recordings: Any, documents: Any, of: Callable[[Document, Operation, Exchange], Wrong], part: int
) -> list[str]:
    """What was made wrong and passed as right."""
    known, found, seen = listed(), documents.of(contract), set()
    passed = []
    for exchange in recordings.of(contract).exchanges:
        described = find(found, exchange)
        if described is None or not exchange.by or exchange.status >= 400 or exchange.by in seen:
            continue
        seen.add(exchange.by)
        for what, wrong in of(*described, exchange):
            if not judged(found, [wrong], known)[part]:
                passed.append(f"{exchange.by}: {what}")
    return passed


@each_contract
def test_a_wrong_request_is_noticed(contract: Contract, recordings: Any, documents: Any) -> None:
    assert unnoticed(contract, recordings, documents, wrong_requests, 0) == []


@each_contract
def test_a_wrong_answer_is_noticed(contract: Contract, recordings: Any, documents: Any) -> None:
    blind = {f"{one.operation}" for one in listed() if one.system == contract.system and one.place == "answer"}
    found = documents.of(contract)

    def of(document: Document, operation: Operation, exchange: Exchange) -> Wrong:
        return iter(()) if str(operation) in blind else wrong_answers(document, operation, exchange)

    assert found and unnoticed(contract, recordings, documents, of, 1) == []


@each_contract
def test_a_method_that_no_case_calls_is_noticed(contract: Contract, recordings: Any) -> None:
    newer = type("Newer", (contract.client,), {"invented_today": lambda self, when: None})
    assert abilities(newer) - recordings.of(contract).done >= {"invented_today", "invented_today(when)"}
