"""One real sandbox for the tests of this folder; each test gets it healthy, with systems of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook import places, policy, settings
from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.model import Changed, Plan, Status
from runbook.sandbox import lifecycle
from runbook.systems import Systems
from runbook.times import Times


@dataclass(frozen=True)
class World:
    """The sandbox, as a test breaks it and looks at it."""

    state: Path
    systems: Systems

    def break_(self, *faults: Any) -> None:
        lifecycle.control("POST", "break", {"faults": list(faults)}, self.state)

    def reopened(self) -> World:
        """The same sandbox, opened again: its secrets may have changed."""
        return World(self.state, opened())

    def state_now(self) -> dict[str, Any]:
        return dict(lifecycle.control("GET", "state", path=self.state))

    def client(self, name: str = "test-client") -> psycopg.Connection[Any]:
        """A client of the database that a test can move."""
        dsn = settings.load_secrets(self.systems.profile).need("DATABASE_URL")
        return psycopg.connect(dsn, application_name=name)

    def plan(self, action: Action, **arguments: Any) -> Plan:
        seen = action.preview(self.systems, **arguments)
        return Plan(
            action.name, action.danger, "sandbox", seen.target, arguments, seen.objects, seen.costs, seen.before,
            seen.left_alone, action.undo, "", action.budget_seconds,
        )  # fmt: skip

    def carry_out(self, action: Action, plan: Plan) -> list[Changed]:
        return [action.change(self.systems, item, plan) for item in plan.objects]

    def prove(self, action: Action, plan: Plan, seconds: float = 20) -> Answer:
        give_up = time.monotonic() + seconds
        while True:
            answer = action.verify(self.systems, plan)
            if answer.status is Status.OK or answer.facts.get("final") or time.monotonic() > give_up:
                return answer
            time.sleep(0.1)

    def until(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < give_up, "it did not come true in time"
            time.sleep(0.05)


def opened() -> Systems:
    profile = settings.load_profile("sandbox")
    return Systems(profile, settings.load_secrets(profile), policy.load(places.root()), Times())


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


@pytest.fixture
def world(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("RUNBOOK_SANDBOX", str(state))
    systems = opened()
    yield World(state, systems)
    systems.close()
    lifecycle.repair(state)


@pytest.fixture
def owner(world: World) -> Iterator[psycopg.Connection[Any]]:
    """The role that owns the tables, at a keyboard of its own."""
    dsn = settings.load_secrets(world.systems.profile).need("PROD_DATABASE_URL")
    with psycopg.connect(dsn, autocommit=True, application_name="psql") as connection:
        yield connection
