"""Turn a feature flag off, or on again: in one environment, with a dry run first."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.changes import since_ms
from runbook.checks.flags import SUSPECT_HOURS, delivery, evaluated, first_suspect, serves
from runbook.checks.frame import Answer, both
from runbook.clients.launchdarkly import FlagState
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

BUDGET_SECONDS = 60.0
TURN_OFF = ": turn off"
SOURCE = "LaunchDarkly, flag"
APPROVAL_NEEDED = 405
# What LaunchDarkly's refusals of a change mean here (apidocs.launchdarkly.com, Update feature flag).
REFUSALS = {
    400: "it conflicts with a change that is scheduled or waits for an approval: look at the flag there, then plan again",
    403: "the token may not write flags of this environment: look at its role",
    APPROVAL_NEEDED: "the environment wants an approval first: plan request_flag_off",
    409: "somebody changed it at the same moment: plan again",
}


def preview_off(systems: Systems, *, flag: str = "") -> Preview:
    """The flag that is on, what it would serve when off, and which flags need it; the newest suspect when none is given."""
    return _preview(systems, flag or _suspect(systems), on=False, given=bool(flag))


def preview_on(systems: Systems, *, flag: str = "") -> Preview:
    """The flag that is off, and what it would serve when on. Must be named."""
    if not flag:
        raise Refused("no flag was named", where="turn_on", next_step="set the parameter to the flag's key")
    return _preview(systems, flag, on=True, given=True)


def preview_request(systems: Systems, *, flag: str = "") -> Preview:
    """The request to the vendor's approvers, where this environment wants one; else there is nothing to ask for."""
    key = flag or _suspect(systems)
    state = systems.launchdarkly.flag(key)
    target = _target(systems)
    if not state.on or not _needs_approval(systems, key, on=False):
        return Preview(target, (), ("the flag can be turned off without an approval at the vendor",), {})
    if asked := [uid for uid, told in systems.launchdarkly.pending_approvals(key).items() if told.endswith(TURN_OFF)]:
        return Preview(target, (), (f"request {asked[0]} waits for an approver already: ring them",), {})
    item = PlannedObject(key, {"asks for": "turn off", "name": state.name}, {"version": state.version})
    costs = ("somebody in LaunchDarkly must approve and apply it; nothing is changed before",)
    return Preview(target, (item,), costs, target_was_given=bool(flag))


def change_off(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Turn it off, if it is what the plan saw."""
    return _change(systems, item, plan, on=False)


def change_on(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Turn it on, if it is what the plan saw."""
    return _change(systems, item, plan, on=True)


def change_request(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask once."""
    uid = systems.launchdarkly.ask_approval(item.identity, on=False, description=_request_text(plan))
    return Changed(Outcome.DONE, f"asked for an approval to turn {item.identity} off: request {uid}", {"request": uid})


def same_flag(plan: Plan) -> dict[str, Json]:
    """What undo turns: the plan's flag."""
    return {"flag": plan.objects[0].identity}


def verify_off(systems: Systems, plan: Plan) -> Answer:
    """LaunchDarkly says that it is off, and no application still gets what it gave when on, as far as that is counted."""
    return _verify(systems, plan, on=False)


def verify_on(systems: Systems, plan: Plan) -> Answer:
    """LaunchDarkly says that it is on; what applications get is told."""
    return _verify(systems, plan, on=True)


def verify_request(systems: Systems, plan: Plan) -> Answer:
    """LaunchDarkly lists our request as pending. The flag is still as it was."""
    waiting = systems.launchdarkly.pending_approvals(plan.objects[0].identity)
    ours = [uid for uid, told in waiting.items() if told == _request_text(plan)]
    if not ours:
        return Answer(Status.CRITICAL, "no such request is pending", len(waiting), "requests", source=SOURCE)
    return Answer(Status.OK, f"request {ours[0]} is pending", len(waiting), "requests", source=SOURCE)


def _request_text(plan: Plan) -> str:
    return f"runbook plan {plan.plan_id}{TURN_OFF}"


def _preview(systems: Systems, key: str, *, on: bool, given: bool) -> Preview:
    state = systems.launchdarkly.flag(key)
    if state.archived:
        raise Refused(
            f"flag {key} is archived", where="flag", next_step="an archived flag serves its off variation already"
        )
    if state.on == on:
        return Preview(_target(systems), (), (f"{key} is {_word(on)} already",), {"on": state.on})
    if _needs_approval(systems, key, on=on):
        raise Refused("this environment wants an approval in LaunchDarkly for every change", where=_target(systems),
                      next_step="plan request_flag_off, or ask an approver to do it there")  # fmt: skip
    then = systems.launchdarkly.turn(key, on=on, comment="dry run", dry_run=True)
    shown = {"name": state.name, "now": f"{_word(state.on)}, serves {serves(state)}",
             "then": f"{_word(then.on)}, serves {serves(then)}"}  # fmt: skip
    item = PlannedObject(key, shown, {"version": state.version})
    before = {"on": state.on, "serves": state.serves, "off_serves": state.off_serves, "version": state.version}
    return Preview(_target(systems), (item,), _costs(systems, state, on=on), before, target_was_given=given)


def _costs(systems: Systems, state: FlagState, *, on: bool) -> tuple[str, ...]:
    costs = ["applies to everybody in this environment, within seconds"]
    if not on and not state.off_serves:
        costs.append("WARNING: the flag has no off variation: each application serves the fallback in its own code")
    if needing := [one.key for one in systems.launchdarkly.flags() if state.key in one.needs]:
        costs.append(f"flags that need it change as well: {', '.join(needing)}")
    costs += _waiting(systems, state.key)
    try:
        page = delivery.function(systems)
    except SystemFault:
        return (*costs, "whether flags are delivered now cannot be told")
    return (*costs, f"WARNING: {page.summary}") if page.status is Status.WARNING else tuple(costs)


def _waiting(systems: Systems, key: str) -> list[str]:
    """The requests for an approval that wait for this flag: applied later, they change it again."""
    try:
        waiting = systems.launchdarkly.pending_approvals(key)
    except SystemFault:  # approvals belong to some plans only
        return ["whether changes of it wait for an approval cannot be told"]
    return [
        f"WARNING: waits for an approval, and changes it again when applied: {told} ({uid})"
        for uid, told in waiting.items()
    ]


def _change(systems: Systems, item: PlannedObject, plan: Plan, *, on: bool) -> Changed:
    state = systems.launchdarkly.flag(item.identity)
    if state.on == on:
        return Changed(Outcome.UNCHANGED, f"{item.identity} is {_word(on)} already")
    if state.version != item.bound["version"]:
        return Changed(Outcome.UNCHANGED, f"{item.identity} was changed since the plan: version {state.version}, "
                       f"not {item.bound['version']}; plan again")  # fmt: skip
    try:
        now = systems.launchdarkly.turn(item.identity, on=on, comment=f"runbook plan {plan.plan_id}", dry_run=False)
    except SystemFault as fault:
        if fault.status_code not in REFUSALS:
            raise
        return Changed(Outcome.FAILED, f"{item.identity}: {REFUSALS[fault.status_code]} ({fault.what})")
    return Changed(Outcome.DONE, f"turned {item.identity} {_word(on)}", {"on": now.on, "version": now.version})


def _verify(systems: Systems, plan: Plan, *, on: bool) -> Answer:
    state = systems.launchdarkly.flag(plan.objects[0].identity)
    told = f"{state.key} is {_word(state.on)} and serves {serves(state)}"
    if state.on != on:
        return Answer(Status.CRITICAL, told, _word(state.on), threshold=_word(on), source=SOURCE)
    counted = evaluated(systems, state)  # where nobody counts the read back is all there is, and that is said
    status = Status.CRITICAL if counted.status is Status.CRITICAL else Status.OK
    return Answer(
        status, f"{told}; {counted.summary}", _word(state.on), threshold=_word(on), source=SOURCE, rows=counted.rows
    )


def _needs_approval(systems: Systems, key: str, *, on: bool) -> bool:
    try:
        systems.launchdarkly.turn(key, on=on, comment="dry run", dry_run=True)
    except SystemFault as fault:
        if fault.fault is Fault.REJECTED and fault.status_code == APPROVAL_NEEDED:
            return True
        raise
    return False


def _suspect(systems: Systems) -> str:
    changes, states = both(
        lambda: systems.launchdarkly.flag_changes(since_ms(systems, SUSPECT_HOURS)), systems.launchdarkly.flags
    )
    found = first_suspect(changes, {one.key: one for one in states})
    if found is not None:
        return found.key
    if changes and changes[0].key:
        return changes[0].key  # off already: the plan says so
    raise Refused(f"no flag was changed in the last {SUSPECT_HOURS} h", where="flag",
                  next_step="name the flag, or look elsewhere: flags are not the reason")  # fmt: skip


def _target(systems: Systems) -> str:
    target = systems.profile.launchdarkly
    return f"{target.project_key}/{target.environment_key}" if target else ""


def _word(on: bool) -> str:
    return "on" if on else "off"


turn_flag_off = Action(
    "turn_flag_off", "Turn a feature flag off for everybody in this environment", Danger.REVERSIBLE, "launchdarkly",
    preview_off, change_off, verify_off, BUDGET_SECONDS, "turn_flag_on", same_flag, proposed_target=True,
    follow_up="The flag is off: mend the code behind it, then turn it on again, or remove the flag.",
)  # fmt: skip
turn_flag_on = Action(
    "turn_flag_on", "Turn a feature flag on again", Danger.REVERSIBLE, "launchdarkly",
    preview_on, change_on, verify_on, BUDGET_SECONDS, "turn_flag_off", same_flag, proposed_target=True,
)  # fmt: skip
request_flag_off = Action(
    "request_flag_off", "Ask LaunchDarkly's approvers to turn a flag off", Danger.SIDE_EFFECT, "launchdarkly",
    preview_request, change_request, verify_request, BUDGET_SECONDS,
    "cannot be undone: withdraw the request in LaunchDarkly", proposed_target=True,
    follow_up="An approval request waits in LaunchDarkly: have it approved and applied, then verify again.",
    mends=False,
)  # fmt: skip
EVERY = (turn_flag_off, turn_flag_on, request_flag_off)
