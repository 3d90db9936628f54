"""Names that a document does not know, anywhere in a JSON value. Validators let them pass wherever a schema is not closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema.protocols import Validator

from vendor_contract.documents import Document

Json = Any
NAMING = {"properties", "additionalProperties", "allOf", "anyOf", "oneOf", "enum"}


def unknown_names(
    document: Document, validator: Validator, schema: Json, value: Json, *, strict: bool
) -> Iterator[str]:
    """The places of unknown names: ``a.*.b`` is ``b`` in every item of the list ``a``, each place once.

    A schema that names properties knows these and no others, unless it says ``additionalProperties``; ``strict`` does not
    let that count: what a vendor swallows unread is a mistake of ours all the same. A schema that names nothing knows all.
    """
    return iter(dict.fromkeys(Walk(document, validator, strict).walk([schema], value, "")))


class Walk:
    """One value walked along the schemas that describe it."""

    def __init__(self, document: Document, validator: Validator, strict: bool) -> None:
        self._document, self._validator, self._strict = document, validator, strict

    def walk(self, schemas: list[Json], value: Json, place: str) -> Iterator[str]:
        """The unknown names of a value and of everything in it."""
        if isinstance(value, dict):
            yield from self._object(self._parts(schemas, value), value, place)
        elif isinstance(value, list):
            items = [part["items"] for part in self._parts(schemas, value) if part.get("items")]
            for each in value if items else ():
                yield from self.walk(items, each, f"{place}.*")

    def _object(self, parts: list[Json], value: dict[str, Json], place: str) -> Iterator[str]:
        named = any(part.get("properties") for part in parts)
        others = [
            part["additionalProperties"] for part in parts if part.get("additionalProperties") not in (None, False)
        ]
        maps = [other for other in others if isinstance(other, dict) and other]  # any name, but the value is described
        free = not named or maps or (others and not self._strict)
        for name, each in value.items():
            here = f"{place}.{name}".removeprefix(".")
            known = [part["properties"][name] for part in parts if name in part.get("properties", {})]
            if known or free or any(name in part.get("required", ()) for part in parts):
                yield from self.walk(known or maps, each, here)
            else:
                yield here

    def _parts(self, schemas: list[Json], value: Json) -> list[Json]:
        """Every schema that has a say in this value: of alternatives those that it fits, all when it fits none.

        One that says nothing (Vercel's ``{type: object}`` beside a real one) does not count where another fits.
        """
        found: list[Json] = []
        for given in schemas:
            schema = self._document.resolved(given)
            found.append(schema)
            found += self._parts(schema.get("allOf", []), value)
            for branches in (schema.get("anyOf"), schema.get("oneOf")):
                fitting = [one for one in branches or () if self._validator.evolve(schema=one).is_valid(value)]
                telling = [one for one in fitting if not _says_nothing(self._document.resolved(one))]
                found += self._parts(telling or fitting or branches or [], value)
        return found


def _says_nothing(part: Json) -> bool:
    """Whether it is just some object, or anything at all."""
    return part.get("type", "object") == "object" and not NAMING & set(part)
