"""Names that a document does not know, anywhere in a JSON value. Validators let them pass wherever a schema is not closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema.protocols import Validator

from vendor_contract.documents import Document

Json = Any
SAYS_WHAT = {"properties", "additionalProperties", "allOf", "anyOf", "oneOf", "items", "type"}


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
        free = not named or (others and not self._strict) or any(self._is_free(part) for part in parts)
        for name, each in value.items():
            here = f"{place}.{name}".removeprefix(".")
            known = [part["properties"][name] for part in parts if name in part.get("properties", {})]
            if known or free:
                yield from self.walk(known or [other for other in others if isinstance(other, dict)], each, here)
            elif any(isinstance(other, dict) and other for other in others):  # a map: any name, but values described
                yield from self.walk([other for other in others if isinstance(other, dict)], each, here)
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
                telling = [one for one in fitting if not self._is_free(self._document.resolved(one))]
                found += self._parts(telling or fitting or branches or [], value)
        return found

    @staticmethod
    def _is_free(part: Json) -> bool:
        """An object of which nothing is said: whatever is in it is as described."""
        return part.get("type") == "object" and not SAYS_WHAT & (set(part) - {"type"})
