"""The company's own site, asked as a customer's browser would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.reading import decode
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, whatever its status."""

    status_code: int
    seconds: float
    data: Json  # parsed JSON, else None
    text: str  # the first 2,000 characters


class Site:
    """The site's pages."""

    def __init__(self, url: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Cache-Control": "no-cache"}  # the origin, not the cache in front of it
        self.door = HttpDoor(url, system="site", times=times, headers=headers, transport=transport)
        self._times = times

    def get(self, path: str) -> Page:
        """One page."""
        started = self._times.monotonic()
        status_code, _, body = self.door.text(path, seconds=SECONDS)
        seconds = self._times.monotonic() - started
        return Page(status_code, seconds, decode(body)[0], body.decode("utf-8", "replace")[:2000])
