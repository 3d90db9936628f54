"""The calls of the systems that carry our messages."""

from __future__ import annotations

from calls import SECRET, Call
from runbook.clients.pagerduty import OnCall, Page
from runbook.clients.slack import Channel, Posted, Workspace
from runbook.clients.statuspage import Notice, PageComponent

TAKEN = {"status": "success", "message": "Event processed", "dedup_key": "INC-1"}
NOTICE = {
    "id": "inc1", "name": "Portal is slow", "status": "investigating", "impact": "minor", "shortlink": "https://stspg.io/1",
    "metadata": {"runbook": {"incident": "INC-1"}}, "page_id": "page", "components": [], "incident_updates": [],
}  # fmt: skip
READ_NOTICE = Notice("inc1", "Portal is slow", "investigating", "minor", "https://stspg.io/1", "INC-1")
COMPONENT = {"id": "cmp1", "name": "Portal", "status": "operational", "group": False, "automation_email": SECRET}

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
        Workspace("T0TEST", "Agency", "runbook", ()),
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
    "statuspage.page": Call(
        "statuspage", lambda s: s.statuspage.page(), "GET /v1/pages/page", {"id": "page", "name": "Agency"}, "page",
    ),
    "statuspage.components": Call(
        "statuspage", lambda s: s.statuspage.components(), "GET /v1/pages/page/components",
        [COMPONENT, {"id": "g", "name": "Everything", "status": "operational", "group": True}],
        [PageComponent("cmp1", "Portal", "operational")], {"per_page": "100"}, may_be_empty=True,
    ),
    "statuspage.unresolved": Call(
        "statuspage", lambda s: s.statuspage.unresolved(), "GET /v1/pages/page/incidents/unresolved",
        [NOTICE, {"id": "inc2", "name": "By hand", "status": "identified", "metadata": {}}],
        [READ_NOTICE, Notice("inc2", "By hand", "identified", "", "", "")], may_be_empty=True,
    ),
    "statuspage.open_notice": Call(
        "statuspage",
        lambda s: s.statuspage.open_notice("INC-1", "Portal is slow", "We look", components={"cmp1": "degraded_performance"},
                                           notify=False),
        "POST /v1/pages/page/incidents", NOTICE, READ_NOTICE, status=201, is_change=True,
        body={"incident": {"name": "Portal is slow", "metadata": {"runbook": {"incident": "INC-1"}}, "body": "We look",
                           "status": "investigating", "deliver_notifications": False, "component_ids": ["cmp1"],
                           "components": {"cmp1": "degraded_performance"}}},
    ),
    "statuspage.update_notice": Call(
        "statuspage",
        lambda s: s.statuspage.update_notice("inc1", "Over", stage="resolved", components={"cmp1": "operational"}, notify=True),
        "PATCH /v1/pages/page/incidents/inc1", NOTICE | {"status": "resolved"},
        Notice("inc1", "Portal is slow", "resolved", "minor", "https://stspg.io/1", "INC-1"), is_change=True,
        body={"incident": {"status": "resolved", "body": "Over", "deliver_notifications": True, "component_ids": ["cmp1"],
                           "components": {"cmp1": "operational"}}},
    ),
    "statuspage.set_component": Call(
        "statuspage", lambda s: s.statuspage.set_component("cmp1", "major_outage"), "PATCH /v1/pages/page/components/cmp1",
        COMPONENT | {"status": "major_outage"}, PageComponent("cmp1", "Portal", "major_outage"), is_change=True,
        body={"component": {"status": "major_outage"}},
    ),
}  # fmt: skip
