"""The company's own site: what the faults hurt. Serves the deployment that Vercel says is in production.

Its database is the real one, through the pooler, as role ``app``.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, LiteralString, TypeVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from runbook.sandbox import portal, site_vendors, site_webhooks
from runbook.sandbox.deliveries import AGENTS
from runbook.sandbox.seeds import Deployment
from runbook.sandbox.site_pool import SitePool, Unavailable
from runbook.sandbox.working import QUEUE

if TYPE_CHECKING:
    from runbook.sandbox.world import World

T = TypeVar("T")
HEALTH_SECONDS, PAGE_SECONDS = 2.0, 4.0
DATA_API_REQUESTS = {"/": 1, "/contact": 1, "/portal/search": 4}  # what a page asks Supabase's Data API
PAGES = frozenset({"/", "/contact", "/login", "/portal/login"})  # what a defect of a deployment hits
SLOW_SECONDS = 2.5
SETTINGS: dict[str, LiteralString] = {  # by the column that a build's code reads
    "value": "select name, value from public.site_settings",
    "content": "select name, content as value from public.site_settings",
}
NEW_LEAD: LiteralString = "insert into public.leads (email, message) values (%s, %s) returning id"
SEARCH: LiteralString = "select count(*) as found, pg_sleep(0.6)::text from public.leads where email like %s"
PAGE = "<!DOCTYPE html><html lang=en><title>{title}</title><main><h1>{title}</h1>{body}</main></html>"


class Site:
    """The site's handlers around one world. Each domain serves the deployment that Vercel has for it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = SitePool(lambda: world.parts.pooler.dsn("app"))

    async def health(self, request: Request) -> Response:
        """200 with the build, only when a pooled connection answers in two seconds; else 503."""
        build = self._build(request).uid
        try:
            await self._pool.rows(SETTINGS[self._build(request).reads], seconds=HEALTH_SECONDS)
        except Unavailable:
            return JSONResponse({"status": "unavailable", "build": build, "database": "unreachable"}, 503)
        return JSONResponse({"status": "ok", "build": build})

    async def home(self, request: Request) -> Response:
        """The front page; its title comes from the database."""
        rows = await self._pool.rows(SETTINGS[self._build(request).reads], seconds=PAGE_SECONDS)
        settings = {row["name"]: row["value"] for row in rows}
        booking = "<p><a href=/book>Book a call</a></p>" if self._flag("booking-calendar") else ""
        return _page(settings["title"], f"<p>We build things.</p>{booking}<p><a href=/contact>Contact</a></p>")

    async def contact(self, request: Request) -> Response:
        """The contact form; a POST makes a lead."""
        if not self._flag("contact-form"):
            return _page("Contact", "<p>Write to hello@agency.test.</p>")
        if request.method == "GET":
            return _page("Contact", "<form method=post><input name=email><textarea name=message></textarea></form>")
        fields = await _fields(request)
        if "@" not in fields.get("email", ""):
            return JSONResponse({"error": "email is missing"}, 422)
        lead = (await self._pool.rows(NEW_LEAD, fields["email"], fields.get("message", ""), seconds=PAGE_SECONDS))[0]
        request.state.objects = [f"lead_{lead['id']}"]
        return JSONResponse({"lead": lead["id"]}, 201)

    async def search(self, request: Request) -> Response:
        """Search in the portal: the one page that works the database hard."""
        if not self._flag("portal-search"):
            return JSONResponse({"error": "not found"}, 404)
        words, agent = request.query_params.get("q", ""), request.headers.get("user-agent", "")
        rows = await self._pool.rows(
            SEARCH,
            f"%{words}%",
            seconds=PAGE_SECONDS,
            wanted=lambda: not self._world.traffic.challenged(agent, request.url.path),
        )
        return JSONResponse({"found": rows[0]["found"]})

    async def login(self, request: Request) -> Response:
        """The portal's sign-in: the page loads Clerk's script by the build's publishable key; a POST is a customer's login."""
        env = self._build(request).env
        if request.method == "GET":
            return _page("Sign in", portal.script(env) + "<div id=sign-in></div>")
        tried = await self._off_the_loop(portal.sign_in, self._world, env)
        return JSONResponse({"error": tried.complaint}, tried.status) if tried.complaint else JSONResponse({"ok": True})

    async def auth_test(self, request: Request) -> Response:
        """Signs a test user in both ways: at Clerk with the build's own keys, and at Supabase Auth. 200, 401, or 503."""
        fields = await _fields(request) if request.method == "POST" else {}
        return JSONResponse(*await self._off_the_loop(portal.auth_test, self._world, self._build(request).env, fields))

    async def stripe(self, request: Request) -> Response:
        """Stripe's webhooks."""
        return await site_webhooks.stripe(self._pool, self._build(request), request)

    async def cal(self, request: Request) -> Response:
        """Cal.com's webhooks."""
        return await site_webhooks.cal(self._pool, self._build(request), request)

    async def needs(self, request: Request) -> Response:
        """A page that needs a vendor, asked with the key that this deployment was built with."""
        return await site_vendors.page(self._world, request.url.path, self._build(request).env)

    async def worker(self, request: Request) -> Response:
        """Whether the worker on the queue runs."""
        return JSONResponse({"worker": "runs" if self._world.worker.runs else "is stopped", "queue": QUEUE})

    def _build(self, request: Request) -> Deployment:
        return self._world.production(request.app.state.domain)

    async def _off_the_loop(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._world.threads, function, *arguments)

    async def _broken(self, request: Request) -> Response | None:
        """What the defect of the deployment or of a flag's code does to a page; None when the page is served."""
        if any(flag.breaks_pages and flag.evaluate(time.time()) for flag in list(self._world.flags.values())):
            return HTMLResponse("<h1>500: This Serverless Function has crashed.</h1>", 500)
        match self._build(request).defect:
            case "errors":
                return HTMLResponse("<h1>500: This Serverless Function has crashed.</h1>", 500)
            case "slow":
                await asyncio.sleep(SLOW_SECONDS)
        return None

    def _flag(self, key: str) -> bool:
        flag = self._world.flags.get(key)
        return flag is not None and flag.evaluate(time.time())

    def recorded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The edge: challenges bots in attack mode, counts, turns a dead database into 503, writes the request log."""

        async def serve(request: Request) -> Response:
            agent, began = request.headers.get("user-agent", ""), time.monotonic()
            request.state.objects = []
            if self._world.traffic.challenged(agent, request.url.path):
                response: Response = HTMLResponse(
                    "<h1>Checking your browser</h1>", 403, {"x-vercel-mitigated": "challenge"}
                )
            else:
                self._world.traffic.count(DATA_API_REQUESTS.get(request.url.path, 0))
                try:
                    broken = await self._broken(request) if request.url.path in PAGES else None
                    response = broken or await handler(request)
                except Unavailable:
                    response = JSONResponse({"error": "service unavailable"}, 503)
            # regions and a request id, never a deployment id (Vercel docs, response headers)
            response.headers["x-vercel-id"] = (
                f"fra1::fra1::{hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:12]}"
            )
            response.headers["server"] = "Vercel"
            self._world.visits.saw(
                time.time(), request.url.path, response.status_code, (time.monotonic() - began) * 1000
            )
            self._world.log.add(
                "site", request.method, request.url.path, query=request.url.query, status=response.status_code,
                change=bool(request.state.objects) and agent not in AGENTS, actor=agent, objects=request.state.objects,
                request_id=response.headers["x-vercel-id"],
            )  # fmt: skip
            return response

        return serve


def app(site: Site, domain: str) -> Starlette:
    """The site as one domain shows it."""
    routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/", site.home), ("GET", "/contact", site.contact), ("POST", "/contact", site.contact),
        ("GET", "/login", site.login), ("GET", "/portal/login", site.login), ("POST", "/portal/login", site.login),
        ("GET", "/portal/search", site.search),
        ("GET", "/api/health", site.health), ("GET", "/api/auth/test", site.auth_test),
        ("POST", "/api/auth/test", site.auth_test), ("POST", "/api/webhooks/stripe", site.stripe),
        ("POST", "/api/webhooks/cal", site.cal), ("GET", "/api/worker", site.worker),
        *(("GET", path, site.needs) for path in site_vendors.NEEDS),
    ]  # fmt: skip
    served = Starlette(
        routes=[Route(path, site.recorded(handler), methods=[method]) for method, path, handler in routes]
    )
    served.state.domain = domain
    return served


async def _fields(request: Request) -> dict[str, str]:
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            data = json.loads(raw or b"{}")
        except ValueError:
            return {}
        return {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}
    return {key: values[-1] for key, values in parse_qs(raw.decode("utf-8", "replace")).items()}


def _page(title: str, body: str) -> Response:
    return HTMLResponse(PAGE.format(title=html.escape(title), body=body))
