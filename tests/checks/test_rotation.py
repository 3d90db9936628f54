"""Whether a new secret has taken the old one's place: by what runs and when it was built, never by a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from runbook.checks import rotation
from runbook.checks.rotation import Rotation, unproven
from runbook.errors import Fault
from runbook.known_secrets import old_name
from runbook.model import Finding, Status
from runbook.testing import PROFILE, Clock, Says, World
from runbook.testing.vendor import PROJECT, TEAM
from runbook.testing.world import SECRETS

SECRET = "STRIPE_SECRET_KEY"
BUILD = "dpl_live"


def at(minutes_ago: float) -> int:
    return int((Clock().times.now() - timedelta(minutes=minutes_ago)).timestamp() * 1000)


def world(
    *variables: dict[str, Any],
    built_minutes_ago: float = 5,
    site: Any = None,
    profile: Any = PROFILE,
    vercel: Any = None,
) -> World:
    project = {"id": PROJECT, "name": "test", "accountId": TEAM, "targets": {"production": {"id": BUILD}}}
    created = at(built_minutes_ago)
    build = {"id": BUILD, "uid": BUILD, "name": "test", "url": "test.vercel.test", "createdAt": created, "created": created,
             "readyState": "READY", "state": "READY", "status": "READY", "target": "production", "creator": {"username": "mira"},
             "meta": {}}  # fmt: skip
    vercel = vercel or {
        f"GET /v9/projects/{PROJECT}": project, f"GET /v10/projects/{PROJECT}/env": {"envs": list(variables)},
        f"GET /v13/deployments/{BUILD}": build,
        "GET /v7/deployments": {"deployments": [{**build, "uid": "dpl_older", "created": at(9000)}]},
    }  # fmt: skip
    account = {"id": "acct_test", "object": "account", "charges_enabled": True}
    vendors = {"vercel": vercel, "stripe": {"GET /v1/account": account}, "site": {"*": site or {"status": "ok"}}}
    return World(vendors=vendors, profile=profile, secrets={**SECRETS, old_name(SECRET): "rk_live_" + "0ld" * 8})


def variable(changed_minutes_ago: float, *targets: str, key: str = SECRET) -> dict[str, Any]:
    return {"id": "env_1", "key": key, "type": "sensitive", "target": list(targets or ("production",)),
            "createdAt": at(9000), "updatedAt": at(changed_minutes_ago)}  # fmt: skip


def environment(found: World, **arguments: Any) -> Finding:
    return found.check(rotation.environment, secret=SECRET, **arguments)


def test_built_after_the_variable_was_changed_is_ok_and_older_builds_are_warned_of() -> None:
    finding = environment(world(variable(10)))
    assert finding.status is Status.OK and "1 older deployments have the leaked one" in finding.summary


def test_built_before_it_was_changed_asks_for_a_redeploy() -> None:
    finding = environment(world(variable(3)))
    assert finding.status is Status.WARNING and "redeploy" in finding.summary


def test_not_changed_for_as_long_as_it_may_be_out_is_the_leaked_one() -> None:
    finding = environment(world(variable(90)), hours=1)
    assert finding.status is Status.WARNING and "put it there" in finding.summary


def test_a_preview_that_has_another_value_does_not_stand_in_for_production() -> None:
    assert environment(world(variable(10), variable(9000, "preview"))).status is Status.OK
    assert environment(world(variable(9000), variable(10, "preview"))).status is Status.WARNING


def test_a_variable_of_another_name_is_found_when_it_is_named() -> None:
    found = world(variable(10, key="STRIPE_KEY"))
    assert "another name" in environment(found).summary
    assert environment(found, variable="STRIPE_KEY").facts["is_there"]


def test_a_rotation_without_a_page_that_tells_wants_somebody_who_looked() -> None:
    found = world(variable(10))
    assert "seen_working" in unproven(found.systems, Rotation(SECRET))
    assert unproven(found.systems, Rotation(SECRET, seen_working="mira")) == ""


def test_what_the_site_does_not_have_may_have_another_name_there_so_somebody_must_look() -> None:
    assert "seen_working" in unproven(world().systems, Rotation(SECRET))
    assert unproven(world().systems, Rotation(SECRET, seen_working="mira")) == ""
    assert "CLERK_SECRET_KEY" in world().check(rotation.environment, secret="CLERK_API_KEY").summary


def test_a_page_that_needs_it_proves_nothing_while_nobody_knows_which_variable_it_reads() -> None:
    site = replace(PROFILE.site, needs={SECRET: "/portal/invoices"})
    profile = replace(PROFILE, site=site)
    assert "set variable" in unproven(world(profile=profile).systems, Rotation(SECRET))
    assert unproven(world(variable(10), profile=profile).systems, Rotation(SECRET)) == ""
    failing = world(variable(10), profile=profile, site=Says(502))
    assert failing.check(rotation.pages, secret=SECRET).status is Status.CRITICAL
    assert "/portal/invoices" in unproven(failing.systems, Rotation(SECRET))


@pytest.mark.parametrize("answer", [Fault.DOWN, Says(503)], ids=str)
def test_what_cannot_be_told_is_no_proof(answer: Any) -> None:
    found = world(variable(10), vercel={"*": answer})
    assert "cannot be told" in unproven(found.systems, Rotation(SECRET, seen_working="mira"))
