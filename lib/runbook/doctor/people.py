"""Who is called: PagerDuty's schedule, or a file of contacts that only its owner can read and that is never in git."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runbook.doctor.frame import Item, ok
from runbook.model import Status
from runbook.policy import Policy
from runbook.profile import Profile
from runbook.settings import read_yaml

CONTACTS = "contacts.yaml"
# What people write when they mean to come back: the Markdown runbook's own numbers are of this kind.
PLACEHOLDER = re.compile(
    r"(?i)x{3,}|example\.(com|org|net)|\bto ?do\b|\btbd\b|555[-. ]?\d{4}|\[.*\]|<.*>|123[-. ]?4567|changeme"
)


def look(root: Path, profile: Profile, policy: Policy) -> Iterator[Item]:
    """Every role of the escalation matrix has somebody who can be reached."""
    path = root / CONTACTS
    if not path.exists():
        if profile.pagerduty is None:
            yield Item("contacts", Status.CRITICAL, f"there is neither PagerDuty nor {CONTACTS}: nobody can be called",
                       f"write {CONTACTS} in the checkout, chmod 600: a line `role: name, number` for each role")  # fmt: skip
        else:
            yield ok("contacts", "people come from PagerDuty's schedule")
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Item("contacts", Status.CRITICAL, f"{CONTACTS} can be read by others", f"chmod 600 {CONTACTS}")
    yield from _roles(read_yaml(path), policy)


def _roles(contacts: Mapping[str, Any], policy: Policy) -> Iterator[Item]:
    """Roles only are named: who it is stays in the file."""
    roles = sorted({role for row in policy.issue_types.values() for role in (row.primary, row.backup)})
    for role in roles:
        said = contacts.get(role)
        words = said if isinstance(said, str) else ""
        if not words.strip():
            yield Item(
                f"contact {role}", Status.CRITICAL, "nobody stands there", f"add `{role}: name, number` to {CONTACTS}"
            )
        elif PLACEHOLDER.search(words) or not re.search(r"\d{5}|@", re.sub(r"[\s().-]", "", words)):
            yield Item(f"contact {role}", Status.CRITICAL, "is a placeholder, or has neither number nor address",
                       f"write the real one into {CONTACTS}")  # fmt: skip
        else:
            yield ok(f"contact {role}", "has a name and a way to reach them")
