"""Begin a new runbook: a notebook that keeps every rule, runs as it is, and waits for its prose. Standard library only.

python tools/new_runbook.py NAME --check MODULE.CHECK --owner TEAM --symptom "what the pager says" [--category routine]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CATEGORIES = ("respond", "validate", "routine", "learn", "local")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CHECK = re.compile(r"([a-z_]+)\.([a-z_]+)")

HEAD = """| {words} | |
| --- | --- |
| Owner | {owner} |
| Alert | {symptom} |
| Access | the variables that the environment's profile names |
| Changes production? | no |
| Last reviewed | {today} |
| Last drilled | never |

# {name}

Answers one question: {check}."""
SYMPTOM = """## Symptom

{symptom}.

*Not this*: say here what looks alike, and which notebook it belongs to."""
IMPACT = """## Impact

Say who is hurt, and how it goes on if nobody acts."""
PARAMETERS = """incident: str = ""  # Incident id, empty takes the one that is open
environment: str = ""  # Profile in params/environments, empty takes the incident's
mode: str = "rehearse"  # rehearse reads and plans, act also makes approved changes
approve: str = ""  # Approvals separated by commas, an action or action@plan-id"""
TRIAGE = """## Triage

Read only.

### 1. {check} (minute 1)

*Healthy:* the line is `ok`. Go to **Close**.
*Otherwise:* say here what to do next."""
AFTER: tuple[tuple[str, str, str], ...] = (
    ("diagnose", "## Diagnose\n\nWhat explains the findings, with what speaks for and against it.", "run.diagnose()"),
    ("verify", "## Mitigate\n\nNone.\n\n## Verify\n\nAsks again whatever was not `ok`.", "run.verify()"),
    ("escalate", "## Undo\n\nNone.\n\n## Escalate\n\nWho is next, with a draft. Nothing is sent.", "run.escalate()"),
    ("close", "## Close\n\nEnds the run and writes the record.", "run.close()"),
)  # fmt: skip


def main() -> int:
    """Write the notebook; 2 and one line when it cannot be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="kebab-case: file name, title and command-line name in one")
    parser.add_argument("--category", choices=CATEGORIES, default="routine")
    for option in ("check", "owner", "symptom"):
        parser.add_argument(f"--{option}", required=True)
    given = parser.parse_args()
    path = ROOT / "notebooks" / given.category / f"{given.name}.ipynb"
    if not NAME.fullmatch(given.name):
        return refuse(f"{given.name!r} is not kebab-case", "write it like queue-memory")
    if not CHECK.fullmatch(given.check):
        return refuse(f"{given.check!r} is not a check", "write module.function of lib/runbook/checks")
    if found := sorted((ROOT / "notebooks").rglob(f"{given.name}.ipynb")):
        return refuse(f"{found[0].relative_to(ROOT)} is there already", "choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(given), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: run it with  runbook run {given.name}")
    return 0


def notebook(given: argparse.Namespace) -> dict[str, Any]:
    """The notebook's document: one check between the head and the close."""
    module = given.check.partition(".")[0]
    words = {**vars(given), "words": given.name.replace("-", " "), "today": date.today().isoformat()}
    opening = (
        f'run = open_run("{given.name}", incident=incident, environment=environment, mode=mode, approve=approve)\nrun'
    )
    cells = [
        prose("head", HEAD.format(**words)), prose("symptom", SYMPTOM.format(**words)), prose("impact", IMPACT),
        prose("parameters-help", "The defaults read and plan."), code("parameters", PARAMETERS, ["parameters"]),
        prose("open-help", "## Open the run\n\nEvery cell below calls this library."),
        code("imports", f"from runbook import open_run\nfrom runbook.checks import {module}"),
        prose("open-target", "Read the card. If a target does not match, stop here."), code("open", opening),
        prose("first-look-help", TRIAGE.format(**words)), code("first-look", f"run.check({given.check})"),
    ]  # fmt: skip
    for name, text, source in AFTER:
        cells += [prose(f"{name}-help", text), code(name, source, ["close"] if name == "close" else [])]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
            "nbformat": 4, "nbformat_minor": 5}  # fmt: skip


def prose(cell_id: str, text: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": text.splitlines(keepends=True)}


def code(cell_id: str, source: str, tags: list[str] | None = None) -> dict[str, Any]:
    """A code cell without outputs."""
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    return {"cell_type": "code", "execution_count": None, "id": cell_id, "metadata": metadata, "outputs": [],
            "source": source.splitlines(keepends=True)}  # fmt: skip


def refuse(what: str, next_step: str) -> int:
    """One line: what, and the way out."""
    print(f"new_runbook: {what}. Next: {next_step}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
