"""Does the company's own site work for its visitors?"""

from __future__ import annotations

from runbook.checks.frame import Answer, check
from runbook.checks.judge import bar, judged
from runbook.errors import Fault, SystemFault
from runbook.model import Status
from runbook.systems import Systems

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
