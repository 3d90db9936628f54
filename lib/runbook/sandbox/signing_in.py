"""Who can sign in, in this world: Clerk's instance with its keys, users and sessions. Part of the world's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from runbook.sandbox.seeds import DOMAINS, token
from runbook.sandbox.session_tokens import SigningKey, publishable_key

INSTANCE = "ins_2agencysandbox000000000000"
DEVELOPMENT = "ins_2agencydevelopment00000000"  # the same application's other instance
APPLICATION = "Agency"
FRONTEND = f"clerk.{DOMAINS[0]}"
DEVELOPMENT_FRONTEND = "calm-otter-42.clerk.accounts.dev"
JWT_KEY, SECRET_KEY, PUBLISHABLE_KEY = "CLERK_JWT_KEY", "CLERK_SECRET_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"
DAYS_OF_CUSTOMERS = 60  # before that nobody had signed in


@dataclass(slots=True)
class ClerkUser:
    """One user of the customer portal."""

    uid: str
    email: str
    created: datetime
    last_sign_in: datetime
    banned: bool = False
    locked: bool = False


@dataclass(slots=True)
class ClerkSession:
    """One session of a user, on one device."""

    uid: str
    user: str
    created: datetime
    last_active: datetime
    browser: str = "Firefox"
    device: str = "desktop"
    country: str = "DE"
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Connection:
    """A customer's own sign-in."""

    uid: str
    name: str
    provider: str
    active: bool = True


@dataclass(slots=True)
class ClerkState:
    """One instance. Beside the users that it names, one customer signs in every minute, until ``nobody_since``."""

    now: datetime
    instance_id: str = INSTANCE
    environment_type: str = "production"
    healthy: bool = True
    in_maintenance: bool = False
    allowed_origins: list[str] = field(default_factory=lambda: [f"https://{domain}" for domain in DOMAINS])
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey(INSTANCE)])
    known_to_supabase: list[SigningKey] | None = None  # the keys that Supabase last fetched; None: these
    connections: list[Connection] = field(default_factory=lambda: [
        Connection("entc_bigcustomer", "Big Customer", "saml_okta"),
    ])  # fmt: skip
    nobody_since: datetime | None = None
    users: dict[str, ClerkUser] = field(init=False)
    sessions: dict[str, ClerkSession] = field(init=False)

    def __post_init__(self) -> None:
        people = ("ada", "bo", "cleo")
        ago = {name: self.now - timedelta(hours=5 * number + 3) for number, name in enumerate(people)}
        made = self.now - timedelta(days=200)
        found = [ClerkUser(_uid("user", name), f"{name}@customer.test", made, ago[name]) for name in people]
        self.users = {one.uid: one for one in found}
        self.sessions = {}
        for number, one in enumerate(found):
            for device in ("desktop", "mobile")[: 1 + number % 2]:
                self.sign_in(one.uid, one.last_sign_in, device=device)

    def sign_in(self, user: str, at: datetime, *, device: str = "desktop") -> ClerkSession:
        """A new session of a user."""
        session = ClerkSession(_uid("sess", f"{user} {at} {len(self.sessions)}"), user, at, at, device=device)
        self.sessions[session.uid] = session
        self.users[user].last_sign_in = max(at, self.users[user].last_sign_in)
        return session

    def signed_in(self, after: datetime, before: datetime, now: datetime) -> int:
        """Users whose last sign-in is between two moments."""
        first = max(after, self.now - timedelta(days=DAYS_OF_CUSTOMERS))
        last = min(before, self.nobody_since or now, now)
        crowd = max(0, int(last.timestamp() // 60) - int(first.timestamp() // 60))
        return crowd + sum(after < one.last_sign_in < before for one in self.users.values())

    def allows(self, origin: str) -> bool:
        """Whether a browser may sign in from this origin."""
        return not self.allowed_origins or origin in self.allowed_origins


def person(name: str) -> str:
    """The id of one of the users that every world has."""
    return _uid("user", name)


def variables(secret_key: str) -> dict[str, str]:
    """What the site's builds need to sign people in."""
    return {JWT_KEY: SigningKey(INSTANCE).pem, SECRET_KEY: secret_key, PUBLISHABLE_KEY: publishable_key(FRONTEND)}


def _uid(kind: str, name: str) -> str:
    return f"{kind}_{token(f'clerk {kind} {name}', 27)}"
