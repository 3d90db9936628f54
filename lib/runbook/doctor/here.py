"""This machine: its view of the network, its clock, its disk, and what is installed on it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from runbook.checks import machine
from runbook.doctor.frame import Item, Question, ok
from runbook.model import Row, Status
from runbook.places import runs_dir
from runbook.systems import Systems

NEXT = {
    "network": "look at this machine's network, VPN and proxy",
    "names": "look at this machine's DNS",
    "ipv6": "run from a network with IPv6, or buy Supabase's IPv4 add-on",
    "clock": "set this machine's clock (NTP)",
    "disk": "make room, or set RUNBOOK_RUNS to another disk",
}


def questions(systems: Systems) -> Iterator[Question]:
    """Each part of the machine. The clock is read from the vendors' answers, so it is asked by ``clock``, after them."""
    yield Question("machine", lambda: network(systems))
    yield Question("machine ipv6", lambda: [_item(machine.ipv6(systems.database_host(), systems.times))])
    yield Question("machine disk", lambda: [disk(systems)])
    yield Question("machine jupyterlab", lambda: [jupyterlab()])


def network(systems: Systems) -> list[Item]:
    """Addresses that answer, and names that are looked up."""
    reached = machine.reach_all(machine.web_places(systems), systems.times)
    return [_item(machine.network(reached)), _item(machine.names(reached))]


def clock(systems: Systems) -> Item:
    """This machine's clock against those of the vendors that have answered."""
    return _item(machine.clock(systems.clock_offset_seconds(), systems.policy.threshold("clock_offset")))


def disk(systems: Systems) -> Item:
    """Room for records."""
    return _item(machine.disk(machine.nearest(runs_dir()), systems.policy.threshold("machine_disk")))


def jupyterlab() -> Item:
    """``open`` needs it; ``run`` does not."""
    if importlib.util.find_spec("jupyterlab") is None:
        return Item(
            "machine jupyterlab", Status.WARNING, "is not installed: `runbook open` cannot start", "make install"
        )
    return ok("machine jupyterlab", "is installed")


def _item(part: Row) -> Item:
    status, what = Status(part["status"]), str(part["what"])
    return Item(f"machine {what}", status, str(part["seen"]), "" if status is Status.OK else NEXT[what])
