"""The whole examination of one environment: what is written down, then everything that must be asked, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from runbook import policy as policies
from runbook.doctor import channels, here, migrations, named, people, recovery, rights, tokens, vendors
from runbook.doctor import secrets as needed
from runbook.doctor.frame import Item, ask_all, ok
from runbook.errors import SettingError
from runbook.model import Json, Status
from runbook.profile import TARGETS, Profile
from runbook.settings import Secrets, load_profile, load_secrets
from runbook.systems import Systems
from runbook.times import Times

READY, TO_FIX, COULD_NOT_TELL = 0, 4, 5  # the contract's exit codes
EXAMPLES = (
    "xxxx",
    "example.com",
    "abcdefghijklmnopqrst",
    "7000000000000000000",
    "PXXXXXX",
)  # of production.example.yaml


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. ``exit_code`` is the contract's: 0 ready, 4 something to fix, 5 could not tell."""

    environment: str
    items: tuple[Item, ...]

    @property
    def exit_code(self) -> int:
        """The worst that stands; a warning keeps nobody from acting."""
        found = {one.status for one in self.items}
        return TO_FIX if Status.CRITICAL in found else COULD_NOT_TELL if Status.UNKNOWN in found else READY

    def as_json(self) -> dict[str, Json]:
        """As in the contract."""
        items: list[Json] = [one.as_json() for one in self.items]
        return {"environment": self.environment, "ready": self.exit_code == READY, "items": items}


def examine(environment: str, root: Path, times: Times) -> Report:
    """Everything about one environment. SettingError (exit 2) when its profile cannot be read at all."""
    profile = load_profile(environment)
    try:
        secrets = load_secrets(profile)
    except SettingError as error:  # a .env that others can read, or a secret that is set twice
        said = Item("secrets", Status.CRITICAL, f"{error.where}: {error.what}; nothing else was asked", error.next_step)
        return Report(environment, (*settings(profile), said))
    systems = Systems(profile, secrets, policies.load(root), times)
    try:
        return Report(environment, tuple(look(systems, secrets, root)))
    finally:
        systems.close()


def look(systems: Systems, secrets: Secrets, root: Path) -> Iterator[Item]:
    """What is written down first, then what is asked; the clock last, by the answers that came."""
    profile = systems.profile
    yield from settings(profile)
    written = list(needed.look(profile, secrets))
    yield from written
    yield from channels.routing_key(systems, secrets.get("PAGERDUTY_ROUTING_KEY"))
    yield from people.look(root, profile, systems.policy)
    asked = ask_all(
        [
            *tokens.questions(systems),
            *rights.questions(systems),
            *migrations.questions(systems),
            *named.questions(systems),
            *channels.questions(systems),
            *recovery.questions(systems),
            *here.questions(systems),
            *vendors.questions(systems),
        ],
        systems.times,
    )
    # a secret that is not set was said once; that nobody could ask with it is no second thing to fix
    missing = [one.item.removeprefix("secret ") for one in written if one.status is Status.CRITICAL]
    yield from (one for one in asked if not any(one.summary == f"{name} is not set" for name in missing))
    yield here.clock(systems)


def settings(profile: Profile) -> Iterator[Item]:
    """The profile: which systems it names, and whether the example's values were left in it."""
    used = [part for part in TARGETS if getattr(profile, part) is not None]
    left = [f"{part}.{name}" for part in used for name, value in _values(getattr(profile, part)) if _is_example(value)]
    for place in left:
        yield Item(f"profile {place}", Status.CRITICAL, "still holds the example's value",
                   f"write yours into params/environments/{profile.name}.yaml")  # fmt: skip
    if not left:
        yield ok("profile", f"{len(used)} systems: {', '.join(used)}")


def _values(target: Any) -> Iterator[tuple[str, Any]]:
    assert is_dataclass(target)
    for one in fields(target):
        value = getattr(target, one.name)
        for each in value if isinstance(value, tuple) else (value,):
            yield one.name, each


def _is_example(value: Any) -> bool:
    return isinstance(value, str) and any(word in value for word in EXAMPLES)
