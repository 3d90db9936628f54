"""How the site signs customers in: at Clerk by the keys that its build has, and how it checks the tokens that come of it.

What is wrong with a key at either end therefore really locks everybody out, and the right one lets them in again.
"""

from __future__ import annotations

import hmac
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.sandbox.seeds import DOMAINS
from runbook.sandbox.session_tokens import (
    SigningKey,
    complaint_of_token,
    frontend_of,
    kid_of,
    thumbprint,
)
from runbook.sandbox.signing_in import (
    DEVELOPMENT,
    DEVELOPMENT_FRONTEND,
    FRONTEND,
    JWT_KEY,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    person,
)

if TYPE_CHECKING:
    from runbook.sandbox.world import World

ORIGINS = frozenset(f"https://{domain}" for domain in DOMAINS)
ORIGIN = f"https://{DOMAINS[2]}"  # where customers sign in


@dataclass(frozen=True, slots=True)
class Tried:
    """A sign-in as a customer makes it: why not, which key signed its token, and which the build checks it with."""

    complaint: str
    token_kid: str
    pinned_key: str
    is_outage: bool = False  # Clerk gave no token at all

    @property
    def status(self) -> int:
        """What the site answers."""
        return 503 if self.is_outage else 401 if self.complaint else 200


def sign_in(world: World, env: Mapping[str, str], origin: str = ORIGIN) -> Tried:
    """One customer signs in: Clerk gives a token for a session, the site checks it by its pinned key."""
    pinned = env.get(JWT_KEY, "")
    with world.lock:
        clerk, fingerprint = world.clerk, thumbprint(pinned)
        if not clerk.healthy or any(world.transport(name).kind for name in ("clerk", "clerk_frontend")):
            return Tried("clerk-unreachable", "", fingerprint, is_outage=True)
        if not clerk.allows(origin):
            return Tried("origin_invalid", "", fingerprint)
        frontend = frontend_of(env.get(PUBLISHABLE_KEY, ""))
        key = {FRONTEND: clerk.keys[0], DEVELOPMENT_FRONTEND: SigningKey(DEVELOPMENT)}.get(frontend)
        if key is None:
            return Tried("publishable-key-invalid", "", fingerprint)
        now = world.times.now()
        if env.get(SECRET_KEY) != world.secret("CLERK_API_KEY"):
            return Tried("secret-key-invalid", "", fingerprint)
    token = key.session_token(frontend, origin, person("ada"), now)
    return Tried(complaint_of_token(token, pinned, ORIGINS, now), kid_of(token), fingerprint)


def auth_test(world: World, env: Mapping[str, str], fields: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Both ways to sign in, tried by the site itself; ``fields``: the test user's address and password, or nothing."""
    tried, lost = sign_in(world, env), world.sessions.serves("auth")
    supabase = "unavailable" if lost else "ok" if _is_test_user(world, fields) else "invalid_credentials"
    said = {
        "status": "failed" if tried.complaint or supabase != "ok" else "ok", "clerk": tried.complaint or "ok",
        "supabase_auth": supabase, "token_kid": tried.token_kid, "pinned_key": tried.pinned_key,
    }  # fmt: skip
    if said["status"] == "ok":
        return said, 200
    said["error"] = tried.complaint or f"supabase auth: {supabase}"
    return said, 503 if lost or tried.is_outage else 401


def script(env: Mapping[str, str]) -> str:
    """What loads Clerk into a page (Clerk docs, JavaScript quickstart)."""
    key = env.get(PUBLISHABLE_KEY, "")
    host = html.escape(frontend_of(key))
    return (
        f'<script async crossorigin=anonymous data-clerk-publishable-key="{html.escape(key)}"'
        f' src="https://{host}/npm/@clerk/clerk-js@5/dist/clerk.browser.js"></script>'
    )


def _is_test_user(world: World, fields: Mapping[str, str]) -> bool:
    """Whether these are the test user's; without any nobody is signed in, and nothing is wrong."""
    pairs = (("email", "AUTH_TEST_USER"), ("password", "AUTH_TEST_PASSWORD"))
    return not fields or all(
        hmac.compare_digest(fields.get(name, "").encode(), world.secret(secret).encode()) for name, secret in pairs
    )
