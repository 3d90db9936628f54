"""Fields out of a vendor's answer: what does not fit is a fault of the answer, never an error of ours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import iso


@contextmanager
def shape(system: str, what: str) -> Iterator[None]:
    """Reading an answer inside: whatever does not fit is a fault of the answer, never an error of ours."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        missing = f"has no {error.args[0]}" if isinstance(error, KeyError) and error.args else "has another shape"
        raise unreadable(system, f"{what}: the answer {missing}") from error


def fields(data: Json, system: str, what: str, *names: str) -> list[Json]:
    """The named fields of an object; a SystemFault names the one that is missing: the vendor's answer changed."""
    if not isinstance(data, dict):
        raise unreadable(system, f"{what}: the answer is no object")
    for name in names:
        if name not in data:
            raise unreadable(system, f"{what}: the answer has no {name}")
    return [data[name] for name in names]


def items(data: Json, system: str, what: str) -> list[dict[str, Json]]:
    """A list of objects; a SystemFault when it is none."""
    if isinstance(data, list) and all(isinstance(item, dict) for item in data):
        return data
    raise unreadable(system, f"{what}: the answer is no list of objects")


def text(row: Mapping[str, Json], name: str, at_most: int = 200) -> str:
    """A field as one line; empty when it is not there or null. TypeError for a list or an object."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)):
        raise TypeError(name)
    return line(str(value), at_most)


def needed(row: Mapping[str, Json], name: str) -> str:
    """A field as one line that says something: an id, a status. KeyError when it does not."""
    if value := text(row, name):
        return value
    raise KeyError(name)


def segment(system: str, value: str) -> str:
    """An id as one part of a path, whatever it holds: none leads to another call. SystemFault when it is empty or dots."""
    if not value.strip("."):
        raise SystemFault(f"{value!r} is no id", system=system, fault=Fault.REJECTED)
    return quote(value, safe="")


def whole(row: Mapping[str, Json], name: str) -> int | None:
    """A field as a whole number; None when it is not there or null. TypeError for anything else."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(name)
    return int(value)


def inner(row: Mapping[str, Json], name: str) -> dict[str, Json]:
    """A field that is an object; empty when it is not there or null. TypeError for anything else."""
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def moment(epoch: float | None) -> str:
    """Epoch seconds or milliseconds as our ISO form; vendors use both. TypeError for nothing: 1970 would be a lie."""
    if epoch is None:
        raise TypeError("no time")
    return iso(datetime.fromtimestamp(epoch / 1000 if epoch > 1e11 else epoch, UTC))


def line(value: str, at_most: int = 200) -> str:
    """One line of at most so many characters."""
    return " ".join(value.split())[:at_most]


def unreadable(system: str, what: str) -> SystemFault:
    """The fault of an answer that is not as it was."""
    return SystemFault(what, system=system, fault=Fault.UNREADABLE,
                       next_step="something between us and the vendor answers, or their answer changed")  # fmt: skip
