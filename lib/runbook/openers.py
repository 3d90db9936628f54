"""How ``Systems`` has its vendors: each a line that says which secret it wants and how its client is made of the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
# The vendor's part of the profile, its secret, and what every client gets: the times and the transport.
Make = Callable[[Any, str, Mapping[str, Any]], T]


class Opens(Protocol):
    """What opens a vendor's client once and keeps it."""

    def open_vendor(self, system: str, secret: str, part: str, make: Make[T]) -> T:
        """The client of one system."""


class Vendor(Generic[T_co]):
    """A vendor's client, opened when it is first asked for. ``part``: that of the profile, where it has another name."""

    def __init__(self, secret: str, make: Make[T_co], *, part: str = "") -> None:
        self._secret, self._make, self._part = secret, make, part

    def __set_name__(self, owner: type, name: str) -> None:
        self._system = name

    def __get__(self, systems: Opens, owner: type) -> T_co:
        return systems.open_vendor(self._system, self._secret, self._part or self._system, self._make)
