"""The secrets that the systems of a profile need: is each there, and is it of the right kind? Their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from runbook.doctor.frame import Item, ok
from runbook.known_secrets import KINDS, MADE_AT, NEEDED
from runbook.model import Status
from runbook.profile import Profile
from runbook.settings import Secrets


def secrets_of_profile(profile: Profile) -> list[tuple[str, str]]:
    """The part of the profile and the name of each secret that it needs."""
    parts = [(part, name) for part, names in NEEDED.items() if getattr(profile, part) is not None for name in names]
    if profile.database is not None:
        parts += [("database", profile.database.direct_variable), ("database", profile.database.pooler_variable)]
    parts += [("queue", profile.queue.variable)] if profile.queue is not None else []
    return parts + ([("mail", profile.mail.variable)] if profile.mail is not None else [])


def look(profile: Profile, secrets: Secrets) -> Iterator[Item]:
    """Each secret: missing, of another kind or mode, or there."""
    for part, name in secrets_of_profile(profile):
        yield _one(profile, part, name, secrets.get(name))


def made_at(name: str) -> str:
    """The next step for a secret that is missing or wrong."""
    place = MADE_AT.get(name, "")
    return f"set {name} in the environment or in .env" + (f"; it is made at {place}" if place else "")


def _one(profile: Profile, part: str, name: str, value: str | None) -> Item:
    item = f"secret {name}"
    if value is None:
        return Item(item, Status.CRITICAL, f"is not set; {part} needs it", made_at(name))
    if complaint := _complaint(profile, name, value):
        return Item(item, Status.CRITICAL, complaint, made_at(name))
    if name == "STRIPE_SECRET_KEY" and value.startswith("sk_"):
        return Item(
            item,
            Status.WARNING,
            "a secret key may do everything, money included",
            f"use a restricted key: {MADE_AT[name]}",
        )
    return ok(item, "is set")


def _complaint(profile: Profile, name: str, value: str) -> str:
    """What is wrong with a secret, told without any of it."""
    if value != value.strip() or not value.isprintable():
        return "has a space or a line break around or in it"
    pattern, says = KINDS.get(name, ("", ""))
    if not re.match(pattern, value):
        return says
    if name == "STRIPE_SECRET_KEY" and profile.stripe is not None:
        return _mode(value, ("sk", "rk"), profile.stripe.mode)
    if name == "CLERK_API_KEY" and not profile.sandbox:
        return _mode(value, ("sk",), "live")
    if name.endswith("_URL") and not urlsplit(value).hostname and "host=" not in value:
        return "is no address with a host in it"
    return ""


def _mode(value: str, kinds: tuple[str, ...], mode: str) -> str:
    found = re.match(rf"({'|'.join(kinds)})_(live|test)_", value)
    if found is None:
        return f"does not begin with {' or '.join(f'{kind}_{mode}_' for kind in kinds)}"
    return "" if found[2] == mode else f"is a {found[2]} key, this environment is {mode}"
