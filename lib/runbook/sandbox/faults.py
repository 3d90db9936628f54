"""How the world breaks. Every fault is a cause: what hurts is real, and so is what heals it.

A fault is a function of the world and its arguments. It returns when its effect is there, and leaves with
``world.on_repair`` how to take it back. Scenarios name it as ``CATALOGUE`` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runbook.errors import SettingError
from runbook.sandbox import faults_auth as auth
from runbook.sandbox import faults_calcom as calcom
from runbook.sandbox import faults_data as data
from runbook.sandbox import faults_database as database
from runbook.sandbox import faults_flags as flags
from runbook.sandbox import faults_hosting as hosting
from runbook.sandbox import faults_jobs as jobs
from runbook.sandbox import faults_leaked as leaked
from runbook.sandbox import faults_migrations as migrations
from runbook.sandbox import faults_replica as replica
from runbook.sandbox import faults_tokens as tokens
from runbook.sandbox import faults_vendors as vendors
from runbook.sandbox import faults_webhooks as webhooks
from runbook.sandbox.scenarios import FaultSpec

if TYPE_CHECKING:
    from runbook.sandbox.world import World

EVERY: tuple[Callable[..., None], ...] = (
    database.leaked_transactions, database.young_neighbour, database.forgotten_lock, database.runaway_statement,
    database.postgres_stopped, database.disk_full, database.busy_clients, database.pool_full_for_us,
    database.wrong_target, database.pooler_refuses, database.traffic_spike, replica.replica_lagging,
    data.mass_delete, data.read_replica, data.restore_fails,
    vendors.status_noise, vendors.vendor_incident, vendors.vendor_outage, vendors.api_answers,
    vendors.slow_answers, vendors.token_revoked,
    hosting.bad_deployment, hosting.domain_left_behind, hosting.rolled_back_already, hosting.rolling_release,
    hosting.no_candidate, hosting.slow_alias, hosting.hobby_plan, hosting.build_under_way, hosting.builds_fail,
    webhooks.customers_pay, webhooks.webhook_endpoint_disabled, webhooks.webhook_receiver_failing,
    webhooks.webhook_secret_rotated, webhooks.webhook_redirected,
    webhooks.webhook_handler_slow, webhooks.webhook_handler_forgetful, webhooks.webhook_walled, webhooks.stripe_key_of_test_mode,
    calcom.customers_book, calcom.cal_hook_inactive, calcom.cal_secret_rotated, calcom.cal_hook_unsigned,
    calcom.cal_hook_template, calcom.calendar_credential_broken,
    tokens.tokens_may_too_much, tokens.tokens_may_too_little, tokens.token_ends_soon, tokens.nobody_on_call,
    tokens.bot_not_invited, tokens.backups_stopped, tokens.mail_server_gone,
    flags.flag_raises_errors, flags.flag_without_off_variation, flags.flag_needs_approval, flags.flag_off_already,
    flags.flag_environment_gone, flags.flag_usage_not_bought, leaked.secret_leaked, leaked.leaked_secret_ended,
    *auth.EVERY, jobs.worker_stopped, jobs.poison_job, jobs.jobs_failed_in_an_outage, jobs.queue_paused, jobs.queue_evicts,
    migrations.contract_migration, migrations.contract_migration_with_data, migrations.migration_half_applied,
    migrations.column_replaced,
)  # fmt: skip
CATALOGUE = {function.__name__: function for function in EVERY}


def check(specs: Sequence[FaultSpec]) -> None:
    """Every name and every argument is known; else exit 2, before anything is broken."""
    for spec in specs:
        if spec.name not in CATALOGUE:
            raise SettingError(f"no fault {spec.name!r}; there are {', '.join(sorted(CATALOGUE))}", where="faults")
        known = set(inspect.signature(CATALOGUE[spec.name]).parameters) - {"world"}
        if stray := sorted(set(spec.arguments) - known):
            raise SettingError(f"fault {spec.name} takes no {stray[0]!r}", where="faults",
                               next_step=f"known: {', '.join(sorted(known)) or 'none'}")  # fmt: skip


def apply(world: World, specs: Sequence[FaultSpec]) -> None:
    """Break the world, in the order given."""
    check(specs)
    for spec in specs:
        world.faults.append(spec.name)
        CATALOGUE[spec.name](world, **spec.arguments)
