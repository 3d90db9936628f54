"""Guards read as sentences. Each raises ``Refused`` with what, where and the next step, or lets the plan through."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from runbook.errors import Refused
from runbook.model import Identity, Plan
from runbook.policy import Policy
from runbook.systems import Systems
from runbook.times import Times, iso


def target_is_right(identity: Identity) -> None:
    """Refuse when the system is not the environment's, or does not say who it is."""
    if identity.matches is True:
        return
    if identity.matches is False:
        raise Refused(
            f"wrong target: {identity.system} says {identity.seen}, this environment is {identity.expected}",
            where=identity.how, next_step="check the profile and the variable that holds the address",
        )  # fmt: skip
    raise Refused(
        f"{identity.system} does not say who it is", where=identity.how,
        next_step="nothing is changed on a system that cannot be identified",
    )  # fmt: skip


def touches_at_most_what_policy_allows(plan: Plan, policy: Policy) -> None:
    """Refuse a plan with more objects than ``limits.yaml`` allows."""
    limit = policy.at_most.get(plan.action)
    if limit is not None and len(plan.objects) > limit:
        raise Refused(
            f"{plan.action} would touch {len(plan.objects)} objects, policy allows {limit}",
            where="params/policy/limits.yaml", next_step="narrow the parameters, or have the limit raised",
        )  # fmt: skip


def plan_is_of_this_environment(plan: Plan, environment: str) -> None:
    """Refuse a plan that was made for another environment."""
    if plan.environment != environment:
        raise Refused(f"plan {plan.plan_id} is for {plan.environment}", where=f"environment {environment}",
                      next_step="make the plan again here")  # fmt: skip


@contextlib.contextmanager
def nobody_else_changes(target: str, runs: Path, systems: Systems, operator: str, times: Times) -> Iterator[str]:
    """Hold the lock on one target while inside; yields how far it reaches. Refuse when somebody else holds it.

    A file lock for this machine's runs folder, and an advisory lock on the database when it answers.
    """
    digest = hashlib.sha256(target.encode()).hexdigest()[:16]
    folder = runs / ".locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / digest, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(handle)
            raise Refused(f"{target} is being changed by {holder}", where="lock",
                          next_step="wait until that run has verified its change") from error  # fmt: skip
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"operator": operator, "since": iso(times.now()), "pid": os.getpid()}).encode(), 0)
        with _advisory_lock(systems, int(digest, 16) - 2**63) as everywhere:
            yield "everywhere" if everywhere else "this machine only"
    finally:
        os.close(handle)


@contextlib.contextmanager
def _advisory_lock(systems: Systems, key: int) -> Iterator[bool]:
    """True while the database holds the lock for us, False when it cannot; refuses when it holds it for another."""
    taken = systems.database.advisory_lock(key) if systems.profile.database is not None else None
    if taken is False:
        raise Refused("another run holds the lock in the database", where="lock",
                      next_step="wait until that run has verified its change")  # fmt: skip
    try:
        yield taken is True
    finally:
        if taken:
            systems.database.advisory_unlock(key)


def _holder(handle: int) -> str:
    try:
        data = json.loads(os.pread(handle, 4096, 0))
        return f"{data['operator']} since {data['since']} (process {data['pid']})"
    except (ValueError, KeyError):
        return "another run"
