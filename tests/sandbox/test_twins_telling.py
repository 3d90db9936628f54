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
