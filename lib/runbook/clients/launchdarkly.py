"""LaunchDarkly's REST API: the token is the whole Authorization value, and the version is always said.

``after`` of the audit log is epoch milliseconds: an ISO date is taken and silently not applied (apidocs.launchdarkly.com).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, moment, needed, segment, shape, text, whole
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

API_VERSION = "20240415"
SEMANTIC_PATCH = "application/json; domain-model=launchdarkly.semanticpatch"
LIMIT = 20  # the most that the audit log gives at once
PAGES = 10  # ours: two hundred changes are enough to know that somebody used it


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One entry of the audit log."""

    at: str
    who: str
    flag: str
    what: str
    comment: str
    key: str = ""
    token_id: str = ""  # of the access token it was done with; empty: in the dashboard


@dataclass(frozen=True, slots=True)
class FlagState:
    """One flag in this environment. Values are JSON texts; ``off_serves`` is empty when the flag has no off variation."""

    key: str
    name: str
    on: bool
    serves: str  # what the default rule gives; "a rollout" when it gives several
    off_serves: str
    version: int
    archived: bool
    needs: tuple[str, ...]  # the keys of its prerequisites
    served_id: str = ""  # the id of the variation that everybody gets; empty where there is none, or several
    changed_at: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # of each variation, by its id


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How often each variation was given in one minute, by its id; an empty id: the vendor does not say which."""

    at: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token ours is: a service's own, or a person's, which goes when they do."""

    token_name: str
    is_service: bool
    token_id: str = ""


class LaunchDarkly:
    """One environment of one project."""

    def __init__(
        self, url: str, token: str, project_key: str, environment_key: str, *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.door = HttpDoor(
            url, system="launchdarkly", times=times, transport=transport,
            headers={"Authorization": token, "LD-API-Version": API_VERSION},
        )  # fmt: skip
        self.project_key = project_key
        self.environment_key = environment_key

    def flag_changes(self, after_ms: int) -> list[FlagChange]:
        """Flags of this environment that changed since a moment (epoch milliseconds), newest first, at most 20."""
        spec = f"proj/{self.project_key}:env/{self.environment_key}:flag/*"
        data = self.door.read("/api/v2/auditlog", {"after": after_ms, "spec": spec, "limit": LIMIT}).data
        (rows,) = fields(data, "launchdarkly", "audit log", "items")
        with shape("launchdarkly", "audit log"):
            return [_change(row) for row in items(rows, "launchdarkly", "audit log")]

    def flag(self, key: str) -> FlagState:
        """One flag as this environment has it."""
        data = self.door.read(self._path(key), {"env": self.environment_key}).data
        return self._state(data, "flag")

    def flags(self) -> list[FlagState]:
        """Every flag as this environment has it; ``summary=0`` or prerequisites are left out."""
        path = f"/api/v2/flags/{segment('launchdarkly', self.project_key)}"
        data = self.door.read(path, {"env": self.environment_key, "summary": "0"}).data
        (rows,) = fields(data, "launchdarkly", "flags", "items")
        return [self._state(row, "flags") for row in items(rows, "launchdarkly", "flags")]

    def turn(self, key: str, *, on: bool, comment: str, dry_run: bool) -> FlagState:
        """Turn a flag on or off, or only ask what would come of it; no change when it is so already.

        A semantic patch names the environment in its body; without its content type it would be a JSON patch
        (apidocs.launchdarkly.com, semantic patch). 405: this environment wants an approval first.
        """
        body = {"environmentKey": self.environment_key, "comment": comment,
                "instructions": [{"kind": "turnFlagOn" if on else "turnFlagOff"}]}  # fmt: skip
        params = {"dryRun": "true"} if dry_run else None
        reply = self.door.write("PATCH", self._path(key), body, params, content_type=SEMANTIC_PATCH)
        return self._state(reply.data, "flag")

    def ask_approval(self, key: str, *, on: bool, description: str) -> str:
        """Ask the vendor's approvers for a change; the id of the request."""
        body = {"description": description, "instructions": [{"kind": "turnFlagOn" if on else "turnFlagOff"}]}
        data = self.door.write("POST", self._requests(key), body).data
        fields(data, "launchdarkly", "approval request", "_id")
        with shape("launchdarkly", "approval request"):
            return needed(data, "_id")

    def pending_approvals(self, key: str) -> dict[str, str]:
        """The requests for an approval of a change of this flag that wait for somebody: id and description."""
        data = self.door.read(self._requests(key)).data
        fields(data, "launchdarkly", "approval requests", "items")
        with shape("launchdarkly", "approval requests"):
            return {needed(one, "_id"): text(one, "description") for one in data["items"] if one["status"] == "pending"}

    def evaluations(self, flag: FlagState, since_ms: int) -> list[Evaluated]:
        """What applications got of a flag since a moment, by the minute in the last two hours.

        A beta call: every request must say so (apidocs.launchdarkly.com, Account usage). What the metadata of a series
        holds is not described; a variation is known again by its id, wherever it stands there.
        """
        path = (f"/api/v2/usage/evaluations/{segment('launchdarkly', self.project_key)}"
                f"/{segment('launchdarkly', self.environment_key)}/{segment('launchdarkly', flag.key)}")  # fmt: skip
        data = self.door.read(path, {"from": str(since_ms)}, headers={"LD-API-Version": "beta"}).data
        about, rows = fields(data, "launchdarkly", "evaluations", "metadata", "series")
        with shape("launchdarkly", "evaluations"):
            names = [next((uid for uid in flag.values if uid and uid in one.values()), "")
                     for one in items(about, "launchdarkly", "evaluations")]  # fmt: skip
            return [_evaluated(row, names) for row in items(rows, "launchdarkly", "evaluations")]

    def _requests(self, key: str) -> str:
        return (f"/api/v2/projects/{segment('launchdarkly', self.project_key)}/flags/{segment('launchdarkly', key)}"
                f"/environments/{segment('launchdarkly', self.environment_key)}/approval-requests")  # fmt: skip

    def _path(self, key: str) -> str:
        return f"/api/v2/flags/{segment('launchdarkly', self.project_key)}/{segment('launchdarkly', key)}"

    def _state(self, data: Json, what: str) -> FlagState:
        fields(data, "launchdarkly", what, "key", "variations", "environments")
        with shape("launchdarkly", what):
            here = data["environments"][self.environment_key]
            values = [json.dumps(one["value"], ensure_ascii=False)[:80] for one in data["variations"]]
            ids = [text(one, "_id") for one in data["variations"]]
            off, rule = here.get("offVariation"), here.get("fallthrough") or {}
            changed = whole(here, "lastModified")
            given = rule.get("variation") if here["on"] is True else off
            serves = values[rule["variation"]] if isinstance(rule.get("variation"), int) else "a rollout"
            return FlagState(
                needed(data, "key"), text(data, "name"), here["on"] is True, serves,
                values[off] if isinstance(off, int) else "", int(here["version"]), data.get("archived") is True,
                tuple(needed(one, "key") for one in here.get("prerequisites") or ()),
                ids[given] if isinstance(given, int) else "", moment(changed) if changed else "",
                dict(zip(ids, values, strict=True)),
            )  # fmt: skip

    def caller(self) -> Caller:
        """Whose token asks; ``serviceToken`` is left out of a person's (apidocs.launchdarkly.com, Identify the caller)."""
        data = self.door.read("/api/v2/caller-identity").data
        fields(data, "launchdarkly", "caller identity", "accountId")
        with shape("launchdarkly", "caller identity"):
            return Caller(text(data, "tokenName"), data.get("serviceToken") is True, text(data, "tokenId"))

    def token_made_at(self, token_id: str) -> str:
        """When a token was made."""
        row = self._token(token_id)
        with shape("launchdarkly", "token"):
            return moment(whole(row, "creationDate"))

    def _token(self, token_id: str) -> dict[str, Json]:
        """One token without its value (apidocs, Get access token)."""
        row = self.door.read(f"/api/v2/tokens/{segment('launchdarkly', token_id)}").data
        fields(row, "launchdarkly", "token")
        found: dict[str, Json] = row
        return found

    def role(self, token_id: str) -> str:
        """A token's role: reader, writer, admin, owner; ``custom`` for one of the customer's own."""
        row = self._token(token_id)
        with shape("launchdarkly", "token"):
            return "custom" if row.get("customRoleIds") or row.get("inlineRole") else needed(row, "role")

    def changes_by_token(self, after_ms: int) -> list[FlagChange]:
        """What was changed with tokens since a moment (epoch milliseconds), newest first; what they read is in no log."""
        found: list[FlagChange] = []
        params: dict[str, Json] = {"after": after_ms, "limit": LIMIT}
        for _ in range(PAGES):
            (rows,) = fields(self.door.read("/api/v2/auditlog", params).data, "launchdarkly", "audit log", "items")
            page = items(rows, "launchdarkly", "audit log")
            with shape("launchdarkly", "audit log"):
                found += [one for row in page if (one := _change(row)).token_id]
                if len(page) < LIMIT:
                    break
                params["before"] = whole(page[-1], "date")
        return found

    def end_token(self, token_id: str) -> None:
        """Delete a token: it opens nothing any more (apidocs, Delete access token)."""
        self.door.write("DELETE", f"/api/v2/tokens/{segment('launchdarkly', token_id)}")

    def environment(self) -> str:
        """The key of the environment as the vendor knows it; the answer's SDK keys are not read."""
        path = f"/api/v2/projects/{self.project_key}/environments/{self.environment_key}"
        data = self.door.read(path).data
        fields(data, "launchdarkly", "environment")
        with shape("launchdarkly", "environment"):
            return needed(data, "key")


def _evaluated(row: dict[str, Json], names: Sequence[str]) -> Evaluated:
    counts: Counter[str] = Counter()
    for name, count in row.items():
        if name != "time":
            counts[names[int(name)] if name.isdigit() and int(name) < len(names) else ""] += int(count)
    return Evaluated(moment(whole(row, "time")), counts)


def _change(row: dict[str, Json]) -> FlagChange:
    member = inner(row, "member")
    who = text(member, "email") or " ".join(filter(None, (text(member, "firstName"), text(member, "lastName"))))
    what = text(row, "titleVerb") or text(row, "shortDescription")
    resources = inner(row, "target").get("resources") or [""]
    key = str(resources[0]).rpartition(":flag/")[2] if isinstance(resources, list) else ""
    return FlagChange(moment(whole(row, "date")), who, text(row, "name"), what, text(row, "comment"), key,
                      text(inner(row, "token"), "_id"))  # fmt: skip
