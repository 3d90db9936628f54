"""Every name that prose uses is a name that exists: commands, targets, notebooks, scenarios, checks, files, exit codes.

Each rule is also given a false sentence, which it must catch.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest
from runbook import catalogue
from runbook.cli.contents import used
from runbook.cli.main import COMMANDS, parser_of
from runbook.errors import RunbookError, SettingError
from runbook.sandbox import scenarios

ROOT = Path(__file__).resolve().parents[2]
PROCEDURES = [one for one in catalogue.find(ROOT) if one.category != "local"]
CALLED = {f"{one.category}/{one.name}" for one in PROCEDURES}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TO_COME = {  # what CONTRIBUTING has its reader make
    *re.findall(r"^```\w+ file=(\S+)$", CONTRIBUTING, re.M),
    *re.findall(r"`(notebooks/\S+\.ipynb)`", CONTRIBUTING),
    "queue-memory", "queue-memory-healthy",
}  # fmt: skip
NOT_IN_GIT = re.compile(r"^(runs|\.venv|notebooks/local)/|^(production\.yaml|report\.html|out\.ipynb|uv\.lock)$")
FROM_THERE = (".", "lib/runbook", "lib/runbook/sql")  # prose about a folder may name what is in it
COMMAND = re.compile(r"(\.venv/bin/|python3? |make |papermill )")


@dataclass(frozen=True)
class Document:
    """Markdown with the place it is read from."""

    name: str
    text: str
    folder: Path
    spans: list[str] = field(default_factory=list)
    fenced: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, text: str) -> Document:
        blocks = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.M | re.S)
        shells = [body.replace("\\\n", " ") for language, body in blocks if language in ("", "sh")]
        lines = [line.split(" #")[0].strip() for body in shells for line in body.splitlines()]
        rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        spans = [" ".join(one.split()) for one in re.findall(r"`([^`]+)`", rest)]
        return cls(name, text, (ROOT / name).parent, spans, [part for line in lines for part in line.split(" && ")])


def _markdown(path: Path) -> str:
    if path.suffix != ".ipynb":
        return path.read_text("utf-8")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


PATHS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *(one.path for one in PROCEDURES)]
DOCUMENTS = [Document.of(str(path.relative_to(ROOT)), _markdown(path)) for path in PATHS]
Rule = Callable[[Document], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


@rule
def commands_parse(document: Document) -> Iterator[str]:
    """Each ``runbook …`` is taken by the command line's own parser, and names a notebook or scenario that is there."""
    for line in (*document.spans, *document.fenced):
        if not (told := re.fullmatch(r"(?:\.venv/bin/)?runbook (.+)", line)):
            continue
        command, *rest = shlex.split(told[1])
        if command not in COMMANDS:
            yield f"no command {command!r}: {line}"
        elif rest or command in ("list", "history", "drill"):
            yield from (f"{line}: {problem}" for problem in _wrong(command, rest))


def _wrong(command: str, words: list[str]) -> Iterator[str]:
    try:
        given = vars(parser_of(command).parse_args(words))
    except (RunbookError, SystemExit) as error:
        yield str(error)
        return
    named = [*(given.get("scenarios") or []), *([given["scenario"]] if "scenario" in given else [])]
    yield from (f"no scenario {one}" for one in named if _is_name(one) and one not in scenarios.names(ROOT))
    if command in ("run", "open", "show") and _is_name(given["name"]):
        try:
            procedure = catalogue.get(ROOT, given["name"])
            catalogue.coerce(procedure, dict(given.get("given", ())), "-p")
        except SettingError as error:
            yield str(error)


def _is_name(word: str) -> bool:
    """A word that stands for itself: not NAME, and nothing that the reader is about to make."""
    return word.islower() and word not in TO_COME


@rule
def make_targets_exist(document: Document) -> Iterator[str]:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for line in (*document.spans, *document.fenced):
        if told := re.fullmatch(r"make ([a-z]+)( .*)?", line):
            yield from [f"no target {told[1]!r}: {line}"] * (told[1] not in targets)


@rule
def files_exist(document: Document) -> Iterator[str]:
    commands = [line for line in document.fenced if COMMAND.match(line)]  # the rest are drawings
    for word in {word for line in (*document.spans, *commands) for word in line.split()}:
        path = word.rstrip(".,;:")
        looks_like_one = re.fullmatch(
            r"[\w.*{}-]+(/[\w.*{}-]*)+|[\w*-]+\.(py|md|ipynb|yaml|yml|toml|lock|html|sql)", path
        )
        if not looks_like_one or path in CALLED or path in TO_COME or NOT_IN_GIT.search(path):
            continue
        folders = (document.folder, *(ROOT / folder for folder in FROM_THERE))
        if not any(any(folder.glob(path.rstrip("/"))) for folder in folders):
            yield f"no file {path!r}"


@rule
def links_lead_somewhere(document: Document) -> Iterator[str]:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.text):
        path, _, anchor = target.partition("#")
        there = document.folder / path if path else ROOT / document.name
        if not there.exists():
            yield f"no file behind {target}"
        elif anchor and anchor not in {_anchor(line) for line in re.findall(r"^#+ (.+)$", _markdown(there), re.M)}:
            yield f"no heading behind {target}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@rule
def what_is_to_come_is_not_there_yet(document: Document) -> Iterator[str]:
    there = {one.name for one in PROCEDURES}
    for name in re.findall(r"([a-z]+(?:-[a-z]+)+)\s\(coming\)", document.text):
        if name in there:
            yield f"{name} is there: link it instead of (coming)"


@rule
def checks_and_actions_are_those_of_the_notebook(document: Document) -> Iterator[str]:
    """``module.function`` in a notebook's prose is a check it asks; ``action@plan-id`` an action it plans."""
    if not document.name.endswith(".ipynb"):
        return
    checks, actions = used(catalogue.load(ROOT / document.name))
    asked, offered = {one.name for one in checks}, {one.name for one in actions}
    for span in document.spans:
        if re.fullmatch(r"[a-z_]+\.[a-z_]+", span) and span not in asked:
            yield f"{span} is not asked here"
        if "@" in span and span.partition("@")[0] not in offered:
            yield f"{span} is not offered here"


@rule
def modules_and_their_names_exist(document: Document) -> Iterator[str]:
    for span in document.spans:
        if told := re.fullmatch(r"(runbook(?:\.[a-z_]+)*)\.([A-Za-z_]+)", span):
            try:
                module = import_module(told[1])
                if not hasattr(module, told[2]):
                    import_module(span)
            except ModuleNotFoundError as error:
                yield f"{span}: {error}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_name_in_it_exists(document: Document) -> None:
    assert [problem for one in RULES for problem in one(document)] == []


FALSE = {
    "a command that is not": "Type `runbook explode latest`.",
    "an option that is not": "```\n.venv/bin/runbook verify latest --hard\n```",
    "a notebook that is not": "`runbook open databse-failure --env production`",
    "a parameter that is not": "`runbook run database-failure -p idle_second 3`",
    "a scenario that is not": "`runbook sandbox break everything`",
    "a scenario that is not drilled": "`runbook drill everything`",
    "a target that is not": "`make tea`",
    "a file that is not": "Read `lib/runbook/checks/tea.py`.",
    "a folder that is not": "It is in `docs/tea/`.",
    "a file without a folder that is not": "Read `TEA.md`.",
    "a link to nowhere": "[tea](docs/tea.md)",
    "a heading that is not": "[tea](CONTRIBUTING.md#tea)",
    "what is there already": "deployment-rollback (coming)",
    "a module that is not": "`runbook.tea`",
}


@pytest.mark.parametrize("text", FALSE.values(), ids=FALSE)
def test_a_false_sentence_is_caught(text: str) -> None:
    assert [problem for one in RULES for problem in one(Document.of("README.md", text))]


@pytest.mark.parametrize("span", ["`database.tea`", "`tea@plan-id`"])
def test_a_notebook_that_names_what_it_does_not_use_is_caught(span: str) -> None:
    document = Document.of("notebooks/respond/database-failure.ipynb", span)
    assert list(checks_and_actions_are_those_of_the_notebook(document))


def test_the_changelog_names_every_command() -> None:
    assert (
        sorted(set(COMMANDS) - set(re.findall(r"`(?:runbook )?(\w+)`", (ROOT / "CHANGELOG.md").read_text("utf-8"))))
        == []
    )


@pytest.mark.parametrize("name", scenarios.names(ROOT))
def test_a_scenario_is_called_as_its_file_is_and_names_a_notebook(name: str) -> None:
    scenario = scenarios.load(name, ROOT)
    assert scenario.name == name
    assert scenario.notebook in {one.name for one in PROCEDURES}


@pytest.mark.parametrize("one", PROCEDURES, ids=lambda one: one.name)
def test_a_notebook_has_one_name_everywhere(one: catalogue.Procedure) -> None:
    assert one.title == one.name == one.path.stem
    assert catalogue.get(ROOT, one.name) == catalogue.get(ROOT, f"{one.category}/{one.name}") == one
