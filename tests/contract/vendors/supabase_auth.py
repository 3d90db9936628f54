"""Supabase Auth, at the project's own address."""

import pytest
from runbook.clients.supabase_auth import SupabaseAuth
from runbook.errors import SystemFault
from runbook.sandbox.twins import supabase_auth as twins
from vendor_contract.recording import Contract


def play(auth, sandbox):
    auth.health()
    auth.settings()
    auth.sign_in()
    for grant, body in (
        ("password", {"email": "ada@customer.test", "password": "wrong"}),
        ("password", {}),
        ("magic", {}),
    ):
        with pytest.raises(SystemFault):
            auth.door.write("POST", "/auth/v1/token", body, {"grant_type": grant})


CONTRACTS = [
    Contract(
        "supabase_auth", ("supabase-auth.openapi.yaml",), SupabaseAuth, (twins.VENDOR,),
        lambda systems: systems.supabase_auth, play,
    )
]  # fmt: skip
