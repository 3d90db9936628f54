"""A vendor's OpenAPI document, made ready: any host, and a few defects that would stop every validator taken away.

Nothing that a vendor says of a call is changed. What is rewritten:

- servers keep their path only, so that the twin's loopback address is as good as the vendor's;
- Swagger 2 becomes OpenAPI 3 (Slack has nothing newer);
- bracket notation (``created[gte]=1``, ``items[0][price]=x``) has no style in OpenAPI that a library reads whole, so such
  parameters and forms are described as JSON as well, and ``brackets`` turns what was sent into that JSON;
- ``required: true`` inside a property (Cal.com) is no JSON Schema and is left out, ``type: Object`` (Statuspage) is spelled;
- a null that a property may be is one of its values, and where a whole document has no word for null (Statuspage), an
  answer's null is taken for a field that is not there;
- ``oneOf`` is read as ``anyOf``: vendors' generators write it for alternatives that overlap (Vercel), and a value that fits
  two of them would be refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema.protocols import Validator
from openapi_core import Config, OpenAPI
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator

from vendor_contract import swagger2

Json = Any
HOST = "https://vendor.test"  # any host: only the path of a server counts
FORM = "application/x-www-form-urlencoded"
TYPES = {"array", "boolean", "integer", "number", "object", "string"}
SENT_AS = "x-sent-as"  # the media types of a body as the vendor has them, before ours was added


@dataclass(frozen=True)
class Operation:
    """One call that a document describes. ``parameters`` are its own and those of its path, resolved."""

    method: str
    template: str
    described: dict[str, Json]
    parameters: tuple[dict[str, Json], ...]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def named(self, location: str) -> dict[str, dict[str, Json]]:
        """The parameters of one location, by name; headers in small letters."""
        found = (one for one in self.parameters if one["in"] == location)
        return {one["name"].lower() if location == "header" else one["name"]: one for one in found}


@dataclass
class Document:
    """One document, ready to judge by."""

    name: str
    content: dict[str, Json] = field(repr=False)

    def __post_init__(self) -> None:
        prepare(self.content)
        self.app = OpenAPI.from_dict(self.content, config=Config(spec_validator_cls=None))
        self.knows_null = "nullable" in json.dumps(self.content)
        self._paths = APICallPathFinder(self.app.spec)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request is; None when the document has none."""
        try:
            found = self._paths.find(method.lower(), HOST + path)
        except PathError:
            return None
        with found.operation.resolve() as resolved:
            described = resolved.contents
        own = [self.resolved(one) for one in described.get("parameters", ())]
        with found.path.resolve() as resolved:
            shared = [self.resolved(one) for one in resolved.contents.get("parameters", ())]
        seen = {(one["name"], one["in"]) for one in own}
        inherited = [one for one in shared if (one["name"], one["in"]) not in seen]
        prefix = urlsplit(found.server["url"]).path.rstrip("/") if found.server is not None else ""
        return Operation(method, prefix + found.path_result.pattern, described, (*own, *inherited))

    def resolved(self, node: Json) -> Json:
        """What a local ``$ref`` points at, however many of them."""
        while isinstance(node, dict) and "$ref" in node:
            target: Json = self.content
            for part in node["$ref"].removeprefix("#/").split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                target = target[int(key)] if isinstance(target, list) else target[key]
            node = target
        return node

    @cached_property
    def asked(self) -> Validator:
        """For schemas of requests; ``evolve(schema=…)`` resolves in this document."""
        return OAS30WriteValidator(self.content)

    @cached_property
    def answered(self) -> Validator:
        """For schemas of answers."""
        return OAS30ReadValidator(self.content)


def load(folder: Path, name: str) -> Document:
    """A document of the folder, by its file name."""
    text = (folder / name).read_text("utf-8")
    content = json.loads(text if name.endswith(".json") else json.dumps(yaml.load(text, yaml.CSafeLoader), default=str))
    return Document(name, swagger2.converted(content) if content.get("swagger") else content)


def prepare(content: dict[str, Json]) -> None:
    """Make a document ready, in place."""
    _without_hosts(content)
    for item in content["paths"].values():
        _without_hosts(item)
        for part in (item, *(value for value in item.values() if isinstance(value, dict))):
            _without_hosts(part)
            for parameter in part.get("parameters", ()):
                _brackets_as_json(parameter)
            if "requestBody" in part and "$ref" not in part["requestBody"]:
                _form_as_json(part["requestBody"])
    for parameter in content.get("components", {}).get("parameters", {}).values():
        _brackets_as_json(parameter)
    for body in content.get("components", {}).get("requestBodies", {}).values():
        _form_as_json(body)
    _lenient(content)


def _without_hosts(part: dict[str, Json]) -> None:
    if part.get("servers"):
        part["servers"] = [{"url": urlsplit(server["url"]).path or "/"} for server in part["servers"]]


def _brackets_as_json(parameter: dict[str, Json]) -> None:
    if parameter.get("style") == "deepObject":
        parameter["content"] = {"application/json": {"schema": parameter.pop("schema")}}


def _form_as_json(body: dict[str, Json]) -> None:
    content = body.get("content", {})
    body[SENT_AS] = list(content)
    if FORM in content:
        content.setdefault("application/json", {"schema": content[FORM].get("schema", {})})


def _lenient(node: Json) -> None:
    if isinstance(node, list):
        for each in node:
            _lenient(each)
    elif isinstance(node, dict):
        if isinstance(node.get("required"), bool) and "in" not in node and "content" not in node:
            del node["required"]
        if isinstance(node.get("oneOf"), list) and "anyOf" not in node:
            node["anyOf"] = node.pop("oneOf")
        if isinstance(node.get("type"), str) and node["type"].lower() in TYPES:
            node["type"] = node["type"].lower()
        if node.get("nullable") is True and isinstance(node.get("enum"), list) and None not in node["enum"]:
            node["enum"].append(None)
        for each in node.values():
            _lenient(each)
