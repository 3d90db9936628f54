"""The door against a real server that misbehaves: one deadline for the whole, a bounded answer, and a fault that says why."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.clients import http
from runbook.clients.http import HttpDoor
from runbook.errors import Fault, SystemFault
from runbook.lookup import addresses, reachable

if TYPE_CHECKING:
    from conftest import Connection, Server

Serve = Callable[..., "Server"]
Open = Callable[..., HttpDoor]
Ask = Callable[[Callable[[], Any]], SystemFault]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def reset(one: Connection) -> None:
    """Break the connection hard: no end of the stream, a reset."""
    one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.socket.close()


SLOW: dict[str, Callable[[Connection], None]] = {
    "says nothing": lambda one: one.hang(),
    "drips its headers": lambda one: one.drip(HEAD + b"X-Long: " + b"a" * 400),
    "drips its body": lambda one: (one.send(HEAD + b"Content-Length: 400\r\n\r\n"), one.drip(b"1" * 400))[0],
    "drips chunks": lambda one: (
        one.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), one.drip(b"1\r\n7\r\n" * 80)
    )[0],
    "sends headers, then hangs": lambda one: (one.send(HEAD + b"Content-Length: 9\r\n\r\n1"), one.hang())[0],
}  # fmt: skip


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW)
def test_a_slow_answer_ends_at_the_total_deadline(
    serve: Serve, door: Open, fault_of: Ask, behaviour: Callable[[Connection], None]
) -> None:
    one = door(serve(behaviour).url)
    started = time.monotonic()
    fault = fault_of(lambda: one.read("/x", seconds=0.5))
    assert fault.fault is Fault.TIMEOUT
    assert 0.4 < time.monotonic() - started < 1.5
    assert "GET /x" in str(fault)


BROKEN: dict[str, tuple[Callable[[Connection], None], Fault, str]] = {
    "resets at once": (reset, Fault.DOWN, ""),
    "closes without a word": (lambda one: None, Fault.DOWN, "disconnected"),
    "is cut off": (lambda one: one.send(HEAD + b'Content-Length: 50\r\n\r\n{"a": 1'), Fault.UNREADABLE, "cut off"),
    "is a cut chunk": (
        lambda one: one.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"), Fault.UNREADABLE, "cut off",
    ),
    "is no HTTP": (lambda one: one.send(b"220 mail.example ESMTP\r\n\r\n"), Fault.DOWN, ""),
    "is garbled gzip": (
        lambda one: one.answer(b"no gzip", "200 OK", "Content-Encoding: gzip"), Fault.UNREADABLE, "garbled",
    ),
    "is a web page": (lambda one: one.answer(b"<!doctype html><p>Sign in"), Fault.UNREADABLE, "a web page, not JSON"),
    "is no UTF-8": (lambda one: one.answer(b'{"a": "\xe9"}'), Fault.UNREADABLE, "cut off or no JSON"),
    "is empty": (lambda one: one.answer(b" "), Fault.UNREADABLE, "no object"),
    "redirects for ever": (
        lambda one: one.answer(b"", "302 Found", "Location: /again", "Connection: close"), Fault.UNREADABLE,
        "redirects without end",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("behaviour", "expected", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_has_its_fault(
    serve: Serve, door: Open, fault_of: Ask, behaviour: Callable[[Connection], None], expected: Fault, says: str
) -> None:
    from runbook.clients.shapes import fields

    one = door(serve(behaviour).url, follow_redirects=True)
    fault = fault_of(lambda: fields(one.read("/x", seconds=3).data, "vendor", "x", "a"))
    assert (fault.fault, says in fault.what) == (expected, True), fault


@pytest.mark.parametrize("compressed", [False, True])
def test_an_answer_without_end_is_left_at_five_megabytes(
    serve: Serve, door: Open, fault_of: Ask, compressed: bool
) -> None:
    body = b'"' + b"a" * 8_000_000 + b'"'
    sent = gzip.compress(body) if compressed else body
    headers = ["Content-Encoding: gzip"] if compressed else []
    one = door(serve(lambda conn: conn.answer(sent, "200 OK", *headers)).url)
    fault = fault_of(lambda: one.read("/x"))
    assert (fault.fault, fault.what) == (Fault.UNREADABLE, "GET /x: the answer is larger than 5 MB")


def test_nobody_listening_is_down_and_says_so(door: Open, fault_of: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    fault = fault_of(lambda: door(f"http://127.0.0.1:{port}").read("/x"))
    assert fault.fault is Fault.DOWN
    assert "Connection refused" in fault.what


def test_a_port_that_takes_no_connection_is_a_timeout(door: Open, fault_of: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(0.1)
        fault = fault_of(lambda: door(f"http://127.0.0.1:{full.getsockname()[1]}").read("/x", seconds=0.5))
        for one in waiting:
            one.close()
    assert fault.fault is Fault.TIMEOUT
    assert "no connection within" in fault.what


def test_a_reset_before_the_answer_is_asked_again_and_then_good(serve: Serve, door: Open) -> None:
    server = serve(reset, lambda one: one.answer(b'{"a": 1}'))
    assert door(server.url).read("/x").data == {"a": 1}
    assert server.connections == 2


def test_a_write_whose_answer_is_lost_is_not_sent_again(serve: Serve, door: Open, fault_of: Ask) -> None:
    server = serve(reset)
    assert fault_of(lambda: door(server.url).write("POST", "/x", {"a": 1})).fault is Fault.DOWN
    assert len(server.heard) == 1


def test_a_connection_that_the_server_closed_meanwhile_costs_no_write(serve: Serve, door: Open) -> None:
    def answer_and_go(one: Connection) -> None:
        one.answer(b'{"a": 1}')

    server = serve(answer_and_go)
    one = door(server.url)
    one.read("/x")
    time.sleep(0.1)
    assert one.write("POST", "/x").data == {"a": 1}
    assert server.connections == 2


def test_a_redirect_is_not_followed_and_the_token_stays_here(serve: Serve, door: Open, fault_of: Ask) -> None:
    elsewhere = serve(lambda one: one.answer(b'{"a": 1}'))
    server = serve(lambda one: one.answer(b"", "308 Permanent Redirect", f"Location: {elsewhere.url}/x"))
    one = door(server.url, headers={"Authorization": "Bearer secret-token"})
    fault = fault_of(lambda: one.read("/x"))
    assert (fault.fault, fault.status_code) == (Fault.REJECTED, 308)
    assert "correct the address" in fault.what
    assert elsewhere.heard == []


def test_a_status_page_may_redirect_and_no_token_goes_along(serve: Serve, door: Open) -> None:
    elsewhere = serve(lambda one: one.answer(b'{"a": 1}'))
    server = serve(lambda one: one.answer(b"", "302 Found", f"Location: {elsewhere.url}/y"))
    one = door(server.url, headers={"Authorization": "Bearer secret-token"}, follow_redirects=True)
    assert one.read("/x").data == {"a": 1}
    assert b"secret-token" in server.heard[0]
    assert b"secret-token" not in elsewhere.heard[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_trusts_is_no_answer(
    serve: Serve, door: Open, fault_of: Ask, certificate: Path
) -> None:
    server = serve(lambda one: one.answer(), context=tls(certificate))
    fault = fault_of(lambda: door(server.url, headers={"Authorization": "secret-token"}).read("/x"))
    assert fault.fault is Fault.DOWN
    assert "certificate verify failed" in fault.what
    assert server.heard == []


def test_the_deadline_holds_inside_tls_too(
    serve: Serve, door: Open, fault_of: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_trusted", lambda: ssl.create_default_context(cafile=f"{certificate}.crt"))
    server = serve(SLOW["drips its body"], lambda one: one.answer(b'{"a": 1}'), context=tls(certificate))
    started = time.monotonic()
    assert fault_of(lambda: door(server.url).read("/x", seconds=0.6)).fault is Fault.TIMEOUT
    assert time.monotonic() - started < 1.6
    assert door(server.url).read("/x").data == {"a": 1}


def test_a_hanging_resolver_costs_no_more_than_the_deadline(
    door: Open, fault_of: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **more: released.wait(20) and [])
    started = time.monotonic()
    fault = fault_of(lambda: door("http://vendor.test").read("/x", seconds=0.5))
    released.set()
    assert fault.fault is Fault.TIMEOUT
    assert time.monotonic() - started < 1.5


def test_a_name_that_nobody_knows_is_down_from_here(door: Open, fault_of: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*words: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = fault_of(lambda: door("http://vendor.test").read("/x", seconds=1))
    assert (fault.fault, "cannot be looked up from here" in fault.what) == (Fault.DOWN, True)


def test_one_dead_address_of_two_is_not_the_end(serve: Serve, door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(lambda one: one.answer(b'{"a": 1}'))
    both = [(0, 0, 0, "", (address, server.port)) for address in ("127.0.0.2", "127.0.0.1")]
    real = socket.getaddrinfo

    def look_up(host: str, *words: Any, **more: Any) -> Any:
        return both if host == "vendor.test" else real(host, *words, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert addresses("vendor.test", server.port, 1) == ["127.0.0.2", "127.0.0.1"]
    assert reachable(["127.0.0.2", "127.0.0.1"], server.port, lambda: 1.0) == "127.0.0.1"
    assert door(f"http://vendor.test:{server.port}").read("/x", seconds=2).data == {"a": 1}


def test_a_proxy_in_the_environment_is_never_asked_for_this_machine(
    serve: Serve, door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(lambda one: one.answer(b'"proxy"')), serve(lambda one: one.answer(b'"here"'))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert door(server.url).read("/x").data == "here"
    assert door("http://vendor.test").read("/x").data == "proxy"
    assert proxy.heard[0].startswith(b"GET http://vendor.test/x")


def test_the_deadline_holds_through_a_proxy(
    serve: Serve, door: Open, fault_of: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(SLOW["drips its headers"])
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    started = time.monotonic()
    assert fault_of(lambda: door("http://vendor.test").read("/x", seconds=0.5)).fault is Fault.TIMEOUT
    assert time.monotonic() - started < 1.5
