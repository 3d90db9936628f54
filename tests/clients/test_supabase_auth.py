"""A sign-in by the test user: what is missing is named, and what comes back is a token or a fault."""

from __future__ import annotations

import pytest
from runbook.errors import Fault, SystemFault
from runbook.testing import SECRETS, World


@pytest.mark.parametrize("missing", ["AUTH_TEST_USER", "AUTH_TEST_PASSWORD"])
def test_without_a_test_user_nobody_is_signed_in_and_the_rest_is_asked(missing: str) -> None:
    health = {"GET /auth/v1/health": {"name": "GoTrue", "version": "v2"}}
    world = World(vendors={"supabase_auth": health}, secrets={**SECRETS, missing: ""})
    assert world.systems.supabase_auth.health().version == "v2"
    with pytest.raises(SystemFault, match=f"{missing} is not set") as raised:
        world.systems.supabase_auth.sign_in()
    assert raised.value.fault is Fault.NOT_SET
    assert [asked.path for asked in world.vendors["supabase_auth"].asked] == ["/auth/v1/health"]
