"""Causes why Cal.com's bookings do not reach our application, or our calendars."""

from __future__ import annotations

from runbook.causes import webhooks
from runbook.causes.evidence import cause, faults, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact, status
from runbook.errors import Fault
from runbook.model import Cause, Status

HOOKS, ANSWERS = "bookings.hooks", "bookings.hook_answers"
CALENDARS, MISSED, PAGE = "bookings.calendars", "bookings.missed", "bookings.status_page"
NOTEBOOK = ("webhook-failure",)
PULL = ("pull_bookings",)
THE_HOOK = "app.cal.com/settings/developer/webhooks, the hook"
THEN = "Then pull what was missed."
# How our handler answers when it does not take what it should, and what that is called.
WAYS = {
    "fails": "fails", "missing": "is not at its path", "slow": "takes nothing in time", "wall": "stands behind a wall for bots",
    "redirect": "sends webhooks on elsewhere; Cal.com does not follow",
}  # fmt: skip


def cal_hook_inactive(findings: Findings) -> Cause | None:
    """Cal.com tells our handler nothing."""
    if not fact(findings, HOOKS, "inactive"):
        return None
    return cause(
        findings, "cal-hook-inactive", f"Cal.com's hook {findings[HOOKS].summary}", because=(HOOKS,), supports=(MISSED,),
        actions=("enable_hook", *PULL), notebooks=NOTEBOOK,
        by_hand=f"Ask who switched it off, and why. An event type's or the organization's own is switched on at {THE_HOOK}.",
        weight=68,
    )  # fmt: skip


def cal_hook_unsigned(findings: Findings) -> Cause | None:
    """What the hook sends is not signed, and our handler refuses it as it must."""
    if not fact(findings, HOOKS, "unsigned") or fact(findings, HOOKS, "inactive"):
        return None
    return cause(
        findings, "cal-hook-unsigned", f"Cal.com's hook {findings[HOOKS].summary}", because=(HOOKS,), supports=(MISSED,),
        actions=PULL, notebooks=NOTEBOOK,
        by_hand=f"Whoever holds the Cal.com account: {THE_HOOK}, Secret: the value of CALCOM_WEBHOOK_SECRET in .env. Never make "
        f"our handler take what is not signed. {THEN}",
        weight=67,
    )  # fmt: skip


def cal_hook_template(findings: Findings) -> Cause | None:
    """What the hook sends has a form of its own, which our handler does not know."""
    if not fact(findings, HOOKS, "template") or fact(findings, HOOKS, "inactive"):
        return None
    return cause(
        findings, "cal-hook-template", f"Cal.com's hook {findings[HOOKS].summary}", because=(HOOKS,), supports=(MISSED,),
        actions=PULL, notebooks=NOTEBOOK,
        by_hand=f"Whoever holds the Cal.com account: {THE_HOOK}, Custom payload template: off. {THEN}", weight=66,
    )  # fmt: skip


def cal_hook_elsewhere(findings: Findings) -> Cause | None:
    """No hook is at our handler, or none tells of what we act on."""
    if not is_critical(findings, HOOKS) or any(
        fact(findings, HOOKS, one) for one in ("inactive", "unsigned", "template")
    ):
        return None
    return cause(
        findings, "cal-hook-elsewhere", f"Cal.com: {findings[HOOKS].summary}", because=(HOOKS,), supports=(MISSED,),
        actions=PULL, notebooks=NOTEBOOK,
        by_hand=f"Whoever holds the Cal.com account: {THE_HOOK}, Subscriber URL and Event triggers. {THEN} One of an event type "
        "counts only if the profile names that type: calcom.event_types.",
        weight=65,
    )  # fmt: skip


def cal_secret_differs(findings: Findings) -> Cause | None:
    """Our handler refuses what is signed with the secret that we have: its build has another."""
    if fact(findings, ANSWERS, "refuses_ours") is not True:
        return None
    return cause(
        findings, "cal-secret-differs", "Our handler of Cal.com refuses what is signed with our secret: its build has another",
        because=(ANSWERS,), supports=(MISSED,), actions=("set_variable", "redeploy", *PULL), notebooks=NOTEBOOK,
        by_hand="Open this notebook with secret=CALCOM_WEBHOOK_SECRET. First compare CALCOM_WEBHOOK_SECRET in .env with Cal.com "
        f"({THE_HOOK}, Secret): what is put into the build must be that one.",
        weight=69,
    )  # fmt: skip


def cal_secret_differs_at_cal(findings: Findings) -> Cause | None:
    """Our handler takes what we sign, the hook is on, and what Cal.com sends is not taken."""
    if status(findings, ANSWERS) is not Status.OK or status(findings, HOOKS) is not Status.OK:
        return None
    if not is_bad(findings, MISSED) or fact(findings, MISSED, "newest_is_missed") is not True:
        return None
    return cause(
        findings, "cal-secret-differs-at-cal", "Our handler takes what we sign, and not what Cal.com sends", because=(MISSED,),
        supports=(PAGE,), actions=PULL, notebooks=NOTEBOOK,
        by_hand=f"Compare {THE_HOOK}, Secret, with CALCOM_WEBHOOK_SECRET in .env. If they differ: put Cal.com's into .env, and "
        "open this notebook again with secret=CALCOM_WEBHOOK_SECRET. If they are the same: Cal.com's deliveries are late or "
        "lost; nothing comes by itself, pull what was missed.",
        weight=59,
    )  # fmt: skip


def cal_handler_broken(findings: Findings) -> Cause | None:
    """Our handler of Cal.com does not take anything; what hits both handlers is explained by the other's."""
    ways = [
        said for way, said in WAYS.items() if fact(findings, ANSWERS, way) and not fact(findings, webhooks.ANSWERS, way)
    ]
    if not ways:
        return None
    return cause(
        findings, "cal-handler-broken", f"Our handler of Cal.com {ways[0]}", because=(ANSWERS,), expected=("deployment.live",),
        supports=(MISSED,), actions=PULL, notebooks=("deployment-rollback", *NOTEBOOK),
        by_hand="Roll the deployment back first (deployment-rollback), or mend and deploy. A wall: a rule that lets the "
        f"webhooks' path through. {THEN}",
        weight=70,
    )  # fmt: skip


def cal_handler_forgeable(findings: Findings) -> Cause | None:
    """Our handler of Cal.com takes what nobody has signed."""
    if fact(findings, ANSWERS, "forgeable") is not True:
        return None
    return cause(
        findings, "cal-handler-forgeable", "Our handler takes bookings that nobody has signed", because=(ANSWERS,),
        notebooks=("deployment-rollback",),
        by_hand="A security incident: anybody can make bookings up. Roll back to a build that checks (it must refuse the word "
        "no-secret-provided as well), and tell the security team.",
        weight=79,
    )  # fmt: skip


def calendar_credential_broken(findings: Findings) -> Cause | None:
    """Cal.com cannot read a calendar: bookings do not reach it, and who is busy looks free."""
    if not fact(findings, CALENDARS, "broken"):
        return None
    return cause(
        findings, "calendar-credential-broken", f"Calendar: {findings[CALENDARS].summary}", because=(CALENDARS,),
        notebooks=NOTEBOOK,
        by_hand="Whoever owns that calendar signs in to Cal.com and connects it again: app.cal.com/apps/installed/calendar, the "
        "calendar, Reconnect. Bookings of meanwhile are not in it: enter them by hand, and look for calls booked twice.",
        weight=57,
    )  # fmt: skip


def bookings_missed(findings: Findings) -> Cause | None:
    """Everything works now, and bookings of before never reached us."""
    if not is_bad(findings, MISSED) or fact(findings, MISSED, "newest_is_missed") is True:
        return None
    if status(findings, HOOKS) is not Status.OK or status(findings, ANSWERS) is not Status.OK:
        return None
    return cause(
        findings, "bookings-missed", f"All works now, and {findings[MISSED].summary}", because=(MISSED,), actions=PULL,
        notebooks=NOTEBOOK, by_hand="Cal.com tells of each booking once. Pull them.", weight=56,
    )  # fmt: skip


def cal_unreachable(findings: Findings) -> Cause | None:
    """Cal.com's API does not answer us."""
    if HOOKS not in faults(findings, Fault.TIMEOUT, Fault.DOWN):
        return None
    return cause(
        findings, "cal-unreachable", f"Cal.com does not answer: {findings[HOOKS].summary}", because=(HOOKS,), supports=(PAGE,),
        notebooks=NOTEBOOK,
        by_hand="Wait; do not deploy and do not change keys. Nothing of what is booked meanwhile is sure to be told later: when "
        "Cal.com answers again, run this notebook and pull what was missed.",
        weight=49,
    )  # fmt: skip


def cal_key_refused(findings: Findings) -> Cause | None:
    """Our key is refused."""
    if HOOKS not in faults(findings, Fault.AUTH, Fault.PERMISSION, Fault.RETIRED):
        return None
    return cause(
        findings, "cal-key-refused", f"Our key at Cal.com is of no use: {findings[HOOKS].summary}", because=(HOOKS,),
        notebooks=NOTEBOOK,
        by_hand="Whoever holds the Cal.com account makes a new key at app.cal.com/settings/developer/api-keys and puts it into "
        ".env as CALCOM_API_KEY; then run this again. Bookings may reach us all the same: hooks need no key.",
        weight=75,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (
    cal_hook_inactive, cal_hook_unsigned, cal_hook_template, cal_hook_elsewhere, cal_secret_differs, cal_secret_differs_at_cal,
    cal_handler_broken, cal_handler_forgeable, calendar_credential_broken, bookings_missed, cal_unreachable, cal_key_refused,
)  # fmt: skip
