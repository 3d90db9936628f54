"""Slack's Web API: four methods. It refuses with HTTP 200 and ``ok: false``; only its rate limit is a 429."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from runbook.sandbox.seeds import token
from runbook.sandbox.telling import SLACK_BOT, SLACK_TEAM, Channel
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
# docs: rate limits; conversations.info is of tier 3, posting about one message a second and channel, in short bursts
TIER_3, BURST, BURST_SECONDS = 50, 10, 10.0
LONGEST_TEXT = 40_000
ARGUMENTS = {
    "channel", "text", "blocks", "attachments", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn",
    "parse", "link_names", "metadata", "username", "icon_emoji", "icon_url",
}  # fmt: skip


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise _no("not_authed")
    if not world.opens("SLACK_BOT_TOKEN", given):
        raise _no("token_revoked" if "SLACK_BOT_TOKEN" in world.revoked else "invalid_auth")


def _no(word: str) -> Refusal:
    return Refusal(200, word, code=word)


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"ok": False, "error": "ratelimited" if refusal.status == 429 else refusal.code}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    return {} if remaining else {"Retry-After": str(int(left) + 1)}


VENDOR = Vendor(
    "slack", _authorize, _error, Limit(TIER_3, 60.0, _limits),
    headers=lambda request_id: {"x-slack-req-id": request_id},
    unmatched=lambda call: _no("unknown_method"),
)  # fmt: skip


@VENDOR.route("GET", "/auth.test")
def auth_test(world: World, call: Call) -> Reply:
    """Whose token this is."""
    return Reply({
        "ok": True, "url": "https://agency-test.slack.com/", "team": "Agency", "user": "runbook", "team_id": SLACK_TEAM,
        "user_id": SLACK_BOT, "bot_id": "B0RUNBOOK0", "is_enterprise_install": False,
    }, headers={"x-oauth-scopes": ",".join(world.tokens.slack_scopes)})  # fmt: skip


@VENDOR.route("GET", "/conversations.list")
def conversations_list(world: World, call: Call) -> Reply:
    """The public channels, on one page."""
    wants_archived = call.one("exclude_archived") != "true"
    with world.lock:
        found = [_channel(one) for one in world.slack.channels.values() if wants_archived or not one.is_archived]
    return Reply({"ok": True, "channels": found, "response_metadata": {"next_cursor": ""}})


@VENDOR.route("GET", "/conversations.info")
def conversations_info(world: World, call: Call) -> Reply:
    """One channel by its id."""
    with world.lock:
        found = world.slack.channels.get(call.one("channel"))
    if found is None:
        raise _no("channel_not_found")
    return Reply({"ok": True, "channel": _channel(found)})


@VENDOR.route("POST", "/chat.postMessage", limit=BURST, window_seconds=BURST_SECONDS)
def post_message(world: World, call: Call) -> Reply:
    """Say something in a channel that the bot is in, by the channel's id or name."""
    given = _arguments(call)
    if stray := sorted(set(given) - ARGUMENTS):
        raise Refusal(200, stray[0], code="invalid_arg_name")
    wanted, words = str(given.get("channel") or ""), given.get("text") or ""
    with world.lock:
        found = next((one for one in world.slack.channels.values() if wanted in (one.uid, f"#{one.name}")), None)
        if found is None:
            raise _no("channel_not_found")
        if found.is_archived:
            raise _no("is_archived")
        if not found.is_member:
            raise _no("not_in_channel")
        if not words and not given.get("blocks"):
            raise _no("no_text")
        message = world.slack.post(
            found.uid, str(words)[:LONGEST_TEXT], str(given.get("thread_ts") or ""), world.times.now()
        )
    shown = {
        "type": "message", "subtype": "bot_message", "text": message.text, "ts": message.ts, "bot_id": "B0RUNBOOK0",
        "user": SLACK_BOT, "team": SLACK_TEAM,
    } | ({"thread_ts": message.thread_ts} if message.thread_ts else {})  # fmt: skip
    return Reply(
        {"ok": True, "channel": found.uid, "ts": message.ts, "message": shown},
        change=True, objects=(f"{found.uid}:{message.ts}",),
    )  # fmt: skip


def _arguments(call: Call) -> dict[str, Json]:
    """The arguments from a JSON body or a form: Slack takes both (docs: the web API, basics)."""
    if call.headers.get("content-type", "").startswith("application/json"):
        body = call.json()
        if not isinstance(body, dict):
            raise _no("invalid_json" if body is None else "json_not_object")
        return body
    try:
        return {name: values[-1] for name, values in parse_qs(call.raw.decode(), strict_parsing=bool(call.raw)).items()}
    except ValueError as error:
        raise _no("invalid_form_data") from error


def _channel(one: Channel) -> Json:
    return {
        "id": one.uid, "name": one.name, "name_normalized": one.name, "is_channel": True, "is_group": False, "is_im": False,
        "is_mpim": False, "is_private": False, "is_archived": one.is_archived, "is_member": one.is_member,
        "is_general": False, "is_shared": False, "is_org_shared": False, "is_ext_shared": False, "created": 1_700_000_000,
        "creator": "U0MIRA0000", "unlinked": 0, "pending_shared": [], "previous_names": [], "priority": 0,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": token(f"purpose {one.name}", 8), "creator": "U0MIRA0000", "last_set": 1_700_000_000},
    }  # fmt: skip
