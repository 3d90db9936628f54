"""How Clerk writes users, sessions, domains and connections. Personal data is made up, and there to be left unread."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from runbook.sandbox.seeds import millis, token
from runbook.sandbox.signing_in import ClerkSession, ClerkUser, Connection

Json = Any
SESSION_DAYS = 7 * 86_400_000  # Clerk's default life of a session


def user(one: ClerkUser) -> Json:
    """One user."""
    mail = {
        "id": f"idn_{token(one.email, 27)}", "object": "email_address", "email_address": one.email, "reserved": False,
        "verification": {
            "object": "verification_admin", "status": "verified", "strategy": "admin", "attempts": None, "expire_at": None,
        },
        "linked_to": [], "matches_sso_connection": False, "created_at": millis(one.created), "updated_at": millis(one.created),
    }  # fmt: skip
    return {
        "id": one.uid, "object": "user", "external_id": None, "primary_email_address_id": mail["id"],
        "primary_phone_number_id": None, "primary_web3_wallet_id": None, "username": None, "first_name": None,
        "last_name": None, "has_image": False, "public_metadata": {}, "private_metadata": {"note": "not for anybody"},
        "email_addresses": [mail], "phone_numbers": [], "web3_wallets": [], "passkeys": [], "password_enabled": True,
        "two_factor_enabled": False, "totp_enabled": False, "backup_code_enabled": False, "mfa_enabled_at": None,
        "mfa_disabled_at": None, "external_accounts": [], "saml_accounts": [], "enterprise_accounts": [],
        "last_sign_in_at": millis(one.last_sign_in), "banned": one.banned, "locked": one.locked,
        "lockout_expires_in_seconds": None, "verification_attempts_remaining": None, "updated_at": millis(one.last_sign_in),
        "created_at": millis(one.created), "delete_self_enabled": True, "create_organization_enabled": False,
        "last_active_at": millis(one.last_sign_in), "legal_accepted_at": None,
    }  # fmt: skip


def session(one: ClerkSession) -> Json:
    """One session with its device."""
    return {
        "object": "session", "id": one.uid, "user_id": one.user, "client_id": f"client_{token(one.uid, 27)}",
        "status": one.status, "last_active_at": millis(one.last_active), "expire_at": millis(one.created) + SESSION_DAYS,
        "abandon_at": millis(one.created) + 4 * SESSION_DAYS, "created_at": millis(one.created),
        "updated_at": millis(one.last_active),
        "latest_activity": {
            "object": "session_activity", "id": f"sess_activity_{token(one.uid, 24)}", "device_type": one.device,
            "is_mobile": one.device == "mobile", "browser_name": one.browser, "browser_version": "140.0",
            "ip_address": "203.0.113.7", "city": "Hamburg", "country": one.country,
        },
    }  # fmt: skip


def domain(name: str) -> Json:
    """The instance's domain, and what its DNS must say."""
    return {
        "object": "domain", "id": f"dmn_{token(name, 27)}", "name": name, "is_satellite": False,
        "frontend_api_url": f"https://clerk.{name}", "accounts_portal_url": f"https://accounts.{name}", "proxy_url": None,
        "development_origin": "",
        "cname_targets": [
            {"host": f"clerk.{name}", "value": "frontend-api.clerk.services", "required": True},
            {"host": f"accounts.{name}", "value": "accounts.clerk.services", "required": True},
        ],
    }  # fmt: skip


def connection(one: Connection, at: datetime) -> Json:
    """A customer's own sign-in."""
    return {
        "object": "enterprise_connection", "id": one.uid, "name": one.name, "provider": one.provider,
        "logo_public_url": None, "active": one.active, "domains": ["bigcustomer.test"], "organization_id": None,
        "sync_user_attributes": True, "disable_additional_identifications": False,
        "authenticatable": True, "disable_jit_provisioning": False, "created_at": millis(at),
        "updated_at": millis(at),
    }  # fmt: skip
