"""``exceptions.yaml``: what the vendors' documents leave out or have wrong, each with where we know better from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from vendor_contract.judging import Violation

PATH = Path(__file__).parents[1] / "exceptions.yaml"
NEEDED = {"operation", "place", "says", "source"}


@dataclass(frozen=True)
class Listed:
    """One exception. ``operation`` is ``METHOD /path`` as the report writes it, or ``*``.

    In ``place`` a ``*`` between dots stands for any one name; ``text`` narrows the exception to one complaint.
    """

    system: str
    operation: str
    place: str
    says: str
    source: str
    text: str = ""

    def covers(self, system: str, violation: Violation) -> bool:
        """Whether it is about this violation."""
        where, there = self.place.split("."), violation.place.split(".")
        is_there = len(where) == len(there) and all(a in ("*", b) for a, b in zip(where, there, strict=True))
        is_call = self.system == system and self.operation in ("*", violation.operation)
        return is_call and is_there and self.text in violation.text


def listed(path: Path = PATH) -> list[Listed]:
    """Every exception of the file."""
    found = []
    for system, entries in (yaml.safe_load(path.read_text("utf-8")) or {}).items():
        for entry in entries:
            assert set(entry) >= NEEDED and all(entry.values()), (
                f"{path.name}, {system}: {entry} needs {sorted(NEEDED)}"
            )
            found.append(Listed(system, **entry))
    return found
