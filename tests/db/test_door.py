"""The kept connection: one login, reads that cannot write, limits that hold, and what is left when we are refused."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from runbook.errors import Fault, SystemFault
from runbook.times import Times, deadline

if TYPE_CHECKING:
    from conftest import World

Put = Callable[..., None]
WHO = "SELECT pg_catalog.pg_backend_pid() AS pid"


def fault_of(question: Callable[[], Any]) -> SystemFault:
    with pytest.raises(SystemFault) as raised:
        question()
    return raised.value


def at_once(*questions: Callable[[], Any]) -> list[Any]:
    """What each of the questions gives, asked together; a fault is given as it is."""
    answers: list[Any] = [None] * len(questions)

    def ask(index: int, question: Callable[[], Any]) -> None:
        try:
            answers[index] = question()
        except SystemFault as fault:
            answers[index] = fault

    threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(questions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


# -- one login -------------------------------------------------------------------------------------------------------


def test_nothing_is_opened_before_it_is_asked_for(world: World) -> None:
    before = world.logins()
    one = world.database()
    assert (one.way, one.host, one.project_refs) == ("direct", "127.0.0.1", {"sandboxsandboxsandbo"})
    assert world.logins() == before


def test_all_questions_of_a_run_are_one_direct_login_that_is_kept(world: World) -> None:
    before, one = world.logins(), world.database()
    at_once(*[lambda: one.query("utilisation")] * 10)
    assert one.system_identifier() == world.postgres.system_identifier
    assert one.probe("direct").ok
    assert (world.logins() - before, len(world.sessions()), one.way) == (1, 1, "direct")


def test_there_are_never_more_than_two_connections_of_ours(world: World) -> None:
    one, most, done = world.database(), [0], threading.Event()

    def watch() -> None:
        with world.postgres.connect() as connection:
            while not done.is_set():
                rows = connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'runbook'"
                ).fetchall()
                most[0] = max(most[0], len(rows))

    watching = threading.Thread(target=watch)
    watching.start()
    probes = [lambda: one.probe("pooled")] * 6 + [lambda: one.probe("direct")] * 3
    answers = at_once(*probes, *[lambda: one.query("connections")] * 6)
    done.set()
    watching.join(10)
    assert all(answer.ok for answer in answers[:9])
    assert 1 <= most[0] <= 2


def test_where_the_direct_address_is_silent_statements_go_by_the_pooler(world: World) -> None:
    one = world.database(direct=world.postgres.dsn("runbook").replace(f":{world.postgres.port}/", ":1/"))
    assert one.query("utilisation")[0]["usable"] == 37
    assert (one.way, len(world.sessions())) == ("pooled", 1)


def test_a_direct_connection_that_is_possible_again_takes_the_place_of_the_pooled_one(world: World) -> None:
    taken = [world.client("reporting") for _ in range(4)]  # as many as that role may have
    one = world.database(direct=world.postgres.dsn("reporting"))
    one.query("replicas")
    assert (one.way, one.probe("direct").layer) == ("pooled", "postgres")
    taken[0].close()
    world.until(lambda: one.probe("direct").ok)
    assert (one.way, len(world.sessions())) == ("direct", 1)


# -- refused ---------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once_by_each_way_and_never_again(world: World) -> None:
    wrong = [dsn.replace(world.postgres.passwords["runbook"], "wrong") for dsn in
             (world.postgres.dsn("runbook"), world.pooler.dsn("runbook"))]  # fmt: skip
    before, one = world.failed_logins(), world.database(*wrong)
    for _ in range(3):
        at_once(*[lambda: one.query("utilisation")] * 5, lambda: one.probe("direct"), lambda: one.probe("pooled"))
        world.clock.advance(3600)
    fault = fault_of(lambda: one.query("utilisation"))
    assert (fault.fault, fault.where) == (Fault.AUTH, "login")
    assert fault.what == (
        "direct: the password is wrong; it is not tried again; pooled: the password is wrong; it is not tried again"
    )
    assert world.failed_logins() - before == 2


def test_the_poolers_block_is_left_alone_for_as_long_as_it_may_last(world: World) -> None:
    one = world.database(direct=None)
    world.pooler.refuse("circuit_breaker")
    before = world.pooler.figures.refused.get("circuit_breaker", 0)
    for _ in range(11):
        assert "blocks this address" in one.probe("pooled").message
        world.clock.advance(10)
    assert world.pooler.figures.refused["circuit_breaker"] - before == 1
    world.pooler.refuse(None)
    assert not one.probe("pooled").ok
    world.clock.advance(10)
    assert one.probe("pooled").ok


def test_a_refusal_answers_a_burst_and_a_probe_asks_anew(world: World) -> None:
    one = world.database(direct=None)
    world.pooler.default_pool_size = 0
    before = world.pooler.figures.refused.get("session_full", 0)
    at_once(*[lambda: one.query("utilisation")] * 8)
    assert world.pooler.figures.refused["session_full"] - before == 1
    world.pooler.default_pool_size = 15
    assert "pool is full" in fault_of(lambda: one.query("utilisation")).what
    assert one.probe("pooled").ok
    assert one.query("utilisation")[0]["usable"] == 37


def test_when_every_connection_is_taken_statements_go_through_the_management_api(world: World) -> None:
    asked: list[tuple[str, list[Any], bool]] = []

    def through_api(statement: str, values: Any, change: bool) -> list[dict[str, Any]]:
        asked.append((statement, list(values), change))
        return [{"pid": 1}]

    taken = world.fill()
    one = world.database(fallback=through_api)
    assert one.query("long_statements", seconds=3.0) == [{"pid": 1}]
    values = {"pid": 1, "backend_start": "a", "xact_start": "b", "protected_roles": ""}
    one.change("end_session", **values)
    assert one.way == "management API"
    assert [(row[1], row[2]) for row in asked] == [([3.0], False), ([1, "a", "b", ""], True)]
    assert all("%(" not in row[0] and "$1" in row[0] for row in asked)
    for connection in taken:
        connection.close()
    world.clock.advance(6)
    assert one.query("utilisation")[0]["usable"] == 37
    assert one.way == "direct"


def test_when_the_management_api_is_silent_too_both_are_told(world: World) -> None:
    def silent(statement: str, values: Any, change: bool) -> list[dict[str, Any]]:
        raise SystemFault("POST /query: no whole answer", system="supabase", fault=Fault.TIMEOUT)

    one = world.database(direct=None, pooled=None, fallback=silent)
    fault = fault_of(lambda: one.query("utilisation"))
    assert fault.fault is Fault.TIMEOUT
    assert (
        fault.what
        == "DATABASE_URL is not set; POOLER_URL is not set; and the management API: POST /query: no whole answer"
    )


def test_the_variables_of_the_profile_are_the_ones_that_are_named(world: World) -> None:
    one = world.database(direct=None, pooled=None, variables=("PROD_DATABASE_URL", "PROD_POOLER_URL"))
    fault = fault_of(lambda: one.query("utilisation"))
    assert (fault.fault, fault.what) == (Fault.NOT_SET, "PROD_DATABASE_URL is not set; PROD_POOLER_URL is not set")


# -- one statement ---------------------------------------------------------------------------------------------------


def test_a_read_cannot_write_and_a_change_can(world: World, statements: Put) -> None:
    one = world.database()
    statements(get_x="CREATE TABLE x ()")
    assert "read-only transaction" in fault_of(lambda: one.query("x")).what
    statements(get_x="SHOW transaction_read_only", do_x="SHOW transaction_read_only")
    assert (one.query("x"), one.change("x")) == ([{"transaction_read_only": "on"}], [{"transaction_read_only": "off"}])


def test_a_statement_ends_with_its_time_and_the_connection_is_kept(world: World, statements: Put) -> None:
    statements(get_slow="SELECT pg_catalog.pg_sleep(20)", get_who=WHO)
    one = world.database(times=Times())
    (before,) = one.query("who")
    started = time.monotonic()
    with deadline(0.4, Times()):
        fault = fault_of(lambda: one.query("slow"))
    assert (fault.fault, "statement timeout" in fault.what) == (Fault.TIMEOUT, True)
    assert time.monotonic() - started < 1.2
    assert one.query("who") == [before]


def test_a_server_that_hangs_is_left_at_the_deadline_and_closing_does_not_wait_for_it(
    world: World, statements: Put
) -> None:
    statements(get_who=WHO)
    one = world.database(times=Times())
    (row,) = one.query("who")
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        started = time.monotonic()
        with deadline(0.3, Times()):
            fault = fault_of(lambda: one.query("who"))
        assert (fault.fault, fault.what) == (Fault.TIMEOUT, "get_who: the database does not answer")
        assert time.monotonic() - started < 2.5
        assert one.query("who") != [row]
        one.close()
    finally:
        os.kill(row["pid"], signal.SIGCONT)


def test_whoever_cannot_wait_for_an_earlier_question_is_told(world: World, statements: Put) -> None:
    statements(get_slow="SELECT pg_catalog.pg_sleep(1.5)", get_who=WHO)
    one = world.database(times=Times())
    one.query("who")
    slow = threading.Thread(target=lambda: one.query("slow"))
    slow.start()
    time.sleep(0.2)
    with deadline(0.3, Times()):
        assert "an earlier question still holds the connection" in fault_of(lambda: one.query("who")).what
    slow.join(10)


def test_no_time_left_is_no_statement_sent(world: World) -> None:
    one = world.database()
    one.query("utilisation")
    with deadline(0, world.clock.times):
        assert fault_of(lambda: one.query("utilisation")).fault is Fault.TIMEOUT


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT * FROM nothing_of_that_name", Fault.REJECTED),
        ("SELECT 1/0", Fault.REJECTED),
        ("SELECT pg_catalog.pg_read_file('/etc/hostname')", Fault.PERMISSION),
        ("SELECT 'infinity'::timestamptz", Fault.REJECTED),
        ("LOCK TABLE pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE", Fault.PERMISSION),
    ],
)
def test_what_postgres_says_no_to_is_a_fault_and_the_connection_is_good_still(
    world: World, statements: Put, statement: str, fault: Fault
) -> None:
    statements(get_x=statement, get_who=WHO)
    one = world.database()
    (before,) = one.query("who")
    found = fault_of(lambda: one.query("x"))
    assert (found.fault, found.what.startswith("get_x: ")) == (fault, True)
    assert one.query("who") == [before]


def test_a_lock_that_is_not_given_in_time_is_a_timeout_and_no_lost_connection(world: World, statements: Put) -> None:
    statements(do_lock="SELECT pg_catalog.pg_advisory_xact_lock(77)", get_who=WHO)
    holder = world.client()
    holder.execute("SELECT pg_advisory_lock(77)")
    one = world.database()
    (before,) = one.query("who")
    fault = fault_of(lambda: one.change("lock"))
    assert (fault.fault, "lock timeout" in fault.what) == (Fault.TIMEOUT, True)
    assert one.query("who") == [before]


# -- ended meanwhile -------------------------------------------------------------------------------------------------


def test_a_connection_that_somebody_ended_meanwhile_is_replaced_before_it_is_used(
    world: World, statements: Put
) -> None:
    statements(get_who=WHO)
    one = world.database()
    (before,) = one.query("who")
    world.admin("SELECT pg_terminate_backend(%s, 5000)", before["pid"])
    (after,) = one.query("who")
    assert (after != before, one.way) == (True, "direct")


def test_one_that_is_ended_under_a_statement_is_down_and_the_statement_is_not_sent_again(
    world: World, statements: Put
) -> None:
    statements(get_who=WHO, do_slow="SELECT pg_catalog.pg_sleep(5)")
    one = world.database(times=Times())
    (row,) = one.query("who")
    ending = threading.Timer(0.4, lambda: world.admin("SELECT pg_terminate_backend(%s)", row["pid"]))
    ending.start()
    fault = fault_of(lambda: one.change("slow"))
    ending.join()
    assert (fault.fault, fault.what) == (Fault.DOWN, "direct: the database ended the connection")
    assert (
        world.admin("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(5)%%' AND pid <> pg_backend_pid()")
        == []
    )


def test_a_notice_of_the_server_is_not_taken_for_its_end(world: World, statements: Put) -> None:
    statements(get_who=WHO)
    one = world.database()
    (before,) = one.query("who")
    assert one.advisory_lock(5) is True
    try:
        world.admin("ALTER SYSTEM SET default_transaction_read_only = on")
        world.admin("SELECT pg_reload_conf()")
        time.sleep(0.3)
        assert one.query("who") == [before]
    finally:
        world.admin("ALTER SYSTEM RESET default_transaction_read_only")
        world.admin("SELECT pg_reload_conf()")
    one.advisory_unlock(5)


# -- the lock --------------------------------------------------------------------------------------------------------


def test_one_run_has_the_lock_and_another_is_told(world: World) -> None:
    one, other = world.database(), world.database()
    assert (one.advisory_lock(9), other.advisory_lock(9), other.advisory_lock(10)) == (True, False, True)
    one.advisory_unlock(9)
    assert other.advisory_lock(9) is True


def test_without_a_direct_connection_there_is_no_lock_and_no_error(world: World) -> None:
    one = world.database(direct=None)
    one.query("utilisation")
    assert one.advisory_lock(9) is None
    one.advisory_unlock(9)


def test_a_lock_whose_connection_ended_is_let_go_without_an_error(world: World, statements: Put) -> None:
    statements(get_who=WHO)
    one = world.database()
    one.advisory_lock(9)
    (row,) = one.query("who")
    world.admin("SELECT pg_terminate_backend(%s, 5000)", row["pid"])
    one.advisory_unlock(9)
    assert world.database().advisory_lock(9) is True


# -- closed ----------------------------------------------------------------------------------------------------------


def test_a_closed_door_opens_nothing_any_more(world: World) -> None:
    asked: list[str] = []
    one = world.database(fallback=lambda statement, values, change: asked.append(statement) or [])  # type: ignore[func-returns-value]
    one.query("utilisation")
    one.close()
    one.close()
    assert fault_of(lambda: one.query("utilisation")).fault is Fault.NOT_SET
    assert (one.probe("pooled").layer, one.advisory_lock(1)) == ("settings", None)
    assert (world.sessions(), asked) == ([], [])
