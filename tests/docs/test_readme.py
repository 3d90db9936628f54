"""The README's tables and its tree, against what they are about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from runbook import catalogue
from runbook.errors import ExitStatus, Refused, SettingError
from runbook.record.journal import Entry
from runbook.record.summary import FORCED, SIGNALS, conclude

ROOT = Path(__file__).resolve().parents[2]
NO_STATUS = "\N{EN DASH}"  # exit 2 leaves no record, so there is none


def section(heading: str) -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_the_readme_lists_the_procedures_there_are() -> None:
    table = section("The runbooks")
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.M) == [
        one.name for one in catalogue.find(ROOT) if one.category != "local"
    ]


def test_the_readmes_exit_codes_are_those_of_the_record() -> None:
    table = section("Exit codes")
    told: dict[str, set[int]] = {}
    for codes, statuses in re.findall(r"^\| ([\d ·]+) \| ([^|]+) \|", table, re.M):
        groups = codes.split("·") if "·" in codes else [codes] * len(statuses.split(","))
        for numbers, status in zip(groups, re.split("[·,]", statuses), strict=True):
            told.setdefault(status.strip(" `"), set()).update(map(int, numbers.split()))
    real = {status: {code} for status, code in FORCED.items()} | {
        "interrupted": {*SIGNALS},
        "refused": {Refused.exit_code},
    }
    real |= {NO_STATUS: {SettingError.exit_code}}
    for findings in (["ok"], ["critical", "ok"], ["critical"], ["unknown"]):
        status, code = conclude([_found(index, one) for index, one in enumerate(findings)])
        real[status] = {code}
    assert told == real
    assert {*told} - {NO_STATUS} == {*get_args(ExitStatus)}


def _found(index: int, status: str) -> Entry:
    return Entry(index + 1, "", "check.finished", {"check": "a.b", "status": status}, "", "")


def test_the_readmes_tree_is_the_checkouts() -> None:
    tree = section("Layout").split("```")[1]
    assert [name for name in re.findall(r"^(\S+)", tree, re.M) if name != "runs/" and not (ROOT / name).exists()] == []
