"""Slack refuses with 200 and ``ok: false``: what each word means, and that nothing of it passes for done."""

from __future__ import annotations

import pytest
from runbook.clients.slack import LONGEST_TEXT, escaped
from runbook.errors import Fault, SystemFault
from runbook.testing import Says, World

POST = "POST /api/chat.postMessage"


@pytest.mark.parametrize(
    ("word", "fault"),
    [("invalid_auth", Fault.AUTH), ("token_revoked", Fault.AUTH), ("missing_scope", Fault.PERMISSION),
     ("not_in_channel", Fault.PERMISSION), ("channel_not_found", Fault.NOT_FOUND), ("is_archived", Fault.REJECTED),
     ("ratelimited", Fault.RATE_LIMITED), ("fatal_error", Fault.DOWN), ("unknown_method", Fault.RETIRED),
     ("a_word_of_next_year", Fault.REJECTED)],
)  # fmt: skip
def test_a_refusal_inside_a_200_is_a_fault_by_its_word(word: str, fault: Fault) -> None:
    said = Says(200, {"ok": False, "error": word, "needed": "chat:write"}, {"x-slack-req-id": "req-7"})
    world = World(vendors={"slack": {POST: said}})
    with pytest.raises(SystemFault, match=f"{word}, it needs chat:write .request req-7.") as raised:
        world.systems.slack.post("C0INCIDENTS", "hello")
    assert (raised.value.fault, raised.value.request_id, len(world.vendors["slack"].asked)) == (fault, "req-7", 1)


def test_what_says_neither_yes_nor_no_is_unreadable() -> None:
    for ok in ("true", 1, None):
        world = World(vendors={"slack": {POST: {"ok": ok, "channel": "C", "ts": "1.2"}}})
        with pytest.raises(SystemFault) as raised:
            world.systems.slack.post("C", "hello")
        assert raised.value.fault is Fault.UNREADABLE


def test_text_from_systems_pings_nobody_and_links_nowhere() -> None:
    assert escaped("<!channel> a & b <https://evil.test|our site>") == (
        "&lt;!channel&gt; a &amp; b &lt;https://evil.test|our site&gt;"
    )


def test_a_message_that_is_too_long_is_cut_where_slack_would_cut_it() -> None:
    world = World(vendors={"slack": {POST: {"ok": True, "channel": "C", "ts": "1.2"}}})
    world.systems.slack.post("C", "x" * (LONGEST_TEXT + 1))
    assert len(world.vendors["slack"].asked[0].json["text"]) == LONGEST_TEXT
