"""One exchange against the vendor's documents: what is wrong with the request, what with the answer."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx import Headers
from openapi_core.testing import MockRequest, MockResponse

from vendor_contract.brackets import nested, typed
from vendor_contract.complaints import TEXT_MOST, complaints
from vendor_contract.documents import FORM, HOST, SENT_AS, Document, Operation
from vendor_contract.unknown import unknown_names

Json = Any
# what every HTTP client sends; a token's place is the document's security, which the library holds
ORDINARY = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type", "authorization"}  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """A request that was made and the answer to it.

    ``by``: the client's method, empty when a case asked by hand; ``route``: the twin's, empty when it has none for this.
    """

    system: str
    by: str
    route: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer_headers: tuple[tuple[str, str], ...]
    answer: bytes

    @property
    def path(self) -> str:
        """The path as it was sent, still encoded."""
        return urlsplit(self.url).path

    @property
    def is_refused(self) -> bool:
        """Whether the vendor said no: by its status, or as Slack does, with 200 and ``ok: false``."""
        said = _json(self.answer)
        return self.status >= 400 or (isinstance(said, dict) and said.get("ok") is False)

    def header(self, name: str) -> str:
        """A header of the request; empty without it."""
        return Headers(list(self.headers)).get(name, "")

    def with_header(self, name: str, value: str | None) -> Exchange:
        """The same with another header, or without it."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


@dataclass(frozen=True)
class Violation:
    """What does not fit, and where: ``query limit``, ``header cal-api-version``, ``body a.*.b``, ``answer a``, ``status 404``."""

    operation: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.place}: {self.text}"


def find(documents: Sequence[Document], exchange: Exchange) -> tuple[Document, Operation] | None:
    """The first document that describes the call, and the operation it is."""
    for document in documents:
        if operation := document.find(exchange.method, exchange.path):
            return document, operation
    return None


def judge_request(documents: Sequence[Document], exchange: Exchange) -> list[Violation]:
    """What is wrong with a request."""
    return _judged(documents, exchange, Judge.request)


def judge_answer(documents: Sequence[Document], exchange: Exchange) -> list[Violation]:
    """What is wrong with an answer."""
    return _judged(documents, exchange, Judge.answer)


def _judged(
    documents: Sequence[Document], exchange: Exchange, part: Callable[[Judge], Iterable[tuple[str, str]]]
) -> list[Violation]:
    found = find(documents, exchange)
    if found is None:
        names = ", ".join(document.name for document in documents)
        called = exchange.route or f"{exchange.method} {exchange.path}"
        return [Violation(called, "operation", f"not in {names}")]
    judge = Judge(*found, exchange)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        said = list(part(judge))
    said += [("deprecated", str(one.message)) for one in warned if "allowEmptyValue" not in str(one.message)]
    return [Violation(str(found[1]), place, text[:TEXT_MOST]) for place, text in dict.fromkeys(said)]


class Judge:
    """One exchange and the operation it is; both parts give pairs of place and text."""

    def __init__(self, document: Document, operation: Operation, exchange: Exchange) -> None:
        self.document, self.operation, self.exchange = document, operation, exchange
        self._pairs = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        self._kind = exchange.header("content-type")
        is_form = self._kind.startswith(FORM)
        self._schema = self._body_schema()
        self._body = exchange.body
        if is_form and self._schema is not None:
            form = nested(parse_qsl(exchange.body.decode(), keep_blank_values=True))
            self._body = json.dumps(typed(document, self._schema, form)).encode()
        self._asked = MockRequest(
            HOST, exchange.method, exchange.path, data=self._body,
            content_type="application/json" if is_form else self._kind or "application/json",
            headers=list(exchange.headers), args=[*self._pairs, *self._nested_parameters()],
        )  # fmt: skip

    def request(self) -> Iterator[tuple[str, str]]:
        """The library's errors, then what it does not look at."""
        yield from complaints(self.document.app.iter_apicall_request_errors(self._asked), "request", "body")
        yield from self._missing_parameters()
        yield from self._unknown_parameters()
        if self.operation.described.get("deprecated"):
            yield "deprecated", "the vendor is about to retire this call"
        described = self.operation.described.get("requestBody")
        if not self.exchange.body:
            return
        if described is None:
            yield "body", "the call takes none"
            return
        kinds = self.document.resolved(described).get(SENT_AS, [])
        if self._kind.partition(";")[0] not in kinds:
            yield "header content-type", f"{self._kind or 'none'}; described: {', '.join(kinds)}"
        yield from self._unknown(self._schema or {}, _json(self._body), "body", strict=True)

    def answer(self) -> Iterator[tuple[str, str]]:
        """The same for the answer. A status that is not described hides what would be said of its body."""
        exchange = self.exchange
        headers = Headers(list(exchange.answer_headers))
        kind, content = headers.get("content-type", ""), exchange.answer
        if not self.document.knows_null and (data := _json(content)) is not None:
            content = json.dumps(_without_nulls(data)).encode()
        said = MockResponse(content, exchange.status, dict(headers), kind or "application/json")
        described = self._answer_described()
        if described is None:
            yield f"status {exchange.status}", "not described"
            return
        yield from complaints(self.document.app.iter_apicall_response_errors(self._asked, said), "answer", "answer")
        bodies = described.get("content", {})
        if content and not bodies and exchange.status < 400:
            yield "answer", "has a body, none is described"
        schema = bodies.get(kind.partition(";")[0], {}).get("schema", {})
        yield from self._unknown(schema, _json(content), "answer", strict=False)

    def _answer_described(self) -> dict[str, Json] | None:
        answers, code = self.operation.described["responses"], str(self.exchange.status)
        described = answers.get(code) or answers.get(f"{code[0]}XX") or answers.get("default")
        return None if described is None else dict(self.document.resolved(described))

    def _body_schema(self) -> Json:
        content = self.document.resolved(self.operation.described.get("requestBody", {})).get("content", {})
        kind = self._kind.partition(";")[0]
        return content[kind].get("schema") if kind in content else None

    def _nested_parameters(self) -> Iterator[tuple[str, str]]:
        """Parameters in bracket notation as the JSON that they are described as."""
        given = nested(self._pairs)
        for name, parameter in self.operation.named("query").items():
            if name in given and "content" in parameter:
                yield name, json.dumps(typed(self.document, _parameter_schema(parameter), given[name]))

    def _missing_parameters(self) -> Iterator[tuple[str, str]]:
        """Required ones that have a default, which is enough for the library: Cal.com's version header is one.

        What OpenAPI calls no header parameter (Accept, Content-Type, Authorization) does not count, though PagerDuty lists it.
        """
        for location, given in (("query", self._asked.parameters.query), ("header", self._asked.parameters.header)):
            for name, parameter in self.operation.named(location).items():
                has_default = "default" in parameter.get("schema", {})
                if parameter.get("required") and has_default and name not in given and name not in ORDINARY:
                    yield f"{location} {name}", "required, not sent"

    def _unknown_parameters(self) -> Iterator[tuple[str, str]]:
        query, headers = self.operation.named("query"), self.operation.named("header")
        schemes = [
            self.document.resolved(one)
            for one in self.document.content.get("components", {}).get("securitySchemes", {}).values()
        ]
        keys = {one["name"].lower() for one in schemes if one["type"] == "apiKey"}
        in_brackets = {name for name, parameter in query.items() if "content" in parameter}
        for name in dict.fromkeys(name for name, _ in self._pairs):
            if name not in keys | set(query) and name.partition("[")[0] not in in_brackets:
                yield f"query {name}", "not described"
        for name in sorted(in_brackets & set(self._asked.parameters.query)):
            given = _json(self._asked.parameters.query[name].encode())
            yield from self._unknown(_parameter_schema(query[name]), given, f"query {name}", strict=True)
        for name, _ in self.exchange.headers:
            if name.lower() not in ORDINARY | keys | set(headers):
                yield f"header {name.lower()}", "not described"

    def _unknown(self, schema: Json, value: Json, where: str, *, strict: bool) -> Iterator[tuple[str, str]]:
        validator = self.document.asked if strict else self.document.answered
        for place in unknown_names(self.document, validator, schema, value, strict=strict):
            yield f"{where} {place}", "unknown name"


def _parameter_schema(parameter: dict[str, Json]) -> Json:
    return parameter["content"]["application/json"]["schema"]


def _json(body: bytes) -> Json:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _without_nulls(value: Json) -> Json:
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return value
