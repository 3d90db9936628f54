"""What the vendors know of our tokens: until when they hold, and what they may do. A healthy world gives each just enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runbook.sandbox.seeds import TEAM

# What each vendor's token needs for the procedures, and no more.
SLACK_SCOPES = ("chat:write", "channels:read")
SENTRY_SCOPES = ("event:read", "org:read", "project:read")


@dataclass(slots=True)
class TokenState:
    """The facts that vendors tell of a token. ``vercel_teams`` empty: it may do all that its owner may."""

    vercel_until: datetime | None = None  # None: a year, less the month that it is old
    vercel_teams: tuple[str, ...] = (TEAM,)
    launchdarkly_role: str = "writer"
    launchdarkly_usage: bool = True  # whether the plan has the account's usage
    slack_scopes: tuple[str, ...] = SLACK_SCOPES
    sentry_scopes: tuple[str, ...] = SENTRY_SCOPES
    other_projects: tuple[str, ...] = ()  # names of projects that Supabase's token sees beside ours
