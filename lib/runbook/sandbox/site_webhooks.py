"""How the site takes webhooks: it checks the signature with the secret of its build, and does what an event asks for once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, LiteralString

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runbook.clients.signatures import complaint_of_cal, complaint_of_stripe
from runbook.sandbox.seeds import Deployment
from runbook.sandbox.site_pool import SitePool

SECONDS = 4.0
SLOW_SECONDS = 8.0  # longer than the vendors' stand-ins wait
PAID = "payment_intent.succeeded"
REDIRECTED = "/api/webhooks/stripe/"  # by a rule for trailing slashes
STRIPE_SECRET, CAL_SECRET = "STRIPE_WEBHOOK_SECRET", "CALCOM_WEBHOOK_SECRET"
# an event is noted, and what was paid is given, in one statement: both or neither
HANDLE: LiteralString = (
    "with new as (insert into public.processed_events (event_id) values (%s) on conflict do nothing returning event_id),"
    " given as (insert into public.entitlements (payment_id) select %s from new where %s::text <> '' returning payment_id)"
    " select event_id from new"
)
# code that forgot to look whether it knows an event
HANDLE_AGAIN: LiteralString = (
    "with given as (insert into public.entitlements (payment_id) select %s where %s::text <> '' returning payment_id)"
    " select %s::text from given"
)
# the newer state of a booking wins
BOOK: LiteralString = (
    "insert into public.bookings as b (uid, customer_id, starts_at, status, updated_at)"
    " select %s, (select id from public.customers where email = %s), %s::timestamptz, %s, %s::timestamptz"
    " on conflict (uid) do update set starts_at = excluded.starts_at, status = excluded.status,"
    " updated_at = excluded.updated_at where excluded.updated_at > b.updated_at returning b.uid"
)
BOOKED = frozenset({"BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"})
KNOWN = frozenset({"payment_intent.succeeded", "payment_intent.payment_failed", "charge.dispute.created"})


async def stripe(pool: SitePool, build: Deployment, request: Request) -> Response:
    """One of Stripe's: what the site does not act on is taken and forgotten, as the vendor wants it."""
    if build.defect == "webhook-redirect":
        return Response(status_code=308, headers={"location": REDIRECTED})
    raw, header = await request.body(), request.headers.get("stripe-signature", "")
    if why := complaint_of_stripe(build.env.get(STRIPE_SECRET, ""), header, raw, time.time()):
        return JSONResponse({"error": why}, 400)
    event: dict[str, Any] = json.loads(raw)
    if (failed := await _broken(build)) is not None:
        return failed
    if not event.get("id"):
        return JSONResponse({"error": "no event id"}, 400)
    if event.get("type") not in KNOWN:
        return JSONResponse({"received": True, "ignored": True})
    payment = event.get("data", {}).get("object", {}).get("id", "") if event["type"] == PAID else ""
    if build.defect == "webhooks-forgetful":
        new = await pool.rows(HANDLE_AGAIN, payment, payment, event["id"], seconds=SECONDS)
    else:
        new = await pool.rows(HANDLE, event["id"], payment, payment, seconds=SECONDS)
    request.state.objects = [event["id"]] if new else []
    return JSONResponse({"received": True, "duplicate": not new})


async def cal(pool: SitePool, build: Deployment, request: Request) -> Response:
    """One of Cal.com's: written by its uid, and an older state never over a newer one, whoever tells of it, and how often."""
    raw, header = await request.body(), request.headers.get("x-cal-signature-256", "")
    if why := complaint_of_cal(build.env.get(CAL_SECRET, ""), header, raw):
        return JSONResponse({"error": why}, 400)
    if (failed := await _broken(build)) is not None:
        return failed
    told = _read(raw)
    if told is None:
        return JSONResponse({"error": "not what Cal.com sends of a booking"}, 400)
    if told.get("triggerEvent") not in BOOKED:
        return JSONResponse({"received": True, "ignored": True})
    one = told["payload"]
    if not one.get("attendees"):
        return JSONResponse({"error": "nobody has booked"}, 422)
    values = (
        one["uid"],
        one["attendees"][0].get("email", ""),
        one["startTime"],
        one["status"].lower(),
        told["createdAt"],
    )
    new = await pool.rows(BOOK, *values, seconds=SECONDS)
    request.state.objects = [one["uid"]] if new else []
    return JSONResponse({"received": True, "duplicate": not new})


def _read(raw: bytes) -> dict[str, Any] | None:
    """A delivery; None for one whose template has made something else of it."""
    try:
        told = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("payload"), dict):
        return None
    whole = {"uid", "startTime", "status"} <= told["payload"].keys() and "createdAt" in told
    return told if whole or told.get("triggerEvent") not in BOOKED else None


async def _broken(build: Deployment) -> Response | None:
    """What a build's defect does to every webhook: an error, or work before the answer for which no vendor waits."""
    if build.defect == "webhooks-slow":
        await asyncio.sleep(SLOW_SECONDS)
        return JSONResponse({"error": "the invoice was not made in time"}, 504)
    if build.defect == "webhooks":
        return JSONResponse({"error": "TypeError: Cannot read properties of undefined (reading 'kind')"}, 500)
    return None
