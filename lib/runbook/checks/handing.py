"""Hand our own endpoint a webhook as Stripe would: signed with our secret, at this moment. And what it says, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runbook.clients.signatures import sign_stripe
from runbook.clients.site import SECONDS, Delivered
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.profile import SiteTarget
from runbook.systems import Systems

SECRET = "STRIPE_WEBHOOK_SECRET"
NO_ANSWER = 0
HARMLESS = "runbook.smoke"  # a type that nobody acts on


def hand_over(systems: Systems, event: Mapping[str, Json]) -> Delivered:
    """One event to our own handler. Its body is made anew, so the signature is of what is really sent."""
    body = json.dumps(event).encode()
    header = sign_stripe(systems.secret_for_a_vendor(SECRET), body, systems.times.now().timestamp())
    return deliver(systems, body, {"Stripe-Signature": header})


def knock(systems: Systems) -> Delivered:
    """The same without a signature: whoever takes that takes forgeries."""
    return deliver(systems, b'{"test": "health_check"}', {})


def deliver(systems: Systems, body: bytes, headers: Mapping[str, str]) -> Delivered:
    """A POST to our handler. No answer in time is one too: the vendors hang up and count it as failed."""
    try:
        return systems.site.deliver(site_of(systems).stripe_path, body, headers)
    except SystemFault as fault:
        if fault.fault is not Fault.TIMEOUT:
            raise
        return Delivered(NO_ANSWER, SECONDS, is_wall=False, location="", text="", is_duplicate=False)


def harmless(systems: Systems) -> dict[str, Json]:
    """An event of a type that nobody acts on."""
    now = int(systems.times.now().timestamp())
    return {"id": f"evt_runbook_{now}", "object": "event", "type": HARMLESS, "created": now,
            "data": {"object": {"id": "runbook", "object": "runbook"}}}  # fmt: skip


def said(answer: Delivered) -> str:
    """What our endpoint answered, and how the vendors take it."""
    if answer.is_taken:
        return f"takes it ({answer.status_code})"
    if answer.status_code == NO_ANSWER:
        return f"gives no answer within {answer.seconds:.0f} s; the vendors hang up"
    if answer.is_wall:
        return f"a wall in front of it challenges us as a bot ({answer.status_code})"
    if 300 <= answer.status_code < 400:
        return f"redirects to {answer.location or 'nowhere'} ({answer.status_code}); the vendors do not follow"
    if answer.status_code in (404, 405):
        return f"there is no endpoint at this path ({answer.status_code})"
    return f"{'fails' if answer.status_code >= 500 else 'refuses it'} ({answer.status_code}): {answer.text}"


def site_of(systems: Systems) -> SiteTarget:
    """The site in the profile."""
    if systems.profile.site is None:
        raise SystemFault("there is no site in this profile", system="site", fault=Fault.NOT_SET)
    return systems.profile.site
