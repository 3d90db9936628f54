"""End the sessions of one user at Clerk, device by device. Never everybody's: that is a rotation of the keys, by hand.

What else auth-failure changes is gathered here: a variable of the sign-in, rows in the application's own table of sessions.
"""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.actions.session_rows import clear_session_rows
from runbook.actions.sign_in_variables import set_sign_in_variable
from runbook.checks.frame import Answer
from runbook.checks.sign_ins import CLERK_TOKEN_SECONDS, loops
from runbook.clients.clerk import Session
from runbook.errors import Refused
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

REVOKE_SECONDS = 60.0
SOURCE = "Clerk, active sessions"


def preview_revoke(systems: Systems, *, user: str = "") -> Preview:
    """The active sessions of one user, each with its device; of the one who signs in again and again when none is given."""
    who = user or _looping(systems)
    state = systems.clerk.user(who)
    most = systems.policy.at_most["revoke_sessions"]
    active = sorted(systems.clerk.sessions(who), key=lambda one: one.created_at, reverse=True)
    chosen, later = active[:most], active[most:]
    costs = [
        f"that person is signed out on {len(chosen)} devices or browsers and signs in again",
        f"a token that was given out already is good until it ends: {CLERK_TOKEN_SECONDS} s by Clerk's default, longer where "
        "the site keeps a copy",
    ] if chosen else []  # fmt: skip
    if state.banned or state.locked:
        costs.append(
            f"WARNING: the user is {'banned' if state.banned else 'locked'} and cannot sign in again by themselves"
        )
    left = ["the sessions of every other user"]
    left += (
        [f"{len(later)} of this user's sessions: more than the {most} that policy allows in one plan"] if later else []
    )
    return Preview(who, tuple(map(_object, chosen)), tuple(costs), {"sessions": len(active)}, tuple(left),
                   target_was_given=bool(user))  # fmt: skip


def change_revoke(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """End it, if it is still one of that user's active sessions."""
    if item.identity not in {one.session_id for one in systems.clerk.sessions(plan.target)}:
        return Changed(Outcome.UNCHANGED, f"{item.identity} is not active any more")
    ended = systems.clerk.revoke(item.identity)
    return Changed(Outcome.DONE, f"revoked {item.identity} ({item.shown['device']})", {"status": ended.status})


def verify_revoke(systems: Systems, plan: Plan) -> Answer:
    """None of them is active any more."""
    planned = {item.identity for item in plan.objects}
    still = [one.session_id for one in systems.clerk.sessions(plan.target) if one.session_id in planned]
    if still:
        told = f"{len(still)} of {len(planned)} are still active"
        return Answer(Status.CRITICAL, told, len(still), "sessions", 0, SOURCE)
    return Answer(Status.OK, f"none of the {len(planned)} is active any more", 0, "sessions", 0, SOURCE)


def _looping(systems: Systems) -> str:
    who = str(loops.function(systems).facts["user"])
    if not who:
        raise Refused("no user was named, and nobody signs in again and again", where="user",
                      next_step="set the parameter user to an id (user_…) if one person's sessions must end")  # fmt: skip
    return who


def _object(one: Session) -> PlannedObject:
    shown = {
        "device": one.device or "not said",
        "country": one.country,
        "since": one.created_at,
        "used": one.last_active_at,
    }
    return PlannedObject(one.session_id, shown)


revoke_sessions = Action(
    "revoke_sessions", "End the sessions of one user", Danger.SIDE_EFFECT, "clerk",
    preview_revoke, change_revoke, verify_revoke, REVOKE_SECONDS, "cannot be undone: the person signs in again",
    proposed_target=True,
    follow_up="Ask that person to close every tab of the site, delete its cookies and sign in once.",
)  # fmt: skip
EVERY = (set_sign_in_variable, revoke_sessions, clear_session_rows)
