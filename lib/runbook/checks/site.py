"""Does the company's own site work for its visitors?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from runbook.checks.frame import Answer, check
from runbook.checks.judge import bar, judged, worst
from runbook.errors import Fault, SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems

PAGES = ("/", "/contact", "/login", "/portal/login")
ROUNDS = 3
DOWN_FOR_EVERYBODY = frozenset({Fault.DOWN, Fault.TIMEOUT})


@check(asks=("site",))
def health(systems: Systems) -> Answer:
    """Does the site answer its own health question, and how fast?"""
    threshold = systems.policy.threshold("response_time")
    if systems.profile.site is None:
        return Answer(Status.OK, f"no site in environment {systems.profile.name}")
    path = systems.profile.site.health_path
    source = f"GET {path} of the site"
    started = systems.times.monotonic()
    try:
        page = systems.site.get(path)
    except SystemFault as fault:
        if fault.fault not in DOWN_FOR_EVERYBODY:
            raise
        seconds = round(systems.times.monotonic() - started, 3)
        return Answer(Status.CRITICAL, f"{fault.fault.value}: {fault.what}", seconds, "s", bar(threshold), source,
                      facts={"status_code": None, "build": ""})  # fmt: skip
    body = page.data if isinstance(page.data, dict) else {}
    said, build = str(body.get("status") or "")[:40], str(body.get("build") or "")[:80]
    good = page.status_code == 200 and said == "ok"
    told = f"answers {page.status_code} {said or 'without a status'} in {page.seconds:.2f} s"
    return Answer(
        judged(page.seconds, threshold) if good else Status.CRITICAL, told + (f", build {build}" if build else ""),
        round(page.seconds, 3), "s", bar(threshold), source, facts={"status_code": page.status_code, "build": build},
    )  # fmt: skip


@check(asks=("site",))
def pages(systems: Systems) -> Answer:
    """Do the site's pages answer without errors, and fast enough, in requests of our own?"""
    errors, slow = systems.policy.threshold("page_errors"), systems.policy.threshold("page_time_p95")
    if systems.profile.site is None:
        return Answer(Status.OK, f"no site in environment {systems.profile.name}")
    asked = ask_pages(systems, ROUNDS)
    failed = [row for row in asked if row["error"]]
    percent = 100 * len(failed) / len(asked)
    seconds = sorted(float(row["seconds"]) for row in asked)
    p95 = seconds[int(0.95 * (len(seconds) - 1) + 0.5)]
    told = f"{len(failed)} of {len(asked)} requests failed, 95 % answered within {p95:.2f} s"
    if failed:
        told += f"; first: {failed[0]['path']} answers {failed[0]['error']}"
    return Answer(
        worst((judged(percent, errors), judged(p95, slow))), told, round(percent, 1), "%", bar(errors),
        f"{len(asked)} GETs of {', '.join(PAGES)}", rows=asked, facts={"errors": len(failed), "p95_seconds": p95},
    )  # fmt: skip


def ask_pages(systems: Systems, rounds: int) -> list[Row]:
    """Each page so many times, four at once; a 5xx and no answer are errors, a 4xx is the page's own business."""

    def one(path: str) -> Row:
        started = systems.times.monotonic()
        try:
            answered = systems.site.get(path)
            error = str(answered.status_code) if answered.status_code >= 500 else ""
        except SystemFault as fault:
            if fault.fault not in DOWN_FOR_EVERYBODY:
                raise
            error = fault.fault.value
        return {"path": path, "error": error, "seconds": round(systems.times.monotonic() - started, 3)}

    context = copy_context()  # the deadline goes with the threads
    with ThreadPoolExecutor(len(PAGES)) as pool:
        return list(pool.map(lambda path: context.copy().run(one, path), PAGES * rounds))
