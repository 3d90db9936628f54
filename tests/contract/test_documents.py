"""Every vendor's document can be judged by, with its own habits: forms in brackets, version headers, Swagger 2, own tokens.

One call each that is right, and the same with one thing wrong.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vendor_contract.documents import FORM
from vendor_contract.judging import Exchange, judge_answer, judge_request

pytestmark = pytest.mark.documents
BEARER = {"authorization": "Bearer x"}
PAGER = {"authorization": "Token token=x", "accept": "application/vnd.pagerduty+json;version=2"}
EVENT = {"routing_key": "r" * 32, "event_action": "trigger", "dedup_key": "d",
         "payload": {"summary": "down", "source": "runbook", "severity": "critical"}}  # fmt: skip
INCIDENT = {"incident": {"name": "Bookings fail", "status": "investigating", "deliver_notifications": False}}


def asked(method: str, url: str, headers: dict[str, str], body: Any = b"") -> Exchange:
    kind = {} if body == b"" else {"content-type": FORM if isinstance(body, bytes) else "application/json"}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = tuple({**headers, **kind}.items())
    return Exchange("", "by hand", "", method, f"http://127.0.0.1:1{url}", given, sent, 200, (), b"")


CALLS = {
    "calcom": (
        asked("GET", "/v2/bookings?afterUpdatedAt=2026-01-01T00:00:00Z&take=100", {**BEARER, "cal-api-version": "2024-08-13"}),
        asked("GET", "/v2/bookings?afterUpdatedAt=2026-01-01T00:00:00Z&take=100", BEARER),
        "header cal-api-version",
    ),
    "clerk": (
        asked("GET", "/v1/users?user_id=a&user_id=b&order_by=-created_at&limit=10", BEARER),
        asked("GET", "/v1/users?user_ids=a", BEARER),
        "query user_ids",
    ),
    "clerk-fapi": (
        asked("GET", "/v1/environment", {}), asked("GET", "/v1/enviroment", {}), "operation",
    ),
    "pagerduty-events": (
        asked("POST", "/v2/enqueue", {}, EVENT),
        asked("POST", "/v2/enqueue", {}, {**EVENT, "event_action": "page"}),
        "body event_action",
    ),
    "pagerduty-rest": (
        asked("GET", "/oncalls?escalation_policy_ids[]=P1&earliest=true", PAGER),
        asked("GET", "/oncalls?escalation_policy_ids[]=P1&earliest=perhaps", PAGER),
        "query earliest",
    ),
    "sentry": (
        asked("GET", "/api/0/organizations/acme/events/?field=count()&field=title&statsPeriod=1h&dataset=errors", BEARER),
        asked("GET", "/api/0/organizations/acme/events/?field=count()&period=1h&dataset=errors", BEARER),
        "query period",
    ),
    "slack": (
        asked("POST", "/api/chat.postMessage", BEARER, {"channel": "C1", "text": "x", "unfurl_links": False}),
        asked("POST", "/api/chat.postMessage", BEARER, {"channel": "C1", "text": "x", "unfurl": False}),
        "body unfurl",
    ),
    "statuspage": (
        asked("POST", "/v1/pages/p1/incidents", {"authorization": "OAuth x"}, INCIDENT),
        asked("POST", "/v1/pages/p1/incidents", {"authorization": "OAuth x"}, {"incident": {"name": 1}}),
        "body incident.name",
    ),
    "stripe": (
        asked("POST", "/v1/webhook_endpoints/we_1", BEARER, b"disabled=false&enabled_events[]=charge.failed&metadata[run]=r"),
        asked("POST", "/v1/webhook_endpoints/we_1", BEARER, b"disabled=false&enabled_event[]=charge.failed"),
        "body enabled_event",
    ),
    "tinybird": (
        asked("GET", "/v0/sql?q=SELECT%201%20FORMAT%20JSON", BEARER),
        asked("GET", "/v0/sql?query=SELECT%201", BEARER),
        "query query",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_judged_by_its_document(name: str, documents: Any) -> None:
    right, wrong, place = CALLS[name]
    document = documents.named(f"{name}.openapi.json")
    assert judge_request([document], right) == []
    assert place in {one.place for one in judge_request([document], wrong)}


def test_stripe_filters_in_brackets_are_numbers_and_lists(documents: Any) -> None:
    stripe = documents.named("stripe.openapi.json")
    url = "/v1/events?types[]=charge.failed&types[]=charge.refunded&delivery_success=false&created[gte]=1700000000"
    assert judge_request([stripe], asked("GET", url, BEARER)) == []
    wrong = judge_request([stripe], asked("GET", "/v1/events?created[since]=1700000000&limit=all", BEARER))
    assert {one.place for one in wrong} == {"query created since", "query limit"}


def test_a_refusal_of_slack_comes_with_status_200_and_one_of_its_words(documents: Any) -> None:
    slack = documents.named("slack.openapi.json")
    for word, wrong in (("channel_not_found", False), ("chanel_not_found", True)):
        refused = json.dumps({"ok": False, "error": word}).encode()
        exchange = asked("GET", "/api/conversations.info?channel=C1", BEARER)
        answered = replace(exchange, answer=refused, answer_headers=(("content-type", "application/json"),))
        assert bool(judge_answer([slack], answered)) is wrong


def test_every_document_of_the_folder_can_be_read(documents: Any) -> None:
    names = [path.name for path in sorted(Path(documents.folder).glob("*.openapi.*"))]
    assert len(names) >= len(CALLS)
    for name in names:
        document = documents.named(name)
        assert document.app.spec.exists() and document.content["openapi"].startswith("3.0"), name
