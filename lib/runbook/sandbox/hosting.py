"""What Vercel knows of the project: its deployments, which of them each domain serves, and the moving of domains.

A move takes its time and is settled when somebody looks: no thread runs for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from runbook.sandbox.seeds import DOMAINS, Deployment, millis

MOVE_SECONDS = 0.5  # the vendor takes one to a few seconds
BUILD_SECONDS = 1.0  # the vendor takes minutes
Kind = Literal["rollback", "promote"]


@dataclass(slots=True)
class Variable:
    """One variable."""

    key: str
    value: str = field(repr=False)
    created: datetime
    updated: datetime
    target: tuple[str, ...] = ("production",)


@dataclass(slots=True)
class Hosting:
    """Newest deployment first. ``domains`` may point at different deployments when a move went wrong."""

    deployments: list[Deployment]
    production: str
    domains: dict[str, str] = field(default_factory=dict)
    last_alias_request: dict[str, Any] | None = None
    auto_assign: bool = True
    frozen: bool = False  # auto-assignment was turned off as a setting, which a promotion leaves as it is
    plan: str = "pro"  # hobby: a rollback to the deployment right before only
    building: dict[str, datetime] = field(default_factory=dict)  # the builds under way, and when each ends
    build_seconds: float = BUILD_SECONDS
    builds_fail: bool = False
    rolling_release: str | None = None  # the deployment that is being rolled out
    stuck_domains: frozenset[str] = frozenset()  # their next moves fail
    move_seconds: float = MOVE_SECONDS
    variables: dict[str, Variable] = field(default_factory=dict)
    anomaly_since: datetime | None = None
    _due: datetime | None = None

    def __post_init__(self) -> None:
        """Every domain serves production, until told otherwise."""
        self.domains = self.domains or dict.fromkeys(DOMAINS, self.production)

    def begin(self, values: Mapping[str, tuple[str, tuple[str, ...]]], since: datetime) -> None:
        """The project's variables (value and targets, by name), and every deployment so far built with them."""
        self.variables = {
            name: Variable(name, value, since, since, targets) for name, (value, targets) in values.items()
        }
        self.deployments[:] = [replace(one, env=self.env()) for one in self.deployments]

    def env(self) -> dict[str, str]:
        """What a build of now gets."""
        return {one.key: one.value for one in self.variables.values()}

    def change(self, values: Mapping[str, str], at: datetime) -> None:
        """Variables that are there get other values."""
        for name, value in values.items():
            self.variables[name] = replace(self.variables[name], value=value, updated=at)

    def find(self, uid: str) -> Deployment | None:
        """A deployment by its id or its own host name."""
        return next((each for each in self.deployments if uid in (each.uid, each.url)), None)

    def serves(self, domain: str, now: datetime) -> Deployment:
        """What a visitor of a domain gets now."""
        self.settle(now)
        found = self.find(self.domains[domain])
        assert found is not None
        return found

    def add(self, new: Deployment, *, live: bool) -> None:
        """A new deployment; a live one takes all domains."""
        self.deployments.append(new)
        self.deployments.sort(key=lambda each: each.created, reverse=True)
        if live:
            self.production = new.uid
            self.domains = dict.fromkeys(self.domains, new.uid)

    def build(self, new: Deployment, until: datetime) -> Deployment:
        """Begin to build; what comes of it is seen when its time has come."""
        begun = replace(new, state="BUILDING", substate=None)
        self.add(begun, live=False)
        self.building[new.uid] = until
        return begun

    def is_moving(self, now: datetime) -> bool:
        """Whether a move is under way."""
        self.settle(now)
        return self._due is not None

    def move(self, kind: Kind, uid: str, now: datetime) -> None:
        """Begin to point the domains at a deployment. A rollback ends auto-assignment, a promote brings it back."""
        self.last_alias_request = {
            "fromDeploymentId": self.production, "toDeploymentId": uid, "jobStatus": "in-progress",
            "requestedAt": millis(now), "type": kind,
        }  # fmt: skip
        self.auto_assign = kind == "promote" and not self.frozen
        self._due = now + timedelta(seconds=self.move_seconds)

    def set_auto_assign(self, on: bool) -> bool:
        """The project's setting; whether it was changed by that."""
        self.frozen, before = not on, self.auto_assign
        self.auto_assign = on
        return on != before

    def settle(self, now: datetime) -> None:
        """Finish the build and the move whose time has come."""
        for uid in [uid for uid, until in self.building.items() if now >= until]:
            del self.building[uid]
            self._end_build(uid)
        if self._due is None or now < self._due or self.last_alias_request is None:
            return
        self._due = None
        uid = self.last_alias_request["toDeploymentId"]
        moved = [domain for domain in self.domains if domain not in self.stuck_domains]
        self.domains |= dict.fromkeys(moved, uid)
        self.production = uid
        self.deployments = [
            replace(each, substate="PROMOTED") if each.uid == uid else each for each in self.deployments
        ]
        self.last_alias_request["jobStatus"] = "succeeded" if len(moved) == len(self.domains) else "failed"

    def _end_build(self, uid: str) -> None:
        """A build that is ready takes the domains, unless they are not assigned by themselves; one that failed does nothing."""
        (begun,) = (each for each in self.deployments if each.uid == uid)
        self.deployments.remove(begun)
        if self.builds_fail:
            self.add(replace(begun, state="ERROR"), live=False)
        else:
            substate = "PROMOTED" if self.auto_assign else "STAGED"
            self.add(replace(begun, state="READY", substate=substate), live=self.auto_assign)

    def aliases(self) -> Sequence[tuple[str, str]]:
        """Each domain of the last move, and how far it is with it."""
        request = self.last_alias_request
        if request is None:
            return ()
        waiting = "in-progress" if self._due is not None else "failed"
        return [(domain, "completed" if uid == request["toDeploymentId"] else waiting)
                for domain, uid in self.domains.items()]  # fmt: skip
