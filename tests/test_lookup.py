"""Addresses and ports, each within its time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from runbook.lookup import addresses, is_address, reachable


def resolver(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%lo", "2001:db8::5"])
def test_an_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    resolver(monkeypatch, lambda *words, **more: pytest.fail("looked up"))
    assert addresses(host, 80, 1) == [host]


def test_localhost_has_an_address() -> None:
    assert set(addresses("localhost", 80, 5)) <= {"127.0.0.1", "::1"}


def test_each_address_comes_once_in_the_systems_order(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["::2", "127.0.0.1", "::2"]
    resolver(monkeypatch, lambda *words, **more: [(0, 0, 0, "", (one, 80)) for one in found])
    assert addresses("vendor.test", 80, 1) == ["::2", "127.0.0.1"]


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    resolver(monkeypatch, lambda *words, **more: released.wait(20) and [])
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"vendor\.test could not be looked up within 0\.2 s"):
        addresses("vendor.test", 80, 0.2)
    assert time.monotonic() - started < 1
    released.set()


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test", ".test", "\ud800.test"])
def test_a_name_that_can_be_none_has_no_address(host: str) -> None:
    with pytest.raises(socket.gaierror):
        addresses(host, 80, 5)


@pytest.mark.parametrize(
    ("host", "is_one"), [("10.0.0.1", True), ("::1", True), ("fe80::1%eth0", True), ("a.test", False)]
)
def test_what_an_address_is(host: str, is_one: bool) -> None:
    assert is_address(host) is is_one


def test_the_first_address_that_takes_a_connection_is_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert reachable(["127.0.0.2", "127.0.0.3", "127.0.0.1"], port, lambda: 3.0) == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        reachable(["127.0.0.2", "127.0.0.1"], port, lambda: 3.0)


def test_without_time_or_addresses_nothing_is_reached() -> None:
    for found, left in ((["127.0.0.1"], 0.0), ([], 5.0)):
        with pytest.raises(TimeoutError):
            reachable(found, 80, lambda left=left: left)  # type: ignore[misc]
