"""Clerk's frontend API: what a browser asks before anybody signs in. No token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import DOMAINS, token
from runbook.sandbox.signing_in import APPLICATION
from runbook.sandbox.twins.clerk import error_body, jwk, not_there
from runbook.sandbox.twins.frame import Call, Reply, Vendor

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
# Fields of display_config that hold an address of the site, and those that are empty here.
ADDRESSES = (
    "home_url", "sign_in_url", "sign_up_url", "user_profile_url", "waitlist_url", "oauth_consent_url", "after_sign_in_url",
    "after_sign_up_url", "after_sign_out_one_url", "after_sign_out_all_url", "after_switch_session_url",
    "after_join_waitlist_url", "organization_profile_url", "create_organization_url", "after_leave_organization_url",
    "after_create_organization_url", "logo_link_url",
)  # fmt: skip
EMPTY = (
    "support_email", "clerk_js_version", "google_one_tap_client_id", "help_url", "privacy_policy_url", "terms_url", "logo_url",
    "favicon_url", "captcha_public_key", "captcha_public_key_invisible",
)  # fmt: skip


def _anybody(world: World, call: Call) -> None:
    """A browser has no token yet."""


VENDOR = Vendor("clerk_frontend", _anybody, error_body, unmatched=not_there)


@VENDOR.route("GET", "/v1/health")
def health(world: World, call: Call) -> Reply:
    """Whether it serves: 503 when it does not."""
    if world.clerk.healthy:
        return Reply({"status": "healthy"})
    return Reply({"status": "unhealthy", "message": "service unavailable"}, 503)


@VENDOR.route("GET", "/v1/environment")
def environment(world: World, call: Call) -> Reply:
    """What a browser needs to know to show the sign-in."""
    with world.lock:
        shown: dict[str, Json] = {
            "object": "display_config", "id": f"display_config_{token('display', 27)}", "theme": {}, "branded": False,
            "instance_environment_type": world.clerk.environment_type, "application_name": APPLICATION,
            "preferred_sign_in_strategy": "password", "experimental_force_oauth_first": False, "logo_image": {},
            "show_devmode_warning": world.clerk.environment_type != "production", "favicon_image": {},
            "captcha_oauth_bypass": [], "captcha_widget_type": "smart", "captcha_provider": "turnstile",
            **dict.fromkeys(ADDRESSES, f"https://{DOMAINS[2]}"), **dict.fromkeys(EMPTY),
        }  # fmt: skip
        return Reply({"display_config": shown, "client_debug_mode": False, "partitioned_cookies": True,
                      "maintenance_mode": world.clerk.in_maintenance})  # fmt: skip


@VENDOR.route("GET", "/.well-known/jwks.json")
def jwks(world: World, call: Call) -> Reply:
    """The same keys as the backend's."""
    with world.lock:
        return Reply({"keys": [jwk(key) for key in world.clerk.keys]})
