"""A vendor made of routes and answers, under the vendor's real client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from runbook.errors import Fault, SystemFault
from runbook.model import Json

if TYPE_CHECKING:
    import httpx

REF, TEAM, PROJECT = "testtesttesttesttest", "team_test", "prj_test"
# Who each vendor says it is, unless a test says otherwise: without that nothing may be changed.
IDENTITIES: Mapping[str, Mapping[str, Json]] = {
    "supabase": {f"GET /v1/projects/{REF}": {"ref": REF, "name": "test", "status": "ACTIVE_HEALTHY"}},
    "vercel": {f"GET /v9/projects/{PROJECT}": {"id": PROJECT, "name": "test", "accountId": TEAM}},
    "calcom": {"GET /v2/me": {"status": "success", "data": {"id": 4711, "organizationId": 77}}},
    "clerk": {"GET /v1/instance": {"id": "ins_test", "environment_type": "production", "allowed_origins": []}},
    "launchdarkly": {"GET /api/v2/projects/agency/environments/production": {"key": "production"}},
    "sentry": {"GET /api/0/projects/agency/agency-site/": {"id": "7", "slug": "agency-site"}},
    "stripe": {"GET /v1/account": {"id": "acct_test", "object": "account", "charges_enabled": True}},
    "slack": {"GET /api/auth.test": {"ok": True, "team_id": "T0TEST", "team": "Agency", "user": "runbook"}},
    "statuspage": {"GET /v1/pages/page": {"id": "page", "name": "Agency"}},
}
NAMELESS = (
    "clerk_frontend",
    "pagerduty",
    "pagerduty_events",
    "site",
    "supabase_auth",
    "tinybird",
)  # these have no name to say
POSTED_READS = (
    "/query/read-only",
    "/network-bans/retrieve",
    "/auth/v1/token",
    "/auth/test",
)  # a POST that changes nothing


@dataclass(frozen=True, slots=True)
class Says:
    """A whole answer of a vendor. ``text`` is sent as it is, in place of JSON."""

    status: int = 200
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a vendor received; of a repeated parameter the last value. ``json`` is also the fields of a form."""

    method: str
    path: str
    query: Mapping[str, str]
    json: Json
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed: the system, the call or the statement, and the values that went with it."""

    system: str
    what: str
    values: Json = None


# JSON, which comes with status 200; a whole answer; a fault on the way; or what the test makes of the request.
Answer = Json | Says | Fault | Callable[[Asked], Any]


class Vendor:
    """One vendor by its routes: ``"GET /path"``, where ``*`` stands for anything, and the answer to it."""

    def __init__(self, system: str, routes: Mapping[str, Answer], changes: list[Change]) -> None:
        self.asked: list[Asked] = []
        self._system = system
        self._routes = routes
        self._changes = changes

    @property
    def transport(self) -> httpx.MockTransport:
        """What the vendor's client sends its requests to."""
        import httpx

        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        import httpx

        asked = Asked(
            request.method, request.url.path, dict(parse_qsl(request.url.query.decode())),
            _body(request), dict(request.headers),
        )  # fmt: skip
        self.asked.append(asked)
        answer = self._route(f"{asked.method} {asked.path}")
        said = answer(asked) if callable(answer) else answer
        if isinstance(said, Fault):
            raise SystemFault(f"{asked.method} {asked.path}: {said.value}", system=self._system, fault=said)
        whole = said if isinstance(said, Says) else Says(body=said)
        if asked.method != "GET" and whole.status < 400 and not asked.path.endswith(POSTED_READS):
            self._changes.append(Change(self._system, f"{asked.method} {asked.path}", asked.json))
        content = whole.text if whole.text is not None else json.dumps(whole.body)
        return httpx.Response(whole.status, content=content, headers=dict(whole.headers))

    def _route(self, wanted: str) -> Answer:
        known = (*self._routes.items(), *IDENTITIES.get(self._system, {}).items())
        for route, answer in known:
            if fnmatchcase(wanted, route):
                return answer
        raise LookupError(f"{self._system}: no answer to {wanted}; there are {[route for route, _ in known]}")


def _body(request: httpx.Request) -> Json:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.content.decode()))
    found: Json = json.loads(request.content) if request.content else None
    return found
