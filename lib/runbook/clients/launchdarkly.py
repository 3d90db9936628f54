"""LaunchDarkly's REST API: the token is the whole Authorization value, and the version is always said.

``after`` of the audit log is epoch milliseconds: an ISO date is taken and silently not applied (apidocs.launchdarkly.com).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, moment, needed, shape, text, whole
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

API_VERSION = "20240415"
LIMIT = 20  # the most that the audit log gives at once


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One entry of the audit log."""

    at: str
    who: str
    flag: str
    what: str
    comment: str


class LaunchDarkly:
    """One environment of one project."""

    def __init__(
        self, url: str, token: str, project_key: str, environment_key: str, *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.door = HttpDoor(
            url, system="launchdarkly", times=times, transport=transport,
            headers={"Authorization": token, "LD-API-Version": API_VERSION},
        )  # fmt: skip
        self.project_key = project_key
        self.environment_key = environment_key

    def flag_changes(self, after_ms: int) -> list[FlagChange]:
        """Flags of this environment that changed since a moment (epoch milliseconds), newest first, at most 20."""
        spec = f"proj/{self.project_key}:env/{self.environment_key}:flag/*"
        data = self.door.read("/api/v2/auditlog", {"after": after_ms, "spec": spec, "limit": LIMIT}).data
        (rows,) = fields(data, "launchdarkly", "audit log", "items")
        with shape("launchdarkly", "audit log"):
            return [_change(row) for row in items(rows, "launchdarkly", "audit log")]

    def environment(self) -> str:
        """The key of the environment as the vendor knows it; the answer's SDK keys are not read."""
        path = f"/api/v2/projects/{self.project_key}/environments/{self.environment_key}"
        data = self.door.read(path).data
        fields(data, "launchdarkly", "environment")
        with shape("launchdarkly", "environment"):
            return needed(data, "key")


def _change(row: dict[str, Json]) -> FlagChange:
    member = inner(row, "member")
    who = text(member, "email") or " ".join(filter(None, (text(member, "firstName"), text(member, "lastName"))))
    what = text(row, "titleVerb") or text(row, "shortDescription")
    return FlagChange(moment(whole(row, "date")), who, text(row, "name"), what, text(row, "comment"))
