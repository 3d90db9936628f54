"""The twins that carry messages keep what they were told, and refuse what the vendors refuse."""

from __future__ import annotations

from typing import Any

import pytest


def slack(world: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('SLACK_BOT_TOKEN')}"}
    return world.ask("slack", method, path, body, headers={**ours, **headers})


def test_slack_posts_in_threads_and_no_two_messages_have_one_name(world: Any) -> None:
    before = len(world.changes())
    root = slack(world, "POST", "/chat.postMessage", {"channel": "C0INCIDENTS", "text": "SEV-1"}).body
    assert root["ok"] is True and root["message"]["text"] == "SEV-1" and "thread_ts" not in root["message"]
    reply = slack(
        world, "POST", "/chat.postMessage", {"channel": "#incidents", "text": "a", "thread_ts": root["ts"]}
    ).body
    assert (reply["channel"], reply["message"]["thread_ts"]) == ("C0INCIDENTS", root["ts"])
    assert reply["ts"] > root["ts"]
    assert [row["objects"] for row in world.changes(before)] == [
        [f"C0INCIDENTS:{root['ts']}"], [f"C0INCIDENTS:{reply['ts']}"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"channel": "C0NOWHERE0", "text": "x"}, "channel_not_found"),
        ({"channel": "C0LEADERS00", "text": "x"}, "not_in_channel"),
        ({"channel": "C0OLDTEAM00", "text": "x"}, "is_archived"),
        ({"channel": "C0INCIDENTS"}, "no_text"),
        ({"channel": "C0INCIDENTS", "text": "x", "colour": "red"}, "invalid_arg_name"),
        ([1], "json_not_object"),
        (b"{", "invalid_json"),
    ],
)
def test_slack_refuses_with_200_and_a_word(world: Any, body: Any, word: str) -> None:
    before = len(world.changes())
    answer = slack(world, "POST", "/chat.postMessage", body)
    assert (answer.status, answer.body) == (200, {"ok": False, "error": word})
    assert world.changes(before) == []


def test_slack_wants_a_bearer_and_says_how_the_token_is_wrong(world: Any) -> None:
    for headers, word in (({"Authorization": ""}, "not_authed"), ({"Authorization": "Bearer xoxb-no"}, "invalid_auth")):
        assert slack(world, "GET", "/auth.test", **headers).body == {"ok": False, "error": word}
    world.break_({"token_revoked": {"secret": "SLACK_BOT_TOKEN"}})
    assert slack(world, "GET", "/auth.test").body["error"] == "token_revoked"
    assert slack(world, "POST", "/files.upload", {}).body["error"] == "unknown_method"


def test_slack_limits_with_a_429_and_seconds(world: Any) -> None:
    body = {"channel": "C0INCIDENTS", "text": "x"}
    answers = [slack(world, "POST", "/chat.postMessage", body) for _ in range(30)]
    limited = next(one for one in answers if one.status == 429)
    assert limited.body == {"ok": False, "error": "ratelimited"} and 0 < int(limited.headers["retry-after"]) <= 11


def event(world: Any, action: str, key: str = "INC-1", **more: Any) -> Any:
    payload = {"summary": "Site down", "source": "agency.test", "severity": "critical"}
    body = {"routing_key": world.secret("PAGERDUTY_ROUTING_KEY"), "event_action": action, "dedup_key": key}
    return world.ask(
        "pagerduty_events", "POST", "/v2/enqueue", body | ({"payload": payload} if action == "trigger" else {}) | more
    )


def pages(world: Any, key: str = "INC-1") -> list[tuple[str, int]]:
    ours = {"Authorization": f"Token token={world.secret('PAGERDUTY_API_KEY')}"}
    rows = world.ask("pagerduty", "GET", f"/incidents?incident_key={key}", headers=ours).body["incidents"]
    return [(row["status"], row["alert_counts"]["all"]) for row in rows]


def test_pagerduty_pages_once_under_one_key_until_it_is_resolved(world: Any) -> None:
    before = len(world.changes())
    assert event(world, "trigger").body == {"status": "success", "message": "Event processed", "dedup_key": "INC-1"}
    assert event(world, "trigger").status == 202
    assert pages(world) == [("triggered", 2)]
    event(world, "acknowledge")
    assert pages(world) == [("acknowledged", 2)]
    event(world, "resolve")
    event(world, "resolve")
    event(world, "acknowledge", "INC-2")
    assert (pages(world), pages(world, "INC-2")) == ([("resolved", 2)], [])
    event(world, "trigger")
    assert pages(world) == [("triggered", 1), ("resolved", 2)]
    assert [row["objects"] for row in world.changes(before)] == [["INC-1"]] * 4


@pytest.mark.parametrize(
    "wrong",
    [{"routing_key": "short"}, {"routing_key": "x" * 32}, {"event_action": "page"}, {"dedup_key": "x" * 256},
     {"colour": "red"}, {"payload": {"summary": "x", "source": "y", "severity": "SEV-1"}},
     {"payload": {"summary": "x" * 1025, "source": "y", "severity": "info"}}, {"payload": None}],
)  # fmt: skip
def test_pagerduty_refuses_an_event_with_its_reason(world: Any, wrong: dict[str, Any]) -> None:
    before = len(world.changes())
    answer = event(world, "trigger", **wrong)
    assert (answer.status, answer.body["status"]) == (400, "invalid event") and answer.body["errors"][0]
    assert world.changes(before) == []


def test_pagerduty_wants_its_own_kind_of_authorization_and_its_key_only_reads(world: Any) -> None:
    key = world.secret("PAGERDUTY_API_KEY")
    for wrong in ("", f"Bearer {key}", f"Token {key}", "Token token=no"):
        assert world.ask("pagerduty", "GET", "/oncalls", headers={"Authorization": wrong}).status == 401
    ours = {"Authorization": f"Token token={key}"}
    answer = world.ask("pagerduty", "GET", "/oncalls?escalation_policy_ids[]=PINCIDENT", headers=ours)
    assert [row["escalation_level"] for row in answer.body["oncalls"]] == [1, 2]
    assert int(answer.headers["ratelimit-reset"]) <= 61
    assert world.ask("pagerduty", "GET", "/oncalls?escalation_policy_ids[]=PX", headers=ours).body["oncalls"] == []
    assert world.ask("pagerduty", "GET", "/oncalls?limit=500", headers=ours).status == 400
    assert world.ask("pagerduty", "POST", "/incidents", {}, headers=ours).status == 404


PAGE = "/pages/agencypage01"


def statuspage(world: Any, method: str, path: str, body: Any = None, word: str = "OAuth") -> Any:
    ours = {"Authorization": f"{word} {world.secret('STATUSPAGE_API_KEY')}"}
    return world.ask("statuspage", method, path, body, headers=ours)


def test_the_status_page_mails_everybody_unless_told_not_to(world: Any) -> None:
    before = len(world.changes())
    notice = {"name": "Portal is slow", "body": "We look", "components": {"cmpportal001": "partial_outage"}}
    quiet = statuspage(world, "POST", f"{PAGE}/incidents", {"incident": {**notice, "deliver_notifications": False}})
    loud = statuspage(world, "POST", f"{PAGE}/incidents", {"incident": notice})
    assert (quiet.status, quiet.body["impact"], loud.status) == (201, "major", 201)
    assert [row["objects"] for row in world.changes(before)] == [
        [quiet.body["id"]], [loud.body["id"], "every subscriber"],
    ]  # fmt: skip


def test_resolving_a_notice_leaves_its_components_as_they_are(world: Any) -> None:
    notice = {"name": "x", "components": {"cmpportal001": "major_outage"}, "deliver_notifications": False}
    uid = statuspage(world, "POST", f"{PAGE}/incidents", {"incident": notice}).body["id"]
    assert [one["id"] for one in statuspage(world, "GET", f"{PAGE}/incidents/unresolved").body] == [uid]
    over = {"incident": {"status": "resolved", "body": "Over", "deliver_notifications": False}}
    assert statuspage(world, "PATCH", f"{PAGE}/incidents/{uid}", over).body["resolved_at"]
    assert statuspage(world, "GET", f"{PAGE}/incidents/unresolved").body == []
    assert {one["id"]: one["status"] for one in statuspage(world, "GET", f"{PAGE}/components").body}[
        "cmpportal001"
    ] == ("major_outage")
    statuspage(world, "PATCH", f"{PAGE}/components/cmpportal001", {"component": {"status": "operational"}})
    assert {one["status"] for one in statuspage(world, "GET", f"{PAGE}/components").body} == {"operational"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"incident": {"name": ""}}, 422), ({"incident": {"name": "x", "status": "over"}}, 422), ({"name": "x"}, 400),
        ({"incident": {"name": "x", "colour": "red"}}, 400), ({"incident": {"name": "x", "components": {"c": "operational"}}}, 404),
        ({"incident": {"name": "x", "components": {"cmpportal001": "red"}}}, 422), ({"incident": {"name": "x" * 256}}, 422),
    ],
)  # fmt: skip
def test_the_status_page_refuses_what_is_not_right(world: Any, body: Any, status: int) -> None:
    before = len(world.changes())
    answer = statuspage(world, "POST", f"{PAGE}/incidents", body)
    assert (answer.status, set(answer.body)) == (status, {"message"})
    assert world.changes(before) == []


def test_the_status_page_wants_the_word_oauth_and_its_own_page(world: Any) -> None:
    assert statuspage(world, "GET", PAGE, word="Bearer").status == 401
    assert statuspage(world, "GET", "/pages/anotherpage1").status == 404
    assert statuspage(world, "GET", PAGE).body["id"] == "agencypage01"
