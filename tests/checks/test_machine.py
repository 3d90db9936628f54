"""This machine, asked like every other system: what it lacks is not blamed on a vendor, nor the reverse."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook.checks import machine
from runbook.checks.machine import Place, Reach
from runbook.model import Status
from runbook.policy import Threshold
from runbook.times import Times

SECONDS = Threshold(5, 60, "s", "test")


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def reach(layer: str, host: str = "api.example") -> Reach:
    return Reach(Place("supabase", host, 443), layer, 0.1)


def test_an_address_that_listens_is_reached_and_one_that_does_not_is_told_by_its_layer(listening: int) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        places = [Place("site", "127.0.0.1", listening), Place("vercel", "127.0.0.1", closed.getsockname()[1])]
        assert [one.layer for one in machine.reach_all(places, Times())] == ["", "network"]


def test_a_lookup_that_hangs_holds_nobody_up() -> None:
    hanging = machine.all_at_once(
        [lambda: Times().sleep(5) or "late", lambda: "now"], ["silent", "silent"], 0.2, Times()
    )
    assert hanging == ["silent", "now"]


@pytest.mark.parametrize(
    ("reached", "network", "names"),
    [
        ([reach(""), reach("")], Status.OK, Status.OK),
        ([reach(""), reach("network", "b.example")], Status.OK, Status.OK),
        ([reach("network"), reach("network", "b.example")], Status.CRITICAL, Status.OK),
        ([reach("name"), reach("name", "b.example")], Status.UNKNOWN, Status.CRITICAL),
        ([reach(""), reach("name", "b.example")], Status.OK, Status.WARNING),
        ([reach("network")], Status.UNKNOWN, Status.OK),
        ([reach("network", "127.0.0.1")], Status.CRITICAL, Status.OK),
        ([], Status.OK, Status.OK),
    ],
)
def test_network_and_names_are_judged_apart(reached: list[Reach], network: Status, names: Status) -> None:
    assert (machine.network(reached)["status"], machine.names(reached)["status"]) == (network, names)


@pytest.mark.parametrize(
    ("offset", "status"), [(0.4, Status.OK), (-9.0, Status.WARNING), (3600.0, Status.CRITICAL), (None, Status.UNKNOWN)]
)
def test_a_clock_that_is_off_is_told_and_one_nobody_measured_is_not_called_right(
    offset: float | None, status: Status
) -> None:
    assert machine.clock(offset, SECONDS)["status"] == status


def test_what_could_not_be_measured_is_said_and_does_not_hide_the_rest() -> None:
    parts = [machine.network([reach("")]), machine.clock(None, SECONDS)]
    answer = machine.verdict(parts)
    assert (answer.status, answer.summary) == (Status.OK, "clock: not measured, no vendor has told its time")


def test_ipv6_is_not_asked_for_where_it_is_not_needed() -> None:
    assert [machine.ipv6(host, Times())["seen"] for host in ("", "127.0.0.1", "localhost")] == ["not needed"] * 3


def test_the_disk_is_the_one_that_keeps_records(tmp_path: Path) -> None:
    assert machine.nearest(tmp_path / "runs" / "not" / "there") == tmp_path
    assert machine.disk(tmp_path, Threshold(101, 101, "%", "test"))["status"] == Status.OK
    assert machine.disk(tmp_path, Threshold(-1, -1, "%", "test"))["status"] == Status.CRITICAL


@pytest.mark.parametrize(("host", "named"), [("127.0.0.1", False), ("::1", False), ("localhost", False), ("a.b", True)])
def test_numbers_need_no_lookup(host: str, named: bool) -> None:
    assert Place("site", host, 80).named is named
