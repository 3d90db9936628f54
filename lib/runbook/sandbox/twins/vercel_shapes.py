"""How Vercel writes a deployment: in a list, and by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import TEAM, VERCEL_PROJECT, Deployment, millis, token

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
NAME = "agency-site"


def is_candidate(world: World, each: Deployment) -> bool:
    """Can be rolled back to: had production traffic, is ready, and is not what is live."""
    served = each.target == "production" and each.state == "READY" and each.substate == "PROMOTED"
    return served and each.uid != world.hosting.production


def creator(each: Deployment) -> Json:
    """Who made it."""
    return {"uid": token(each.author), "username": each.author, "email": f"{each.author}@agency.test"}


def meta(each: Deployment) -> Json:
    """The commit it was built from."""
    return {
        "githubCommitSha": each.sha, "githubCommitMessage": each.message, "githubCommitRef": each.branch,
        "githubCommitAuthorName": each.author, "githubRepo": NAME, "githubOrg": "agency",
    }  # fmt: skip


def crons(each: Deployment) -> Json:
    """The cron jobs that came with a build; whoever broke something had just added one."""
    jobs = [("/api/cron/invoices", "0 6 * * 1"), *([("/api/cron/sessions", "*/5 * * * *")] if each.defect else [])]
    return {
        "enabledAt": millis(each.created), "disabledAt": None, "updatedAt": millis(each.created), "deploymentId": each.uid,
        "definitions": [{"host": each.url, "path": path, "schedule": schedule} for path, schedule in jobs],
    }  # fmt: skip


def listed(world: World, each: Deployment) -> Json:
    """A deployment in a list: the id is called ``uid`` here."""
    ready = millis(each.created + timedelta(seconds=48))
    body = {
        "uid": each.uid, "name": NAME, "projectId": VERCEL_PROJECT, "url": each.url, "created": millis(each.created),
        "createdAt": millis(each.created), "source": "git", "state": each.state, "readyState": each.state,
        "type": "LAMBDAS", "creator": creator(each), "meta": meta(each),
        "inspectorUrl": f"https://vercel.com/agency/{NAME}/{each.uid.removeprefix('dpl_')}",
        "isRollbackCandidate": is_candidate(world, each),
    }  # fmt: skip
    if each.state == "READY":
        body |= {"ready": ready, "aliasAssigned": ready, "aliasError": None}
    else:
        body |= {"errorCode": "BUILD_FAILED", "errorMessage": "Command failed with exit code 1", "aliasAssigned": False}
    body |= {"target": each.target} if each.target else {}  # a preview has none
    return body | ({"readySubstate": each.substate} if each.substate else {})


def whole(world: World, each: Deployment) -> Json:
    """A deployment by itself: the id is called ``id`` here."""
    row = listed(world, each)
    built = millis(each.created + timedelta(seconds=3))
    return {
        **{name: value for name, value in row.items() if name not in ("uid", "created", "state", "isRollbackCandidate")},
        "id": each.uid, "creator": {"uid": token(each.author), "username": each.author}, "build": {"env": []},
        "env": [], "isInConcurrentBuildsQueue": False, "isInSystemBuildsQueue": False,
        "projectSettings": {"framework": "nextjs"}, "aliasAssigned": each.state == "READY", "bootedAt": built,
        "buildingAt": built, "buildSkipped": False, "public": False, "status": each.state, "regions": ["fra1"],
        "version": 2, "plan": "pro", "createdIn": "fra1", "ownerId": TEAM, "routes": None,
        "alias": [domain for domain, uid in world.hosting.domains.items() if uid == each.uid],
    }  # fmt: skip
