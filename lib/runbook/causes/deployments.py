"""Causes in what we deployed: code that fails or crawls, and a move of production that went half the way."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.model import Cause

PAGES = "site.pages"
LIVE = "deployment.live"
DOMAINS = "deployment.domains"
CANDIDATES = "deployment.candidates"
SITE = "site.health"
RECENT_SECONDS = 24 * 3600.0  # ours: what has run for a day is no longer the first suspect


def bad_deployment(findings: Findings) -> Cause | None:
    """Pages fail or crawl, and what is live is young."""
    age = fact(findings, LIVE, "age_seconds")
    if not is_critical(findings, PAGES) or not isinstance(age, float) or age > RECENT_SECONDS:
        return None
    how = "fail" if fact(findings, PAGES, "errors") else "crawl"
    back = bool(fact(findings, CANDIDATES, "last_good"))
    return cause(
        findings, "bad-deployment",
        f"Pages {how} and the deployment that is live is {age / 60:.0f} min old: {fact(findings, LIVE, 'message', '')}",
        because=(PAGES,), supports=(SITE,), actions=("roll_back_deployment",) if back else (),
        notebooks=("deployment-rollback",),
        by_hand="Roll back first, look for the error afterwards." if back else
        "There is no deployment to go back to: switch the feature off by its flag, or mend the code and deploy.",
        weight=64,
    )  # fmt: skip


def domain_left_behind(findings: Findings) -> Cause | None:
    """A domain serves something else than production: a move that went half the way."""
    if not is_critical(findings, DOMAINS):
        return None
    return cause(
        findings, "domain-left-behind", f"Not every domain followed: {findings[DOMAINS].summary}", because=(DOMAINS,),
        supports=(LIVE,), actions=("roll_back_deployment",), notebooks=("deployment-rollback",),
        by_hand="If the same move fails again: assign that domain by hand in the project's domain settings.", weight=62,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (bad_deployment, domain_left_behind)
