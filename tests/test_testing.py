"""The public fakes: what their own description promises."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from runbook import testing
from runbook.actions.pool import set_pool_size
from runbook.checks import changes, database
from runbook.checks.frame import Answer, check
from runbook.db import Probe
from runbook.errors import Fault, SettingError, SystemFault
from runbook.model import Outcome, Status
from runbook.queue import Memory
from runbook.systems import Systems
from runbook.testing import Change, Says, World


def test_the_example_of_its_description_runs() -> None:
    lines = (testing.__doc__ or "").splitlines()
    example = textwrap.dedent("\n".join(line for line in lines[1:] if not line or line.startswith("    ")))
    assert "world.apply(" in example
    exec(compile(example, "the example", "exec"), {})


def test_it_brings_no_test_runner_along() -> None:
    code = "import sys, runbook.testing; sys.exit(any(m.split('.')[0] in ('pytest', '_pytest', 'httpx') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def pooler_of(size: int) -> dict[str, object]:
    """Routes of a pooler that remembers its size."""
    config = [{"database_type": "PRIMARY", "identifier": testing.REF, "pool_mode": "session", "default_pool_size": size,
               "max_client_conn": 60}]  # fmt: skip

    def resize(asked: testing.Asked) -> object:
        config[0]["default_pool_size"] = asked.json["default_pool_size"]
        return config[0]

    path = f"/v1/projects/{testing.REF}/config/database/pooler"
    return {f"GET {path}": lambda asked: config, f"PATCH {path}": resize}


UTILISATION = {"utilisation": [{"used": 10, "usable": 37}]}


def test_an_action_is_planned_applied_and_proven_as_in_a_run_without_waiting() -> None:
    world = World(vendors={"supabase": pooler_of(15)}, database=UTILISATION)
    plan = world.plan(set_pool_size, size=20)
    assert world.changes == []
    result = world.apply(set_pool_size, plan)
    assert (result.outcome, result.changed) == (Outcome.DONE, ("set the pool size from 15 to 20",))
    path = f"PATCH /v1/projects/{testing.REF}/config/database/pooler"
    assert world.changes == [Change("supabase", path, {"default_pool_size": 20})]


def test_a_change_that_shows_no_effect_is_unverified_and_only_the_clock_has_waited() -> None:
    routes = {**pooler_of(15), f"PATCH /v1/projects/{testing.REF}/config/database/pooler": {}}
    world = World(vendors={"supabase": routes}, database=UTILISATION)
    assert world.apply(set_pool_size, world.plan(set_pool_size, size=20)).outcome is Outcome.UNVERIFIED
    assert sum(world.clock.slept) >= set_pool_size.budget_seconds - 0.1
    assert len(world.changes) == 1


def test_nothing_is_changed_on_a_system_that_says_it_is_another() -> None:
    other = {f"GET /v1/projects/{testing.REF}": {"ref": "someoneelsesproject1", "status": "ACTIVE_HEALTHY"}}
    world = World(vendors={"supabase": {**pooler_of(15), **other}}, database=UTILISATION)
    result = world.apply(set_pool_size, world.plan(set_pool_size, size=20))
    assert result.outcome is Outcome.REFUSED
    assert "someoneelsesproject1" in result.reason
    assert world.changes == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [(Says(401, {"message": "Unauthorized"}), "auth"), (Says(text="<html>"), "unreadable"), (Fault.TIMEOUT, "timeout")],
)
def test_a_vendor_that_fails_makes_the_check_unknown(answer: Says | Fault, fault: str) -> None:
    world = World(vendors={"vercel": {"GET /v7/deployments": answer}})
    finding = world.check(changes.deployments)
    assert (finding.status, finding.facts["fault"]) == (Status.UNKNOWN, fault)


def test_a_vendor_is_asked_through_its_real_client() -> None:
    world = World(vendors={"vercel": {"GET /v7/deployments": {"deployments": []}}})
    world.check(changes.deployments, hours=2)
    (asked,) = world.vendors["vercel"].asked
    assert (asked.query["teamId"], asked.headers["authorization"]) == (testing.TEAM, "Bearer vercel-test")


def test_a_question_nobody_gave_an_answer_for_fails_the_test_and_says_which_there_are() -> None:
    world = World(database={"utilisation": []}, vendors={"vercel": {"GET /v3/events": {"events": []}}})
    with pytest.raises(LookupError, match=r"vercel: no answer to GET /v7/deployments; .*GET /v3/events"):
        world.check(changes.deployments)
    with pytest.raises(LookupError, match="no rows for blocking; there are utilisation"):
        world.systems.database.query("blocking")
    with pytest.raises(LookupError, match="no system verzel; there are supabase"):
        World(vendors={"verzel": {}})


def test_a_statement_that_does_not_exist_or_lacks_a_value_is_found_out() -> None:
    world = World(database={"conections": [], "end_session": []})
    with pytest.raises(SettingError, match="no statement get_conections"):
        world.systems.database.query("conections")
    with pytest.raises(KeyError, match="backend_start"):
        world.systems.database.change("end_session", pid=1)
    assert world.changes == []


def test_what_was_changed_in_the_database_or_mailed_is_kept_in_order() -> None:
    values = {"pid": 1, "backend_start": "t", "xact_start": "t", "protected_roles": ""}
    world = World(database={"end_session": [{"pid": 1, "signalled": True}], "identity": Fault.DOWN})
    assert world.systems.database.change("end_session", **values) == [{"pid": 1, "signalled": True}]
    world.systems.mail.send("ops@agency.test", "s", "t")
    assert [(change.system, change.what) for change in world.changes] == [("database", "end_session"), ("mail", "send")]
    with pytest.raises(SystemFault, match="identity: down"):
        world.systems.database.query("identity")


def test_a_login_went_as_the_test_says() -> None:
    full = Probe(False, 0.1, "pooler", "pooled: the pool is full: every server connection is held by a client")
    world = World(probes={"pooled": full})
    assert world.check(database.direct_connection).status is Status.OK
    assert world.check(database.pooled_connection).facts["layer"] == "pool"


@check(asks=())
def queue_memory(systems: Systems) -> Answer:
    """Is the queue's memory running out?"""
    memory = systems.queue.memory()
    if memory.share is None:
        return Answer(Status.OK, "no limit is set")
    return Answer(Status.CRITICAL if memory.share > 0.8 else Status.OK, f"{memory.share:.0%} of its memory used")


@pytest.mark.parametrize(
    ("memory", "status"),
    [
        (Memory(50, 100, "noeviction"), Status.OK),
        (Memory(90, 100, "noeviction"), Status.CRITICAL),
        (Memory(90, 0, "noeviction"), Status.OK),
        (Fault.DOWN, Status.UNKNOWN),
    ],
)
def test_a_check_of_ones_own_is_tried_in_a_line(memory: Memory | Fault, status: Status) -> None:
    assert World(queue=memory).check(queue_memory).status is status


def test_a_missing_secret_is_missing_here_too() -> None:
    assert World(secrets={}).check(changes.deployments).summary == "VERCEL_TOKEN is not set"
