"""The doctor at a real sandbox: ready when all is well, and each thing that is not is found, with its next step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from runbook import doctor
from runbook.sandbox import lifecycle
from runbook.sandbox.processes import free_port
from runbook.settings import SECRET_NAMES
from runbook.times import Times

if TYPE_CHECKING:
    from conftest import Customer

Break = Callable[["Customer"], None]


def broken(**faults: object) -> Break:
    return lambda customer: lifecycle.control("POST", "break", {"faults": [dict(faults)]}, customer.state)


def secret(name: str, value: str | None) -> Break:
    def change(customer: Customer) -> None:
        customer.secrets.pop(name)
        if value is not None:
            customer.secrets[name] = value

    return change


def field(part: str, name: str, value: str) -> Break:
    return lambda customer: customer.profile[part].update({name: value})


def contact(text: str, mode: int = 0o600) -> Break:
    def write(customer: Customer) -> None:
        path = customer.home / "contacts.yaml"
        path.write_text(text)
        path.chmod(mode)

    return write


def test_an_environment_where_all_is_well_is_ready(customer: Customer) -> None:
    code, items, _ = customer.examined()
    assert {name: one["summary"] for name, one in items.items() if one["status"] != "ok"} == {}
    assert code == 0
    assert {"recovery point", "machine clock", "channel mail", "database pooled", "vercel, what we may do"} <= set(
        items
    )


# what is wrong, which item finds it, and a word of its next step
WRONG: dict[str, tuple[Break, str, str]] = {
    "a secret is missing": (secret("LD_API_KEY", None), "secret LD_API_KEY", "set LD_API_KEY"),
    "a token has ended": (broken(api_answers={"kind": "401", "systems": ["calcom"]}), "calcom", "app.cal.com"),
    "a key is of the other mode": (secret("STRIPE_SECRET_KEY", "rk_test_" + "5" * 24), "secret STRIPE_SECRET_KEY", "dashboard.stripe.com"),
    "a project's own key": (secret("SUPABASE_API_KEY", "sb_secret_" + "5" * 30), "secret SUPABASE_API_KEY", "account/tokens"),
    "another account": (field("stripe", "account_id", "acct_other"), "stripe", "profile"),
    "another project": (field("vercel", "project_id", "prj_other"), "vercel", "VERCEL_TOKEN"),
    "another database": (field("database", "system_identifier", "7000000000000000001"), "database", "profile"),
    "an archived channel": (field("slack", "channel_id", "C0OLDTEAM00"), "channel slack", "profile"),
    "a channel without the bot": (field("slack", "channel_id", "C0LEADERS00"), "channel slack", "invite"),
    "a mail server that is not there": (
        secret("SMTP_URL", f"smtp://runbook:not-its-password@127.0.0.1:{free_port()}"), "channel mail", "SMTP_URL",
    ),
    "a pager that nobody answers": (field("pagerduty", "escalation_policy_id", "PNOBODY"), "channel pagerduty", "schedule"),
    "a value of the example": (field("clerk", "instance_id", "ins_xxxxxxxx"), "profile clerk.instance_id", "production.yaml"),
    "a contact that is a placeholder": (contact("CTO: Jane Doe, +1-555-0100\n"), "contact CTO", "contacts.yaml"),
    "a role without anybody": (contact("CTO: Jane Doe, +49 30 901820\n"), "contact DBA team", "DBA team"),
    "contacts that all can read": (contact("CTO: Jane Doe, +49 30 901820\n", 0o644), "contacts", "chmod 600"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found_and_no_secret_is_shown(customer: Customer, what: str) -> None:
    change, item, word = WRONG[what]
    before = dict(customer.secrets)
    change(customer)
    code, items, said = customer.examined()
    assert code == 4
    assert items[item]["status"] == "critical", items
    assert word in items[item]["next"]
    for name, value in (before | customer.secrets).items():
        assert name == "AUTH_TEST_USER" or value not in said, f"{name} is shown"
    assert all(one["next"] for one in items.values() if one["status"] != "ok")


def test_an_env_file_that_others_can_read_ends_the_examination(customer: Customer) -> None:
    customer.examined()
    (customer.home / ".env").chmod(0o640)
    code, items, _ = customer.examined()
    assert (code, items["secrets"]["status"], items["secrets"]["next"]) == (4, "critical", "chmod 600 .env")


def test_a_vendor_that_is_out_is_nobodys_fault_here(customer: Customer) -> None:
    broken(api_answers={"kind": "500", "systems": ["clerk"]})(customer)
    code, items, _ = customer.examined()
    assert (code, items["clerk"]["status"]) == (5, "unknown")


def test_a_clock_that_is_off_by_minutes(customer: Customer) -> None:
    customer.examined()
    times = Times(now=lambda: datetime.now(UTC) + timedelta(minutes=5))
    report = doctor.examine("production", customer.home, times)
    (clock,) = [one for one in report.items if one.item == "machine clock"]
    assert (report.exit_code, clock.status, clock.next_step) == (4, "critical", "set this machine's clock (NTP)")
    assert "ahead of the vendors'" in clock.summary


def test_a_vendor_that_hangs_is_given_up(customer: Customer) -> None:
    broken(api_answers={"kind": "hang", "systems": ["sentry"]})(customer)
    begun = datetime.now(UTC)
    code, items, _ = customer.examined()
    assert (code, items["sentry"]["status"]) == (5, "unknown")
    assert datetime.now(UTC) - begun < timedelta(seconds=20)


def test_every_secret_that_a_client_needs_is_looked_for() -> None:
    known = {name for names in doctor.NEEDED.values() for name in names}
    source = Path(doctor.__file__).parents[1] / "systems.py"
    used = {name for name in SECRET_NAMES if name in source.read_text()}
    assert used <= known
