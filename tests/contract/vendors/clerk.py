"""Clerk: the backend API, and the frontend API as a browser asks it."""

import time

from runbook.clients.clerk import Clerk, ClerkFrontend
from runbook.sandbox.twins import clerk as twins
from runbook.sandbox.twins import clerk_frontend
from vendor_contract.recording import Contract


def play(clerk, sandbox):
    now = int(time.time() * 1000)
    clerk.instance()
    clerk.keys()
    clerk.domains()
    clerk.single_sign_ons()
    clerk.signed_in(now - 900_000, now)
    (user, *_) = clerk.find_users("customer.test", limit=3)
    clerk.user(user.user_id)
    assert len(clerk.last_signed_in(limit=2)) == 2
    (session, *_) = clerk.sessions(user.user_id)
    clerk.revoke(session.session_id)
    assert clerk.door.text("/v1/users/user_none")[0] == 404
    assert clerk.door.text("/v1/sessions")[0] == 422


def play_frontend(clerk, sandbox):
    clerk.healthy()
    clerk.environment()
    clerk.keys()


CONTRACTS = [
    Contract("clerk", ("clerk.openapi.json",), Clerk, (twins.VENDOR,), lambda systems: systems.clerk, play),
    Contract(
        "clerk_frontend", ("clerk-fapi.openapi.json",), ClerkFrontend, (clerk_frontend.VENDOR,),
        lambda systems: systems.clerk_frontend, play_frontend,
    ),
]  # fmt: skip
