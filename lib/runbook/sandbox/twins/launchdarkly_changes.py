"""LaunchDarkly's REST API, the part that changes flags: semantic patches, and requests for an approval."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import LD_ENVIRONMENT, AuditEntry, Flag, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.launchdarkly import VENDOR as VENDOR
from runbook.sandbox.twins.launchdarkly import flag_body, known, token_in_hand

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
SEMANTIC = "domain-model=launchdarkly.semanticpatch"
KINDS = {"turnFlagOn": True, "turnFlagOff": False}
FIELDS = {"environmentKey", "comment", "instructions"}


@VENDOR.route("PATCH", "/api/v2/flags/{project}/{flag}")
def patch(world: World, call: Call) -> Reply:
    """A semantic patch: all of its instructions or none; ``dryRun`` stores nothing."""
    known(world, call)
    if SEMANTIC not in call.headers.get("content-type", ""):
        raise Refusal(400, "patch must be an array of operations", code="invalid_request")
    body = _body(call, FIELDS)
    if body.get("environmentKey") != LD_ENVIRONMENT:
        raise Refusal(400, f"Unknown environment key {body.get('environmentKey')}", code="invalid_request")
    on = _wanted(body)
    dry = call.one("dryRun") == "true"
    with world.lock:
        flag = flag_of(world, call)
        if world.flag_approvals:
            raise Refusal(405, "Approval is required to make this change", code="method_not_allowed")
        if on == flag.on:
            return Reply(flag_body(flag, call))
        changed = replace(flag, on=on, version=flag.version + 1, modified=world.times.now())
        if dry:
            return Reply(flag_body(changed, call))
        world.flags[flag.key] = changed
        verb, comment = ("turned on" if on else "turned off"), str(body.get("comment") or "")
        uid = token(f"audit {flag.key} {verb} {changed.version}")
        world.audit.insert(
            0,
            AuditEntry(
                uid, world.times.now(), flag.key, flag.name, verb, "runbook", comment, token_in_hand(world, call).uid
            ),
        )
        return Reply(flag_body(changed, call), change=True, objects=(flag.key,))


@VENDOR.route("POST", "/api/v2/projects/{project}/flags/{flag}/environments/{environment}/approval-requests")
def ask_approval(world: World, call: Call) -> Reply:
    """Ask the environment's approvers; nothing is changed until one of them applies it."""
    known(world, call)
    body = _body(call, {"description", "instructions", "notifyMemberIds", "notifyTeamKeys", "resourceId", "comment"})
    if not body.get("description"):
        raise Refusal(400, "description is required", code="invalid_request")
    _wanted(body)
    with world.lock:
        flag = flag_of(world, call)
        uid = token(f"approval {flag.key} {flag.version} {len(world.flag_requests)}")
        request = {
            "_id": uid, "_version": 1, "creationDate": int(world.times.now().timestamp() * 1000),
            "serviceKind": "launchdarkly", "description": body["description"], "reviewStatus": "pending",
            "status": "pending", "allReviews": [], "notifyMemberIds": [], "instructions": body["instructions"],
            "_links": {"self": {"href": call.path}}, "conflicts": [], "requestorId": token("ld token"),
        }  # fmt: skip
        world.flag_requests.append((flag.key, request))
    return Reply(request, 201, change=True, objects=(flag.key,))


@VENDOR.route("GET", "/api/v2/projects/{project}/flags/{flag}/environments/{environment}/approval-requests")
def approvals(world: World, call: Call) -> Reply:
    """The requests of one flag, the newest first."""
    known(world, call)
    with world.lock:
        mine = flag_of(world, call).key
        items = [request for key, request in reversed(world.flag_requests) if key == mine]
    return Reply({"items": items, "_links": {"self": {"href": call.path}}})


def flag_of(world: World, call: Call) -> Flag:
    """The flag that a call names."""
    found = world.flags.get(call.params["flag"])
    if found is None:
        raise Refusal(404, f"Unknown feature flag key {call.params['flag']}", code="not_found")
    return found


def _body(call: Call, fields: set[str]) -> dict[str, Json]:
    try:
        body = json.loads(call.raw or b"null")
    except ValueError as error:
        raise Refusal(400, "Invalid request body", code="invalid_request") from error
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid request body", code="invalid_request")
    if stray := sorted(set(body) - fields):
        raise Refusal(400, f'json: unknown field "{stray[0]}"', code="invalid_request")
    return body


def _wanted(body: dict[str, Json]) -> bool:
    """What the instructions ask for; only these two kinds are needed here."""
    instructions = body.get("instructions")
    if not isinstance(instructions, list) or len(instructions) != 1 or not isinstance(instructions[0], dict):
        raise Refusal(400, "instructions must be a list of one here", code="invalid_request")
    kind = instructions[0].get("kind")
    if kind not in KINDS:
        raise Refusal(400, f"Unknown instruction kind {kind}", code="invalid_request")
    return KINDS[kind]
