"""What a token may choose from: projects, teams, channels. Asked when a profile is written; runs never do.

Each call takes a client's door, and the first page: whoever has more than that types the id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, items, needed, segment, shape, text
from runbook.model import Json

MOST = 100
SLACK_MOST = 1000  # docs: conversations.list; it may give fewer, and archived ones are left out by it, not by us


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: its id, and what people call it."""

    key: str
    name: str
    more: str = ""


def supabase_projects(door: HttpDoor) -> list[Choice]:
    """Every project of the token's account."""
    rows = door.read("/v1/projects").data
    return _choices(
        rows, "supabase", "projects", lambda row: Choice(needed(row, "ref"), text(row, "name"), text(row, "region"))
    )


def vercel_teams(door: HttpDoor) -> list[Choice]:
    """The teams that the token reaches."""
    (rows,) = fields(door.read("/v2/teams", {"limit": MOST}).data, "vercel", "teams", "teams")
    return _choices(
        rows, "vercel", "teams", lambda row: Choice(needed(row, "id"), text(row, "name") or text(row, "slug"))
    )


def vercel_projects(door: HttpDoor, team_id: str) -> list[Choice]:
    """The projects of one team."""
    (rows,) = fields(
        door.read("/v10/projects", {"teamId": team_id, "limit": MOST}).data, "vercel", "projects", "projects"
    )
    return _choices(rows, "vercel", "projects", lambda row: Choice(needed(row, "id"), text(row, "name")))


def vercel_domains(door: HttpDoor, team_id: str, project_id: str) -> list[Choice]:
    """The domains of one project that serve its production; those that only redirect are left out."""
    path = f"/v9/projects/{segment('vercel', project_id)}/domains"
    params = {"teamId": team_id, "production": "true", "redirects": "false", "limit": MOST}
    (rows,) = fields(door.read(path, params).data, "vercel", "domains", "domains")
    return _choices(rows, "vercel", "domains", lambda row: Choice(needed(row, "name"), text(row, "name")))


def launchdarkly_projects(door: HttpDoor) -> list[Choice]:
    """The projects of the account."""
    (rows,) = fields(door.read("/api/v2/projects", {"limit": MOST}).data, "launchdarkly", "projects", "items")
    return _choices(rows, "launchdarkly", "projects", lambda row: Choice(needed(row, "key"), text(row, "name")))


def launchdarkly_environments(door: HttpDoor, project_key: str) -> list[Choice]:
    """The environments of one project; the SDK keys in the answer are not read."""
    path = f"/api/v2/projects/{segment('launchdarkly', project_key)}/environments"
    (rows,) = fields(door.read(path, {"limit": MOST}).data, "launchdarkly", "environments", "items")
    return _choices(rows, "launchdarkly", "environments", lambda row: Choice(needed(row, "key"), text(row, "name")))


def sentry_projects(door: HttpDoor, organization: str) -> list[Choice]:
    """The projects of one organization."""
    path = f"/api/0/organizations/{segment('sentry', organization)}/projects/"
    rows = door.read(path, {"per_page": MOST}).data
    return _choices(
        rows, "sentry", "projects", lambda row: Choice(needed(row, "slug"), text(row, "name"), text(row, "platform"))
    )


def slack_channels(door: HttpDoor) -> list[Choice]:
    """The public channels that are in use; a private one is typed by its id."""
    params = {"types": "public_channel", "exclude_archived": "true", "limit": SLACK_MOST}
    data = door.read("/conversations.list", params).data
    ok, rows = fields(
        {"channels": [], **data} if isinstance(data, dict) else data, "slack", "channels", "ok", "channels"
    )
    found = _choices(rows, "slack", "channels", lambda row: Choice(needed(row, "id"), f"#{text(row, 'name')}"))
    return found if ok is True else []


def pagerduty_policies(door: HttpDoor) -> list[Choice]:
    """The account's escalation policies."""
    (rows,) = fields(
        door.read("/escalation_policies", {"limit": MOST}).data, "pagerduty", "policies", "escalation_policies"
    )
    return _choices(rows, "pagerduty", "policies", lambda row: Choice(needed(row, "id"), text(row, "name")))


def statuspage_pages(door: HttpDoor) -> list[Choice]:
    """The account's status pages."""
    rows = door.read("/pages").data
    return _choices(
        rows, "statuspage", "pages", lambda row: Choice(needed(row, "id"), text(row, "name"), text(row, "domain"))
    )


def _choices(rows: Json, system: str, what: str, read: Callable[[dict[str, Json]], Choice]) -> list[Choice]:
    with shape(system, what):
        return [read(row) for row in items(rows, system, what)]
