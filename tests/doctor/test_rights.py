"""What our tokens may do: too much, too little, not for long, or not told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from runbook.doctor import tokens
from runbook.model import Status
from runbook.testing import Clock, Says, World

OURS = {"type": "team", "teamId": "team_test"}
ROLE = {
    "name": "runbook", "is_superuser": False, "has_other_powers": False, "may_monitor": True, "may_end_sessions": True,
    "may_read": True,
}  # fmt: skip


def vercel(*scopes: dict[str, str], days: float | None = 300) -> World:
    clock = Clock()
    token: dict[str, object] = {"name": "runbook", "scopes": list(scopes)}
    if days is not None:
        token["expiresAt"] = int((clock.times.now() + timedelta(days=days)).timestamp() * 1000)
    return World(vendors={"vercel": {"GET /v5/user/tokens/current": {"token": token}}}, clock=clock)


@pytest.mark.parametrize(
    ("world", "status", "words"),
    [
        (vercel(OURS), Status.OK, "reaches this team"),
        (vercel(OURS, days=None), Status.OK, "without an end"),
        (vercel(OURS, days=3), Status.WARNING, "ends at"),
        (vercel(OURS, days=-1), Status.CRITICAL, "ends at"),
        (vercel({"type": "user"}), Status.WARNING, "all that its owner may"),
        (vercel(OURS, {"type": "user"}), Status.WARNING, "all that its owner may"),
        (vercel(OURS, {"type": "team", "teamId": "team_other"}), Status.WARNING, "2 teams"),
        (vercel({"type": "team", "teamId": "team_other"}), Status.CRITICAL, "does not reach team_test"),
    ],
)
def test_a_token_of_vercel(world: World, status: Status, words: str) -> None:
    found = tokens.vercel(world.systems)
    assert (found.status, words in found.summary) == (status, True), found


@pytest.mark.parametrize(
    ("scopes", "status", "words"),
    [
        ("chat:write,channels:read", Status.OK, "chat:write"),
        ("channels:read", Status.CRITICAL, "may not post"),
        ("chat:write,admin.users:read", Status.WARNING, "admin.users:read"),
        ("chat:write, im:history", Status.WARNING, "im:history"),
        ("", Status.UNKNOWN, "names no scope"),
    ],
)
def test_the_scopes_of_a_bot(scopes: str, status: Status, words: str) -> None:
    said = Says(body={"ok": True, "team_id": "T0TEST"}, headers={"x-oauth-scopes": scopes} if scopes else {})
    found = tokens.slack(World(vendors={"slack": {"GET /api/auth.test": said}}).systems)
    assert (found.status, words in found.summary) == (status, True), found


@pytest.mark.parametrize(("said", "status"), [({"serviceToken": True}, Status.OK), ({}, Status.WARNING)])
def test_a_token_that_is_a_persons_own(said: dict[str, bool], status: Status) -> None:
    world = World(vendors={"launchdarkly": {"GET /api/v2/caller-identity": {"accountId": "a", **said}}})
    assert tokens.launchdarkly(world.systems).status is status


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({}, Status.OK, "no superuser"),
        ({"is_superuser": True}, Status.WARNING, "far more"),
        ({"has_other_powers": True}, Status.WARNING, "far more"),
        ({"may_end_sessions": False}, Status.CRITICAL, "lacks pg_signal_backend"),
        ({"may_monitor": False, "may_read": False}, Status.CRITICAL, "lacks pg_monitor, pg_read_all_data"),
    ],
)
def test_the_role_of_the_database(change: dict[str, bool], status: Status, words: str) -> None:
    found = tokens.role(World(database={"role": [{**ROLE, **change}]}).systems)
    assert (found.status, words in found.summary) == (status, True), found
    assert (found.next_step == "") is (status is Status.OK)
