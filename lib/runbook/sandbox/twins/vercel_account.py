"""Vercel's REST API, the part that says whose token it is and what that reaches: user, teams, projects, domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.sandbox.seeds import DOMAINS, TEAM, VERCEL_PROJECT, millis, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.vercel import NODE, VENDOR, in_team, our_project
from runbook.sandbox.twins.vercel_shapes import NAME

if TYPE_CHECKING:
    from runbook.sandbox.world import World

__all__ = ["VENDOR"]


@VENDOR.route("GET", "/v2/user")
def user(world: World, call: Call) -> Reply:
    """Whose token this is; a token limited to a team gives the short form."""
    return Reply({
        "user": {
            "limited": True, "id": token("vercel user"), "email": "runbook@agency.test", "name": "Runbook",
            "username": "agency-runbook", "avatar": None, "defaultTeamId": TEAM,
        },
    })  # fmt: skip


@VENDOR.route("GET", "/v2/teams")
def teams(world: World, call: Call) -> Reply:
    """The teams of the token: one, and no more of it than a token that is limited to it may see."""
    made = millis(world.platform.created)
    membership = {"uid": token("vercel user"), "teamId": TEAM, "confirmed": True, "role": "DEVELOPER", "created": made,
                  "createdAt": made}  # fmt: skip
    team = {"limited": True, "limitedBy": ["scope"], "id": TEAM, "slug": "agency", "name": "Agency", "avatar": None,
            "membership": membership, "createdAt": made}  # fmt: skip
    return Reply({"teams": [team], "pagination": {"count": 1, "next": None, "prev": None}})


@VENDOR.route("GET", "/v10/projects")
def projects(world: World, call: Call) -> Reply:
    """The projects of the team that is named; without it those of a person's own account, of which there are none."""
    ours = {"id": VERCEL_PROJECT, "name": NAME, "accountId": TEAM, "framework": "nextjs", "nodeVersion": NODE}
    found = [ours] if in_team(call) else []
    return Reply({"projects": found, "pagination": {"count": len(found), "next": None, "prev": None}})


@VENDOR.route("GET", "/v9/projects/{project}/domains")
def project_domains(world: World, call: Call) -> Reply:
    """The project's production domains."""
    our_project(call, call.params["project"])
    apex = DOMAINS[0]
    rows = [{"name": name, "apexName": apex, "projectId": VERCEL_PROJECT, "verified": True} for name in DOMAINS]
    return Reply({"domains": rows, "pagination": {"count": len(rows), "next": None, "prev": None}})


@VENDOR.route("GET", "/v5/user/tokens/current")
def own_token(world: World, call: Call) -> Reply:
    """The token that asks: what it reaches, and until when; a year, unless a fault says otherwise."""
    ours = world.keys.find("VERCEL_TOKEN", call.headers.get("authorization", "").partition(" ")[2])
    assert ours is not None, "it was let in"
    made = millis(ours.made)
    until = world.tokens.vercel_until
    scopes = [
        {"type": "team", "teamId": team, "origin": "manual", "createdAt": made} for team in world.tokens.vercel_teams
    ]
    return Reply({
        "token": {
            "id": ours.uid, "name": "runbook", "type": "token", "origin": "manual", "activeAt": made,
            "createdAt": made, "expiresAt": made + 365 * 86_400_000 if until is None else millis(until),
            "scopes": scopes or [{"type": "user", "origin": "manual", "createdAt": made}],
        },
    })  # fmt: skip


@VENDOR.route("DELETE", "/v3/user/tokens/{id}")
def delete_token(world: World, call: Call) -> Reply:
    """End a token of the same user (vercel.com/docs/rest-api, Delete an authentication token)."""
    with world.lock:
        if not world.keys.end("VERCEL_TOKEN", call.params["id"]):
            raise Refusal(404, "Token not found", code="not_found")
    return Reply({"tokenId": call.params["id"]}, change=True, objects=(call.params["id"],))
