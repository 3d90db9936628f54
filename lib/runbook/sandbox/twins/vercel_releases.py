"""Vercel's REST API, the part that moves production: rollback, promote, the state of their domains, rolling releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.sandbox.hosting import Hosting, Kind
from runbook.sandbox.seeds import VERCEL_PROJECT, Deployment, millis, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.vercel import our_project, project
from runbook.sandbox.twins.vercel_account import VENDOR as VENDOR
from runbook.sandbox.twins.vercel_shapes import NAME, is_candidate

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
REASON_MOST = 250  # characters of a rollback's description (vendor's command line, rollback)


@VENDOR.route("POST", "/v1/projects/{project}/rollback/{deployment}")
def rollback(world: World, call: Call) -> Reply:
    """Point production at an earlier production deployment: 201 without a body, the domains follow."""
    if len(call.one("description")) > REASON_MOST:
        raise Refusal(400, "Invalid request: `description` is too long", code="bad_request")
    return _move(world, call, "rollback")


@VENDOR.route("POST", "/v10/projects/{project}/promote/{deployment}")
def promote(world: World, call: Call) -> Reply:
    """Point production at a deployment without building it again; 202 when it waits for a rolling release."""
    return _move(world, call, "promote")


def _move(world: World, call: Call, kind: Kind) -> Reply:
    our_project(call, call.params["project"])
    now = world.times.now()
    with world.lock:
        hosting = world.hosting
        wanted = hosting.find(call.params["deployment"])
        if wanted is None:
            raise Refusal(422, "Deployment not found", code="deployment_not_found")
        if hosting.is_moving(now):
            raise Refusal(409, "Another aliasing job is in progress for this project", code="conflict")
        if kind == "rollback" and hosting.rolling_release is not None:
            raise Refusal(409, "A rolling release is active: abort or complete it first", code="rolling_release_active")
        if wanted.uid == hosting.production and set(hosting.domains.values()) == {wanted.uid}:
            return Reply(None, 201)  # already so
        fits = kind == "promote" or is_candidate(world, wanted) or wanted.uid == hosting.production  # the last: again
        if (
            kind == "rollback"
            and hosting.plan == "hobby"
            and wanted.uid not in (_right_before(hosting), hosting.production)
        ):
            raise Refusal(402, "Hobby projects can only roll back to the previous deployment", code="payment_required")
        if wanted.state != "READY" or not fits:
            raise Refusal(422, f"Deployment {wanted.uid} is not a rollback candidate", code="not_a_candidate")
        replaced = hosting.production
        hosting.move(kind, wanted.uid, now)
    return Reply(None, 201, change=True, objects=(f"{wanted.uid} instead of {replaced}",))


def _right_before(hosting: Hosting) -> str:
    """What served production before what is live now."""
    served = [each.uid for each in hosting.deployments if each.target == "production" and each.substate == "PROMOTED"]
    older = served[served.index(hosting.production) + 1 :] if hosting.production in served else served
    return older[0] if older else ""


@VENDOR.route("PATCH", "/v9/projects/{project}")
def update_project(world: World, call: Call) -> Reply:
    """Change settings of the project; only the assignment of domains is needed here."""
    our_project(call, call.params["project"])
    body = call.json()
    if not isinstance(body, dict) or set(body) != {"autoAssignCustomDomains"}:
        raise Refusal(400, "Invalid request: only `autoAssignCustomDomains` is known here", code="bad_request")
    if not isinstance(on := body["autoAssignCustomDomains"], bool):
        raise Refusal(400, "Invalid request: `autoAssignCustomDomains` should be boolean", code="bad_request")
    with world.lock:
        world.hosting.settle(world.times.now())
        changed = world.hosting.set_auto_assign(on)
    return Reply(project(world, call).body, change=changed, objects=(VERCEL_PROJECT,))


@VENDOR.route("GET", "/v1/projects/{project}/promote/aliases")
def aliases(world: World, call: Call) -> Reply:
    """How far each domain is with the last move."""
    our_project(call, call.params["project"])
    now = world.times.now()
    with world.lock:
        world.hosting.settle(now)
        rows = [
            {"status": status, "alias": domain, "id": token(f"alias {domain}")}
            for domain, status in world.hosting.aliases()
            if call.one("failedOnly") != "true" or status == "failed"
        ]
    page = {"count": len(rows), "next": None, "prev": millis(now) if rows else None}
    return Reply({"aliases": rows, "pagination": page})


@VENDOR.route("GET", "/v1/projects/{project}/rolling-release")
def rolling_release(world: World, call: Call) -> Reply:
    """The rolling release that is active; null when none is."""
    our_project(call, call.params["project"])
    with world.lock:
        hosting = world.hosting
        canary = hosting.find(hosting.rolling_release or "")
        live = hosting.find(hosting.production)
    if canary is None or live is None:
        return Reply({"rollingRelease": None})
    stages = [
        {"index": 0, "isFinalStage": False, "targetPercentage": 10, "requireApproval": True, "duration": None},
        {"index": 1, "isFinalStage": True, "targetPercentage": 100, "requireApproval": False, "duration": None},
    ]
    return Reply({"rollingRelease": {
        "state": "ACTIVE", "stages": stages, "activeStage": stages[0], "nextStage": stages[1],
        "currentDeployment": _short(live), "canaryDeployment": _short(canary),
        "queuedDeploymentId": None, "advancementType": "manual-approval",
        "startedAt": millis(canary.created), "updatedAt": millis(canary.created),
    }})  # fmt: skip


def _short(each: Deployment) -> Json:
    return {"id": each.uid, "name": NAME, "url": each.url, "target": "production", "source": "git",
            "createdAt": millis(each.created), "readyState": each.state}  # fmt: skip
