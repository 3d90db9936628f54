"""How long to wait, in each vendor's own words; a change is not sent again however short that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from runbook.errors import Fault, SystemFault
from runbook.systems import Systems
from runbook.testing import Clock, Says, World

NOW = Clock().times.now().timestamp()
# Each vendor's page on rate limits: header, unit, status.
DIALECTS: dict[str, tuple[str, Callable[[Systems], Any], int, dict[str, str], Any, float | None]] = {
    "clerk counts seconds and says nothing else": (
        "clerk", lambda s: s.clerk.instance(), 429, {"retry-after": "4"},
        {"errors": [{"code": "too_many_requests", "message": "Too many requests."}], "clerk_trace_id": "t"}, 4.0,
    ),
    "pagerduty counts seconds left": (
        "pagerduty", lambda s: s.pagerduty.on_calls("P"), 429, {"ratelimit-limit": "960", "ratelimit-reset": "21"},
        {"error": {"message": "Rate Limit Exceeded", "code": 2020}}, 21.0,
    ),
    "supabase auth says nothing": (
        "supabase_auth", lambda s: s.supabase_auth.health(), 429, {},
        {"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"}, None,
    ),
    "sentry counts to a moment": (
        "sentry", lambda s: s.sentry.project(), 429,
        {"x-sentry-rate-limit-limit": "40", "x-sentry-rate-limit-reset": str(int(NOW) + 12)}, {"detail": "Slow down."}, 12.0,
    ),
    "slack counts seconds": (
        "slack", lambda s: s.slack.workspace(), 429, {"retry-after": "30"}, {"ok": False, "error": "ratelimited"}, 30.0,
    ),
    "tinybird counts seconds, twice": (
        "tinybird", lambda s: s.tinybird.rows("SELECT 1"), 429, {"retry-after": "2", "x-ratelimit-reset": "2"},
        {"error": "Too many requests"}, 2.0,
    ),
    "cal.com counts seconds under the name of the quota": (
        "calcom", lambda s: s.calcom.me(), 429, {"x-ratelimit-reset-default": "7"},
        {"status": "error", "error": {"code": "ThrottlerException", "message": "Too Many Requests"}}, 7.0,
    ),
    "stripe says which quota, and not how long": (
        "stripe", lambda s: s.stripe.account(), 429, {"stripe-rate-limited-reason": "endpoint-rate"},
        {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."}}, None,
    ),
    "statuspage has a status of its own and no header": (
        "statuspage", lambda s: s.statuspage.page(), 420, {}, {"message": "Too many requests"}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_read_waits_as_long_as_it_was_told(dialect: Any) -> None:
    system, question, status, headers, body, seconds = dialect
    world = World(vendors={system: {"*": Says(status, body, headers)}})
    with pytest.raises(SystemFault) as raised:
        question(world.systems)
    assert raised.value.fault is Fault.RATE_LIMITED
    assert world.clock.slept[0] == seconds if seconds else world.clock.slept[0] < 1
