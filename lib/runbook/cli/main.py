"""The command line: finds the command, runs it, and turns every end into one line and an exit code.

A command's module is imported only when that command is called: ``run`` must not wait for what ``drill`` needs.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from runbook.cli.ending import Ended
from runbook.cli.screen import Screen
from runbook.errors import RunbookError, SettingError

# command -> (module below runbook.cli, what it does)
COMMANDS = {
    "list": ("procedures", "the procedures"),
    "show": ("procedures", "parameters, checks, actions with danger and undo, scenarios of one procedure"),
    "run": ("run", "run a procedure headless"),
    "open": ("open", "a dated copy of a procedure in JupyterLab"),
    "approve": ("approve", "approve a plan from another terminal, or as the second person"),
    "resume": ("resume", "go on with a run that was cut off: nothing is changed twice"),
    "undo": ("undo", "take back what a run changed, newest first, each change planned and approved anew"),
    "recover": ("records", "close and seal the record of a run that died"),
    "verify": ("records", "is a record whole? 0 and silent, or 4 and what is broken"),
    "incident": ("incident", "open, severity, note, handover, close, show"),
    "history": ("history", "the runs that were, newest first"),
    "init": ("init", "from tokens to a profile: what a vendor lists is chosen from a list, then the doctor looks"),
    "doctor": ("doctor", "could this environment act tonight? 0 ready, 4 something to fix, 5 could not tell"),
    "drill": ("drill", "break a sandbox of its own on purpose, run the runbook, score"),
    "sandbox": ("sandbox", "up, down, status, break, repair"),
}
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """argparse that answers in one line, like everything else here."""

    def error(self, message: str) -> NoReturn:
        """A wrong option is exit 2 with one line."""
        raise SettingError(message, where=self.prog.removeprefix("runbook "), next_step=f"{self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Never a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    screen = Screen(json="--json" in words)
    try:
        return _command(words, screen)
    except RunbookError as error:
        return _failed(error, screen)
    except KeyboardInterrupt:
        return _failed(_Stopped("interrupted", INTERRUPTED), screen)
    except Ended as end:
        return _failed(_Stopped("ended by a signal", end.exit_code), screen)
    except BrokenPipeError:
        # Whoever read us has gone (`runbook list | head`). Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = str(error.filename) if error.filename else _place(error)
        return _failed(RunbookError(error.strerror or str(error), where=where), screen)
    except Exception as bug:  # a bug of ours, not swallowed: named with its place, exit 1
        what = f"{type(bug).__name__}: {bug}" if str(bug) else type(bug).__name__
        return _failed(RunbookError(what, where=_place(bug), next_step="report this line, it is a bug"), screen)


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of one command; ``--json`` is everywhere."""
    module, about = COMMANDS[command]
    parser = Parser(prog=f"runbook {command}", description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
    door: Any = importlib.import_module(f"runbook.cli.{module}")
    door.arguments(parser, command)
    _add_json(parser)
    return parser


def _command(words: list[str], screen: Screen) -> int:
    if words[:1] == ["--json"]:
        words = [*words[1:], "--json"]
    name = words[0] if words else "--help"
    if name in ("-h", "--help", "help"):
        return _overview(screen)
    if name == "--version":
        from runbook import __version__

        screen.document({"version": __version__})
        screen.line(__version__)
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SettingError(f"no command {name!r}", where="runbook", next_step=f"{hint}There are {', '.join(COMMANDS)}")
    arguments = parser_of(name).parse_args(words[1:])
    run: Any = arguments.call
    code: int = run(arguments, screen)
    return code


def _add_json(parser: argparse.ArgumentParser) -> None:
    """``--json`` for a parser and those below it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for sub in {id(one): one for one in action.choices.values()}.values():
            _add_json(sub)
    if not below:
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else there")


def _overview(screen: Screen) -> int:
    screen.document({"commands": [{"name": name, "about": about} for name, (_, about) in COMMANDS.items()]})
    screen.line("usage: runbook COMMAND ...\n")
    screen.table([(f"  {name}", about) for name, (_, about) in COMMANDS.items()])
    screen.line("\nrunbook COMMAND --help tells more.")
    return 0


class _Stopped(RunbookError):
    def __init__(self, what: str, exit_code: int) -> None:
        super().__init__(what)
        self.exit_code = exit_code


def _failed(error: RunbookError, screen: Screen) -> int:
    screen.error(error)
    return error.exit_code


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


if __name__ == "__main__":
    sys.exit(main())
