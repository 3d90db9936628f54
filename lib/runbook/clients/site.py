"""The company's own site, asked as a customer's browser would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.reading import decode
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

SECONDS = 6.0
MOST = 2000  # characters of a page that are kept
MOST_OF_A_FORM = 500_000


@dataclass(frozen=True, slots=True)
class Page:
    """What came back, whatever its status."""

    status_code: int
    seconds: float
    data: Json  # parsed JSON, else None
    text: str  # the first characters of it


@dataclass(frozen=True, slots=True)
class AuthTest:
    """What our own auth test says of a test user's sign-in. Empty is what it does not say.

    ``clerk`` and ``supabase_auth`` are ``ok`` or the reason; ``pinned_key`` is the fingerprint (RFC 7638) of the public key that
    the running build checks tokens with, ``token_kid`` the id of the key that signed the token it got.
    """

    status_code: int
    seconds: float
    clerk: str
    supabase_auth: str
    error: str
    pinned_key: str
    token_kid: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What our own endpoint said to a webhook. ``is_wall``: something in front of it challenged us as a bot.

    ``status_code`` 0: no answer within the time that we wait.
    """

    status_code: int
    seconds: float
    is_wall: bool
    location: str
    text: str
    is_duplicate: bool

    @property
    def is_taken(self) -> bool:
        """As the vendors count it: anything of 2xx, and nothing else."""
        return 200 <= self.status_code < 300


class Site:
    """The site's pages."""

    def __init__(
        self, url: str, test_user: tuple[str, str] = ("", ""), *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        headers = {"Cache-Control": "no-cache"}  # the origin, not the cache in front of it
        self.door = HttpDoor(url, system="site", times=times, headers=headers, transport=transport)
        self._times, self._test_user = times, test_user

    def get(self, path: str, *, most: int = MOST) -> Page:
        """One page."""
        started = self._times.monotonic()
        status_code, _, body = self.door.text(path, seconds=SECONDS)
        seconds = self._times.monotonic() - started
        return Page(status_code, seconds, decode(body)[0], body.decode("utf-8", "replace")[:most])

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> Delivered:
        """A webhook, as a vendor would send it: byte by byte, and a redirect is not followed."""
        started = self._times.monotonic()
        sent = {"Content-Type": "application/json", **headers}
        status_code, said, answer = self.door.text(path, seconds=SECONDS, method="POST", headers=sent, content=body)
        seconds = self._times.monotonic() - started
        data = decode(answer)[0]
        is_wall = "x-vercel-mitigated" in said or "cf-mitigated" in said  # Vercel's and Cloudflare's docs
        return Delivered(
            status_code, seconds, is_wall, str(said.get("location", ""))[:200],
            " ".join(answer.decode("utf-8", "replace").split())[:160],
            isinstance(data, dict) and data.get("duplicate") is True,
        )  # fmt: skip

    def auth_test(self, path: str) -> AuthTest:
        """Our own auth test: it signs the test user in where one is set, and changes nothing."""
        email, password = self._test_user
        body = {"email": email, "password": password} if email and password else {}
        started = self._times.monotonic()
        status_code, _, answer = self.door.text(path, seconds=SECONDS, method="POST", json=body)
        data = decode(answer)[0]
        said = data if isinstance(data, dict) else {}
        names = ("clerk", "supabase_auth", "error", "pinned_key", "token_kid")
        parts = (str(said.get(name) or "")[:120] for name in names)
        return AuthTest(status_code, self._times.monotonic() - started, *parts)
