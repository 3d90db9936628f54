"""Can we be heard? Every channel of an incident, without saying anything in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runbook.doctor.frame import Item, Question, ok
from runbook.doctor.secrets import made_at
from runbook.model import Status
from runbook.systems import Systems

ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")  # PagerDuty, Events API v2: "a 32 character integration key"


def questions(systems: Systems) -> Iterator[Question]:
    """The channels that the profile names."""
    profile = systems.profile
    if profile.slack is not None:
        yield Question("channel slack", lambda: [slack(systems)], "mend channel_id in the profile's slack part")
    if profile.statuspage is not None:
        yield Question("channel statuspage", lambda: [statuspage(systems)], made_at("STATUSPAGE_API_KEY"))
    if profile.mail is not None:
        yield Question("channel mail", lambda: [mail(systems)], f"mend {profile.mail.variable}", is_ours=True)
    if profile.pagerduty is not None:
        yield Question("channel pagerduty", lambda: [pagerduty(systems)], made_at("PAGERDUTY_API_KEY"))


def slack(systems: Systems) -> Item:
    """The channel of incidents: there, not archived, and the bot is in it."""
    target = systems.profile.slack
    assert target is not None
    found = systems.slack.channel(target.channel_id)
    if found.is_archived:
        return Item(
            "channel slack", Status.CRITICAL, f"#{found.name} is archived", "name another channel in the profile"
        )
    if not found.is_member:
        return Item(
            "channel slack", Status.CRITICAL, f"the bot is not in #{found.name}", f"in #{found.name}: /invite the bot"
        )
    return ok("channel slack", f"#{found.name}, the bot is in it")


def statuspage(systems: Systems) -> Item:
    """Our status page has components to speak of."""
    components = systems.statuspage.components()
    if not components:
        return Item(
            "channel statuspage", Status.WARNING, "the page has no component", "add what customers know by name"
        )
    return ok("channel statuspage", f"{len(components)} components")


def mail(systems: Systems) -> Item:
    """The mail server lets us in."""
    systems.mail.log_in()
    target = systems.profile.mail
    if target is not None and not target.sender:
        return Item("channel mail", Status.CRITICAL, "the profile names no sender", "add mail.sender to the profile")
    return ok("channel mail", "the server lets us in; nothing was sent")


def pagerduty(systems: Systems) -> Item:
    """Somebody is on call now. Whether the routing key pages them is proven by a page only, and none is sent here."""
    target = systems.profile.pagerduty
    assert target is not None
    on_call = systems.pagerduty.on_calls(target.escalation_policy_id)
    if not on_call:
        return Item("channel pagerduty", Status.CRITICAL, f"nobody is on call for {target.escalation_policy_id}",
                    "fill the schedule in PagerDuty")  # fmt: skip
    levels = sorted({one.level for one in on_call})
    if len(levels) == 1:
        return Item("channel pagerduty", Status.WARNING, "somebody is on call, with nobody behind them",
                    "add a second level to the escalation policy")  # fmt: skip
    return ok("channel pagerduty", f"on call on {len(levels)} levels; no page was sent")


def routing_key(systems: Systems, key: str | None) -> Iterator[Item]:
    """A key of another form pages nobody, and nobody hears of it."""
    if systems.profile.pagerduty is not None and key is not None and not ROUTING_KEY.fullmatch(key):
        yield Item("channel pagerduty events", Status.CRITICAL, "PAGERDUTY_ROUTING_KEY is no integration key of 32 characters",
                   made_at("PAGERDUTY_ROUTING_KEY"))  # fmt: skip
