"""What proves that production was moved: every domain, the build behind the cache, health, sign-in, and pages that work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from runbook.checks.deployment import left_behind
from runbook.checks.frame import Answer
from runbook.checks.site import DOWN_FOR_EVERYBODY, ask_pages
from runbook.clients.site import Page
from runbook.errors import SystemFault
from runbook.model import Plan, Row, Status
from runbook.systems import Systems

SOURCE = "Vercel, project and aliases; the site"
BUILD = "build past the cache"
ROUNDS = 3  # of every page: one answer that works says little


def verify_roll_back(systems: Systems, plan: Plan) -> Answer:
    """Vercel has moved production and every domain to it; build, health, auth test and pages of the site are right."""
    return _verify(systems, plan, (_build_and_health, _auth_test, _pages))


def verify_promote(systems: Systems, plan: Plan) -> Answer:
    """Vercel has moved production and every domain to it, and the site answers with that build."""
    return _verify(systems, plan, (_build_and_health,))


def _verify(systems: Systems, plan: Plan, questions: tuple[Callable[[Systems, Plan], list[Row]], ...]) -> Answer:
    to = _to(plan)
    project = systems.vercel.project()
    move = project.last_move
    if move is not None and move.to_uid == to and move.status in ("pending", "in-progress"):
        return Answer(Status.WARNING, f"the move is {move.status}", move.status, threshold="succeeded", source=SOURCE)
    if move is None or move.to_uid != to or project.production_deployment != to:
        return Answer(Status.CRITICAL, f"production is {project.production_deployment}", project.production_deployment,
                      threshold=to, source=SOURCE)  # fmt: skip
    if systems.profile.site is None:
        questions = ()
    rows = _at_once([partial(question, systems, plan) for question in (_domains, *questions)])
    for row in rows:
        if not row["holds"]:
            told = f"{row['proof']}: {row['seen']}, wanted {row['wanted']}; the move has {move.status}"
            # served everywhere, the very build, and it fails: no matter of time, once it stays so for a moment
            built = [each["seen"] == to for each in rows if each["proof"] == BUILD]
            facts = {"in_force": row["proof"] not in ("domains", BUILD) and built == [True]}
            return Answer(
                Status.CRITICAL, told, row["seen"], threshold=row["wanted"], source=SOURCE, rows=rows, facts=facts
            )
    told = "; ".join(f"{row['proof']} {row['seen']}" for row in rows)
    return Answer(Status.OK, told, to, threshold=to, source=SOURCE, rows=rows)


def _domains(systems: Systems, plan: Plan) -> list[Row]:
    behind = left_behind(systems, _to(plan))
    target = systems.profile.vercel
    seen = f"left behind: {', '.join(behind)}" if behind else f"all {len(target.domains) if target else 0} serve it"
    return [_row("domains", seen, f"all serve {_to(plan)}", holds=not behind)]


def _build_and_health(systems: Systems, plan: Plan) -> list[Row]:
    site = systems.profile.site
    assert site is not None
    # the query is part of the cache's key (Vercel docs, CDN cache), so an answer to a new one comes from the build
    page = _get(systems, f"{site.health_path}?runbook={plan.plan_id}-{systems.times.now().timestamp():.3f}")
    data = page.data if page is not None and isinstance(page.data, dict) else {}
    build, to = str(data.get("build") or ""), _to(plan)
    seen = build or "not named by the site"
    return [_row(BUILD, seen, to, holds=build in ("", to)), _row_of_status("health", page)]


def _auth_test(systems: Systems, plan: Plan) -> list[Row]:
    site = systems.profile.site
    return [_row_of_status("auth test", _get(systems, site.auth_test_path))] if site and site.auth_test_path else []


def _pages(systems: Systems, plan: Plan) -> list[Row]:
    asked = ask_pages(systems, ROUNDS)
    failed = [row for row in asked if row["error"]]
    seen = f"{len(failed)} of {len(asked)} requests of ours failed since the move"
    if failed:
        seen += f", first {failed[0]['path']}: {failed[0]['error']}"
    return [_row("pages", seen, "none", holds=not failed)]


def _get(systems: Systems, path: str) -> Page | None:
    try:
        return systems.site.get(path)
    except SystemFault as fault:
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        return None


def _row_of_status(proof: str, page: Page | None) -> Row:
    seen = "no answer" if page is None else str(page.status_code)
    return _row(proof, seen, "200", holds=seen == "200")


def _row(proof: str, seen: str, wanted: str, *, holds: bool) -> Row:
    return {"proof": proof, "seen": seen, "wanted": wanted, "holds": holds}


def _at_once(questions: list[Callable[[], list[Row]]]) -> list[Row]:
    """Every question on a thread of its own, under the one deadline; a move takes seconds and so must its proof."""
    with ThreadPoolExecutor(len(questions)) as pool:
        asked = [pool.submit(copy_context().run, question) for question in questions]
        return [row for one in asked for row in one.result()]


def _to(plan: Plan) -> str:
    return str(plan.objects[0].bound["to"])
