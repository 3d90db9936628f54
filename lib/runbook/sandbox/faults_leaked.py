"""Faults of secrets that are out: the leaked key still works, somebody uses it, and a new one is there, or not, or is no good."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from runbook.errors import SettingError
from runbook.known_secrets import old_name
from runbook.sandbox.parts import MAKE
from runbook.sandbox.seeds import LD_ENVIRONMENT, LD_PROJECT, token

if TYPE_CHECKING:
    from runbook.sandbox.world import World

NEWS = ("good", "missing", "refused", "elsewhere")
STRANGER = {"User-Agent": "python-requests/2.32.3", "cf-connecting-ip": "203.0.113.77", "cf-ipcountry": "RO"}
SECONDS = 5.0
MADE_MINUTES_AGO = 3  # when somebody made the new key; what is in place already was put there after that


def secret_leaked(
    world: World, secret: str = "SUPABASE_SERVICE_KEY", new: str = "good", used: bool = False, placed: bool = False
) -> None:
    """A key of ours is public. ``new``: the one that was made to take its place; ``placed``: the site has it already.

    ``used``: a stranger has tried the leaked one.
    """
    if new not in NEWS or secret not in MAKE:
        raise SettingError(f"{secret} {new}: no such leak; new is one of {', '.join(NEWS)}", where="secret_leaked")
    leaked, made = world.secret(secret), MAKE[secret]()
    world.leaked = secret
    if used:
        _use(world, secret, leaked)
    if new == "missing":
        return
    with world.lock:
        if new != "refused":
            account = f"acct_1{token('somebody else', 15)}" if new == "elsewhere" else ""
            world.keys.add(secret, made, world.times.now() - timedelta(minutes=MADE_MINUTES_AGO), account)
    if placed:
        world.rebuild_with({secret: made})
    world.publish({secret: made, old_name(secret): leaked})
    world.on_repair(lambda: world.publish({secret: leaked, old_name(secret): ""}))


def leaked_secret_ended(world: World, secret: str = "SUPABASE_SERVICE_KEY", placed: bool = True) -> None:
    """The same, and somebody has ended the leaked one already; not ``placed``: too early, the site has nothing else."""
    secret_leaked(world, secret, placed=placed)
    with world.lock:
        leaked = world.keys.find(secret, world.secret(secret))
        assert leaked is not None
        world.keys.end(secret, leaked.uid)


def _use(world: World, secret: str, leaked: str) -> None:
    """A stranger's real requests with the leaked key."""
    if secret == "SUPABASE_SERVICE_KEY":
        for _ in range(3):
            _ask(f"{world.urls['supabase_auth']}/auth/v1/settings", {"apikey": leaked})
    elif secret == "LD_API_KEY":
        body = {"environmentKey": LD_ENVIRONMENT, "instructions": [{"kind": "turnFlagOn"}]}
        _ask(f"{world.urls['launchdarkly']}/api/v2/flags/{LD_PROJECT}/search-suggestions",
             {"Authorization": leaked, "Content-Type": "application/json; domain-model=launchdarkly.semanticpatch"},
             json.dumps(body).encode())  # fmt: skip
    else:
        raise SettingError(f"no stranger knows what to do with {secret}", where="secret_leaked")


def _ask(url: str, headers: dict[str, str], body: bytes | None = None) -> None:
    method = "GET" if body is None else "PATCH"
    with urlopen(Request(url, body, {**STRANGER, **headers}, method=method), timeout=SECONDS) as answer:
        answer.read()
