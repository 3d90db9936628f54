"""Slack's Web API: a refusal is HTTP 200 with ``ok: false``, and never to be taken for done.

Posting has no idempotency key, so it is sent once. Slack shows ``&``, ``<`` and ``>`` as its own marks: text from systems goes
through ``escaped``, or it could ping a whole channel (docs.slack.dev/reference/methods/chat.postMessage, formatting text).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.reading import NEXT_STEP, Reply
from runbook.clients.shapes import fields, inner, needed, shape, text, unreadable
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

LONGEST_TEXT = 40_000  # characters; Slack cuts what is longer
# The words of ``error`` by what the reader can do about them (each method's own page); others are REJECTED.
WORDS = {
    **dict.fromkeys(("not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive"), Fault.AUTH),
    **dict.fromkeys(("missing_scope", "not_in_channel", "restricted_action", "no_permission"), Fault.PERMISSION),
    **dict.fromkeys(("channel_not_found", "team_not_found"), Fault.NOT_FOUND),
    **dict.fromkeys(("ratelimited", "rate_limited"), Fault.RATE_LIMITED),
    **dict.fromkeys(("internal_error", "fatal_error", "service_unavailable", "request_timeout"), Fault.DOWN),
    **dict.fromkeys(("deprecated_endpoint", "method_deprecated", "unknown_method"), Fault.RETIRED),
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Whose token it is: the workspace, and the bot's user in it. ``scopes``: what it may do; every answer names them."""

    team_id: str
    team: str
    user: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as the bot sees it; it can post where it is a member and nothing is archived."""

    channel_id: str
    name: str
    is_archived: bool
    is_member: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is there. ``ts`` is its name in the channel, and that of the thread it begins."""

    channel_id: str
    ts: str


class Slack:
    """One workspace, as one bot."""

    def __init__(self, url: str, token: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        self.door = HttpDoor(
            url, system="slack", times=times, headers={"Authorization": f"Bearer {token}"}, transport=transport
        )

    def workspace(self) -> Workspace:
        """Who we are there."""
        reply = self.door.read("/auth.test")
        data = _said(reply, "auth.test")
        scopes = tuple(filter(None, reply.headers.get("x-oauth-scopes", "").replace(" ", "").split(",")))
        with shape("slack", "auth.test"):
            return Workspace(needed(data, "team_id"), text(data, "team"), text(data, "user"), scopes)

    def channel(self, channel_id: str) -> Channel:
        """One channel by its id."""
        data = _said(self.door.read("/conversations.info", {"channel": channel_id}), "conversations.info")
        with shape("slack", "conversations.info"):
            found = inner(data, "channel")
            return Channel(
                needed(found, "id"),
                text(found, "name"),
                found.get("is_archived") is True,
                found.get("is_member") is True,
            )

    def post(self, channel_id: str, words: str, *, thread_ts: str = "") -> Posted:
        """Say something in a channel, or in the thread that the message ``thread_ts`` began. Sent once.

        After a timeout nobody knows whether it is there: look before a second try.
        """
        body: dict[str, Json] = {"channel": channel_id, "text": words[:LONGEST_TEXT], "unfurl_links": False}
        if thread_ts:
            body["thread_ts"] = thread_ts
        data = _said(self.door.write("POST", "/chat.postMessage", body), "chat.postMessage")
        with shape("slack", "chat.postMessage"):
            return Posted(needed(data, "channel"), needed(data, "ts"))


def escaped(words: str) -> str:
    """Text that Slack shows as it is: no mark, no link, and nobody is pinged by it."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _said(reply: Reply, what: str) -> dict[str, Json]:
    """The answer, if it says that it is one."""
    (ok,) = fields(reply.data, "slack", what, "ok")
    data: dict[str, Json] = reply.data
    if ok is True:
        return data
    if ok is not False:
        raise unreadable("slack", f"{what}: ok is neither true nor false")
    with shape("slack", what):
        word, needs = text(data, "error") or "no reason given", text(data, "needed")
    fault = WORDS.get(word, Fault.REJECTED)
    said = f"{what}: {word}{f', it needs {needs}' if needs else ''}"
    raise SystemFault(
        f"{said} (request {reply.request_id})" if reply.request_id else said, system="slack", fault=fault,
        request_id=reply.request_id, next_step=NEXT_STEP.get(fault, ""),
    )  # fmt: skip
