"""Every line of the Markdown runbook that asks for something has a row that says what became of it, and the rows are true."""

from __future__ import annotations

import hashlib
import os
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from runbook import actions, checks
from runbook.actions.frame import Action
from runbook.checks.frame import Check
from runbook.cli.main import COMMANDS

CHECKOUT = Path(__file__).resolve().parents[2]
ROWS = re.compile(r"^\| `([0-9a-f]{8})` \| (.+?) \| (.*?) \| (.+?) \|(?: (.+?))? \|$", re.MULTILINE)
VERDICTS = {"kept", "corrected", "dropped", "not yet"}
ITEM = re.compile(r"^\s*(?:[-*] (?:\[ \] )?|\d+\. )(?P<text>.+)$")
STEP = re.compile(r"^# (?:STEP )?\d+[.:] ")  # a step that stands as a comment
GRAMMAR = re.compile(r"^(?:fi|exit \d|echo .*)$")
IN_CODE = re.compile(r"""^\s*(?:\{ url:|"name":|SELECT\b)""")  # a test, an alert, a query


@dataclass(frozen=True)
class Item:
    """One line that needs an answer; ``key`` is the beginning of the digest of its words."""

    section: str
    text: str
    parent: str = ""

    @property
    def key(self) -> str:
        """First 8 hex of sha256 over section and text, with single spaces."""
        return hashlib.sha256(" ".join(f"{self.section} {self.text}".split()).encode()).hexdigest()[:8]


def items(markdown: str) -> Iterator[Item]:
    """Every bullet, step, checklist item, table row and command, in the order they stand."""
    section, parent, code, table, command = "", "", "", 0, ""
    for line in markdown.splitlines():
        text = line.strip()
        if text.startswith("```"):
            code = "" if code else text[3:] or "text"
        elif code == "bash":
            command += text.removesuffix("\\").split("  # ")[0].strip() + " "
            if text.endswith("\\"):
                continue
            said, command = command.strip(), ""
            if STEP.match(said) or (said and not said.startswith("#") and not GRAMMAR.match(said)):
                yield Item(section, said, parent)
        elif code:
            if IN_CODE.match(line):
                yield Item(section, text, parent)
        elif text.startswith("#"):
            section = text.lstrip("# ")
            parent = section if not text.startswith("####") else parent
        elif text.startswith("|"):
            table += 1
            if table > 2:  # behind the head and its rule
                yield Item(section, text, parent)
        elif found := ITEM.match(line):
            yield Item(section, found["text"], parent)
        if not text.startswith("|"):
            table = 0


def rows() -> list[tuple[str, ...]]:
    """Key, what is there, the verdict, what is here, why."""
    text = (CHECKOUT / "docs/from-the-markdown-runbook.md").read_text("utf-8")
    found = ROWS.findall(text)
    assert len(found) == text.count("\n| `"), "a row that is not written as the others"
    return found


def names() -> set[str]:
    """Whatever the documents may call ours: procedures, commands, checks, actions."""
    known = {path.stem for path in CHECKOUT.glob("notebooks/*/*.ipynb")} | set(COMMANDS)
    for package, kind in ((checks, Check), (actions, Action)):
        for module in pkgutil.iter_modules(package.__path__):
            held = vars(import_module(f"{package.__name__}.{module.name}")).values()
            known |= {one.name for one in held if isinstance(one, kind)}
    return known


@pytest.mark.documents
def test_every_line_has_a_row_and_every_row_a_line() -> None:
    given = os.environ.get("RUNBOOK_V1")
    if not given:
        pytest.skip("RUNBOOK_V1 does not name the Markdown runbook")
    there = {item.key: item.text for item in items(Path(given).read_text("utf-8"))}
    assert len(there) > 150
    keys = [row[0] for row in rows()]
    assert {key: text for key, text in there.items() if key not in keys} == {}, "lines without a row"
    assert [key for key in keys if key not in there] == [], "rows without a line"
    assert len(keys) == len(set(keys))


def test_every_row_has_a_verdict_and_what_is_dropped_or_wrong_says_why() -> None:
    for key, label, verdict, here, why in rows():
        assert verdict in VERDICTS, key
        assert label and here, key
        assert why or verdict != "dropped" or here == "the same", (key, label)


def test_what_is_named_as_ours_is_there_and_what_is_there_is_not_called_not_yet() -> None:
    known = names()
    for key, label, verdict, here, _ in rows():
        for name in re.findall(r"`([^`]+)`", here):
            is_there = (CHECKOUT / name).exists() if "/" in name else name.split()[0] in known
            assert is_there, (key, label, name)
        to_come = re.findall(r"\b(?:respond|validate|routine|learn)/[a-z-]+", here)
        is_come = bool(to_come) and all((CHECKOUT / f"notebooks/{name}.ipynb").exists() for name in to_come)
        assert not (verdict == "not yet" and is_come), (key, label, "it has come: say what it does")
