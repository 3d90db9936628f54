"""Causes around a secret that is out: it still opens, its new one does not, somebody used it, the site lost it."""

from __future__ import annotations

from runbook.causes.evidence import cause, faults, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.errors import Fault
from runbook.model import Cause

MEANT = "leaked.secret_meant"
OLD = "leaked.old_one"
NEW = "leaked.new_one"
USED = "uses.seen"
ENVIRONMENT = "rotation.environment"
PAGES = "rotation.pages"
SILENT = (Fault.DOWN, Fault.TIMEOUT, Fault.UNREADABLE, Fault.RATE_LIMITED)
NOTEBOOK = ("leaked-secret",)


def leaked_secret(findings: Findings) -> Cause | None:
    """The leaked one still opens its vendor's door."""
    if not is_critical(findings, OLD):
        return None
    secret, made_at = fact(findings, MEANT, "secret", "it"), fact(findings, MEANT, "made_at", "its vendor")
    actions: tuple[str, ...] = ()
    if not fact(findings, NEW, "there"):
        hand = (f"Make a new one at {made_at}. In .env name the leaked line {secret}_OLD and put the new value under {secret}; "
                "open this notebook again. Nothing is changed until then.")  # fmt: skip
    elif not fact(findings, NEW, "opens"):
        hand = "First a new one that works. Ending the leaked one before would leave the site without any."
    else:
        actions = ("set_variable", "redeploy", "end_leaked_secret") if fact(findings, MEANT, "by_api") else (
            "set_variable", "redeploy")  # fmt: skip
        hand = (
            f"In this order. The last step by hand where the notebook cannot: {fact(findings, MEANT, 'ended_at', '')}"
        )
    return cause(
        findings, "leaked-secret", f"{fact(findings, OLD, 'name', secret)} is out and still opens its vendor",
        because=(OLD,), supports=(NEW, ENVIRONMENT), actions=actions, notebooks=NOTEBOOK, by_hand=hand, weight=80,
    )  # fmt: skip


def new_secret_refused(findings: Findings) -> Cause | None:
    """What is meant to take its place opens nothing."""
    if not is_critical(findings, NEW):
        return None
    return cause(
        findings, "new-secret-refused", f"The new one does not work: {findings[NEW].summary}", because=(NEW,),
        supports=(PAGES,), notebooks=NOTEBOOK,
        by_hand=f"Make another at {fact(findings, MEANT, 'made_at', 'its vendor')} with the same rights, put it under "
        f"{fact(findings, MEANT, 'secret', 'its name')}, open this notebook again. Leave the leaked one alive until then.",
        weight=78,
    )  # fmt: skip


def leaked_secret_used(findings: Findings) -> Cause | None:
    """The vendor's log shows use that is not ours, or may not be."""
    if not is_bad(findings, USED):
        return None
    return cause(
        findings, "leaked-secret-used", f"Somebody may have used it: {findings[USED].summary}", because=(USED,),
        supports=(OLD,), notebooks=NOTEBOOK,
        by_hand="Ring the security team now: what was read or changed is their question, and whether customers must be told. "
        "The log is in evidence/. If it is still used, they may decide to end it at once by hand, and to let the site fail.",
        weight=76,
    )  # fmt: skip


def site_lost_its_secret(findings: Findings) -> Cause | None:
    """Pages that need it fail: what runs has a value that opens nothing."""
    if not is_critical(findings, PAGES) or _silent(findings):
        return None
    return cause(
        findings, "site-lost-its-secret", f"The site works without it no more: {findings[PAGES].summary}",
        because=(PAGES,), supports=(ENVIRONMENT,), actions=("set_variable", "redeploy"), notebooks=NOTEBOOK,
        by_hand="If the new one works here, put it into the site's environment and redeploy; else make one that does.",
        weight=82,
    )  # fmt: skip


def vendor_silent(findings: Findings) -> Cause | None:
    """The vendor says neither yes nor no: whether either value works cannot be told, so nothing is ended."""
    silent = _silent(findings)
    if not silent:
        return None
    return cause(
        findings, "secret-cannot-be-tried", f"Its vendor does not say whether it works: {findings[silent[0]].summary}",
        because=silent, supports=(PAGES,), notebooks=NOTEBOOK,
        by_hand="Wait for the vendor: its status page says for how long. Nothing is ended before the new one is proven. If the "
        f"leaked one is used meanwhile, the security team decides whether to end it now: {fact(findings, MEANT, 'ended_at', '')}",
        weight=79,
    )  # fmt: skip


def _silent(findings: Findings) -> tuple[str, ...]:
    return tuple(name for name in faults(findings, *SILENT) if name in (OLD, NEW))


EVERY: tuple[Explain, ...] = (
    leaked_secret,
    new_secret_refused,
    leaked_secret_used,
    site_lost_its_secret,
    vendor_silent,
)
