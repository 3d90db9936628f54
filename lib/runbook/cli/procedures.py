"""``runbook list`` and ``runbook show``: what there is, and what one procedure asks and can change."""

from __future__ import annotations

import argparse
import json

from runbook import catalogue, places, policy
from runbook.cli.screen import Screen


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The options of both commands."""
    if command == "show":
        parser.add_argument("name", metavar="NAME", help="a procedure, as `runbook list` names it")
    parser.set_defaults(call=show if command == "show" else list_all)


def list_all(arguments: argparse.Namespace, screen: Screen) -> int:
    """Every procedure with its symptom."""
    root = places.root()
    found = catalogue.find(root)
    screen.document(
        {"notebooks": [
            {"name": one.name, "path": str(one.path.relative_to(root)), "title": one.title, "symptom": one.symptom,
             "changes": one.changes}
            for one in found
        ]}
    )  # fmt: skip
    screen.table([(f"{one.category}/{one.name}", "changes" if one.changes else "reads", one.symptom) for one in found])
    return 0


def show(arguments: argparse.Namespace, screen: Screen) -> int:
    """One procedure: parameters, checks, actions, scenarios."""
    from runbook.cli import contents  # late: it imports the checks and actions
    from runbook.sandbox import scenarios

    root = places.root()
    procedure = catalogue.get(root, arguments.name)
    checks, actions = contents.used(procedure)
    drilled_by = scenarios.of_notebook(procedure.name, root)
    rules = policy.load(root)
    screen.document({
        "name": procedure.name, "path": str(procedure.path.relative_to(root)), "title": procedure.title,
        "parameters": [
            {"name": one.name, "type": one.type, "default": one.default, "help": one.help}
            for one in procedure.parameters
        ],
        "checks": [one.name for one in checks],
        "actions": [contents.action_json(one, rules) for one in actions],
        "scenarios": drilled_by,
    })  # fmt: skip
    screen.line(f"{procedure.name} ({procedure.path.relative_to(root)})")
    screen.line(procedure.symptom)
    screen.line("\nparameters")
    screen.table([(f"  {p.name}", p.type, json.dumps(p.default), p.help) for p in procedure.parameters])
    screen.line("\nchecks: they only read")
    screen.table([(f"  {one.name}", one.question) for one in checks])
    screen.line("\nactions: nothing of this without --mode act and approval")
    for one in actions:
        told = contents.action_json(one, rules)
        screen.line(f"  {one.name} ({told['danger']}, {told['target']}): {one.help}")
        screen.line(f"    proof: {told['verify']} (within {one.budget_seconds:g} s)")
        screen.line(f"    undo: {told['undo']}")
        people = " (two people may be asked for)" if told["approvals"] > 1 else ""
        screen.line(f"    approve: {told['approve']}{people}")
    screen.line(f"\nscenarios: {', '.join(drilled_by) or 'none'}")
    return 0
