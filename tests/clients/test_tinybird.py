"""Tinybird: what is sent is one SELECT with a format, made of names that are names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runbook.errors import Fault, SystemFault
from runbook.testing import PROFILE, World


@pytest.mark.parametrize("column", ["error = 1) FROM secrets --", "a.b", "", "1a", "a b"])
def test_a_name_from_the_profile_is_a_name_and_never_sql(column: str) -> None:
    assert PROFILE.tinybird is not None
    world = World(profile=replace(PROFILE, tinybird=replace(PROFILE.tinybird, error_column=column)))
    with pytest.raises(SystemFault, match="is no name of a table or column.*correct it in the profile") as raised:
        world.systems.tinybird.requests(5)
    assert raised.value.fault is Fault.NOT_SET
    assert world.vendors["tinybird"].asked == []


def test_a_query_that_does_not_fit_an_address_is_not_sent() -> None:
    world = World()
    with pytest.raises(SystemFault, match="longer than 4096"):
        world.systems.tinybird.rows("SELECT " + "1," * 2048 + "1")
    assert world.vendors["tinybird"].asked == []


def test_without_requests_there_is_no_average_and_no_rate() -> None:
    row = {"requests": 0, "failed": 0, "average_ms": None, "p95_ms": None, "last_row_seconds_ago": None}
    seen = World(vendors={"tinybird": {"GET /v0/sql": {"data": [row]}}}).systems.tinybird.requests(5)
    assert (seen.count, seen.average_ms, seen.last_row_seconds_ago) == (0, None, None)
