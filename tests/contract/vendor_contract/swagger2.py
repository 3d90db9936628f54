"""Swagger 2 as OpenAPI 3, as far as Slack's document needs it, with its JSON-Schema lists made schemas.

Two things are Slack's own: the token goes into the Authorization header (docs.slack.dev, Web API: the parameter ``token`` of
its old document is left out), and a refusal comes with status 200 as well, so each answer may be the error it describes.
"""

from __future__ import annotations

from typing import Any

Json = Any
METHODS = ("get", "put", "post", "delete", "patch")
OF_SCHEMA = ("type", "format", "enum", "default", "items", "minimum", "maximum", "pattern")


def converted(swagger: dict[str, Json]) -> dict[str, Json]:
    """The document as OpenAPI 3.0."""
    paths = {
        path: {method: _operation(item[method]) for method in METHODS if method in item}
        for path, item in swagger["paths"].items()
    }
    return {
        "openapi": "3.0.3", "info": swagger["info"], "servers": [{"url": swagger.get("basePath", "/")}], "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: _schema(one) for name, one in swagger.get("definitions", {}).items()},
        },
    }  # fmt: skip


def _operation(operation: dict[str, Json]) -> dict[str, Json]:
    parameters = [one for one in operation.get("parameters", ()) if one["name"] != "token"]
    plain = [_parameter(one) for one in parameters if one["in"] in ("query", "path", "header")]
    answers = operation["responses"]
    refusal = [_schema(answers["default"]["schema"])] if "schema" in answers.get("default", {}) else []
    made: dict[str, Json] = {
        "parameters": plain,
        "responses": {code: _answer(one, refusal if code == "200" else []) for code, one in answers.items()},
    }
    if form := [one for one in parameters if one["in"] == "formData"]:
        made["requestBody"] = {"content": {kind: {"schema": _form(form)} for kind in operation["consumes"]}}
    return made


def _parameter(one: dict[str, Json]) -> dict[str, Json]:
    schema = _schema({key: one[key] for key in OF_SCHEMA if key in one})
    return {"name": one["name"], "in": one["in"], "required": one.get("required", False), "schema": schema}


def _form(fields: list[dict[str, Json]]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {one["name"]: _schema({key: one[key] for key in OF_SCHEMA if key in one}) for one in fields},
        "required": [one["name"] for one in fields if one.get("required")],
    }


def _answer(answer: dict[str, Json], otherwise: list[Json]) -> dict[str, Json]:
    if "schema" not in answer:
        return {"description": answer.get("description", "")}
    schema = _schema(answer["schema"])
    whole = {"anyOf": [schema, *otherwise]} if otherwise else schema
    return {"description": answer.get("description", ""), "content": {"application/json": {"schema": whole}}}


def _schema(node: Json) -> Json:
    """A schema with lists of types and of alternatives written as OpenAPI 3 has them."""
    if isinstance(node, list):
        return [_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("#/definitions/", "#/components/schemas/")}
    made = {key: _named(value) if key == "properties" else _inner(key, value) for key, value in node.items()}
    if isinstance(alternatives := made.get("items"), list):
        del made["items"]
        either = _either(alternatives)
        made |= {"items": either} if made.get("type") == "array" else either
    if made.get("type") == "null":
        del made["type"]
        made |= {"nullable": True, "enum": [None]}
    if isinstance(kinds := made.get("type"), list):
        del made["type"]
        made |= _either([_schema({"type": kind}) for kind in kinds])
    return made


def _inner(key: str, value: Json) -> Json:
    return _schema(value) if key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not") else value


def _named(properties: dict[str, Json]) -> dict[str, Json]:
    return {name: _schema(one) for name, one in properties.items()}


def _either(alternatives: list[Json]) -> dict[str, Json]:
    """One of several; a null among them makes the others nullable, as OpenAPI 3.0 wants it."""
    empty = [one for one in alternatives if one.get("enum") == [None]]
    rest = [one for one in alternatives if one.get("enum") != [None]]
    return {"anyOf": [*rest, *empty]} if len(alternatives) > 1 else dict(rest[0] if rest else {})
