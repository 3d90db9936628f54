"""Every application of the world: the vendors' twins, their status pages, the company's site, and the control door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from runbook.sandbox import control, site
from runbook.sandbox.seeds import DOMAINS
from runbook.sandbox.twins import (
    calcom,
    clerk,
    clerk_frontend,
    launchdarkly_usage,
    other_status,
    pagerduty,
    sentry,
    slack,
    status_pages,
    statuspage,
    stripe,
    supabase,
    supabase_auth,
    tinybird,
    vercel_env,
)
from runbook.sandbox.twins.frame import vendor_app

if TYPE_CHECKING:
    from runbook.sandbox.world import World

VENDORS = (
    calcom.VENDOR,
    clerk.VENDOR,
    clerk_frontend.VENDOR,
    launchdarkly_usage.VENDOR,
    other_status.CALCOM,
    other_status.SLACK,
    pagerduty.EVENTS,
    pagerduty.VENDOR,
    sentry.VENDOR,
    slack.VENDOR,
    statuspage.VENDOR,
    stripe.VENDOR,
    supabase.VENDOR,
    supabase_auth.VENDOR,
    tinybird.VENDOR,
    vercel_env.VENDOR,
)
STATUS_PAGES = ("clerk", "launchdarkly", "stripe", "supabase", "vercel")


def apps(world: World) -> dict[str, ASGIApp]:
    """Each application, by the key that its address has in the state file."""
    company = site.Site(world)
    pages = {f"{name}_status": status_pages.app(world, name) for name in STATUS_PAGES}
    vendors = {vendor.name: vendor_app(world, vendor) for vendor in VENDORS}
    return {**vendors, **pages, "site": site.app(company, DOMAINS[0]), "portal": site.app(company, DOMAINS[2]),
            "control": control.app(world)}  # fmt: skip
