"""Hand our own handler a webhook as its vendor would: signed with our secret, at this moment. And what it says, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runbook.checks.frame import Answer
from runbook.clients.signatures import UNSIGNED_CAL, sign_cal, sign_stripe
from runbook.clients.site import SECONDS, Delivered
from runbook.errors import Fault, SystemFault
from runbook.model import Json, Row, Status
from runbook.profile import SiteTarget
from runbook.systems import Systems
from runbook.times import iso

NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Sender:
    """A vendor as our handler knows it: where it knocks, which secret signs, and what nobody acts on."""

    secret: str
    path: Callable[[SiteTarget], str]
    signed: Callable[[str, bytes, float], Mapping[str, str]]  # by a secret, of a body, at a moment (epoch seconds)
    unsigned: Mapping[str, str]
    harmless: Callable[[Systems], dict[str, Json]]


def _harmless_stripe(systems: Systems) -> dict[str, Json]:
    now = int(systems.times.now().timestamp())
    return {"id": f"evt_runbook_{now}", "object": "event", "type": "runbook.smoke", "created": now,
            "data": {"object": {"id": "runbook", "object": "runbook"}}}  # fmt: skip


def _harmless_cal(systems: Systems) -> dict[str, Json]:
    return {"triggerEvent": "PING", "createdAt": iso(systems.times.now()), "payload": {"type": "runbook"}}


STRIPE = Sender(
    "STRIPE_WEBHOOK_SECRET", lambda site: site.stripe_path,
    lambda secret, body, at: {"Stripe-Signature": sign_stripe(secret, body, at)}, {}, _harmless_stripe,
)  # fmt: skip
CAL = Sender(
    "CALCOM_WEBHOOK_SECRET", lambda site: site.cal_path,
    lambda secret, body, at: {"X-Cal-Signature-256": sign_cal(secret, body)},
    {"X-Cal-Signature-256": UNSIGNED_CAL}, _harmless_cal,
)  # fmt: skip


def hand_over(systems: Systems, event: Mapping[str, Json], sender: Sender = STRIPE) -> Delivered:
    """One event to our own handler. Its body is made anew, so the signature is of what is really sent."""
    body = json.dumps(event).encode()
    secret = systems.secret_for_a_vendor(sender.secret)
    return deliver(systems, body, sender.signed(secret, body, systems.times.now().timestamp()), sender)


def until_taken(
    systems: Systems, event: Mapping[str, Json], sender: Sender = STRIPE, *, tries: int = 3, pause: float = 0.5
) -> Delivered:
    """The same, tried again after a slip (5xx): the handler knows what it has had. A refusal stays one."""
    answer = hand_over(systems, event, sender)
    for _ in range(tries - 1):
        if answer.status_code < 500:
            break
        systems.times.sleep(pause)
        answer = hand_over(systems, event, sender)
    return answer


def knock(systems: Systems, sender: Sender = STRIPE) -> Delivered:
    """The same without a signature: whoever takes that takes forgeries."""
    return deliver(systems, b'{"test": "health_check"}', sender.unsigned, sender)


def deliver(systems: Systems, body: bytes, headers: Mapping[str, str], sender: Sender = STRIPE) -> Delivered:
    """A POST to our handler. No answer in time is one too: the vendors hang up and count it as failed."""
    try:
        return systems.site.deliver(sender.path(site_of(systems)), body, headers)
    except SystemFault as fault:
        if fault.fault is not Fault.TIMEOUT:
            raise
        return Delivered(NO_ANSWER, SECONDS, is_wall=False, location="", text="", is_duplicate=False)


def harmless(systems: Systems, sender: Sender = STRIPE) -> dict[str, Json]:
    """An event of a type that nobody acts on."""
    return sender.harmless(systems)


def answered(systems: Systems, sender: Sender) -> Answer:
    """Whether our handler refuses what is not signed, and takes what is: a finding of two tries."""
    unsigned = knock(systems, sender)
    signed = hand_over(systems, harmless(systems, sender), sender) if unsigned.status_code != NO_ANSWER else unsigned
    rows: list[Row] = [
        {"asked": "without a signature", "must be": "4xx", "answered": unsigned.status_code, "says": said(unsigned)},
        {"asked": "signed, of a harmless type", "must be": "2xx", "answered": signed.status_code, "says": said(signed)},
    ]
    facts = {
        "forgeable": unsigned.is_taken, "redirect": signed.location, "wall": signed.is_wall or unsigned.is_wall,
        "refuses_ours": signed.status_code in (400, 401, 403) and not signed.is_wall, "status": signed.status_code,
        "missing": signed.status_code in (404, 405), "fails": signed.status_code >= 500,
        "slow": signed.status_code == NO_ANSWER and unsigned.status_code != NO_ANSWER,
    }  # fmt: skip
    source = f"POST {sender.path(site_of(systems))} of the site"
    if unsigned.is_taken:
        told = f"an unsigned request is taken ({unsigned.status_code}): anybody can forge events"
        return Answer(Status.CRITICAL, told, unsigned.status_code, source=source, rows=rows, facts=facts)
    if not signed.is_taken:
        return Answer(Status.CRITICAL, f"signed with our secret: {said(signed)}", signed.status_code, source=source,
                      rows=rows, facts=facts)  # fmt: skip
    told = f"refuses what is not signed ({unsigned.status_code}), takes what is ({signed.status_code})"
    return Answer(Status.OK, told, signed.status_code, source=source, rows=rows, facts=facts)


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
