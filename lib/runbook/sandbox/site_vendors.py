"""The site's pages that need a vendor: each really asks it, with the key that its deployment was built with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from runbook.sandbox.world import World

SECONDS = 3.0
FROM = {"User-Agent": "agency-site", "cf-connecting-ip": "198.51.100.10", "cf-ipcountry": "DE"}


@dataclass(frozen=True, slots=True)
class Need:
    """What a page asks its vendor, and how the key goes with it."""

    system: str
    variable: str
    path: str
    header: str
    form: str = "{}"


NEEDS: Mapping[str, Need] = {
    "/portal/invoices": Need(
        "stripe", "STRIPE_SECRET_KEY", "/v1/payment_intents?limit=1", "Authorization", "Bearer {}"
    ),
    "/portal/members": Need("supabase_auth", "SUPABASE_SERVICE_KEY", "/auth/v1/settings", "apikey"),
    "/portal/features": Need("launchdarkly", "LD_API_KEY", "/api/v2/flags/agency", "Authorization"),
}


async def page(world: World, path: str, env: Mapping[str, str]) -> Response:
    """200 when the vendor takes the key; 502 when it does not, or does not answer."""
    need = NEEDS[path]
    headers = {**FROM, need.header: need.form.format(env.get(need.variable, ""))}
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            answer = await client.get(f"{world.urls[need.system]}{need.path}", headers=headers)
    except httpx.HTTPError:
        return JSONResponse({"error": f"{need.system} does not answer"}, 502)
    if answer.status_code != 200:
        return JSONResponse({"error": f"{need.system} answers {answer.status_code}"}, 502)
    return JSONResponse({"status": "ok"})
