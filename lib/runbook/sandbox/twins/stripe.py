"""Stripe's API: account, webhook endpoints, events, and an event sent again. By secret key, Basic or Bearer, of one mode."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from runbook.sandbox.deliveries import is_web_address
from runbook.sandbox.paying import Delivery, Endpoint, Event, event_body
from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.sandbox.twins.stripe_shapes import (
    PAGING,
    TIMES,
    Row,
    account_body,
    endpoint_body,
    error_body,
    flag,
    given,
    in_time,
    invalid,
    page,
)  # fmt: skip

if TYPE_CHECKING:
    from runbook.sandbox.world import World

PER_SECOND = 25  # of one call, in both modes (docs.stripe.com/rate-limits)
KEPT = timedelta(days=30)
MOST_TYPES, LONGEST_KEY = 20, 255
FIRST_VERSION = "2011-01-01"
Kept = TypeVar("Kept", Endpoint, Event)
KEYS = {"STRIPE_SECRET_KEY": True, "STRIPE_TEST_KEY": False}  # and whether each is of live mode


def _key(call: Call) -> str:
    """The key, by whichever of the two forms: Bearer, or Basic with the key as the user and no password."""
    kind, _, text = call.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(text, validate=True).decode().partition(":")[0]
        except (binascii.Error, ValueError):
            return ""
    return text.strip() if kind.lower() == "bearer" else ""


def _authorize(world: World, call: Call) -> None:
    key = _key(call)
    if not key:
        raise Refusal(
            401, "You did not provide an API key. You need to provide your API key in the Authorization header."
        )
    if not any(world.opens(name, key) for name in KEYS):
        raise Refusal(401, f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:]}")
    version = call.headers.get("stripe-version", FIRST_VERSION)
    if version[:10] < FIRST_VERSION or version[4:5] != "-":
        raise Refusal(400, f"Invalid Stripe API version: {version}")


def _unmatched(call: Call) -> Refusal:
    return Refusal(404, f"Unrecognized request URL ({call.method}: {call.path}). Please see https://stripe.com/docs")


def _quota(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """Nothing is said of the quota until it is used up."""
    return {}


VENDOR = Vendor(
    "stripe", _authorize, error_body, Limit(PER_SECOND, 1.0, _quota, {"Stripe-Rate-Limited-Reason": "endpoint-rate"}),
    headers=lambda request_id: {"Request-Id": request_id}, unmatched=_unmatched,
)  # fmt: skip


def _livemode(world: World, call: Call) -> bool:
    return KEYS[next(name for name in KEYS if world.opens(name, _key(call)))]


def keyed(handler: Handler) -> Handler:
    """A change: with an Idempotency-Key that was there before the first answer is given again. Refusals are not kept."""

    def checked(world: World, call: Call) -> Reply:
        key, asked = call.headers.get("idempotency-key", ""), (call.path, call.raw)
        if len(key) > LONGEST_KEY:
            raise Refusal(400, "Idempotency keys are at most 255 characters", type="idempotency_error")
        with world.lock:
            known = world.stripe.answers.get(key)
            if known is not None and known[0] != asked:
                said = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise Refusal(400, said, type="idempotency_error")
            reply = handler(world, call) if known is None else known[1]
            if key:
                world.stripe.answers[key] = (asked, replace(reply, change=False, objects=()))
        return reply

    return checked


@VENDOR.route("GET", "/v1/account")
def account(world: World, call: Call) -> Reply:
    """Whose key it is, in either mode."""
    given(call, "expand[]")
    key = next(found for name in KEYS if (found := world.keys.find(name, _key(call))))
    body = account_body(world.platform.created)
    return Reply(body | {"id": key.account} if key.account else body)


@VENDOR.route("GET", "/v1/webhook_endpoints")
def endpoints(world: World, call: Call) -> Reply:
    """The endpoints of the key's mode."""
    values, live = given(call, *PAGING), _livemode(world, call)
    with world.lock:
        rows = sorted((one for one in world.stripe.endpoints.values() if one.livemode is live),
                      key=lambda one: one.created, reverse=True)  # fmt: skip
        return page(call, values, rows, endpoint_body)


@VENDOR.route("GET", "/v1/webhook_endpoints/{endpoint}")
def endpoint(world: World, call: Call) -> Reply:
    """One endpoint."""
    given(call, "expand[]")
    with world.lock:
        return Reply(endpoint_body(_endpoint(world, call, call.params["endpoint"], "webhook_endpoint")))


@VENDOR.route("POST", "/v1/webhook_endpoints/{endpoint}")
@keyed
def update_endpoint(world: World, call: Call) -> Reply:
    """Change an endpoint; a list of types replaces the whole list."""
    values = given(call, "disabled", "url", "description", "enabled_events[]", "metadata[]", "expand[]")
    one = _endpoint(world, call, call.params["endpoint"], "webhook_endpoint")
    before, disabled = endpoint_body(one), flag(values, "disabled")
    if "url" in values and not is_web_address(values["url"][-1]):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url_invalid", "url")
    one.enabled = one.enabled if disabled is None else not disabled
    one.url = values.get("url", [one.url])[-1]
    one.description = values.get("description", [one.description])[-1]
    one.types = tuple(values.get("enabled_events[]", one.types))
    one.metadata |= {name[9:-1]: texts[-1] for name, texts in values.items() if name.startswith("metadata[")}
    after = endpoint_body(one)
    return Reply(after, change=after != before, objects=(one.uid,) if after != before else ())


@VENDOR.route("GET", "/v1/events")
def events(world: World, call: Call) -> Reply:
    """Events of the last 30 days, by type, time, and whether every endpoint that is owed it has it."""
    values = given(call, *PAGING, "type", "types[]", "delivery_success", *TIMES)
    if "type" in values and "types[]" in values:
        raise invalid("You may only specify one of these parameters: type, types.", "parameter_unknown", "types")
    types = values.get("types[]", [])
    if len(types) > MOST_TYPES:
        raise invalid(f"You may specify at most {MOST_TYPES} types.", "parameter_invalid_string_empty", "types")
    kinds, delivered, live = [*types, *values.get("type", [])], flag(values, "delivery_success"), _livemode(world, call)
    with world.lock:
        rows = [
            one for one in reversed(_kept(world)) if one.livemode is live
            and (not kinds or any(_fits(kind, one.kind) for kind in kinds))
            and (delivered is None or (one.pending == 0) is delivered)
            and in_time(values, int(one.created.timestamp()))
        ]  # fmt: skip
        return page(call, values, rows, event_body)


@VENDOR.route("GET", "/v1/events/{event}")
def event(world: World, call: Call) -> Reply:
    """One event."""
    given(call, "expand[]")
    with world.lock:
        return Reply(event_body(_event(world, call)))


@VENDOR.route("POST", "/v1/events/{event}/retry")
@keyed
def retry(world: World, call: Call) -> Reply:
    """Send an event to one endpoint again, now. Without an endpoint it goes to the vendor's command line: to nobody here."""
    values = given(call, "webhook_endpoint", "account", "for_stripecli", "expand[]")
    found = _event(world, call)
    if "webhook_endpoint" not in values:
        return Reply(event_body(found))
    to = _endpoint(world, call, values["webhook_endpoint"][-1], "webhook_endpoint")
    if to.enabled and to.wants(found.kind):
        owed = next((one for one in found.deliveries if one.endpoint == to.uid), None)
        if owed is None:
            owed = Delivery(to.uid, None)
            found.deliveries.append(owed)
        owed.due = world.times.now()
    return Reply(event_body(found), change=True, objects=(found.uid,))


@VENDOR.route("GET", "/v1/payment_intents")
def payment_intents(world: World, call: Call) -> Reply:
    """Payments by the time they were begun."""
    values, live = given(call, *PAGING, "customer", *TIMES), _livemode(world, call)
    with world.lock:
        rows = [
            Row(one.about["id"], one.about) for one in reversed(world.stripe.events)
            if one.about["object"] == "payment_intent" and one.livemode is live and in_time(values, one.about["created"])
            and values.get("customer", [one.about["customer"]])[-1] == one.about["customer"]
        ]  # fmt: skip
        return page(call, values, rows, lambda one: one.body)


def _kept(world: World) -> list[Event]:
    oldest = world.times.now() - KEPT
    return [one for one in world.stripe.events if one.created >= oldest]


def _event(world: World, call: Call) -> Event:
    uid = call.params["event"]
    found = next((one for one in _kept(world) if one.uid == uid), None)
    if found is None:
        raise invalid(f"No such notification: '{uid}'", "resource_missing", "id", 404)
    return _of_mode(found, "notification", "id", _livemode(world, call))


def _endpoint(world: World, call: Call, uid: str, param: str) -> Endpoint:
    found = world.stripe.endpoints.get(uid)
    if found is None:
        raise invalid(f"No such webhook endpoint: '{uid}'", "resource_missing", param, 404)
    return _of_mode(found, "webhook endpoint", param, _livemode(world, call))


def _of_mode(found: Kept, what: str, param: str, live: bool) -> Kept:
    """What belongs to the other mode is not there, and the vendor says why."""
    if found.livemode is live:
        return found
    theirs, ours = ("live", "test") if found.livemode else ("test", "live")
    why = f"a similar object exists in {theirs} mode, but a {ours} mode key was used to make this request."
    raise invalid(f"No such {what}: '{found.uid}'; {why}", "resource_missing", param, 404)


def _fits(wanted: str, kind: str) -> bool:
    return wanted == kind or (wanted.endswith("*") and kind.startswith(wanted[:-1]))
