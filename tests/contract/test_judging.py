"""The judging itself, on small documents: what is right passes, each thing that is wrong is named by its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vendor_contract.brackets import nested
from vendor_contract.documents import FORM, Document
from vendor_contract.exceptions import Listed, listed
from vendor_contract.judging import Exchange, Violation, judge_answer, judge_request
from vendor_contract.swagger2 import converted

JSON = "application/json"
PRICE = {"type": "object", "properties": {"cents": {"type": "integer"}}, "required": ["cents"]}
ITEM = {
    "allOf": [
        {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        {"properties": {"price": {"$ref": "#/components/schemas/Price"}}},
    ]
}
FIELDS = {
    "type": "object",
    "properties": {
        "names": {"type": "array", "items": {"type": "string"}},
        "off": {"type": "boolean"},
        "kind": {"anyOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"type": "string"}]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "extra": {"type": "object"},
    },
}


def answer(schema: Any) -> dict[str, Any]:
    return {"200": {"description": "", "content": {JSON: {"schema": schema}}}}


def shop(**price: Any) -> Document:
    """A vendor that does a bit of everything; ``price``: what more its document says of prices."""
    return Document(
        "shop",
        {
            "openapi": "3.0.3",
            "info": {"title": "shop", "version": "1"},
            "servers": [{"url": "https://{region}.shop.test/v1"}],
            "security": [{"bearer": []}],
            "paths": {
                "/items/{id}": {
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^i"}},
                        {"name": "shop-version", "in": "header", "required": True,
                         "schema": {"type": "string", "default": "1"}},
                    ],
                    "get": {
                        "parameters": [
                            {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                            {"name": "made", "in": "query", "style": "deepObject",
                             "schema": {"properties": {"gte": {"type": "integer"}}, "type": "object"}},
                        ],
                        "responses": answer({"oneOf": [{"$ref": "#/components/schemas/Item"}, {"type": "object"}]}),
                    },
                    "post": {"requestBody": {"content": {FORM: {"schema": FIELDS}}}, "responses": answer({})},
                    "put": {"requestBody": {"content": {JSON: {"schema": FIELDS}}},
                            "responses": answer({"$ref": "#/components/schemas/Item"})},
                    "delete": {"deprecated": True, "responses": {"204": {"description": ""}}},
                }
            },
            "components": {
                "schemas": {"Item": ITEM, "Price": {**PRICE, **price}},
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            },
        },
    )  # fmt: skip


def exchange(method: str, url: str, body: Any = b"", *, kind: str = "", status: int = 200, said: Any = None, **headers: str) -> Exchange:  # fmt: skip
    given = {"authorization": "Bearer x", "shop-version": "1", **headers} | ({"content-type": kind} if kind else {})
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    content = b"" if said is None else json.dumps(said).encode()
    return Exchange(
        "shop", "call", "", method, f"http://127.0.0.1:1{url}", tuple(given.items()), sent, status,
        (("content-type", JSON),), content,
    )  # fmt: skip


def places(found: list[Violation]) -> set[str]:
    return {one.place for one in found}


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        (exchange("GET", "/v1/items/i1?limit=3&made[gte]=5"), set()),
        (exchange("GET", "/items/i1"), {"operation"}),
        (exchange("PATCH", "/v1/items/i1"), {"operation"}),
        (exchange("GET", "/v1/items/j1"), {"path id"}),
        (exchange("GET", "/v1/items/i1?limits=3"), {"query limits"}),
        (exchange("GET", "/v1/items/i1?limit=three"), {"query limit"}),
        (exchange("GET", "/v1/items/i1?made[gt]=5"), {"query made gt"}),
        (exchange("GET", "/v1/items/i1?limit[gte]=5"), {"query limit[gte]"}),
        (exchange("GET", "/v1/items/i1", shopversion="1"), {"header shopversion"}),
        (exchange("GET", "/v1/items/i1").with_header("shop-version", None), {"header shop-version"}),
        (exchange("GET", "/v1/items/i1", authorization="x"), {"request"}),
        (exchange("GET", "/v1/items/i1", {"a": 1}, kind=JSON), {"body"}),
        (exchange("DELETE", "/v1/items/i1"), {"deprecated"}),
        (exchange("POST", "/v1/items/i1", b"names[]=a&names[]=b&off=true&kind[a]=1&labels[x]=y", kind=FORM), set()),
        (exchange("POST", "/v1/items/i1", b"names[0]=a&kind=plain", kind=FORM), set()),
        (exchange("POST", "/v1/items/i1", b"name[]=a&off=maybe&kind[b]=1", kind=FORM),
         {"body name", "body off", "body kind", "body kind.b"}),
        (exchange("POST", "/v1/items/i1", {"off": True}, kind=JSON), {"header content-type"}),
        (exchange("PUT", "/v1/items/i1", {"labels": {"any": "text"}, "extra": {"any": 1}}, kind=JSON), set()),
        (exchange("PUT", "/v1/items/i1", {"of": True, "kind": {"a": 1, "c": 2}}, kind=JSON), {"body of", "body kind.c"}),
        (exchange("PUT", "/v1/items/i1", {"labels": {"x": 1}}, kind=JSON), {"body labels.x"}),
    ],
)  # fmt: skip
def test_a_request_is_right_or_is_told_where_it_is_wrong(asked: Exchange, wrong: set[str]) -> None:
    assert places(judge_request([shop()], asked)) == wrong


@pytest.mark.parametrize(
    ("said", "status", "wrong"),
    [
        ({"id": "i1", "price": {"cents": 5}}, 200, set()),
        ({"id": "i1", "prize": {"cents": 5}}, 200, {"answer prize"}),
        ({"id": "i1", "price": {"cents": 5, "currency": "EUR"}}, 200, {"answer price.currency"}),
        ("i1", 200, {"answer"}),
        ({"id": "i1"}, 202, {"status 202"}),
        (None, 200, {"answer"}),
    ],
)
def test_an_answer_is_right_or_is_told_where_it_is_wrong(said: Any, status: int, wrong: set[str]) -> None:
    asked = exchange("GET", "/v1/items/i1", said=said, status=status)
    assert places(judge_answer([shop()], asked)) == wrong


def test_a_document_without_a_word_for_null_takes_it_for_a_field_that_is_not_there() -> None:
    asked = exchange("PUT", "/v1/items/i1", said={"id": "i1", "price": None})
    assert judge_answer([shop()], asked) == []
    assert places(judge_answer([shop(nullable=False)], asked)) == {"answer price"}
    assert judge_answer([shop(nullable=True)], asked) == []


def test_brackets_are_objects_and_lists() -> None:
    given = [
        ("a[b][c]", "1"),
        ("a[d]", "2"),
        ("e[]", "3"),
        ("e[]", "4"),
        ("f", "5"),
        ("g[0][h]", "6"),
        ("g[1][h]", "7"),
    ]
    assert nested(given) == {"a": {"b": {"c": "1"}, "d": "2"}, "e": ["3", "4"], "f": "5", "g": [{"h": "6"}, {"h": "7"}]}
    assert nested([("a", "1"), ("a", "2")]) == {"a": ["1", "2"]}


def slack() -> Document:
    """Swagger 2 as Slack writes it: a token among the fields, alternatives as a list of items, refusals with status 200."""
    token = {"name": "token", "in": "header", "required": True, "type": "string"}
    fields = [token, *({"name": name, "in": "formData", "type": "string", "required": name == "channel"}
                       for name in ("channel", "text"))]  # fmt: skip
    posted = {"type": "object", "additionalProperties": False, "required": ["ok", "user"],
              "properties": {"ok": {"enum": [True], "type": "boolean"}, "user": {"$ref": "#/definitions/user"}}}  # fmt: skip
    refused = {"type": "object", "additionalProperties": False, "required": ["ok", "error"],
               "properties": {"ok": {"enum": [False], "type": "boolean"}, "error": {"enum": ["no_channel"]}}}  # fmt: skip
    post = {"consumes": [FORM, JSON], "parameters": fields,
            "responses": {"200": {"schema": posted}, "default": {"schema": refused}}}  # fmt: skip
    return Document("slack", converted({
        "swagger": "2.0", "info": {"title": "slack", "version": "1"}, "basePath": "/api", "paths": {"/post": {"post": post}},
        "definitions": {"user": {"items": [{"type": "string"}, {"type": "null"}]}},
    }))  # fmt: skip


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"ok": True, "user": "U1"}, set()),
        ({"ok": True, "user": None}, set()),
        ({"ok": False, "error": "no_channel"}, set()),
        ({"ok": False, "error": "no_chanel"}, {"answer error"}),
        ({"ok": True, "user": 1}, {"answer user"}),
    ],
)
def test_swagger_2_is_read_as_slack_means_it(said: Any, wrong: set[str]) -> None:
    as_json = exchange("POST", "/api/post", {"channel": "C1", "text": "x"}, kind=JSON, said=said)
    without_version = as_json.with_header("shop-version", None)
    assert judge_request([slack()], without_version) == []
    assert {place.partition(".")[0] for place in places(judge_answer([slack()], without_version))} == wrong
    as_form = exchange("POST", "/api/post", b"chanel=C1", kind=FORM).with_header("shop-version", None)
    assert places(judge_request([slack()], as_form)) == {"body", "body chanel"}


def test_an_exception_covers_what_it_names_and_nothing_else() -> None:
    one = Listed("shop", "GET /v1/items", "answer items.*.x", "says", "source", "unknown")
    assert one.covers("shop", Violation("GET /v1/items", "answer items.*.x", "unknown name"))
    for system, violation in (
        ("other", Violation("GET /v1/items", "answer items.*.x", "unknown name")),
        ("shop", Violation("PUT /v1/items", "answer items.*.x", "unknown name")),
        ("shop", Violation("GET /v1/items", "answer items.*.y", "unknown name")),
        ("shop", Violation("GET /v1/items", "answer items.*.x", "1 is not of type 'string'")),
    ):
        assert not one.covers(system, violation)


def test_every_listed_exception_names_its_source() -> None:
    assert all(one.source and one.says for one in listed())
