"""What the systems that carry our messages hold: Slack's channels. Part of the world's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

SLACK_TEAM = "T0SANDBOX0"
SLACK_BOT = "U0RUNBOOK0"


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
