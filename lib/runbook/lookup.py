"""Look up a host's addresses and reach its port, each within a time limit: the system's resolver has none of its own."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from functools import partial


def addresses(host: str, port: int, seconds: float) -> list[str]:
    """The host's addresses in the system's order. ``socket.gaierror`` when it has none, TimeoutError when late.

    A thread that hangs in the resolver cannot be stopped: it is left behind, and ends with the process.
    """
    if is_address(host):
        return [host]
    found: list[str] = []
    failed: list[OSError] = []
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)

    def look_up() -> None:
        try:
            found.extend(str(info[4][0]) for info in ask())
        except (OSError, UnicodeError) as error:  # a name no resolver may hold raises UnicodeError
            failed.append(error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, "no such name"))

    thread = threading.Thread(target=look_up, daemon=True, name="lookup")
    thread.start()
    thread.join(max(0.0, seconds))
    if thread.is_alive():
        raise TimeoutError(f"{host} could not be looked up within {seconds:.1f} s")
    if failed:
        raise failed[0]
    return list(dict.fromkeys(found))


def reachable(found: list[str], port: int, left: Callable[[], float]) -> str:
    """The first of the addresses that takes a connection; nothing is sent. OSError of the last one when none does.

    Each gets its share of the ``left()`` seconds, so one dead address is not the end.
    """
    last: OSError = TimeoutError("timed out")
    for number, address in enumerate(found):
        share = left() / (len(found) - number)
        if share <= 0:
            break
        try:
            socket.create_connection((address, port), timeout=share).close()
        except OSError as error:
            last = error
        else:
            return address
    raise last


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address already."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
