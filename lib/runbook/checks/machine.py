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
from runbook.model import Row, Status
from runbook.policy import Threshold
from runbook.settings import is_loopback, runs_dir
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


@check(deadline_seconds=6.0)
def this_machine(systems: Systems) -> Answer:
    """Can this machine see: network, names, IPv6, clock, disk?"""
    reached = reach_all(web_places(systems), systems.times)
    parts = [
        _network(reached), _names(reached), _ipv6(systems), _clock(systems.clock_offset_seconds(), systems),
        _disk(nearest(runs_dir()), systems.policy.threshold("machine_disk")),
    ]  # fmt: skip
    status = worst([Status(row["status"]) for row in parts])
    bad = [f"{row['what']}: {row['seen']}" for row in parts if row["status"] != Status.OK]
    facts = {str(row["what"]): row["status"] for row in parts}
    return Answer(status, "; ".join(bad) or "sees what it has to see", source="this machine", rows=parts, facts=facts)


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


def _network(reached: Sequence[Reach]) -> Row:
    there = [one for one in reached if not one.layer]
    hosts = {one.place.host for one in reached}
    seen = f"{len(there)} of {len(reached)} addresses answer"
    if there or not reached:
        silent = ", ".join(one.place.system for one in reached if one.layer)
        return _part("network", Status.OK, seen + (f" (not {silent}: see its own finding)" if silent else ""))
    if all(one.layer == "name" for one in reached):
        return _part("network", Status.OK, "not measured: no name could be looked up")
    if len(hosts) == 1 and not all(is_loopback(host) for host in hosts):
        return _part("network", Status.UNKNOWN, "the only address is silent: it or this machine")
    return _part("network", Status.CRITICAL, f"none of {len(reached)} addresses answers from here")


def _names(reached: Sequence[Reach]) -> Row:
    named = [one for one in reached if one.place.named]
    if not named:
        return _part("names", Status.OK, "not needed: every address is a number")
    lost = [one.place.host for one in named if one.layer == "name"]
    if len(lost) == len(named):
        return _part("names", Status.CRITICAL, "this machine looks up no name")
    if lost:
        return _part("names", Status.WARNING, f"no address for {', '.join(sorted(set(lost)))}")
    return _part("names", Status.OK, f"{len(named)} of {len(named)} names have an address")


def _ipv6(systems: Systems) -> Row:
    """Supabase's direct host has only an IPv6 address unless the IPv4 add-on was bought (Supabase docs, IPv4 add-on)."""
    host = systems.database_host()
    if not host or is_loopback(host):
        return _part("ipv6", Status.OK, "not needed")
    try:
        families = {info[0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return _part("ipv6", Status.OK, f"not measured: no address for {host}")
    if socket.AF_INET in families:
        return _part("ipv6", Status.OK, "not needed: the direct address has IPv4")
    if has_ipv6_route():
        return _part("ipv6", Status.OK, "this machine has a route")
    return _part("ipv6", Status.WARNING, f"no route, and {host} has no IPv4 address: only the pooler can be reached")


def has_ipv6_route() -> bool:
    """Whether the system would know where to send an IPv6 packet; none is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("2001:4860:4860::8888", 53))  # connecting a datagram socket only looks the route up
    except OSError:
        return False
    return True


def _clock(offset: float | None, systems: Systems) -> Row:
    if offset is None:
        return _part("clock", Status.OK, "not measured: no vendor has told its time yet")
    threshold = systems.policy.threshold("clock_offset")
    ahead = "ahead of" if offset > 0 else "behind"
    seen = "fits the vendors'" if abs(offset) < 1 else f"{abs(offset):.0f} s {ahead} the vendors'"
    return _part("clock", judged(abs(offset), threshold), seen)


def _disk(folder: Path, threshold: Threshold) -> Row:
    usage = shutil.disk_usage(folder)
    percent = 100 * usage.used / usage.total
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
