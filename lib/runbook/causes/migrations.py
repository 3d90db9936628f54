"""Causes in migrations: one that took away what the code still needs, and one that went half the way."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.model import Cause

PAGES = "site.pages"
NEWEST = "migrations.newest"
SITE = "site.health"
RECENT_MINUTES = 24 * 60  # ours: what code has lived with for a day is no longer the first suspect


def contract_migration(findings: Findings) -> Cause | None:
    """Pages fail, and the last migration took something away not long ago."""
    minutes = fact(findings, NEWEST, "minutes")
    recent = isinstance(minutes, int) and minutes <= RECENT_MINUTES
    contracts = fact(findings, NEWEST, "kind") == "contract" and not fact(findings, NEWEST, "undoes")
    if not is_critical(findings, PAGES) or not recent or not contracts or fact(findings, NEWEST, "half"):
        return None
    return cause(
        findings, "contract-migration",
        f"Pages fail, and migration {fact(findings, NEWEST, 'name')} took away what older code needs {minutes} min ago",
        because=(PAGES, NEWEST), supports=(SITE,), actions=("roll_back_migration",), notebooks=("migration-rollback",),
        by_hand="If the plan refuses because of data: deploy code that fits the new schema. Never db reset, never "
        "migration down: both drop every table.",
        weight=68,
    )  # fmt: skip


def migration_half_applied(findings: Findings) -> Cause | None:
    """The history says that a migration was applied, the catalogue shows a part of it."""
    if not is_bad(findings, NEWEST) or not fact(findings, NEWEST, "half"):
        return None
    return cause(
        findings, "migration-half-applied", f"A migration went half the way: {findings[NEWEST].summary}",
        because=(NEWEST,), supports=(PAGES, SITE), actions=("roll_back_migration",), notebooks=("migration-rollback",),
        by_hand="If the plan refuses: write the missing half as a migration of its own, after reading why it failed.",
        weight=69,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (contract_migration, migration_half_applied)
