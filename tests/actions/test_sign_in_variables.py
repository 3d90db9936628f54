"""The right key into the site's environment and a new build: a real token is refused before and taken after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.sign_in_variables import set_sign_in_variable
from runbook.actions.variables import redeploy
from runbook.errors import Refused
from runbook.model import Outcome, Status
from runbook.sandbox.faults_auth import ROTATED
from runbook.sandbox.session_tokens import SigningKey, publishable_key
from runbook.sandbox.signing_in import FRONTEND
from runbook.sandbox.twins.clerk import jwk
from runbook.testing import Says
from runbook.testing import World as FakeWorld

if TYPE_CHECKING:
    from conftest import World

KEY, SHOWN = "CLERK_JWT_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"


@pytest.mark.parametrize(
    ("fault", "variable"),
    [("signing_key_rotated", KEY), ("sign_in_variable_mistyped", KEY), ("instances_mixed", SHOWN)],
)
def test_what_is_wrong_is_proposed_set_and_counts_from_the_next_build_on(
    world: World, fault: str, variable: str
) -> None:
    world.break_(fault)
    assert world.state_now()["auth_test"] == 401
    plan = world.plan(set_sign_in_variable)
    assert [one.identity for one in plan.objects] == [variable]
    assert [one.outcome for one in world.carry_out(set_sign_in_variable, plan)] == [Outcome.DONE]
    assert world.prove(set_sign_in_variable, plan).status is Status.OK
    assert world.state_now()["auth_test"] == 401, "no build has it yet"
    again = world.plan(redeploy)
    world.carry_out(redeploy, again)
    assert world.prove(redeploy, again).status is Status.OK
    assert world.state_now()["auth_test"] == 200


def test_the_plan_shows_a_fingerprint_or_a_host_never_a_key(world: World) -> None:
    world.break_("signing_key_rotated")
    told = str(world.plan(set_sign_in_variable))
    (signing,) = world.systems.clerk.keys()
    assert signing.kid == ROTATED and signing.thumbprint[:12] in told and "BEGIN PUBLIC KEY" not in told
    shown = str(world.plan(set_sign_in_variable, variable=SHOWN))
    assert FRONTEND in shown and publishable_key(FRONTEND) not in shown


def test_a_key_that_is_rotated_once_more_meanwhile_is_planned_again(world: World) -> None:
    plan = world.plan(set_sign_in_variable, variable=KEY)
    world.break_("signing_key_rotated")
    (changed,) = world.carry_out(set_sign_in_variable, plan)
    assert changed.outcome is Outcome.UNCHANGED and "plan again" in changed.line


def test_nothing_wrong_a_secret_and_a_stranger_are_no_plan(world: World) -> None:
    for variable, why in (
        ("", "is seen to be wrong"),
        ("CLERK_SECRET_KEY", "is a secret"),
        ("STRIPE_KEY", "no variable of the"),
    ):
        with pytest.raises(Refused, match=why):
            world.plan(set_sign_in_variable, variable=variable)


def test_of_several_keys_the_one_that_signed_our_tests_token_is_taken() -> None:
    def world(token_kid: str) -> FakeWorld:
        keys = {"keys": [jwk(SigningKey("ins_old")), jwk(SigningKey("ins_new"))]}
        said = {"clerk": "token-invalid-signature", "token_kid": token_kid}
        return FakeWorld(vendors={
            "clerk": {"GET /v1/jwks": keys}, "site": {"POST /api/auth/test": Says(401, said)},
            "vercel": {"GET /v10/projects/*/env": {"envs": []}},
        })  # fmt: skip

    plan = world("ins_new").plan(set_sign_in_variable, variable=KEY)
    assert "ins_new" in plan.objects[0].shown["then"]
    with pytest.raises(Refused, match="no one RSA key"):
        world("").plan(set_sign_in_variable, variable=KEY)


def test_a_201_that_holds_a_failure_is_a_failure() -> None:
    failed = {"created": [], "failed": [{"error": {"code": "ENV_CONFLICT", "message": "A variable exists already"}}]}
    world = FakeWorld(vendors={
        "clerk": {"GET /v1/jwks": {"keys": [jwk(SigningKey("ins_new"))]}},
        "vercel": {"GET /v10/projects/*/env": {"envs": []}, "POST /v10/projects/*/env": Says(201, failed)},
    })  # fmt: skip
    result = world.apply(set_sign_in_variable, world.plan(set_sign_in_variable, variable=KEY))
    assert result.outcome in (Outcome.FAILED, Outcome.UNKNOWN) and "exists already" in result.reason
