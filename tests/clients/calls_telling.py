"""The calls of the systems that carry our messages."""

from __future__ import annotations

from calls import Call
from runbook.clients.slack import Channel, Posted, Workspace

CALLS = {
    "slack.workspace": Call(
        "slack", lambda s: s.slack.workspace(), "GET /api/auth.test",
        {"ok": True, "url": "https://agency.slack.com/", "team": "Agency", "user": "runbook", "team_id": "T0TEST",
         "user_id": "U0", "bot_id": "B0"},
        Workspace("T0TEST", "Agency", "runbook"),
    ),
    "slack.channel": Call(
        "slack", lambda s: s.slack.channel("C0INCIDENTS"), "GET /api/conversations.info",
        {"ok": True, "channel": {"id": "C0INCIDENTS", "name": "incidents", "is_archived": False, "is_member": True,
                                 "topic": {"value": "x"}}},
        Channel("C0INCIDENTS", "incidents", False, True), {"channel": "C0INCIDENTS"},
    ),
    "slack.post": Call(
        "slack", lambda s: s.slack.post("C0INCIDENTS", "It is back", thread_ts="1767582000.000100"),
        "POST /api/chat.postMessage",
        {"ok": True, "channel": "C0INCIDENTS", "ts": "1767582001.000200", "message": {"text": "It is back"}},
        Posted("C0INCIDENTS", "1767582001.000200"), is_change=True,
        body={"channel": "C0INCIDENTS", "text": "It is back", "unfurl_links": False, "thread_ts": "1767582000.000100"},
    ),
}  # fmt: skip
