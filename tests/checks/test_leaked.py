"""A leaked secret beside its new one: what counts as refused, as proven, and as told. Never a value in any answer."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.checks import leaked, reach, uses
from runbook.errors import Fault
from runbook.known_secrets import ONE_AT_A_TIME, OPENS, old_name
from runbook.model import Finding, Status
from runbook.settings import SECRET_NAMES
from runbook.testing import Asked, Says, World
from runbook.testing.world import SECRETS

STRIPE = "STRIPE_SECRET_KEY"
OLD, NEW = "rk_live_" + "0ld" * 8, "rk_live_" + "n3w" * 8
ACCOUNT = {"id": "acct_test", "object": "account", "charges_enabled": True}
REFUSED = Says(401, {"error": {"message": "Invalid API Key provided: rk_live_****"}})


def world(stripe: Any, **secrets: str) -> World:
    vendors = {"stripe": {"GET /v1/account": stripe}}
    return World(vendors=vendors, secrets={**SECRETS, STRIPE: NEW, old_name(STRIPE): OLD, **secrets})


def takes(*alive: str) -> Any:
    """A Stripe that knows these keys."""

    def answer(asked: Asked) -> Any:
        return ACCOUNT if asked.headers["authorization"].removeprefix("Bearer ") in alive else REFUSED

    return answer


def both(found: World, secret: str = STRIPE) -> tuple[Finding, Finding]:
    return found.check(leaked.old_one, secret=secret), found.check(leaked.new_one, secret=secret)


def test_every_declared_secret_is_known_and_those_with_a_second_one_have_a_door() -> None:
    assert set(SECRET_NAMES) <= {*OPENS, *ONE_AT_A_TIME}
    assert set(leaked.DOORS) == set(OPENS)
    assert set(uses.READ) <= set(OPENS)


def test_two_living_keys_the_leaked_one_is_critical_and_the_new_one_works() -> None:
    old, new = both(world(takes(OLD, NEW)))
    assert (old.status, new.status) == (Status.CRITICAL, Status.OK)
    assert old.facts["name"] == old_name(STRIPE)


def test_a_dead_leaked_key_is_ok_and_the_answer_says_what_it_does_not_prove() -> None:
    old, _ = both(world(takes(NEW)))
    assert old.status is Status.OK and "exactly what leaked" in old.summary


def test_without_an_old_one_what_stands_under_the_name_counts_as_leaked_and_the_page_is_told() -> None:
    found = World(vendors={"stripe": {"GET /v1/account": takes(NEW)}}, secrets={**SECRETS, STRIPE: NEW})
    old, new = both(found)
    assert old.status is Status.CRITICAL and old.facts["name"] == STRIPE
    assert new.status is Status.WARNING
    assert "dashboard.stripe.com/apikeys" in new.summary and old_name(STRIPE) in new.summary


def test_one_value_under_both_names_is_no_new_one() -> None:
    _, new = both(world(takes(OLD), **{STRIPE: OLD}))
    assert new.status is Status.CRITICAL and "same value" in new.summary


def test_a_new_one_that_is_refused_is_critical_and_names_where_another_is_made() -> None:
    _, new = both(world(takes(OLD)))
    assert new.status is Status.CRITICAL and "dashboard.stripe.com/apikeys" in new.summary


def test_a_new_one_of_another_account_is_another_target() -> None:
    _, new = both(world({**ACCOUNT, "id": "acct_other"}))
    assert new.facts["fault"] == Fault.WRONG_TARGET.value


@pytest.mark.parametrize("answer", [Fault.DOWN, Fault.TIMEOUT, Says(429, {"error": {"message": "slow down"}})], ids=str)
def test_a_vendor_that_says_neither_yes_nor_no_proves_nothing(answer: Any) -> None:
    assert {one.status for one in both(world(answer))} == {Status.UNKNOWN}


def test_a_key_that_may_not_do_this_is_alive() -> None:
    old, _ = both(world(Says(403, {"error": {"message": "The provided key does not have the required permissions"}})))
    assert old.status is Status.CRITICAL


@pytest.mark.parametrize("value", ["rk_test_" + "0ld" * 8, "not a key at all", "rk_live_\u00e9" + "0ld" * 8])
def test_an_old_value_that_was_never_sent_is_no_proof_of_death(value: str) -> None:
    found = world(takes(NEW), **{old_name(STRIPE): value})
    assert found.check(leaked.old_one, secret=STRIPE).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "no secret is named"),
        ("rk_live_51abcdefghij", "never to its value"),
        ("DATABASE_URL", "a role has one password"),
        ("STRIPE_WEBHOOK_SECRET", "webhook-failure"),
        ("GITHUB_TOKEN", "no secret that this procedure knows"),
    ],
)
@pytest.mark.parametrize("check", [leaked.secret_meant, leaked.old_one, leaked.new_one, uses.seen], ids=str)
def test_a_name_that_is_none_is_unknown_and_says_what_to_do(check: Any, secret: str, says: str) -> None:
    finding = World().check(check, secret=secret)
    assert finding.status is Status.UNKNOWN and says in finding.summary
    assert "rk_live_51" not in finding.summary


def test_no_answer_holds_a_value() -> None:
    found = world(takes(OLD, NEW))
    for check in (leaked.secret_meant, leaked.old_one, leaked.new_one):
        finding = found.check(check, secret=STRIPE)
        assert OLD not in repr(finding) and NEW not in repr(finding)


def test_what_a_vendor_does_not_tell_is_unknown_with_the_page_that_shows_it() -> None:
    finding = World().check(uses.seen, secret="CLERK_API_KEY")
    assert finding.status is Status.UNKNOWN and not finding.required
    assert "dashboard.clerk.com" in finding.summary


def test_what_a_token_may_do_is_asked_with_the_leaked_one() -> None:
    def token(asked: Asked) -> Any:
        teams = 2 if asked.headers["authorization"].endswith("leaked") else 1
        scopes = [{"type": "team", "teamId": f"team_{one}"} for one in range(teams)]
        return {"token": {"id": "t", "name": "ci", "createdAt": 1_767_580_000_000, "scopes": scopes}}

    secrets = {**SECRETS, old_name("VERCEL_TOKEN"): "vercel-leaked"}
    found = World(vendors={"vercel": {"GET /v5/user/tokens/current": token}}, secrets=secrets)
    assert found.check(reach.of_the_leaked, secret="VERCEL_TOKEN").summary == "it has 2 teams, without an end"
    assert "a restricted key" in World().check(reach.of_the_leaked, secret=STRIPE).summary
    assert "every user" in World().check(reach.of_the_leaked, secret="CLERK_API_KEY").summary


def test_grave_events_are_strange_and_none_is_no_proof_of_peace() -> None:
    def event(kind: str) -> dict[str, Any]:
        about = {"id": "x_1", "object": "thing"}
        return {"id": f"evt_{kind}", "type": kind, "created": 1_767_580_000, "livemode": True, "pending_webhooks": 0,
                "data": {"object": about}, "api_version": None}  # fmt: skip

    def seen(*kinds: str) -> Finding:
        events = {"data": [event(kind) for kind in kinds], "has_more": False}
        return World(vendors={"stripe": {"GET /v1/events": events}}).check(uses.seen, secret=STRIPE)

    assert seen("payment_intent.succeeded").status is Status.UNKNOWN
    assert seen("payment_intent.succeeded", "payout.created").status is Status.WARNING
