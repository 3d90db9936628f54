"""What a twin is: a vendor's routes, its way to refuse, its error shape. The rest is here, once.

A vendor is one file: a ``Vendor`` and handlers under ``@vendor.get("/path")``. A handler takes the world and the call and
returns a ``Reply``; it raises ``Refusal`` where the vendor says no. The frame matches, checks the token, counts against
the rate limit, puts in the transport faults that a scenario asked for, and writes every request to the request log.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as HttpRoute
from starlette.routing import compile_path
from starlette.types import ASGIApp

from runbook.sandbox.twins import arriving
from runbook.sandbox.twins.limits import Limit, Windows

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DRIP_SECONDS = 0.2
HANG_SECONDS = 120.0  # a hanging answer ends by itself: nothing in the sandbox lasts for ever
CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center>"
    "<hr><center>cloudflare</center></body></html>"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it. ``query`` holds every value of a repeated parameter."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw: bytes
    actor: str

    def one(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.query.get(name, [default])[-1]

    def json(self) -> Json:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``change`` and ``objects`` go to the request log: what really changed, by identity."""

    body: Json = None
    status: int = 200
    change: bool = False
    objects: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None  # sent as it is, in place of JSON


class Refusal(Exception):
    """The vendor says no. ``extra`` is merged into the vendor's error body."""

    def __init__(self, status: int, message: str, *, code: str = "", **extra: Json) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.extra = status, message, code, extra


Handler = Callable[["World", Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of a vendor."""

    method: str
    path: str
    handler: Handler
    limit: int | None = None
    window_seconds: float | None = None


@dataclass
class Vendor:
    """A vendor's face: who may come in, how it says no, how often one may ask, and its routes."""

    name: str
    authorize: Callable[[World, Call], None]
    error_body: Callable[[Refusal, str], Json]
    limit: Limit | None = None
    headers: Callable[[str], Mapping[str, str]] = lambda request_id: {"x-request-id": request_id}
    unmatched: Callable[[Call], Refusal] = lambda call: Refusal(404, "Not Found", code="not_found")
    endpoints: list[Endpoint] = field(default_factory=list)

    def route(
        self, method: str, path: str, *, limit: int | None = None, window_seconds: float | None = None
    ) -> Callable[[Handler], Handler]:
        """Put a handler under a method and a path; ``limit`` and its window replace the vendor's own."""

        def register(handler: Handler) -> Handler:
            self.endpoints.append(Endpoint(method, path, handler, limit, window_seconds))
            return handler

        return register


def vendor_app(world: World, vendor: Vendor) -> ASGIApp:
    """The vendor as an application. Handlers run on the world's threads, so none of them stops the loop."""
    compiled = [(endpoint, compile_path(endpoint.path)[0]) for endpoint in vendor.endpoints]
    windows, numbers = Windows(), itertools.count(1)

    def match(method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
        for endpoint, regex in compiled:
            if endpoint.method == method and (found := regex.match(path)):
                return endpoint, found.groupdict()
        return None, {}

    def limited(endpoint: Endpoint) -> Mapping[str, str]:
        if vendor.limit is None:
            return {}
        most = endpoint.limit or vendor.limit.requests
        window = endpoint.window_seconds or vendor.limit.seconds
        remaining, left = windows.take(f"{endpoint.method} {endpoint.path}", most, window)
        headers = vendor.limit.headers(most, max(0, remaining), left, world.times.now().timestamp())
        if remaining < 0:
            raise Refusal(429, "Too Many Requests", code="rate_limited", headers={**headers, **vendor.limit.refused})
        return headers

    def broken(kind: str, call: Call) -> Reply | None:
        """The answer of a vendor that is asked to say no; None when it is not."""
        if kind in arriving.REFUSED:
            headers: Mapping[str, str] = {}
            if kind == "429" and vendor.limit is not None:
                now = world.times.now().timestamp()
                headers = vendor.limit.headers(vendor.limit.requests, 0, vendor.limit.seconds, now)
            raise Refusal(int(kind), arriving.REFUSED[kind], code="broken", headers=dict(headers))
        if kind == arriving.ECHO:
            raise Refusal(500, arriving.echoed(call.headers, call.query), code="broken")
        if kind == arriving.INSIDE:
            return Reply(vendor.error_body(Refusal(500, arriving.REFUSED["500"], code="broken"), ""))
        return None

    def answer(endpoint: Endpoint | None, call: Call) -> Reply:
        headers: Mapping[str, str] = {}
        try:
            if endpoint is None:
                raise vendor.unmatched(call)
            kind = world.transport(vendor.name).kind
            if (reply := broken(kind, call)) is not None:
                return reply
            headers = limited(endpoint)
            vendor.authorize(world, call)
            try:
                reply = endpoint.handler(world, call)
            except psycopg.OperationalError as down:  # the vendor's control plane without its database
                raise Refusal(500, "Internal server error", code="internal_server_error") from down
        except Refusal as no:
            extra = no.extra.pop("headers", {})
            return Reply(vendor.error_body(no, ""), no.status, headers={**headers, **extra})
        return replace(reply, body=arriving.changed(kind, reply.body), headers={**headers, **reply.headers})

    async def serve(request: Request) -> Response:
        request_id = f"{vendor.name}-{next(numbers):06d}"
        raw = await request.body()
        endpoint, params = match(request.method, request.url.path)
        query = parse_qs(request.url.query, keep_blank_values=True)
        actor = request.headers.get("user-agent", "")
        call = Call(request.method, request.url.path, params, query, request.headers, raw, actor)
        try:
            response, reply = await _through_faults(world, vendor, request, answer, endpoint, call, request_id)
        except _NeverAnswered:
            response, reply = Response(status_code=504), None
        world.log.add(
            vendor.name, call.method, call.path, query=request.url.query, actor=actor, request_id=request_id,
            status=None if reply is None else response.status_code,
            change=reply is not None and reply.change, objects=() if reply is None else reply.objects,
        )  # fmt: skip
        return response

    return Starlette(routes=[HttpRoute("/{path:path}", serve, methods=METHODS)])


class _NeverAnswered(Exception):
    """The caller left, or the hanging answer ran out of time."""


async def _through_faults(
    world: World,
    vendor: Vendor,
    request: Request,
    answer: Callable[[Endpoint | None, Call], Reply],
    endpoint: Endpoint | None,
    call: Call,
    request_id: str,
) -> tuple[Response, Reply]:
    fault = world.transport(vendor.name)
    if fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    if fault.kind == "hang":
        await _hang(world, vendor.name, request)
    if fault.kind == "html":
        return Response(CLOUDFLARE, 502, {"server": "cloudflare"}, "text/html"), Reply(status=502)
    reply = await asyncio.get_running_loop().run_in_executor(world.threads, answer, endpoint, call)
    headers = {**vendor.headers(request_id), **reply.headers}
    if reply.text is not None:
        return Response(reply.text, reply.status, headers, "text/plain"), reply
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers), reply
    content = json.dumps(reply.body, ensure_ascii=False).encode()
    if fault.kind == "truncated":
        content = content[: len(content) // 2]
    if fault.kind == "drip":
        return StreamingResponse(_drip(world, content), reply.status, headers, "application/json"), reply
    return Response(content, reply.status, headers, "application/json"), reply


async def _drip(world: World, content: bytes) -> AsyncIterator[bytes]:
    """A byte now and then: no single read times out, and the answer never comes."""
    until = time.monotonic() + HANG_SECONDS
    for byte in content:
        if world.closed or time.monotonic() > until:
            return
        yield bytes([byte])
        await asyncio.sleep(DRIP_SECONDS)


async def _hang(world: World, system: str, request: Request) -> None:
    """Say nothing until the caller leaves, the fault is repaired, or the time is over."""
    until = time.monotonic() + HANG_SECONDS
    while world.transport(system).kind == "hang" and not world.closed and time.monotonic() < until:
        if await request.is_disconnected():
            raise _NeverAnswered
        await asyncio.sleep(0.1)
    if world.closed or world.transport(system).kind == "hang":
        raise _NeverAnswered
