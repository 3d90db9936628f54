"""Vercel's REST API, the part that sets environment variables and builds again; a build keeps what it was built with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.hosting import Variable
from runbook.sandbox.seeds import millis, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.vercel import our_project
from runbook.sandbox.twins.vercel_releases import VENDOR as VENDOR
from runbook.sandbox.twins.vercel_shapes import NAME, whole

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
TARGETS = {"production", "preview", "development"}
WRITES = 120  # a minute (docs: limits, environment variables)


@VENDOR.route("GET", "/v10/projects/{project}/env")
def variables(world: World, call: Call) -> Reply:
    """The project's variables, without a value: they are sensitive."""
    our_project(call, call.params["project"])
    with world.lock:
        return Reply({"envs": [_row(one) for one in world.hosting.variables.values()]})


@VENDOR.route("POST", "/v10/projects/{project}/env", limit=WRITES)
def set_variable(world: World, call: Call) -> Reply:
    """Make a variable, or with ``upsert`` replace it. What was built before keeps what it has."""
    our_project(call, call.params["project"])
    body = call.json()
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in ("key", "value", "type")):
        raise Refusal(400, "Invalid request: missing required property", code="bad_request")
    if not (targets := tuple(body.get("target", ()))) or set(targets) - TARGETS:
        raise Refusal(
            400, "Invalid request: `target` should be one of production, preview, development", code="bad_request"
        )
    key, now = body["key"], world.times.now()
    with world.lock:
        old = world.hosting.variables.get(key)
        if old is not None and call.one("upsert") != "true":
            said = f"A variable with the name `{key}` already exists for the target {targets[0]}"
            return Reply(
                {"created": [], "failed": [{"error": {"code": "ENV_ALREADY_EXISTS", "message": said, "key": key}}]}, 201
            )
        new = Variable(key, body["value"], old.created if old else now, now, targets)
        world.hosting.variables[key] = new
        return Reply({"created": _row(new), "failed": []}, 201, change=True, objects=(key,))


def _row(one: Variable) -> Json:
    return {
        "id": token(f"env {one.key}", 16), "key": one.key, "value": "", "type": "sensitive", "target": list(one.target),
        "createdAt": millis(one.created), "updatedAt": millis(one.updated), "configurationId": None,
    }  # fmt: skip


@VENDOR.route("POST", "/v13/deployments")
def redeploy(world: World, call: Call) -> Reply:
    """Build a deployment again, with the environment of now."""
    body = call.json()
    if not isinstance(body, dict) or not body.get("name"):
        raise Refusal(400, "Invalid request: missing required property `name`", code="bad_request")
    with world.lock:
        old = world.hosting.find(str(body.get("deploymentId", "")))
        if old is None or body["name"] != NAME:
            raise Refusal(404, "Deployment not found", code="not_found")
        now = world.times.now()
        new = replace(old, uid="dpl_" + token(f"again {old.uid} {now}", 28), created=now, env=world.hosting.env())
        begun = world.hosting.build(new, now + timedelta(seconds=world.hosting.build_seconds))
        return Reply(whole(world, begun), change=True, objects=(old.uid,))
