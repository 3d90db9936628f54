"""The real parts of the world, started in parallel, stopped together."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from runbook.sandbox.clickhouse import ClickHouse
from runbook.sandbox.mailbox import Mailbox
from runbook.sandbox.pooler import Pooler
from runbook.sandbox.postgres import Postgres
from runbook.sandbox.processes import LOOPBACK
from runbook.sandbox.valkey import Valkey

PROJECT_REF = "sandboxsandboxsandbo"  # 20 letters, as Supabase's are
IDS = {
    "project_ref": PROJECT_REF, "vercel_team": "team_sandbox", "vercel_project": "prj_agencysite",
    "launchdarkly_project": "agency", "launchdarkly_environment": "production",
    "domains": ["agency.test", "www.agency.test", "portal.agency.test"],
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Everything in the world that is no twin."""

    dir: Path
    postgres: Postgres
    valkey: Valkey
    pooler: Pooler
    mailbox: Mailbox
    clickhouse: ClickHouse
    secrets: Mapping[str, str] = field(repr=False)
    ids: Mapping[str, object]

    def stop(self) -> None:
        """Stop all of them; the order is that of who needs whom."""
        self.pooler.stop()
        self.mailbox.stop()
        self.clickhouse.stop()
        self.valkey.stop()
        self.postgres.stop()


def start_parts(folder: Path) -> Parts:
    """Start the parts below a folder; what was started is stopped again when one of them fails."""
    folder.mkdir(parents=True, exist_ok=True)
    postgres, valkey = Postgres(folder), Valkey(folder / "valkey")
    pooler, mailbox = Pooler(postgres, PROJECT_REF), Mailbox(folder)
    clickhouse = ClickHouse(folder / "clickhouse")
    try:
        with ThreadPoolExecutor(max_workers=4) as pool:
            for start in [pool.submit(part) for part in (postgres.create, valkey.start, pooler.start, mailbox.start)]:
                start.result()
    except BaseException:
        Parts(folder, postgres, valkey, pooler, mailbox, clickhouse, {}, IDS).stop()
        raise
    ids = {**IDS, "system_identifier": postgres.system_identifier, "queue_host": f"{LOOPBACK}:{valkey.port}"}
    return Parts(
        folder, postgres, valkey, pooler, mailbox, clickhouse, _secrets(postgres, valkey, pooler, mailbox), ids
    )


def _secrets(postgres: Postgres, valkey: Valkey, pooler: Pooler, mailbox: Mailbox) -> dict[str, str]:
    """Every secret of the world: real for the real parts, made up in the vendors' shapes for the twins."""
    real = {
        "PROD_DATABASE_URL": postgres.dsn("postgres"),  # of the role that owns the tables, as on Supabase
        "DATABASE_URL": postgres.dsn("runbook"), "POOLER_URL": pooler.dsn("runbook"), "REDIS_URL": valkey.url,
        "SMTP_URL": mailbox.url, "AUTH_TEST_USER": "smoke-test@agency.test",
    }  # fmt: skip
    return real | {name: make() for name, make in MAKE.items()}


def _uuid() -> str:
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


# How each secret that is made up is made, in the vendor's shape.
MAKE: Mapping[str, Callable[[], str]] = {
    "CLERK_API_KEY": lambda: "sk_live_" + secrets.token_hex(24),
    "SUPABASE_API_KEY": lambda: "sbp_" + secrets.token_hex(20),
    "SUPABASE_ANON_KEY": lambda: "sb_publishable_" + secrets.token_urlsafe(22),
    "SUPABASE_SERVICE_KEY": lambda: "sb_secret_" + secrets.token_urlsafe(22),
    "VERCEL_TOKEN": lambda: secrets.token_urlsafe(18),
    "LD_API_KEY": lambda: "api-" + _uuid(),
    "STRIPE_SECRET_KEY": lambda: "rk_live_" + secrets.token_hex(24),
    "STRIPE_TEST_KEY": lambda: "rk_test_" + secrets.token_hex(24),  # of the same account, in its other mode
    "STRIPE_WEBHOOK_SECRET": lambda: "whsec_" + secrets.token_urlsafe(24),
    "CALCOM_API_KEY": lambda: "cal_live_" + secrets.token_hex(16),
    "CALCOM_WEBHOOK_SECRET": lambda: secrets.token_urlsafe(24),
    "PAGERDUTY_API_KEY": lambda: "u+" + secrets.token_urlsafe(14),
    "PAGERDUTY_ROUTING_KEY": lambda: "R0" + secrets.token_hex(15).upper(),
    "SENTRY_AUTH_TOKEN": lambda: secrets.token_hex(32),
    "SLACK_BOT_TOKEN": lambda: "xoxb-" + secrets.token_hex(24),
    "STATUSPAGE_API_KEY": _uuid,
    "TINYBIRD_TOKEN": lambda: "p." + secrets.token_urlsafe(32),
    "CONTROL_TOKEN": lambda: secrets.token_urlsafe(24),
    "AUTH_TEST_PASSWORD": lambda: secrets.token_urlsafe(18),
}
