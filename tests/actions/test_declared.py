"""What every action declares."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest
from runbook.actions import (
    auth,
    bookings,
    database,
    deployment,
    flags,
    leaked,
    migrations,
    recovery,
    variables,
    webhooks,
)
from runbook.actions.frame import Action
from runbook.errors import SettingError
from runbook.model import Danger

EVERY = [
    (module, action)
    for module in (auth, bookings, database, deployment, flags, leaked, migrations, recovery, variables, webhooks)
    for action in module.EVERY
]


@pytest.mark.parametrize(("module", "action"), EVERY, ids=[action.name for _, action in EVERY])
class TestAction:
    def test_is_offered_under_its_own_name(self, module: ModuleType, action: Action) -> None:
        assert getattr(module, action.name) is action

    def test_undo_is_an_action_or_says_that_there_is_none(self, module: ModuleType, action: Action) -> None:
        names = {one.name for one in module.EVERY}
        assert action.undo.split()[0] in names or action.undo.startswith("cannot be undone")

    def test_what_cannot_be_undone_is_not_called_reversible(self, module: ModuleType, action: Action) -> None:
        assert (action.danger is Danger.REVERSIBLE) is not action.undo.startswith("cannot be undone")

    def test_preview_change_and_verify_say_what_they_do(self, module: ModuleType, action: Action) -> None:
        assert action.preview.__doc__ and action.change.__doc__ and action.verify.__doc__


def test_no_two_actions_have_one_name() -> None:
    assert len({action.name for _, action in EVERY}) == len(EVERY)


@pytest.mark.parametrize("without", [{"undo": ""}, {"help": ""}, {"budget_seconds": 0}], ids=str)
def test_an_action_that_lacks_a_part_does_not_load(without: dict[str, str | float]) -> None:
    with pytest.raises(SettingError):
        replace(database.set_pool_size, **without)  # type: ignore[arg-type]
