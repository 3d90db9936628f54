"""Vercel's REST API: every path has its own version, and every call names the team (vercel.com/docs/rest-api)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, inner, items, moment, needed, segment, shape, text, whole
from runbook.clients.vercel_rows import (
    Activity,
    Deployment,
    Variable,
    VercelProject,
    VercelToken,
    read_deployment,
    read_move,
    read_variable,
)
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx


class Vercel:
    """One project of one team."""

    def __init__(
        self, url: str, token: str, team_id: str, project_id: str, *, times: Times,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.door = HttpDoor(
            url, system="vercel", times=times, headers={"Authorization": f"Bearer {token}"}, transport=transport
        )
        self._team = {"teamId": team_id}
        self._project = project_id

    def project(self) -> VercelProject:
        """The project."""
        data = self.door.read(f"/v9/projects/{self._project}", self._team).data
        fields(data, "vercel", "project")
        with shape("vercel", "project"):
            production = inner(inner(data, "targets"), "production")
            return VercelProject(
                needed(data, "id"), needed(data, "name"), needed(data, "accountId"), text(production, "id"),
                data.get("autoAssignCustomDomains") is not False, read_move(inner(data, "lastAliasRequest")),
                tuple(f"{needed(one, 'path')} ({needed(one, 'schedule')})"
                      for one in items(inner(data, "crons").get("definitions") or [], "vercel", "project")),
            )  # fmt: skip

    def token(self) -> VercelToken:
        """What our own token is (vercel.com/docs/rest-api, Get Auth Token Metadata; ``current`` is the one that asks)."""
        (data,) = fields(self.door.read("/v5/user/tokens/current").data, "vercel", "token", "token")
        with shape("vercel", "token"):
            scopes = items(data.get("scopes") or [], "vercel", "token")
            teams = tuple(needed(one, "teamId") for one in scopes if text(one, "type") == "team")
            expires, made = whole(data, "expiresAt"), whole(data, "createdAt")
            is_whole_account = any(text(one, "type") == "user" for one in scopes)
            return VercelToken(
                text(data, "name"), () if is_whole_account else teams, moment(expires) if expires else "",
                text(data, "id"), moment(made) if made else "",
            )  # fmt: skip

    def end_token(self, token_id: str) -> None:
        """End one of our own tokens: it opens nothing any more (vercel.com/docs/rest-api, Delete an authentication token)."""
        self.door.write("DELETE", f"/v3/user/tokens/{segment('vercel', token_id)}")

    def deployments(self, since_ms: int, limit: int = 20) -> list[Deployment]:
        """Production deployments since a moment (epoch milliseconds), newest first."""
        params = {**self._team, "projectId": self._project, "target": "production", "limit": limit, "since": since_ms}
        data = self.door.read("/v7/deployments", params).data
        (rows,) = fields(data, "vercel", "deployments", "deployments")
        with shape("vercel", "deployments"):
            return [read_deployment(row) for row in items(rows, "vercel", "deployments")]

    def deployment(self, uid: str) -> Deployment:
        """One deployment; by itself its id is called ``id``, in a list ``uid``."""
        row = self.door.read(f"/v13/deployments/{segment('vercel', uid)}", self._team).data
        fields(row, "vercel", "deployment", "id")
        with shape("vercel", "deployment"):
            return read_deployment({**row, "uid": row["id"]})

    def variables(self) -> list[Variable]:
        """The project's environment variables, without any value. Of the answer's three shapes this has ``envs``."""
        data = self.door.read(f"/v10/projects/{self._project}/env", self._team).data
        (rows,) = fields(data, "vercel", "environment", "envs")
        with shape("vercel", "environment"):
            return [read_variable(row) for row in items(rows, "vercel", "environment")]

    def set_variable(self, key: str, value: str, targets: Sequence[str]) -> None:
        """Put a value into the environment, for builds from now on; what was there is lost.

        201 with a filled ``failed`` is a failure (vercel.com/docs/rest-api, Create one or more environment variables).
        """
        body = {"key": key, "value": value, "type": "sensitive", "target": list(targets)}
        params = {**self._team, "upsert": "true"}
        data = self.door.write("POST", f"/v10/projects/{self._project}/env", body, params).data
        (failed,) = fields(data, "vercel", "environment", "failed")
        if failed:
            with shape("vercel", "environment"):
                raise SystemFault(f"{key} was not set: {text(failed[0]['error'], 'message')}", system="vercel",
                                  fault=Fault.REJECTED)  # fmt: skip

    def redeploy(self, uid: str, name: str) -> str:
        """Build a deployment again, for production, with the environment of now; the id of the new one."""
        body = {"deploymentId": uid, "name": name, "target": "production", "meta": {"action": "redeploy"}}
        data = self.door.write("POST", "/v13/deployments", body, {**self._team, "forceNew": "1"}).data
        fields(data, "vercel", "deployment", "id")
        with shape("vercel", "deployment"):
            return needed(data, "id")

    def rollback_candidates(self, limit: int = 20) -> list[Deployment]:
        """The deployments that production can be rolled back to, newest first."""
        params = {
            **self._team, "projectId": self._project, "target": "production", "state": "READY", "limit": limit,
            "rollbackCandidate": "true",
        }  # fmt: skip
        (rows,) = fields(self.door.read("/v7/deployments", params).data, "vercel", "deployments", "deployments")
        with shape("vercel", "deployments"):
            return [read_deployment(row) for row in items(rows, "vercel", "deployments")]

    def alias(self, domain: str) -> str:
        """The deployment that one domain serves. The answer was seen as an object and as a list of one."""
        data = self.door.read(f"/v4/aliases/{segment('vercel', domain)}", self._team).data
        row = data[0] if isinstance(data, list) and len(data) == 1 else data
        fields(row, "vercel", "alias")
        with shape("vercel", "alias"):
            return needed(row, "deploymentId")

    def rolling_release(self) -> str:
        """The deployment that a rolling release is giving a part of the traffic; empty when none is active."""
        path = f"/v1/projects/{self._project}/rolling-release"
        (release,) = fields(self.door.read(path, self._team).data, "vercel", "rolling release", "rollingRelease")
        with shape("vercel", "rolling release"):
            if release is None or text(release, "state") != "ACTIVE":
                return ""
            return text(inner(release, "canaryDeployment"), "id") or "unnamed"

    def roll_back(self, uid: str, reason: str) -> None:
        """Point production at an earlier deployment; the domains follow. ``reason``: at most 250 characters are kept.

        Auto-assignment of domains is off afterwards, until somebody promotes (vercel.com/docs/instant-rollback).
        """
        path = f"/v1/projects/{self._project}/rollback/{segment('vercel', uid)}"
        self.door.write("POST", path, params={**self._team, "description": reason[:250]})

    def promote(self, uid: str) -> bool:
        """Point production at a deployment without building it; False when it waits for a rolling release (202)."""
        reply = self.door.write(
            "POST", f"/v10/projects/{self._project}/promote/{segment('vercel', uid)}", params=self._team
        )
        return reply.status_code != 202

    def set_auto_assign(self, *, on: bool) -> None:
        """Whether a new production deployment goes live by itself (docs/rest-api, Update an existing project)."""
        self.door.write("PATCH", f"/v9/projects/{self._project}", {"autoAssignCustomDomains": on}, self._team)

    def activity(self, since_ms: int, limit: int = 30) -> list[Activity]:
        """The team's activity around the project since a moment (epoch milliseconds), newest first."""
        since = moment(since_ms)  # this call wants ISO, unlike the list of deployments
        params = {**self._team, "projectIds": self._project, "since": since, "limit": limit}
        (rows,) = fields(self.door.read("/v3/events", params).data, "vercel", "events", "events")
        with shape("vercel", "events"):
            return [
                Activity(text(row, "id"), moment(whole(row, "createdAt")), text(row, "text"),
                         text(inner(row, "user"), "username"))
                for row in items(rows, "vercel", "events")
            ]  # fmt: skip

    def attack_mode(self) -> bool:
        """Whether attack mode is on: the project's ``security`` says so, and is left out where it never was."""
        data = self.door.read(f"/v9/projects/{self._project}", self._team).data
        fields(data, "vercel", "project", "id")
        with shape("vercel", "project"):
            return inner(data, "security").get("attackModeEnabled") is True

    def attack_status(self) -> int:
        """How many anomalies the firewall sees now."""
        data = self.door.read("/v1/security/firewall/attack-status", {**self._team, "projectId": self._project}).data
        (anomalies,) = fields(data, "vercel", "attack status", "anomalies")
        return len(items(anomalies, "vercel", "attack status"))

    def set_attack_mode(self, *, on: bool, until_ms: int | None = None) -> None:
        """Challenge every visitor that is no known good one until a moment (epoch milliseconds), or stop that."""
        body: dict[str, Json] = {"projectId": self._project, "attackModeEnabled": on}
        if until_ms is not None:
            body["attackModeActiveUntil"] = until_ms
        self.door.write("POST", "/v1/security/attack-mode", body, self._team)
