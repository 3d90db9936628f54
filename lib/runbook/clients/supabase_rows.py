"""What is read of a Supabase project's own keys and of its gateway's log: never a key's value. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# ClickHouse's dialect; the fields are those of the API Gateway (Supabase docs, Logs field reference).
KEY_USES = (
    "select toString(timestamp) as at, log_attributes['request.method'] as method, log_attributes['request.path'] as path,"
    " log_attributes['response.status_code'] as status, log_attributes['request.headers.user_agent'] as agent,"
    " log_attributes['request.headers.cf_connecting_ip'] as address, log_attributes['request.cf.country'] as country"
    " from logs where source = 'edge_logs' and log_attributes['request.sb.apikey.apikey.prefix'] = '{prefix}'"
    " order by timestamp desc limit 1000"
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One of the project's own keys. ``prefix``: its first letters, by which the vendor's log names it."""

    key_id: str
    name: str
    kind: str  # publishable, secret; legacy for anon and service_role
    prefix: str
    made_at: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One request to the project that came with one of its keys. ``address`` is personal data."""

    at: str
    method: str
    path: str
    status: str
    agent: str
    address: str
    country: str
