"""What the world itself does to an environment overnight: tokens widened or narrowed, nobody on call, no backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from conftest import Customer


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox of its own: the stand-ins limit how often one token asks within a minute, as the vendors do."""
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("nights")) as path:
        yield path


# What happens, the exit code, and each item that must say so, with its status; every other one stays ok.
NIGHTS: dict[str, tuple[Any, int, dict[str, str]]] = {
    "tokens may do too much": ("tokens_may_too_much", 0, {
        "vercel, what we may do": "warning", "slack, what we may do": "warning", "sentry, what we may do": "warning",
        "launchdarkly, our role": "warning", "supabase, what we may do": "warning"}),
    "tokens may do too little": ("tokens_may_too_little", 4, {
        "slack, what we may do": "critical", "sentry, what we may do": "critical", "launchdarkly, our role": "critical"}),
    "a token ends in three days": ("token_ends_soon", 0, {"vercel, what we may do": "warning"}),
    "a token has ended": ({"token_revoked": {"secret": "LD_API_KEY"}}, 4, {
        "launchdarkly": "critical", "launchdarkly, what we may do": "critical", "launchdarkly, our role": "critical",
        "launchdarkly flags": "critical"}),
    "nobody is on call": ("nobody_on_call", 4, {"channel pagerduty": "critical"}),
    "the bot was removed": ("bot_not_invited", 4, {"channel slack": "critical"}),
    "backups failed for three days": ("backups_stopped", 4, {"recovery point": "critical"}),
    "the mail server is gone": ("mail_server_gone", 4, {"channel mail": "critical"}),
}  # fmt: skip


@pytest.mark.parametrize("what", NIGHTS)
def test_each_is_found_and_nothing_else(customer: Customer, what: str) -> None:
    fault, exit_code, wanted = NIGHTS[what]
    lifecycle.control("POST", "break", {"faults": [fault]}, customer.state)
    code, items, said = customer.examined()
    assert {name: one["status"] for name, one in items.items() if one["status"] != "ok"} == wanted
    assert code == exit_code
    assert all(items[name]["next"] for name in wanted)
    assert [name for name, value in customer.secrets.items() if name != "AUTH_TEST_USER" and value in said] == []


def test_a_domain_that_is_not_the_projects(customer: Customer) -> None:
    customer.profile["vercel"]["domains"] = ["agency.test", "old.agency.test"]
    _, items, _ = customer.examined()
    assert items["vercel domains"]["status"] == "warning"
    assert "old.agency.test" in items["vercel domains"]["summary"]


def test_it_changes_nothing_and_tells_nobody(customer: Customer) -> None:
    def changes() -> list[Any]:
        rows: list[Any] = lifecycle.control("GET", "requests?changes=1", None, customer.state)["requests"]
        return [row for row in rows if not row["path"].startswith("/auth/v1/token")]  # the test user's own login

    before = changes()
    code, _, _ = customer.examined()
    assert code == 0
    assert changes() == before


def test_vendors_that_repeat_our_token_tell_nobody(customer: Customer) -> None:
    systems = ["vercel", "stripe", "slack", "sentry", "launchdarkly", "clerk", "calcom"]
    lifecycle.control(
        "POST", "break", {"faults": [{"api_answers": {"kind": "echo", "systems": systems}}]}, customer.state
    )
    _, items, said = customer.examined()
    assert items["stripe"]["status"] == "unknown"
    assert [name for name, value in customer.secrets.items() if name != "AUTH_TEST_USER" and value in said] == []


def test_the_applications_own_tables_are_read_and_one_that_is_not_named_says_what_fails_without(
    customer: Customer,
) -> None:
    customer.profile["database"] |= {"events_table": "", "given_table": "public.no_such_table"}
    code, items, _ = customer.examined()
    assert (items["table events_table"]["status"], items["table given_table"]["status"]) == ("warning", "critical")
    assert (
        "count as missed" in items["table events_table"]["summary"] and items["table bookings_table"]["status"] == "ok"
    )
    assert code == 4


def test_a_queue_whose_host_is_not_named_can_be_read_and_not_changed(customer: Customer) -> None:
    customer.profile["queue"]["host"] = ""
    _, items, _ = customer.examined()
    assert (items["queue"]["status"], items["queue"]["next"]) == ("warning", "name queue.host in the profile")
