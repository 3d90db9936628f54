"""Faults of what we have in hand, and of who is there: tokens that may do too much or soon end, nobody on call, no backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from runbook.sandbox.telling import Channel

if TYPE_CHECKING:
    from runbook.sandbox.world import World


def tokens_may_too_much(world: World) -> None:
    """Whoever made the tokens took the widest that each vendor offers."""
    with world.lock:
        world.tokens.vercel_teams = ()
        world.tokens.launchdarkly_role = "admin"
        world.tokens.slack_scopes = (*world.tokens.slack_scopes, "files:write", "admin.users:write")
        world.tokens.sentry_scopes = (*world.tokens.sentry_scopes, "org:admin", "project:write")
        world.tokens.other_projects = ("payroll",)


def tokens_may_too_little(world: World, slack_scopes: Sequence[str] = ("channels:read",)) -> None:
    """A scope was forgotten: the token answers who it is, and what is needed tonight is refused."""
    with world.lock:
        world.tokens.slack_scopes = tuple(slack_scopes)
        world.tokens.sentry_scopes = ("org:read",)
        world.tokens.launchdarkly_role = "reader"


def token_ends_soon(world: World, days: int = 3) -> None:
    """The token was made with an end, and that is near."""
    with world.lock:
        world.tokens.vercel_until = world.times.now() + timedelta(days=days)


def nobody_on_call(world: World) -> None:
    """The escalation policy is there, and its schedule is empty."""
    with world.lock:
        world.pagerduty.on_call.clear()


def bot_not_invited(world: World) -> None:
    """The bot was removed from the channel of incidents."""
    with world.lock:
        world.slack.channels["C0INCIDENTS"] = Channel("C0INCIDENTS", "incidents", is_member=False)


def backups_stopped(world: World, days: int = 3) -> None:
    """The newest backups failed, and nobody noticed."""
    with world.lock:
        world.backups = [{**one, "status": "FAILED"} if at < days else one for at, one in enumerate(world.backups)]


def mail_server_gone(world: World) -> None:
    """Nothing listens any more where mail is handed in."""
    world.parts.mailbox.stop()
    world.on_repair(world.parts.mailbox.start)
