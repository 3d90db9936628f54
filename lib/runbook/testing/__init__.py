"""Fakes for the tests of checks and actions: no network, no waiting, no vendor. Yours to use in your own runbooks' tests.

    from runbook import testing
    from runbook.actions.traffic import enable_attack_mode
    from runbook.checks import changes

    project = {"id": testing.PROJECT, "name": "site", "accountId": testing.TEAM, "security": {}}

    def switch(asked):
        project["security"] = {"attackModeEnabled": asked.json["attackModeEnabled"]}
        return project

    world = testing.World(vendors={"vercel": {
        "GET /v7/deployments": {"deployments": []},
        "GET /v9/projects/*": lambda asked: project,
        "POST /v1/security/attack-mode": switch,
    }})
    assert world.check(changes.deployments, hours=2).summary == "no deployments in 2 h"
    assert world.changes == []

    plan = world.plan(enable_attack_mode)
    assert world.apply(enable_attack_mode, plan).outcome == "done"
    assert [change.what for change in world.changes] == ["POST /v1/security/attack-mode"]

A check of the database gets its rows by the names of statements, ``database={"utilisation": [{"used": 3, …}]}``, and one
of the queue ``queue=Memory(...)``, ``jobs=Jobs(...)`` and ``failed_jobs=[...]``. A ``Fault`` in the place of an answer is a
system that does not answer like that.

A fake knows what it was given and nothing else: what nobody gave an answer for fails the test and names what there is.
Everything between a check and the fake is real: clients, retries, faults, guards, the order of things in an apply. Fakes
prove what your code does with an answer; only the sandbox proves that the answer is the right one.
"""

from runbook.testing.clock import Clock
from runbook.testing.doors import FakeDatabase, FakeMail, FakeQueue
from runbook.testing.vendor import PROJECT, REF, TEAM, Asked, Change, Says, Vendor
from runbook.testing.world import PROFILE, SECRETS, World

__all__ = [
    "PROFILE", "PROJECT", "REF", "SECRETS", "TEAM", "Asked", "Change", "Clock", "FakeDatabase", "FakeMail", "FakeQueue",
    "Says", "Vendor", "World",
]  # fmt: skip
