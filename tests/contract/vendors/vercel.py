"""Vercel's REST API."""

import time

from runbook.clients import choices
from runbook.clients.vercel import Vercel
from runbook.sandbox.twins import vercel_env as twins
from vendor_contract.recording import Contract


def play(vercel, sandbox):
    now, team = int(time.time() * 1000), {"teamId": "team_sandbox"}
    project = vercel.project()
    assert vercel.token().team_ids == ("team_sandbox",)
    assert [one.key for one in choices.vercel_teams(vercel.door)] == ["team_sandbox"]
    assert [one.key for one in choices.vercel_projects(vercel.door, "team_sandbox")] == [project.project_id]
    assert len(choices.vercel_domains(vercel.door, "team_sandbox", project.project_id)) == 3
    vercel.deployments(now - 7 * 86_400_000, limit=100)
    (candidate, *_) = vercel.rollback_candidates(limit=3)
    vercel.alias("agency.test")
    vercel.activity(now - 7 * 86_400_000, limit=5)
    vercel.set_auto_assign(on=False)
    assert vercel.project().auto_assigns is False
    vercel.set_auto_assign(on=True)
    vercel.attack_mode()
    vercel.set_attack_mode(on=True, until_ms=now + 3_600_000)
    vercel.attack_mode()
    vercel.set_attack_mode(on=False)
    vercel.attack_status()
    vercel.rolling_release()
    vercel.roll_back(candidate.uid, "pages answer 500")
    vercel.project()
    vercel.door.read(f"/v1/projects/{project.project_id}/promote/aliases", team)
    vercel.door.read("/v2/user")
    listed = vercel.door.read("/v6/deployments", {**team, "projectId": project.project_id, "limit": 100}).data
    for one in listed["deployments"]:  # a preview and a failed one among them
        vercel.door.read(f"/v13/deployments/{one['uid']}", team)
    assert vercel.door.text("/v13/deployments/dpl_none?teamId=team_sandbox")[0] == 404
    assert vercel.door.text("/v7/deployments?teamId=team_sandbox&limit=101")[0] == 400
    assert vercel.door.text("/v7/deployments?teamId=team_other")[0] == 403
    assert [vercel.door.text("/v3/events?teamId=team_sandbox")[0] for _ in range(61)][-1] == 429
    sandbox.break_("traffic_spike", "rolling_release")
    vercel.attack_status()
    vercel.rolling_release()
    sandbox.break_()
    vercel.promote(candidate.uid)
    (first, *_) = vercel.variables()
    vercel.set_variable(key=first.key, value="another", targets=["production", "preview"])
    assert vercel.deployment(uid=vercel.redeploy(uid=project.production_deployment, name=project.name)).state == "READY"
    vercel.end_token(token_id=vercel.token().token_id)


CONTRACTS = [
    Contract("vercel", ("vercel.openapi.json",), Vercel, (twins.VENDOR,), lambda systems: systems.vercel, play)
]
