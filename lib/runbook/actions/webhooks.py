"""Bring webhooks back: the endpoint on again, and what our application has missed handed to its own handler, once each."""

from __future__ import annotations

from collections.abc import Sequence

from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.checks.handing import hand_over, harmless, said, until_taken
from runbook.checks.missed import handled_events, missed_events, notes_events, times_given
from runbook.checks.webhooks import HOURS, customers, endpoints
from runbook.clients.stripe_rows import ENDPOINT_IDS, EVENT_IDS, Event
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

SET_SECONDS = 30.0
BACKFILL_SECONDS = 60.0  # of one event, and of the proof
EVENT_SECONDS = 0.05  # at most 20 a second: Stripe allows 25 reads of one kind (docs.stripe.com/rate-limits)
SOURCE = "the application's own table of handled events"


def preview_enable(systems: Systems, *, endpoint: str = "") -> Preview:
    """Our endpoints that are disabled; of the given ones, separated by commas, else of all. A hook of Cal.com's is none."""
    if endpoint and not endpoint.startswith(ENDPOINT_IDS):
        return Preview(_account(systems), (), (f"{endpoint} is Cal.com's, and no endpoint",), target_was_given=True)
    found = endpoints.function(systems).facts
    off = [str(one) for one in found["disabled"]]
    named = endpoint.split(",") if endpoint else []
    chosen = [one for one in off if not named or one in named]
    if others := [one for one in named if one not in found["ours"]]:
        raise Refused(f"{others[0]} is no endpoint at our handler's path", where="Stripe",
                      next_step="take one from the table of endpoints")  # fmt: skip
    costs = ("Stripe sends what happens from now on; what happened meanwhile it never sends: hand it over afterwards",)
    items = tuple(PlannedObject(one, {"now": "disabled", "then": "enabled"}) for one in chosen)
    return Preview(_account(systems), items, costs if items else ("it is enabled already",), {"enabled": False},
                   target_was_given=True)  # fmt: skip


def preview_disable(systems: Systems, *, endpoint: str) -> Preview:
    """Those of the named endpoints, separated by commas, that are enabled."""
    items = tuple(
        PlannedObject(one, {"now": "enabled", "then": "disabled"})
        for one in endpoint.split(",")
        if systems.stripe.endpoint(one).is_enabled
    )
    costs = ("WARNING: what happens while it is disabled is never sent to it",)
    return Preview(_account(systems), items, costs, {"enabled": True}, target_was_given=True)


def change_enable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Enable it, if it is disabled."""
    return _switch(systems, item, plan, enabled=True)


def change_disable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Disable it, if it is enabled."""
    return _switch(systems, item, plan, enabled=False)


def same_endpoint(plan: Plan) -> dict[str, Json]:
    """What undo switches: the plan's endpoints."""
    return {"endpoint": ",".join(item.identity for item in plan.objects)}


def verify_enable(systems: Systems, plan: Plan) -> Answer:
    """Stripe says that it is enabled."""
    return _switched(systems, plan, enabled=True)


def verify_disable(systems: Systems, plan: Plan) -> Answer:
    """Stripe says that it is disabled."""
    return _switched(systems, plan, enabled=False)


def preview_backfill(systems: Systems, *, hours: int = HOURS) -> Preview:
    """Every event of ours that the application has not handled, oldest first. Refused where our handler does not take events."""
    missed = missed_events(systems, hours)
    most = systems.policy.at_most["backfill_events"]
    chosen, later = missed.events[:most], missed.events[most:]
    target = _account(systems)
    if not chosen:
        return Preview(
            target, (), (f"all {missed.asked} events of the last {hours} h are handled",), target_was_given=True
        )
    answer = hand_over(systems, harmless(systems))
    if not answer.is_taken:
        raise Refused(f"our handler does not take events: {said(answer)}", where="site",
                      next_step="mend that first, then plan again; nothing is lost meanwhile")  # fmt: skip
    costs = [
        f"our handler runs for each of {len(chosen)}: mails, orders, invoices that it makes are made",
        "Stripe goes on trying by itself; whichever comes second is known by its id and not done again",
    ]
    if not notes_events(systems):
        costs[1:] = ["WARNING: nobody notes which events were handled: the first is handed over twice; if that gives "
                     f"{chosen[0].object_id} twice, nothing more is"]  # fmt: skip
    left = [f"{len(later)} later ones: more than the {most} that policy allows in one plan"] if later else []
    left += [] if missed.is_whole else [f"those before the newest {missed.asked}"]
    return Preview(target, tuple(map(_object, chosen)), tuple(costs), {}, tuple(left), target_was_given=True)


def change_backfill(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Hand it over, if the application has not handled it meanwhile. A slip is tried again: the handler knows the id."""
    began = systems.times.monotonic()
    if item == plan.objects[0] and not notes_events(systems):
        return _prove_once(systems, item)
    if handled_events(systems, _about([item])):
        return Changed(Outcome.UNCHANGED, f"{item.identity} is handled already")
    event = systems.stripe.payload(item.identity)
    answer = until_taken(systems, event)
    systems.times.sleep(max(0.0, EVENT_SECONDS - (systems.times.monotonic() - began)))
    if not answer.is_taken:
        return Changed(Outcome.FAILED, f"{item.identity}: our handler {said(answer)}")
    if answer.is_duplicate:
        return Changed(Outcome.UNCHANGED, f"{item.identity} was handled a moment ago")
    return Changed(Outcome.DONE, f"{item.identity} ({item.shown['type']}) handled", {"status": answer.status_code})


def verify_backfill(systems: Systems, plan: Plan) -> Answer:
    """The application has noted each of them as handled, and provisioned nothing twice."""
    ids = [item.identity for item in plan.objects]
    missing = sorted(set(ids) - handled_events(systems, _about(plan.objects)))
    if missing:
        told = f"{len(missing)} of {len(ids)} are not noted as handled, like {missing[0]}"
        return Answer(Status.CRITICAL, told, len(missing), "events", 0, SOURCE)
    database = systems.profile.database
    if database is not None and database.given_table:
        twice = customers.function(systems).facts.get("twice", [])
        if twice:
            return Answer(Status.CRITICAL, f"{twice[0]} was provisioned more than once", len(twice), "payments", 0, SOURCE,
                          facts={"final": True})  # fmt: skip
    return Answer(Status.OK, f"all {len(ids)} are noted as handled", 0, "events", 0, SOURCE)


def preview_resend(systems: Systems, *, event: str = "", endpoint: str = "") -> Preview:
    """One event to one endpoint, by Stripe itself; nothing where no event is named."""
    if not event.startswith(EVENT_IDS):
        return Preview(_account(systems), (), ("no event (evt_…) is named",), target_was_given=True)
    ours = [str(one) for one in endpoints.function(systems).facts["ours"]]
    to = endpoint if endpoint.startswith(ENDPOINT_IDS) else ours[0] if len(ours) == 1 else ""
    if not to:
        raise Refused(f"{len(ours)} endpoints are ours", where="endpoint", next_step="name one of them")
    one = systems.stripe.event(event)
    item = PlannedObject(event, {"type": one.kind, "made": one.created_at, "to": to},
                         {"endpoint": to, "about": one.object_id})  # fmt: skip
    costs = ("our handler runs again", "no document of Stripe's names this call; their own command line makes it")
    return Preview(_account(systems), (item,), costs, target_was_given=True)


def change_resend(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask Stripe once; the key makes a repeat of ours the same one."""
    systems.stripe.resend(item.identity, str(item.bound["endpoint"]), key=f"runbook-{plan.plan_id}-{item.identity}")
    return Changed(Outcome.DONE, f"{item.identity} is sent again to {item.bound['endpoint']}")


def verify_resend(systems: Systems, plan: Plan) -> Answer:
    """The application has noted it as handled."""
    return verify_backfill(systems, plan)


def _prove_once(systems: Systems, item: PlannedObject) -> Changed:
    """Hand one event over until it was handed over twice, and see that what was paid is given once."""
    payment, event = str(item.bound["about"]), systems.stripe.payload(item.identity)
    before = times_given(systems, [payment]).get(payment, 0)
    for _ in range(1 if before else 2):
        answer = until_taken(systems, event)
        if not answer.is_taken:
            return Changed(Outcome.FAILED, f"{item.identity}: our handler {said(answer)}")
    after = times_given(systems, [payment]).get(payment, 0)
    if after != 1:
        told = (
            f"{payment} was given {after} times: our handler does not know an event again; nothing more is handed over"
        )
        return Changed(Outcome.FAILED, told, {"given": after})
    told = f"{item.identity} was handed over again and {payment} was given once: our handler knows an event again"
    return Changed(Outcome.UNCHANGED if before else Outcome.DONE, told, {"given": after})


def _about(items: Sequence[PlannedObject]) -> dict[str, str]:
    return {item.identity: str(item.bound["about"]) for item in items}


def _switch(systems: Systems, item: PlannedObject, plan: Plan, *, enabled: bool) -> Changed:
    if systems.stripe.endpoint(item.identity).is_enabled == enabled:
        return Changed(Outcome.UNCHANGED, f"{item.identity} is {_word(enabled)} already")
    now = systems.stripe.set_enabled(item.identity, enabled, key=f"runbook-{plan.plan_id}-{item.identity}")
    return Changed(Outcome.DONE, f"{item.identity} is {_word(now.is_enabled)}", {"enabled": now.is_enabled})


def _switched(systems: Systems, plan: Plan, *, enabled: bool) -> Answer:
    others = [item.identity for item in plan.objects if systems.stripe.endpoint(item.identity).is_enabled != enabled]
    told = f"{others[0]} is {_word(not enabled)}" if others else f"{plan.objects[0].identity} is {_word(enabled)}"
    return Answer(Status.CRITICAL if others else Status.OK, told, len(others), source="Stripe, webhook endpoints")


def _object(one: Event) -> PlannedObject:
    return PlannedObject(one.event_id, {"type": one.kind, "made": one.created_at, "about": one.object_id},
                         {"about": one.object_id})  # fmt: skip


def _account(systems: Systems) -> str:
    return systems.profile.stripe.account_id if systems.profile.stripe else ""


def _word(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


enable_endpoint = Action(
    "enable_endpoint", "Have Stripe send to our endpoint again", Danger.REVERSIBLE, "stripe",
    preview_enable, change_enable, verify_enable, SET_SECONDS, "disable_endpoint", same_endpoint, mends=False,
)  # fmt: skip
disable_endpoint = Action(
    "disable_endpoint", "Have Stripe send nothing to an endpoint", Danger.REVERSIBLE, "stripe",
    preview_disable, change_disable, verify_disable, SET_SECONDS, "enable_endpoint", same_endpoint, mends=False,
)  # fmt: skip
backfill_events = Action(
    "backfill_events", "Hand what was missed to our own handler, oldest first", Danger.SIDE_EFFECT, "stripe",
    preview_backfill, change_backfill, verify_backfill, BACKFILL_SECONDS, "cannot be undone: our handler has run",
    at_once=True,
)  # fmt: skip
resend_event = Action(
    "resend_event", "Have Stripe send one event to one endpoint again", Danger.SIDE_EFFECT, "stripe",
    preview_resend, change_resend, verify_resend, SET_SECONDS, "cannot be undone: our handler has run", mends=False,
)  # fmt: skip
EVERY = (enable_endpoint, disable_endpoint, backfill_events, resend_event)
