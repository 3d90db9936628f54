"""Supabase Auth at the project's own address, as the site's customers meet it. The management API is ``supabase``.

Every call wants the project's public key in ``apikey``. Its health answers without touching the database: only a real sign-in,
by a test user, shows that one is possible (Supabase Auth's own source, internal/api/health.go and its OpenAPI document).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, needed, shape, text, unreadable
from runbook.errors import Fault, SystemFault
from runbook.times import Times

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class AuthHealth:
    """What runs there. That it answers says nothing about sign-ins."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """What a visitor may do: sign up at all, and by which ways."""

    signup_is_off: bool
    saml_is_on: bool
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that worked. Its tokens are not read; the session that it made ends by itself."""

    user_id: str
    expires_in_seconds: int


class SupabaseAuth:
    """One project's Auth. ``test_user`` is address and password; both empty when there is none."""

    def __init__(
        self, url: str, public_key: str, test_user: tuple[str, str], *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        headers = {"apikey": public_key}
        self.door = HttpDoor(url, system="supabase_auth", times=times, headers=headers, transport=transport)
        self._test_user = test_user

    def health(self) -> AuthHealth:
        """Whether it runs."""
        data = self.door.read("/auth/v1/health").data
        fields(data, "supabase_auth", "health")
        with shape("supabase_auth", "health"):
            return AuthHealth(needed(data, "name"), needed(data, "version"))

    def settings(self) -> AuthSettings:
        """What is switched on for visitors."""
        data = self.door.read("/auth/v1/settings").data
        off, _ = fields(data, "supabase_auth", "settings", "disable_signup", "external")
        with shape("supabase_auth", "settings"):
            if not isinstance(off, bool):
                raise TypeError("disable_signup")
            ways = tuple(sorted(name for name, on in inner(data, "external").items() if on is True))
            return AuthSettings(off, data.get("saml_enabled") is True, ways)

    def sign_in(self) -> SignedIn:
        """Sign the test user in, which asks the database; sent once. ``invalid_credentials``: our password for it is wrong."""
        email, password = self._test_user
        for name, value in (("AUTH_TEST_USER", email), ("AUTH_TEST_PASSWORD", password)):
            if not value:
                raise SystemFault(
                    f"{name} is not set", system="supabase_auth", fault=Fault.NOT_SET, next_step=f"set {name}"
                )
        body = {"email": email, "password": password}
        data = self.door.write("POST", "/auth/v1/token", body, {"grant_type": "password"}).data
        given, seconds, _ = fields(data, "supabase_auth", "sign-in", "access_token", "expires_in", "user")
        with shape("supabase_auth", "sign-in"):
            if not isinstance(given, str) or not given or isinstance(seconds, bool) or not isinstance(seconds, int):
                raise unreadable("supabase_auth", "sign-in: the answer holds no token")
            return SignedIn(text(inner(data, "user"), "id"), seconds)
