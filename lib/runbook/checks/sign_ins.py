"""Do as many customers sign in as usual, and does one of them do so again and again? Ids only, no addresses, no names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from statistics import median
from typing import TypeVar

from runbook.checks.clerk import CLERK, SECONDS
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, check
from runbook.checks.judge import bar, judged, worst
from runbook.clients.clerk import Session
from runbook.errors import SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import iso

T = TypeVar("T")
WINDOW = timedelta(minutes=15)
WEEKS = 4
ENOUGH_SAMPLES = 3
MOST_USERS = 10  # of those who signed in last
AT_ONCE = 5
REFUSED = 401
CLERK_TOKEN_SECONDS = 60  # of a session token, by the vendor's default (Clerk docs, session tokens)


@check(asks=CLERK, deadline_seconds=SECONDS)
def recent(systems: Systems) -> Answer:
    """Did as many customers sign in during the last 15 minutes as at this hour of the last four weeks?

    A user counts at the last sign-in only: past weeks hold fewer than signed in then, so what is missing is at least this many.
    """
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    now, refused = systems.times.now(), _site_refuses(systems)
    ends = [now - timedelta(weeks=number) for number in range(WEEKS + 1)]
    counted = _at_once([lambda end=end: _count(systems, end) for end in ends])  # type: ignore[misc]
    seen, samples = counted[0], [one for one in counted[1:] if one]
    threshold = systems.policy.threshold("sign_ins_missing")
    rows: list[Row] = [{"until": iso(end), "sign_ins": one} for end, one in zip(ends, counted, strict=True)]
    facts = {"seen": seen, "usual": None, "missing": None, "refused": seen if refused else 0}
    then = f"; our site refuses every one of them ({refused})" if refused else ""
    source = f"Clerk, users by last sign-in, {WINDOW.seconds // 60} min"
    usual = round(median(samples)) if samples else 0
    if len(samples) < ENOUGH_SAMPLES or usual < (threshold.enough or 1):
        told = (
            f"{seen} in 15 min; too few to compare with: {len(samples)} of {WEEKS} weeks have any, {usual} usual{then}"
        )
        return Answer(Status.UNKNOWN, told, seen, "sign-ins", source=source, rows=rows, facts=facts)
    missing = max(0, usual - seen)
    percent = 100 * missing / usual
    told = f"{seen} in 15 min, usually {usual}" + (f": at least {missing} are missing" if missing else "") + then
    status = worst((judged(percent, threshold), Status.WARNING if refused else Status.OK))
    return Answer(status, told, round(percent, 1), "% missing", bar(threshold), source, rows,
                  facts={**facts, "usual": usual, "missing": missing})  # fmt: skip


@check(asks=CLERK, required=False, deadline_seconds=SECONDS)
def loops(systems: Systems, user: str = "") -> Answer:
    """Does one user get a new session again and again? Looks at the given one and at those who signed in last."""
    if systems.profile.clerk is None:
        return not_used("Clerk", systems)
    threshold = systems.policy.threshold("sessions_of_one_user")
    users = [one.user_id for one in systems.clerk.last_signed_in(MOST_USERS)]
    asked = [user, *users] if user and user not in users else users
    found = _at_once([lambda one=one: systems.clerk.sessions(one) for one in asked])  # type: ignore[misc]
    since = iso(systems.times.now() - WINDOW)
    counted = sorted(
        ((len(_young(sessions, since)), one) for one, sessions in zip(asked, found, strict=True)), reverse=True
    )
    source = f"Clerk, sessions of the {len(asked)} users who signed in last"
    if not counted:
        return Answer(Status.UNKNOWN, "Clerk lists no user", source=source, facts={"user": ""})
    most, who = counted[0]
    rows: list[Row] = [{"user": one, "new_sessions": number} for number, one in counted if number]
    status = judged(most, threshold)
    told = f"{who} got {most} new sessions in 15 min" if status is not Status.OK else "nobody signs in again and again"
    return Answer(status, told, most, "sessions", bar(threshold), source, rows,
                  facts={"user": "" if status is Status.OK else who, "sessions": most})  # fmt: skip


def _count(systems: Systems, end: datetime) -> int:
    start = end - WINDOW
    return systems.clerk.signed_in(int(start.timestamp() * 1000), int(end.timestamp() * 1000))


def _site_refuses(systems: Systems) -> str:
    """Why our own site refuses a token that Clerk has given; empty when it does not, or nobody can tell."""
    if systems.profile.site is None:
        return ""
    try:
        tried = systems.site.auth_test(systems.profile.site.auth_test_path)
    except SystemFault:
        return ""
    return tried.clerk if tried.status_code == REFUSED and tried.clerk != "ok" else ""


def _young(sessions: Sequence[Session], since: str) -> list[Session]:
    return [one for one in sessions if one.created_at >= since]


def _at_once(questions: Sequence[Callable[[], T]]) -> list[T]:
    """Several questions at once, under the check's deadline; the first fault counts."""
    context = copy_context()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda question: context.copy().run(question), questions))
