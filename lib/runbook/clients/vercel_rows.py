"""What is read of Vercel's answers: deployments, variables without their values, who did what. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.clients.shapes import inner, moment, needed, text, whole
from runbook.model import Json


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as the list tells it. ``at`` is when it was created."""

    uid: str
    at: str
    state: str
    target: str
    creator: str
    commit: str
    message: str
    is_rollback_candidate: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: never its value. ``kind``: plain, encrypted, sensitive …"""

    key: str
    kind: str
    targets: tuple[str, ...]
    updated_at: str


@dataclass(frozen=True, slots=True)
class Activity:
    """Who did what, as one sentence of the vendor's."""

    uid: str
    at: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Move:
    """The last time production was pointed elsewhere. ``status``: pending, in-progress, succeeded, failed, skipped."""

    kind: str  # rollback or promote
    from_uid: str
    to_uid: str
    status: str
    at: str


@dataclass(frozen=True, slots=True)
class VercelProject:
    """A project, the deployment that is its production, and how it came to be that."""

    project_id: str
    name: str
    team_id: str
    production_deployment: str
    auto_assigns: bool = True  # whether a new production deployment goes live by itself; off after a rollback
    last_move: Move | None = None
    crons: tuple[str, ...] = ()  # path and schedule of each, as the live build brought them


@dataclass(frozen=True, slots=True)
class VercelToken:
    """What our token may reach: these teams, or with none of them whatever its owner may; ``expires_at`` empty: never."""

    name: str
    team_ids: tuple[str, ...]
    expires_at: str
    token_id: str = ""
    made_at: str = ""


def read_move(row: dict[str, Json]) -> Move | None:
    """The last move; None where production was never moved."""
    if not row:
        return None
    return Move(text(row, "type"), text(row, "fromDeploymentId"), text(row, "toDeploymentId"), text(row, "jobStatus"),
                moment(whole(row, "requestedAt")))  # fmt: skip


def read_variable(row: dict[str, Json]) -> Variable:
    """One environment variable."""
    target = row.get("target") or []
    targets = (target,) if isinstance(target, str) else tuple(str(one) for one in target)
    return Variable(needed(row, "key"), text(row, "type"), targets, moment(whole(row, "updatedAt")))


def read_deployment(row: dict[str, Json]) -> Deployment:
    """One deployment."""
    meta = inner(row, "meta")
    return Deployment(
        uid=needed(row, "uid"), at=moment(whole(row, "created") or whole(row, "createdAt")),
        state=text(row, "state") or text(row, "readyState"), target=text(row, "target"),
        creator=text(inner(row, "creator"), "username"), commit=text(meta, "githubCommitSha", 12),
        message=text(meta, "githubCommitMessage", 120), is_rollback_candidate=row.get("isRollbackCandidate") is True,
    )  # fmt: skip
