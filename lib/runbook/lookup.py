"""Look up a host's addresses within a time limit: the system's resolver has none of its own."""

from __future__ import annotations

import ipaddress
import socket
import threading
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


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address already."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
