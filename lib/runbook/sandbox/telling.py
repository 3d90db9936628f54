"""What the systems that carry our messages hold: Slack's channels, PagerDuty's incidents, our status page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Any

SLACK_TEAM = "T0SANDBOX0"
SLACK_BOT = "U0RUNBOOK0"
PAGERDUTY_POLICY = "PINCIDENT"
STATUSPAGE = "agencypage01"


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``thread_ts`` is that of the message it answers."""

    channel: str
    ts: str
    text: str
    thread_ts: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the workspace."""

    uid: str
    name: str
    is_member: bool = True
    is_archived: bool = False


@dataclass(slots=True)
class SlackState:
    """A workspace with a channel for incidents, one that the bot was never invited to, and an archived one."""

    channels: dict[str, Channel] = field(default_factory=lambda: {
        one.uid: one for one in (
            Channel("C0INCIDENTS", "incidents"), Channel("C0LEADERS00", "leadership", is_member=False),
            Channel("C0OLDTEAM00", "old-incidents", is_archived=True),
        )
    })  # fmt: skip
    messages: list[Message] = field(default_factory=list)

    def post(self, channel: str, text: str, thread_ts: str, now: datetime) -> Message:
        """Keep a message; no two of a channel have the same ``ts``."""
        micros = int(now.timestamp() * 1_000_000)
        if self.messages:
            micros = max(micros, int(self.messages[-1].ts.replace(".", "")) + 1)
        message = Message(channel, f"{micros // 1_000_000}.{micros % 1_000_000:06d}", text, thread_ts)
        self.messages.append(message)
        return message


@dataclass(slots=True)
class Paged:
    """An incident at PagerDuty that came of one dedup key."""

    uid: str
    key: str
    title: str
    created: datetime
    status: str = "triggered"
    alerts: int = 1


@dataclass(slots=True)
class PagerDutyState:
    """What was paged, and who is on call at which level of the one escalation policy."""

    on_call: list[tuple[int, str]] = field(default_factory=lambda: [(1, "mira"), (2, "jonas")])
    pages: list[Paged] = field(default_factory=list)

    def open_page(self, key: str) -> Paged | None:
        """The incident of a key that is not resolved yet: a second event under its key belongs to it."""
        return next((one for one in self.pages if one.key == key and one.status != "resolved"), None)


@dataclass(slots=True)
class NoticeState:
    """An incident on our own status page."""

    uid: str
    created: datetime
    updated: datetime
    fields: dict[str, Json]
    words: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, status, body


@dataclass(slots=True)
class StatuspageState:
    """Our own status page. ``mailed`` counts the mails to all subscribers: nothing brings one back."""

    components: dict[str, tuple[str, str]] = field(default_factory=lambda: {
        "cmpwebsite01": ("Website", "operational"), "cmpportal001": ("Customer portal", "operational"),
        "cmpbookings1": ("Bookings", "operational"), "cmppayments1": ("Payments", "operational"),
    })  # fmt: skip
    notices: list[NoticeState] = field(default_factory=list)
    mailed: int = 0
