"""LaunchDarkly's REST API, the part that counts: how often the site asked for a flag, and what it got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.sandbox.seeds import token
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.launchdarkly import known
from runbook.sandbox.twins.launchdarkly_changes import VENDOR as VENDOR
from runbook.sandbox.twins.launchdarkly_changes import flag_of

if TYPE_CHECKING:
    from runbook.sandbox.world import World

MINUTELY_SECONDS = 2 * 3600  # older data comes by the hour or the day (apidocs, Get evaluations usage)


@VENDOR.route("GET", "/api/v2/usage/evaluations/{project}/{environment}/{flag}")
def evaluations(world: World, call: Call) -> Reply:
    """Evaluations by the minute, a series for each variation; a beta call, that wants to be named so in each request."""
    known(world, call)
    if call.headers.get("ld-api-version") != "beta":
        raise Refusal(400, "This is a beta resource: send LD-API-Version: beta", code="invalid_request")
    if not world.tokens.launchdarkly_usage:
        raise Refusal(403, "Account usage is not available on your plan", code="forbidden")
    now = world.times.now().timestamp()
    since, until = (int(text) / 1000 if (text := call.one(name)).isdigit() else edge
                    for name, edge in (("from", now - MINUTELY_SECONDS), ("to", now)))  # fmt: skip
    with world.lock:
        flag = flag_of(world, call)
    counted = flag.evaluations.rows(max(since, now - MINUTELY_SECONDS), until)
    places = range(len(flag.variations))
    series = [{"time": at * 1000, **{str(one): counts.get(one, 0) for one in places}} for at, counts in counted.items()]
    metadata = [{"variation": token(f"{flag.key} {value}"), "value": value} for value in flag.variations]
    return Reply({"_links": {"self": {"href": call.path}}, "metadata": metadata, "series": series})
