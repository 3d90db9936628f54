"""What the OpenAPI library says, as pairs of place and text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema.exceptions import ValidationError
from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

TEXT_MOST = 300


def complaints(errors: Iterable[Exception], whole: str, where: str) -> Iterator[tuple[str, str]]:
    """Each error: a parameter by its name, a value that does not fit by every place in ``where``, all else by ``whole``."""
    for error in errors:
        cause = error.__cause__
        parameter = f"{error.location} {error.name}" if isinstance(error, ParameterValidationError) else ""
        if isinstance(cause, InvalidSchemaValue):
            for one in _precise(each for each in cause.schema_errors if isinstance(each, ValidationError)):
                place = ".".join("*" if isinstance(part, int) else str(part) for part in one.absolute_path)
                yield f"{parameter or where} {place}".strip(), _short(one.message)
        else:
            yield parameter or whole, _short(f"{error}: {cause}" if cause else str(error))


def _precise(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Of alternatives, none of which fits, what is wrong with the one that fits best."""
    for error in errors:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        if branches:
            yield from _precise(min(branches.values(), key=len))
        else:
            yield error


def _short(text: str) -> str:
    return " ".join(text.split())[:TEXT_MOST]
