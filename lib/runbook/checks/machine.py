"""Is it us who cannot see? The machine that the runbook runs on, asked like every other system.

A vendor is never blamed for what this machine lacks, and this machine never for one vendor that is silent.
"""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from runbook.checks.frame import Answer, check
from runbook.checks.judge import judged, worst
from runbook.checks.sessions import share
from runbook.model import Row, Status
from runbook.places import runs_dir
from runbook.policy import Threshold
from runbook.settings import is_loopback
from runbook.systems import Systems
from runbook.times import Times

CONNECT_SECONDS = 3.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """An address that this machine must reach. ``named``: its host is a name that must be looked up."""

    system: str
    host: str
    port: int

    @property
    def named(self) -> bool:
        """Whether DNS is needed to reach it."""
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in self.host else socket.AF_INET, self.host)
        except OSError:
            return self.host != "localhost"
        return False


@dataclass(frozen=True, slots=True)
class Reach:
    """How far this machine got towards one place; ``layer`` is empty when it got there."""

    place: Place
    layer: str  # name, network
    seconds: float


@check()
def this_machine(systems: Systems) -> Answer:
    """Can this machine see: network, names, IPv6, clock, disk?"""
    reached = reach_all(web_places(systems), systems.times)
    parts = [
        network(reached), names(reached), ipv6(systems.database_host(), systems.times),
        clock(systems.clock_offset_seconds(), systems.policy.threshold("clock_offset")),
        disk(nearest(runs_dir()), systems.policy.threshold("machine_disk")),
    ]  # fmt: skip
    return verdict(parts)


def verdict(parts: Sequence[Row]) -> Answer:
    """One answer of all parts. What could not be measured is said; only an unknown network makes the whole unknown."""
    known = [Status(row["status"]) for row in parts if row["status"] != Status.UNKNOWN or row["what"] == "network"]
    said = [f"{row['what']}: {row['seen']}" for row in parts if row["status"] != Status.OK]
    facts = {str(row["what"]): row["status"] for row in parts}
    told = "; ".join(said) or "sees what it has to see"
    return Answer(worst(known), told, source="this machine", rows=parts, facts=facts)


def web_places(systems: Systems) -> list[Place]:
    """The vendors' and the site's addresses. Not the databases': their own checks use the connections we may have."""
    profile = systems.profile
    urls = {
        name: target.url
        for name in ("supabase", "vercel", "launchdarkly", "site")
        if (target := getattr(profile, name)) is not None
    }
    return [Place(name, *_host_and_port(url)) for name, url in urls.items()]


def reach_all(places: Sequence[Place], times: Times) -> list[Reach]:
    """Look up and connect to all places at once; nothing is sent."""
    silent = [Reach(place, "name" if place.named else "network", CONNECT_SECONDS) for place in places]
    questions = [partial(_reach, place, times) for place in places]
    return all_at_once(questions, silent, CONNECT_SECONDS + 0.5, times)


def all_at_once(questions: Sequence[Callable[[], T]], otherwise: Sequence[T], seconds: float, times: Times) -> list[T]:
    """The answers of all questions, or what is said otherwise for one that gave none in time.

    A thread that hangs in the system's resolver cannot be stopped: it is left behind, and ends with the process.
    """
    answers: list[T] = list(otherwise)

    def answer(index: int, question: Callable[[], T]) -> None:
        answers[index] = question()

    threads = [threading.Thread(target=answer, args=pair, daemon=True) for pair in enumerate(questions)]
    for thread in threads:
        thread.start()
    give_up = times.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, give_up - times.monotonic()))
    return list(answers)


def _reach(place: Place, times: Times) -> Reach:
    started = times.monotonic()
    try:
        with socket.create_connection((place.host, place.port), timeout=CONNECT_SECONDS):
            layer = ""
    except socket.gaierror:
        layer = "name"
    except OSError:
        layer = "network"
    return Reach(place, layer, times.monotonic() - started)


def network(reached: Sequence[Reach]) -> Row:
    """Whether any address answers; one that is silent is that system's trouble, not this machine's."""
    there = [one for one in reached if not one.layer]
    seen = f"{len(there)} of {len(reached)} addresses answer"
    if there or not reached:
        silent = ", ".join(one.place.system for one in reached if one.layer)
        return _part("network", Status.OK, seen + (f"; not {silent}, see its own finding" if silent else ""))
    if all(one.layer == "name" for one in reached):
        return _part("network", Status.UNKNOWN, "not measured, no name could be looked up")
    if len({one.place.host for one in reached}) == 1 and not is_loopback(reached[0].place.host):
        return _part("network", Status.UNKNOWN, "the only address is silent: it or this machine")
    return _part("network", Status.CRITICAL, f"none of {len(reached)} addresses answers from here")


def names(reached: Sequence[Reach]) -> Row:
    """Whether names can be looked up."""
    named = [one for one in reached if one.place.named]
    if not named:
        return _part("names", Status.OK, "not needed, every address is a number")
    lost = sorted({one.place.host for one in named if one.layer == "name"})
    if all(one.layer == "name" for one in named):
        return _part("names", Status.CRITICAL, "this machine looks up no name")
    if lost:
        return _part("names", Status.WARNING, f"no address for {', '.join(lost)}")
    return _part("names", Status.OK, f"{len(named)} of {len(named)} names have an address")


def ipv6(host: str, times: Times) -> Row:
    """Supabase's direct host has only an IPv6 address unless the IPv4 add-on was bought (Supabase docs, IPv4 add-on)."""
    if not host or is_loopback(host):
        return _part("ipv6", Status.OK, "not needed")
    nobody: frozenset[socket.AddressFamily] = frozenset()
    (families,) = all_at_once([partial(_families, host)], [nobody], CONNECT_SECONDS, times)
    if not families:
        return _part("ipv6", Status.UNKNOWN, f"not measured, no address for {host}")
    if socket.AF_INET in families:
        return _part("ipv6", Status.OK, "not needed, the direct address has IPv4")
    if has_ipv6_route():
        return _part("ipv6", Status.OK, "this machine has a route")
    return _part("ipv6", Status.WARNING, f"no route, and {host} has no IPv4 address: only the pooler can be reached")


def _families(host: str) -> frozenset[socket.AddressFamily]:
    try:
        return frozenset(info[0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return frozenset()


def has_ipv6_route() -> bool:
    """Whether the system would know where to send an IPv6 packet; none is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("2001:4860:4860::8888", 53))  # connecting a datagram socket only looks the route up
    except OSError:
        return False
    return True


def clock(offset: float | None, threshold: Threshold) -> Row:
    """How far this machine's clock is from the vendors' Date headers."""
    if offset is None:
        return _part("clock", Status.UNKNOWN, "not measured, no vendor has told its time")
    ahead = "ahead of" if offset > 0 else "behind"
    seen = "fits the vendors'" if abs(offset) < 1.5 else f"{abs(offset):.0f} s {ahead} the vendors'"
    return _part("clock", judged(abs(offset), threshold), seen)


def disk(folder: Path, threshold: Threshold) -> Row:
    """How full the disk is on which the record is kept."""
    usage = shutil.disk_usage(folder)
    percent = share(usage.used, usage.total)
    free = usage.free / 1e9
    return _part("disk", judged(percent, threshold), f"{percent:.0f} % used, {free:.0f} GB free where records go")


def nearest(folder: Path) -> Path:
    """The folder, or the nearest parent that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _part(what: str, status: Status, seen: str) -> dict[str, str]:
    return {"what": what, "status": status.value, "seen": seen}


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
