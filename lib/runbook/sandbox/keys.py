"""Which keys open the vendors' doors: for each secret one at first, two while a new one takes a leaked one's place."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PREFIX = 5  # letters of a project's key that Supabase shows behind its kind: sb_secret_efQ1g (field)
OLD = timedelta(days=30)


@dataclass(slots=True)
class Key:
    """One key at its vendor. ``account``: that of somebody else, where it is not ours."""

    secret: str
    value: str = field(repr=False)
    made: datetime
    account: str = ""

    @property
    def uid(self) -> str:
        """Its id at the vendor: it tells nothing of the value."""
        return hashlib.sha256(f"key {self.value}".encode()).hexdigest()[:24]

    @property
    def prefix(self) -> str:
        """Its first letters, as Supabase shows them."""
        kind = self.value[: self.value.rindex("_", 0, 16) + 1] if "_" in self.value[:16] else ""
        return self.value[: len(kind) + PREFIX]


@dataclass(frozen=True, slots=True)
class Use:
    """One request that came with a key of the project, as the gateway's log has it."""

    at: datetime
    method: str
    path: str
    status: int
    prefix: str
    agent: str
    address: str
    country: str


class Keys:
    """The keys that are alive, and how those of the project were used."""

    def __init__(self, secrets: Mapping[str, str], now: datetime) -> None:
        self.alive = [Key(name, value, now - OLD) for name, value in secrets.items()]
        self.uses: list[Use] = []

    def find(self, secret: str, given: str) -> Key | None:
        """The key of one secret that has this value."""
        return next((one for one in self.alive if one.secret == secret and hmac.compare_digest(
            one.value.encode(), given.encode())), None)  # fmt: skip

    def of(self, secret: str) -> list[Key]:
        """The keys of one secret, newest first."""
        return sorted((one for one in self.alive if one.secret == secret), key=lambda one: one.made, reverse=True)

    def add(self, secret: str, value: str, now: datetime, account: str = "") -> None:
        """A new key beside those that are there."""
        self.alive.append(Key(secret, value, now, account))

    def end(self, secret: str, uid: str) -> bool:
        """End one by its id; False when there is none."""
        left = [one for one in self.alive if (one.secret, one.uid) != (secret, uid)]
        ended = len(left) < len(self.alive)
        self.alive = left
        return ended
