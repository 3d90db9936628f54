"""The channels: Slack, PagerDuty, our status page, mail. Nothing is said in any of them."""

from __future__ import annotations

from runbook.adoption.desk import Desk
from runbook.clients import choices
from runbook.clients.pagerduty import PagerDuty
from runbook.clients.slack import Slack
from runbook.clients.statuspage import Statuspage
from runbook.mail import Mail


def slack(desk: Desk) -> None:
    """The workspace is the token's own; the channel is chosen."""
    url = desk.address("slack", "url", "https://slack.com/api")

    def reached(token: str) -> tuple[str, str, list[choices.Choice]]:
        client = desk.opened(Slack(url, token, times=desk.times))
        workspace = client.workspace()
        return workspace.team_id, workspace.team, choices.slack_channels(client.door)

    found = desk.secret_that("SLACK_BOT_TOKEN", "Slack is left out", reached)
    if found is None:
        return
    team, name, channels = found
    desk.say(f"  {team} {name}")
    desk.profile["slack"] = {
        "url": url, "team_id": team, "channel_id": desk.choose("channel of incidents", channels),
        "status_url": desk.address("slack", "status_url", "https://slack-status.com"),
    }  # fmt: skip


def pagerduty(desk: Desk) -> None:
    """The policy that says who is on call, and the key that pages them."""
    url = desk.address("pagerduty", "url", "https://api.pagerduty.com", asks=True)
    found = desk.secret_that("PAGERDUTY_API_KEY", "PagerDuty is left out", lambda token: choices.pagerduty_policies(
        desk.opened(PagerDuty(url, token, times=desk.times)).door))  # fmt: skip
    if found is None:
        return
    desk.profile["pagerduty"] = {
        "url": url, "events_url": desk.address("pagerduty", "events_url", url.replace("api.", "events.", 1)),
        "escalation_policy_id": desk.choose("escalation policy", found),
    }  # fmt: skip
    desk.secret("PAGERDUTY_ROUTING_KEY", "nobody can be paged")


def statuspage(desk: Desk) -> None:
    """The page that customers read."""
    url = desk.address("statuspage", "url", "https://api.statuspage.io/v1")
    found = desk.secret_that("STATUSPAGE_API_KEY", "Statuspage is left out", lambda token: choices.statuspage_pages(
        desk.opened(Statuspage(url, token, "none", times=desk.times)).door))  # fmt: skip
    if found is not None:
        desk.profile["statuspage"] = {"url": url, "page_id": desk.choose("page", found)}


def mail(desk: Desk) -> None:
    """The server, which lets us in, and the sender."""

    def reached(url: str) -> bool:
        Mail(url, "").log_in()
        return True

    if desk.secret_that("SMTP_URL", "mail is left out", reached):
        desk.profile["mail"] = {"variable": "SMTP_URL", "sender": desk.line("sender's address")}
