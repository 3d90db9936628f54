"""The systems that watch and carry: Sentry, Tinybird, the queue."""

from __future__ import annotations

from runbook.adoption.desk import Desk
from runbook.clients import choices
from runbook.clients.sentry import Sentry
from runbook.clients.tinybird import RequestsTable, Tinybird
from runbook.queue import Queue

QUEUE, TABLE = "webhooks", "web_requests"


def sentry(desk: Desk) -> None:
    """Organization and project; the address is the region's."""
    url = desk.address("sentry", "url", "https://us.sentry.io", asks=True)
    organization = desk.line("organization's slug (Enter: Sentry is left out)", desk.known.get("SENTRY_ORG", ""))
    if not organization:
        return
    found = desk.secret_that("SENTRY_AUTH_TOKEN", "Sentry is left out", lambda token: choices.sentry_projects(
        desk.opened(Sentry(url, token, organization, "none", "none", times=desk.times)).door, organization))  # fmt: skip
    if found is None:
        return
    desk.profile["sentry"] = {
        "url": url, "organization": organization, "project": desk.choose("project", found),
        "environment": desk.line("environment", "production"),
    }  # fmt: skip


def tinybird(desk: Desk) -> None:
    """The table of the site's requests."""
    url = desk.address("tinybird", "url", "https://api.tinybird.co", asks=True)
    table = desk.line("table of the site's requests", TABLE)
    columns = RequestsTable(table, "timestamp", "error", "response_time", "path")
    found = desk.secret_that("TINYBIRD_TOKEN", "Tinybird is left out", lambda token: desk.opened(Tinybird(
        url, token, columns, times=desk.times)).requests(60))  # fmt: skip
    if found is not None:
        desk.say(f"  {found.count} requests in the last hour")
        desk.profile["tinybird"] = {"url": url, "table": table}


def queue(desk: Desk) -> None:
    """The server of the job queue."""
    name = desk.line("queue's name", QUEUE)

    def reached(url: str) -> tuple[str, str]:
        one = Queue(url, name, times=desk.times)
        try:
            return one.memory().policy, one.host
        finally:
            one.close()

    found = desk.secret_that("REDIS_URL", "the queue is left out", reached)
    if found is not None:
        _, host = found
        desk.profile["queue"] = {"variable": "REDIS_URL", "queue_name": name, "host": host}
