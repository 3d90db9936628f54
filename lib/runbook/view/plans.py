"""A plan before it is approved, and how its apply ended: danger, target, objects, cost, undo, proof, and what is next."""

from __future__ import annotations

from runbook.model import ActionResult, Danger, Json, Mode, Outcome, Plan
from runbook.view import findings, markup, plain
from runbook.view.card import View
from runbook.view.markup import Html, el
from runbook.view.words import DANGER, OUTCOME, STATUS, Tone

PLAN_COLUMNS = ("plan_id", "action", "identity")
RESULT_COLUMNS = ("action", "plan_id", "outcome", "reason", "approved_by", "seconds", "changed")
TEXT_ROWS = 20
OPEN_ROWS = 10
ALL = 500  # nobody can approve more than they saw: objects are folded, not left out
DO_NOT_REPEAT = "Do not repeat it. Look at the system itself, then Escalate."
NEXT = {
    Outcome.DONE: "Verify asks again what was not ok.",
    Outcome.UNCHANGED: "go on; there was nothing to do.",
    Outcome.FAILED: "read the reason; plan again, or take the next mitigation.",
    Outcome.UNVERIFIED: DO_NOT_REPEAT,
    Outcome.UNKNOWN: DO_NOT_REPEAT,
}


def plan_view(plan: Plan, *, mode: Mode, consent: str, on_card: bool, sandbox: bool) -> View:
    """The plan card."""
    word, name = DANGER[plan.danger], plain.line(plan.action)
    exact = f"{name}@{plan.plan_id}"
    many = plain.counted(len(plan.objects), "object")
    head = f"plan {exact} · {word}: {word.means}"
    would = (
        f"Would touch {many} on {plain.line(plan.target)} ({plain.line(plan.environment)}). Nothing has been changed."
    )
    if not plan.objects:
        would = f"There is nothing to change on {plain.line(plan.target)} ({plain.line(plan.environment)})."
    facts = [
        ("with", plain.line(plan.arguments)), ("before", plain.line(plan.before)),
        *(("costs" if i == 0 else "", plain.line(cost)) for i, cost in enumerate(plan.costs if plan.objects else ())),
        *(("left alone" if i == 0 else "", plain.line(left)) for i, left in enumerate(plan.left_alone)),
        ("undo", plain.line(plan.undo)), ("proof", _proof(plan)),
        *(("approve" if i == 0 else "", how) for i, how in enumerate(_how(plan, exact, mode, consent, on_card))),
    ]  # fmt: skip
    rows = [{"identity": item.identity, **item.shown} for item in plan.objects]
    lines = [head, would, *plain.table(rows, at_most=ALL)]
    lines += [f"{label + ':' if label else '':<12}{value}" for label, value in facts if value]
    body = markup.join([
        el("p", markup.chip(word), " Plan ", el("code", exact), f" · {word.means}", cls="rb-head"), el("p", would),
        _objects(rows), markup.pairs(_with_code(facts, exact)),
    ])  # fmt: skip
    return View(lines, body, sandbox, word.tone if plan.objects else Tone.CALM,
                [{"plan_id": plan.plan_id, "action": plan.action, **row} for row in rows],
                list(dict.fromkeys([*PLAN_COLUMNS, *plain.columns_of(rows)])))  # fmt: skip


def result_view(result: ActionResult, plan: Plan | None, *, sandbox: bool) -> View:
    """How an apply ended."""
    word = OUTCOME[result.outcome]
    exact = f"{plain.line(result.action)}@{result.plan_id}" if result.plan_id else plain.line(result.action)
    took = f" · {plain.duration(result.seconds)}" if result.seconds else ""
    by = f" · approved by {plain.line(result.approved_by)}" if result.approved_by else ""
    head = f"{word}: {exact}{took}{by}"
    reason, next_step = plain.line(result.reason), f"Next: {_next(result, plan, exact)}"
    changed = [plain.line(one) for one in result.changed]
    proof = f"{plain.line(result.verify.check)} {findings.one_line(result.verify)}" if result.verify else ""
    lines = [head, *([f"Reason: {reason}"] if reason else []), *([word.means] if word.means else [])]
    lines += plain.changes(changed, at_most=TEXT_ROWS)
    lines += [f"Proof: {proof}"] if proof else []
    lines += [*(["Budget:"] if result.steps else []), *plain.table(result.steps, at_most=ALL)]
    body = markup.join([
        el("p", markup.chip(word), " ", el("code", exact), el("span", f"{took}{by}", cls="rb-note"), cls="rb-head"),
        el("p", reason) if reason else Html(), el("p", word.means),
        _changed(changed), _proof_html(result), markup.grid(result.steps) if result.steps else Html(),
        el("p", next_step, cls="rb-next"),
    ])  # fmt: skip
    row = {**result.as_json(), "changed": len(changed)}
    return View(
        [*lines, next_step], body, sandbox, word.tone, [{key: row[key] for key in RESULT_COLUMNS}], RESULT_COLUMNS
    )


def _objects(rows: list[dict[str, Json]]) -> Html:
    """Every object: some open, the rest folded."""
    columns = plain.columns_of(rows)
    shown = markup.grid(rows[:OPEN_ROWS], columns=columns) if rows else Html()
    rest = rows[OPEN_ROWS:]
    more = markup.fold(f"{len(rest)} more", markup.grid(rest, at_most=ALL, columns=columns)) if rest else Html()
    return markup.join([shown, more])


def _proof(plan: Plan) -> str:
    within = f"within {plain.duration(plan.budget_seconds)}"
    return (
        f"{plain.line(plan.verify).rstrip('.')}, {within}" if plan.verify else f"proven {within}, or it ends unverified"
    )


def _how(plan: Plan, exact: str, mode: Mode, consent: str, on_card: bool) -> list[str]:
    if not plan.objects:
        return []
    typed = f"--mode act --approve {exact}"
    if on_card:
        return [f"below this card: {plain.line(consent)}", f"or headless: {typed}"]
    if mode is Mode.REHEARSE:
        return [typed, "This run rehearses: it will not be carried out here."]
    by_name = plan.danger in (Danger.REVERSIBLE, Danger.SIDE_EFFECT) and not plan.proposed_target
    also = f"or, for whatever this run plans: --approve {plain.line(plan.action)}"
    return [typed, also] if by_name else [typed, "This action takes its exact plan only."]


def _with_code(facts: list[tuple[str, str]], exact: str) -> list[tuple[str, str | Html]]:
    """The facts, with what is pasted in a font to paste from."""
    typed = f"--mode act --approve {exact}"
    return [(label, _pasted(value, typed) if typed in value else value) for label, value in facts]


def _pasted(value: str, typed: str) -> Html:
    before, _, after = value.partition(typed)
    return markup.join([before, el("code", typed), after])


def _next(result: ActionResult, plan: Plan | None, exact: str) -> str:
    if result.outcome is Outcome.PLANNED and plan is not None and plan.objects:
        return f"to carry out exactly this: --mode act --approve {exact}"
    if result.outcome is Outcome.PLANNED:
        return "there would be nothing to do."
    if result.outcome is Outcome.REFUSED:
        return "do what the reason says, then plan again."
    if result.outcome is Outcome.SKIPPED:
        waits = result.reason == "not approved" and plan is not None
        return f"if it is wanted: --mode act --approve {exact}" if waits else "go on."
    return NEXT[result.outcome]


def _changed(changed: list[str]) -> Html:
    if not changed:
        return Html()
    shown = markup.join([markup.lines(changed[: markup.AT_MOST]), _more(len(changed) - markup.AT_MOST)])
    return markup.fold(f"changed: {len(changed)}", shown, open=len(changed) <= 5)


def _more(count: int) -> Html:
    return el("p", f"… {count} more, all of them in the record", cls="rb-note") if count > 0 else Html()


def _proof_html(result: ActionResult) -> Html:
    if result.verify is None:
        return Html()
    said = findings.one_line(result.verify).split(": ", 1)[1]
    return markup.join([el("p", "proof: ", markup.chip(STATUS[result.verify.status]), " ", said),
                        markup.evidence(result.verify.rows)])  # fmt: skip
