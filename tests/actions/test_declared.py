"""What every action declares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runbook.actions import database
from runbook.actions.frame import Action
from runbook.errors import SettingError
from runbook.model import Danger


@pytest.mark.parametrize("action", database.EVERY, ids=lambda action: action.name)
class TestAction:
    def test_is_offered_under_its_own_name(self, action: Action) -> None:
        assert getattr(database, action.name) is action

    def test_undo_is_an_action_or_says_that_there_is_none(self, action: Action) -> None:
        names = {one.name for one in database.EVERY}
        assert action.undo.split()[0] in names or action.undo.startswith("cannot be undone")

    def test_what_cannot_be_undone_is_not_called_reversible(self, action: Action) -> None:
        assert (action.danger is Danger.REVERSIBLE) is not action.undo.startswith("cannot be undone")

    def test_preview_change_and_verify_say_what_they_do(self, action: Action) -> None:
        assert action.preview.__doc__ and action.change.__doc__ and action.verify.__doc__


def test_no_two_actions_have_one_name() -> None:
    assert len({action.name for action in database.EVERY}) == len(database.EVERY)


@pytest.mark.parametrize("without", [{"undo": ""}, {"help": ""}, {"budget_seconds": 0}], ids=str)
def test_an_action_that_lacks_a_part_does_not_load(without: dict[str, str | float]) -> None:
    with pytest.raises(SettingError):
        replace(database.set_pool_size, **without)  # type: ignore[arg-type]
