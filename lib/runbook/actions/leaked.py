"""End a leaked secret: the last step, refused until the new one is proven to work wherever the old one did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.checks.leaked import leaked_name, meant, tried
from runbook.checks.rotation import Rotation, unproven
from runbook.errors import Fault, Refused, SystemFault
from runbook.known_secrets import old_name
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

BUDGET_SECONDS = 60.0  # vendors end a key within seconds; a gateway may remember it for a moment


@dataclass(frozen=True, slots=True)
class Ending:
    """How one vendor's key is found by the leaked value, and ended by the new one or by the vendor's management API."""

    find: Callable[[Systems, str], tuple[str, str]]  # its id and its name
    end: Callable[[Systems, str, str], None]


def _supabase_key(systems: Systems, secret: str) -> tuple[str, str]:
    found = [
        one for one in systems.supabase.api_keys() if systems.begins_with(leaked_name(systems, secret), one.prefix)
    ]
    if len(found) != 1:
        raise Refused(f"{len(found)} of the project's keys begin as the leaked one", where="Supabase, API keys",
                      next_step=f"end it by hand: {meant(secret).ended_at}")  # fmt: skip
    return found[0].key_id, f"{found[0].name}, made {found[0].made_at[:10]}"


def _launchdarkly_token(systems: Systems, secret: str) -> tuple[str, str]:
    with contextlib.closing(systems.opened_by(secret, leaked_name(systems, secret))) as opened:
        old = opened.launchdarkly.caller()
    if old.token_id == systems.launchdarkly.caller().token_id:
        raise Refused("both values are of one token", where="LaunchDarkly", next_step="make a second token")
    return old.token_id, old.token_name


def _vercel_token(systems: Systems, secret: str) -> tuple[str, str]:
    with contextlib.closing(systems.opened_by(secret, leaked_name(systems, secret))) as opened:
        old = opened.vercel.token()
    if old.token_id in ("", systems.vercel.token().token_id):
        raise Refused(
            "both values are of one token, or its id is not told", where="Vercel", next_step="make a second token"
        )
    return old.token_id, old.name


ENDINGS: Mapping[str, Ending] = {
    "LD_API_KEY": Ending(_launchdarkly_token, lambda s, key_id, _: s.launchdarkly.end_token(key_id)),
    "SUPABASE_SERVICE_KEY": Ending(_supabase_key, lambda s, key_id, why: s.supabase.end_api_key(key_id, why)),
    "VERCEL_TOKEN": Ending(_vercel_token, lambda s, key_id, _: s.vercel.end_token(key_id)),
}


def preview(
    systems: Systems, *, secret: str, variable: str = "", hours: int = 24, seen_working: str = ""
) -> Preview:  # fmt: skip
    """The leaked one at its vendor, by id. Refused before the new one is proven, and where the vendor has no call for it."""
    known = meant(secret)
    if not tried(systems, secret, leaked_name(systems, secret)).opens:
        return Preview(known.system, (), (f"{leaked_name(systems, secret)} opens nothing any more",))
    _must_be_proven(systems, Rotation(secret, variable, hours, seen_working))
    if secret not in ENDINGS:
        raise Refused(f"{known.system} has no call that ends a key", where=old_name(secret),
                      next_step=f"the new one is proven: end the old one by hand, {known.ended_at}; then verify")  # fmt: skip
    key_id, name = ENDINGS[secret].find(systems, secret)
    item = PlannedObject(key_id, {"secret": old_name(secret), "name": name, "then": "opens nothing"})
    costs = (
        f"everybody who has it is shut out at once: strangers, and whatever of ours still has it; the site has {secret}",
        "a deployment that was built before the new one went in has the dead one: roll none of them back",
    )
    target = f"{known.system}/{systems.must_identify(known.system).expected}"
    return Preview(target, (item,), costs, target_was_given=True)


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """End it, if the new one still works everywhere and it is the same key."""
    rotation = Rotation(**plan.arguments)
    try:
        _must_be_proven(systems, rotation)
        key_id, _ = ENDINGS[rotation.secret].find(systems, rotation.secret)
        if key_id != item.identity:
            return Changed(
                Outcome.UNCHANGED, f"{old_name(rotation.secret)} holds another key now, {key_id}: plan again"
            )
        ENDINGS[rotation.secret].end(systems, key_id, f"leaked; runbook plan {plan.plan_id}")
    except Refused as no:
        return Changed(Outcome.FAILED, str(no))
    except SystemFault as fault:
        if fault.fault is not Fault.PERMISSION:
            raise
        by_hand = meant(rotation.secret).ended_at
        return Changed(
            Outcome.FAILED, f"our key may not end another: {fault}. The new one is proven: by hand, {by_hand}"
        )
    return Changed(Outcome.DONE, f"ended {old_name(rotation.secret)} at {plan.target}: {key_id}")


def verify(systems: Systems, plan: Plan) -> Answer:
    """The leaked one is refused by its vendor, asked with it a moment ago."""
    secret = str(plan.arguments["secret"])
    seen = tried(systems, secret, leaked_name(systems, secret))
    status = Status.CRITICAL if seen.opens else Status.OK
    return Answer(status, f"{leaked_name(systems, secret)}: {seen.told}", source=meant(secret).system)


def _must_be_proven(systems: Systems, rotation: Rotation) -> None:
    if reason := unproven(systems, rotation):
        raise Refused(f"the new one is not proven: {reason}", where=rotation.secret,
                      next_step="the steps before this one, in their order; nothing is ended before")  # fmt: skip


end_leaked_secret = Action(
    "end_leaked_secret", "End the leaked secret at its vendor", Danger.SIDE_EFFECT, "the secret's own",
    preview, change, verify, BUDGET_SECONDS, "cannot be undone: an ended key does not come back, make another",
    follow_up="Take NAME_OLD out of .env, redeploy previews that had the leaked one, and find out how it got out: the next "
    "one leaks the same way.",
    system_of=lambda plan: plan.target.partition("/")[0], at_once=True,
)  # fmt: skip
EVERY = (end_leaked_secret,)
