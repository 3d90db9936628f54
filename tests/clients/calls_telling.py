"""The calls of the systems that carry our messages."""

from __future__ import annotations

from calls import SECRET, Call
from runbook.clients.pagerduty import OnCall, Page
from runbook.clients.slack import Channel, Posted, Workspace

TAKEN = {"status": "success", "message": "Event processed", "dedup_key": "INC-1"}

CALLS = {
    "pagerduty.on_calls": Call(
        "pagerduty", lambda s: s.pagerduty.on_calls("PPOLICY"), "GET /oncalls",
        {"oncalls": [
            {"escalation_level": 2, "user": {"id": "P2", "summary": "Jonas"}, "schedule": None, "start": None, "end": None},
            {"escalation_level": 1, "user": {"id": "P1", "summary": "Mira", "email": SECRET}, "end": "2026-01-05T09:00:00Z",
             "schedule": {"id": "S", "summary": "Nights"}, "escalation_policy": {"id": "PPOLICY"}}],
         "limit": 100, "offset": 0, "more": False},
        [OnCall(1, "Mira", "Nights", "2026-01-05T09:00:00Z"), OnCall(2, "Jonas", "", "")],
        {"escalation_policy_ids[]": "PPOLICY", "earliest": "true", "limit": "100"},
    ),
    "pagerduty.pages": Call(
        "pagerduty", lambda s: s.pagerduty.pages("INC-1"), "GET /incidents",
        {"incidents": [{"id": "Q1", "status": "triggered", "title": "Site down", "html_url": "https://a.pagerduty.com/Q1",
                        "incident_key": "INC-1"}], "more": False},
        [Page("Q1", "triggered", "Site down", "https://a.pagerduty.com/Q1")], {"incident_key": "INC-1"},
    ),
    "pagerduty_events.trigger": Call(
        "pagerduty_events",
        lambda s: s.pagerduty_events.trigger("INC-1", "Site\ndown", source="agency.test", link="https://r.test/1"),
        "POST /v2/enqueue", TAKEN, None, status=202, is_keyed=True,
        body={"routing_key": "R0TEST", "event_action": "trigger", "dedup_key": "INC-1", "client": "runbook",
              "links": [{"href": "https://r.test/1", "text": "runbook"}],
              "payload": {"summary": "Site down", "source": "agency.test", "severity": "critical", "custom_details": {}}},
    ),
    "pagerduty_events.acknowledge": Call(
        "pagerduty_events", lambda s: s.pagerduty_events.acknowledge("INC-1"), "POST /v2/enqueue", TAKEN, None,
        status=202, is_keyed=True, body={"routing_key": "R0TEST", "event_action": "acknowledge", "dedup_key": "INC-1"},
    ),
    "pagerduty_events.resolve": Call(
        "pagerduty_events", lambda s: s.pagerduty_events.resolve("INC-1"), "POST /v2/enqueue", TAKEN, None,
        status=202, is_keyed=True, body={"routing_key": "R0TEST", "event_action": "resolve", "dedup_key": "INC-1"},
    ),
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
