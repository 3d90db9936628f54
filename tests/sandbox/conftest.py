"""One real sandbox for all tests of a session; each test gets it healthy."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook import places, policy, settings
from runbook.sandbox import lifecycle, state
from runbook.systems import Systems
from runbook.times import Times

REF = "sandboxsandboxsandbo"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """A running sandbox as its callers see it."""

    path: Path

    @property
    def described(self) -> dict[str, Any]:
        found = state.read(self.path)
        assert found is not None
        return found

    def secret(self, name: str) -> str:
        return str(self.described["secrets"][name])

    def ask(
        self,
        key: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        seconds: float = 20,
    ) -> Answer:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.described["urls"][key] + path,
            method=method,
            data=data,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                status, raw, got = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, raw, got = error.code, error.read(), error.headers
            error.close()
        try:
            return Answer(
                status, json.loads(raw) if raw else None, {name.lower(): value for name, value in got.items()}
            )
        except ValueError:
            return Answer(status, raw.decode(), {name.lower(): value for name, value in got.items()})

    def supabase(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask(
            "supabase",
            method,
            f"/v1/projects/{REF}{path}",
            body,
            headers={"Authorization": f"Bearer {self.secret('SUPABASE_API_KEY')}"},
            **more,
        )

    def vercel(self, method: str, path: str, body: Any = None) -> Answer:
        joined = f"{path}{'&' if '?' in path else '?'}teamId=team_sandbox"
        return self.ask(
            "vercel", method, joined, body, headers={"Authorization": f"Bearer {self.secret('VERCEL_TOKEN')}"}
        )

    def launchdarkly(self, path: str, **headers: str) -> Answer:
        return self.ask("launchdarkly", "GET", path, headers={"Authorization": self.secret("LD_API_KEY"), **headers})

    def control(self, method: str, what: str, body: Any = None) -> Any:
        return lifecycle.control(method, what, body, self.path)

    def state(self) -> dict[str, Any]:
        return dict(self.control("GET", "state"))

    def health(self) -> int:
        return self.ask("site", "GET", "/api/health").status

    def break_(self, *faults: Any) -> None:
        self.control("POST", "break", {"faults": list(faults)})

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        every = self.control("GET", "requests")["requests"]
        return [row for row in every if all(row[key] == value for key, value in wanted.items())]

    def changes(self, after: int = 0) -> list[dict[str, Any]]:
        return list(self.control("GET", "requests?changes=1")["requests"])[after:]

    def connect(self, secret: str = "DATABASE_URL") -> psycopg.Connection[Any]:
        return psycopg.connect(self.secret(secret), autocommit=True, connect_timeout=3, application_name="runbook")

    def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        give_up = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < give_up, "it did not come true in time"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield World(path)


@pytest.fixture
def world(running: World) -> Iterator[World]:
    yield running
    running.control("POST", "repair", {})


@pytest.fixture
def systems(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systems]:
    """The real clients, against this world."""
    monkeypatch.setenv("RUNBOOK_SANDBOX", str(world.path))
    profile = settings.load_profile("sandbox")
    opened = Systems(profile, settings.load_secrets(profile), policy.load(places.root()), Times())
    yield opened
    opened.close()
